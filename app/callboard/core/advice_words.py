"""One sentence for each event about advice and rules."""

from typing import assert_never

from callboard.core.advice_events import (
    AdviceEvent,
    AdviceGiven,
    AdviceGone,
    AdviceJudged,
    AdviceOverruled,
    AdviceReopened,
    AdviceSnoozed,
    AdviceTaken,
    RuleDone,
    RuleEvent,
    RuleFired,
    RuleUndone,
)


def advice_sentence(event: AdviceEvent | RuleEvent) -> str:
    """What happened and why, for a person."""
    match event:
        case AdviceGiven():
            return f"Advice ({event.kind}): {_end(event.title)}"
        case AdviceGone():
            return f"Advice {event.id} is gone: {_end(event.why)}"
        case AdviceTaken():
            who = f"Rule '{event.rule}'" if event.rule else event.by
            return f"{who} took the advice: {_end(event.title)}"
        case AdviceOverruled():
            return f"{event.by} overruled the advice '{event.title}'" + _why(event.reason)
        case AdviceSnoozed():
            return f"{event.by} snoozed the advice: {_end(event.title)}"
        case AdviceReopened():
            return f"{event.by} opened the advice '{event.title}' again" + _why(event.reason)
        case AdviceJudged():
            return f"The advice {'helped' if event.helped else 'did not help'}: {_end(event.words)}"
        case RuleFired():
            what = "acts" if event.mode == "act" else "would act (dry run)"
            act = event.act.get("title") or "nothing"
            return f"Rule '{event.rule}' {what} on '{event.title}': {_end(str(act))}"
        case RuleDone():
            return f"The act of the rule {'was done' if event.ok else 'could not be done'}: {_end(event.words)}"
        case RuleUndone():
            return f"{event.by} took back what the rule had done" + _why(event.words)
        case _:
            assert_never(event)


def _end(words: str) -> str:
    return f"{words.rstrip('.')}."


def _why(reason: str) -> str:
    return f": {_end(reason)}" if reason else "."
