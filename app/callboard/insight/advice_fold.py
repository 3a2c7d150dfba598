"""Many alike are one advice, titles are short, and what has the same score stands in a stated order."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlencode

from callboard.insight.advice_drafts import NO_RISK, SEVERITIES, Draft, count, lasting
from callboard.insight.advice_measures import Measure

LONGEST_TITLE = 90
SHOWN_ALIKE, SHOWN_OF_KIND = 3, 6


def parted(drafts: Sequence[Draft]) -> tuple[list[Draft], list[Draft]]:
    """Of drafts in their order those that stay, and what stands for the rest.

    Of those alike (one kind, severity and agent) SHOWN_ALIKE stay, of a kind and severity SHOWN_OF_KIND; the rest is one line
    for each agent, and one for all of whom a single one is left.
    """
    shown: dict[str, int] = {}
    hidden: dict[str, list[Draft]] = {}
    stays = []
    for draft in drafts:
        kind = _kind(draft)
        if draft.alike and (shown.get(draft.alike, 0) >= SHOWN_ALIKE or shown.get(kind, 0) >= SHOWN_OF_KIND):
            hidden.setdefault(draft.alike, []).append(draft)
            continue
        stays.append(draft)
        for name in (draft.alike, kind) if draft.alike else ():
            shown[name] = shown.get(name, 0) + 1
    singles: dict[str, list[Draft]] = {}
    for draft, *more in hidden.values():
        if not more:
            singles.setdefault(_kind(draft), []).append(draft)
    stays += [group[0] for group in singles.values() if len(group) == 1]
    rest = [_rest(group, group[0].alike) for group in hidden.values() if len(group) > 1]
    return stays, rest + [_rest(group, kind) for kind, group in singles.items() if len(group) > 1]


def _kind(draft: Draft) -> str:
    return draft.alike.rpartition("\n")[0]


def _rest(hidden: Sequence[Draft], about: str) -> Draft:
    first = hidden[0]
    agents = list(dict.fromkeys(agent for draft in hidden for agent in draft.agents[:1]))
    names = ", ".join(f"C{draft.case}" for draft in hidden[:4]) + (
        f" and {len(hidden) - 4} more" if len(hidden) > 4 else ""
    )
    saw = f" that {agents[0]} saw" if len(agents) == 1 else f" of {len(agents)} agents" if agents else ""
    query = {"severity": first.severity, **({"agent": agents[0]} if len(agents) == 1 else {})}
    return replace(
        first, kind="case-more", about=about.replace("\n", " "),
        title=f"And {count(len(hidden), f'more {first.severity} case')}{saw}: {names}",
        words="They stand here for the same reasons as those above, and are of the same severity.",
        reasons=tuple(draft.title for draft in hidden[:10]),
        evidence=tuple((draft.title, draft.href) for draft in hidden[:10]), href=f"/cases?{urlencode(query)}", acts=(),
        risk=NO_RISK, measure=Measure("gone", about), case=None, alike="",
        waits_since=min(draft.waits_since or 0.0 for draft in hidden), spread=0,
    )  # fmt: skip


def short(draft: Draft) -> Draft:
    """With a title of at most LONGEST_TITLE characters; the whole of a longer one stands after its words."""
    if len(draft.title) <= LONGEST_TITLE:
        return draft
    text = draft.title[: LONGEST_TITLE - 1]
    text = text.rpartition(" ")[0] if " " in text[LONGEST_TITLE // 2 :] else text
    whole = draft.title.rstrip(". ")
    return replace(draft, title=f"{text.rstrip(' ,;:(')}…", words=f"{draft.words} In full: {whole}.")


def tie(draft: Draft) -> tuple[float, ...]:
    """What decides between equal scores: what blocks more, then what is graver, then what more checks saw, then what is older."""
    since = draft.waits_since if draft.waits_since is not None else float("inf")
    return (-draft.blocks, SEVERITIES.index(draft.severity), -draft.spread, since)


def before_words(first: Draft, second: Draft, now: float) -> str:
    """Why the first of two with the same score stands before the second."""
    mine, other = tie(first), tie(second)
    place = next((place for place, (one, two) in enumerate(zip(mine, other, strict=True)) if one != two), -1)
    words = {
        0: f"it blocks more ({first.blocks} against {second.blocks})",
        1: "it is graver",
        2: f"more checks saw it ({first.spread} against {second.spread})",
        3: f"it is older ({lasting(now - (first.waits_since or now))})",
    }.get(place, "they are alike in all else")
    return f"before the next, which has the same score: {words}"
