"""Incidents: agents are paused, what was given to them is revoked, the evidence is frozen; by one word, with one archive."""

import hashlib
import logging
import re
import threading
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from callboard.core.case_commands import NoteCase
from callboard.core.commands import PauseAgent, ResumeAgent, StopAgent
from callboard.core.state import State
from callboard.desk.case_bundle import TAIL, CaseBundles
from callboard.desk.incident_files import IncidentFiles
from callboard.desk.packing import packed
from callboard.errors import CallboardError, ConfigError, NotFound, Refused
from callboard.guard.crew_token import CrewToken
from callboard.record.told import told
from callboard.rows import Row
from callboard.work.finding import clean

logger = logging.getLogger(__name__)

MOST_AGENTS = 20
MOST_TASKS = 30
MOST_FINDINGS = 1_000
MOST_EVENTS = 500
PAUSED_BY_ONE = re.compile(r"\bincident \d+: ")
CUT = "the program was ended before this was done; it went on with it when it was started again"
NO_TOKEN = (
    "Callboard gives agents no token and no password, so there is none of theirs to revoke. Their processes ran as your user: "
    "if one may have read this program's launch token, restart `callboard up`, which makes another one"
)
README = """# Incident {id}

Begun by {by} at {at}: {reason}

`incident.json` says what was done, `agents.json` what was told to each agent and what it did last, `findings.json` what it
reported, `events.md` what happened in its runs, `logs/` the end of what its attempts printed, `case/` all of the case.
`sha256sum -c SHA256SUMS` says whether something was changed since. Lines that look like secrets are veiled.
"""


class Incidents(CaseBundles):
    """Kept in the data folder, one folder each, which nothing cleans up."""

    @cached_property
    def _beginning(self) -> threading.Lock:
        return threading.Lock()

    @cached_property
    def _under_way(self) -> set[int]:
        """Those that a thread of this program begins right now."""
        return set()

    @cached_property
    def _incident_files(self) -> IncidentFiles:
        return IncidentFiles(self.data)

    def incidents(self) -> list[Row]:
        """The newest first: id, case, agents, by, at, reason, words_list, bundle, sha256, state, ended."""
        return self._incident_files.rows()

    def incident(self, number: int) -> Row:
        """One of them; raises `NotFound`."""
        facts = self._incident_files.row(number)
        if facts is None:
            raise NotFound(f"there is no incident {number}; see `callboard incident`")
        return facts

    def finish_incidents(self) -> int:
        """What a program that was ended in the middle had begun is done now, before anything else; how many that were.

        The pause is asked for again where it does not stand, and what was not frozen yet is frozen as it is now; the words say so.
        """
        left = [row for row in self.incidents() if row["id"] not in self._under_way]
        begun = [row for row in left if row["state"] == "beginning"]
        for row in reversed(left):
            try:
                if row in begun:
                    row["words_list"].append(CUT)
                    if not row["contained"]:
                        self._contain(row, stop=bool(row["stop"]), crew=bool(row["crew"]))
                    self._freeze(row)
                elif row["state"] == "on" and row["case"] is not None:
                    self._note_incident(row)
            except CallboardError as error:
                logger.warning("Incident %s could not be finished: %s", row["id"], error)
        return len(begun)

    def begin_incident(
        self,
        agents: Sequence[str],
        reason: str,
        by: str,
        *,
        case: int | None = None,
        stop: bool = False,
        crew: bool = False,
    ) -> Row:
        """Pauses the agents (with `stop` ends what they do), with `crew` revokes the crew's token, freezes the evidence.

        Gives its row. Without agents it is those of the case. The pause comes first; what fails after it is in `words_list`. Raises
        `Refused`, `ConfigError` and `NotFound` before anything is done.
        """
        reason = clean(reason, 1_000).strip()
        if not reason:
            raise ConfigError("'reason' is needed: what happened?")
        about = self.case_of(case) if case is not None else None
        names = list(dict.fromkeys(agents)) or list(
            dict.fromkeys(one.agent for one in (about.symptoms.values() if about else ()) if one.agent)
        )
        if len(names) > MOST_AGENTS:
            raise ConfigError(f"an incident is about at most {MOST_AGENTS} agents; begin one for each group")
        known = self._engine.inspect(lambda state: set(state.agents))
        unknown = [name for name in names if name not in known]
        if unknown:
            raise NotFound(f"there is no agent '{clean(unknown[0], 80)}'; the agents: {', '.join(sorted(known))}")
        if not names and not crew:
            raise ConfigError("name an agent, or a case that some agent saw, or say that it is about the crew")
        with self._beginning:
            number = max(self._incident_files.numbers(), default=0) + 1
            row: Row = {
                "id": number, "case": case, "agents": names, "by": by, "at": time.time(), "reason": reason,
                "state": "beginning", "ended": None, "ended_by": "", "words_list": [],
                "bundle": f"/api/v1/incidents/{number}/bundle",
                "sha256": "", "paused": [], "stop": stop, "crew": crew, "contained": False,
            }  # fmt: skip
            self._under_way.add(number)
            try:
                self._incident_files.keep(row)
            except CallboardError:
                self._under_way.discard(number)
                raise
        try:
            self._contain(row, stop=stop, crew=crew)
            self._freeze(row)
        finally:
            self._under_way.discard(number)
        return self.incident(number)

    def _contain(self, row: Row, *, stop: bool, crew: bool) -> None:
        words: list[str] = row["words_list"]
        why = f"incident {row['id']}: {row['reason']}"[:500]
        for agent in row["agents"]:
            already, for_what = self._engine.inspect(lambda state, agent=agent: _paused(state, agent))  # type: ignore[misc]
            if already and for_what.endswith(why):  # by this very incident, before the program was ended
                row["paused"] = list(dict.fromkeys([*row["paused"], agent]))
                words.append(f"{agent} is paused and gets no new work")
                continue
            if already and not stop:
                words.append(f"{agent} is paused, by {already} already; what it does goes on to its end")
                continue
            try:
                self._do(StopAgent(agent, row["by"], why) if stop else PauseAgent(agent, row["by"], why))
            except CallboardError as error:
                words.append(f"{agent} could not be paused: {error}")
                continue
            if not already:
                row["paused"].append(agent)
            said = "what it did was ended" if stop else "what it does goes on to its end"
            words.append(
                f"{agent} is paused and gets no new work; {said}"
                + (f" ({already} had paused it before)" if already else "")
            )
        if row["agents"]:
            words.append(NO_TOKEN)
        if crew:
            gone = CrewToken(self.data).revoke()
            words.append(
                "the crew's token is revoked: what tells for the crew needs a new one, by `callboard crew token --new`"
                if gone
                else "the crew has no token, so there is none to revoke"
            )
        row["contained"] = True
        self._incident_files.keep(row)

    def _freeze(self, row: Row) -> None:
        """The archive, its hash in the row, and in the log at the case; what was frozen already stays as it is."""
        words: list[str] = row["words_list"]
        try:
            content = self._incident_files.archive(row["id"])
            if content is None:
                content = packed(self._evidence(row))
                self._incident_files.freeze(row["id"], content)
            row["sha256"] = hashlib.sha256(content).hexdigest()
            words.append(f"the evidence is frozen: {len(content):,} bytes, SHA-256 {row['sha256']}")
        except (CallboardError, OSError) as error:
            row["bundle"] = ""
            words.append(f"the evidence could not be frozen: {error}")
        row["state"] = "on"
        self._incident_files.keep(row)
        if row["case"] is not None:
            self._note_incident(row)

    def _note_incident(self, row: Row) -> None:
        """That it began, at its case; once."""
        case = self.case_of(row["case"])
        noted = case.known.get("frozen")
        if noted is not None and int(noted.facts.get("incident") or 0) >= row["id"]:
            return
        said = (
            f"incident {row['id']} began: {row['reason']}; {'; '.join(w for w in row['words_list'] if w != NO_TOKEN)}"
        )
        facts = {"incident": row["id"], "sha256": row["sha256"], "agents": row["agents"]}
        self.tell_case(NoteCase(row["case"], "frozen", clean(said, 1_500), row["by"], facts), row["case"])

    def _evidence(self, row: Row) -> dict[str, Any]:
        parts: dict[str, Any] = {
            "README.md": README.format(**{**row, "at": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(row["at"]))}),
            "incident.json": {name: value for name, value in row.items() if name not in ("bundle", "sha256", "state")},
        }
        agents, events = [], []
        tasks: dict[str, None] = {}
        for agent in row["agents"]:
            recent = self._history.recent_of_agent(agent, MOST_TASKS)
            agents.append({"agent": self.agent(agent), "told": told(self._history.database, agent), "recent": recent})
            tasks |= dict.fromkeys(task["id"] for task in recent)
            parts[f"findings-{agent}.json"] = self._history.findings(agent=agent, limit=MOST_FINDINGS)
        running = self._engine.inspect(lambda state: _running(state, row["agents"]))
        for task in [*running, *tasks][:MOST_TASKS]:
            text = self._tail(task)
            if text:
                parts[f"logs/{task}.txt"] = text[-TAIL:]
        for run in list(dict.fromkeys(int(task.partition(".")[0]) for task in [*running, *tasks]))[:10]:
            events += [f"- run {run}: {one['sentence']}" for one in self._history.events(run=run, limit=MOST_EVENTS)]
        parts["agents.json"] = agents
        parts["events.md"] = "\n".join(["# What happened", "", *events]) + "\n"
        parts["environment.json"] = {
            "callboard": self._version,
            "machine": self._machine(),
            "workspace": str(self.workspace),
        }
        if row["case"] is not None:
            parts |= {f"case/{name}": value for name, value in self.case_parts(self.case_of(row["case"])).items()}
        return parts

    def incident_bundle(self, number: int) -> tuple[str, bytes]:
        """The name of the file and the archive as it was frozen; raises `NotFound`, and `Refused` when it was changed since."""
        row = self.incident(number)
        content = self._incident_files.archive(number)
        if content is None:
            raise NotFound(f"the evidence of incident {number} is not there")
        if hashlib.sha256(content).hexdigest() != row["sha256"]:
            raise Refused(f"the evidence of incident {number} was changed since it was frozen: its hash is another one")
        return f"callboard-incident-{number}.zip", content

    def end_incident(self, number: int, reason: str, by: str) -> Row:
        """The agents that it paused may work again, unless another incident is about them too; what was revoked stays so."""
        row = self.incident(number)
        if row["state"] in ("beginning", "broken"):
            raise Refused(f"incident {number} is {row['state']}: {row['reason']}")
        if row["ended"]:
            raise Refused(f"incident {number} was ended by {row['ended_by']} already")
        others = {
            agent for one in self.incidents() if one["id"] != number and not one["ended"] for agent in one["agents"]
        }
        ours = {agent for one in self.incidents() for agent in one["paused"]}
        for agent in row["agents"]:
            _, why = self._engine.inspect(lambda state, agent=agent: _paused(state, agent))  # type: ignore[misc]
            if not PAUSED_BY_ONE.search(why) or agent not in ours:
                continue  # somebody paused it for another reason, or it works again
            if agent in others:
                row["words_list"].append(f"{agent} stays paused: another incident goes on")
                continue
            try:
                self._do(ResumeAgent(agent, by))
                row["words_list"].append(f"{agent} may work again, by {by}")
            except CallboardError as error:
                row["words_list"].append(f"{agent} could not be resumed: {error}")
        row |= {"state": "ended", "ended": time.time(), "ended_by": by, "ended_reason": clean(reason, 1_000)}
        self._incident_files.keep(row)
        if row["case"] is not None:
            words = f"incident {number} was ended" + (f": {clean(reason, 500)}" if reason else "")
            self.tell_case(
                NoteCase(row["case"], "frozen", words, by, {"incident": number, "sha256": row["sha256"]}), row["case"]
            )
        return self.incident(number)


def _paused(state: State, agent: str) -> tuple[str, str]:
    """Who paused it, '' for nobody, and why."""
    known = state.agents.get(agent)
    return (known.paused_by, known.pause_reason) if known is not None else ("", "")


def _running(state: State, agents: Sequence[str]) -> list[str]:
    """The tasks that these agents work on."""
    return [str(task.key) for agent in agents for task in state.working.get(agent, ())]
