"""What is known of each operation from all actions and runs, and the table that shows it."""

import time
from collections.abc import Mapping
from typing import Any

from callboard.api import Act, Cell, Context, Figure, Figures, Table, Words
from callboard_api_test.apps import App

KEY = "operations"
MOST_APPS = 20
MOST_OPERATIONS = 1_000
State = Mapping[str, Any]


def note(ctx: Context, app: App, found: Mapping[str, Mapping[str, Any]], *, whole: bool = False) -> None:
    """Adds what an action found out about operations, by label, and shows the table. `whole` forgets those that are gone."""
    mark = f"{app.folder}:{app.shown}"
    now = time.time()

    def changed(former: Any) -> dict[str, Any]:
        known: dict[str, Any] = former if isinstance(former, dict) else {}
        here = known.get(mark)
        of_app: dict[str, Any] = here if isinstance(here, dict) else {}
        kept: dict[str, Any] = {label: value for label, value in of_app.items() if not whole or label in found}
        for label, facts in found.items():
            before = kept.get(label)
            kept[label] = {**(before if isinstance(before, dict) else {}), **facts, "at": now}
        others = {name: value for name, value in known.items() if name != mark}
        return {**dict(list(others.items())[-MOST_APPS:]), mark: dict(list(kept.items())[:MOST_OPERATIONS])}

    show(ctx, ctx.memory.update(KEY, changed, {}))


def show(ctx: Context, known: Mapping[str, Mapping[str, State]]) -> None:
    """The section 'operations': figures, and a row for each operation, the troubled first."""
    rows: list[tuple[int, list[str | float | int | Cell | None]]] = []
    for mark, operations in known.items():
        folder, _, target = mark.partition(":")
        for label, facts in operations.items():
            if isinstance(facts, dict):
                rows.append(_row(folder, target, label, facts, len(known) > 1))
    rows.sort(key=lambda pair: pair[0])
    every = [facts for operations in known.values() for facts in operations.values() if isinstance(facts, dict)]
    failing = sum(bool(facts.get("failure")) for facts in every)
    slower = sum(bool(facts.get("slower")) for facts in every)
    open_ = sum(facts.get("auth") == "open" for facts in every)
    figures = Figures(
        [
            Figure("operations", len(every)),
            Figure("tried", sum(bool(facts.get("tried")) for facts in every)),
            Figure("failing", failing, state="bad" if failing else "good"),
            Figure("open though declared closed", open_, state="bad" if open_ else "good"),
            Figure("slower than usual", slower, state="unsure" if slower else "good"),
        ]
    )
    columns = ("operation", "tried", "access", "p50 ms", "p95 ms", "usual p95 ms", "last failure", "state", "")
    table = Table(columns, [row for _, row in rows], title="Operations")
    old = [float(facts.get("at", 0)) for facts in every]
    words = (
        Words(f"Newest of what is shown: {_day(max(old))}; oldest: {_day(min(old))}.")
        if old
        else Words("Nothing was tried yet.")
    )
    ctx.show("operations", figures, table, words)


def _row(
    folder: str, target: str, label: str, facts: State, several: bool
) -> tuple[int, list[str | float | int | Cell | None]]:
    auth = str(facts.get("auth", ""))
    failure = str(facts.get("failure", ""))
    slower = bool(facts.get("slower"))
    troubled = bool(failure) or auth == "open"
    state = (
        Cell("fails", state="bad")
        if troubled
        else Cell("slower", state="unsure")
        if slower
        else Cell("fine", state="good")
    )
    if not facts.get("tried") and not troubled and "p95" not in facts and not auth:
        state = Cell("not tried", state="quiet")
    shown = f"{label} ({target})" if several else label
    place = Cell(shown, path=str(facts.get("path", "")), line=int(facts.get("line", 0) or 0))
    options = {"app": target, "folder": folder, "operation": label, "accept_baseline": True}
    act: Cell | None = Cell("", act=Act("accept as baseline", "api.latency", options)) if slower else None
    access = Cell(auth, state="bad" if auth == "open" else "unsure" if auth == "anybody" else "")
    row: list[str | float | int | Cell | None] = [
        place, "yes" if facts.get("tried") else "no", access, facts.get("p50"), facts.get("p95"), facts.get("usual"),
        failure, state, act,
    ]  # fmt: skip
    return (0 if troubled else 1 if slower else 2, row)


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
