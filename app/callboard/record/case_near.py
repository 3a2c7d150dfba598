"""Which open cases the jobs of a run have to do with."""

from dataclasses import dataclass

from callboard.core.case_facts import BETWEEN
from callboard.record.cases import CaseRecord

MOST = 20_000


@dataclass(frozen=True, slots=True)
class Near:
    """A case in few words, with the checks and fingerprints of its symptoms that are there."""

    case: int
    title: str
    state: str
    severity: str
    keys: tuple[tuple[str, str], ...]


class CaseNear(CaseRecord):
    """Reads them, each time from the tables."""

    def near(self, run: int) -> list[Near]:
        """Open cases of the workspace of a run with a symptom that one of its jobs can see and that is not gone."""
        rows = self._rows(
            'SELECT c.id, c.title, c.state, c.severity, s."key" FROM run r JOIN case_row c ON c.workspace = r.workspace'
            " JOIN case_symptom s ON s.\"case\" = c.id WHERE r.id = ? AND c.state != 'closed' AND s.gone = 0"
            " ORDER BY c.id, s.id LIMIT ?",
            (run, MOST),
        )
        if not rows:
            return []
        jobs = {name for (name,) in self._rows("SELECT DISTINCT name FROM task WHERE run = ?", (run,))}
        heads: dict[int, tuple[str, str, str]] = {}
        keys: dict[int, list[tuple[str, str]]] = {}
        for case, title, state, severity, key in rows:
            check, _, fingerprint = key.partition(BETWEEN)
            if check in jobs:
                heads[case] = (title, state, severity)
                keys.setdefault(case, []).append((check, fingerprint))
        return [Near(case, *head, tuple(keys[case])) for case, head in heads.items()]
