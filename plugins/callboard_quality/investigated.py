"""What investigations found: the result, its artefact, and the section that lists the newest of them."""

import json
import time
from collections.abc import Mapping
from typing import Any

from callboard.api import CallboardError, Cell, Context, Result, Table, clean, passed, unknown

SECTION = "investigations"
NEWEST = 20
STATES = {
    "broken": "bad",
    "flaky": "unsure",
    "gone": "good",
    "environment": "unsure",
    "unknown": "unsure",
    "named": "good",
}


def told(ctx: Context, kind: str, what: str, case: Mapping[str, Any], *, is_told: bool, state: str) -> Result:
    """The result of an investigation: PASS when it could tell, whatever it told, else UNKNOWN; kept, shown and returned."""
    path = ctx.scratch / f"{kind}.json"
    path.write_text(json.dumps(case, indent=1, ensure_ascii=False, default=str), "utf-8", "replace")
    ctx.artifact(path, kind="json")
    words = str(case.get("words", ""))
    entry = {"at": time.time(), "kind": kind, "what": clean(what, 300), "state": state, "words": clean(words, 600)}
    try:
        entries = ctx.memory.append("investigated", entry, NEWEST)
        rows = [_row(one) for one in reversed(entries) if isinstance(one, dict)]
        ctx.show(SECTION, Table(["when", "what was done", "with", "found"], rows, "Newest investigations"))
    except (CallboardError, OSError, TypeError, ValueError) as error:
        ctx.log(f"the section of the investigations cannot be shown: {error}", "warning")
    outputs = {"case": {"kind": kind, **case}}
    return passed(words, outputs=outputs) if is_told else unknown(words, outputs=outputs)


def _row(entry: Mapping[str, Any]) -> list[str | float | int | Cell | None]:
    moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(float(entry.get("at", 0))))
    state = STATES.get(str(entry.get("state")), "")
    found = Cell(str(entry.get("words", "")), state)  # type: ignore[arg-type]  # one of the states, by the table above
    return [moment, str(entry.get("kind", "")), str(entry.get("what", "")), found]
