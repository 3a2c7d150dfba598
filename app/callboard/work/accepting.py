"""Findings that the team lives with for a while: which ones, why, and until when."""

import datetime
import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callboard.work.finding import Finding, clean

LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Accepted:
    """A table `[[accepted]]`: it covers a finding that fits all of `rule`, `path` and `fingerprint` that are not ''.

    `rule` and `path` are glob patterns. It holds through the day `until`.
    """

    reason: str
    until: datetime.date
    rule: str = ""
    path: str = ""
    fingerprint: str = ""
    owner: str = ""

    @property
    def words(self) -> str:
        """'until 2027-01-31: reason (owner)'."""
        return clean(f"until {self.until}: {self.reason}" + (f" ({self.owner})" if self.owner else ""), 400)

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is one of those meant, expired or not."""
        if self.fingerprint and finding.fingerprint != self.fingerprint:
            return False
        if self.rule and not fnmatch.fnmatchcase(finding.rule, self.rule):
            return False
        return not self.path or fnmatch.fnmatchcase(finding.path, self.path)


def accepted_of(config: Mapping[str, Any]) -> list[Accepted]:
    """What the checked `callboard.toml` accepts; a table that is not as the checker leaves it is passed over."""
    tables = config.get("accepted", ())
    found = []
    for table in tables if isinstance(tables, list) else ():
        texts = {name: str(table.get(name, "")) for name in ("reason", "rule", "path", "fingerprint", "owner")}
        try:
            until = datetime.date.fromisoformat(str(table.get("until", "")))
        except ValueError:
            continue
        if texts["rule"] or texts["path"] or texts["fingerprint"]:
            found.append(Accepted(until=until, **texts))
    return found


def cover(
    accepted: Sequence[Accepted], finding: Finding, today: datetime.date
) -> tuple[Accepted | None, Accepted | None]:
    """What accepts the finding today, and else what did until it expired; of several the one that holds longest."""
    fitting = sorted((one for one in accepted if one.covers(finding)), key=lambda one: one.until)
    if not fitting:
        return None, None
    return (fitting[-1], None) if fitting[-1].until >= today else (None, fitting[-1])
