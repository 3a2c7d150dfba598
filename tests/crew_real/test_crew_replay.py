"""What real crews said to CrewAI's bus, said again to the real observer and told to the real server."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callboard.cli import run as main
from callboard.commands.crew import OBSERVER, observer_text
from callboard.core.commands import TellCrew, grant
from callboard.core.fold import fold
from callboard.core.state import State
from callboard.desk.crew_rows import crew_row
from callboard.link.observer.folder import ObserverFolder
from house import House

HERE = Path(__file__).parent
SECRET = "the-secret-of-the-prompt"
ROLES = (
    "Manager", "Onboarding", "Discovery", "Research", "Content Curator", "Editor", "Media", "PDF Builder", "Platform Setup",
)  # fmt: skip


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a crew's program, with the observer in it."""
    folder = tmp_path_factory.mktemp("program")
    (folder / OBSERVER).write_text(observer_text())
    return folder


def replay(program: Path, where: str, *streams: str, **more: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(program), str(HERE / "stand_in")))
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": path,
        **({"CALLBOARD_CREW": where} if where else {}),
        **more,
    }
    return subprocess.run(
        [sys.executable, str(HERE / "replay.py"), *streams],
        env=environment, cwd=program, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip


def known(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The crew's row after these batches."""
    state = State()
    for number, batch in enumerate(lines):
        command = TellCrew("journal", "observer", tuple(batch["facts"]), batch["observer"], 10_000 * (number + 1))
        for event in grant(state, command, batch["sent"] + 1.0):
            fold(state, event)
    return crew_row(state.crews["journal"], lines[-1]["sent"] + 1.0, {}, None, {})


def kept(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()]


def test_each_shape_of_work_is_understood_and_no_text_of_a_prompt_leaves(program: Path, tmp_path: Path) -> None:
    shapes = ("sequential", "failed", "hierarchical", "sent back", "two at once", "flow")
    done = replay(program, str(tmp_path / "seen"), *shapes)
    assert done.stderr == ""
    raw = (HERE / "streams.json").read_text()
    assert SECRET in raw
    lines = kept(tmp_path / "seen")
    assert SECRET not in json.dumps(lines)
    row = known(lines)
    flows = {(flow["id"][0], flow["process"]): flow for flow in row["workflows"]}
    told = {
        (key[0], flow["process"]): (flow["state"], flow["done"], flow["total"], flow["error"])
        for key, flow in flows.items()
    }
    assert told == {
        ("0", "sequential"): ("succeeded", 9, 9, ""),
        ("1", "sequential"): ("failed", 3, 9, "ConnectionError"),
        ("2", "hierarchical"): ("succeeded", 3, 3, ""),
        ("3", "sequential"): ("succeeded", 3, 3, ""),
        ("4", "sequential"): ("succeeded", 3, 3, ""),
        ("5", "flow"): ("succeeded", 3, None, ""),
        ("5", "sequential"): ("succeeded", 2, 2, ""),
    }
    assert len(row["workflows"]) == 8, "two kickoffs at once are two workflows"
    assert flows["5", "sequential"]["parent"] == flows["5", "flow"]["id"]
    assert [task["role"] for task in flows["0", "sequential"]["tasks"]] == list(ROLES)
    assert all(task["seconds"] > 0 and task["input"] > 0 for task in flows["0", "sequential"]["tasks"])
    broken = [task for task in flows["1", "sequential"]["tasks"] if task["state"] == "failed"]
    assert [(task["name"], task["role"], task["error"]) for task in broken] == [
        ("research", "Research", "ConnectionError")
    ]
    assert [task["retries"] for task in flows["3", "sequential"]["tasks"]] == [0, 1, 0]
    assert {agent["role"] for agent in row["agents"]} >= set(ROLES)
    assert row["in_flight"] == 0


def test_with_text_wished_for_errors_say_what_they_say(program: Path, tmp_path: Path) -> None:
    replay(program, str(tmp_path / "seen"), "failed", CALLBOARD_CREW_TEXT="1")
    row = known(kept(tmp_path / "seen"))
    assert "the model is away" in row["troubles"][0]["words"]


def test_without_the_variable_it_does_nothing(program: Path, tmp_path: Path) -> None:
    done = replay(program, "", "sequential", HOME=str(tmp_path))
    assert "'watching': False" in done.stdout
    code = "import callboard_crew_observer as o, sys; o.watch(); assert 'crewai' not in sys.modules; print(o.state()['watching'])"
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(program)}
    for where in ("", "http://127.0.0.1:9"):  # and where there is no crewai at all
        environment = {**bare, "CALLBOARD_CREW": where}
        said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert (said.stdout, said.stderr) == ("False\n", "")


class Taker(http.server.BaseHTTPRequestHandler):
    """Callboard as it might be on a bad day: says what it is told to, and keeps what came."""

    answers: list[int]
    bodies: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).bodies.append(body)
        status = self.answers.pop(0) if self.answers else 202
        if status < 0:
            self.connection.close()
            return
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"<html>" * 1_000)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def taker() -> Iterator[tuple[str, type[Taker]]]:
    kind = type("Today", (Taker,), {"answers": [], "bodies": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", kind
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_bad_day_of_callboard_is_no_bad_day_of_the_crew(program: Path, taker: tuple[str, type[Taker]]) -> None:
    address, kind = taker
    kind.answers = [500, -1, 302]
    done = replay(program, address, "sequential", CALLBOARD_CREW_TOKEN="crew_x", REPLAY_WAIT_S="0")
    assert done.stderr == ""
    assert SECRET.encode() not in b"".join(kind.bodies)
    first = json.loads(kind.bodies[0])
    again = [json.loads(body) for body in kind.bodies[1:]]
    assert all(batch["observer"] == first["observer"] for batch in again)
    refused = replay(program, "http://127.0.0.1:9", "sequential", "failed", REPLAY_WAIT_S="0")
    assert refused.stderr == ""
    assert "'sent': 0" in refused.stdout


def test_the_folder_is_followed_once_and_strange_files_are_left_alone(program: Path, tmp_path: Path) -> None:
    folder = tmp_path / "seen"
    replay(program, str(folder), "sequential")
    told: list[tuple[Any, ...]] = []
    follower = ObserverFolder(folder, tmp_path / "marks.json", lambda *batch: told.append(batch))
    assert follower.look() == len(told) > 0
    assert follower.look() == 0
    file = next(folder.glob("*.jsonl"))
    batch = json.loads(file.read_text().splitlines()[0])
    whole = json.dumps({**batch, "facts": [{"what": "seen", "workflow": "w", "n": 999}]})
    for junk in (
        "\\xff\\x00",
        "[]",
        '{"version": 1}',
        "[" * 100_000,
        json.dumps({**batch, "observer": "../.."}),
        "x" * 300_000,
    ):
        with file.open("ab") as out:
            out.write(junk.encode() + b"\n")
    with file.open("ab") as out:
        out.write(whole.encode() + b"\n" + whole[:20].encode())
    os.mkfifo(folder / "a-1.jsonl")
    (folder / "b-1.jsonl").symlink_to("/etc/passwd")
    (folder / "c-1.jsonl").mkdir()
    for _ in range(4):
        follower.look()
    assert told[-1][4] == 999
    file.rename(f"{file}.1")
    file.write_text(whole + "\n")
    count = len(told)
    assert ObserverFolder(folder, tmp_path / "marks.json", lambda *batch: told.append(batch)).look() == 1
    assert len(told) == count + 1


def test_the_real_server_shows_it_and_gives_it_back_after_a_restart(program: Path, tmp_path: Path) -> None:
    house = House(tmp_path)
    try:
        token = json.loads(house.call("crew", "token", "--new", "--json").stdout)["token"]
        replay(program, house.base, "sequential", "failed", CALLBOARD_CREW_TOKEN=token)
        replay(program, str(house.data / "crew"), "hierarchical")
        house.until(lambda: len(house.get("/crew")["crews"][0]["workflows"]) == 3)
        (row,) = house.get("/crew")["crews"]
        assert row["in_flight"] == 0
        assert [agent["done"] for agent in row["agents"]][:5] == [5, 2, 2, 1, 1]
        assert sum(agent["failed"] for agent in row["agents"]) == 1
        assert row["tokens"]["known"]
        (alert,) = [alert for alert in house.get("/alerts") if alert["kind"] == "crew-failed"]
        assert "research (Research)" in alert["title"]
        said = house.call("crew")
        assert "Research" in said.stdout
        assert "ConnectionError" in said.stdout
        assert house.call("crew", "nobody").returncode == 2
        house.process.terminate()
        house.process.wait(20)
        house.api.close()
        house.log.close()
        house.start()
        again = house.get("/crew")["crews"][0]
        assert (again["workflows"], again["agents"], again["tokens"]) == (
            row["workflows"],
            row["agents"],
            row["tokens"],
        )
        replay(program, house.base, "sequential", CALLBOARD_CREW_TOKEN=token)
        assert house.until(lambda: len(house.get("/crew")["crews"][0]["workflows"]) == 3)
    finally:
        house.close()


def test_the_observer_is_handed_out_and_never_put_over_another_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    words = [
        "crew",
        "observer",
        "--write",
        str(tmp_path),
        "--data",
        str(tmp_path / "data"),
        "--workspace",
        str(tmp_path),
    ]
    assert main(words) == 0
    assert 'callboard_crew_observer.watch("journal")' in capsys.readouterr().out
    assert (tmp_path / OBSERVER).read_text() == observer_text()
    assert main(words) == 0
    (tmp_path / OBSERVER).write_text("mine")
    assert main(words) == 2
    assert (tmp_path / OBSERVER).read_text() == "mine"
    assert main([*words, "--force"]) == 0
    (tmp_path / OBSERVER).unlink()
    (tmp_path / OBSERVER).symlink_to(tmp_path / "elsewhere")
    assert main([*words, "--force"]) == 2
    assert not (tmp_path / "elsewhere").exists()
