"""Cases are brought forward by ordinary runs in a real repository: a fix is proposed, tried, accepted, verified, taken back."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from callboard.core.case_batch import Opening
from callboard.core.case_commands import TellCases
from callboard.core.case_facts import CaseState, Cause, Symptom, family_of
from callboard.core.case_life import Parting
from callboard.core.cases import Case
from callboard.desk import Desk
from callboard.guard.trust import Trust
from callboard.settings import settings_from
from callboard.wiring import House

LONGEST_S = 90.0
CONFIG = """[workspace]
detect = false
[jobs."quality.lint"]
action = "quality.lint"
[jobs.guard]
command = ["grep", "-q", "import os", "pkg/a.py"]
idempotent = true
"""


class Shop:
    """A repository with an import that nobody needs, and the program over it."""

    def __init__(self, folder: Path, config: str = CONFIG) -> None:
        self.workspace, self.data = folder / "shop", folder / "data"
        (self.workspace / "pkg").mkdir(parents=True)
        self.code = self.workspace / "pkg" / "a.py"
        self.code.write_text("import os\n\n\ndef f(x):\n    return x\n")
        (self.workspace / "ruff.toml").write_text("line-length = 100\n")
        (self.workspace / "callboard.toml").write_text(config)
        for words in ("init -q -b main", "add -A", "-c user.name=t -c user.email=t@example.org commit -qm first"):
            subprocess.run(["git", "-C", str(self.workspace), *words.split()], check=True)
        Trust(self.data).grant(self.workspace, "ann")

    @contextmanager
    def house(self) -> Iterator[tuple[House, Desk]]:
        settings = settings_from({"data": self.data, "workspace": self.workspace}, {}, self.workspace)
        with House(settings, schedules=True) as house:
            yield house, house.desk


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


def told(house: House, desk: Desk, run: int, severity: str = "high") -> None:
    """What a keeper tells of the finding of a run, unless one told it already."""
    row = next(row for row in desk.run_findings(run) if row["rule"] == "F401")
    seen = Symptom(
        "quality.lint", row["fingerprint"], "finding", "F401", severity, "os is imported and not used", row["path"], row["line"],
        row["message"], family_of("F401", "ruff", row["message"]), (("ruff", "1"),), "quality", run, row["task"], 1, code="c1",
    )  # fmt: skip
    if house.engine.inspect(lambda state: state.cases.of(str(desk.workspace), seen.key)) is None:
        upto = house.engine.inspect(lambda state: state.cases.looked.get(str(desk.workspace), 0)) + 1
        opening = Opening("os is imported and not used", severity, Cause("single"), (seen,))
        house.engine.ask_from(TellCases(str(desk.workspace), upto, (opening,)))


def gone(house: House, case: Case, run: int) -> None:
    upto = house.engine.inspect(lambda state: state.cases.looked.get(case.workspace, 0)) + 1
    parting = Parting(case.id, tuple(case.symptoms), "quality.lint did not see it", fixed=True, in_run=run)
    house.engine.ask_from(TellCases(case.workspace, upto, gone=(parting,)))


def accepted(house: House, desk: Desk) -> int:
    """The case, once its fix is offered and a person took it; gives the patch."""
    until(lambda: desk.case_of(1).state is CaseState.FIX_PROPOSED, "a fix is offered")
    case = desk.case_of(1)
    patch = int(case.known["fix-proposed"].facts["patch"])
    assert case.known["verified"].facts["ok"] is True, case.known["verified"]
    assert case.known["verified"].facts["where"] == "copy"
    assert not (desk.data / "cases" / "copies" / "C1").exists()
    desk.accept_patch(patch, "ann")
    return patch


def test_a_fix_is_made_tried_in_a_copy_accepted_and_verified(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with shop.house() as (house, desk):
        over(desk, desk.submit(by="ann"))
        told(house, desk, 1)
        before = shop.code.read_text()
        until(lambda: desk.case_of(1).state is CaseState.FIX_PROPOSED, "a fix is offered")
        assert shop.code.read_text() == before  # nothing is changed before a person says so
        patch = accepted(house, desk)
        assert "import os" not in shop.code.read_text()
        until(lambda: desk.case_of(1).known["verified"].facts.get("where") == "workspace", "it is verified")
        case = desk.case_of(1)
        note = case.known["verified"]
        assert (note.facts["ok"], case.known["fix-tried"].facts["patch"]) == (True, patch)
        if case.is_open:
            gone(house, case, note.run)
        until(lambda: desk.case_of(1).state is CaseState.CLOSED, "it is closed")
        assert desk.case_of(1).resolution["kind"] == "patch"
        steps = [one.step for one in desk.case_work.case_runs()[1]]
        assert steps == ["fix", "try", "verify"]


def test_a_fix_that_makes_things_worse_is_taken_back_and_the_case_says_so(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with shop.house() as (house, desk):
        over(desk, desk.submit(by="ann"))
        told(house, desk, 1)
        patch = accepted(house, desk)
        until(lambda: desk.case_of(1).known["verified"].facts.get("where") == "workspace", "it is verified")
        over(desk, desk.submit(by="bob"))  # now also the guard looks, which the fix broke
        until(lambda: "taken-back" in desk.case_of(1).known, "it is taken back")
        case = until(lambda: (c := desk.case_of(1)).is_open and c, "it is open again")
        note = case.known["taken-back"]
        assert "guard" in str(note.facts["worse"])
        assert "import os" in shop.code.read_text()
        row = desk.patch(patch)
        assert (row["state"], row["decided"]["by"]) == ("undone", "Callboard")
        assert case.known["fix-tried"].facts["ok"] is False


def test_with_take_back_off_a_person_is_asked(tmp_path: Path) -> None:
    shop = Shop(tmp_path, CONFIG + "[cases]\ntake_back = false\n")
    with shop.house() as (house, desk):
        over(desk, desk.submit(by="ann"))
        told(house, desk, 1)
        accepted(house, desk)
        until(lambda: desk.case_of(1).known["verified"].facts.get("where") == "workspace", "it is verified")
        over(desk, desk.submit(by="bob"))
        case = until(lambda: (c := desk.case_of(1)).asks and c, "a person is asked")
        assert "take_back is false" in case.asks
        assert "import os" not in shop.code.read_text()


def test_nothing_starts_by_itself_when_it_is_switched_off_and_a_person_may_ask(tmp_path: Path) -> None:
    shop = Shop(tmp_path, CONFIG + "[cases]\nautomatic = false\n")
    with shop.house() as (house, desk):
        over(desk, desk.submit(by="ann"))
        told(house, desk, 1)
        with pytest.raises(Exception, match="cannot be run again"):
            desk.investigate_case(1, "reproduce", "ann")
        answer = desk.investigate_case(1, "fix", "ann")
        assert (answer["step"], desk.case_work.case_runs()[1][0].run) == ("fix", answer["run"])
        over(desk, answer["run"])
        until(lambda: "fix-proposed" in desk.case_of(1).known, "the patch is written down")
        time.sleep(1.0)
        assert [one.step for one in desk.case_work.case_runs()[1]] == ["fix"]
