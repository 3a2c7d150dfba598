"""Logs over time: what is new, where it was raised, and what happens to the files in between."""

import gzip
import os
import time
from pathlib import Path

import pytest

from callboard.api import Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard.work.memory import Memory, memory_folder
from callboard_monitor import MonitorAnalytics
from callboard_monitor.logfiles import LogFile, Position, Unread
from callboard_monitor.templates import safe, template
from callboard_monitor.traces import by_name, here

TRACE = """Traceback (most recent call last):
  File "/srv/app/shop/web.py", line 10, in handle
    return pay(order)
  File "/srv/app/shop/orders.py", line {line}, in pay
    charge(order)
  File "/srv/venv/lib/python3.11/site-packages/stripe/api.py", line 77, in charge
    raise Refused(card)
stripe.Refused: card 4711 was refused
"""


def scan(tmp_path: Path, **options: object) -> Outcome:
    root = tmp_path / "work"
    root.mkdir(exist_ok=True)
    return run_action(MonitorAnalytics(), "logs", root, options, data=tmp_path / "data")


def write(tmp_path: Path, text: str, name: str = "app.log", mode: str = "w") -> Path:
    path = tmp_path / "work" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, mode, encoding="utf-8") as file:
        file.write(text)
    return path


def verdict(outcome: Outcome) -> Verdict:
    assert outcome.result is not None
    return outcome.result.verdict


def outputs(outcome: Outcome) -> tuple[int, int, int]:
    """Errors that stand there, that are new since the last look, and kinds that were never seen before."""
    assert outcome.result is not None
    found = outcome.result.outputs
    return found["errors"], found["new"], found["first_seen"]


def test_an_error_that_was_never_seen_before_is_high_for_a_day(tmp_path: Path) -> None:
    write(tmp_path, "ERROR order 1 failed\n")
    first = scan(tmp_path)
    assert outputs(first) == (1, 1, 0)
    assert verdict(first) is Verdict.PASS
    write(tmp_path, "ERROR order 2 failed\nERROR no such table: carts\n", mode="a")
    second = scan(tmp_path)
    assert outputs(second) == (3, 2, 1)
    assert {f.message.split(" (")[0]: f.severity for f in second.findings} == {
        "ERROR order 1 failed": Severity.MEDIUM,
        "ERROR no such table: carts": Severity.HIGH,
    }
    assert "never seen before" in second.findings[1].message
    assert verdict(second) is Verdict.FAIL
    third = scan(tmp_path)
    assert outputs(third) == (3, 0, 1)
    (table,) = third.sections()["errors"]
    assert [(row[0]["text"], row[6]) for row in table["rows"]] == [("new", 1), ("known", 2)]


def test_only_what_is_new_can_be_asked_for(tmp_path: Path) -> None:
    write(tmp_path, "CRITICAL out of memory\n")
    assert verdict(scan(tmp_path, only="new")) is Verdict.FAIL
    quiet = scan(tmp_path, only="new")
    assert quiet.findings == ()
    assert verdict(quiet) is Verdict.PASS
    write(tmp_path, "INFO well\nCRITICAL out of memory\n", mode="a")
    again = scan(tmp_path, only="new")
    assert [(f.rule, f.line) for f in again.findings] == [("log-critical", 3)]
    assert "2 times in all" not in again.findings[0].message


def test_tracebacks_are_grouped_by_the_innermost_frame_of_the_workspace(tmp_path: Path) -> None:
    write(tmp_path, "def pay(order):\n    pass\n", "shop/orders.py")
    write(tmp_path, "", "shop/web.py")
    text = f"ERROR could not pay\n{TRACE.format(line=2)}INFO x\n{TRACE.format(line=2)}{TRACE.format(line=99)}"
    write(tmp_path, text)
    outcome = scan(tmp_path)
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [
        ("log-traceback", "shop/orders.py", 2),
        ("log-traceback", "shop/orders.py", 99),
    ]
    assert outcome.findings[0].message.startswith(
        "stripe.Refused: card 4711 was refused (logged as: ERROR could not pay) (2 times, last in line 11"
    )
    assert "in app.log line 2" in outcome.findings[0].message


def test_a_place_is_found_by_the_end_of_its_path() -> None:
    files = by_name(["backend/shop/orders.py", "orders.py", "a/x.py", "b/x.py", "lib/api.py"])
    assert here("/app/shop/orders.py", files) == "backend/shop/orders.py"
    assert here("/work/backend/shop/orders.py", files) == "backend/shop/orders.py"
    assert here("/elsewhere/x.py", files) == ""
    assert here("orders.py", files) == "orders.py"
    assert here("/v/site-packages/lib/api.py", files) == ""


def test_javascript_and_json_are_read(tmp_path: Path) -> None:
    write(tmp_path, "x\n", "src/cart.js")
    write(
        tmp_path,
        "TypeError: cannot read 'total' of undefined\n"
        "    at sum (/app/node_modules/lodash/sum.js:3:1)\n"
        "    at total (/app/src/cart.js:12:7)\n"
        "listening\n"
        '{"level": 50, "time": 1, "msg": "payment 17 failed", "password": "hunter2"}\n'
        '{"levelname": "error", "message": "x", "exc_info": "Traceback (most recent call last):\\n'
        '  File \\"/app/src/cart.js\\", line 4, in f\\nValueError: bad"}\n'
        '{"level": "info", "msg": "an ERROR in words only"}\n'
        'time=1 level=error msg="disk 7"\n'
        "2026/01/01 10:00:00 [error] 7#7: upstream timed out\n" + '{"a":' * 5_000 + "\n",
    )
    found = [(f.rule, f.path, f.line) for f in scan(tmp_path).findings]
    assert found == [
        ("log-traceback", "src/cart.js", 12),
        ("log-error", "app.log", 5),
        ("log-traceback", "src/cart.js", 4),
        ("log-error", "app.log", 8),
        ("log-error", "app.log", 9),
    ]
    assert not any("hunter2" in f.message for f in scan(tmp_path).findings)


def test_a_rotated_log_is_read_to_its_end_and_a_truncated_one_from_its_start(tmp_path: Path) -> None:
    path = write(tmp_path, "ERROR first\n")
    scan(tmp_path)
    write(tmp_path, "ERROR late\n", mode="a")
    path.rename(path.with_name("app.log.1"))
    write(tmp_path, "ERROR fresh\n")
    rotated = scan(tmp_path)
    assert {f.message.split(" (")[0] for f in rotated.findings} == {"ERROR late", "ERROR fresh"}
    assert outputs(rotated) == (2, 2, 2)
    os.truncate(path, 0)
    write(tmp_path, "ERROR b\n")
    cut = scan(tmp_path)
    assert [f.message.split(" (")[0] for f in cut.findings] == ["ERROR b"]
    assert outputs(cut)[1] == 1


def test_a_line_that_is_not_yet_whole_is_not_lost(tmp_path: Path) -> None:
    write(tmp_path, "INFO a\nERROR half")
    assert [f.message for f in scan(tmp_path).findings] == ["ERROR half (once)"]
    write(tmp_path, " done\nERROR more\n", mode="a")
    assert {f.message.split(" (")[0] for f in scan(tmp_path, only="new").findings} == {"ERROR half done", "ERROR more"}


def test_odd_files_are_read_or_refused_with_a_word(tmp_path: Path) -> None:
    root = tmp_path / "work"
    root.mkdir()
    (root / "utf16.log").write_bytes("ok\r\nERROR déjà vu\r\n".encode("utf-16"))
    (root / "latin.log").write_bytes("ERROR déjà\n".encode("latin-1"))
    (root / "binary.log").write_bytes(bytes(range(256)) * 1_000 + b"\0" * 200_000)
    (root / "old.log.gz").write_bytes(gzip.compress(b"ERROR packed\n"))
    (root / "empty.log").touch()
    with open(root / "sparse.log", "wb") as file:
        file.truncate(1_000_000_000)
        file.seek(0, os.SEEK_END)
        file.write(b"\nERROR at the end\n")
    outcome = scan(tmp_path, files=["*.log", "*.gz"])
    assert {(f.path, f.message.split(" (")[0]) for f in outcome.findings} == {
        ("utf16.log", "ERROR déjà vu"),
        ("latin.log", "ERROR d\ufffdj\ufffd"),
        ("sparse.log", "ERROR at the end"),
    }
    assert next(f.line for f in outcome.findings if f.path == "utf16.log") == 2
    assert verdict(outcome) is Verdict.UNKNOWN
    assert outcome.result is not None
    assert "binary.log is binary" in outcome.result.summary
    assert "1 compressed log is not read" in outcome.result.summary


def test_only_compressed_or_unreadable_logs_are_no_pass(tmp_path: Path) -> None:
    root = tmp_path / "work"
    root.mkdir()
    (root / "a.log").write_bytes(b"\0" * 100_000)
    assert verdict(scan(tmp_path)) is Verdict.UNKNOWN
    (root / "a.log").unlink()
    (root / "a.log.gz").write_bytes(gzip.compress(b"ERROR\n"))
    assert verdict(scan(tmp_path, files=["*.gz"])) is Verdict.UNKNOWN


def test_the_tail_of_a_large_log_is_read_with_true_line_numbers(tmp_path: Path) -> None:
    write(tmp_path, "ERROR lost\n" + "INFO filler of many words\n" * 2_000 + "ERROR kept\n")
    outcome = scan(tmp_path, most_mb=0.01)
    assert [(f.message, f.line) for f in outcome.findings] == [("ERROR kept (once)", 2_002)]
    assert outcome.result is not None
    assert "of app.log the last" in outcome.result.summary


def test_a_rush_of_a_known_error_is_an_anomaly(tmp_path: Path) -> None:
    write(tmp_path, "ERROR order 1 failed\n")
    (finding,) = scan(tmp_path).findings
    memory = Memory(memory_folder(tmp_path / "data", tmp_path / "work", "monitor"))
    now = time.time()
    memory.put("log-looks", [300.0] * 40)
    known = [[now - 300 * (41 - step), float(step % 3)] for step in range(40)]
    memory.put("history-logs", {"series": {f"log.{finding.fingerprint}": known, "log.errors": known}})
    positions = memory.get("log-positions")
    memory.put("log-positions", {**positions, "at": now - 300})
    write(tmp_path, "".join(f"ERROR order {number} failed\n" for number in range(60)), mode="a")
    outcome = scan(tmp_path)
    words = [f.message for f in outcome.findings if f.rule == "anomaly"]
    assert len(words) == 2
    assert words[0].startswith("how often 'ERROR order 1 failed' came in 5 min (app.log) is ")
    assert "usual 0–2" in words[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ERROR order 17 took 3.5 s", "ERROR order 4 took 11 s"),
        ("user 0b8e4a4e-0f6e-4b0e-9e61-3d3d6a2f7c11 gone", "user 7a8e4a4e-0f6e-4b0e-9e61-3d3d6a2f7c12 gone"),
        ("cannot open /var/lib/shop/a.db", "cannot open /var/lib/shop/b/c.db"),
        ("peer 10.0.0.1:5432 reset", "peer 192.168.7.20:80 reset"),
        ("commit deadbee1 failed", "commit 0a1b2c3d4e failed"),
        ("mail to ann@example.org bounced", "mail to bob.x@mail.example.com bounced"),
        ("no column 'price'", "no column 'total'"),
    ],
)
def test_lines_that_differ_in_what_changes_are_one_kind(one: str, other: str) -> None:
    assert template(one) == template(other)
    assert template(one) != template(one + " again")


@pytest.mark.parametrize(
    "text",
    [
        'ERROR {"password": "hunter2 with words", "user": "x"}',
        "ERROR token=hunter2",
        "ERROR sent Bearer hunter2hunter2",
        "ERROR redis://:hunter2@cache:6379/0 is gone",
        "ERROR key hunter2AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "ERROR AWS AKIAHUNTER2HUNTER2XX",
    ],
)
def test_secrets_never_leave_the_log(tmp_path: Path, text: str) -> None:
    assert "hunter2" not in safe(text).lower()
    write(tmp_path, text + "\n")
    scan(tmp_path)
    for path in (tmp_path / "data").rglob("*.json"):
        assert "hunter2" not in path.read_text("utf-8").lower()


def test_a_damaged_position_is_none_and_a_compressed_file_is_refused(tmp_path: Path) -> None:
    odd: list[object] = [None, [], {"inode": -1}, {"inode": 1, "offset": True}, {"inode": 1, "offset": 1, "end": "x"}]
    for kept in odd:
        assert Position.of(kept) is None
    with pytest.raises(Unread, match="is compressed"):
        list(LogFile(tmp_path / "a.gz", None, 1_000, False).lines())
