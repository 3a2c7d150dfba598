"""The tables of `[agents.monitor]` in `callboard.toml`, checked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.api import CallboardError
from callboard_monitor.words import DAY, parsed_span

SEVERITIES = ("critical", "high", "medium", "low", "info")
AGGREGATES = ("sum", "max", "min", "avg", "rate", "ratio", "p50", "p95", "p99")


class SettingError(CallboardError):
    """A table of `callboard.toml` that means nothing; `table` is its name."""

    def __init__(self, words: str, table: str = "agents.monitor") -> None:
        super().__init__(words)
        self.table = table


def fault(where: str, words: str) -> SettingError:
    """What is wrong in a table, and how it should be."""
    return SettingError(f"callboard.toml: [agents.monitor{where}] {words}", f"agents.monitor{where}")


def place_of(text: str, name: str, table: str = "endpoints") -> tuple[str, int]:
    """Where `callboard.toml` has the table of that name; ('', 0) when it is not found there."""
    parts = r"\s*\.\s*".join(table.split("."))
    heading = re.compile(rf"""^\s*\[\s*{parts}\s*\.\s*["']?{re.escape(name)}["']?\s*\]""")
    for number, line in enumerate(text.splitlines(), 1):
        if heading.match(line):
            return "callboard.toml", number
    return "", 0


def tables(settings: Mapping[str, Any], name: str) -> dict[str, Mapping[str, Any]]:
    """The named tables under `[agents.monitor.NAME.*]`. Raises `CallboardError` when they are none."""
    found = settings.get(name, {})
    if not isinstance(found, Mapping) or not all(isinstance(entry, Mapping) for entry in found.values()):
        raise fault(f".{name}", f"must hold tables: [agents.monitor.{name}.NAME]")
    return {str(key): entry for key, entry in found.items()}


def texts(entry: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """A list of texts, or one; () when it is left out."""
    value = entry.get(key, ())
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, Sequence) or not all(isinstance(part, str) and part for part in value):
        raise fault(where, f"has {key} = {value!r}; it must be a list of texts")
    return tuple(value)


def number(entry: Mapping[str, Any], key: str, default: float, low: float, high: float, where: str) -> float:
    """A number between bounds."""
    value = entry.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise fault(where, f"has {key} = {value!r}; it must be a number from {low:g} to {high:g}")
    return float(value)


def known(entry: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    """Refuses a key that means nothing: a slip of the pen must not switch a check off."""
    for key in entry:
        if key not in keys:
            raise fault(where, f"has '{key}'; known: {', '.join(keys)}")


@dataclass(frozen=True, slots=True)
class Filter:
    """A label and what it must be: 'GET', '~5..' (whole value fits the pattern), '!x', '!~4..'."""

    label: str
    text: str
    negated: bool = False
    pattern: bool = False


def filters(table: object, where: str) -> tuple[Filter, ...]:
    """From `{code = "~5.."}`."""
    if not isinstance(table, Mapping) or not all(isinstance(value, str) for value in table.values()):
        raise fault(where, f'has labels {table!r}; write them so: {{code = "~5.."}}')
    found = []
    for label, value in table.items():
        negated, rest = value.startswith("!"), value.removeprefix("!")
        pattern, text = rest.startswith("~"), rest.removeprefix("~")
        if pattern:
            _check_pattern(text, where)
        found.append(Filter(str(label), text, negated, pattern))
    return tuple(found)


def _check_pattern(text: str, where: str) -> None:
    """Patterns are of letters, digits, '.', '|' and '*' after '.': enough for labels, and never slow."""
    plain = text.replace(".*", "")
    if len(text) > 200 or text.count(".*") > 3 or not all(c.isalnum() or c in "._|-/:" for c in plain):
        raise fault(where, f"has the pattern {text!r}; use letters, digits, '.', '.*' and '|', such as '~5..'")


@dataclass(frozen=True, slots=True)
class Series:
    """Samples of a metric, chosen by labels."""

    metric: str
    labels: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """`[agents.monitor.levels.NAME]`: `objective` as share, `window` in seconds, and what is counted.

    Either `endpoint`, whose answers are good when they are 2xx or 3xx within `within_ms` (0: any time), or a `target` of
    Prometheus with `good` of `total`, or `bad` of `total`.
    """

    name: str
    objective: float
    window: float
    endpoint: str = ""
    within_ms: float = 0.0
    target: str = ""
    total: Series = Series("")
    part: Series = Series("")
    part_is_good: bool = True

    @property
    def indicator(self) -> str:
        """What is counted, as a mark: a level that counts something else starts anew."""
        return repr((self.endpoint, self.within_ms, self.target, self.total, self.part, self.part_is_good))

    @property
    def words(self) -> str:
        """What is counted, for people."""
        if self.endpoint:
            return f"{self.endpoint} answers" + (f" within {self.within_ms:g} ms" if self.within_ms else "")
        part = f"{self.part.metric}{_braces(self.part)} {'is' if self.part_is_good else 'is not'} good"
        return f"{self.target}: of {self.total.metric}{_braces(self.total)}, {part}"


def _braces(series: Series) -> str:
    """'{code=~5..}', or ''."""
    rows = (f"{f.label}{'!' if f.negated else '='}{'~' if f.pattern else ''}{f.text}" for f in series.labels)
    return f"{{{', '.join(rows)}}}" if series.labels else ""


def levels(settings: Mapping[str, Any]) -> list[Level]:
    """All service levels that are written down."""
    return [_level(name, entry) for name, entry in tables(settings, "levels").items()]


def sound_levels(settings: Mapping[str, Any]) -> list[Level]:
    """Those that mean something: for who only counts for them. What is wrong with the others, `monitor.levels` says."""
    found = []
    entries = settings.get("levels", {})
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        try:
            found.append(_level(str(name), entry if isinstance(entry, Mapping) else {}))
        except SettingError:
            continue
    return found


def _level(name: str, entry: Mapping[str, Any]) -> Level:
    where = f".levels.{name}"
    known(entry, ("objective", "window", "endpoint", "within_ms", "target", "total", "good", "bad"), where)
    objective = number(entry, "objective", 0.0, 1.0, 99.9999, where) / 100
    window = parsed_span(entry.get("window", "30d"))
    if window is None or not 3_600 <= window <= 366 * DAY:
        raise fault(where, f"has window = {entry.get('window')!r}; use '30d', '7d', '12h'")
    endpoint, target = entry.get("endpoint", ""), entry.get("target", "")
    if not isinstance(endpoint, str) or not isinstance(target, str) or bool(endpoint) == bool(target):
        raise fault(where, "needs either endpoint = 'NAME' or target = 'NAME' (of [agents.monitor.metrics.NAME])")
    if endpoint:
        return Level(name, objective, window, endpoint, number(entry, "within_ms", 0, 0, 3_600_000, where))
    total = _series(entry.get("total"), f"{where}.total")
    if ("good" in entry) == ("bad" in entry):
        raise fault(where, "needs either good = {...} or bad = {...}: which of the total counts")
    is_good = "good" in entry
    part = _series(entry["good" if is_good else "bad"], f"{where}.{'good' if is_good else 'bad'}", total.metric)
    return Level(name, objective, window, "", 0.0, target, total, part, is_good)


def _series(table: object, where: str, metric: str = "") -> Series:
    if not isinstance(table, Mapping):
        raise fault(where, 'must be a table: {metric = "http_requests_total", labels = {code = "~5.."}}')
    known(table, ("metric", "labels"), where)
    name = table.get("metric", metric)
    if not isinstance(name, str) or not name:
        raise fault(where, "needs the name of a metric")
    return Series(name, filters(table.get("labels", {}), where))


@dataclass(frozen=True, slots=True)
class Rule:
    """What of a metric is too much (`above`) or too little (`below`); None: no such bound."""

    name: str
    series: Series
    of: Series
    aggregate: str
    above: float | None
    below: float | None
    severity: str


@dataclass(frozen=True, slots=True)
class Target:
    """`[agents.monitor.metrics.NAME]`: where metrics are told, the rules, and which series are `kept` as metrics."""

    name: str
    url: str
    rules: tuple[Rule, ...] = ()
    kept: tuple[Rule, ...] = ()
    detected: bool = field(default=False)


def targets(settings: Mapping[str, Any]) -> list[Target]:
    """All targets of Prometheus that are written down."""
    found = []
    for name, entry in tables(settings, "metrics").items():
        where = f".metrics.{name}"
        known(entry, ("url", "rules", "keep"), where)
        url = entry.get("url")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise fault(where, "needs 'url', such as 'http://127.0.0.1:8000/metrics'")
        rules = _rules(entry.get("rules", []), f"{where}.rules", bounded=True)
        kept = _rules(entry.get("keep", []), f"{where}.keep", bounded=False)
        found.append(Target(name, url, rules, kept))
    return found


def _rules(rows: object, where: str, bounded: bool) -> tuple[Rule, ...]:
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, Mapping) for row in rows) or len(rows) > 200:
        raise fault(where, "must be a list of tables, at most 200")
    return tuple(_rule(row, where, bounded) for row in rows)


def _rule(row: Mapping[str, Any], where: str, bounded: bool) -> Rule:
    known(row, ("name", "metric", "labels", "of", "agg", "above", "below", "severity"), where)
    series = _series({key: row[key] for key in ("metric", "labels") if key in row}, where)
    aggregate = row.get("agg", "sum")
    if aggregate not in AGGREGATES:
        raise fault(where, f"has agg = {aggregate!r}; known: {', '.join(AGGREGATES)}")
    severity = row.get("severity", "high")
    if severity not in SEVERITIES:
        raise fault(where, f"has severity = {severity!r}; known: {', '.join(SEVERITIES)}")
    above, below = (row.get(key) for key in ("above", "below"))
    for bound in (above, below):
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, (int, float))):
            raise fault(where, f"has the bound {bound!r}; it must be a number")
    if bounded and above is None and below is None:
        raise fault(where, f"has a rule on {series.metric} without 'above' or 'below'")
    of = _series(row["of"], f"{where}.of", series.metric) if "of" in row else Series(series.metric)
    name = row.get("name") or f"{aggregate} of {series.metric}"
    return Rule(str(name), series, of, aggregate, above, below, severity)


@dataclass(frozen=True, slots=True)
class Watched:
    """`[agents.monitor.processes.NAME]`: a process that is known by a file with its pid, a port, or words of its command."""

    name: str
    pid_file: str = ""
    port: int = 0
    words: tuple[str, ...] = ()
    most_memory_mb: float = 0.0


def watched(settings: Mapping[str, Any]) -> list[Watched]:
    """All processes that are written down."""
    found = []
    for name, entry in tables(settings, "processes").items():
        where = f".processes.{name}"
        known(entry, ("pid_file", "port", "command", "most_memory_mb"), where)
        pid_file = entry.get("pid_file", "")
        if not isinstance(pid_file, str) or pid_file.startswith("/") or ".." in pid_file.split("/"):
            raise fault(where, f"has pid_file = {pid_file!r}; it must be a path in the workspace")
        port = int(number(entry, "port", 0, 0, 65_535, where))
        words = texts(entry, "command", where)
        if sum(map(bool, (pid_file, port, words))) != 1:
            raise fault(where, "needs one of pid_file, port and command (words that its command line holds)")
        found.append(Watched(name, pid_file, port, words, number(entry, "most_memory_mb", 0, 0, 1e9, where)))
    return found
