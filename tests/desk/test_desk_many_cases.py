"""Very many cases at a desk with a real engine and record: lists say what they should, and what is new is not lost among them."""

from collections.abc import Iterator

import pytest

from callboard.core.case_batch import Opening
from callboard.core.case_commands import MoveCase, TellCases
from callboard.core.case_facts import Cause
from callboard.desk.case_keeper import CaseKeeper
from callboard.desk.case_look import CaseLooking
from callboard.record.case_looks import CaseLooks
from callboard.settings import Settings
from callboard.wiring import House
from case_story import symptom

MANY = 240
AGENTS = ("quality", "security", "api")


def opening(number: int, severity: str, kind: str = "finding") -> Opening:
    agent = AGENTS[number % 3]
    one = symptom(f"{agent}.check", f"f{number}", kind=kind, severity=severity, title=f"word{number} is wrong", agent=agent,
                  message=f"apple{number % 5} pear{number % 2}")  # fmt: skip
    return Opening(one.title, severity, Cause("single", one.path, "one check saw it"), (one,))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("many")
    (folder / "shop").mkdir()
    (folder / "shop" / "callboard.toml").write_text("[workspace]\ndetect = false\n[cases]\nautomatic = false\n")
    with House(Settings(folder / "data", folder / "shop"), quiet=True) as made:
        several = [opening(n, "medium", "test" if n % 4 == 0 else "finding") for n in range(1, MANY + 1)]
        made.engine.ask_from(TellCases(str(folder / "shop"), 10**6, tuple(several)))
        for closed in range(1, 41):
            made.engine.ask_from(MoveCase(closed, "closed", "ann", reason="done"))
        made.engine.ask_from(MoveCase(50, "accepted", "ann", reason="later", until=made.engine.now() + 1_000.0))
        yield made


def test_lists_of_many_are_those_of_all_that_fit(house: House) -> None:
    every = house.desk.cases(limit=2_000)
    rows = every["cases"]
    assert [len(rows), every["open"], every["left_out"]] == [MANY, MANY - 40, 0]
    assert [row["state"] == "closed" for row in rows] == [False] * (MANY - 40) + [True] * 40
    ids = [row["id"] for row in rows]
    assert ids[MANY - 41] == 50, "the accepted one comes last of the open ones"
    assert ids[MANY - 40 :] == list(range(40, 0, -1)), "what was closed last comes first"
    for limit in (1, 30, MANY - 20):
        some = house.desk.cases(limit=limit)
        assert ([row["id"] for row in some["cases"]], some["left_out"]) == (ids[:limit], MANY - limit)
    assert [row["id"] for row in house.desk.cases(state="closed", limit=3)["cases"]] == [40, 39, 38]


@pytest.mark.parametrize(
    ("wants", "fits"),
    [
        ({"agent": "api"}, lambda n: n % 3 == 2),
        ({"kind": "test", "state": "open"}, lambda n: n % 4 == 0 and n > 40),
        ({"text": "apple3 pear1"}, lambda n: n % 10 == 3),
        ({"text": "C77"}, lambda n: n == 77),
        ({"text": "77"}, lambda n: n == 77),
        ({"text": '" *'}, lambda n: False),
        ({"text": "apple1", "agent": "security", "state": "closed"}, lambda n: n % 5 == 1 and n % 3 == 1 and n <= 40),
        ({"state": "accepted,closed"}, lambda n: n <= 40 or n == 50),
    ],
)
def test_each_filter_finds_what_fits_and_counts_the_rest(house: House, wants: dict[str, str], fits) -> None:  # type: ignore[no-untyped-def]
    expected = {n for n in range(1, MANY + 1) if fits(n)}
    assert {row["id"] for row in house.desk.cases(**wants, limit=2_000)["cases"]} == expected
    some = house.desk.cases(**wants, limit=5)
    assert len(some["cases"]) + some["left_out"] == len(expected)


def test_a_new_case_is_on_the_list_of_what_to_do_however_many_matter_more(house: House) -> None:
    before = {case.id for case in house.desk.advice_facts().cases}
    where = str(house.desk.workspace)
    house.engine.ask_from(TellCases(where, 2 * 10**6, (opening(MANY + 1, "low"),)))
    newest = house.engine.inspect(lambda state: state.cases.last)
    now = house.desk.advice_facts().cases
    assert newest not in before
    assert newest in [case.id for case in now]
    assert len(now) <= 80, "it stays bounded"


def test_the_keeper_says_how_far_it_has_looked_so_that_nobody_waits_for_a_case_in_vain(house: House) -> None:
    desk = house.desk
    looking = CaseLooking(desk, CaseLooks(desk.case_record.database), desk.spool, lambda _: "not trusted")
    heard: list[float] = []
    desk.case_watch.listeners.append(lambda: heard.append(desk.case_watch.looked))
    begun = house.engine.inspect(lambda state: house.engine.now())
    CaseKeeper(house.engine, looking).step()
    assert heard == [desk.case_watch.looked]
    assert heard[0] >= begun
