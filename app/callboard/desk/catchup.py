"""Catch-up: what happened since a person last looked, and what waits for them."""

import time
from typing import Any

from callboard.core.events import (
    AgentDrained,
    AgentDraining,
    AgentSet,
    AgentStopped,
    EngineStarted,
    PatchDecided,
    ScheduleFired,
)
from callboard.core.run import SEVERITIES
from callboard.core.words import sentence
from callboard.desk.inbox import Inbox
from callboard.desk.people import People
from callboard.desk.roadmap_view import page_of
from callboard.rows import Row
from callboard.work.finding import clean

MOST = 8
DAY = 86_400.0
PASSED_OVER = ("", "seen for the first time")


class CatchUp(Inbox, People):
    """The news since a moment; the moment is the person's own mark unless another one is named."""

    def catchup(self, by: str, since: float | None = None) -> Row:
        """What happened since `since`, else since the person's mark, else in the last day.

        `words` is the sentence, `mark` the person's mark or null, `until` what a mark that follows should be. `groups` have
        a kind, a title, how many there are, and the first rows with a link each.
        """
        mark = self.person(by)["looked"]
        begin = since if since is not None else mark if mark is not None else time.time() - DAY
        until = time.time()
        first = self._news.first_seq(begin)
        turned = self._news.turned(begin)
        groups = [
            _group("broke", [_turned(row) for row in turned if not row["good"]], "{} broke"),
            _group("cured", [_turned(row) for row in turned if row["good"]], "{} passes again", "{} pass again"),
            *self._of_runs(begin),
            self._of_findings(first),
            _group("patch", [_patch(row) for row in self._news.patches_made(begin)], "{} new patch", "{} new patches"),
            *self._of_cases(begin),
            *self._of_roadmap(begin),
            *_of_events(self._news.rare(first)),
        ]
        waiting = len(self.inbox())
        told = [group for group in groups if group["count"]]
        return {
            "since": begin, "until": until, "mark": mark, "seq": self._history.last_seq(), "waiting": waiting,
            "counts": {group["kind"]: group["count"] for group in told}, "words": _words(told, waiting), "groups": told,
        }  # fmt: skip

    def seen(self, by: str, until: float | None = None) -> Row:
        """Moves the person's mark forward, to now or to `until`; never back. Gives the person."""
        person = self.person(by)
        mark = min(time.time(), until if until is not None else time.time())
        if person["looked"] is not None and mark <= person["looked"]:
            return person
        return self.set_person(by, {"looked": mark})

    def _of_runs(self, begin: float) -> list[Row]:
        runs = self._news.runs_ended(begin)
        found = []
        for state, one, many in (
            ("succeeded", "{} run done", "{} runs done"),
            ("failed", "{} run failed", "{} runs failed"),
            ("unknown", "{} run without a verdict", "{} runs without a verdict"),
            ("cancelled", "{} run cancelled", "{} runs cancelled"),
        ):
            rows = [
                _line(f"Run {r['id']} '{r['name']}'", "", r["ended"], f"/runs/{r['id']}")
                for r in runs
                if r["state"] == state
            ]
            found.append(_group(f"run {state}", rows, one, many))
        return found

    def _of_cases(self, begin: float) -> list[Row]:
        """Cases that were opened, that are back, and that were closed."""
        found = self.case_record.since(str(self.workspace), begin)
        return [
            _group(
                kind,
                [
                    _line(f"{one.name} {one.title}", one.words or one.cause.words, one.moved, f"/cases/{one.id}")
                    for one in ones
                ],
                *words,
            )
            for kind, ones, words in (
                ("case opened", found["opened"], ("{} new case", "{} new cases")),
                ("case reopened", found["reopened"], ("{} case is back", "{} cases are back")),
                ("case closed", found["closed"], ("{} case closed", "{} cases closed")),
            )
        ]

    def _of_roadmap(self, begin: float) -> list[Row]:
        """Lines that were ticked, and those that could not be."""
        found = self.roadmap_record.ticks_since(str(self.workspace), begin)
        ticked = [one for one in found if one.tick == "ticked"]
        refused = [one for one in found if one.tick == "refused"]
        return [
            _group(
                kind,
                [
                    _line(_number(one.ref, one.text), one.tick_why if kind != "roadmap" else one.words, one.ticked or begin,
                          page_of(one.change))
                    for one in ones
                ],
                *words,
            )
            for kind, ones, words in (
                ("roadmap", ticked, ("{} line of the roadmap ticked", "{} lines of the roadmap ticked")),
                ("roadmap refused", refused, ("{} line could not be ticked", "{} lines could not be ticked")),
            )
        ]  # fmt: skip

    def _of_findings(self, first: int) -> Row:
        counts, worst = self._news.new_findings(first, MOST)
        rows = [
            _line(f["message"], f"{f['severity']} · {f['path']}" if f["path"] else f["severity"], f["at"],
                  f"/tasks/{f['task']}?tab=findings#{f['id']}")
            for f in worst
        ]  # fmt: skip
        group = _group("finding", rows, "{} new finding", "{} new findings", sum(counts.values()))
        return {**group, "severities": {name: counts[name] for name in SEVERITIES if counts.get(name)}}


def _number(ref: str, text: str) -> str:
    """The task as a person knows it: its change and how it reads."""
    return f"{ref.partition('#')[0]}: {text or ref.partition('#')[2]}"


def _of_events(events: list[tuple[int, Any]]) -> list[Row]:
    agents, schedules, engines, decided = [], [], [], []
    for _, event in reversed(events):
        match event:
            case AgentSet() | AgentDraining() | AgentDrained() | AgentStopped():
                agents.append(_line(sentence(event), "", event.at, f"/agents/{event.agent}"))
            case EngineStarted():
                engines.append(_line(sentence(event), "", event.at, "/machine"))
            case PatchDecided():
                decided.append(_line(sentence(event), "", event.at, f"/patches/{event.patch}"))
            case ScheduleFired() if event.missed or (not event.run and event.note not in PASSED_OVER):
                name = event.schedule.rpartition(":")[2]
                missed = f"{event.missed} earlier due time(s) missed" if event.missed else ""
                said = f"Schedule '{name}' " + (
                    f"started run {event.run}" if event.run else f"started nothing: {event.note}"
                )
                schedules.append(_line(said, missed, event.due, f"/runs/{event.run}" if event.run else "/inbox"))
    return [
        _group("decided", decided, "{} patch decided", "{} patches decided"),
        _group("schedule", schedules, "{} schedule missed", "{} schedules missed"),
        _group("agent", agents, "{} change to agents", "{} changes to agents"),
        _group("engine", engines, "{} engine start", "{} engine starts"),
    ]


def _group(kind: str, rows: list[Row], one: str, many: str = "", count: int | None = None) -> Row:
    number = len(rows) if count is None else count
    return {
        "kind": kind,
        "count": number,
        "title": (one if number == 1 else many or one).format(number),
        "rows": rows[:MOST],
    }


def _line(title: str, text: str, at: float, href: str) -> Row:
    return {"title": clean(title, 300), "text": clean(text, 500), "at": at, "href": href}


def _turned(row: Row) -> Row:
    return _line(row["name"], row["reason"], row["ended"], f"/tasks/{row['task']}")


def _patch(row: Row) -> Row:
    files = ", ".join(str(path) for path in row["files"][:3]) + (" …" if len(row["files"]) > 3 else "")
    return _line(f"Patch {row['id']} of {row['name']}", files, row["at"], f"/patches/{row['id']}")


def _words(groups: list[Row], waiting: int) -> str:
    """'4 runs done, 1 broke, 2 wait for you'."""
    quiet = ("decided", "agent", "engine")
    said = [group["title"] for group in groups if group["kind"] not in quiet]
    if waiting:
        said.append(f"{waiting} {'waits' if waiting == 1 else 'wait'} for you")
    return ", ".join(said) or ("nothing of weight" if groups else "nothing happened")
