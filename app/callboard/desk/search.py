"""One search over everything that has a name: runs, tasks, cases, agents, actions, findings, patches, pipelines."""

import re
import sys
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from callboard.config import read_config
from callboard.desk.people import People
from callboard.desk.roadmap import RoadmapDesk
from callboard.errors import ConfigError
from callboard.record.cases import CaseRecord
from callboard.record.remembered import Remembered
from callboard.rows import Row
from callboard.work.finding import clean

MOST_WORDS = 8
LONGEST = 200
MOST = 50
CASE = re.compile(r"[Cc]([1-9]\d{0,11})", re.ASCII)
TASK = re.compile(r"([1-9]\d{0,14})\.(0|[1-9]\d{0,8})", re.ASCII)


class Search(RoadmapDesk, People):
    """Finds by words; a name such as 12.3 or C7 leads to its task or case alone."""

    def search(self, text: str, limit: int = 8) -> list[Row]:
        """Rows {"kind", "id", "title", "detail", "state", "at", "href"}, of each kind at most `limit`, the newest first.

        All words must be found, in any order and case. Without words there is nothing to find.
        """
        words = clean(text, LONGEST).split()[:MOST_WORDS]
        most = max(1, min(limit, MOST))
        if not words:
            return []
        remembered = Remembered(self._history)
        task = TASK.fullmatch(words[0]) if len(words) == 1 else None
        if task:
            exact = remembered.task(int(task[1]), int(task[2]))
            if exact:
                return exact
        cases = self._case_hits(text, most)
        if cases and len(words) == 1 and CASE.fullmatch(words[0]):
            return cases
        named = [row for row in self._named_rows() if _fits(row, words)]
        kinds = {kind: [row for row in named if row["kind"] == kind][:most] for kind in ("agent", "action", "pipeline")}
        return [
            *kinds["agent"], *kinds["pipeline"], *remembered.runs(words, most), *remembered.tasks(words, most), *cases,
            *self._roadmap_hits(words, most), *kinds["action"], *remembered.patches(words, most), *remembered.findings(words, most),
        ]  # fmt: skip

    def about(self) -> Row:
        """What this server is: version, folders, process, since when, and with which Python."""
        engine = self._engine.inspect(lambda state: state.epoch)
        return {
            "version": self._version,
            "data": str(self.data),
            "workspace": str(self.workspace),
            "python": sys.version.split()[0],
            "executable": sys.executable,
            "platform": sys.platform,
            "since": self._since,
            "epoch": engine,
        }

    def _case_hits(self, text: str, most: int) -> list[Row]:
        """Cases with these words in their title, cause, symptoms or comments, the open ones first."""
        found = CaseRecord(self._history.database).cases({"text": text}, most)
        return [
            {**_row("case", case.name, case.title, f"{case.name} · {case.state.replace('-', ' ')}", f"/cases/{case.id}"),
             "state": case.state.replace("-", " "), "at": case.moved}
            for case in found
        ]  # fmt: skip

    def _roadmap_hits(self, words: Sequence[str], most: int) -> list[Row]:
        """Changes, and tasks of them with the open ones first, of the newest reading."""
        found = self.book.last().roadmap
        changes: list[Row] = []
        tasks: list[Row] = []
        over: list[Row] = []
        for change in found.changes:
            goal = f"/roadmap/{_segment(change.id)}"
            row = _row("change", change.id, change.title, f"{change.id} · {change.done} of {change.total} done", goal)
            if _fits(row, words):
                changes.append({**row, "state": change.status})
            for task in change.tasks:
                hit = _row(
                    "roadmap task", task.ref, task.text[:LONGEST], task.ref, f"{goal}#{quote(task.ref, safe='')}"
                )
                if len(tasks) < most and _fits(hit, words):
                    (over if task.done else tasks).append({**hit, "state": "done" if task.done else "open"})
        return [*changes[:most], *tasks, *over[: max(0, most - len(tasks))]]

    def _named_rows(self) -> Iterable[Row]:
        paused = self._engine.inspect(lambda state: {name for name, agent in state.agents.items() if agent.paused_by})
        for agent in self._catalogue.agents:
            row = _row("agent", agent.name, agent.title or agent.name, agent.summary, f"/agents/{_segment(agent.name)}")
            yield {**row, "state": "paused"} if agent.name in paused else row
            for action in agent.actions:
                goal = f"/agents/{_segment(agent.name)}#action-{_segment(action.name)}"
                yield _row("action", action.name, action.name, action.title, goal)
        try:
            config = read_config(self.workspace)
        except (ConfigError, OSError):
            return  # every page that needs it says what is wrong with it
        for name in dict.fromkeys((config.pipeline, *config.pipelines)):
            yield _row("pipeline", name, name, "pipeline", f"/runs/new?pipeline={quote(name, safe='')}")


def _row(kind: str, id: str, title: str, detail: str, href: str) -> Row:
    return {"kind": kind, "id": id, "title": title, "detail": detail, "state": None, "at": None, "href": href}


def _segment(name: str) -> str:
    return quote(name.encode("utf-8", "replace"), safe="")


def _fits(row: Row, words: Sequence[str]) -> bool:
    text = f"{row['kind']} {row['id']} {row['title']} {row['detail']}".casefold()
    return all(word.casefold() in text for word in words)
