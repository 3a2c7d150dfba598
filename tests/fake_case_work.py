"""Work on the fake cases: a run that is said to have begun, an archive, incidents that are kept in memory."""

from collections.abc import Mapping, Sequence
from typing import Any

from callboard.desk.packing import packed
from callboard.errors import ConfigError, NotFound, Refused

Row = Mapping[str, Any]


class FakeCaseWork:
    """What `CaseWork` and `Incidents` do, without runs and without files."""

    _incidents: list[dict[str, Any]] | None = None

    def case(self, number: int) -> Any:
        raise NotImplementedError

    def investigate_case(self, number: int, what: str, by: str) -> Row:
        page = self.case(number)
        if page["case"]["state"] == "closed":
            raise Refused("it is closed; reopen it first")
        return {
            "ok": True,
            "run": 3,
            "step": "reproduce" if what == "auto" else what,
            "words": "it is run again",
            **page,
        }

    def case_bundle(self, number: int) -> tuple[str, bytes]:
        return f"callboard-C{number}.zip", packed({"case.json": self.case(number)["case"]})

    def incidents(self) -> list[Row]:
        return list(reversed(self._incidents or []))

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
        if not reason.strip():
            raise ConfigError("'reason' is needed: what happened?")
        self._incidents = self._incidents or []
        number = len(self._incidents) + 1
        names = list(agents) or (list(self.case(case)["case"]["agents"]) if case else [])
        row = {
            "id": number, "case": case, "agents": names, "by": by, "at": 1_700_000_000.0, "reason": reason, "state": "on",
            "ended": None, "ended_by": "", "sha256": "0" * 64, "bundle": f"/api/v1/incidents/{number}/bundle",
            "words_list": [f"{name} is paused and gets no new work" for name in names],
        }  # fmt: skip
        self._incidents.append(row)
        return row

    def _incident(self, number: int) -> dict[str, Any]:
        for row in self._incidents or []:
            if row["id"] == number:
                return row
        raise NotFound(f"there is no incident {number}; see `callboard incident`")

    def incident_bundle(self, number: int) -> tuple[str, bytes]:
        return f"callboard-incident-{number}.zip", packed({"incident.json": self._incident(number)})

    def end_incident(self, number: int, reason: str, by: str) -> Row:
        row = self._incident(number)
        if row["ended"]:
            raise Refused(f"incident {number} was ended by {row['ended_by']} already")
        row |= {"state": "ended", "ended": 1_700_000_100.0, "ended_by": by}
        return row
