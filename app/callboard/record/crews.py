"""What the record tells of the platform's crews: what each role did, as counts."""

from collections.abc import Mapping

from callboard.record.history import History
from callboard.rows import Row

NOTHING: Mapping[str, int | None] = {"done": 0, "failed": 0, "retries": 0, "input": None, "output": None}


class CrewRecord(History):
    """Reads them, each time from the tables."""

    def totals(self, crew: str) -> dict[str, Row]:
        """By role: done, failed and retries of tasks that are over, and tokens, None where nobody said any."""
        found: dict[str, Row] = {}
        for role, done, failed, retries in self._rows(
            "SELECT role, sum(state = 'succeeded'), sum(state = 'failed'), sum(retries) FROM crew_task WHERE crew = ?"
            " AND role != '' GROUP BY role",
            (crew,),
        ):
            found[role] = {**NOTHING, "done": done, "failed": failed, "retries": retries}
        for role, read, written in self._rows(
            "SELECT role, sum(input), sum(output) FROM crew_use WHERE crew = ? AND role != '' GROUP BY role", (crew,)
        ):
            found.setdefault(role, dict(NOTHING)).update(input=read, output=written)
        return found

    def tokens(self, crew: str) -> tuple[int, int] | None:
        """Read and written by all workflows together, None where nobody said any."""
        read, written = self._rows("SELECT sum(input), sum(output) FROM crew_workflow WHERE crew = ?", (crew,))[0]
        return (read, written or 0) if read is not None else None
