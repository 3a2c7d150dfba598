"""The roadmap at the terminal: its layers, a change with its tasks; assign, withdraw, done, tick, place, refresh."""

import argparse
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from callboard.cli import DONE, FAILED
from callboard.commands.doors import reading_desk, remote_desk, settings_of
from callboard.commands.options import action_options
from callboard.commands.show import ago, paint, plain, print_json, table
from callboard.errors import ConfigError
from callboard.guard.trust import user_name
from callboard.settings import Settings

Row = dict[str, Any]
COLOURS = {"critical": "1;31", "high": "31", "medium": "33", "low": "34"}
STATES = {"running": "36", "failed": "31", "done": "32", "waits": "33"}
MOST_CHECKS = 20
MOST_STEPS = 20
DAY = "%Y-%m-%d"


def roadmap(given: argparse.Namespace) -> int:
    """The roadmap, one change of it, or a word about it."""
    settings = settings_of(given)
    words = list(given.words)
    if words and words[0] in ACTS:
        return ACTS[words[0]](settings, given, words[1:])
    words = words[1:] if words[:1] == ["show"] else words  # for a change that is called as an act is
    if len(words) > 1:
        raise ConfigError(f"name one change, or an act: {', '.join(ACTS)}")
    desk = reading_desk(settings)
    row = desk.roadmap_change(words[0]) if words else desk.roadmap()
    if given.json:
        print_json(row)
    elif words:
        _change(row)
    else:
        _whole(row)
    return DONE


def _told(settings: Settings, given: argparse.Namespace, act: Callable[[Any], Row], words: Callable[[Row], str]) -> int:
    """Carries out a wish by the running server, or by an engine that is started for it, and says what it did."""
    remote = remote_desk(settings)
    if remote is not None:
        row = act(remote)
    else:
        from callboard.wiring import House

        with House(settings, quiet=True) as house:
            row = act(house.desk)
    if given.json:
        print_json(row)
    else:
        sys.stdout.write(words(row) + "\n")
    return DONE


def _assign(settings: Settings, given: argparse.Namespace, words: list[str]) -> int:
    if not words:
        raise ConfigError(
            "name the tasks: `callboard roadmap assign add-login#1.2`; `callboard roadmap CHANGE` lists them"
        )
    options = action_options(given.option)
    refused: list[Row] = []

    def act(desk: Any) -> Row:
        row: Row = desk.roadmap_assign(
            words, given.to, given.action, options, given.reason, user_name(), instead=given.instead
        )
        refused.extend(row["refused"])
        return row

    def said(row: Row) -> str:
        lines = []
        for one in row["assigned"]:
            to = f"@{one['to']}" if one["kind"] == "person" else f"{one['to']} ({one['action']})"
            hold = f"; {one['hold']}" if one["hold"] else ""
            why = f": {plain(one['why'], 400)}" if one["why"] else ""
            lines.append(f"{plain(one['ref'])} is with {plain(to)}{why}{plain(hold, 400)}")
        lines += [f"{plain(one['ref'])} was not assigned: {plain(one['why'], 600)}" for one in row["refused"]]
        return "\n".join(lines)

    code = _told(settings, given, act, said)
    return FAILED if refused else code


def _one(words: list[str], what: str) -> str:
    if len(words) != 1:
        raise ConfigError(f"name one task: `callboard roadmap {what} add-login#1.2`")
    return words[0]


def _withdraw(settings: Settings, given: argparse.Namespace, words: list[str]) -> int:
    ref = _one(words, "withdraw")

    def said(row: Row) -> str:
        return f"{plain(row['ref'])} is with nobody any more" + (
            f"; run {row['run']} was cancelled" if row["run"] else ""
        )

    return _told(settings, given, lambda desk: desk.roadmap_withdraw(ref, given.reason, user_name()), said)


def _done(settings: Settings, given: argparse.Namespace, words: list[str]) -> int:
    ref = _one(words, "done")
    if not given.note.strip():
        raise ConfigError(f'say how it was done: `callboard roadmap done "{ref}" --note …`; that note is the evidence')

    def said(row: Row) -> str:
        tick = f" Its line: {plain(row['tick_why'], 400)}" if row["tick_why"] else ""
        return f"{plain(row['ref'])} is done, by the word of {plain(row['evidence']['by'])}.{tick}"

    return _told(settings, given, lambda desk: desk.roadmap_done(ref, given.note, user_name()), said)


def _tick(settings: Settings, given: argparse.Namespace, words: list[str]) -> int:
    ref = _one(words, "tick")
    return _told(
        settings,
        given,
        lambda desk: desk.roadmap_tick(ref, user_name()),
        lambda row: f"{plain(row['ref'])} is ticked: {plain(row['tick_why'], 400)}",
    )


def _place(settings: Settings, given: argparse.Namespace, words: list[str]) -> int:
    if len(words) != 1:
        raise ConfigError("name one change: `callboard roadmap place add-login --layer high`")
    layer = None if given.layer is None else "" if given.layer == "rules" else given.layer
    after = None if given.after is None else [] if given.after == ["nothing"] else given.after
    rank = None if given.rank is None else given.rank - 1

    def said(row: Row) -> str:
        after = f", after {', '.join(map(plain, row['after']))}" if row["after"] else ""
        return f"{plain(row['id'])} is {row['layer']}, number {row['rank'] + 1} there{after}"

    return _told(
        settings,
        given,
        lambda desk: desk.roadmap_place(words[0], layer, rank, after, given.reason, user_name()),
        said,
    )


def _refresh(settings: Settings, given: argparse.Namespace, words: list[str]) -> int:
    if words:
        raise ConfigError("`callboard roadmap refresh` takes no names; it reads all of it")
    row = reading_desk(settings).roadmap_refresh()
    if given.json:
        print_json(row)
    else:
        _whole(row)
    return DONE


ACTS: dict[str, Callable[[Settings, argparse.Namespace, list[str]], int]] = {
    "assign": _assign, "withdraw": _withdraw, "done": _done, "tick": _tick, "place": _place, "refresh": _refresh,
}  # fmt: skip


def _whole(row: Row) -> None:
    out = sys.stdout.write
    if row["trouble_of_config"]:
        out(paint(plain(row["trouble_of_config"], 400), "31") + "\n")
    if not row["there"]:
        out(f"{plain(row['why'], 400)}\n")
        return
    out(
        f"{row['done']:,} of {row['total']:,} tasks done, {row['changes_done']} of {len(row['changes'])} changes complete\n"
    )
    for layer in row["layers"]:
        if layer["changes"]:
            head = f"{layer['layer']}: {layer['done']} of {layer['total']}, {layer['percent']} %; {_eta(layer)}"
            out(f"\n{paint(head, COLOURS[layer['layer']])}\n")
            table([_line(one) for one in row["changes"] if one["layer"] == layer["layer"]],
                  ("CHANGE", "DONE", "%", "WHEN", "WHO", "WAITS FOR"))  # fmt: skip
    if row["path"]["changes"]:
        out(f"\ncritical path: {plain(row['path']['words'], 600)}\n")
    for one in row["milestones"]:
        late = paint(" late", "31") if one["late"] else ""
        due = f", due {one['due']}" if one["due"] else ""
        out(
            f"milestone {plain(one['title'])}: {one['done']} of {one['total']}, {one['percent']} %{due}; {_eta(one)}{late}\n"
        )
    if row["circle"]:
        out(paint(f"the order goes in a circle: {plain(row['circle'], 600)}", "31") + "\n")
    checks = row["checks"]
    for check in checks[:MOST_CHECKS]:
        where = f" {plain(check['path'])}:{check['line'] or 1}" if check["path"] else ""
        out(f"{paint(check['severity'], COLOURS.get(check['severity'], ''))} {plain(check['words'], 300)}{where}\n")
    if len(checks) > MOST_CHECKS:
        out(f"and {len(checks) - MOST_CHECKS} more checks; see --json\n")


def _eta(row: Row) -> str:
    found = row["eta"]
    if found is None:
        return f"no date: {plain(row['eta_why'], 200)}"
    return f"{_day(found['p50'])} to {_day(found['p80'])}"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at).strftime(DAY)


def _line(one: Row) -> tuple[str, ...]:
    who = ", ".join([*([f"@{one['owner']}"] if one["owner"] else []), *one["agents"]])
    why = one["blockers"][0]["words"] if one["blockers"] else ""
    more = f" (+{len(one['blockers']) - 1})" if len(one["blockers"]) > 1 else ""
    when = f"{_day(one['eta']['p50'])}…{_day(one['eta']['p80'])}" if one["eta"] else "-"
    mark = "*" if one["critical"] else ""
    return (f"{one['id']}{mark}", f"{one['done']}/{one['total']}", str(one["percent"]), when, who, why + more)


def _change(row: Row) -> None:
    out = sys.stdout.write
    one = row["change"]
    out(f"{paint(plain(one['id']), '1')} {plain(one['title'], 200)}\n")
    out(f"{one['layer']} ({plain(one['layer_why'], 200)}), {one['done']} of {one['total']} done; {_eta(one)}\n")
    if one["after"]:
        out(f"after {', '.join(map(plain, one['after']))} ({plain(one['after_why'], 300)})\n")
    for blocker in one["blockers"]:
        out(paint(f"blocked: {plain(blocker['words'], 400)}", "31") + "\n")
    for section in row["sections"]:
        out(f"\n{paint(plain(section['title'], 200) or 'tasks', '1')}  {section['done']}/{section['total']}\n")
        for task in section["tasks"]:
            out(f"  [{plain(task['mark']) or ' '}] {_named(task)}{_who(task)}\n")
    for check in row["checks"][:MOST_CHECKS]:
        out(
            f"\n{check['severity']}: {plain(check['words'], 400)}"
            + (f" {plain(check['mend'], 200)}" if check["mend"] else "")
        )
    if row["history"]:
        out("\n\n")
    for step in row["history"][:MOST_STEPS]:
        out(f"{ago(step['at']):>14}  {plain(step['words'], 400)}\n")


def _named(task: Row) -> str:
    """Its number and text, the number once."""
    number = plain(task["ref"].partition("#")[2])
    text = plain(task["text"], 200)
    return text if text.startswith(f"{number} ") else f"{number} {text}"


def _who(task: Row) -> str:
    found = task["assignment"]
    if found is None:
        suggested = task["suggested"]
        fits = suggested and suggested["to"]
        return paint(f"  ({suggested['action'] or '@' + suggested['to']} could)", "2") if suggested and fits else ""
    to = f"@{found['to']}" if found["kind"] == "person" else found["action"] or found["to"]
    more = found["hold"] or (found["words"] if found["state"] in ("failed", "done") else "")
    if found["tick"] in ("off", "refused"):
        more = f"{more}; not ticked: {found['tick_why']}"
    words = f"  {plain(to)} {found['state']}" + (f": {plain(more, 300)}" if more else "")
    return paint(words, STATES.get(found["state"], ""))
