"""Cases at the desk, with a real engine and record: listed by what matters, found by words, decided by people, remembered."""

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callboard.core.case_batch import Opening, Sighting
from callboard.core.case_commands import NoteCase, TellCases
from callboard.core.case_facts import Cause, Symptom
from callboard.core.case_life import Parting
from callboard.core.commands import Submit
from callboard.core.task import TaskSpec
from callboard.desk import Desk
from callboard.errors import ConfigError, NotFound, Refused
from callboard.record.check import differences
from callboard.record.database import open_database
from callboard.settings import Settings
from callboard.wiring import House
from case_story import symptom

HOSTILE = '<script>alert(1)</script> " OR 1=1 -- NEAR( * ^ {col} :'


class Keeper:
    """A house with a desk, and the mouth of a keeper."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "shop").mkdir(exist_ok=True)
        (folder / "shop" / "callboard.toml").write_text("[workspace]\ndetect = false\n[cases]\nautomatic = false\n")
        self.upto = 1_000_000
        self.house: House | None = None
        self.open()

    def open(self) -> None:
        self.house = House(Settings(self.folder / "data", self.folder / "shop"), quiet=True)
        self.house.__enter__()

    def close(self) -> None:
        if self.house is not None:
            self.house.__exit__(None, None, None)
            self.house = None

    @property
    def desk(self) -> Desk:
        assert self.house is not None
        return self.house.desk

    @property
    def where(self) -> str:
        return str(self.folder / "shop")

    def tell(self, opened: Any = (), seen: Any = (), gone: Any = (), missing: Any = ()) -> None:
        assert self.house is not None
        self.upto += 1
        self.house.engine.ask_from(
            TellCases(self.where, self.upto, tuple(opened), tuple(seen), tuple(gone), tuple(missing))
        )

    def note(self, case: int, kind: str, words: str, **facts: Any) -> None:
        assert self.house is not None
        self.house.engine.ask_from(NoteCase(case, kind, words, facts=facts))

    def case(self, *symptoms: Symptom, severity: str = "high", title: str = "") -> int:
        first = symptoms[0]
        self.tell([Opening(title or first.title, severity, Cause("single", first.path, "one check saw it"), symptoms)])
        return int(max(row["id"] for row in self.desk.cases(limit=500)["cases"]))


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeper]:
    made = Keeper(tmp_path_factory.mktemp("cases"))
    yield made
    made.close()


def test_a_case_is_listed_with_why_it_matters_and_found_by_words(keeper: Keeper) -> None:
    number = keeper.case(symptom(fingerprint="a1", message=f"assert {HOSTILE} in the ledger"))
    row = next(row for row in keeper.desk.cases()["cases"] if row["id"] == number)
    assert [factor["name"] for factor in row["factors"]] == ["severity", "blocks", "gate", "frequency", "recency"]
    product = 1.0
    for factor in row["factors"]:
        product *= factor["value"]
    assert row["priority"] == round(100 * (1 - 2**-product))
    assert row["blocks"]["words"] == "blocks nothing now"
    for text in ("ledger", "LEDG", "assert ledger", f"C{number}", str(number), "quality tests"):
        assert number in [one["id"] for one in keeper.desk.cases(text=text)["cases"]], text
    for text in ('"', "* *", "NEAR(ledger accountant)", "nothing of the kind", "ledger nowhere", "title:x", "\x00"):
        assert number not in [one["id"] for one in keeper.desk.cases(text=text)["cases"]], text
    keeper.desk.comment_case(number, "the accountant noticed too", "ann")
    assert [one["id"] for one in keeper.desk.cases(text="accountant")["cases"]] == [number]
    assert keeper.desk.cases(agent="quality", severity="high,low", kind="test", assignee="nobody", state="new,triaged")[
        "cases"
    ]
    assert keeper.desk.cases(agent="infra")["cases"] == []
    with pytest.raises(ConfigError, match="is none of"):
        keeper.desk.cases(state="nonsense")


def test_what_stands_behind_a_failing_check_raises_its_priority(keeper: Keeper) -> None:
    assert keeper.house is not None
    number = keeper.case(symptom("check.broken", "b1"))
    before = keeper.desk.case(number)["case"]["priority"]
    specs = (
        TaskSpec("check.broken", argv=("false",), agent="quality"),
        TaskSpec("pack", argv=("true",), agent="infra", depends=(0,)),
        TaskSpec("ship", argv=("true",), agent="infra", depends=(1,), stage="deploy"),
    )
    engine = keeper.house.engine
    engine.inspect(lambda state: setattr(state, "halted", ""))
    run = engine.ask_from(Submit("default", keeper.where, specs, "ann"))
    end = time.monotonic() + 60
    while keeper.desk.run(run)["run"]["state"] != "failed":
        assert time.monotonic() < end
        time.sleep(0.05)
    row = keeper.desk.case(number)["case"]
    assert row["blocks"]["tasks"] == 2
    assert row["blocks"]["gates"] == ["ship"]
    assert row["priority"] > before
    assert "ship cannot deploy while it is there" in [factor["words"] for factor in row["factors"]]
    assert keeper.desk.cases()["cases"][0]["id"] == number
    lesser = (
        symptom("check.broken", "b2", kind="finding", rule="coverage", severity="medium"),
        symptom("check.broken", "b3", rule="test-flaky", severity="medium"),
    )
    for one in lesser:
        beside = keeper.case(one, severity="medium")
        row = keeper.desk.case(beside)["case"]
        assert row["blocks"]["words"] == "blocks nothing now", "it is not why the check failed"
        assert next(row for row in keeper.desk.cases()["cases"] if row["id"] == beside)["blocks"]["tasks"] == 0
    keeper.tell(gone=[Parting(number, (symptom("check.broken", "b1").key,), "it is gone", code="c9")])
    assert keeper.desk.case(beside)["case"]["blocks"]["tasks"] == 2, "nothing graver is known of that check"
    keeper.close()
    keeper.open()
    row = keeper.desk.case(beside)["case"]
    assert (row["blocks"]["tasks"], row["blocks"]["gates"]) == (2, ["ship"]), "a restart does not forget what it blocks"


def test_of_two_people_the_second_is_told_and_acts_say_who_and_why(keeper: Keeper) -> None:
    number = keeper.case(symptom(fingerprint="c1"))
    turn = keeper.desk.case(number)["case"]["turn"]
    day = (datetime.now() + timedelta(days=3)).strftime("%Y-%m-%d")
    page = keeper.desk.accept_case(number, "known", day, "ann", turn)
    assert (page["case"]["state"], page["case"]["accepted_by"]) == ("accepted", "ann")
    assert datetime.fromtimestamp(page["case"]["until"]).strftime("%H:%M") == "00:00"
    with pytest.raises(Refused, match="by ann"):
        keeper.desk.close_case(number, "done", "bob", turn)
    with pytest.raises(ConfigError, match="is no day"):
        keeper.desk.accept_case(number, "known", "soonish", "ann")
    page = keeper.desk.reopen_case(number, "after all", "bob")
    assert page["case"]["words"] == "reopened by bob: after all"
    page = keeper.desk.assign_case(number, "@me", "bob", "I know it")
    assert page["case"]["assignee"] == {
        "kind": "person",
        "name": "bob",
        "why": "bob gave it; bob says: I know it",
        "by": "bob",
    }
    mine = [row for row in keeper.desk.inbox() if row["kind"] == "case" and row["case"] == number]
    assert [row["to"] for row in mine] == ["bob"]
    assert keeper.desk.inbox_item(f"case:{number}")["evidence"]["facts"][0]["name"] == "cause"
    with pytest.raises(NotFound, match="there is no agent 'nobody'"):
        keeper.desk.assign_case(number, "nobody", "ann", instead=True)
    with pytest.raises(NotFound):
        keeper.desk.case(10**9)
    page = keeper.desk.close_case(number, "mended by hand", "bob")
    assert page["case"]["resolution"]["kind"] == "by hand"
    assert page["may"]["split"].startswith("it is closed")
    assert not [row for row in keeper.desk.inbox() if row["kind"] == "case" and row["case"] == number]
    kinds = [step["kind"] for step in page["timeline"]]
    assert kinds == ["opened", "accepted", "reopened", "assigned", "closed"]


def test_merge_and_split_are_taught_and_give_the_other_case(keeper: Keeper) -> None:
    one = keeper.case(
        symptom(fingerprint="d1"), symptom("quality.lint", "d2", kind="finding", rule="F401", path="shop/a.py")
    )
    two = keeper.case(symptom("security.code", "d3", kind="finding", rule="B101", path="shop/a.py"))
    page = keeper.desk.merge_case(two, one, "the same file", "ann")
    assert (page["case"]["id"], page["case"]["symptoms"], page["case"]["joined"]) == (one, 3, [two])
    assert keeper.desk.case(two)["may"]["reopen"] == f"it is part of C{one}"
    key = next(row["key"] for row in page["symptoms"] if row["check"] == "quality.lint")
    fresh = keeper.desk.split_case(one, [key], "another matter", "ann")["case"]
    assert (fresh["id"] > two, fresh["checks"], fresh["cause"]["kind"]) == (True, ["quality.lint"], "person")


def test_what_helped_is_counted_and_shown_with_its_count_to_the_next_such_case(keeper: Keeper) -> None:
    for nth in (1, 2, 3):
        bad = symptom(
            "config.check", f"e{nth}", kind="finding", rule="CFG7", message=f"key 'k{nth}' is missing in a{nth}.toml"
        )
        number = keeper.case(bad)
        keeper.note(number, "fix-tried", "the key was added", ok=True, what="add the key", patch=nth)
        keeper.tell(gone=[Parting(number, (bad.key,), "config.check passed", code="c9", fixed=True)])
    keeper.tell(seen=[Sighting(number, (bad,))])  # the last one is back: it did not help there
    page = keeper.desk.case(number)
    known = [row for row in page["suggestions"] if row["kind"] == "known-fix"]
    assert [(row["tried"], row["worked"]) for row in known] == [(3, 2)]
    assert known[0]["act"]["path"] == f"/cases/{number}/investigate"
    assert {row["why"] for row in page["related"]} == {"it has symptoms of the same kind"}
    (family,) = keeper.desk.knowledge("CFG7")["families"]
    assert (family["n"], family["resolutions"][0]["tried"], family["resolutions"][0]["worked"]) == (3, 3, 2)
    assert family["resolutions"][0]["what"] == "add the key"
    assert keeper.desk.knowledge("no such thing at all")["families"] == []


def test_the_source_is_shown_without_secrets_and_never_from_outside(keeper: Keeper) -> None:
    (keeper.folder / "shop" / "pay.py").write_text("".join(f"line = {n}\n" for n in range(1, 40)))
    (keeper.folder / "outside.txt").write_text("no business of theirs\n")
    number = keeper.case(symptom(fingerprint="s1", path="pay.py", line=20))
    (shown,) = keeper.desk.case(number)["source"]
    assert (shown["path"], shown["start"], shown["at_line"], shown["lines"][5]) == ("pay.py", 15, 20, "line = 20")
    for path in ("../outside.txt", "/etc/passwd", ".git/config", "gone.py"):
        other = keeper.case(symptom(fingerprint=path, path=path, line=1))
        assert keeper.desk.case(other)["source"] == []


def test_closed_cases_can_be_decided_after_a_restart_and_the_tables_say_what_the_log_says(keeper: Keeper) -> None:
    test = symptom(fingerprint="z1")
    number = keeper.case(test)
    keeper.desk.close_case(number, "done", "ann")
    later = keeper.case(symptom(fingerprint="z2"))
    assert keeper.house is not None
    open_before = keeper.house.engine.inspect(lambda state: state.cases.facts())
    keeper.close()
    keeper.open()
    assert keeper.house is not None
    open_after = keeper.house.engine.inspect(lambda state: state.cases.facts())
    assert open_after == open_before
    assert keeper.house.engine.inspect(lambda state: state.cases.get(number)) is None
    page = keeper.desk.reopen_case(number, "it was not", "bob")
    assert (page["case"]["state"], page["case"]["reopened"]) == ("new", 1)
    keeper.tell(gone=[Parting(number, (test.key,), "passed", code="other")])
    assert keeper.desk.case(number)["case"]["state"] == "closed"
    assert keeper.case(symptom(fingerprint="z3")) == later + 1
    told = keeper.desk.catchup("ann", 1.0)["counts"]
    assert told["case closed"] >= 1
    assert told["case opened"] >= 1
    assert json.dumps(list(keeper.desk.export("cases", {"state": "closed"})))
    keeper.close()
    database = open_database(keeper.folder / "data")
    assert differences(database) == []
    database.close()
    keeper.open()
