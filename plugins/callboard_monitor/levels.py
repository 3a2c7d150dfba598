"""Service levels: counted by the probes and the scrapes, judged here."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

from callboard.api import Cell, Context, Figure, Figures, Finding, Result, Severity, Table
from callboard_monitor.budget import (
    Counts,
    Standing,
    as_figures,
    burn_words,
    counts_of,
    kept_form,
    standing,
)
from callboard_monitor.judge import verdict
from callboard_monitor.settings import Level, levels, place_of
from callboard_monitor.words import State, plural, slug, span


def key_of(level: Level) -> str:
    """Where the counts of a level are remembered."""
    return f"level-{hashlib.sha256(level.name.encode('utf-8', 'replace')).hexdigest()[:12]}"


def count(ctx: Context, level: Level, at: float, good: float, total: float) -> None:
    """Adds events. A level that counts something else than before starts anew."""
    if total <= 0:
        return

    def added(former: object) -> dict[str, Any]:
        same = isinstance(former, Mapping) and former.get("indicator") == level.indicator
        counts = counts_of(former) if same else Counts()
        counts.add(at, min(good, total), total)
        counts.thin(at, level.window)
        return {"indicator": level.indicator, "rows": kept_form(counts)}

    ctx.memory.update(key_of(level), added, {})


def standing_of(ctx: Context, level: Level, now: float) -> Standing:
    """How a level stands, from what is remembered."""
    kept = ctx.memory.get(key_of(level))
    same = isinstance(kept, Mapping) and kept.get("indicator") == level.indicator
    return standing(counts_of(kept) if same else Counts(), level.objective, level.window, now)


def judge_levels(ctx: Context, names: Sequence[str], fail_on: str) -> Result:
    """Reports each level that is missed or burns too fast. UNKNOWN where too little was counted."""
    chosen = [level for level in levels(ctx.settings) if not names or level.name in names]
    if not chosen:
        return verdict(ctx, "", fail_on, ["callboard.toml has no [agents.monitor.levels.NAME]"])
    now = time.time()
    unchecked: list[str] = []
    outputs: dict[str, Any] = {}
    rows = []
    for level in chosen:
        stands = standing_of(ctx, level, now)
        outputs[level.name] = as_figures(stands)
        problem = report(ctx, level, stands)
        if not problem and not stands.enough:
            unchecked.append(f"{level.name}: {stands.few if stands.total else 'nothing was counted yet'}")
        rows.append((level, stands, problem))
    show_levels(ctx, rows)
    judged = [level.name for level, stands, _ in rows if stands.total]
    looked = f"{plural(len(judged), 'service level')}, {sum(s.total for _, s, _ in rows):,.0f} events" if judged else ""
    return verdict(ctx, looked, fail_on, unchecked, {"levels": outputs})


def report(ctx: Context, level: Level, stands: Standing) -> str:
    """Reports what is wrong with the level; returns it in a word, '' when nothing is."""
    name = slug(level.name)
    if stands.total:
        ctx.metric(f"monitor.level.{name}.attained", stands.attained, "%")
        if stands.left is not None and stands.enough:
            ctx.metric(f"monitor.level.{name}.budget_left", 100 * stands.left, "%")
    mark = hashlib.sha256(f"level\x1f{level.name}".encode("utf-8", "replace")).hexdigest()[:12]
    path, line = place_of(ctx.workspace.text("callboard.toml"), level.name, "agents.monitor.levels")
    problem = ""
    if stands.missed:
        problem = "missed"
        ctx.finding(
            Finding(
                "service-level-missed",
                Severity.HIGH,
                f"service level {level.name} ({level.words}): {stands.words()}",
                path,
                line,
                help="spend no more of it: hold risky changes back and mend what fails most",
                fingerprint=f"miss{mark}",
            )
        )
    burning = [burn for burn in stands.burns if burn.burning]
    if burning:
        urgent = any(burn.pace.urgent for burn in burning)
        worst = max(burning, key=lambda burn: (burn.pace.urgent, burn.pace.factor))
        last = stands.exhaustion
        ends = f"; it is gone in {span(last)}" if last is not None else ""
        problem = problem or ("burns fast" if urgent else "burns")
        ctx.finding(
            Finding(
                "budget-burns-fast" if urgent else "budget-burns",
                Severity.HIGH if urgent else Severity.MEDIUM,
                f"service level {level.name}: {burn_words(worst, level.window)}{ends}",
                path,
                line,
                help="see which requests fail since then, and undo the last change if it began with it",
                fingerprint=f"burn{mark}",
            )
        )
    return problem


def show_levels(ctx: Context, rows: Sequence[tuple[Level, Standing, str]]) -> None:
    """The section 'Service levels'."""
    figures, lines = [], []
    for level, stands, problem in rows:
        enough = stands.enough and stands.left is not None
        left = f"{100 * stands.left:.0f}" if enough and stands.left is not None else "–"
        state: State = "bad" if problem else "good" if enough else "unsure"
        figures.append(Figure(level.name, left, "% of the budget left" if enough else "", state, stands.words()[:200]))
        lasts = stands.exhaustion
        lines.append(
            (
                level.name,
                level.words,
                f"{100 * level.objective:g} % over {span(level.window)}",
                f"{stands.attained:.3f} %" if stands.total else "–",
                f"{stands.bad:,.0f} of {stands.total:,.0f}",
                Cell(f"{left} %" if enough else "too few", state),
                _burn(stands, "1 h"),
                _burn(stands, "6 h"),
                span(lasts) if lasts is not None and lasts < level.window and enough else "–",
                Cell(problem or ("as agreed" if enough else "not known"), state),
            )
        )
    columns = (
        "Level",
        "Counts",
        "Objective",
        "Attained",
        "Bad",
        "Budget left",
        "Burn 1 h",
        "Burn 6 h",
        "Gone in",
        "State",
    )
    ctx.show("levels", Figures(figures), Table(columns, lines))


def _burn(stands: Standing, name: str) -> Cell | str:
    for burn in stands.burns:
        if burn.pace.name == name and burn.long is not None:
            return Cell(f"{burn.long:.1f} ×", "bad" if burn.burning else "")
    return "–"
