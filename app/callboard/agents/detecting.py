"""The detecting process: `python -I -m callboard.agents.detecting` prints one JSON line for each plugin: the jobs that
it proposes for a workspace. Nothing of the workspace is run."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from callboard.agents.children import call_each
from callboard.agents.loading import Point, entry_points, hook_functions, listed
from callboard.errors import PluginError
from callboard.work.jobs import Job
from callboard.work.workspace import Workspace

MEMORY_MB = 2_048
ALL_TIMES = 2


def main() -> None:
    """Reads `{"workspace", "config", "leave_out": [plugins], "paths", "seconds"}` from standard input."""
    asked = json.load(sys.stdin)
    points = [point for point in entry_points(asked["paths"]) if point.name not in asked["leave_out"]]
    workspace = Workspace(Path(asked["workspace"]), asked["config"])
    print(json.dumps({"t": "files", "count": len(workspace.files)}), flush=True)
    works = [partial(proposed, point, workspace) for point in points]
    seconds = float(asked["seconds"])
    for answer in call_each(works, seconds=seconds, all_seconds=seconds * ALL_TIMES, memory_mb=MEMORY_MB):
        point = points[answer.index]
        line = {"t": "plugin", "index": answer.index, "name": point.name, "error": answer.trouble, "jobs": answer.value}
        print(json.dumps(line), flush=True)


def proposed(point: Point, workspace: Workspace) -> list[dict[str, Any]]:
    """What the plugin proposes, in plain values."""
    jobs = []
    for call in hook_functions(point, "callboard_detect"):
        for job in listed(call(workspace=workspace), "callboard_detect"):
            if not isinstance(job, Job):
                raise PluginError(f"callboard_detect proposes {type(job).__name__}; it must propose instances of Job")
            jobs.append(_plain(job))
    return jobs


def _plain(job: Job) -> dict[str, Any]:
    if not isinstance(job.options, Mapping):
        raise PluginError(f"options of job '{job.name}' are no mapping")
    return {
        "name": job.name,
        "action": job.action,
        "because": job.because,
        "options": dict(job.options),
        "needs_jobs": list(job.needs_jobs),
        "after": list(job.after),
        "needs": None if job.needs is None else asdict(job.needs),
        "stage": job.stage,
        "estimate": job.estimate,
    }


if __name__ == "__main__":
    main()
