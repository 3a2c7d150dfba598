"""Cases at the terminal: listed, shown, and a word about one; what helped before."""

import argparse
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from callboard.cli import DONE
from callboard.commands.case_work import bundle, investigate
from callboard.commands.doors import reading_desk, remote_desk, settings_of
from callboard.commands.show import ago, paint, plain, print_json, table
from callboard.errors import ConfigError
from callboard.guard.trust import user_name
from callboard.settings import Settings

Row = dict[str, Any]
COLOURS = {"critical": "1;31", "high": "31", "medium": "33", "low": "34"}
STATES = {"closed": "32", "new": "31", "reproducing": "36", "verifying": "36", "fix-proposed": "35"}
MOST_STEPS = 30
MOST_SYMPTOMS = 40


def cases(given: argparse.Namespace) -> int:
    """What is open, the one that matters most first."""
    desk = reading_desk(settings_of(given))
    state = given.state or ("" if given.all else "open")
    told = desk.cases(
        state=state, severity=given.severity, agent=given.agent, text=given.text, kind=given.kind, assignee=given.assignee,
        limit=given.limit,
    )  # fmt: skip
    if given.json:
        print_json(told)
        return DONE
    rows = told["cases"]
    if not rows:
        sys.stdout.write("no case is open\n" if state == "open" else "no case fits\n")
        return DONE
    table(
        [
            (row["name"], str(row["priority"]), paint(row["severity"], COLOURS.get(row["severity"], "")), _state(row),
             plain(row["title"], 80), f"{row['symptoms'] - row['gone']} of {row['symptoms']}", _who(row), ago(row["seen"]))
            for row in rows
        ],
        ("CASE", "PRIORITY", "SEVERITY", "STATE", "WHAT", "THERE", "WITH", "SEEN"),
    )  # fmt: skip
    if told["left_out"]:
        sys.stdout.write(f"and {told['left_out']} more; see --limit\n")
    return DONE


def case(given: argparse.Namespace) -> int:
    """One case, or a word about one."""
    settings = settings_of(given)
    words = list(given.words)
    if words[0] in ACTS or words[0] in ("bundle", "investigate"):
        act, words = words[0], words[1:]
    else:
        act, words = "show", words[1:] if words[0] == "show" else words
    if not words:
        raise ConfigError(f"name the case: `callboard case {act} 7`; `callboard cases` lists them")
    number = number_of(words[0])
    if act == "bundle":
        return bundle(number, given)
    if act == "investigate":
        return investigate(number, words[1:], given)
    if act == "show":
        return _shown(reading_desk(settings), number, given)
    return told_of(settings, given, lambda desk: ACTS[act](desk, number, words[1:], given))


def told_of(settings: Settings, given: argparse.Namespace, act: Callable[[Any], Row]) -> int:
    """Carries out a word by the running server, or by an engine that is started for it, and says how the case is then."""
    remote = remote_desk(settings)
    if remote is not None:
        page = act(remote)
    else:
        from callboard.wiring import House

        with House(settings, quiet=True) as house:
            page = act(house.desk)
    if given.json:
        print_json(page)
        return DONE
    row = page["case"]
    sys.stdout.write(f"{row['name']} {_state(row)} {plain(row['title'], 200)}\n{plain(row['words'], 500)}\n")
    return DONE


def number_of(name: str) -> int:
    """7 of '7', 'C7' and 'c7'; raises `ConfigError`."""
    bare = name[1:] if name[:1] in "Cc" else name
    if not (bare.isascii() and bare.isdecimal() and len(bare) <= 12):
        raise ConfigError(f"'{plain(name, 40)}' is no case; name it by its number, such as 7 or C7")
    return int(bare)


def _triage(desk: Any, number: int, words: list[str], given: argparse.Namespace) -> Row:
    return dict(desk.triage_case(number, user_name(), given.reason))


def _assign(desk: Any, number: int, words: list[str], given: argparse.Namespace) -> Row:
    return dict(
        desk.assign_case(number, words[0] if words else given.to, user_name(), given.reason, instead=given.instead)
    )


def _accept(desk: Any, number: int, words: list[str], given: argparse.Namespace) -> Row:
    if not given.until:
        raise ConfigError("say until when: --until 2027-01-31, 7d, 2w; it comes back by itself afterwards")
    return dict(desk.accept_case(number, given.reason, given.until, user_name()))


def _close(desk: Any, number: int, words: list[str], given: argparse.Namespace) -> Row:
    return dict(desk.close_case(number, given.reason, user_name()))


def _reopen(desk: Any, number: int, words: list[str], given: argparse.Namespace) -> Row:
    return dict(desk.reopen_case(number, given.reason, user_name()))


def _merge(desk: Any, number: int, words: list[str], given: argparse.Namespace) -> Row:
    if len(words) != 1:
        raise ConfigError("name the case that it is part of: `callboard case merge 7 3`")
    return dict(desk.merge_case(number, number_of(words[0]), given.reason, user_name()))


def _split(desk: Any, number: int, words: list[str], given: argparse.Namespace) -> Row:
    """Symptoms are named by their places in `callboard case show`."""
    page = desk.case(number)
    try:
        places = sorted({int(word) for text in words for word in text.split(",") if word})
        keys = [page["symptoms"][place - 1]["key"] for place in places if place > 0]
    except (ValueError, IndexError) as error:
        raise ConfigError(
            f"name symptoms by their numbers in `callboard case show {number}`: `callboard case split {number} 2 3`"
        ) from error
    return dict(desk.split_case(number, keys, given.reason, user_name()))


def _comment(desk: Any, number: int, words: list[str], given: argparse.Namespace) -> Row:
    return dict(desk.comment_case(number, " ".join(words) or given.reason, user_name()))


ACTS: Mapping[str, Callable[[Any, int, list[str], argparse.Namespace], Row]] = {
    "triage": _triage, "assign": _assign, "accept": _accept, "close": _close, "reopen": _reopen, "merge": _merge,
    "split": _split, "comment": _comment,
}  # fmt: skip


def _shown(desk: Any, number: int, given: argparse.Namespace) -> int:
    page = desk.case(number)
    if given.json:
        print_json(page)
        return DONE
    row = page["case"]
    out = sys.stdout.write
    out(
        f"{row['name']} {paint(row['severity'], COLOURS.get(row['severity'], ''))} {_state(row)} {plain(row['title'], 300)}\n"
    )
    if row["cause"]["words"]:
        out(f"  why one case: {plain(row['cause']['words'], 500)}\n")
    factors = "; ".join(f"{one['name']} {one['value']:g} ({plain(one['words'], 200)})" for one in row["factors"])
    out(f"  priority {row['priority']}: {factors}\n")
    if row["assignee"]:
        out(f"  with {_who(row)}: {plain(row['assignee']['why'], 300)}\n")
    for name, words in (("flaky", row["flaky"]), ("broken by", row["broken_by"]), ("fix", row["fix"])):
        if words:
            out(f"  {name}: {plain(words['words'], 400)}\n")
    if row["resolution"]:
        out(f"  resolved: {plain(row['resolution'].get('words', ''), 400)}\n")
    out(f"  next: {plain(row['next'], 400)}\n\n")
    for nth, one in enumerate(page["symptoms"][:MOST_SYMPTOMS], 1):
        place = f" {plain(one['path'], 200)}:{one['line']}" if one["path"] else ""
        gone = paint("gone", "32") if one["gone"] else "there"
        out(f"  {nth:>3} {gone} {plain(one['check'], 80)}{place}: {plain(one['title'], 200)}\n")
    if len(page["symptoms"]) > MOST_SYMPTOMS:
        out(f"      and {len(page['symptoms']) - MOST_SYMPTOMS} more; see --json\n")
    out("\n")
    for step in page["timeline"][-MOST_STEPS:]:
        out(f"{ago(step['at']):>14}  {plain(step['words'], 1000)}\n")
    for one in page["suggestions"]:
        tried = f" (worked {one['worked']} of {one['tried']} times here)" if one["tried"] else ""
        command = f"\n        {plain(one['act']['command'], 200)}" if one["act"] else ""
        out(f"  try: {plain(one['words'], 300)}{tried}{command}\n")
    return DONE


def knowledge(given: argparse.Namespace) -> int:
    """What resolved such cases before, and how often that worked."""
    told = reading_desk(settings_of(given)).knowledge(" ".join(given.text), given.limit)
    if given.json:
        print_json(told)
        return DONE
    if not told["families"]:
        sys.stdout.write("nothing is known of that yet\n" if given.text else "nothing was resolved yet\n")
    for family in told["families"]:
        sys.stdout.write(f"{plain(family['title'], 200)} ({family['n']} case{'' if family['n'] == 1 else 's'})\n")
        for one in family["resolutions"]:
            seen = ", ".join(f"C{number}" for number in one["cases"][:5])
            worked = f"worked {one['worked']} of {one['tried']}"
            sys.stdout.write(f"    {worked}: {plain(one['words'], 200)} [{one['kind']}] {seen}, {ago(one['last'])}\n")
    return DONE


def _who(row: Row) -> str:
    held = row["assignee"]
    return (
        "" if held is None else f"@{plain(held['name'], 60)}" if held["kind"] == "person" else plain(held["name"], 60)
    )


def _state(row: Row) -> str:
    until = f" until {datetime.fromtimestamp(row['until']).strftime('%Y-%m-%d')}" if row["until"] else ""
    back = f", back {row['reopened']}x" if row["reopened"] else ""
    return paint(row["state"], STATES.get(row["state"], "33")) + until + back
