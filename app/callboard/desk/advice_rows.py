"""Advice, takings and rules as a surface shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from callboard.config.rules import RuleTable
from callboard.core.advice import ACT, Standing
from callboard.insight.advice_measures import MEASURES
from callboard.insight.advice_rank import Advice
from callboard.rows import Row
from callboard.work.finding import clean

LONGEST, TITLE = 2_000, 300
MOST_ACTS, MOST_LINES = 20, 20
DRY_DAYS = 30
OPEN: Row = {"state": "open", "by": "", "at": None, "reason": "", "until": None}


def advice_row(advice: Advice, standing: Standing | None, first: float) -> Row:
    """An advice that stands, with its draft."""
    draft = advice.draft
    gain = draft.gain
    means = MEASURES.get(draft.measure.what)
    acts = [act.row() for act in draft.acts]
    said = OPEN
    if standing is not None and (standing.by or standing.state != "open"):
        said = {"state": standing.state.value, "by": standing.by, "at": standing.at, "reason": standing.reason,
                "until": standing.until}  # fmt: skip
    return {
        "id": advice.id, "kind": draft.kind, "title": clean(draft.title, TITLE), "words": clean(draft.words, LONGEST),
        "reasons": [clean(reason, LONGEST) for reason in draft.reasons if reason],
        "evidence": [{"words": clean(words, TITLE), "href": href} for words, href in draft.evidence],
        "gain": {"words": gain.words, "low_s": round(gain.low_s, 1), "high_s": round(gain.high_s, 1)} if gain else None,
        "gain_why": "" if gain else draft.no_gain, "risk": {"level": draft.risk.level, "words": draft.risk.words},
        "act": acts[0] if acts else None, "acts": acts, **said, "helped": None, "measure": means.words if means else "",
        "score": advice.score, "severity": draft.severity,
        "factors": [{"name": name, "value": value, "words": words} for name, value, words in advice.factors],
        "case": draft.case, "href": draft.href, "first": first, "about": clean(draft.about, TITLE), "rule": "",
    }  # fmt: skip


def past_row(kept: Mapping[str, Any], taking: Mapping[str, Any] | None = None, not_yet: str = "") -> Row:
    """An advice by the record alone: one that was overruled or snoozed, or a taking of one, with how that was judged."""
    helped: Row | None = None
    if taking is not None:
        known = taking["helped"]
        measure = taking["measure"]
        helped = {
            "words": taking["words"] or not_yet or "not known yet", "yes": known,
            "before": taking["before"] if known is not None else measure.get("before"), "after": taking["after"],
            "n": taking["n"],
        }  # fmt: skip
    act = dict(taking["act"]) if taking is not None and taking["act"] else None
    means = MEASURES.get(str(taking["measure"].get("what", ""))) if taking is not None else None
    by, at = (taking["by"], taking["at"]) if taking is not None else (kept["by"], kept["at"])
    return {
        "id": kept["id"], "kind": kept["kind"], "title": clean(kept["title"], TITLE),
        "words": clean(kept.get("words", ""), LONGEST),
        "reasons": [], "evidence": [{"words": clean(kept["title"], TITLE), "href": kept["href"]}] if kept.get("href") else [],
        "gain": None, "gain_why": "", "risk": {"level": "none", "words": ""}, "act": act, "acts": [act] if act else [],
        "state": "taken" if taking is not None else kept["state"], "by": by, "at": at,
        "reason": "" if taking is not None else kept["reason"], "until": None if taking is not None else kept["until"],
        "helped": helped, "measure": means.words if means else "", "score": kept.get("score", 0), "severity": "", "factors": [],
        "case": None, "href": kept.get("href", ""), "first": kept.get("first") or at, "about": clean(kept["about"], TITLE),
        "rule": taking["rule"] if taking is not None else "", "taking": taking["taking"] if taking is not None else "",
    }  # fmt: skip


def rule_row(
    rule: RuleTable, firings: Sequence[Row], now_lines: Sequence[str], trouble: str, left: int, now: float
) -> Row:
    """A rule with what it did and what it would have done."""
    acted = [one for one in firings if one["mode"] == ACT]
    dry = [one for one in firings if one["mode"] != ACT]
    lines = [*now_lines, *(f"{clean(one['title'], 200)}: {_act_words(one)}" for one in dry)]
    return {
        "name": rule.name, "words": rule.words, "state": "on" if rule.mode == ACT else "dry run", "on": rule.mode == ACT,
        "mode": rule.mode, "do": rule.do, "when": list(rule.when), "per_hour": rule.per_hour, "left": left,
        "acts": [_firing_row(one) for one in acted[:MOST_ACTS]],
        "dry": {"at": dry[0]["at"] if dry else now, "would": len(dry), "days": DRY_DAYS, "lines": lines[:MOST_LINES]}
        if dry or now_lines else None,
        "why": clean(rule.because, LONGEST), "trouble": clean(trouble, LONGEST),
    }  # fmt: skip


def _firing_row(one: Row) -> Row:
    words = one["words"] or _act_words(one)
    undone: Row | None = None
    if one["undone"] is not None:
        undone = {"at": one["undone"], "by": one["undone_by"], "words": one["undone_words"]}
    return {
        "id": one["id"], "at": one["at"], "words": clean(words, LONGEST), "title": clean(one["title"], TITLE),
        "by": f"rule {one['rule']}", "ok": one["ok"], "done": one["done"], "undone": undone,
        "can_undo": bool(one["ok"] and one["undo"] and one["undone"] is None), "undo": one["undo"] or None,
        "href": f"/insights#{one['advice']}", "advice": one["advice"],
    }  # fmt: skip


def _act_words(one: Row) -> str:
    return clean(str(one["act"].get("title", "")), 200)
