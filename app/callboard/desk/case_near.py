"""The cases behind a run: for the links at its findings and jobs."""

from functools import cached_property

from callboard.desk.room import Room
from callboard.record.case_near import CaseNear
from callboard.rows import Row

MOST_SHOWN = 200


class CasesNear(Room):
    """Reads them from the tables."""

    @cached_property
    def _near(self) -> CaseNear:
        return CaseNear(self._history.database)

    def run_cases(self, run: int) -> Row:
        """Open cases with a symptom that a job of this run can see: in few words, by fingerprint and by job."""
        self._require_run(run)
        found = self._near.near(run)[:MOST_SHOWN]
        findings: dict[str, int] = {}
        jobs: dict[str, list[int]] = {}
        for near in found:
            for check, fingerprint in near.keys:
                findings.setdefault(fingerprint, near.case)
                known = jobs.setdefault(check, [])
                if near.case not in known:
                    known.append(near.case)
        cases = [
            {"id": near.case, "name": f"C{near.case}", "title": near.title, "state": near.state, "severity": near.severity,
             "href": f"/cases/{near.case}"}
            for near in found
        ]  # fmt: skip
        return {"cases": cases, "findings": findings, "jobs": jobs}
