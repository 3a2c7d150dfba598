"""The platform's crews: what sources tell of them goes to the engine, what is known of them to the surfaces."""

import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from callboard.core.commands import TellCrew
from callboard.core.state import State
from callboard.desk.coordination import Coordination
from callboard.desk.crew_rows import crew_row
from callboard.errors import NotFound
from callboard.record.crews import CrewRecord
from callboard.rows import Row

NOTHING = (
    "Nothing is known of a crew yet. Let its program say what it does: `callboard crew observer --write FOLDER` gives a "
    "file and the two lines that use it; or name the platform's own ways in [crews.NAME] of callboard.toml."
)


class Crews(Coordination):
    """Watches, and never touches."""

    def tell_crew(
        self,
        crew: str,
        source: str,
        facts: Sequence[Mapping[str, Any]],
        stream: str = "",
        upto: int = 0,
        sent: float | None = None,
    ) -> None:
        """A source saw these facts; returns once what is new in them is kept. Thread-safe. Raises `Refused`.

        The facts are those of `callboard.core.crew_events`; what does not fit is dropped, what is known already not kept again.
        """
        self._do(TellCrew(crew, source, tuple(facts), stream, upto, sent))
        if not facts or any(
            fact.get("what") != "crew" for fact in facts
        ):  # the team's own words are no news of the crew
            self._heard_from[crew, source] = time.time()

    @cached_property
    def _crew_record(self) -> CrewRecord:
        return CrewRecord(self._history.database)

    @property
    def _heard_from(self) -> dict[tuple[str, str], float]:
        """When each source of a crew was heard last; not kept, as it changes with every word."""
        found: dict[tuple[str, str], float] = self.__dict__.setdefault("_crews_heard", {})
        return found

    def crew(self) -> Row:
        """All crews, and how the two systems spare each other."""
        return {
            **self._all_crews(),
            "coordination": self.coordination(),
        }

    def one_crew(self, name: str) -> Row:
        """One crew; raises `NotFound`."""
        rows = self._all_crews()["crews"]
        found = next((row for row in rows if row["name"] == name), None)
        if found is None:
            known = ", ".join(row["name"] for row in rows) or "none so far"
            raise NotFound(f"nothing was ever heard of a crew '{name}'; known: {known}")
        return dict(found)

    def _all_crews(self) -> Row:
        """What the record counts is read here, not on the engine's thread."""
        names = self._engine.inspect(lambda state: list(state.crews))
        totals = {name: self._crew_record.totals(name) for name in names}
        tokens = {name: self._crew_record.tokens(name) for name in names}
        return self._engine.inspect(lambda state: self._crew_rows(state, totals, tokens))

    def _crew_rows(
        self, state: State, totals: Mapping[str, Mapping[str, Row]], tokens: Mapping[str, tuple[int, int] | None]
    ) -> Row:
        now = self._engine.now()
        rows = [
            crew_row(crew, now, totals.get(crew.name, {}), tokens.get(crew.name), self._heard_of(crew.name))
            for crew in sorted(state.crews.values(), key=lambda crew: crew.name)
        ]
        return {"crews": rows, "why": "" if rows else NOTHING}

    def _heard_of(self, crew: str) -> dict[str, float]:
        return {source: at for (name, source), at in list(self._heard_from.items()) if name == crew}
