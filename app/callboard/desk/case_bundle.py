"""All that somebody needs who takes a case over, in one archive that holds no secret."""

import contextlib
import json
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callboard.core.cases import Case
from callboard.desk.case_loose import origin, uncommitted
from callboard.desk.diff import Diffs
from callboard.desk.facts import Facts
from callboard.desk.investigating import Investigations
from callboard.desk.packing import packed
from callboard.desk.veil import is_all_secret
from callboard.errors import CallboardError
from callboard.reports import sarif_of_run
from callboard.rows import Row, key_of
from callboard.work.checkout import Checkout

MOST_TASKS = 10
MOST_LINES = 20_000
TAIL = 200_000
README = """# Case {name}: {title}

State {state}, severity {severity}. {cause}

| file | what it is |
|---|---|
| `case.json` | the case, its symptoms, what was tried, what could be, as `callboard case show {id} --json` gives it |
| `timeline.md` | what happened, oldest first |
| `repeat.md` | the commands that show it, the commit, and how each was run |
| `environment.json` | versions of tools, machine and commit; no variable of any environment is in it |
| `logs/` | the end of the output of each task that saw it |
| `uncommitted.diff` | what was changed without a commit, for `git apply --unidiff-zero`; not there when nothing was |
| `changes.diff` | what differs from the last run in which its check passed |
| `findings.sarif` | its findings, for programs that read SARIF 2.1.0 |
| `related.json` | cases like it, and what helped with its kind, with how often |
| `SHA256SUMS` | `sha256sum -c SHA256SUMS` says whether something was changed |

Lines that look like passwords, tokens or keys were veiled before this was written. Look at it all the same before you send it on.
"""


class CaseBundles(Diffs, Facts, Investigations):
    """Made anew each time; nothing of it is kept."""

    def case_bundle(self, number: int) -> tuple[str, bytes]:
        """The name of the file and the archive; raises `NotFound`."""
        case = self.case_of(number)
        return f"callboard-{case.name}.zip", packed(self.case_parts(case))

    def case_parts(self, case: Case) -> dict[str, Any]:
        """The files of the archive."""
        page = self.case(case.id)
        tasks = self._tasks_of(case)
        cause = case.cause.words or "Nobody knows yet what causes it."
        parts: dict[str, Any] = {
            "README.md": README.format(
                name=case.name, title=case.title, state=case.state, severity=case.severity, cause=cause, id=case.id
            ),
            "case.json": {name: page[name] for name in page if name not in ("timeline", "related", "suggestions")},
            "timeline.md": _timeline(page["timeline"]),
            "repeat.md": self._repeat(case, tasks),
            "environment.json": self._environment_of(case, tasks),
        }
        for task in tasks:
            log = self._tail(task)
            if log:
                parts[f"logs/{task}.txt"] = log
        loose = self._uncommitted(tasks)
        parts |= {"uncommitted.diff": loose} if loose else {}
        parts["changes.diff"] = self._differences(tasks)
        parts["findings.sarif"] = sarif_of_run(self._findings_of_case(case), self._version)
        parts["related.json"] = {"related": page["related"], "suggestions": page["suggestions"]}
        return parts

    def _tasks_of(self, case: Case) -> list[str]:
        """The tasks that saw it last, one for each check, and that of the newest investigation."""
        newest: dict[str, str] = {}
        for symptom in sorted(case.symptoms.values(), key=lambda one: one.seen):
            if symptom.task:
                newest[symptom.check] = symptom.task
        found = list(dict.fromkeys(newest.values()))[:MOST_TASKS]
        return [*found, f"{case.run}.0"] if case.run and f"{case.run}.0" not in found else found

    def _tail(self, task: str) -> str:
        try:
            return str(self.log(task, None, -TAIL, TAIL)["text"])
        except (CallboardError, OSError):
            return ""

    def _repeat(self, case: Case, tasks: Sequence[str]) -> str:
        lines = [f"# How to see {case.name} again", "", *self._to_get_there(tasks)]
        for task in tasks:
            key = key_of(task)
            try:
                spec = self._spec(key) if key is not None else None
            except (CallboardError, IndexError):
                spec = None
            if spec is None or key is None:
                lines += [f"- task {task}: not on record any more", ""]
                continue
            git = self.case_work.git_of(key.run)
            at = f" at commit {git['commit']}" if git.get("commit") else ""
            more = f", with {git['changed']} files changed without a commit" if git.get("changed") else ""
            lines += [f"## {spec.name} (task {task}){at}{more}", ""]
            if spec.name in case.checks:
                lines.append(f"    callboard run --only {shlex.quote(spec.name)}")
            if spec.argv:
                lines.append(f"    cd {shlex.quote(spec.folder or '.')} && {shlex.join(spec.argv)}")
            elif spec.options:
                lines.append(
                    f"    callboard do {spec.action}"
                    + "".join(f" -o {_option(*item)}" for item in spec.options.items())
                )
            lines.append("")
        tests = [test for symptom in list(case.symptoms.values())[:20] for test in self.case_tests(symptom)]
        if tests:
            again = [
                f"    callboard do quality.reproduce -o {_option('tests', [test])}" for test in dict.fromkeys(tests)
            ]
            lines += ["## The tests alone, several times", "", *again]
        return "\n".join(lines) + "\n"

    def _to_get_there(self, tasks: Sequence[str]) -> list[str]:
        """The code as it was, before anything is run."""
        git = self._newest_git(tasks)
        if not git.get("commit"):
            return ["Git knew nothing of the workspace when it ran: ask whoever has it for the files.", ""]
        where = origin(self.workspace)
        lines = ["First the code as it was:", ""]
        lines.append(
            f"    git clone {shlex.quote(where)} it && cd it"
            if where
            else "    # ask for a clone: the repository has no remote"
        )
        lines.append(f"    git checkout --detach {git['commit']}")
        top = Path(self.workspace)
        with contextlib.suppress(CallboardError):
            top = Checkout(self.workspace).top
        if top.resolve() != self.workspace.resolve():
            lines.append(f"    cd {shlex.quote(str(self.workspace.resolve().relative_to(top.resolve())))}")
        if git.get("changed"):
            lines.append(
                "    git apply --unidiff-zero ../uncommitted.diff   # from this archive; a veiled line in it is put back by hand"
            )
        lines += [
            "",
            "Then what it needs is installed, as the project says; versions are in `environment.json`. Of the rest:",
            "",
        ]
        return lines

    def _newest_git(self, tasks: Sequence[str]) -> Mapping[str, Any]:
        keys = [key for task in tasks if (key := key_of(task)) is not None]
        return self.case_work.git_of(max(key.run for key in keys)) if keys else {}

    def _uncommitted(self, tasks: Sequence[str]) -> str:
        git = self._newest_git(tasks)
        if not git.get("changed"):
            return ""
        if self._trust.why_not(self.workspace):
            return "# the workspace is not trusted, so git was not asked what differs\n"
        secret = {path for task in tasks if (key := key_of(task)) is not None for path in self._secret_lines(key)}
        return uncommitted(self.workspace, git, secret)

    def _environment_of(self, case: Case, tasks: Sequence[str]) -> Row:
        runs = [key.run for task in tasks if (key := key_of(task)) is not None]
        return {
            "callboard": self._version,
            "machine": self._machine(),
            "tools": sorted(
                {f"{tool} {version}".strip() for one in case.symptoms.values() for tool, version in one.witnesses}
            ),
            "runs": [{"run": run, "git": dict(self.case_work.git_of(run))} for run in dict.fromkeys(runs)],
        }

    def _differences(self, tasks: Sequence[str]) -> str:
        said: list[str] = []
        for task in tasks[:3]:
            try:
                found = self.diff(task)
            except (CallboardError, OSError) as error:
                said += [f"# task {task}: {error}"]
                continue
            said += [f"# task {task}: {found['words']}"]
            for file in found["files"]:
                if is_all_secret(file["path"]):
                    said += [f"# {file['path']} holds secrets by its name, so it is left out"]
                    continue
                said += [f"--- a/{file['path']}", f"+++ b/{file['path']}"]
                said += [f"{_sign(line)}{line.get('text', '')}" for line in file["lines"]] or [f"# {file['left']}"]
                if len(said) > MOST_LINES:
                    return "\n".join([*said[:MOST_LINES], "# … there is more"]) + "\n"
        return "\n".join(said or ["# no task of it is on record any more"]) + "\n"

    def _findings_of_case(self, case: Case) -> list[Row]:
        return [
            row for symptom in list(case.symptoms.values())[:200] if (row := self.case_finding(symptom)) is not None
        ]


def _option(name: str, value: Any) -> str:
    return shlex.quote(f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")


def _sign(line: Row) -> str:
    return {"add": "+", "del": "-", "at": "@@ ", "note": "\\ "}.get(str(line["kind"]), " ")


def _timeline(rows: Sequence[Row]) -> str:
    lines = ["# What happened, oldest first", ""]
    for row in rows:
        at = datetime.fromtimestamp(row["at"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        link = f" ({row['href']})" if row["href"] else ""
        lines.append(f"- {at}, {row['by']}, {row['kind']}: {row['words']}{link}")
    return "\n".join(lines) + "\n"
