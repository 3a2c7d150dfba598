"""The process that asks for fixes: `python -I -m callboard.agents.fixing` prints one JSON line for each plugin: what it offers
for the symptoms of a case. Nothing of the workspace is run."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from callboard.agents.children import call_each
from callboard.agents.loading import Point, entry_points, hook_functions, listed
from callboard.errors import PluginError
from callboard.work.fixes import Fix, Symptom
from callboard.work.workspace import Workspace

MEMORY_MB = 2_048
ALL_TIMES = 2
MOST_OF_ONE = 20


def main() -> None:
    """Reads `{"workspace", "config", "symptoms", "leave_out": [plugins], "paths", "seconds"}` from standard input."""
    asked = json.load(sys.stdin)
    points = [point for point in entry_points(asked["paths"]) if point.name not in asked["leave_out"]]
    workspace = Workspace(Path(asked["workspace"]), asked["config"])
    symptoms = [symptom_of(fields_of) for fields_of in asked["symptoms"]]
    works = [partial(offered, point, workspace, symptoms) for point in points]
    seconds = float(asked["seconds"])
    for answer in call_each(works, seconds=seconds, all_seconds=seconds * ALL_TIMES, memory_mb=MEMORY_MB):
        point = points[answer.index]
        line = {"t": "plugin", "name": point.name, "error": answer.trouble, "fixes": answer.value}
        print(json.dumps(line), flush=True)


def symptom_of(given: Mapping[str, Any]) -> Symptom:
    """The symptom of plain values; what it does not know is left out."""
    known = {field.name for field in fields(Symptom)}
    values = {name: value for name, value in given.items() if name in known}
    return Symptom(**{**values, "tests": tuple(values.get("tests", ()))})


def offered(point: Point, workspace: Workspace, symptoms: Sequence[Symptom]) -> list[dict[str, Any]]:
    """What the plugin offers, in plain values, each with the place of its symptom."""
    found: list[dict[str, Any]] = []
    for call in hook_functions(point, "callboard_fixes"):
        for place, symptom in enumerate(symptoms):
            for fix in listed(call(symptom=symptom, workspace=workspace), "callboard_fixes")[:MOST_OF_ONE]:
                if not isinstance(fix, Fix):
                    raise PluginError(f"callboard_fixes offers {type(fix).__name__}; it must offer instances of Fix")
                found.append({"symptom": place, **_plain(fix)})
    return found


def _plain(fix: Fix) -> dict[str, Any]:
    if not isinstance(fix.options, Mapping):
        raise PluginError(f"options of the fix by '{fix.action}' are no mapping")
    return {"action": fix.action, "options": dict(fix.options), "words": fix.words, "tests": list(fix.tests)}


if __name__ == "__main__":
    main()
