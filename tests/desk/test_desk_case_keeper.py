"""The keeper on the real program: a failure becomes a case, a pass on other code closes it, a restart neither loses nor doubles."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from callboard.core.case_invariants import cases_kept
from callboard.desk import Desk
from callboard.desk.case_keeper import CaseKeeper
from callboard.desk.case_look import CaseLooking
from callboard.guard.trust import Trust
from callboard.record.case_looks import CaseLooks
from callboard.settings import settings_from
from callboard.wiring import House

LONGEST_S = 90.0
CONFIG = """[workspace]
detect = false
[jobs.start]
command = ["python3", "shop.py"]
[jobs.export]
command = ["python3", "-c", "import shop"]
[jobs.publish]
command = ["true"]
needs = ["start"]
[jobs.other]
command = ["python3", "-c", "raise SystemExit('no paper in the printer')"]
[cases]
automatic = false
"""
GOOD, BAD = "import json\n", "import moneylib_nobody_has\n"


class Shop:
    def __init__(self, folder: Path) -> None:
        self.workspace, self.data = folder / "shop", folder / "data"
        self.workspace.mkdir()
        (self.workspace / "callboard.toml").write_text(CONFIG)
        self.git("init", "-q", "-b", "main")
        self.commit(GOOD)
        Trust(self.data).grant(self.workspace, "ann")

    def git(self, *words: str) -> None:
        subprocess.run(["git", "-C", str(self.workspace), *words], check=True, capture_output=True)

    def commit(self, text: str) -> None:
        (self.workspace / "shop.py").write_text(text)
        self.git("add", "-A")
        self.git("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "shop")

    def house(self, *, up: bool = True) -> House:
        given = {"data": self.data, "workspace": self.workspace}
        return House(settings_from(given, {}, self.workspace), schedules=up)


def until(what: Callable[[], Any], words: str) -> Any:
    end = time.monotonic() + LONGEST_S
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"it was never so: {words}")


def ran(desk: Desk) -> int:
    run = desk.submit(by="ann")
    until(lambda: desk.run(run)["run"]["ended"], f"run {run} is over")
    return run


def told(house: House) -> list[tuple[Any, ...]]:
    return house.history.select("SELECT seq, kind FROM event WHERE kind LIKE 'Case%' ORDER BY seq")


def looked(house: House) -> Callable[[], bool]:
    """Whether the keeper has told of the newest failure."""

    def so() -> bool:
        newest = house.history.select(
            "SELECT max(seq) FROM event WHERE kind = 'AttemptEnded' AND body LIKE '%\"failed\"%'"
        )
        upto = house.engine.inspect(lambda state: max(state.cases.looked.values(), default=0))
        return upto >= int(newest[0][0] or 0) > 0

    return so


def by_cause(desk: Desk) -> dict[str, dict[str, Any]]:
    return {row["cause"]["kind"]: row for row in desk.cases(state="new,closed")["cases"]}


def test_a_failure_is_a_case_and_other_code_closes_it_and_it_comes_back_as_the_same(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with shop.house() as house:
        desk = house.desk
        ran(desk)
        until(lambda: len(desk.cases()["cases"]) == 1, "the printer is a case")
        shop.commit(BAD)
        ran(desk)
        case = until(
            lambda: (row := by_cause(desk).get("dependency")) and row["symptoms"] == 3 and row, "one case of three"
        )
        assert case["cause"]["about"] == "moneylib_nobody_has"
        assert sorted(case["checks"]) == ["export", "publish", "start"]
        assert case["cause"]["words"] == "the module moneylib_nobody_has is not there: three checks stumbled over it"
        printer = next(row for row in desk.cases()["cases"] if row["checks"] == ["other"])
        assert printer["id"] != case["id"]
        assert "no paper in the printer" in printer["title"]
        until(lambda: desk.case(printer["id"])["case"]["times"] == 2, "the printer was seen twice")

        shop.commit(GOOD + "# mended\n")
        ran(desk)
        until(lambda: desk.case(case["id"])["case"]["state"] == "closed", "it is closed")
        assert desk.case(printer["id"])["case"]["state"] == "new"

        shop.commit(BAD + "# again\n")
        ran(desk)
        back = until(lambda: (row := desk.case(case["id"])["case"]) and row["state"] == "new" and row, "it is back")
        assert back["reopened"] == 1


def test_what_happened_while_nobody_kept_cases_is_told_once_and_a_second_keeper_tells_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.commit(BAD)
    with shop.house(up=False) as house:
        ran(house.desk)
        assert told(house) == []
    with shop.house() as house:
        until(looked(house), "all was looked at")
        cases = {row["id"]: (row["symptoms"], row["times"]) for row in house.desk.cases()["cases"]}
        assert sorted(symptoms for symptoms, _ in cases.values()) == [1, 3]
        before = told(house)
        assert house.desk.cases()["unknown"] == []
        looking = CaseLooking(house.desk, CaseLooks(house.history.database), house.desk.spool, lambda _: "")
        CaseKeeper(house.engine, looking).step()
        assert told(house) == before
    with shop.house() as house:
        CaseKeeper(
            house.engine, CaseLooking(house.desk, CaseLooks(house.history.database), house.desk.spool, lambda _: "")
        ).step()
        assert told(house) == before
        assert {row["id"]: (row["symptoms"], row["times"]) for row in house.desk.cases()["cases"]} == cases


PIECES = """[workspace]
detect = false
[jobs.start]
command = ["sh", "-c", "cat start.txt >&2; ! test -s start.txt"]
[jobs.export]
command = ["sh", "-c", "cat export.txt >&2; ! test -s export.txt"]
[jobs.report]
command = ["sh", "-c", "cat report.txt >&2; ! test -s report.txt"]
[cases]
automatic = false
"""
LACKS, TABLE = "error: No such file or directory: 'prices.dat'", "sqlite3.OperationalError: no such table: prices"


def say(shop: Shop, **words: str) -> None:
    for name in ("start", "export", "report"):
        (shop.workspace / f"{name}.txt").write_text(words.get(name, ""))
    shop.commit(GOOD + f"# {sorted(words)}\n")


def test_pieces_become_one_case_when_a_check_shows_their_one_cause_and_a_person_has_the_last_word(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path)
    (shop.workspace / "callboard.toml").write_text(PIECES)
    Trust(shop.data).grant(shop.workspace, "ann")
    with shop.house() as house:
        desk = house.desk
        say(shop, start=LACKS, export=TABLE)
        ran(desk)
        first = until(lambda: len(rows := desk.cases(state="open")["cases"]) == 2 and rows, "there are two cases")
        ids = sorted(row["id"] for row in first)
        say(shop, start=LACKS, export=TABLE, report=f"{TABLE}: {LACKS}")
        ran(desk)
        row = until(lambda: (rows := desk.cases(state="open")["cases"]) and len(rows) == 1 and rows[0], "they are one")
        until(lambda: desk.case(row["id"])["case"]["symptoms"] == 3, "it has all three")
        assert row["id"] == ids[0]
        merged = [one for one in desk.case(ids[0])["timeline"] if one["kind"] == "merged"]
        assert [(one["by"], one["facts"]["case"]) for one in merged] == [("Callboard", ids[1])]
        assert "report shows that both have one cause" in merged[0]["words"]
        taught = house.engine.inspect(lambda state: dict(state.cases.taught(str(shop.workspace)).joins))
        assert taught == {}, "a rule teaches nothing"
        key = next(one["key"] for one in desk.case(ids[0])["symptoms"] if one["check"] == "export")
        other = desk.split_case(ids[0], [key], "two things", "ann")["case"]["id"]
    with shop.house() as house:
        desk = house.desk
        say(shop, start=LACKS, export=TABLE, report=f"{TABLE} once more: {LACKS}")
        ran(desk)
        until(looked(house), "all was looked at")
        stands = {row["id"]: row["checks"] for row in desk.cases(state="open")["cases"]}
        assert {ids[0], other} <= stands.keys(), "what a person split stays split"
        assert stands[other] == ["export"]


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_desk_case_keeper as tests
from callboard.desk.case_keeper import CaseKeeper
from callboard.desk.case_look import CaseLooking
from callboard.record.case_looks import CaseLooks
from callboard.settings import settings_from
from callboard.wiring import House
workspace, data = Path(sys.argv[2]), Path(sys.argv[3])
with House(settings_from({"data": data, "workspace": workspace}, {}, workspace), schedules=False) as house:
    looking = CaseLooking(house.desk, CaseLooks(house.history.database), house.desk.spool, lambda _: "")
    keeper = CaseKeeper(house.engine, looking)
    tests.ran(house.desk)
    keeper.step()
    tests.ran(house.desk)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_program_that_is_killed_between_two_batches_loses_nothing_and_tells_nothing_twice(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.commit(BAD)
    words = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(shop.workspace), str(shop.data)]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    with shop.house() as house:
        until(looked(house), "what happened before the kill was looked at")
        until(
            lambda: sorted((row["symptoms"], row["times"]) for row in house.desk.cases()["cases"]) == [(1, 2), (3, 2)],
            "each case was seen in both runs",
        )
        kinds = [kind for _, kind in told(house)]
        assert kinds.count("CaseOpened") == 2
        seen = {key: symptom.times for case in house.engine.inspect(lambda s: [c.copy() for c in s.cases.open()])
                for key, symptom in case.symptoms.items()}  # fmt: skip
        assert sorted(seen.values()) == [2, 2, 2, 2]
        assert cases_kept(house.engine.inspect(lambda state: state.cases)) == []


def test_without_git_the_file_that_changed_between_two_runs_is_the_cause_of_what_reads_it(tmp_path: Path) -> None:
    workspace, data = tmp_path / "shop", tmp_path / "data"
    workspace.mkdir()
    (workspace / "callboard.toml").write_text(
        "[workspace]\ndetect = false\n[cases]\nautomatic = false\n"
        + "".join(f'[jobs.{name}]\ncommand = ["python3", "{name}.py"]\n' for name in ("totals", "chart", "other"))
    )
    (workspace / "totals.py").write_text("head = open('orders.csv').readline().split(',')\nhead.index('price')\n")
    (workspace / "chart.py").write_text(
        "if 'price' not in open('orders.csv').read():\n    raise LookupError('no column')\n"
    )
    (workspace / "other.py").write_text("print('fine')\n")
    (workspace / "orders.csv").write_text("id,price,at\n")
    Trust(data).grant(workspace, "ann")
    with House(settings_from({"data": data, "workspace": workspace}, {}, workspace), schedules=True) as house:
        ran(house.desk)
        (workspace / "orders.csv").write_text("id,cost,at\n")
        (workspace / "other.py").write_text("raise SystemExit('no paper')\n")
        ran(house.desk)
        until(looked(house), "all was looked at")
        cases = {tuple(sorted(row["checks"])): row["cause"] for row in house.desk.cases()["cases"]}
    assert set(cases) == {("chart", "totals"), ("other",)}
    assert (cases["chart", "totals"]["kind"], cases["chart", "totals"]["about"]) == ("commit", "orders.csv")


COMMANDS = """[workspace]
detect = false
[cases]
automatic = false
[jobs.totals]
command = ["python3", "totals.py"]
[jobs.shout]
command = ["sh", "bin/shout.sh"]
[jobs.other]
command = ["python3", "other.py"]
"""
SUM = "def total(prices):\n    return sum(prices)\n"


def test_commands_that_end_with_plain_words_go_to_the_change_and_runs_of_some_checks_leave_no_check_missing(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path)
    (shop.workspace / "callboard.toml").write_text(COMMANDS)
    (shop.workspace / "bin").mkdir()
    texts = {
        "totals.py": "from cart import total\n\nraise SystemExit(0 if total([1, 2]) == 3 else 'the books are out')\n",
        "bin/shout.sh": '[ "$(python3 nine.py)" = 9 ] || { echo "nine is not nine"; exit 3; }\n',
        "nine.py": "import cart\n\nprint(cart.total([4, 5]))\n",
        "other.py": "from printer import paper\n\nraise SystemExit(0 if paper else 'no paper')\n",
        "cart.py": SUM, "printer.py": "paper = 1\n",
    }  # fmt: skip
    for path, text in texts.items():
        (shop.workspace / path).write_text(text)
    shop.commit(GOOD)
    Trust(shop.data).grant(shop.workspace, "ann")
    with shop.house() as house:
        ran(house.desk)
        (shop.workspace / "cart.py").write_text(SUM.replace("sum(prices)", "sum(prices[1:])"))
        (shop.workspace / "printer.py").write_text("paper = 0\n")
        shop.commit(GOOD + "\n")
        ran(house.desk)
        until(looked(house), "all was looked at")
        cases = {tuple(sorted(row["checks"])): row["cause"]["about"] for row in house.desk.cases()["cases"]}
        assert cases == {("other",): "", ("shout", "totals"): "cart.py"}
        for _ in range(2):
            run = house.desk.submit(by="ann", only=("other",))
            until(lambda run=run: house.desk.run(run)["run"]["ended"], "the run of one check is over")
        until(looked(house), "these too")
        words = [
            entry["words"] for row in house.desk.cases()["cases"] for entry in house.desk.case(row["id"])["timeline"]
        ]
        assert not any("no longer in the pipeline" in text for text in words)
        (shop.workspace / "callboard.toml").write_text(
            COMMANDS.replace('[jobs.shout]\ncommand = ["sh", "bin/shout.sh"]\n', "")
        )
        Trust(shop.data).grant(shop.workspace, "ann")
        for _ in range(2):
            ran(house.desk)
        until(
            lambda: any(
                "no longer in the pipeline" in entry["words"]
                for row in house.desk.cases()["cases"] for entry in house.desk.case(row["id"])["timeline"]
            ), "shout was taken out of the pipeline",
        )  # fmt: skip
