"""What a person should see before deciding about something that waits: facts, the end of the log, the files."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from callboard.config import CONFIG_NAME
from callboard.desk.cases import CaseDesk
from callboard.desk.patches import Patches
from callboard.desk.wishes import Wishes
from callboard.errors import CallboardError, NotFound
from callboard.record.news import News
from callboard.rows import Row
from callboard.work.finding import clean

LOG_BYTES = 12_000
LOG_LINES = 14
MOST_FILES = 40
MOST_TASKS = 20
MOST_CONFIG = 120
CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|[\x00-\x08\x0b-\x1f\x7f]")


class Evidence(Wishes, Patches, CaseDesk):
    """Looks up what lies behind a row of the inbox."""

    @cached_property
    def _news(self) -> News:
        return News(self._history.database)

    def evidence(self, row: Mapping[str, Any]) -> Row:
        """`facts` ({"name", "text", "href"}), `log` (the last lines of the attempt), `files` of a patch, `lines` of a file."""
        found: Row = {"facts": [], "log": None, "files": [], "lines": []}
        try:
            if row["patch"] is not None:
                self._of_patch(row["patch"], found)
            elif row["kind"] in ("decision", "question"):
                self._of_attempt(row["task"], found)
            elif row["kind"] == "stuck task":
                self._of_tasks(row["tasks"], found)
            elif row["kind"] == "paused agent":
                self._of_agent(row["id"].partition(":")[2], found)
            elif row["kind"] == "case":
                self._of_case(row["case"], found)
            elif row["kind"] == "workspace":
                self._of_workspace(found)
        except (NotFound, OSError) as gone:
            found["facts"].append(_fact("gone", str(gone)))
        return found

    def _of_attempt(self, task_id: str, found: Row) -> None:
        key = self.key(task_id)
        whole = self._run(key.run)
        task = whole["tasks"][key.task]
        facts = found["facts"]
        attempts = self._history.attempts(*key)
        last = attempts[-1] if attempts else None
        if task["reason"]:
            facts.append(_fact("what", task["reason"]))
        facts.append(
            _fact("attempt", f"{task['attempt']} of {task['attempts_allowed']}", f"/tasks/{task_id}?tab=attempts")
        )
        if last is not None and last["how"]:
            code = f", exit code {last['code']}" if last["code"] is not None else ""
            facts.append(_fact("ended", f"{last['how']}{code}"))
        if not task["idempotent"]:
            facts.append(_fact("careful", "it is not known to be safe to run twice"))
        facts.append(_fact("run", f"{key.run} '{whole['run']['name']}', by {whole['run']['by']}", f"/runs/{key.run}"))
        behind = [row["name"] for row in whole["tasks"] if task_id in row["depends"]]
        if behind:
            facts.append(_fact("waits behind it", ", ".join(behind[:6]) + (" …" if len(behind) > 6 else "")))
        try:
            piece = self.log(task_id, None, -LOG_BYTES, LOG_BYTES)
        except CallboardError:
            return
        lines = [line for line in CONTROL.sub("", piece["text"]).splitlines() if line.strip()]
        if lines:
            text = "\n".join(clean(line, 400) for line in lines[-LOG_LINES:])
            found["log"] = {"task": task_id, "attempt": piece["attempt"], "text": text, "size": piece["size"]}

    def _of_case(self, number: int, found: Row) -> None:
        case = self.case_of(number)
        found["facts"].append(_fact("cause", case.cause.words or case.title, f"/cases/{number}"))
        for kind in ("reproduced", "bisected", "fix-tried", "taken-back"):
            noted = case.known.get(kind)
            if noted is not None:
                found["facts"].append(_fact(kind, noted.words, f"/runs/{noted.run}" if noted.run else ""))
        there = [symptom for symptom in case.symptoms.values() if not symptom.gone]
        for symptom in there[:MOST_TASKS]:
            found["facts"].append(_fact(symptom.check, symptom.title, f"/tasks/{symptom.task}" if symptom.task else ""))

    def _of_patch(self, number: int, found: Row) -> None:
        patch = self.patch(number)
        facts = found["facts"]
        facts.append(_fact("from", f"{patch['agent']}, task {patch['task']}", f"/tasks/{patch['task']}"))
        facts += [_fact(row["name"], f"{row['before']} → {row['after']}") for row in patch["proof"][:6]]
        facts += [_fact("check", words) for words in (patch["check"] or {}).get("words", [])[:6]]
        if patch["will_run"]:
            facts.append(_fact("then runs", ", ".join(patch["will_run"][:8])))
        found["files"] = [
            {"path": c["path"], "kind": c["kind"], "added": c["added"], "removed": c["removed"]}
            for c in patch["changes"][:MOST_FILES]
        ]
        found["lines"] = patch["diff"][:MOST_CONFIG]

    def _of_tasks(self, tasks: list[str], found: Row) -> None:
        for task_id in tasks[:MOST_TASKS]:
            key = self.key(task_id)
            task = self._run(key.run)["tasks"][key.task]
            needs = task["needs"]
            text = f"{task['name']}: {task['action']}, {needs['cpus']:g} cpu, {needs['memory_mb']:.0f} MiB"
            found["facts"].append(_fact(task_id, text, f"/tasks/{task_id}"))
        here = ", ".join(agent.name for agent in self._catalogue.agents)
        found["facts"].append(_fact("agents here", here or "none", "/agents"))

    def _of_agent(self, name: str, found: Row) -> None:
        waiting = self._engine.inspect(
            lambda state: [
                (str(task.key), task.spec.name)
                for run in state.runs.values() if run.unfinished
                for task in run.tasks if task.spec.agent == name and task.state.value == "waiting"
            ][: MOST_TASKS]
        )  # fmt: skip
        found["facts"] += [_fact(task_id, name, f"/tasks/{task_id}") for task_id, name in waiting]

    def _of_workspace(self, found: Row) -> None:
        found["facts"].append(_fact("folder", str(self.workspace)))
        path = self.workspace / CONFIG_NAME
        if not path.is_file() or path.is_symlink():
            found["facts"].append(_fact(CONFIG_NAME, "there is none; the agents work out what to run"))
            return
        with path.open(encoding="utf-8", errors="replace") as file:
            text = file.read(100_000)
        found["lines"] = [clean(line, 400) for line in text.splitlines()[:MOST_CONFIG]]


def _fact(name: str, text: str, href: str = "") -> Row:
    return {"name": clean(name, 60), "text": clean(text, 1_000), "href": href}
