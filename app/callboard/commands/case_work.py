"""Work on cases at the terminal: investigated, taken away as one archive; incidents."""

import argparse
import sys
from pathlib import Path
from typing import Any

from callboard.cli import DONE
from callboard.commands.doors import ensure_trust, reading_desk, remote_desk, settings_of
from callboard.commands.show import ago, plain, print_json, table
from callboard.errors import CallboardError, ConfigError
from callboard.guard.running import write_private
from callboard.guard.trust import user_name

Row = dict[str, Any]


def investigate(number: int, words: list[str], given: argparse.Namespace) -> int:
    """Starts a step for a case; without a server it works here until that step is over, and says what came of it."""
    settings = settings_of(given)
    what = words[0] if words else "auto"
    remote = remote_desk(settings)
    if remote is not None:
        return _begun(remote.investigate_case(number, what, user_name()), given)
    ensure_trust(settings, given)
    import queue

    from callboard.commands.following import drained, follow
    from callboard.wiring import House

    with House(settings) as house:
        messages: queue.SimpleQueue[Row] = queue.SimpleQueue()
        given.since = house.desk.last_seq()
        stop = house.desk.watch(messages.put)
        answer = house.desk.investigate_case(number, what, user_name())
        if not given.json:
            _begun(answer, given)
        given.events = False
        code = follow(house.desk, answer["run"], given, drained(messages))
        stop()
        desk = house.desk
        desk.case_collect(desk.case_of(number), desk.case_work.case_runs().get(number, []))
        if not given.json:
            sys.stdout.write(f"next: {plain(desk.case(number)['case']['next'], 400)}\n")
        return code


def _begun(answer: Row, given: argparse.Namespace) -> int:
    if given.json:
        print_json(answer)
    else:
        sys.stdout.write(f"{answer['case']['name']}: {plain(answer['words'], 400)} (run {answer['run']})\n")
    return DONE


def bundle(number: int, given: argparse.Namespace) -> int:
    """Writes the archive of a case, for its owner's eyes only."""
    return _written(reading_desk(settings_of(given)).case_bundle(number), given)


def _written(named: tuple[str, bytes], given: argparse.Namespace) -> int:
    name, content = named
    place = Path(given.output or name)
    if place.is_dir():
        place = place / name
    try:
        write_private(place, content)
    except OSError as error:
        raise CallboardError(f"{place} cannot be written: {error.strerror}") from error
    if given.json:
        print_json({"file": str(place), "bytes": len(content)})
    else:
        sys.stdout.write(f"{place}: {len(content):,} bytes; lines that look like secrets are veiled\n")
    return DONE


def incident(given: argparse.Namespace) -> int:
    """Incidents: listed, begun, ended, their evidence written."""
    settings = settings_of(given)
    act, names = given.act, list(given.names)
    if given.case and not given.case.lstrip("cC").isdecimal():
        raise ConfigError(f"'{plain(given.case, 40)}' is no case; name it by its number, such as 7 or C7")
    if act == "list":
        return _listed(reading_desk(settings).incidents(), given)
    if act == "bundle":
        return _written(reading_desk(settings).incident_bundle(_number(names)), given)

    def told(desk: Any) -> Row:
        if act == "end":
            return dict(desk.end_incident(_number(names), given.reason, user_name()))
        case = int(given.case.lstrip("cC")) if given.case else None
        return dict(
            desk.begin_incident(names, given.reason, user_name(), case=case, stop=given.stop, crew=given.revoke_crew)
        )

    remote = remote_desk(settings)
    if remote is not None:
        row = told(remote)
    else:
        from callboard.wiring import House

        with House(settings, quiet=True) as house:
            row = told(house.desk)
    return _said(row, given)


def _number(names: list[str]) -> int:
    if len(names) != 1 or not (names[0].isascii() and names[0].isdecimal() and len(names[0]) < 13):
        raise ConfigError("name the incident by its number; `callboard incident` lists them")
    return int(names[0])


def _listed(rows: list[Row], given: argparse.Namespace) -> int:
    if given.json:
        print_json({"incidents": rows})
        return DONE
    if not rows:
        sys.stdout.write("there was no incident\n")
        return DONE
    table(
        [
            (str(row["id"]), row["state"], ", ".join(row["agents"]), f"C{row['case']}" if row["case"] else "",
             plain(row["by"], 40), ago(row["at"]), plain(row["reason"], 80))
            for row in rows
        ],
        ("INCIDENT", "STATE", "AGENTS", "CASE", "BY", "WHEN", "WHY"),
    )  # fmt: skip
    return DONE


def _said(row: Row, given: argparse.Namespace) -> int:
    if given.json:
        print_json(row)
        return DONE
    sys.stdout.write(f"incident {row['id']} {'is over' if row['ended'] else 'goes on'}: {plain(row['reason'], 300)}\n")
    for words in row["words_list"]:
        sys.stdout.write(f"- {plain(words, 500)}\n")
    return DONE
