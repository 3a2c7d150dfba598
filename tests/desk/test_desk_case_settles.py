"""A case whose investigation is over never says that it still runs: broken, cancelled, rejected; with real runs."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from callboard.core.case_facts import CaseState
from callboard.desk import Desk
from callboard.guard.trust import Trust
from callboard.settings import settings_from
from callboard.wiring import House

LONGEST_S = 90.0
CONFIG = """[workspace]
detect = false
[cases]
automatic = false
[jobs.broken]
command = ["false"]
idempotent = true
[jobs.mended]
command = ["grep", "-q", "good", "state"]
idempotent = true
[jobs.slow]
command = ["sh", "-c", "test ! -e ran || sleep 60; touch ran; exit 1"]
idempotent = true
"""


def until(what: Callable[[], Any], words: str) -> Any:
    end = time.monotonic() + LONGEST_S
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"it was never so: {words}")


def over(desk: Desk, run: int) -> dict[str, Any]:
    return until(lambda: (page := desk.run(run)) and page["run"]["ended"] and page, f"run {run} is over")


def row_of(desk: Desk, check: str) -> dict[str, Any]:
    return until(lambda: next((r for r in desk.cases()["cases"] if check in r["checks"]), None), f"{check} has a case")


def test_what_was_run_again_leaves_reproducing_whatever_came_of_it(tmp_path: Path) -> None:
    workspace, data = tmp_path / "shop", tmp_path / "data"
    workspace.mkdir()
    (workspace / "callboard.toml").write_text(CONFIG)
    (workspace / "state").write_text("bad\n")
    (workspace / ".gitignore").write_text("ran\n")
    for words in ("init -q -b main", "add -A", "-c user.name=t -c user.email=t@example.org commit -qm first"):
        subprocess.run(["git", "-C", str(workspace), *words.split()], check=True)
    Trust(data).grant(workspace, "ann")
    settings = settings_from({"data": data, "workspace": workspace}, {}, workspace)
    with House(settings, schedules=True) as house:
        desk = house.desk
        over(desk, desk.submit(by="ann"))
        broken, slow = row_of(desk, "broken")["id"], row_of(desk, "slow")["id"]
        assert broken != slow

        run = desk.investigate_case(broken, "reproduce", "ann")["run"]
        assert row_of(desk, "broken")["state"] == "reproducing"
        assert f"(run {run})" in row_of(desk, "broken")["next"]
        over(desk, run)
        row = until(lambda: (r := row_of(desk, "broken"))["state"] != "reproducing" and r, "it was told")
        assert row["state"] == "triaged"
        assert "is broken: failed 14 of 14 runs" in row["words"]
        assert "nobody knows a commit at which broken passed: look for one with Bisect" in row["words"]
        assert (
            row["next"]
            == f"somebody mends it, or looks for the commit that broke it (callboard case investigate {broken} bisect)"
        )

        run = desk.investigate_case(slow, "reproduce", "ann")["run"]
        until(lambda: desk.run(run)["tasks"][0]["state"] == "running", "it runs")
        desk.cancel_run(run, "too slow", "bob")
        row = until(lambda: (r := row_of(desk, "slow"))["state"] != "reproducing" and r, "it was told")
        assert (row["state"], desk.case_of(slow).state) == ("triaged", CaseState.TRIAGED)
        assert "nothing is known yet" in row["next"]
        assert f"run {run} told nothing" in row["words"]
        assert (
            desk.case_able(desk.case_of(slow), desk.case_work.case_runs()[slow], "", None, all_fixes=True).done
            == frozenset()
        )

        (workspace / "state").write_text("good\n")  # a person mends it, before it is run again
        mended = row_of(desk, "mended")["id"]
        over(desk, desk.investigate_case(mended, "reproduce", "ann")["run"])
        row = until(lambda: (r := row_of(desk, "mended"))["state"] != "reproducing" and r, "it was told")
        assert (row["state"], row["flaky"]) == ("cannot-reproduce", None), "it passes on other files: that is not flaky"
        assert "does not fail any more" in row["words"]
        assert row["next"].startswith("it closes by itself once its checks look at other code")
