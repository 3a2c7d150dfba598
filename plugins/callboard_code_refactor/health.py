"""The health of the code, commit by commit: what each action measured, remembered and shown together."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from callboard.api import Act, Block, Cell, Context, Figure, Figures, Table
from callboard_code_refactor.git import Head, head

KEY = "health"
MOST_COMMITS = 300
SHOWN_COMMITS = 20
FEW = 3
# measure -> its name on the page
MEASURES: Mapping[str, str] = {
    "functions": "functions",
    "complexity_total": "complexity, all",
    "complexity_mean": "complexity, mean",
    "complexity_max": "complexity, worst",
    "indentation": "indentation of JS and TS",
    "duplication": "duplicated lines, %",
    "dead_code": "unused pieces",
    "dependencies": "dependency issues",
    "outdated": "outdated forms",
    "hotspots": "hotspots",
}
NEUTRAL = {"functions", "indentation", "complexity_total"}  # more code has more of these


def note(ctx: Context, folder: str, **measured: float) -> None:
    """Remembers what was measured of the whole workspace at its commit, and shows the section anew.

    Work that is not committed has an entry of its own, which the next look takes over.
    """
    if folder not in ("", "."):
        return
    where = head(ctx.workspace.path)
    entry = _entry(where) | {name: round(value, 3) for name, value in measured.items()}
    entries = ctx.memory.update(KEY, lambda former: _replaced(former, entry), [])
    show(ctx, entries)


def _replaced(former: Any, entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """With a clean tree there is no uncommitted work any more, so its entry goes."""
    known = former if isinstance(former, list) else []
    return merged(
        [one for one in known if not entry["commit"] or (isinstance(one, dict) and one.get("commit"))], [entry]
    )


def note_commits(ctx: Context, found: Sequence[Mapping[str, Any]]) -> None:
    """Remembers what was measured of earlier commits, and shows the section anew."""
    show(ctx, ctx.memory.update(KEY, lambda former: merged(former, found), []))


def remembered(ctx: Context) -> dict[str, dict[str, Any]]:
    """What is known, by commit."""
    entries = ctx.memory.get(KEY, [])
    known = entries if isinstance(entries, list) else []
    return {str(entry.get("commit")): entry for entry in known if isinstance(entry, dict)}


def _entry(where: Head | None) -> dict[str, Any]:
    if where is None:
        return {"commit": "", "time": int(time.time()), "subject": "no commit"}
    if where.changed:
        return {"commit": "", "time": int(time.time()), "subject": f"uncommitted work on {where.commit}"}
    return {"commit": where.commit, "time": where.time, "subject": where.subject}


def merged(former: Any, fresh: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry per commit, oldest first, at most MOST_COMMITS; fresh figures replace those of the same commit."""
    kept: dict[str, dict[str, Any]] = {}
    for entry in [*(former if isinstance(former, list) else []), *fresh]:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("time"), int):
            continue
        commit = str(entry.get("commit", ""))
        base = kept.get(commit, {})
        if commit == "" and base.get("subject") != entry.get("subject"):
            base = {}
        kept[commit] = {**base, **entry}
    ordered = sorted(kept.values(), key=lambda entry: (entry["time"], entry.get("order", 0)))
    return ordered[-MOST_COMMITS:]


def show(ctx: Context, entries: Sequence[Mapping[str, Any]]) -> None:
    """Fills the section 'health' with the newest figures beside the former ones, and a row for each commit."""
    columns = [name for name in MEASURES if any(name in entry for entry in entries)]
    figures = [figure for name in columns if (figure := _figure(name, entries)) is not None]
    rows = [
        [
            str(entry.get("commit") or "now"),
            datetime.fromtimestamp(entry["time"], UTC).strftime("%Y-%m-%d"),
            str(entry.get("subject", ""))[:60],
            *(_number(entry.get(name)) for name in columns[:9]),
        ]
        for entry in reversed(entries[-SHOWN_COMMITS:])
    ]
    named = ["commit", "date", "subject", *(MEASURES[name] for name in columns[:9])]
    blocks: list[Block] = [
        Figures(figures),
        Table(named, rows, title="By commit", more=max(0, len(entries) - SHOWN_COMMITS)),
    ]
    if len(entries) < FEW:
        button = Cell("measure the last commits", act=Act("Measure", "refactor.trend"))
        blocks.append(Table(["to see a trend"], [[button]]))
    ctx.show("health", *blocks)


def _figure(name: str, entries: Sequence[Mapping[str, Any]]) -> Figure | None:
    values = [entry[name] for entry in entries if isinstance(entry.get(name), (int, float))]
    if not values:
        return None
    now, before = values[-1], values[-2] if len(values) > 1 else None
    note = "" if before is None else "as before" if now == before else f"{_number(before)} before"
    state: Literal["", "good", "bad"] = ""
    if before is not None and now != before and name not in NEUTRAL:
        state = "bad" if now > before else "good"
    unit = "%" if name == "duplication" else ""
    return Figure(MEASURES[name].removesuffix(", %"), _number(now) or 0, unit, state=state, note=note)


def _number(value: Any) -> float | int | None:
    if not isinstance(value, (int, float)):
        return None
    return int(value) if float(value).is_integer() else round(float(value), 2)
