"""Who could do a task of the roadmap: by the team's routes, and under them by what the installed agents really offer."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.agents.crew import ActionInfo, Catalogue
from callboard.config.routes import RouteTable
from callboard.errors import Refused
from callboard.work.finding import clean

NOBODY = "no agent here offers this: give it to a person"
LONGEST_TEXT = 1_000
WORD = re.compile(r"[a-z][a-z0-9]*")
EXACT, STRONG, WEAK = 1.4, 1.0, 0.3
FIRST = 2.0  # an offer that is named by the first word is what is asked for, not what it is about
ENOUGH = 1.0
MAKING = frozenset(
    "add adopt adapt agree allow ask author build change choose configure clarify clean coordinate create decide define "
    "delete deprecate describe design discuss document draft drop emit enable explain expose extend extract fix handle implement "
    "improve specify outline polish redesign rework simplify summarise summarize teach "
    "interview introduce invent investigate migrate model move name negotiate persist plan port prepare prototype provide "
    "refactor remove rename render replace research return review rewrite send sketch split store support switch talk "
    "translate update upgrade use wire write".split()
)
COMMON = frozenset(
    "a all an and any are as at be by can code do each every file for from has have here how if in into is it its may must new "
    "no not of on one only or other our out over own per project run set shall should so some task tasks than that the their "
    "them then there they this to under up use used uses via we what when where which who will with without workspace work "
    "works you your agent action tool tools check checks look looks make makes python".split()
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Who does it: an agent with its action, or a person; with why, in one sentence. `to` is '' where nobody fits."""

    to: str
    kind: str = "agent"
    action: str = ""
    why: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


class Matching:
    """Made of the agents and routes as they are; asking costs about as much as the task has words."""

    def __init__(
        self, catalogue: Catalogue, routes: Sequence[RouteTable] = (), off: frozenset[str] = frozenset()
    ) -> None:
        self._routes = tuple(routes)
        self._all = catalogue
        self._catalogue = catalogue.without(off)
        self._off = off
        self._offers: dict[str, list[tuple[ActionInfo, float, str]]] = {}
        self._verbs: dict[str, set[str]] = {}
        self._names: dict[str, set[str]] = {}
        for action in self._catalogue.actions:
            self._learn(action)
        count = max(1, len(self._catalogue.actions))
        self._weight = {word: math.log(1 + count / len(found)) for word, found in self._offers.items()}

    def _learn(self, action: ActionInfo) -> None:
        said: dict[str, tuple[float, str]] = {}
        for text, weight in ((action.summary, WEAK), (action.title, STRONG), (action.name.partition(".")[2], STRONG)):
            for word in _words(text):
                said[word] = max(said.get(word, (0.0, "")), (weight, ""))
        for tool in action.tools:
            for word in _words(tool):
                said[word] = (EXACT if word == _stem(tool) else STRONG, tool)
        for offered in action.provides:
            for word in _words(offered):
                said[word] = (EXACT if offered.isalpha() else STRONG, offered)
        for word, (weight, offered) in said.items():
            self._offers.setdefault(word, []).append((action, weight, offered))
        named = f"{action.name.partition('.')[2]} {' '.join(action.provides)}"
        self._verbs[action.name] = {
            _stem(word) for word in WORD.findall(f"{action.title} {action.summary} {named}".casefold())
        }
        self._names[action.name] = _words(named)

    def suggest(self, change: str, section: str, text: str) -> Suggestion:
        """The first route that fits and can be carried out, else the action whose offer the task's words name best."""
        broken = ""
        for route in self._routes:
            why = route.fits(change, section, text)
            if not why:
                continue
            found = self._by_route(route, why)
            if found.to:
                return found
            broken = broken or found.why
        best = self._best(section, text)
        if best is None:
            return Suggestion("", why=f"{broken}; and {NOBODY}" if broken else NOBODY)
        action, why = best
        return Suggestion(action.agent, "agent", action.name, f"{broken}; {why}" if broken else why)

    def _by_route(self, route: RouteTable, why: str) -> Suggestion:
        said = f"{route.because.rstrip('.')}: {why}" if route.because else f"route {route.number}: {why}"
        if route.person:
            return Suggestion(route.person, "person", "", said)
        if route.action:
            action = self._catalogue.action(route.action)
            if action is None:
                return Suggestion("", why=f"route {route.number} fits, but no agent here offers '{route.action}'")
            return Suggestion(action.agent, "agent", action.name, said, route.options)
        offering = self._catalogue.providing(route.wants)
        if not offering:
            return Suggestion("", why=f"route {route.number} fits, but no agent here offers '{route.wants}'")
        return Suggestion(
            offering[0].agent,
            "agent",
            offering[0].name,
            f"{said}, and {offering[0].name} offers '{route.wants}'",
            route.options,
        )

    def _best(self, section: str, text: str, agent: str = "") -> tuple[ActionInfo, str] | None:
        said = WORD.findall(clean(text, LONGEST_TEXT).casefold())
        first = next((word for word in said if word not in ("please", "then", "also", "we")), "")
        spoken = {_stem(word): word for word in reversed(said) if word not in COMMON}
        scores: dict[str, float] = {}
        strong: dict[str, list[tuple[float, str, str]]] = {}
        known: dict[str, ActionInfo] = {}
        for stem, word in spoken.items():
            for action, weight, offered in self._offers.get(stem, ()):
                if agent and action.agent != agent:
                    continue
                worth = weight * self._weight[stem] * (FIRST if offered and word == first else 1.0)
                known[action.name] = action
                scores[action.name] = scores.get(action.name, 0.0) + worth
                if weight >= STRONG and (offered or word != first):
                    strong.setdefault(action.name, []).append((worth, word, offered))
        able = [name for name in strong if scores[name] >= ENOUGH and self._may(first, spoken.keys(), known[name])]
        if not able:
            return None
        name = max(able, key=lambda name: (scores[name], name))
        best = sorted(strong[name], key=lambda one: -one[0])
        words = sorted(dict.fromkeys(word for _, word, _ in best[:3]), key=said.index)
        offers = next((offered for _, _, offered in best if offered), "")
        verb = "works with" if offers in known[name].tools else "offers"
        what = f"{verb} '{offers}'" if offers else f"does just that: {known[name].title}"
        quoted = "' and '".join(words)
        return known[name], f"the task says '{quoted}', and {name} {what}"

    def _may(self, verb: str, stems: Collection[str], action: ActionInfo) -> bool:
        """Whether the task asks for looking, or for the very thing that the action says it does. What changes an environment
        or files is never guessed from a word of its title alone."""
        if verb in MAKING and _stem(verb) not in self._verbs[action.name]:
            return False
        acts = action.effects.environment or action.effects.writes
        return not acts or not self._names[action.name].isdisjoint(stems)

    def of_agent(self, agent: str, change: str, section: str, text: str) -> Suggestion:
        """What this agent could do about the task; raises `Refused` with what it offers when it is nothing."""
        for route in self._routes:
            why = route.fits(change, section, text)
            found = self._by_route(route, why) if why else None
            if found is not None and found.to == agent and found.kind == "agent":
                return found
        best = self._best(section, text, agent)
        if best is None:
            info = self._catalogue.agent(agent)
            offers = ", ".join(action.name for action in info.actions) if info is not None else ""
            raise Refused(
                f"agent '{agent}' offers nothing that fits '{clean(text, 80)}'; its actions: {offers or 'none'}. "
                "Name one of them if it does all the same, or give the task to a person"
            )
        action, why = best
        return Suggestion(action.agent, "agent", action.name, why)


def _words(text: str) -> set[str]:
    return {_stem(word) for word in WORD.findall(text.casefold()) if word not in COMMON}


def _stem(word: str) -> str:
    """'tests' and 'testing' are 'test', 'dependencies' is 'dependency', 'scanned' is 'scan'."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ings", "ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith(("ss", "us", "is")):
            if ending == "es" and not word.endswith(("ches", "shes", "sses", "xes")):
                continue
            short = word[: -len(ending)]
            doubled = (
                ending in ("ing", "ed", "ings") and len(short) > 3 and short[-1] == short[-2] and short[-1] not in "ls"
            )
            return short[:-1] if doubled else short
    return word
