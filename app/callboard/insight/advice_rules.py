"""Which advice a rule of `callboard.toml` follows, and with which act: all that is written must fit."""

from callboard.config.rules import RuleTable, fits_one
from callboard.insight.advice_facts import Act
from callboard.insight.advice_rank import Advice


def act_by(rule: RuleTable, advice: Advice) -> Act | None:
    """The act that the rule makes about the advice, None when it does not fit or goes too far."""
    draft = advice.draft
    fits = (
        fits_one((draft.kind,), rule.when)
        and fits_one((draft.severity,), rule.severity)
        and fits_one((draft.state,), rule.state)
        and fits_one(draft.agents, rule.agents)
        and fits_one(draft.jobs, rule.jobs)
        and advice.score >= rule.least_score
    )
    act = next((act for act in draft.acts if act.does == rule.do), None) if fits else None
    if act is not None and rule.do == "concurrency":
        limit = act.body.get("limit")
        if not isinstance(limit, int) or not rule.least <= limit <= rule.most:
            return None
    return act
