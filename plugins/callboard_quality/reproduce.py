"""The action `quality.reproduce`: reruns that tell broken, flaky, gone and environment apart."""

from pathlib import Path
from typing import Any

from callboard.api import Context, Result
from callboard_quality.blamed import blame
from callboard_quality.grounds import Ground, NotHere
from callboard_quality.investigated import told
from callboard_quality.odds import Kind, interval, rate_words
from callboard_quality.options import ReproduceOptions
from callboard_quality.reproduction import Reproduction
from callboard_quality.steady import Moved, still
from callboard_quality.target import Target, listed, target
from callboard_quality.trying import WHOLE

WEIGHT: tuple[Kind, ...] = ("gone", "unknown", "flaky", "environment", "broken")


def reproduce(ctx: Context, options: ReproduceOptions) -> Result:
    """Runs the tests again by the rule and says what they are."""
    what = target(ctx, options)
    if isinstance(what, Result):
        return what
    ground = Ground(ctx, what, options.interpreter, options.install_limit)
    try:
        runner = ground.here()
    except NotHere as error:
        words = f"{what.words} cannot be run here: {error.reason}"
        case = _nothing("environment", words)
        return told(ctx, "reproduce", what.words, case, is_told=False, state="environment")
    try:
        with still(ctx, runner) as place:
            done = Reproduction(options, what, ground, place)
            done.go()
            case = case_of(ctx, what, done)
    except Moved as moved:
        case = _nothing("unknown", f"nothing can be told of {what.words}: {moved}")
        return told(ctx, "reproduce", what.words, case, is_told=False, state="unknown")
    bad = next((one.bad for one in done.tests.values() if one.bad is not None and one.bad.text), None)
    if bad is not None:
        _keep(ctx, ctx.scratch / "failure.txt", bad.text)
    kind = str(case["verdict"])
    return told(ctx, "reproduce", what.words, case, is_told=kind != "unknown", state=kind)


def _nothing(verdict: Kind, words: str) -> dict[str, Any]:
    counts = {
        "failed": 0,
        "runs": 0,
        "rate": None,
        "low": 0.0,
        "high": 1.0,
        "order": False,
        "enough": False,
        "needs": 1,
    }
    return {"verdict": verdict, **counts, "words": words, "tests": {}}


def _keep(ctx: Context, path: Path, text: str) -> None:
    path.write_text(text[:200_000], "utf-8", "replace")
    ctx.artifact(path, kind="text")


def case_of(ctx: Context, what: Target, done: Reproduction) -> dict[str, Any]:
    """What was found, as the case keeps it."""
    names = [name for name in done.tests if name != WHOLE] or list(done.tests)
    first = max(names, key=lambda name: (WEIGHT.index(done.tests[name].kind), done.tests[name].tally.failed))
    if WHOLE in done.tests and not any(done.tests[name].tally.failed for name in names):
        first = WHOLE
    one = done.tests[first]
    low, high = interval(one.tally.failed, one.tally.runs)
    is_settled = one.kind == "environment" or bool(one.order or one.clock)
    needs = 0 if is_settled else one.tally.needed(done.rule, done.seen_of(first).times)
    rate = one.tally.rate
    return {
        "verdict": one.kind,
        "failed": one.tally.failed,
        "runs": one.tally.runs,
        "rate": None if rate is None else round(rate, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "order": bool(one.order),
        "clock": bool(one.clock),
        "enough": needs == 0 and one.kind != "unknown",
        "needs": needs,
        "words": _words(what, done, first),
        "rule": done.rule.words,
        "tests": {
            name: {"failed": t.tally.failed, "runs": t.tally.runs, "verdict": t.kind, "order": bool(t.order)}
            for name, t in done.tests.items()
        },
        "symptom": one.bad.symptom if one.bad else "",
        "message": one.bad.message if one.bad else "",
        "blame": {"lines": blame(ctx.workspace.path, one.bad.places) if one.bad else []},
        "ran": done.ran,
    }


def _words(target: Target, done: Reproduction, name: str) -> str:
    one = done.tests[name]
    what = target.words if name == WHOLE else name
    tally, rate, seen = one.tally, rate_words(one.tally.failed, one.tally.runs), done.seen_of(name)
    match one.kind:
        case "broken" if one.order:
            words = f"{what} depends on the order: it {one.order}; quality.narrow names the test behind it"
        case "broken":
            words = f"{what} is broken: {rate}"
        case "flaky" if one.clock:
            words = f"{what} is flaky, it depends on the clock: it {one.clock}"
        case "flaky" if tally.failed:
            words = f"{what} is flaky: {rate}"
        case "flaky":
            count = f"{seen.times} times" if seen.times > 1 else "once"
            words = f"{what} is flaky: it failed {count} with just these files, and now {rate}"
        case "gone":
            words = f"{what} does not fail any more: it {rate}" + (f"; {seen.why}" if seen.why else "")
            if needs := tally.needed(done.rule, seen.times):
                words += f"; that it fails once in 50 runs is not ruled out, {needs} more passes would do so"
        case "environment":
            words = f"{what} fails because of where it runs"
        case _:
            why = one.odd.words if one.odd is not None else "there was no time for more"
            words = f"nothing can be told of {what}: it {rate}; {why}"
    bad = one.bad or (one.odd if one.kind == "environment" else None)
    if bad is not None and one.kind != "gone":
        words += f"; {bad.message or bad.way}"
    others = [n for n, t in done.tests.items() if n not in (name, WHOLE) and t.kind == one.kind]
    words += f"; so are {listed(others)}" if others else ""
    told = [f"told after {tally.runs} of at most {done.rule.times} runs"] if tally.runs else []
    return "; ".join([words, *one.notes, *done.notes, *told])
