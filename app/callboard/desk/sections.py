"""The sections of the agents' pages: what each agent declares, what was shown in it last, and how its metrics went."""

from typing import Any

from callboard.agents.crew import SectionInfo
from callboard.desk.crew import Crew
from callboard.errors import NotFound
from callboard.rows import Row

MOST_TRENDS = 12


class Sections(Crew):
    """What agents show of the workspace."""

    def sections(self, agent: str) -> list[Row]:
        """The sections that the agent declares, in its order; one that nothing was put into has no `at` and no blocks."""
        info = self._catalogue.agent(agent)
        if info is None:
            known = ", ".join(known.name for known in self._catalogue.agents)
            raise NotFound(f"there is no agent '{agent[:100]}'; the agents: {known}")
        shown = self._history.sections(str(self.workspace), agent)
        return [self._section_row(section, shown.get(section.name)) for section in info.sections]

    def metric(self, name: str) -> Row:
        """A metric over time in this workspace, oldest first; a long series is thinned."""
        series = self._history.series(str(self.workspace), name)
        if not series["points"]:
            raise NotFound(f"there is no metric '{name[:100]}' of this workspace yet")
        return series

    def _section_row(self, section: SectionInfo, shown: Row | None) -> Row:
        found = shown or {"at": None, "run": None, "task": None, "blocks": []}
        return {
            "name": section.name,
            "title": section.title,
            "empty": section.empty,
            "at": found["at"],
            "run": found["run"],
            "task": found["task"],
            "blocks": self._with_findings(found["blocks"], section.agent, found["run"]),
            "trends": [series for name in self._trends(section) if (series := self._series(name))["points"]],
        }

    def _trends(self, section: SectionInfo) -> list[str]:
        names: dict[str, None] = {}
        for trend in section.trends:
            if trend.endswith("*"):
                names |= dict.fromkeys(sorted(self._history.metric_names(str(self.workspace), trend[:-1], MOST_TRENDS)))
            else:
                names[trend] = None
        return list(names)[:MOST_TRENDS]

    def _series(self, name: str) -> Row:
        return self._history.series(str(self.workspace), name)

    def _with_findings(self, blocks: list[Row], agent: str, run: int | None) -> list[Row]:
        """The blocks, where a cell that names a place leads to the run's finding at that place."""
        cells = [cell for block in blocks for row in block.get("rows", ()) for cell in row if _has_place(cell)]
        if cells and run is not None:
            places = self._history.places(run, agent)
            for cell in cells:
                found = places.get((cell["path"], cell.get("line", 0)))
                if found is not None:
                    cell["finding"] = found
        return blocks


def _has_place(cell: Any) -> bool:
    return isinstance(cell, dict) and bool(cell.get("path"))
