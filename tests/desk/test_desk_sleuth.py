"""Cases are brought forward by ordinary runs in a real repository: a fix is proposed, tried, accepted, verified, taken back."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from callboard.core.case_facts import CaseState
from callboard.desk import Desk
from callboard.errors import Refused
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
    def house(self) -> Iterator[Desk]:
        settings = settings_from({"data": self.data, "workspace": self.workspace}, {}, self.workspace)
        with House(settings, schedules=True) as house:
            yield house.desk


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


def opened(desk: Desk) -> int:
    """The case of the import that nobody needs, once the keeper has opened it."""
    found = until(
        lambda: [row for row in desk.cases()["cases"] if "quality.lint" in row["checks"] and row["path"] == "pkg/a.py"],
        "a case is opened",
    )
    return int(found[0]["id"])


def accepted(desk: Desk, number: int) -> int:
    """The case, once its fix is offered and a person took it; gives the patch."""
    until(lambda: desk.case_of(number).state is CaseState.FIX_PROPOSED, "a fix is offered")
    case = desk.case_of(number)
    patch = int(case.known["fix-proposed"].facts["patch"])
    assert case.known["verified"].facts["ok"] is True, case.known["verified"]
    assert case.known["verified"].facts["where"] == "copy"
    assert not (desk.data / "cases" / "copies" / f"C{number}").exists()
    desk.accept_patch(patch, "ann")
    return patch


def test_a_fix_is_proposed_tried_accepted_verified_and_taken_back_when_it_makes_things_worse(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with shop.house() as desk:
        over(desk, desk.submit(by="ann"))
        number, before = opened(desk), shop.code.read_text()
        assert desk.investigate_case(number, "auto", "ann")["step"] == "fix"
        until(lambda: desk.case_of(number).state is CaseState.FIX_PROPOSED, "a fix is offered")
        assert shop.code.read_text() == before  # nothing is changed before a person says so
        patch = accepted(desk, number)
        assert "import os" not in shop.code.read_text()
        until(lambda: desk.case_of(number).known["verified"].facts.get("where") == "workspace", "it is verified")
        case = until(lambda: not (c := desk.case_of(number)).is_open and c, "it is closed")
        assert (case.known["verified"].facts["ok"], case.known["fix-tried"].facts["patch"]) == (True, patch)
        assert (case.resolution["kind"], case.resolution["patch"]) == ("patch", patch)
        assert [one.step for one in desk.case_work.case_runs()[number]] == ["fix", "try", "verify"]

        over(desk, desk.submit(by="bob"))  # now also the guard looks, which the fix broke
        case = until(lambda: "taken-back" in (c := desk.case_of(number)).known and c.is_open and c, "it is taken back")
        assert "guard" in str(case.known["taken-back"].facts["worse"])
        assert (case.known["fix-tried"].facts["ok"], shop.code.read_text()) == (False, before)
        row = desk.patch(patch)
        assert (row["state"], row["decided"]["by"]) == ("undone", "Callboard")


@pytest.mark.long
def test_with_take_back_off_a_person_is_asked(tmp_path: Path) -> None:
    shop = Shop(tmp_path, CONFIG + "[cases]\ntake_back = false\n")
    with shop.house() as desk:
        over(desk, desk.submit(by="ann"))
        number = opened(desk)
        desk.investigate_case(number, "auto", "ann")
        accepted(desk, number)
        until(lambda: desk.case_of(number).known["verified"].facts.get("where") == "workspace", "it is verified")
        over(desk, desk.submit(by="bob"))
        case = until(lambda: (c := desk.case_of(number)).asks and c, "a person is asked")
        assert "take_back is false" in case.asks
        assert "import os" not in shop.code.read_text()
        desk.undo_patch(int(case.known["verified"].facts["patch"]), "Callboard")  # and then the program was ended
    with shop.house() as desk:
        case = until(
            lambda: "taken-back" in (c := desk.case_of(number)).known and c, "it is said that it was taken back"
        )
        assert (case.is_open, case.known["fix-tried"].facts["ok"]) == (True, False)


@pytest.mark.long
def test_nothing_starts_by_itself_when_it_is_switched_off_and_a_person_may_ask(tmp_path: Path) -> None:
    shop = Shop(tmp_path, CONFIG + "[cases]\nautomatic = false\n")
    with shop.house() as desk:
        over(desk, desk.submit(by="ann"))
        number = opened(desk)
        with pytest.raises(Refused, match="cannot be run again"):
            desk.investigate_case(number, "reproduce", "ann")
        answer = desk.investigate_case(number, "fix", "ann")
        assert (answer["step"], desk.case_work.case_runs()[number][0].run) == ("fix", answer["run"])
        over(desk, answer["run"])
        until(lambda: "fix-proposed" in desk.case_of(number).known, "the patch is written down")
        assert [one.step for one in desk.case_work.case_runs()[number]] == ["fix"]
        until(lambda: desk.case_of(number).state is CaseState.FIX_PROPOSED, "it is offered as it is")
        row = desk.case(number)["case"]
        assert "it was not tried in a copy" in row["words"]
        patch = row["fix"]["patch"]
        assert row["next"] == f"a person accepts or rejects patch {patch}"
        desk.reject_patch(patch, "not so", "bob")
        until(lambda: desk.case_of(number).state is CaseState.TRIAGED, "nothing is offered any more")
        row = desk.case(number)["case"]
        assert (row["words"], row["next"]) == (
            f"patch {patch} was rejected by bob",
            "somebody takes it, or gives it to an agent",
        )
