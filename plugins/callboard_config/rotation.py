"""When each secret was last changed, as far as anything shows it, and which are due."""

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from callboard.api import (
    Block,
    Cell,
    Context,
    Figure,
    Figures,
    Finding,
    Result,
    Severity,
    Table,
    counted,
    judged,
    unknown,
)
from callboard_config.envfiles import GIT
from callboard_config.options import Rotation
from callboard_config.secrecy import is_secret_name
from callboard_config.secret_dates import SecretPlace, Seen, note_secrets, secret_places

_CI_SECRET = re.compile(r"\bsecrets\.([A-Za-z_]\w*)|(?:name|key):\s*[\"']?([A-Z][A-Z0-9_]*)[\"']?\s*\n\s+valueFrom")
_BLAME = re.compile(r"^([0-9a-f]{40}) \d+ (\d+)(?: \d+)?$")


@dataclass(frozen=True, slots=True)
class Age:
    """`since` is None without evidence; `exact` when it is the day of a change, else the value is at least that old."""

    name: str
    path: str
    line: int
    since: datetime | None
    exact: bool
    evidence: str


def remind(ctx: Context, options: Rotation) -> Result:
    """Reports secrets that are older than their limit; UNKNOWN when nothing shows the age of any."""
    now = datetime.now(UTC)
    ages = list(_ages(ctx, now))
    if not ages:
        return unknown("no setting here has the name of a secret, so nothing can be due")
    limits = _limits(ctx.settings, options)
    due = 0
    for age in ages:
        limit = next((days for pattern, days in limits if fnmatch.fnmatchcase(age.name.upper(), pattern)), options.days)
        if age.since is None or now - age.since <= timedelta(days=limit):
            continue
        due += 1
        days = (now - age.since).days
        changed = "changed" if age.exact else "last changed at least"
        ctx.finding(
            Finding(
                rule="secret-old",
                severity=Severity.MEDIUM if days > 2 * limit else Severity.LOW,
                message=f"'{age.name}' was {changed} {days:,} days ago ({age.evidence}); it is due every {limit}",
                path=age.path,
                line=age.line,
                help="Issue a new one, set it everywhere, revoke the old one; or say in [agents.config.rotated] when it changed",
            )
        )
    without = sum(age.since is None for age in ages)
    ctx.show("rotation", *_blocks(ages, limits, options.days, now, due))
    ctx.metric("config.secrets.due", float(due))
    if without == len(ages):
        return unknown(
            f"nothing shows when any of {counted(len(ages), 'secret')} was last changed; versions (config.snapshot) will, or say it"
            " in [agents.config.rotated]"
        )
    notes = [f"{counted(without, 'secret')} without evidence of their age"] if without else []
    return judged(ctx, options.fail_on, counted(len(ages), "secret"), notes=notes, outputs={"due": due})


def _ages(ctx: Context, now: datetime) -> Iterator[Age]:
    rotated = _dates(ctx.settings.get("rotated"))
    seen = note_secrets(ctx)
    blamed: dict[str, dict[int, datetime]] = {}
    told: set[tuple[str, str]] = set()
    for place in secret_places(ctx):
        told.add((place.name, ""))
        if (place.name, place.path) in told:
            continue
        told.add((place.name, place.path))
        if place.name in rotated:
            yield Age(place.name, place.path, place.line, rotated[place.name], True, "told in callboard.toml")
        elif place.tracked and (lines := blamed.setdefault(place.path, _blame(ctx, place.path))).get(place.line):
            yield Age(place.name, place.path, place.line, lines[place.line], True, "git's history of the line")
        else:
            yield _by_memory(ctx, place, seen.get((place.path, place.name)), now)
    for name, path, line in _elsewhere(ctx):
        if (name, "") not in told:
            told.add((name, ""))
            told_date = rotated.get(name)
            yield Age(name, path, line, told_date, True, "told in callboard.toml" if told_date else "kept elsewhere")


def _by_memory(ctx: Context, place: SecretPlace, seen: Seen | None, now: datetime) -> Age:
    """By the versions that were kept; a file that was not written since a day, has had the value since then."""
    if seen is not None and seen.changed:
        return Age(place.name, place.path, place.line, seen.since, True, "a change that was noticed")
    try:
        written = datetime.fromtimestamp((ctx.workspace.path / place.path).stat().st_mtime, UTC)
    except OSError:
        written = now
    first = seen.since if seen is not None else now
    if written < first:
        return Age(place.name, place.path, place.line, written, False, "the date of the file, a hint")
    return Age(place.name, place.path, place.line, first, False, "first seen then")


def _blame(ctx: Context, path: str) -> dict[int, datetime]:
    """When each line was last written, by line; lines that are not committed are of now."""
    run = ctx.run_tool([*GIT, "blame", "--porcelain", "--", path], timeout=120)
    if run.code != 0:
        return {}
    times: dict[str, datetime] = {}
    lines: dict[int, str] = {}
    commit = ""
    for text in run.stdout.split("\n"):
        head = None if text.startswith("\t") else _BLAME.match(text)
        if head is not None:
            commit = head[1]
            lines[int(head[2])] = commit
        elif text.startswith("author-time ") and commit:
            times[commit] = datetime.fromtimestamp(int(text.split()[1]), UTC)
    return {line: times[commit] for line, commit in lines.items() if commit in times}


def _elsewhere(ctx: Context) -> Iterator[tuple[str, str, int]]:
    """Secrets that a CI or a cluster keeps, by where they are asked for."""
    patterns = (".github/workflows/*.yml", ".github/workflows/*.yaml", "*.yml", "*.yaml")
    for path in ctx.workspace.matching(*patterns):
        text = ctx.workspace.text(path, 500_000)
        for match in _CI_SECRET.finditer(text):
            name = match[1] or match[2]
            if name != "GITHUB_TOKEN" and is_secret_name(name):
                yield name, path, text.count("\n", 0, match.start()) + 1


def _limits(settings: Mapping[str, Any], options: Rotation) -> list[tuple[str, int]]:
    """(pattern, days): options first, then the agent's own table."""
    found: list[tuple[str, int]] = []
    for entry in options.limits:
        pattern, _, days = entry.partition("=")
        if days.strip().isdigit():
            found.append((pattern.strip().upper(), int(days)))
    table = settings.get("rotation")
    for pattern, value in table.items() if isinstance(table, Mapping) else ():
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            found.append((str(pattern).upper(), value))
    return found


def _dates(table: Any) -> dict[str, datetime]:
    found = {}
    for name, value in table.items() if isinstance(table, Mapping) else ():
        try:
            found[str(name)] = datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
        except ValueError:
            continue
    return found


def _blocks(ages: list[Age], limits: list[tuple[str, int]], usual: int, now: datetime, due: int) -> list[Block]:
    rows: list[list[str | int | Cell | None]] = []
    for age in sorted(ages, key=lambda a: (a.since is None, a.since or now)):
        limit = next((days for pattern, days in limits if fnmatch.fnmatchcase(age.name.upper(), pattern)), usual)
        days = None if age.since is None else (now - age.since).days
        state = (
            Cell("unknown", "unsure") if days is None else Cell("due", "bad") if days > limit else Cell("fine", "good")
        )
        old: str | int = "" if days is None else days if age.exact else f"{days} or more"
        rows.append([age.name, Cell(age.path, "", age.path, age.line), old, age.evidence, limit, state])
    without = sum(age.since is None for age in ages)
    figures = Figures([
        Figure("secrets", len(ages)),
        Figure("due", due, state="bad" if due else "good"),
        Figure("age unknown", without, state="unsure" if without else "good"),
    ])  # fmt: skip
    return [figures, Table(["Secret", "Where", "Days", "Evidence", "Due every", "State"], rows)]
