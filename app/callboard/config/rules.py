"""The tables `[rules.NAME]`: which advice is followed without a person, and only as far as is written there."""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callboard.config.fields import Field, Source, shown

ACTS = ("retry", "quarantine", "concurrency", "acknowledge", "assign", "investigate", "resume")
MODES = ("dry-run", "act")
SEVERITIES = ("critical", "high", "medium", "low", "info")
MOST_PER_HOUR = 60
PER_HOUR = 4
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")


def _wrong_words(value: Any) -> str:
    return "" if value and all(item.strip() for item in value) else "it must name at least one"


def _wrong_severities(value: Any) -> str:
    wrong = [item for item in value if item not in SEVERITIES]
    return f"{wrong[0]!r} is no severity; known: {', '.join(SEVERITIES)}" if wrong else _wrong_words(value)


RULE: Mapping[str, Field] = {
    "when": Field("texts", "kinds of advice that it follows, or patterns of them: ['case-*']", check=_wrong_words),
    "do": Field("text", "what it does about it, and nothing else", one_of=ACTS),
    "mode": Field("text", "dry-run (the default): it only writes down what it would do; act: it does it", one_of=MODES),
    "severity": Field("texts", "only advice of these severities; left out: any", check=_wrong_severities),
    "state": Field("texts", "only cases in these states; left out: in any", check=_wrong_words),
    "agents": Field("texts", "only about these agents, or patterns of them", check=_wrong_words),
    "jobs": Field("texts", "only about these jobs, or patterns of them", check=_wrong_words),
    "least_score": Field("number", "only advice that ranks at least so high, 0 to 100; left out: 0", 0, 100),
    "per_hour": Field("whole", "how often it acts in an hour at most; left out: 4", 1, MOST_PER_HOUR),
    "least": Field("whole", "concurrency: it never sets fewer at once; left out: 1", 1, 1_000),
    "most": Field("whole", "concurrency: it never sets more at once; must be written down", 1, 1_000),
    "because": Field("text", "why the team wants it; shown with what it does"),
}


@dataclass(frozen=True, slots=True)
class RuleTable:
    """`[rules.NAME]`: what it follows, what it does, how far it may go."""

    name: str
    when: tuple[str, ...]
    do: str
    mode: str = "dry-run"
    severity: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    least_score: float = 0.0
    per_hour: int = PER_HOUR
    least: int = 1
    most: int = 0
    because: str = ""

    @property
    def words(self) -> str:
        """The rule as a sentence."""
        which = [f"is of kind {' or '.join(self.when)}"]
        for names, of in (
            (self.severity, "severity"),
            (self.state, "case state"),
            (self.agents, "agent"),
            (self.jobs, "job"),
        ):
            if names:
                which.append(f"{of} {' or '.join(names)}")
        if self.least_score:
            which.append(f"score {self.least_score:g} or more")
        bounds = f", between {self.least} and {self.most} at once" if self.do == "concurrency" else ""
        often = f"at most {self.per_hour} {'time' if self.per_hour == 1 else 'times'} an hour"
        return f"When an advice {', '.join(which)}: {self.do}{bounds}, {often}"


def rules_of(source: Source, tables: Mapping[str, Mapping[str, Any]]) -> dict[str, RuleTable]:
    """The rules of the checked tables; raises `ConfigError` for one that does not say when, what, or how far."""
    found: dict[str, RuleTable] = {}
    for name, table in tables.items():
        place = ("rules", name)
        if not _NAME.fullmatch(name):
            raise source.fault(
                f"{shown(name)} is no name of a rule; use letters, digits, '-', '_' and '.', such as [rules.calm]",
                *place,
            )
        for key, example in (("when", "['case-flaky']"), ("do", "'quarantine'")):
            if key not in table:
                raise source.fault(f"rule '{name}' does not say {key}; write {key} = {example}", *place)
        if table["do"] == "concurrency" and "most" not in table:
            raise source.fault(f"rule '{name}' sets the concurrency and names no bound; write most = 4", *place)
        if table["do"] != "concurrency" and ("most" in table or "least" in table):
            key = "most" if "most" in table else "least"
            raise source.fault(f"'{key}' in rule '{name}' is of use with do = 'concurrency' only", *place, key)
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
        }
        rule = RuleTable(name=name, **given)
        if rule.do == "concurrency" and rule.least > rule.most:
            raise source.fault(f"rule '{name}' has least {rule.least} above most {rule.most}", *place, "least")
        found[name] = rule
    return found


def fits_one(names: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether one of the names fits one of the patterns; no pattern fits everything."""
    return not patterns or any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)
