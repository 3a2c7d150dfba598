"""Patches at the terminal: listed, shown, checked, accepted, rejected, undone."""

import argparse
import sys
from typing import Any

from callboard.cli import DONE, FAILED
from callboard.commands.doors import ensure_trust, reading_desk, remote_desk, settings_of
from callboard.commands.show import ago, paint, plain, print_json, table
from callboard.guard.trust import user_name

COLOURS = {"+": "32", "-": "31", "@": "36"}


def patches(given: argparse.Namespace) -> int:
    """What agents would change, the newest first."""
    rows = reading_desk(settings_of(given)).patches(given.run or None, given.state or None)
    if given.json:
        print_json(rows)
        return DONE
    if not rows:
        sys.stdout.write("no patches; an agent that changes files proposes one, such as `refactor.fixes`\n")
        return DONE
    table(
        [
            (
                str(row["id"]),
                row["state"],
                f"{row['task_name']} ({row['task']})",
                _files(row),
                _proof(row),
                "; ".join(row["conflicts"]) or row["reason"],
                ago(row["at"]),
            )
            for row in rows
        ],
        ("PATCH", "STATE", "PROPOSED BY", "FILES", "PROOF", "NOTE", "WHEN"),
    )
    return DONE


def patch(given: argparse.Namespace) -> int:
    """One patch: looked at, or decided about."""
    if given.act in ("show", "check"):
        row = reading_desk(settings_of(given)).patch(given.number)
        if given.json:
            print_json(row["check"] if given.act == "check" else row)
        else:
            _say_check(row) if given.act == "check" else _say_patch(row)
        return DONE if given.act == "show" or (row["check"] or {}).get("applies") else FAILED
    return _decided(given)


def _decided(given: argparse.Namespace) -> int:
    settings = settings_of(given)
    remote = remote_desk(settings)
    if remote is not None:
        return _said(_act(remote, given), given)
    if given.act == "reject":
        from callboard.wiring import House

        with House(settings, quiet=True) as house:
            return _said(_act(house.desk, given), given)
    ensure_trust(settings, given)
    from callboard.commands.following import drained, follow
    from callboard.wiring import House

    with House(settings) as house:
        import queue

        messages: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        given.since = house.desk.last_seq()
        stop = house.desk.watch(messages.put)
        answer = _act(house.desk, given)
        if answer["run"] is None:
            stop()
            return _said(answer, given)
        if not given.json:
            _said(answer, given)
        given.events = False
        code = follow(house.desk, answer["run"], given, drained(messages))
        stop()
        return code


def _act(desk: Any, given: argparse.Namespace) -> Any:
    if given.act == "accept":
        return desk.accept_patch(given.number, user_name())
    if given.act == "undo":
        return desk.undo_patch(given.number, user_name())
    return desk.reject_patch(given.number, given.reason, user_name())


def _said(answer: Any, given: argparse.Namespace) -> int:
    row = answer["patch"]
    if given.json:
        print_json(answer)
        return DONE
    done = {
        "accepted": f"is in the working tree now ({_files(row)}); nothing was committed or staged",
        "undone": "is out of the working tree again",
        "rejected": "is rejected",
    }.get(row["state"], f"is {row['state']}")
    sys.stdout.write(f"patch {row['id']} {done}\n")
    if answer["run"]:
        sys.stdout.write(f"what it touches is checked again in run {answer['run']}\n")
    if answer["note"]:
        sys.stdout.write(f"note: {plain(answer['note'], 1000)}\n")
    return DONE


def _say_patch(row: Any) -> None:
    lines = [
        f"patch {row['id']} ({plain(row['name'])}): {row['state']}",
        f"proposed by {plain(row['task_name'])} ({row['task']}) for {plain(row['workspace'])}, {ago(row['at'])}",
    ]
    if row["decided"]:
        why = f": {plain(row['decided']['reason'])}" if row["decided"]["reason"] else ""
        lines.append(f"{row['decided']['choice']} by {plain(row['decided']['by'])}, {ago(row['decided']['at'])}{why}")
    lines += [f"  {plain(p['name'])}: {plain(p['before'])} → {plain(p['after'])}" for p in row["proof"]]
    if row["proof_words"]:
        lines.append(f"  {plain(row['proof_words'], 1000)}")
    sys.stdout.write("\n".join(lines) + "\n")
    _say_check(row)
    for line in row["diff"]:
        sys.stdout.write(paint(plain_line(line), COLOURS.get(line[:1], "")) + "\n")
    if row["left_out"]:
        sys.stdout.write(f"… {row['left_out']} more lines\n")


def _say_check(row: Any) -> None:
    for word in (row["check"] or {"words": ["its file is not there any more"]})["words"]:
        sys.stdout.write(plain(word, 1000) + "\n")


def plain_line(text: str) -> str:
    """A line of a diff without control characters, its spaces as they are."""
    from callboard.work.finding import clean

    return clean(text, 1000)


def _files(row: Any) -> str:
    files = row["files"]
    return files[0] if len(files) == 1 else f"{len(files)} files"


def _proof(row: Any) -> str:
    return ", ".join(f"{p['name']} {p['before']} → {p['after']}" for p in row["proof"][:3]) or row["proof_words"]
