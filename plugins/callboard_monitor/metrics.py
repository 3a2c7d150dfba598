"""Prometheus targets: scraped, compared with the rules of callboard.toml and with history."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from callboard.api import BoundaryError, Cell, Context, Finding, ReportError, Result, Severity, Table, read_prometheus
from callboard_monitor.anomalies import Observation, observe
from callboard_monitor.judge import verdict
from callboard_monitor.levels import count
from callboard_monitor.probe import LONGEST_WAIT, Prober
from callboard_monitor.scrape import SHARES, Scrape, scrape_of
from callboard_monitor.settings import Filter, Rule, Series, Target, place_of, sound_levels, targets
from callboard_monitor.words import amount, plural, slug, span

MOST_BYTES = 8_000_000
MOST_OWN = 12
STATUS_LABELS = ("code", "status", "status_code", "http_status")


@dataclass(frozen=True, slots=True)
class Told:
    """A value of a target that is kept over time."""

    target: str
    name: str
    value: float
    unit: str
    note: str = ""


def scrape_targets(ctx: Context, names: Sequence[str], urls: Sequence[str], timeout: float, fail_on: str) -> Result:
    """Scrapes each target once and judges its rules."""
    written = targets(ctx.settings)
    missing = [name for name in names if name not in {target.name for target in written}]
    chosen = [target for target in written if not names or target.name in names]
    chosen += [Target(slug(url.split("//")[-1]), url) for url in urls]
    unchecked = [f"{name}: callboard.toml has no [agents.monitor.metrics.{name}]" for name in missing]
    if not chosen:
        return verdict(
            ctx, "", fail_on, unchecked or ["callboard.toml has no [agents.monitor.metrics.NAME] with a url"]
        )
    prober = Prober(ctx, timeout)
    told: list[Told] = []
    rows: list[Sequence[str | Cell]] = []
    read = samples = 0
    for number, target in enumerate(chosen):
        ctx.progress(number / len(chosen), f"scrapes {target.name}")
        found = _scrape(ctx, prober, target)
        if isinstance(found, str):
            unchecked.append(f"{target.name}: {found}")
            rows.append((target.name, "", Cell("not scraped", "unsure"), found))
            continue
        read += 1
        samples += sum(len(family.samples) for family in found.families.values())
        ctx.metric(f"monitor.metrics.{slug(target.name)}.families", len(found.families))
        rows += _judge(ctx, target, found, unchecked)
        told += _told(target, found)
        _count(ctx, target, found)
    for one in told:
        ctx.metric(f"monitor.metrics.{one.target}.{one.name}", one.value, one.unit)
    seen = observe(ctx, "metrics", [_observation(one) for one in told])
    rows += [
        (s.observation.words, amount(s.observation.value, s.observation.unit), s.usual_cell, s.words) for s in seen
    ]
    ctx.show("metrics", Table(("What", "Value", "State", "Words"), rows))
    looked = f"{plural(read, 'target')} with {plural(samples, 'sample')} scraped" if read else ""
    if not read and ctx.findings:
        looked = plural(len(chosen), "target")
    outputs = {f"{one.target}.{one.name}": round(one.value, 6) for one in told[:100]}
    return verdict(ctx, looked, fail_on, unchecked, {"metrics": outputs})


def _scrape(ctx: Context, prober: Prober, target: Target) -> Scrape | str:
    """The look, or why there is none."""
    if prober.pace.due(target.url) > LONGEST_WAIT:
        return f"it is left alone for {span(prober.pace.due(target.url))} more, after what it answered before"
    try:
        answer = prober.ask("GET", target.url, frozenset({200}), MOST_BYTES, keep=True)
        prober.pace.answered(target.url, answer.status, answer.retry_after)
    except BoundaryError as error:
        return str(error)
    if answer.trouble:
        words = f"its metrics cannot be had: {answer.trouble}"
        _find(
            ctx, "metrics-unreachable", Severity.MEDIUM, target, words, "see that it runs and that the address is right"
        )
        return answer.trouble
    try:
        families = read_prometheus(answer.body.decode("utf-8", "replace"), target.name)
    except ReportError as error:
        words = f"what it tells is no text of Prometheus: {error}"
        _find(ctx, "metrics-unreadable", Severity.MEDIUM, target, words, "see what serves that address")
        return f"unreadable: {error}"
    if not any(family.samples for family in families.values()):
        return "it tells no sample"
    key = f"scrape-{hashlib.sha256(target.url.encode('utf-8', 'replace')).hexdigest()[:12]}"
    now = time.time()
    scrape = scrape_of(families, ctx.memory.get(key), now)
    rules = [*target.rules, *target.kept, *(_own(scrape) if not target.kept else ())]
    counted = [level for level in sound_levels(ctx.settings) if level.target == target.name]
    needed = {series.metric for rule in rules for series in (rule.series, rule.of)}
    needed |= {series.metric for level in counted for series in (level.total, level.part)}
    ctx.memory.put(key, scrape.kept_form(needed))
    return scrape


def _judge(ctx: Context, target: Target, scrape: Scrape, unchecked: list[str]) -> list[Sequence[str | Cell]]:
    rows: list[Sequence[str | Cell]] = []
    over = f"over {span(scrape.elapsed)}" if scrape.elapsed is not None else "at the first look"
    for rule in target.rules:
        value, why = scrape.value(rule)
        name = f"{target.name}: {rule.name}"
        if value is None:
            if "nothing was added" not in why:
                unchecked.append(f"{name}: {why}")
            rows.append((name, "–", Cell("not known", "unsure"), why))
            continue
        ctx.metric(f"monitor.metrics.{slug(target.name)}.{slug(rule.name)}", value)
        broken = _broken(rule, value)
        if broken:
            words = f"{rule.name} is {amount(value)} {why or over}; {broken}"
            _find(
                ctx,
                "metric-rule",
                Severity(rule.severity),
                target,
                words,
                "see what changed since the last look",
                rule.name,
            )
        rows.append(
            (name, amount(value), Cell("broken" if broken else "as agreed", "bad" if broken else "good"), broken)
        )
    return rows


def _broken(rule: Rule, value: float) -> str:
    if rule.above is not None and value > rule.above:
        return f"at most {amount(rule.above)} is allowed"
    if rule.below is not None and value < rule.below:
        return f"at least {amount(rule.below)} is wanted"
    return ""


def _told(target: Target, scrape: Scrape) -> list[Told]:
    """What is kept over time: the series that are written down, else error ratios and quantiles of what looks like requests."""
    name = slug(target.name)
    rules = target.kept or _own(scrape)
    told = []
    for rule in rules:
        value, note = scrape.value(rule)
        if value is not None:
            unit = "s" if rule.aggregate in SHARES and rule.series.metric.endswith("seconds") else ""
            told.append(Told(name, slug(rule.name), value, unit, note))
    return told


def _own(scrape: Scrape) -> list[Rule]:
    rules: list[Rule] = []
    for family in scrape.families.values():
        if len(rules) >= MOST_OWN:
            break
        if family.kind == "histogram" and family.name.endswith(("seconds", "duration", "latency", "_ms")):
            series = Series(family.name)
            rules += [Rule(f"{family.name}.{p}", series, series, p, None, None, "high") for p in ("p50", "p95")]
        if family.kind == "counter" and "request" in family.name:
            sample = next((s for s in family.samples if s.name.endswith("_total") or s.name == family.name), None)
            label = next((name for name in STATUS_LABELS if sample is not None and name in sample.labels), "")
            if sample is not None and label:
                whole = Series(sample.name)
                failed = Series(sample.name, (Filter(label, "5..|5xx", pattern=True),))
                rules.append(Rule(f"{family.name}.error_ratio", failed, whole, "ratio", None, None, "high"))
            if sample is not None:
                whole = Series(sample.name)
                rules.append(Rule(f"{family.name}.rate", whole, whole, "rate", None, None, "high"))
    return rules


def _observation(one: Told) -> Observation:
    kind = "share" if one.name.endswith("error_ratio") or one.value <= 0 else "size"
    return Observation(
        f"metrics.{one.target}.{one.name}",
        f"{one.name} of {one.target}",
        one.value,
        one.unit,
        "share" if kind == "share" else "size",
        "both" if one.name.endswith(".rate") else "high",
        least=0.005 if kind == "share" else 0.0,
    )


def _count(ctx: Context, target: Target, scrape: Scrape) -> None:
    for level in sound_levels(ctx.settings):
        if level.target != target.name:
            continue
        total, part = scrape.increase(level.total), scrape.increase(level.part)
        if total and part is not None:
            part = min(part, total)
            count(ctx, level, scrape.at, part if level.part_is_good else total - part, total)


def _find(ctx: Context, rule: str, severity: Severity, target: Target, words: str, help: str, detail: str = "") -> None:
    mark = hashlib.sha256(f"{rule}\x1f{target.name}\x1f{detail}".encode("utf-8", "replace")).hexdigest()[:16]
    path, line = place_of(ctx.workspace.text("callboard.toml"), target.name, "agents.monitor.metrics")
    ctx.finding(Finding(rule, severity, f"{target.name}: {words}", path, line, help=help, fingerprint=mark))
