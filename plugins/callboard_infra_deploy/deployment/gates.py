"""What must be green before a release is made, and the room that must be free."""

import fnmatch
import shutil
from dataclasses import dataclass, field

from callboard.api import Context, Verdict
from callboard_infra_deploy.deployment.building import commit_of, uncommitted
from callboard_infra_deploy.deployment.store import Store
from callboard_infra_deploy.deployment.target import Environment
from callboard_infra_deploy.listening import is_free

LEAST_DISK_MB = 200.0
GREEN = ("succeeded", "unchanged")


@dataclass(slots=True)
class Gates:
    """`green` is the evidence, `missing` what keeps the gate shut."""

    green: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def gates_of(ctx: Context, environment: Environment) -> Gates:
    """Each pattern of the gate must name tasks of the same run, and all of them must be green; UNKNOWN is not green."""
    gates = Gates()
    for pattern in environment.gate:
        fitting = [task for name, task in ctx.upstream.items() if fnmatch.fnmatchcase(name, pattern)]
        if not fitting:
            gates.missing.append(f"no task of this run before this one is named '{pattern}'")
        for task in fitting:
            if task.state in GREEN and task.verdict in (Verdict.PASS, None):
                gates.green.append(f"{task.name}: {task.summary or task.state}"[:300])
            else:
                verdict = " with verdict unknown" if task.state in GREEN else ""
                gates.missing.append(f"{task.name} {task.state}{verdict}: {task.summary}"[:300])
    return gates


def evidence_gaps(ctx: Context, environment: Environment, commit: str) -> list[str]:
    """Why the gate's evidence is not about this very commit: it was found in the workspace as it stands."""
    if not environment.gate:
        return []
    head, _ = commit_of(ctx, "")
    if head != commit:
        return [f"the gate looked at commit {head[:12]}, not at {commit[:12]}"]
    changed = uncommitted(ctx)
    if not changed:
        return []
    count = "1 file differs" if len(changed) == 1 else f"{len(changed)} files differ"
    return [f"{count} from the commit ({', '.join(changed[:3])}): commit first"]


def room_trouble(ctx: Context, environment: Environment, store: Store) -> str:
    """What there is too little of, '' for enough room."""
    import psutil

    free_mb = shutil.disk_usage(store.folder).free / 1_048_576
    wanted = max(environment.disk_mb, LEAST_DISK_MB)
    if free_mb < wanted:
        return f"{free_mb:,.0f} MiB are free on the disk of {store.folder}, {wanted:,.0f} are needed"
    there_mb = psutil.virtual_memory().available / 1_048_576
    if there_mb < environment.memory_mb:
        return f"{there_mb:,.0f} MiB of memory are available, {environment.memory_mb:,.0f} are needed"
    for port in environment.ports:
        ctx.boundary.check_bind(port)
        if not is_free(port):
            return f"port {port}, which must be free, is taken"
    return ""
