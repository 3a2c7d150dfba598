"""What agents offer for cases and what proposed patches mend, for advice: asked in the background, kept, and bounded."""

import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from callboard.agents.fixes import MOST_FIXES, Offer, offers
from callboard.core.case_facts import LEVELS, Symptom
from callboard.core.case_owner import owner_of
from callboard.core.cases import Case
from callboard.desk.case_scene import CaseScenes, fix_key
from callboard.errors import CallboardError
from callboard.insight.advice_facts import CaseFact, OfferFact, PatchFact
from callboard.record.patches import KeptPatch
from callboard.work.finding import clean
from callboard.work.patchtext import read_patch

logger = logging.getLogger(__name__)

AT_ONCE = 20  # symptoms about which one process asks; `offers` gives at most as many fixes
OF_A_CASE = 3
ASKS_AN_HOUR, PAUSE_S = 30, 10.0
HOUR_S = 3_600.0
MOST_KEPT = 2_000
MOST_PATCHES = 50
CONTEXT = 3  # lines around a change that a patch shows

Asked = tuple[str, ...]
Lines = Mapping[str, Sequence[tuple[int, int]]]


class AdviceOffers(CaseScenes):
    """A person is only told to have a fix proposed where an agent was asked and offers one."""

    @cached_property
    def _offered(self) -> dict[Asked, tuple[Offer, ...]]:
        return {}

    @cached_property
    def _offer_asks(self) -> deque[float]:
        return deque(maxlen=ASKS_AN_HOUR)

    @cached_property
    def _patch_lines(self) -> dict[int, Lines]:
        return {}

    @cached_property
    def _no_reruns(self) -> dict[int, tuple[object, str]]:
        return {}

    @cached_property
    def _case_helps(self) -> dict[Asked, str]:
        return {}

    def _asked_key(self, case: Case, symptom: Symptom) -> Asked:
        """What an answer holds for: the finding as it is, what running it again said, and the plugins with their versions."""
        found = case.known.get("reproduced")
        plugins = "\n".join(f"{plugin.name} {plugin.version}" for plugin in self._catalogue.plugins)
        verdict = str(found.facts.get("verdict", "")) if found is not None else ""
        return (plugins, symptom.key, symptom.message, symptom.path, str(symptom.line), verdict)

    def ask_for_offers(self, cases: Sequence[Case]) -> bool:
        """Asks the plugins, in a process of their own, what they offer for cases about which they were not asked; whether
        somebody was asked. Takes seconds, at most ASKS_AN_HOUR times an hour, and nothing where nobody trusted the workspace."""
        if self._trust.why_not(self.workspace):
            return False
        unknown = [
            (case, symptom) for case in cases for symptom in told_by(case) if self._asked_key(case, symptom) not in self._offered
        ][:AT_ONCE]  # fmt: skip
        now = time.monotonic()
        asks = self._offer_asks
        busy = bool(asks) and (now - asks[-1] < PAUSE_S or (len(asks) == ASKS_AN_HOUR and now - asks[0] < HOUR_S))
        if not unknown or busy:
            return False
        asks.append(now)
        config = self.case_config()
        shown = [self._shown(case, symptom) for case, symptom in unknown]
        found = offers(shown, self.workspace, self._catalogue, config.table if config else {})
        for trouble in found.troubles:
            logger.debug("Offers for advice: %s", trouble)
        whole = len(found.offers) < MOST_FIXES and not (found.troubles and not found.offers)
        for place, (case, symptom) in enumerate(unknown):
            mine = tuple(offer for offer in found.offers if place in offer.symptoms)
            if mine or whole:
                self._offered[self._asked_key(case, symptom)] = mine
        while len(self._offered) > MOST_KEPT:
            self._offered.pop(next(iter(self._offered)))
        return True

    def _with_offers(self, fact: CaseFact, case: Case, agents: Mapping[str, str]) -> CaseFact:
        """With the offers that were not tried yet, who should have it, and what helps."""
        free = case.assignee is None and "fix-proposed" not in case.known
        offered = self._offers_left(case, agents) if free else ()
        owner = owner_of(case, agents, [one.agent for one in offered], "")
        again = "" if fact.static else self._not_again(case, agents)
        return replace(
            fact, offers=offered, owner=owner.name if owner.kind == "person" or offered else "", owner_kind=owner.kind,
            owner_why=owner.why.removesuffix(";  asked"), help=self._help(case), not_again=again,
            asked=all(self._asked_key(case, symptom) in self._offered for symptom in told_by(case)),
            alerts=tuple(one.fingerprint for one in case.symptoms.values() if one.kind == "alert" and not one.gone),
        )  # fmt: skip

    def _offers_left(self, case: Case, agents: Mapping[str, str]) -> tuple[OfferFact, ...]:
        found: dict[str, OfferFact] = {}
        for symptom in told_by(case):
            for offer in self._offered.get(self._asked_key(case, symptom), ()):
                agent = offer.fix.action.partition(".")[0]
                key = fix_key(case, offer)
                if agents.get(agent, "is not here") or key in found or self._history.run_by_key(key):
                    continue
                found[key] = OfferFact(agent, offer.fix.action, clean(offer.fix.words or offer.fix.action, 300))
        return tuple(found.values())

    def _not_again(self, case: Case, agents: Mapping[str, str]) -> str:
        """Why its failure cannot be run again, '' when it can; found out anew when the case or an agent changed."""
        mark = (case.turn, case.times, len(case.symptoms), tuple(agents.items()))
        known = self._no_reruns.get(case.id)
        if known is None or known[0] != mark:
            again = self.case_again(case)
            known = self._no_reruns[case.id] = (mark, again if isinstance(again, str) else "")
            while len(self._no_reruns) > MOST_KEPT:
                self._no_reruns.pop(next(iter(self._no_reruns)))
        return known[1]

    def _help(self, case: Case) -> str:
        """What the tool says that mends it."""
        for symptom in told_by(case)[:1]:
            key = (symptom.key, symptom.task)
            if key not in self._case_helps:
                row = self.case_finding(symptom) if symptom.kind in ("finding", "ingested") else None
                self._case_helps[key] = clean(str((row or {}).get("help") or ""), 500)
                while len(self._case_helps) > MOST_KEPT:
                    self._case_helps.pop(next(iter(self._case_helps)))
            return self._case_helps[key]
        return ""

    def _patches_waiting(self, cases: Sequence[Case]) -> tuple[PatchFact, ...]:
        """The patches that wait for a word, with the cases that each would mend and those that it mends in part."""
        found = []
        for kept in self._patches.patches(limit=MOST_PATCHES):
            if kept.workspace != str(self.workspace) or self.state_of_patch(kept) != "proposed":
                continue
            proof = kept.about.get("proof")
            words = str(proof.get("words") or "") if isinstance(proof, Mapping) else ""
            mended = proof.get("mended") if isinstance(proof, Mapping) else None
            lines = self._lines_of(kept)
            whole: list[int] = []
            part: list[int] = []
            for case in cases:
                share = touched(case, lines, mended if isinstance(mended, Mapping) else None)
                if share:
                    (whole if share == 1.0 else part).append(case.id)
            files = kept.about.get("files")
            names = tuple(str(name) for name in files[:20]) if isinstance(files, list) else ()
            found.append(PatchFact(kept.number, kept.task_name, kept.agent, clean(words, 1_000), names, tuple(whole), tuple(part),
                                   kept.at, isinstance(mended, Mapping)))  # fmt: skip
        return tuple(found)

    def _lines_of(self, kept: KeptPatch) -> Lines:
        """By file, the lines of the workspace that a patch replaces or stands beside."""
        if kept.number not in self._patch_lines:
            lines: dict[str, list[tuple[int, int]]] = {}
            try:
                text = self._text(kept)
                for change in read_patch(self._opened(kept, text)) if text is not None else ():
                    name = change.old or change.path
                    lines[name] = [_inner(hunk.start, hunk.end) for hunk in change.hunks]
            except (CallboardError, OSError) as error:
                logger.debug("Patch %s cannot be read for advice: %s", kept.number, error)
            self._patch_lines[kept.number] = lines
            while len(self._patch_lines) > MOST_KEPT:
                self._patch_lines.pop(next(iter(self._patch_lines)))
        return self._patch_lines[kept.number]


def _inner(start: int, end: int) -> tuple[int, int]:
    """The lines of a hunk without what it only shows around the change, where it is long enough to have that."""
    return (start + CONTEXT, end - CONTEXT) if end - start >= 2 * CONTEXT else (start, end)


def told_by(case: Case) -> list[Symptom]:
    """The worst symptoms of a case that are there, one of each family, at most OF_A_CASE."""
    present = sorted(
        (symptom for symptom in case.symptoms.values() if not symptom.gone),
        key=lambda symptom: (LEVELS.index(symptom.severity), symptom.key),
    )
    families: dict[str, Symptom] = {}
    for symptom in present:
        families.setdefault(symptom.family or symptom.key, symptom)
    return list(families.values())[:OF_A_CASE]


def touched(case: Case, lines: Lines, mended: Mapping[str, Any] | None) -> float:
    """Which share of the findings of a case stands on lines that a patch changes; where the patch says which rules it mends,
    only those count."""
    present = [symptom for symptom in case.symptoms.values() if not symptom.gone]
    hit = sum(
        symptom.kind in ("finding", "ingested")
        and (mended is None or symptom.rule.rpartition("/")[2] in mended or symptom.rule in mended)
        and any(start <= symptom.line <= end for start, end in lines.get(symptom.path, ()))
        for symptom in present
    )
    return hit / len(present) if present else 0.0
