"""What waits for a person and what happened since they looked, over the real program."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from house import House

CONFIG = """\
[workspace]
detect = false

[jobs.pay]
command = ["python3", "slow.py"]
agent = "infra"

[jobs.check]
command = ["python3", "-c", "import pathlib, sys; sys.exit(pathlib.Path('broken').exists())"]
agent = "quality"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The real program."""
    made = House(tmp_path_factory.mktemp("inbox"), CONFIG)
    yield made
    made.close()


def waits(home: House, kind: str) -> Any:
    return next((row for row in home.get("/inbox") if row["kind"] == kind), None)


def lost(home: House) -> str:
    """A task that may not run twice, whose process and engine died."""
    run = home.run("pay")
    home.until(lambda: home.task(run, "pay")["state"] == "running")
    task = str(home.task(run, "pay")["id"])
    home.until(lambda: "step" in home.api.get(f"/tasks/{task}/log").text)
    pid = home.get(f"/tasks/{task}")["attempts"][-1]["pid"]
    home.process.kill()
    home.process.wait(10)
    os.kill(pid, signal.SIGKILL)
    home.api.close()
    home.log.close()
    home.start()
    home.until(lambda: waits(home, "decision"))
    return task


def test_of_two_who_decide_at_once_one_wins_and_the_other_is_told(home: House) -> None:
    task = lost(home)
    row = waits(home, "decision")
    assert (row["task"], row["choices"]) == (task, ["retry", "give up"])
    found = home.get(f"/inbox/{row['id']}")["evidence"]
    assert {"attempt", "run"} <= {fact["name"] for fact in found["facts"]}
    assert "step" in found["log"]["text"]
    act = row["acts"][1]["post"]
    with ThreadPoolExecutor(2) as people:
        answers = list(people.map(lambda _: home.api.post(act["path"], json=act["body"]), range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (told,) = [answer.json()["detail"] for answer in answers if answer.status_code == 409]
    assert "was faster: 'give up' counts" in told
    assert waits(home, "decision") is None
    assert home.api.get(f"/inbox/{row['id']}").status_code == 404
    assert home.get(f"/tasks/{task}")["task"]["state"] == "failed"


def test_the_catch_up_says_what_broke_and_what_passes_again(home: House) -> None:
    home.ended(home.run("check"))
    until = home.get("/catchup")["until"]
    person = home.post("/catchup/seen", {"until": until})
    assert person["looked"] == until
    assert home.get("/catchup")["groups"] == []
    (home.workspace / "broken").touch()
    first = home.run("check")
    home.ended(first)
    news = home.get("/catchup")
    (broke,) = [group for group in news["groups"] if group["kind"] == "broke"]
    assert [(row["title"], row["href"]) for row in broke["rows"]] == [("check", f"/tasks/{first}.0")]
    assert (news["counts"]["broke"], news["counts"]["run failed"]) == (1, 1)
    assert "1 broke" in news["words"]
    assert home.post("/catchup/seen", {"until": until - 100})["looked"] == until, "the mark went back"
    home.post("/catchup/seen", {})
    (home.workspace / "broken").unlink()
    home.ended(home.run("check"))
    done = home.call("catchup", "--json")
    assert done.returncode == 0, done.stderr
    assert '"cured"' in done.stdout
    assert "1 passes again" in home.call("catchup", "--since", "1h", "--seen").stdout or "check" in done.stdout
    assert home.call("catchup", "--since", "tomorrow").returncode == 2
    assert home.get("/catchup")["counts"] == {}


def test_a_paused_agent_with_work_reminds_and_a_changed_configuration_asks_for_trust(home: House) -> None:
    home.post("/agents/quality/pause", {"reason": "holidays"})
    run = home.run("check")
    row = home.until(lambda: waits(home, "paused agent"))
    assert "holidays" in row["text"]
    act = row["acts"][0]["post"]
    home.post(act["path"], act["body"])
    home.ended(run)
    assert waits(home, "paused agent") is None
    path = Path(home.workspace / "callboard.toml")
    path.write_text(path.read_text("utf-8") + "# changed\n", "utf-8")
    row = waits(home, "workspace")
    assert home.api.post("/runs", json={}).status_code == 409
    act = row["acts"][0]["post"]
    assert home.api.post(act["path"], json={"digest": "0" * 64}).status_code == 409
    home.post(act["path"], act["body"])
    assert waits(home, "workspace") is None
    home.ended(home.run("check"))


def test_the_catch_up_tells_of_agents_that_were_drained_stopped_and_restarted(home: House) -> None:
    home.post("/agents/quality/drain", {"reason": "updates"})
    home.post("/agents/quality/restart", {"reason": "new tools"})
    told = {
        row["title"] for group in home.get("/catchup")["groups"] if group["kind"] == "agent" for row in group["rows"]
    }
    assert any("drain" in words and "updates" in words for words in told)
    assert any("restarted agent quality" in words for words in told)
