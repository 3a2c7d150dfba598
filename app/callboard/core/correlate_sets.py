"""Sets of symptoms that have one cause, by number: those of cases that stand first, then the new ones.

Two cases that stand become one only by news: a symptom that no case has, and that says what both of them say.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from callboard.core.case_facts import Symptom
from callboard.core.cases import Taught
from callboard.core.correlate_clues import Clues, clues_of
from callboard.core.correlate_host import TAKEN, Token
from callboard.core.correlate_scene import Join, Known, Scene

MOST_COMPARED = 40
ROOTS = ("file", "module", "setting", "host", "service")
NAMED = ("fixture", "table", "missing", "name", "gone")


class Sets:
    """The sets, which rules join; `why` is by symptom the reason, `kind` by set the rule."""

    def __init__(self, symptoms: Sequence[Symptom], scene: Scene, known: Sequence[Known], taught: Taught) -> None:
        self.scene = scene
        self.taught = taught
        self.known = {case.case: case for case in known}
        self.all: list[Symptom] = []
        self.clues: list[Clues] = []
        self._parent: list[int] = []
        self._members: dict[int, list[int]] = {}
        self._case: dict[int, int] = {}
        self._joins: list[tuple[int, Join]] = []
        self.tokens: dict[int, Counter[Token]] = defaultdict(Counter)
        self.why: dict[int, str] = {}
        self.extra: dict[int, list[Token]] = defaultdict(list)
        self.kind: dict[int, str] = {}
        self._holders: dict[str, int] = {}
        for case in known:
            first = len(self.all)
            for symptom in case.symptoms:
                self._holders.setdefault(symptom.key, self._add(symptom))
            for number in range(first + 1, len(self.all)):
                self._force(first, number)
            if len(self.all) > first:
                self._case[self.find(first)] = case.case
        self.fresh_from = len(self.all)
        for symptom in {symptom.key: symptom for symptom in symptoms}.values():
            number = self._add(symptom)
            if symptom.key in self._holders:
                self._force(self._holders[symptom.key], number)

    def _add(self, symptom: Symptom) -> int:
        number = len(self.all)
        self.all.append(symptom)
        self.clues.append(clues_of(symptom))
        self._parent.append(number)
        self._members[number] = [number]
        return number

    def find(self, number: int) -> int:
        """The number by which its set is known."""
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def members(self, number: int) -> list[int]:
        """All of its set."""
        return self._members[self.find(number)]

    def roots(self) -> list[int]:
        """One of each set."""
        return list(self._members)

    def case_of(self, number: int) -> int:
        """The case that its set is, 0 for none."""
        return self._case.get(self.find(number), 0)

    def is_news(self, number: int) -> bool:
        """Whether no case has it yet."""
        return number >= self.fresh_from and self.all[number].key not in self._holders

    def joins(self, root: int) -> tuple[Join, ...]:
        """The cases that became one in this set, in order."""
        return tuple(join for number, join in self._joins if self.find(number) == root)

    def _force(self, one: int, other: int) -> int:
        a, b = self.find(one), self.find(other)
        if a == b:
            return a
        if len(self._members[a]) < len(self._members[b]):
            a, b = b, a
        self._parent[b] = a
        self._members[a] += self._members.pop(b)
        case = self._case.pop(b, 0)
        if case:
            self._case.setdefault(a, case)
        self.tokens[a].update(self.tokens.pop(b, Counter()))
        if b in self.kind:
            self.kind.setdefault(a, self.kind.pop(b))
        return a

    def join(self, one: int, other: int, why: str = "", *, bridges: bool = False) -> bool:
        """Joins their sets, unless persons keep them apart; whether they are one now.

        Two cases that stand become one only where the rule `bridges` them, by news, and nothing speaks against it.
        """
        a, b = self.find(one), self.find(other)
        if a == b:
            return True
        cases = self._case.get(a, 0), self._case.get(b, 0)
        two = all(cases)
        news = one if self.is_news(one) else other
        if two and not (bridges and self.is_news(news) and self._may_be_one(a, b)):
            return False
        if self.taught.parts and any(
            self.taught.says(self.all[x], self.all[y]) is False
            for x in self._members[a][:MOST_COMPARED]
            for y in self._members[b][:MOST_COMPARED]
        ):
            return False
        for number in (one, other):
            if why:
                self.why.setdefault(number, why)
        root = self._force(a, b)
        if two:
            stays, goes = sorted(cases, key=lambda case: (not self.known[case].busy, case))
            self._case[root] = stays
            reason = f"{self.all[news].check} shows that both have one cause: {why}"
            self._joins.append((one, Join(goes, stays, reason)))
        return True

    def _may_be_one(self, a: int, b: int) -> bool:
        """Whether both cases are free to be one, and do not name two causes themselves."""
        one, other = self.known[self._case[a]], self.known[self._case[b]]
        if not (one.may_join and other.may_join) or (one.busy and other.busy):
            return False
        mine, others = self._named(a), self._named(b)
        return not any(
            mine.get(kind) and others.get(kind) and not mine[kind] & others[kind] for kind in ("root", *NAMED)
        )

    def _named(self, root: int) -> dict[str, set[Token]]:
        """What the symptoms that cases have name as causes; what is new may name several."""
        found: dict[str, set[Token]] = defaultdict(set)
        for number in self._members[root]:
            if number >= self.fresh_from:
                continue
            for token in self.clues[number].strong:
                if token[0] in (*ROOTS, *NAMED) and token != TAKEN:
                    found["root" if token[0] in ROOTS else token[0]].add(token)
        return found
