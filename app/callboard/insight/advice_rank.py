"""What to do next: all drafts with their scores, from factors that are shown, the highest first."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest

from callboard.core.advice import advice_id
from callboard.insight.advice_cases import of_cases
from callboard.insight.advice_drafts import DAY, HOUR, MINUTE, NO_RISK, Draft, count, lasting
from callboard.insight.advice_facts import Facts, Gain, Track
from callboard.insight.advice_fold import before_words, parted, short, tie
from callboard.insight.advice_load import of_load
from callboard.insight.advice_measures import Measure
from callboard.insight.advice_waiting import of_waiting

BY_SEVERITY: Mapping[str, float] = {"critical": 40.0, "high": 30.0, "medium": 18.0, "low": 8.0, "info": 3.0}
BY_RISK: Mapping[str, float] = {"none": 0.0, "low": -2.0, "medium": -6.0, "high": -12.0}
BY_WAIT = ((DAY, 10.0), (HOUR, 6.0), (10 * MINUTE, 3.0))
BY_GAIN = ((8 * HOUR, 15.0), (HOUR, 12.0), (10 * MINUTE, 8.0), (MINUTE, 4.0))
ONE_CLICK = 3.0
HELPED, FAILED, OVERRULED = 2.0, -3.0, -4.0
LEAST_RECORD, MOST_RECORD = -20.0, 10.0
MOST_ADVICE = 100
RULE_TIMES = 5
# What a rule may do about what kind, for the advice to write one.
RULED: Mapping[str, str] = {
    "retry": "retry", "case-flaky": "quarantine", "concurrency-raise": "concurrency", "concurrency-lower": "concurrency",
    "alert": "acknowledge", "case-assign": "assign", "case-investigate": "investigate", "case-mend": "investigate",
    "resume": "resume",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Advice:
    """A ranked draft: its id, its score from 0 to 100, and the factors that add up to it (before it is cut to that range)."""

    id: str
    draft: Draft
    score: int
    factors: tuple[tuple[str, float, str], ...]


def advise(facts: Facts) -> list[Advice]:
    """At most MOST_ADVICE, the highest score first; the same facts give the same list."""
    seen: dict[str, Advice] = {}
    for draft in drafts(facts):
        advice = ranked(short(draft), facts)
        if advice.id not in seen:
            seen[advice.id] = advice
    stays, rest = parted([advice.draft for advice in sorted(seen.values(), key=_order)])
    found = sorted((ranked(draft, facts) for draft in (*stays, *map(short, rest))), key=_order)[:MOST_ADVICE]
    return [_with_order(advice, after, facts.now) for advice, after in zip_longest(found, found[1:])]


def _order(advice: Advice) -> tuple[float, tuple[float, ...], str, int, str]:
    draft = advice.draft
    return (-advice.score, tie(draft), draft.kind, draft.case or 0, draft.about)


def _with_order(advice: Advice, after: Advice | None, now: float) -> Advice:
    """With why it stands before the next where the score does not say."""
    if after is None or after.score != advice.score:
        return advice
    words = before_words(advice.draft, after.draft, now)
    return replace(advice, factors=(*advice.factors, ("order", 0.0, words)))


def drafts(facts: Facts) -> Iterator[Draft]:
    """What every written rule says about the facts."""
    yield from of_cases(facts)
    yield from of_waiting(facts)
    yield from of_load(facts)
    yield from _rules(facts)


def ranked(draft: Draft, facts: Facts) -> Advice:
    """The draft with its score."""
    factors = tuple(factor for factor in _factors(draft, facts) if factor[1])
    score = max(0, min(100, round(sum(value for _, value, _ in factors))))
    return Advice(advice_id(facts.workspace, draft.kind, draft.about), draft, score, factors)


def _factors(draft: Draft, facts: Facts) -> Iterator[tuple[str, float, str]]:
    yield "severity", BY_SEVERITY[draft.severity], f"{draft.severity} severity"
    yield from draft.weights
    if draft.blocks:
        value = min(25.0, 5.0 * math.ceil(math.log2(1 + draft.blocks)))
        yield "blocks", value, draft.blocks_words or count(draft.blocks, "task waits", "tasks wait")
    if draft.waits_since is not None:
        passed = facts.now - draft.waits_since
        yield "waiting", _step(passed, BY_WAIT), f"for {lasting(passed)}"
    if draft.gain is not None:
        yield "gain", _step(draft.gain.high_s, BY_GAIN), gain_words(draft.gain)
    yield "risk", BY_RISK[draft.risk.level], f"{draft.risk.level} risk"
    if draft.acts:
        yield "one click", ONE_CLICK, "it can be done from here"
    track = facts.tracks.get(draft.kind)
    if track is not None:
        yield "record", record_of(track), record_words(track)


def _step(value: float, steps: Iterable[tuple[float, float]]) -> float:
    return next((points for least, points in steps if value >= least), 0.0)


def record_of(track: Track) -> float:
    """What the track record of a kind counts: help is for it, no help and overrules beyond what was taken are against it."""
    value = HELPED * track.helped + FAILED * track.failed + OVERRULED * max(0, track.overruled - track.taken)
    return max(LEAST_RECORD, min(MOST_RECORD, value))


def record_words(track: Track) -> str:
    """'of its kind 5 overruled, 2 taken, 1 of them helped'."""
    parts = [f"{track.overruled} overruled", f"{track.taken} taken"]
    if track.helped or track.failed:
        parts.append(f"{track.helped} of {track.helped + track.failed} judged helped")
    return f"of its kind {', '.join(parts)}"


def gain_words(gain: Gain) -> str:
    """'2 min to 3 h a week'."""
    if gain.low_s == gain.high_s:
        return f"{lasting(gain.high_s)} {gain.words}"
    return f"{lasting(gain.low_s)} to {lasting(gain.high_s)} {gain.words}"


def _rules(facts: Facts) -> Iterator[Draft]:
    """A kind that is always taken by hand and helps could be left to a rule, as a dry run first."""
    for kind, track in sorted(facts.tracks.items()):
        enough = track.taken >= RULE_TIMES and track.helped >= RULE_TIMES and track.helped >= 4 * track.failed
        if kind in RULED and enough and not track.overruled and kind not in facts.ruled:
            text = f'[rules.{kind}] when = ["{kind}"], do = "{RULED[kind]}"'
            yield Draft(
                kind="rule", about=kind, title=f"Leave advice of kind {kind} to a rule",
                words=f"Write {text} into callboard.toml: it only says what it would do, until you write mode = 'act'.",
                severity="info", reasons=(f"It was taken {track.taken} times by hand and helped {track.helped} times.",),
                evidence=(("Insights", "/insights"),), href="/insights", risk=NO_RISK, measure=Measure("gone", f"rule {kind}"),
                no_gain="It saves clicks; seconds are not counted.",
            )  # fmt: skip
