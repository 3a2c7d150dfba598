"""Tests that the team has set aside for a while, and the patch that sets one aside."""

import datetime
import fnmatch
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callboard.api import CallboardError, Context, Result, TestCase, clean, failed, passed, unknown
from callboard_quality.history import History
from callboard_quality.options import QuarantineOptions

CONFIG = "callboard.toml"
USUAL_DAYS = 30
KEYS = ("test", "until", "reason", "owner")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the quarantine; `fault` says why it does not hold, '' when it does."""

    test: str
    until: datetime.date | None
    reason: str
    owner: str
    fault: str = ""

    def covers(self, *names: str) -> bool:
        """Whether it means a test that goes by one of the names; parameters in brackets may be left out."""
        for name in names:
            plain = name.partition("[")[0]
            if self.test in (name, plain):
                return True
            if set(self.test) & set("*?") and fnmatch.fnmatchcase(name, self.test.replace("[", "[[]")):
                return True
        return False

    @property
    def words(self) -> str:
        """'until 2027-01-31: races the clock (ana)'."""
        who = f" ({self.owner})" if self.owner else ""
        return f"until {self.until}" + (f": {self.reason}" if self.reason else "") + who


class Quarantine:
    """The table `quarantine` of the agent's settings, at a day."""

    def __init__(self, settings: Mapping[str, Any], today: datetime.date) -> None:
        entries = list(_entries(settings.get("quarantine")))
        self.today = today
        self.faulty = [entry for entry in entries if entry.fault]
        self._holds = [e for e in entries if not e.fault and e.until is not None and e.until >= today]
        self._over = [e for e in entries if not e.fault and e.until is not None and e.until < today]

    def holding(self, *names: str) -> Entry | None:
        """The entry that sets a test aside today."""
        return next((entry for entry in self._holds if entry.covers(*names)), None)

    def expired(self, *names: str) -> Entry | None:
        """The entry that set a test aside until a day that is over; None also when another one holds."""
        if self.holding(*names) is not None:
            return None
        return next((entry for entry in self._over if entry.covers(*names)), None)

    @property
    def listed(self) -> list[tuple[Entry, int]]:
        """All entries that have a day, with the days that are left: 0 on the last one, below 0 when it is over."""
        dated = [*self._holds, *self._over]
        return sorted(
            ((e, (e.until - self.today).days) for e in dated if e.until is not None), key=lambda pair: pair[1]
        )


def names_of(case: TestCase) -> tuple[str, ...]:
    """The ways a person may name a test of a report: pytest's id, made from the dotted class name, and the report's own words."""
    parts = case.classname.split(".") if case.classname else []
    ids = (f"{'/'.join(parts[:n])}.py::{'::'.join([*parts[n:], case.name])}" for n in range(len(parts), 0, -1))
    own = [f"{case.file}::{case.name}", f"{case.file} > {case.name}"] if case.file else []
    return (
        *own,
        *ids,
        f"{case.classname}::{case.name}",
        f"{case.classname}.{case.name}",
        f"{case.classname} > {case.name}",
    )


def _entries(table: Any) -> Iterator[Entry]:
    for item in table if isinstance(table, list) else []:
        known = item if isinstance(item, dict) else {}
        test, reason, owner = (str(known.get(key, "")) for key in ("test", "reason", "owner"))
        until, fault = None, ""
        try:
            until = datetime.date.fromisoformat(str(known.get("until", ""))[:10])
        except ValueError:
            fault = f"its 'until' is {known.get('until')!r}, which is no day such as 2027-01-31"
        fault = fault if test else "it names no test"
        yield Entry(test, until, reason, owner, fault)


def propose_quarantine(ctx: Context, options: QuarantineOptions) -> Result:
    """A patch to callboard.toml that sets a test aside until a day; nothing is changed before a person accepts it."""
    if not options.test:
        return unknown("no test was named; say which with test = '...'")
    today = datetime.datetime.now().astimezone().date()
    try:
        until = (
            datetime.date.fromisoformat(options.until) if options.until else today + datetime.timedelta(days=USUAL_DAYS)
        )
    except ValueError:
        return failed(f"until = '{options.until}' is no day such as {today + datetime.timedelta(days=USUAL_DAYS)}")
    if until < today:
        return failed(f"{until} is over already; a quarantine ends on a day to come")
    held = Quarantine(ctx.settings, today).holding(options.test)
    if held is not None:
        return passed(f"{options.test} is set aside already, {held.words}")
    entry = {
        "test": options.test,
        "until": str(until),
        "reason": options.reason or _known_of(ctx, options.test),
        "owner": options.owner,
    }
    try:
        with ctx.worktree() as tree:
            path = tree.path / CONFIG
            before = path.read_text("utf-8") if path.is_file() else ""
            path.write_text(with_entry(before, entry), "utf-8")
            proof = {"checks": [], "words": f"{CONFIG} still reads as it did, with one entry more"}
            kept = ctx.patch(tree, "quarantine", proof)
    except (CallboardError, OSError, UnicodeDecodeError) as error:
        return unknown(f"no patch was made: {error}")
    if kept is None:
        return unknown(f"no patch was made: {CONFIG} says so already")
    return passed(
        f"a patch sets {options.test} aside until {until}; accept it, and its failures are told but not counted"
    )


def _known_of(ctx: Context, test: str) -> str:
    """What the history says of a test, in words; 'flaky' when it says nothing."""
    for key in list(ctx.memory.keys()):
        if key.startswith("history."):
            record = History(ctx.memory, key.removeprefix("history.")).tests.get(test)
            if record is not None and record.tries[0]:
                bad, tries = record.tries
                return f"flaky: failed at first in {bad} of {tries} runs"
    return "flaky"


def with_entry(text: str, entry: Mapping[str, str]) -> str:
    """The text of a callboard.toml with one more quarantined test; raises `CallboardError` when it cannot be added safely."""
    try:
        before = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CallboardError(f"{CONFIG} is no TOML: {error}") from error
    line = ", ".join(f"{key} = {_quoted(entry.get(key, ''))}" for key in KEYS if entry.get(key))
    quality = _quality(before)
    old = quality.get("quarantine", [])
    if isinstance(quality.get("quarantine"), list) and (
        match := re.search(r"^[ \t]*quarantine[ \t]*=[ \t]*\[", text, re.MULTILINE)
    ):
        after = f"{text[: match.end()]}\n    {{{line}}},{text[match.end() :]}"
        wanted = [dict(entry), *old]
    else:
        block = "\n".join(f"{key} = {_quoted(entry[key])}" for key in KEYS if entry.get(key))
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        after = f"{text}{gap}[[agents.quality.quarantine]]\n{block}\n"
        wanted = [*old, dict(entry)] if isinstance(old, list) else []
    try:
        read = tomllib.loads(after)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CallboardError(f"the entry does not fit into {CONFIG} as it is: {error}") from error
    wanted = [{key: value for key, value in item.items() if value != ""} for item in wanted]
    if _quality(read).get("quarantine") != wanted or _without(read) != _without(before):
        raise CallboardError(f"the entry does not fit into {CONFIG} as it is; add it by hand: {{{line}}}")
    return after


def _quality(tables: Mapping[str, Any]) -> Mapping[str, Any]:
    agents = tables.get("agents")
    quality = agents.get("quality") if isinstance(agents, dict) else None
    return quality if isinstance(quality, dict) else {}


def _without(tables: Mapping[str, Any]) -> Any:
    """The tables without the quarantine, and without the tables that are empty then."""
    agents = dict(tables["agents"]) if isinstance(tables.get("agents"), dict) else {}
    quality = {key: value for key, value in _quality(tables).items() if key != "quarantine"}
    agents.pop("quality", None)
    rest = {key: value for key, value in tables.items() if key != "agents"}
    return rest, agents, quality


def _quoted(text: str) -> str:
    """A TOML string; JSON's own escapes are TOML's too, but for the delete character."""
    return json.dumps(clean(text, 500), ensure_ascii=False).replace("\x7f", "\\u007f")


def faulty_words(entries: Sequence[Entry]) -> str:
    """'; 1 entry of the quarantine does not hold: …', or ''."""
    if not entries:
        return ""
    first = entries[0]
    return f"; {len(entries)} of the quarantine does not hold ({first.test or 'an entry'}: {first.fault})"
