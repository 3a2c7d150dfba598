"""One look at the metrics of a Prometheus target: values, and what was added since the look before."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.api import Family, Histogram, Sample
from callboard_monitor.settings import Filter, Rule, Series

MOST_KEPT = 20_000
LONGEST_GAP = 7 * 86_400.0
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
SUMMED = ("_total", "_count", "_sum", "_bucket")
STARTED = "process_start_time_seconds"


def fits(labels: Mapping[str, str], chosen: Sequence[Filter]) -> bool:
    """Whether labels pass all filters; a label that is not there is ''."""
    for one in chosen:
        value = labels.get(one.label, "")[:500]
        same = re.fullmatch(one.text, value) is not None if one.pattern else value == one.text
        if same == one.negated:
            return False
    return True


def key_of(sample: Sample) -> str:
    """A sample's name and labels as one text."""
    return sample.name + "\x1f" + "\x1f".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))


@dataclass(slots=True)
class Scrape:
    """The families of now, and the sums of the former look; `elapsed` is None when there is none that can be compared with.

    `restarted`: what tells the metrics began anew in between, so all sums count from zero. `cut` names what was too much to be
    remembered at the former look.
    """

    at: float
    families: Mapping[str, Family]
    former: Mapping[str, float] = field(default_factory=dict)
    elapsed: float | None = None
    restarted: bool = False
    resets: int = 0
    cut: frozenset[str] = frozenset()

    def samples(self, name: str) -> Sequence[Sample]:
        """All samples of that full name ('http_requests_total'), or of that family."""
        family = self.families.get(name)
        if family is not None and any(sample.name == name for sample in family.samples):
            return [sample for sample in family.samples if sample.name == name]
        base = next((name.removesuffix(end) for end in SUMMED if name.endswith(end)), name)
        family = self.families.get(base)
        return [sample for sample in family.samples if sample.name == name] if family is not None else []

    def chosen(self, series: Series) -> list[Sample]:
        """The samples of a series."""
        return [sample for sample in self.samples(series.metric) if fits(sample.labels, series.labels)]

    def added(self, sample: Sample) -> float:
        """What was added to a sum since the former look; a sum that became smaller was set to zero in between."""
        before = 0.0 if self.restarted else self.former.get(key_of(sample), 0.0)
        if sample.value < before:
            self.resets += 1
            before = 0.0
        return max(0.0, sample.value - before) if math.isfinite(sample.value) else 0.0

    def increase(self, series: Series) -> float | None:
        """The sum of what was added; None without a former look, or when there is no such metric."""
        if self.elapsed is None or series.metric in self.cut or not self.samples(series.metric):
            return None
        return math.fsum(self.added(sample) for sample in self.chosen(series))

    def quantile(self, series: Series, share: float) -> tuple[float | None, bool]:
        """Of all chosen histograms together, by what was added since the former look; second: whether since the start instead.

        None when nothing was seen in that time.
        """
        since_start = self.elapsed is None or f"{series.metric}_bucket" in self.cut
        buckets: dict[float, float] = {}
        for sample in self.chosen(Series(f"{series.metric}_bucket", series.labels)):
            try:
                bound = float(sample.labels.get("le", ""))
            except ValueError:
                continue
            if math.isnan(bound):
                continue
            value = sample.value if since_start else self.added(sample)
            buckets[bound] = buckets.get(bound, 0.0) + value
        if not buckets or math.inf not in buckets:
            return None, since_start
        rising, highest = [], 0.0
        for bound in sorted(buckets):
            highest = max(highest, buckets[bound])
            rising.append((bound, highest))
        return Histogram({}, tuple(rising), 0.0, highest).quantile(share), since_start

    def value(self, rule: Rule) -> tuple[float | None, str]:
        """What the rule looks at, and in words why it cannot be known, or a remark on how it was."""
        if rule.aggregate in SHARES:
            found, since_start = self.quantile(rule.series, SHARES[rule.aggregate])
            if found is None:
                return None, f"{rule.series.metric} has no histogram with these labels that saw anything"
            return found, "since its start" if since_start else ""
        if rule.aggregate == "rate":
            increase = self.increase(rule.series)
            return (None, self._why_not(rule.series)) if increase is None else (increase / (self.elapsed or 1.0), "")
        if rule.aggregate == "ratio":
            part, whole = self.increase(rule.series), self.increase(rule.of)
            if part is None or whole is None:
                return None, self._why_not(rule.of if part is not None else rule.series)
            return (part / whole, "") if whole > 0 else (None, f"nothing was added to {rule.of.metric} meanwhile")
        values = [sample.value for sample in self.chosen(rule.series) if math.isfinite(sample.value)]
        if not values:
            return None, self._why_not(rule.series)
        total = math.fsum(values)
        return {"max": max(values), "min": min(values), "avg": total / len(values)}.get(rule.aggregate, total), ""

    def _why_not(self, series: Series) -> str:
        if not self.samples(series.metric):
            return f"it tells no {series.metric}"
        if not self.chosen(series):
            return f"no {series.metric} has these labels"
        if series.metric in self.cut:
            return f"{series.metric} has too many series to be remembered"
        return "this is the first look, a rate needs two"

    def kept_form(self, needed: Collection[str] = ()) -> dict[str, Any]:
        """The sums, to compare with next time; those of the `needed` metrics before the rest, a metric wholly or not at all."""
        by_name: dict[str, list[Sample]] = {}
        for family in self.families.values():
            for sample in family.samples:
                if family.kind in ("counter", "histogram") or sample.name.endswith(SUMMED):
                    by_name.setdefault(sample.name, []).append(sample)
        sums: dict[str, float] = {}
        cut = []
        for name in sorted(by_name, key=lambda name: not name.startswith(tuple(needed))):
            if len(sums) + len(by_name[name]) > MOST_KEPT:
                cut.append(name)
                continue
            sums |= {key_of(sample): sample.value for sample in by_name[name] if math.isfinite(sample.value)}
        started = self.families[STARTED].value() if STARTED in self.families else None
        return {"at": self.at, "started": started, "sums": sums, "cut": cut[:MOST_KEPT]}


def scrape_of(families: Mapping[str, Family], kept: object, now: float) -> Scrape:
    """The look of now beside the one that was remembered."""
    table = kept if isinstance(kept, Mapping) else {}
    at, sums, before = table.get("at"), table.get("sums"), table.get("started")
    if not isinstance(at, (int, float)) or not isinstance(sums, Mapping) or not 0 < now - at < LONGEST_GAP:
        return Scrape(now, families)
    former = {str(k): float(v) for k, v in sums.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}
    started = families[STARTED].value() if STARTED in families else None
    restarted = isinstance(before, (int, float)) and started is not None and started > before + 1
    cut = table.get("cut")
    return Scrape(
        now,
        families,
        former,
        now - at,
        restarted,
        cut=frozenset(map(str, cut)) if isinstance(cut, list) else frozenset(),
    )
