"""Cases: which there are and how much each matters, one of them with all that is known of it, what helped before."""

import json
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from callboard.core.case_facts import LEVELS, CaseState
from callboard.core.case_priority import Blocks
from callboard.core.cases import Case
from callboard.core.run import Run
from callboard.desk.case_blocks import Blocking
from callboard.desk.case_page import may, remedy_row, suggestions
from callboard.desk.case_rows import case_row, rank_of, ranked, symptom_row
from callboard.desk.case_timeline import attempts, timeline
from callboard.desk.case_watch import CaseWatch
from callboard.desk.room import HIGHEST, Room
from callboard.desk.source import LONGEST_LINE, read_inside
from callboard.desk.veil import is_all_secret, is_secret, veiled
from callboard.errors import ConfigError, NotFound
from callboard.record.cases import MOST_IN_LIST, CaseRecord
from callboard.rows import Row
from callboard.work.finding import clean

MOST_CASES = 2_000
MANY, FEW = 300, 8  # in a list of very many cases, each is told by its first symptoms
MOST_SYMPTOMS = 500
MOST_PLACES = 3
AROUND = 5
STATES = tuple(state.value for state in CaseState)


class CaseDesk(Room):
    """Reads cases, each time from the tables, and what they block from the engine."""

    @cached_property
    def case_record(self) -> CaseRecord:
        """The record of cases."""
        return CaseRecord(self._history.database)

    @cached_property
    def case_unknown(self) -> dict[str, str]:
        """By check why it knows nothing, since the program started: that is no case, but it is said."""
        return {}

    @cached_property
    def case_watch(self) -> CaseWatch:
        """How far the keeper of cases has looked."""
        return CaseWatch()

    def cases(
        self, state: str = "", severity: str = "", agent: str = "", workspace: str = "", text: str = "", kind: str = "",
        assignee: str = "", limit: int = 200,
    ) -> Row:  # fmt: skip
        """Cases, the open ones first by their priority, then the closed ones; `state` 'open' means all that are not closed.

        Raises `ConfigError` for a word that is no state or severity.
        """
        _known(state, (*STATES, "open"))
        _known(severity, LEVELS)
        place = self._place_of(workspace)
        wants = {
            "state": state, "severity": severity, "agent": agent, "workspace": place, "text": text, "kind": kind,
            "assignee": assignee,
        }  # fmt: skip
        limit = max(1, min(limit, MOST_CASES))
        record = self.case_record
        among = record.with_words(text)
        if among is not None:
            wants |= {"text": "", "among": json.dumps(among)}
        now = time.time()
        blocking = self._blocking()
        opened = record.open_ones(wants)
        checks = record.checks([case.id for case in opened]) if blocking.any else {}
        rough = ranked(
            [_rank(case, blocking.of(case.workspace, checks.get(case.id, ()), case.id), now) for case in opened]
        )
        first = [row["id"] for row in rough[:limit]]
        closed, then = record.closed_ones(wants, limit - len(first))
        few = FEW if limit > MANY else MOST_IN_LIST
        shown = record.with_symptoms(record.numbered([*first, *then]), few)
        rows = [
            case_row(one.case, blocking.of(one.case.workspace, one.checks, one.case.id), now, one.total, one.checks)
            for one in shown
        ]
        counts = record.counts(place)
        return {
            "cases": ranked(rows),
            "counts": counts,
            "open": sum(count for name, count in counts.items() if name != CaseState.CLOSED),
            "left_out": max(0, len(opened) + closed - len(rows)),
            "unknown": [{"check": check, "words": words} for check, words in list(self.case_unknown.items())],
            "seq": self._history.last_seq(),
        }

    @cached_property
    def kept_newest(self) -> tuple[Run, ...]:
        """The newest run of each of the workspace's pipelines as the record had it at the first look: what an engine that began
        later does not hold."""
        return tuple(
            run
            for number in self.case_record.newest_runs(str(self.workspace))
            if (run := self._history.run(number)) is not None
        )

    def _blocking(self) -> Blocking:
        kept = self.kept_newest
        return self._engine.inspect(lambda state: Blocking(state, kept))

    def _place_of(self, workspace: str) -> str:
        """The path of a workspace that is named by its path or its last part; '' for all."""
        if not workspace or "/" in workspace:
            return workspace
        return str(self.workspace) if workspace == self.workspace.name else f"/{workspace}"

    def case(self, number: int) -> Row:
        """One case with its symptoms, its history, the source it is about, what was tried and what could be; raises `NotFound`."""
        case = self.case_of(number)
        steps = self.case_record.steps(case.id)
        blocks = self._blocking().of(case.workspace, case.checks, case.id)
        families = list(dict.fromkeys(symptom.family for symptom in case.symptoms.values() if symptom.family))
        symptoms = sorted(
            case.symptoms.values(), key=lambda one: (bool(one.gone), LEVELS.index(one.severity), -one.seen)
        )
        return {
            "case": case_row(case, blocks, time.time()),
            "symptoms": [symptom_row(symptom) for symptom in symptoms[:MOST_SYMPTOMS]],
            "symptoms_left_out": max(0, len(symptoms) - MOST_SYMPTOMS) + case.left_out,
            "timeline": timeline(steps),
            "source": self._case_source(case),
            "attempts": attempts(steps, self._states_of(steps_runs(steps))),
            "suggestions": suggestions(case, self.case_record.remedies(families)),
            "related": self._related(case, families),
            "bundle": f"/api/v1/cases/{case.id}/bundle",
            "may": may(case),
        }

    def case_of(self, number: int) -> Case:
        """The case with all of its symptoms, of its own; raises `NotFound`."""
        case = self.case_record.case(number) if 0 < number < HIGHEST else None
        if case is None:
            raise NotFound(f"there is no case C{number}; see `callboard cases`")
        return case

    def _states_of(self, runs: Sequence[int]) -> dict[int, str]:
        found: dict[int, str] = {}
        for number in list(runs)[-50:]:
            run = self._history.run(number)
            if run is not None:
                found[number] = run.state.value
        return found

    def _related(self, case: Case, families: Sequence[str]) -> list[Row]:
        """Cases that were merged into it, that it is part of, and others with symptoms of the same kind."""
        rows: dict[int, Row] = {}

        def add(number: int, why: str) -> None:
            other = self.case_record.case(number) if number not in rows and number != case.id else None
            if other is not None:
                rows[number] = {"id": number, "title": other.title, "state": other.state.value, "why": why}

        if case.into:
            add(case.into, "it is part of this one")
        for number in case.joined[-5:]:
            add(number, "it was merged into this one")
        for number, title, state in self.case_record.of_families(families, case.id):
            rows.setdefault(
                number, {"id": number, "title": title, "state": state, "why": "it has symptoms of the same kind"}
            )
        return list(rows.values())[:10]

    def _case_source(self, case: Case) -> list[Row]:
        """The lines around the places of its symptoms, as they are now; of secrets nothing is shown."""
        places: dict[str, list[int]] = {}
        hidden: dict[str, set[int]] = {}
        order = sorted(
            case.symptoms.values(), key=lambda one: (bool(one.gone), one.path != case.cause.about, one.line == 0)
        )
        for symptom in order:
            if symptom.path:
                places.setdefault(symptom.path, []).append(symptom.line)
                if is_secret(symptom.rule):
                    hidden.setdefault(symptom.path, set()).add(symptom.line)
        rows = []
        for path, lines in list(places.items())[:MOST_PLACES]:
            text = read_inside(Path(case.workspace), path)
            line = lines[0] or 1
            if text.trouble or line > len(text.lines):
                continue
            start, end = max(1, line - AROUND), min(len(text.lines), line + AROUND)
            secret = range(end + 1) if is_all_secret(path) else hidden.get(path, set())
            shown = veiled(text.lines[:end], secret)
            rows.append({"path": path, "start": start, "at_line": lines[0],
                         "lines": [clean(one, LONGEST_LINE) for one in shown[start - 1 : end]]})  # fmt: skip
        return rows

    def case_count(self) -> int:
        """How many are open."""
        return self.case_record.number({"state": "open"})

    def knowledge(self, text: str = "", limit: int = 50) -> Row:
        """What resolved cases, by the family of their symptoms, with how often it was tried and how often it worked."""
        found = self.case_record.families(clean(text, 400), max(1, min(limit, 200)))
        return {
            "families": [
                {"family": family, "title": title, "n": n, "resolutions": [remedy_row(one) for one in remedies]}
                for family, title, n, remedies in found
            ]
        }


def steps_runs(steps: Sequence[tuple[int, object]]) -> list[int]:
    """The runs that these events name, each once."""
    return list(dict.fromkeys(run for _, event in steps if (run := int(getattr(event, "in_run", 0) or 0))))


def _rank(case: Case, blocks: Blocks, now: float) -> Row:
    """As much of the row as ranking needs."""
    return {"id": case.id, "state": case.state, "priority": rank_of(case, blocks, now), "moved": case.moved}


def _known(words: str, known: Sequence[str]) -> None:
    for word in filter(None, words.split(",")):
        if word not in known:
            raise ConfigError(f"'{clean(word, 40)}' is none of {', '.join(known)}")
