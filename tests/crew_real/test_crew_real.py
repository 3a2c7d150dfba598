"""The real CrewAI with a local model: the same outputs with and without the observer, whatever Callboard does meanwhile.

Nine agents, nine tasks. Long: `pytest -m long tests/crew_real`; needs an environment with CrewAI, see `crewai_environment`.
"""

import contextlib
import http.server
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callboard.commands.crew import OBSERVER, observer_text
from crew_real.crewai_environment import crewai_python
from house import House

pytestmark = pytest.mark.long
HERE = Path(__file__).parent
SECRET = "the-secret-of-the-prompt"
SHAPES: dict[str, dict[str, Any]] = {
    "sequential": {},
    "hierarchical": {"process": "hierarchical"},
    "fails at the first task": {"fail": "plan"},
    "fails at the fourth task": {"fail": "research"},
    "fails at the last task": {"fail": "publish"},
    "sent back by a guardrail": {"refuse": "edit"},
    "two kickoffs at once": {"how": "async", "subjects": ["tides", "winds"]},
    "two kickoffs at once, natively": {"how": "native_async", "subjects": ["tides", "winds"]},
    "for each of three": {"how": "for_each", "subjects": ["tides", "winds", "stars"], "shorter": 4},
    "the same crew again": {"how": "same_crew", "subjects": ["tides", "winds"], "shorter": 4},
    "a flow": {"how": "flow", "shorter": 4},
}


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return crewai_python()
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    (folder / OBSERVER).write_text(observer_text())
    return folder


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def token(house: House) -> str:
    return str(json.loads(house.call("crew", "token", "--new", "--json").stdout)["token"])


def begin(
    python: Path, program: Path, wish: dict[str, Any], where: str = "", script: str = "journal.py", **more: str
) -> subprocess.Popen[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(program),
        "PYTHONPATH": str(program),
        "CALLBOARD_CREW": where,
        **more,
    }
    return subprocess.Popen([str(python), str(HERE / script), json.dumps(wish)], env=environment, cwd=program, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err[-2_000:]
    assert "callboard" not in err
    line = next(line for line in out.splitlines() if line.startswith("RESULT "))
    found: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    return found


def told(found: dict[str, Any]) -> str:
    return json.dumps([found["outputs"], found["error"]], sort_keys=True)


@pytest.mark.parametrize("name", SHAPES)
def test_outputs_are_the_same_and_the_server_saw_it(
    python: Path, program: Path, house: House, token: str, name: str
) -> None:
    wish = SHAPES[name]
    crew = name.replace(" ", "-").replace(",", "")
    plain = told(result(begin(python, program, wish)))
    seen = told(result(begin(python, program, wish, house.base, CALLBOARD_CREW_TOKEN=token)))
    assert seen == plain
    rows = [row for row in house.get("/crew")["crews"] if row["name"] == "journal"]
    assert rows, crew
    newest = rows[0]["workflows"][0]
    assert newest["state"] == ("failed" if "fail" in wish else "succeeded")
    assert rows[0]["in_flight"] == 0
    if not wish:
        assert [task["role"] for task in newest["tasks"]] == [agent["role"] for agent in rows[0]["agents"]][:9]
        assert (newest["done"], newest["total"], newest["percent"]) == (9, 9, 100.0)
    if "fail" in wish:
        broken = [task for task in newest["tasks"] if task["state"] == "failed"]
        assert [(task["name"], task["error"]) for task in broken] == [(wish["fail"], "ConnectionError")]
    if "refuse" in wish:
        assert [task["retries"] for task in newest["tasks"] if task["name"] == wish["refuse"]] == [1]
    assert SECRET not in json.dumps(house.get("/crew"))
    assert SECRET.encode() not in b"".join(path.read_bytes() for path in house.data.glob("callboard.db*"))


class Slow(http.server.BaseHTTPRequestHandler):
    """Answers after ten seconds, or with what is no answer."""

    wait = 10.0

    def do_POST(self) -> None:
        time.sleep(self.wait)
        with contextlib.suppress(OSError):
            self.wfile.write(b"\x00\xff" * 5_000)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.mark.parametrize("wait", [10.0, 0.0], ids=["slow", "garbage"])
def test_a_callboard_that_does_not_answer_as_it_should(python: Path, program: Path, wait: float) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Today", (Slow,), {"wait": wait}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    plain = result(begin(python, program, {}))
    seen = result(begin(python, program, {}, f"http://127.0.0.1:{server.server_address[1]}"))
    down = result(begin(python, program, {}, "http://127.0.0.1:9"))
    server.shutdown()
    server.server_close()
    assert told(seen) == told(plain) == told(down)
    print(f"seconds without {plain['seconds']:.3f}, {wait} {seen['seconds']:.3f}, down {down['seconds']:.3f}")


def test_a_callboard_that_is_killed_and_comes_back_hears_of_the_rest_once(
    python: Path, program: Path, tmp_path: Path
) -> None:
    wish = {"pause": 0.5, "rounds": 3}
    plain = told(result(begin(python, program, wish)))
    house = House(tmp_path, "[workspace]\ndetect = false\n", None, "--port", "6957")
    try:
        token = json.loads(house.call("crew", "token", "--new", "--json").stdout)["token"]
        crew = begin(python, program, wish, house.base, CALLBOARD_CREW_TOKEN=token)
        house.until(lambda: house.get("/crew")["crews"])
        house.process.send_signal(signal.SIGKILL)
        house.process.wait(10)
        house.api.close()
        house.log.close()
        house.start()
        assert told(result(crew)) == plain
        (row,) = house.get("/crew")["crews"]
        assert [(w["state"], w["done"], w["total"]) for w in row["workflows"]] == [("succeeded", 9, 9)] * 3
        assert [agent["done"] for agent in row["agents"]] == [3] * 9
    finally:
        house.close()


def test_what_it_costs(python: Path, program: Path, house: House, token: str) -> None:
    """Thirty pairs; what is asserted is that the outputs are the same, what is printed is the cost."""
    found = result(
        begin(python, program, {"runs": 30, "pause": 0.1}, house.base, "overhead.py", CALLBOARD_CREW_TOKEN=token)
    )
    assert found["same"]
    assert found["state"]["dropped"] == 0
    print(json.dumps({name: found[name] for name in ("runs", "facts_a_run", "seconds", "cpu")}, indent=1))
