"""Handoffs: what a green deploy left behind, signed, so that the platform can check from whom it has it."""

import fnmatch
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from callboard.core.task import GOOD, TaskKey
from callboard.core.yield_commands import MakeHandoff
from callboard.desk.runs import Runs
from callboard.errors import NotFound, Refused
from callboard.guard.signing import ALGORITHM, Signer, id_of
from callboard.learn.commits import ask_git
from callboard.record.yield_rows import Deploy, YieldRecord
from callboard.rows import Row
from callboard.work.finding import clean
from callboard.work.upstream import upstream_of

DEPLOY = "infra.deploy"
GREEN = frozenset(state.value for state in GOOD)
MOST_CHECKS = 200


class Handoffs(Runs):
    """Makes, lists and shows them."""

    @cached_property
    def _yields(self) -> YieldRecord:
        return YieldRecord(self._history.database)

    @cached_property
    def _signer(self) -> Signer:
        return Signer(self.data)

    def handoff(self, environment: str = "", version: str = "", address: str = "", by: str = "", run: int = 0) -> Row:
        """Hands over what the newest deploy put into service, or that of the run; the same one again gives the same record.

        Raises `Refused` in words when nothing was deployed, and when a gate is not green.
        """
        deploy = self._deploy(environment, run)
        outputs = self._left_behind(deploy)
        where = deploy.environment or clean(str(outputs.get("environment", "")), 200)
        commit = clean(str(outputs.get("commit", "")), 100)
        if not commit:
            raise Refused(
                f"deploy {deploy.id} of '{where}' says no commit; its folder is gone or it deployed nothing: deploy again"
            )
        checks = self._gate_checks(deploy)
        made = next((one for one in self._yields.handoffs() if one["record"].get("deploy") == deploy.id), None)
        version = clean(version, 100) or (made["record"]["version"] if made else self._version_of(commit, outputs))
        port = outputs.get("port")
        address = clean(address, 500) or (f"http://127.0.0.1:{port}" if isinstance(port, int) and port > 0 else "")
        record: Row = {
            "what": "callboard handoff",
            "workspace": self.workspace.name,
            "environment": where,
            "version": version,
            "commit": commit,
            "release": outputs.get("release") if isinstance(outputs.get("release"), int) else 0,
            "address": address,
            "deploy": deploy.id,
            "deployed": int(deploy.ended),
            "checks": checks,
        }
        if made and made["record"] == {**record, "at": made["record"]["at"]}:
            return handoff_row(made)
        record["at"] = int(time.time())
        id = id_of(record)
        self._do(MakeHandoff(id, record, self._signer.sign(record), self._signer.public(make=True), by))
        return handoff_row(next(one for one in self._yields.handoffs() if one["id"] == id))

    def signed_handoff(self, id: str = "") -> Row:
        """What goes to the platform: the record with its signature and the key; the newest without an id. Raises `NotFound`."""
        found = [one for one in self._yields.handoffs() if not id or one["id"] == id]
        if not found:
            raise NotFound(f"there is no handoff '{id}'" if id else "nothing was handed over yet")
        one = found[0]
        return {
            "id": one["id"], "algorithm": ALGORITHM, "key": one["key"], "signature": one["signature"], "record": one["record"],
        }  # fmt: skip

    def _deploy(self, environment: str, run: int) -> Deploy:
        found = self._yields.deploys(str(self.workspace), environment, run)
        if not found:
            where = f" to '{environment}'" if environment else ""
            raise Refused(
                f"nothing was deployed{where} from this workspace yet; write [environments.NAME] and run `infra.deploy`"
            )
        newest = found[0]
        if newest.action != DEPLOY and newest.state in GREEN:
            raise Refused(f"the last deploy to '{newest.environment}' was taken back by {newest.id}: {newest.reason}")
        if newest.state not in GREEN or newest.verdict != "pass":
            said = newest.verdict if newest.state in GREEN else newest.state
            raise Refused(
                f"{newest.name} ({newest.id}) did not put a release into '{newest.environment}': {said}, {newest.reason}"
            )
        return newest

    def _left_behind(self, deploy: Deploy) -> Mapping[str, Any]:
        key = TaskKey(deploy.run, deploy.place)
        entry = {"name": deploy.name, "action": deploy.action, "state": deploy.state,
                 "spool": str(self.spool(key, deploy.attempt))}  # fmt: skip
        return upstream_of([entry])[deploy.name].outputs

    def _gate_checks(self, deploy: Deploy) -> list[Row]:
        """The gates of the environment with what they said in the deploy's own run; without gates, all that it depended on.

        Raises `Refused` for the first that is not green.
        """
        tasks = self._yields.tasks_of(deploy.run)
        chosen: dict[int, None] = {}
        for pattern in deploy.gate:
            fitting = [task.place for task in tasks if fnmatch.fnmatchcase(task.name, pattern)]
            if not fitting:
                raise Refused(f"the gate '{pattern}' of '{deploy.environment}' names no task of run {deploy.run}")
            chosen |= dict.fromkeys(fitting)
        chosen |= dict.fromkeys(deploy.depends)
        rows = []
        for task in [task for task in tasks if task.place in chosen][:MOST_CHECKS]:
            verdict = task.verdict or ("pass" if task.state in GREEN else "unknown")
            name = f"{task.name} ({deploy.run}.{task.place})"
            if task.state not in GREEN or verdict == "fail":
                raise Refused(f"the gate is red: {name} is {task.state}, {task.reason or 'without a word'}")
            if verdict != "pass":
                raise Refused(
                    f"the gate is not green: {name} has the verdict {verdict}, {task.reason or 'without a word'}"
                )
            rows.append({"job": task.name, "verdict": verdict, "task": f"{deploy.run}.{task.place}"})
        return rows

    def _version_of(self, commit: str, outputs: Mapping[str, Any]) -> str:
        """What git calls the commit by its newest tag; else the number of the release."""
        if not self._trust.why_not(self.workspace):
            ran = ask_git(self.workspace, "describe", "--tags", "--end-of-options", commit)
            words = clean(ran.output.decode("utf-8", "replace").strip(), 100) if ran.code == 0 else ""
            if words:
                return words
        release = outputs.get("release")
        return f"release {release}" if isinstance(release, int) else commit[:12]


def handoff_row(kept: Row) -> Row:
    """A handoff as a surface shows it."""
    record = kept["record"]
    return {
        "id": kept["id"], "at": kept["at"], "version": record.get("version", ""), "commit": record.get("commit", ""),
        "environment": record.get("environment", ""), "address": record.get("address", ""),
        "checks": record.get("checks", []), "by": kept["by"], "signature": kept["signature"], "key": kept["key"],
        "seen": kept["seen"], "deploy": record.get("deploy", ""), "record": record,
    }  # fmt: skip
