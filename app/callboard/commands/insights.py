"""What to do next at the terminal: listed, taken, overruled, snoozed; rules that act alone; the report of a week."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from callboard.cli import DONE
from callboard.commands.alerts import COLOURS, until_moment
from callboard.commands.cells import cut
from callboard.commands.doors import reading_desk, remote_desk, settings_of
from callboard.commands.export import write_pieces
from callboard.commands.show import ago, paint, plain, print_json, table
from callboard.errors import ConfigError
from callboard.guard.trust import user_name
from callboard.settings import Settings

SNOOZE = "2h"
MOST_SHOWN = 20
MOST_TITLE, MOST_CLICK = 62, 27  # so that the table fits 120 columns


def insights(given: argparse.Namespace) -> int:
    """The ranked list, one advice, a word about one, or the rules."""
    settings = settings_of(given)
    match given.act:
        case "take" | "overrule" | "snooze" | "reopen":
            return _said(settings, given)
        case "rules":
            return _rules(settings, given)
        case "show":
            row = reading_desk(settings).advice_one(_name(given))
            if given.json:
                print_json(row)
            else:
                _say(row)
            return DONE
        case _:
            pass
    found = reading_desk(settings).insights()
    if given.json:
        print_json(found)
        return DONE
    if not found["next"]:
        sys.stdout.write("nothing is to be done next, as far as is known\n")
    else:
        table(
            [
                (row["id"], str(round(row["score"])), paint(row["severity"], COLOURS.get(row["severity"], "")),
                 cut(row["title"], MOST_TITLE),
                 cut(row["act"]["title"] if row["act"] else f"see {row['href']}", MOST_CLICK))
                for row in found["next"][:MOST_SHOWN]
            ],
            ("ADVICE", "SCORE", "SEVERITY", "WHAT", "ONE CLICK"),
        )  # fmt: skip
    if len(found["next"]) > MOST_SHOWN:
        sys.stdout.write(f"and {len(found['next']) - MOST_SHOWN} more with --json\n")
    if found["taken"]:
        sys.stdout.write("\n")
        table(
            [
                (row["id"], row["state"], row["title"], row["by"], ago(row["at"]), _outcome(row))
                for row in found["taken"][:MOST_SHOWN]
            ],
            ("ADVICE", "STATE", "WHAT", "BY", "WHEN", "WHAT CAME OF IT"),
        )
    return DONE


def _say(row: Any) -> None:
    sys.stdout.write(f"{row['id']}  {paint(plain(row['title']), '1')}  (score {row['score']:.0f}, {row['kind']})\n")
    sys.stdout.write(f"{plain(row['words'], 2_000)}\n\n")
    for reason in row["reasons"]:
        sys.stdout.write(f"  because  {plain(reason, 1_000)}\n")
    for factor in row["factors"]:
        sys.stdout.write(f"  {factor['value']:+7.1f}  {plain(factor['name'])}: {plain(factor['words'], 300)}\n")
    sys.stdout.write(f"     gain  {_gain(row) or plain(row['gain_why'], 500)}\n")
    sys.stdout.write(f"     risk  {row['risk']['level']}: {plain(row['risk']['words'], 500)}\n")
    if row["measure"]:
        sys.stdout.write(f"  measure  {plain(row['measure'], 500)}\n")
    for one in row["evidence"]:
        sys.stdout.write(f"      see  {plain(one['words'], 200)}  {paint(plain(one['href']), '2')}\n")
    for number, act in enumerate(row["acts"]):
        command = f"  ({plain(act['command'], 300)})" if act["command"] else ""
        sys.stdout.write(f"      act  {number}: {plain(act['title'], 200)}{command}\n")
    if row["state"] != "open":
        sys.stdout.write(f"    state  {row['state']} by {plain(row['by'])}: {_outcome(row)}\n")


def _gain(row: Any) -> str:
    gain = row["gain"]
    if not gain:
        return ""
    from callboard.insight.advice_drafts import lasting

    low, high = lasting(gain["low_s"]), lasting(gain["high_s"])
    return plain(f"{high if low == high else f'{low} to {high}'} {gain['words']}", 200)


def _outcome(row: Any) -> str:
    if row["state"] == "snoozed" and row["until"]:
        return f"until {datetime.fromtimestamp(row['until']).strftime('%Y-%m-%d %H:%M')}"
    if row["helped"]:
        word = {True: "it helped: ", False: "it did not help: ", None: ""}[row["helped"].get("yes")]
        return plain(word + row["helped"]["words"], 300)
    return plain(row["reason"], 300)


def _said(settings: Settings, given: argparse.Namespace) -> int:
    name, by = _name(given), user_name()
    until = until_moment(given.until or SNOOZE, time.time()) if given.act == "snooze" else 0.0
    if given.act == "overrule" and not given.reason.strip():
        raise ConfigError("say why: `callboard insights overrule ID --reason '…'`; it is kept and counted")
    acts: dict[str, Callable[[Any], Any]] = {
        "take": lambda desk: desk.take_advice(name, by, given.choose),
        "overrule": lambda desk: desk.overrule_advice(name, given.reason, by),
        "snooze": lambda desk: desk.snooze_advice(name, until, by),
        "reopen": lambda desk: desk.reopen_advice(name, given.reason, by),
    }
    row = _with_desk(settings, acts[given.act])
    if given.json:
        print_json(row)
    else:
        done = {"overrule": "is overruled and stays away", "reopen": "is open again",
                "snooze": f"is quiet, {_outcome(row)}"}.get(given.act) or row.get("done", "is taken")  # fmt: skip
        sys.stdout.write(f"{row['id']} {plain(row['title'])}: {plain(done, 500)}\n")
    return DONE


def _with_desk(settings: Settings, act: Callable[[Any], Any]) -> Any:
    remote = remote_desk(settings)
    if remote is not None:
        return act(remote)
    from callboard.wiring import House

    with House(settings, quiet=True) as house:
        return act(house.desk)


def _rules(settings: Settings, given: argparse.Namespace) -> int:
    if given.undo:
        row = _with_desk(settings, lambda desk: desk.rule_undo(_name(given), user_name()))
        if given.json:
            print_json(row)
        else:
            sys.stdout.write(f"{plain(row['name'])}: {plain(row['done'], 500)}\n")
        return DONE
    desk = reading_desk(settings)
    rows = [desk.rule_dry_run(_name(given), user_name())] if given.dry_run else desk.advice_rule_rows(given.name)
    if given.json:
        print_json(rows)
        return DONE
    if not rows:
        sys.stdout.write("no rule acts alone here; write [rules.NAME] into callboard.toml\n")
    for row in rows:
        sys.stdout.write(f"{paint(plain(row['name']), '1')} ({row['state']}): {plain(row['words'], 1_000)}\n")
        if row["trouble"]:
            sys.stdout.write(f"  {paint('trouble', '33')}  {plain(row['trouble'], 500)}\n")
        for act in row["acts"]:
            undone = f", undone by {plain(act['undone']['by'])}" if act["undone"] else ""
            sys.stdout.write(
                f"  {ago(act['at']):>12}  {plain(act['title'], 200)}: {plain(act['words'], 300)}{undone}\n"
            )
        if row["dry"]:
            would = row["dry"]["would"]
            sys.stdout.write(f"  dry run: {would} {'time' if would == 1 else 'times'} in {row['dry']['days']} days\n")
            for line in row["dry"]["lines"]:
                sys.stdout.write(f"    {plain(line, 300)}\n")
    return DONE


def report(given: argparse.Namespace) -> int:
    """The week's report: on the terminal, as JSON, or as one page."""
    settings = settings_of(given)
    row = reading_desk(settings).insights_report(given.week)
    if given.output:
        from callboard.show.report.week import week_page

        def pieces() -> Iterator[bytes]:
            yield week_page(row)

        write_pieces(pieces(), given.output)
        return DONE
    if given.json:
        print_json(row)
        return DONE
    sys.stdout.write(f"{paint(row['week'], '1')} {plain(row['workspace_name'])}\n")
    for line in row["lines"] or ["Nothing happened that week."]:
        sys.stdout.write(f"  {plain(line, 500)}\n")
    if row["taken"]:
        sys.stdout.write("\n")
        table(
            [(one["title"], one["by"], ago(one["at"]), _outcome(one)) for one in row["taken"][:MOST_SHOWN]],
            ("TAKEN", "BY", "WHEN", "DID IT HELP"),
        )
    sys.stdout.write(f"\n{plain(row['calibration']['words'], 300)}\n")
    return DONE


def _name(given: argparse.Namespace) -> str:
    if not given.name:
        raise ConfigError(f"name it: `callboard insights {given.act} NAME`; `callboard insights` lists them")
    return str(given.name)
