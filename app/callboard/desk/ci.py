"""What CI would do, as the GitHub Actions files of the workspace say it, beside what the pipeline does here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from callboard.core.task import TaskSpec
from callboard.desk.plans import Plans
from callboard.link.github import (
    SETUP,
    CiJob,
    Step,
    Workflow,
    commands_of,
    purpose_of_action,
    purpose_of_command,
    read_workflows,
)
from callboard.planning import Prepared
from callboard.rows import Row
from callboard.work.finding import clean

AGENT_PURPOSE = {
    "quality.tests": "tests", "quality.shard": "tests", "quality.npm_tests": "tests", "quality.journeys": "browser tests",
    "quality.gather": "coverage", "quality.lint": "lint", "quality.npm_lint": "lint", "quality.types": "types",
    "infra.package": "build", "infra.deploy": "deploy", "infra.dockerfiles": "files", "infra.compose": "files",
    "infra.workflows": "files", "infra.scripts": "files", "config.schema": "files",
}  # fmt: skip
GROUP_PURPOSE = {"security": "security", "refactor": "structure", "api": "API tests"}
COVERED = frozenset(("coverage",))
LISTED = 8


@dataclass(frozen=True, slots=True)
class Local:
    """A job of the pipeline here: which tools do its work, and what for."""

    name: str
    purpose: str
    tools: frozenset[str]


class Ci(Plans):
    """CI's files are read anew for each look."""

    def ci(self, pipeline: str = "", workspace: str | None = None) -> Row:
        """`workflows` with their jobs, steps and each step's checks, `differences` to the pipeline of this name, and `counts`.

        A check is 'same' (the same tool does it here), 'like' (another tool for the same purpose), 'none' (nobody does it here),
        'setup', or 'unknown' (the file does not tell what it is for).
        """
        prepared = self.prepare(pipeline, workspace=Path(workspace) if workspace else None, keep=False)
        workflows, trouble = read_workflows(prepared.workspace)
        locals_ = [_local(spec, prepared) for spec in prepared.built.specs]
        offered = {
            tool: action.name
            for agent in prepared.catalogue.agents
            for action in agent.actions
            for tool in action.tools
        }
        rows = [_workflow(workflow, locals_) for workflow in workflows]
        told = [{"path": t.path, "line": t.line, "words": t.words} for t in trouble]
        told += [{"path": t.path, "line": t.line, "words": t.words} for w in workflows for t in w.trouble]
        checks = [
            (workflow, job, step, check)
            for workflow in rows
            for job in workflow["jobs"]
            for step in job["steps"]
            for check in step["checks"]
        ]
        met = {name for *_, check in checks for name in check["jobs"]}
        only_here = [local.name for local in locals_ if local.name not in met] if rows else []
        counts = {state: sum(c["state"] == state for *_, c in checks) for state in ("same", "like", "none", "unknown")}
        return {
            "there": bool(rows or told),
            "workspace": str(prepared.workspace),
            "pipeline": prepared.built.name,
            "workflows": rows,
            "differences": _differences(checks, only_here, offered),
            "counts": {**counts, "only_here": len(only_here)},
            "only_here": only_here,
            "trouble": told,
        }


def _local(spec: TaskSpec, prepared: Prepared) -> Local:
    info = prepared.catalogue.action(spec.action) if spec.action and not spec.argv else None
    tools = set(info.tools if info else ())
    if spec.argv:
        found = [purpose_of_command(command) for command in commands_of(" ".join(map(_quoted, spec.argv)))]
        purpose, tool = next((pair for pair in found if pair[0] != SETUP), ("", ""))
        return Local(spec.name, purpose, frozenset({tool} - {""}))
    script = spec.options.get("script")
    if isinstance(script, str):
        tools |= {f"npm {script}", script}
    purpose = AGENT_PURPOSE.get(spec.action) or GROUP_PURPOSE.get(spec.action.partition(".")[0], "")
    return Local(spec.name, purpose, frozenset(tools - {"npm", "git"}))


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _workflow(workflow: Workflow, locals_: Sequence[Local]) -> Row:
    return {
        "path": workflow.path,
        "name": workflow.name or workflow.path.rpartition("/")[2],
        "triggers": list(workflow.triggers),
        "jobs": [_job(job, locals_) for job in workflow.jobs],
    }


def _job(job: CiJob, locals_: Sequence[Local]) -> Row:
    return {
        "id": job.id, "name": job.name, "line": job.line, "needs": list(job.needs), "runs_on": job.runs_on, "when": job.when,
        "calls": job.calls, "matrix": [{"axis": axis, "values": list(values)} for axis, values in job.matrix],
        "services": list(job.services), "steps": [_step(step, locals_) for step in job.steps],
    }  # fmt: skip


def _step(step: Step, locals_: Sequence[Local]) -> Row:
    if step.uses:
        pairs = [(purpose_of_action(step.uses), step.uses)]
    else:
        pairs = [(purpose_of_command(command), command.text) for command in commands_of(step.run)]
    checks = [_check(purpose, tool, text, locals_) for (purpose, tool), text in pairs]
    return {
        "name": step.name, "line": step.line, "folder": step.folder, "when": step.when, "uses": step.uses,
        "checks": [check for check in checks if check["state"] != "setup"],
        "setup": sum(check["state"] == "setup" for check in checks),
    }  # fmt: skip


def _check(purpose: str, tool: str, text: str, locals_: Sequence[Local]) -> Row:
    row: Row = {"text": clean(text, 300), "purpose": purpose, "tool": clean(tool, 100), "jobs": []}
    if purpose == SETUP:
        return {**row, "state": "setup", "words": "prepares"}
    if not purpose and not any(tool in local.tools for local in locals_):
        return {**row, "state": "unknown", "words": "the file does not tell what it is for"}
    same = [local for local in locals_ if tool in local.tools]
    close = [local for local in locals_ if purpose and (local.purpose == purpose or purpose in local.tools)]
    best = [local for local in same if local.purpose == purpose] or same
    if best:
        return {
            **row,
            "state": "same",
            "jobs": _names(best),
            "words": f"{_told(best)} {_verb(best, 'do')} the same here with {tool}",
        }
    if close:
        others = ", ".join(sorted({t for local in close for t in local.tools})[:3])
        by = f" with {others}" if others else ""
        return {
            **row,
            "state": "like",
            "jobs": _names(close),
            "words": f"{_told(close)} {_verb(close, 'see')} to {purpose} here{by}",
        }
    return {**row, "state": "none", "words": f"nothing in this pipeline does that ({purpose})"}


def _verb(locals_: Sequence[Local], verb: str) -> str:
    return verb if len(locals_) > 1 else {"do": "does", "see": "sees"}[verb]


def _names(locals_: Iterable[Local]) -> list[str]:
    return [local.name for local in locals_]


def _told(locals_: Sequence[Local]) -> str:
    more = f" and {len(locals_) - 2} more" if len(locals_) > 2 else ""
    return ", ".join(local.name for local in locals_[:2]) + more


def _differences(
    checks: Iterable[tuple[Row, Row, Row, Row]], only_here: Sequence[str], offered: Mapping[str, str]
) -> list[Row]:
    """One for each tool that CI uses and the pipeline does not, and one for what only the pipeline does."""
    found: dict[tuple[str, str], Row] = {}
    for workflow, job, step, check in checks:
        state = check["state"]
        if state not in ("none", "like") or (state == "like" and check["purpose"] in COVERED):
            continue
        key = (state, check["tool"])
        if key in found:
            found[key]["times"] += 1
            continue
        place = f"job '{job['name']}' of {workflow['path']}, line {step['line']}"
        if state == "like":
            words, mend = f"CI runs `{check['text']}` ({place}); {check['words']}: the verdicts may differ", ""
        else:
            words = f"CI runs `{check['text']}` ({place}), and nothing in this pipeline does that"
            action = offered.get(check["tool"], "")
            mend = f"`callboard do {action}` does it here" if action else _own_command(check)
        found[key] = {
            "kind": "other tool" if state == "like" else "only in CI",
            "words": words, "mend": mend, "path": workflow["path"], "line": step["line"], "times": 1,
        }  # fmt: skip
    rows = sorted(found.values(), key=lambda row: row["kind"] != "only in CI")
    if only_here:
        more = f" and {len(only_here) - LISTED} more" if len(only_here) > LISTED else ""
        words = f"this pipeline also does {', '.join(only_here[:LISTED])}{more}, and CI does not"
        rows.append({"kind": "only here", "words": words, "mend": "", "path": "", "line": 0, "times": len(only_here)})
    return rows


def _own_command(check: Row) -> str:
    if check["purpose"] == "deploy":
        return "[environments.NAME] in callboard.toml deploys from here"
    return "a table [jobs.NAME] with command = […] in callboard.toml would do it here"
