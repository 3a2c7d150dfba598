"""Which symptoms have one cause: written rules, each a plain condition with its reason in words. Nothing is guessed by likeness.

What persons taught goes first: what they keep apart is never joined. Then what symptoms say themselves (the same broken file,
missing module, setting, condition of the host, exception at the same place); then what can only be told of the whole: a file
that a reader could not read, a commit, work that waits for other work, a family of findings.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from callboard.core.case_facts import LEVELS, Cause, Symptom
from callboard.core.cases import Taught
from callboard.core.correlate_clues import Clues, Token, clues_of, format_of, is_server_error
from callboard.core.correlate_words import cause_of, title_of

SKIPPED, UNKNOWN = "task-skipped", "task-unknown"
TYPE_CHECKERS = ("mypy", "pyright", "tsc", "pyre", "ty", "basedpyright")
MILD = ("medium", "low", "info")
NEAR_LINES = 3
MANY_ALIKE = 20
MOST_COMPARED = 40


@dataclass(frozen=True, slots=True)
class Region:
    """Lines of a file that a commit changed, and the function or class around them."""

    start: int
    end: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known beside the symptoms.

    `changed` are by path the changes since each check looked before, `gone` are words that they took out, with the file;
    `reaches` are by path of a test the changed files that it imports, `mentions` by symptom the names of changed functions that
    its test uses. `needs` is by symptom the check that failed before its own. `backlog` are checks that look for the first time,
    `fresh` the symptoms that are new since those changes.
    """

    changed: Mapping[str, Sequence[Region]] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)
    reaches: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mentions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    needs: Mapping[str, str] = field(default_factory=dict)
    backlog: frozenset[str] = frozenset()
    fresh: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """A case that stands: its number, cause and symptoms."""

    case: int
    cause: Cause
    symptoms: Sequence[Symptom]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Symptoms that are one case; `case` is the number of the one that has some of them, 0 for a new one."""

    symptoms: tuple[Symptom, ...]
    cause: Cause
    title: str
    severity: str
    case: int = 0


def correlate(symptoms: Sequence[Symptom], scene: Scene, known: Sequence[Known], taught: Taught) -> list[Group]:
    """The groups of these symptoms, each with the case that it belongs to. Cases that stand are never joined by this.

    Checks that know nothing join a cause that is there, and are no case of their own, unless two say the same.
    """
    work = _Work(symptoms, scene, known, taught)
    work.by_word_of_persons()
    work.by_what_they_say()
    work.by_unreadable_data()
    work.by_commit()
    work.by_what_waits()
    work.by_family()
    return work.groups()


class _Work:
    """Sets of symptoms, by number: those of cases that stand first, then the new ones."""

    def __init__(self, symptoms: Sequence[Symptom], scene: Scene, known: Sequence[Known], taught: Taught) -> None:
        self.scene = scene
        self.taught = taught
        self.known = {case.case: case for case in known}
        self.all: list[Symptom] = []
        self.clues: list[Clues] = []
        self._parent: list[int] = []
        self._members: dict[int, list[int]] = {}
        self._case: dict[int, int] = {}
        self.tokens: dict[int, Counter[Token]] = defaultdict(Counter)
        self.why: dict[int, str] = {}
        self.extra: dict[int, list[Token]] = defaultdict(list)
        self.kind: dict[int, str] = {}
        holders: dict[str, int] = {}
        for case in known:
            first = len(self.all)
            for symptom in case.symptoms:
                holders.setdefault(symptom.key, self._add(symptom))
            for number in range(first + 1, len(self.all)):
                self._force(first, number)
            if len(self.all) > first:
                self._case[self.find(first)] = case.case
        self.fresh_from = len(self.all)
        for symptom in {symptom.key: symptom for symptom in symptoms}.values():
            number = self._add(symptom)
            if symptom.key in holders:
                self._force(holders[symptom.key], number)

    def _add(self, symptom: Symptom) -> int:
        number = len(self.all)
        self.all.append(symptom)
        self.clues.append(clues_of(symptom))
        self._parent.append(number)
        self._members[number] = [number]
        return number

    # -- sets --------------------------------------------------------------------------------------------------------

    def find(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def members(self, number: int) -> list[int]:
        return self._members[self.find(number)]

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

    def join(self, one: int, other: int, why: str = "") -> bool:
        """Joins their sets, unless both are cases that stand or persons keep them apart; whether they are one now."""
        a, b = self.find(one), self.find(other)
        if a == b:
            return True
        if a in self._case and b in self._case:
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
        self._force(a, b)
        return True

    def roots(self) -> list[int]:
        return list(self._members)

    def _is_case(self, root: int) -> bool:
        return root in self._case

    # -- rules -------------------------------------------------------------------------------------------------------

    def by_word_of_persons(self) -> None:
        """What persons joined once is joined from then on."""
        if not self.taught.joins:
            return
        for number in range(self.fresh_from, len(self.all)):
            for other in range(number):
                if self.taught.says(self.all[number], self.all[other]) and self.join(
                    number, other, "a person joined such symptoms"
                ):
                    self.kind.setdefault(self.find(number), "person")
                    break

    def by_what_they_say(self) -> None:
        """The same token, the same cause."""
        holders: dict[Token, list[int]] = defaultdict(list)
        for number, clues in enumerate(self.clues):
            for token in clues.strong:
                holders[token].append(number)
            if self.scene.gone and self.all[number].key in self.scene.fresh and not _is_read(self.all[number]):
                for word in clues.quoted & self.scene.gone.keys():
                    path = self.scene.gone[word]
                    token = ("gone", f"{word} of {path}")
                    clues.said.setdefault(token, f"{word} was taken out of {path}")
                    self.extra[number].append(token)
                    holders[token].append(number)
        for token, numbers in holders.items():
            standing = [number for number in numbers if number < self.fresh_from]
            fresh = [number for number in numbers if number >= self.fresh_from]
            words = self.clues[numbers[0]].said[token]
            anchor = standing[0] if standing else fresh[0]
            for number in fresh:
                if number != anchor and self.join(anchor, number, words):
                    self.tokens[self.find(anchor)][token] += 1

    def by_unreadable_data(self) -> None:
        """Who could not read JSON, TOML, YAML or ini stumbled over the one such file that is broken, if it is one."""
        broken: dict[str, set[str]] = defaultdict(set)
        holder: dict[str, int] = {}
        for number, clues in enumerate(self.clues):
            for kind, path in clues.strong:
                form = format_of(path) if kind == "file" else ""
                if form:
                    broken[form].add(path)
                    holder.setdefault(path, number)
        for number, clues in enumerate(self.clues):
            files = broken.get(clues.decodes) if clues.decodes else None
            if not files:
                continue
            named = self._read_by(number, files)
            if len(named) == 1:
                path = named[0]
                if self.join(holder[path], number, f"it could not read {clues.decodes.upper()}, and {path} is broken"):
                    self.tokens[self.find(number)]["file", path] += 1

    def _read_by(self, number: int, files: set[str]) -> list[str]:
        """Which of the broken files a reader met: those that it names, or goes through, or that lie in its part of the
        workspace; else all."""
        symptom = self.all[number]
        places = [path for path, _ in (*self.clues[number].frames, (symptom.path, 0)) if path]
        through = {path for place in places for path in self.scene.reaches.get(place, ())}
        tops = {place.partition("/")[0] for place in places}
        for found in (
            [path for path in files if path in symptom.message],
            [path for path in files if path in through],
            [path for path in files if "/" in path and path.partition("/")[0] in tops],
        ):
            if found:
                return found
        return list(files)

    def by_commit(self) -> None:
        """Failures that are new since the last pass, touch one changed file alone, and there the same changed place."""
        buckets: dict[tuple[str, int], list[int]] = defaultdict(list)
        where: dict[int, set[tuple[str, int]]] = defaultdict(set)
        for number, symptom in enumerate(self.all):
            spot = self._touched(number) if symptom.key in self.scene.fresh else None
            where[self.find(number)].add(spot or ("", -1))
            if spot is not None:
                buckets[spot].append(number)
        for (path, nth), numbers in buckets.items():
            whole = [n for n in numbers if where[self.find(n)] == {(path, nth)} and not self._says_elsewhere(n, path)]
            region = self.scene.changed[path][nth]
            place = f"{path}, {region.name}" if region.name else path
            for number in whole[1:]:
                if self.join(whole[0], number, f"new since {place} was changed, which it goes through"):
                    self.kind.setdefault(self.find(number), f"commit\x1f{path}")

        self._by_server_error({path: numbers[0] for (path, _), numbers in buckets.items()})

    def _by_server_error(self, broken: Mapping[str, int]) -> None:
        """A request that ends in a server error goes to the one broken file among the changed ones that it goes through."""
        for number, symptom in enumerate(self.all):
            if symptom.key not in self.scene.fresh or not is_server_error(symptom.message):
                continue
            met = [path for path in self.scene.reaches.get(symptom.path, ()) if path in broken]
            if len(met) == 1 and self.join(
                broken[met[0]], number, f"its request goes through {met[0]}, which was changed and is broken"
            ):
                self.kind.setdefault(self.find(number), f"commit\x1f{met[0]}")

    def _says_elsewhere(self, number: int, path: str) -> bool:
        """Whether it names a cause that no change of this file can be: of the host, or another file."""
        return any(
            kind in ("host", "service") or (kind == "file" and about != path)
            for kind, about in self.clues[number].strong
        )

    def _touched(self, number: int) -> tuple[str, int] | None:
        """The one changed file, and place in it, that a failure goes through; None when it is none, or not one alone."""
        symptom, clues, changed = self.all[number], self.clues[number], self.scene.changed
        if not changed or not self._may_be_of_commit(symptom, clues):
            return None
        frames = [place for place in (*clues.frames, (symptom.path, symptom.line)) if place[0] in changed]
        paths = list(dict.fromkeys(path for path, _ in frames)) or [
            path for path in self.scene.reaches.get(symptom.path, ()) if path in changed
        ]
        if len(paths) != 1:
            return None
        regions = changed[paths[0]]
        if len(regions) == 1:
            return paths[0], 0
        inside = {
            nth
            for nth, region in enumerate(regions)
            for path, line in frames
            if path == paths[0] and region.start - 1 <= line <= region.end + 1
        }
        named = {nth for nth, region in enumerate(regions) if region.name in self.scene.mentions.get(symptom.key, ())}
        for found in (inside, named):
            if len(found) == 1:
                return paths[0], found.pop()
        return None

    def _may_be_of_commit(self, symptom: Symptom, clues: Clues) -> bool:
        """A failure of something that ran; of what was only read, a type error in the changed lines."""
        if symptom.kind in ("test", "task", "slow") and symptom.rule not in (SKIPPED, UNKNOWN):
            return True
        if (clues.raised and symptom.severity not in MILD) or is_server_error(symptom.message):
            return True
        return any(tool in TYPE_CHECKERS for tool, _ in symptom.witnesses) and any(
            region.start - NEAR_LINES <= symptom.line <= region.end + NEAR_LINES
            for region in self.scene.changed.get(symptom.path, ())
        )

    def by_what_waits(self) -> None:
        """What was skipped, or lacks a file, because other work failed goes to the case of that work."""
        by_check: dict[str, Counter[int]] = defaultdict(Counter)
        for number, symptom in enumerate(self.all):
            if symptom.rule not in (SKIPPED, UNKNOWN):
                by_check[symptom.check][self.find(number)] += 1
        for number in range(self.fresh_from, len(self.all)):
            symptom = self.all[number]
            before = self.scene.needs.get(symptom.key, "")
            lacks = any(kind == "missing" for kind, _ in self.clues[number].strong)
            if not before or not (symptom.rule == SKIPPED or (lacks and len(self.members(number)) == 1)):
                continue
            if by_check.get(before):
                goal = max(by_check[before], key=lambda root: (by_check[before][root], -root))
                self.join(goal, number, f"it needs {before}, which failed")
            else:
                twin = next(
                    (
                        n for n in range(len(self.all))
                        if n != number and self.all[n].rule == SKIPPED and self.scene.needs.get(self.all[n].key) == before
                    ), None,
                )  # fmt: skip
                if twin is not None:
                    self.join(twin, number, f"it needs {before}, which failed")

    def by_family(self) -> None:
        """What is left of findings: mild ones of one rule and tool, and grave ones when they are many."""
        families: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        cases: dict[tuple[str, str, str], int] = {}
        for root in self.roots():
            first = self.all[self._members[root][0]]
            tool = first.witnesses[0][0] if first.witnesses else first.agent
            name = (first.check, first.rule, tool)
            if self._is_case(root):
                if self.known[self._case[root]].cause.kind == "family":
                    cases.setdefault(name, root)
            elif len(self._members[root]) == 1 and first.kind in ("finding", "ingested"):
                families[name].append(root)
        for name, roots in families.items():
            grave = [root for root in roots if self.all[root].severity not in MILD]
            mild = [root for root in roots if self.all[root].severity in MILD]
            for found, least in ((mild, 2), (grave, MANY_ALIKE)):
                if len(found) >= least or (found and name in cases and found is mild):
                    anchor = cases.get(name, found[0])
                    for root in found:
                        if root != anchor and self.join(anchor, root, f"another one of {name[2]} {name[1]}".strip()):
                            self.kind.setdefault(self.find(anchor), "family")

    # -- what comes of it --------------------------------------------------------------------------------------------

    def groups(self) -> list[Group]:
        found = []
        for root, members in self._members.items():
            fresh = [number for number in members if number >= self.fresh_from]
            if not fresh:
                continue
            case = self._case.get(root, 0)
            if not case and not self._is_worth(fresh):
                continue
            found.append(self._group(root, sorted(members), fresh, case))
        return sorted(found, key=lambda group: (group.case == 0, LEVELS.index(group.severity)))

    def _is_worth(self, fresh: Sequence[int]) -> bool:
        """Whether it is a case: checks that know nothing are none alone, and neither is what only waits."""
        told = [number for number in fresh if self.all[number].rule != UNKNOWN]
        return bool(told) or len({self.all[number].check for number in fresh}) > 1

    def _group(self, root: int, members: Sequence[int], fresh: Sequence[int], case: int) -> Group:
        distinct = {self.all[number].key: self.all[number] for number in members}
        everything = list(distinct.values())
        token = self._shared(root, members)
        said = next((self.clues[n].said[token] for n in members if token in self.clues[n].said), "") if token else ""
        known = self.known.get(case)
        cause = cause_of(everything, token, said, self.kind.get(root, ""), self.scene.changed, self.scene.backlog)
        if known is not None and (known.cause.kind == "person" or cause.kind == "single"):
            cause = known.cause
        severity = min((self.all[number].severity for number in members), key=LEVELS.index)
        title = title_of(everything, cause, said)
        symptoms = tuple(
            replace(self.all[n], why=self.why.get(n, "") or self.all[n].why) for n in sorted(fresh)
        )  # fmt: skip
        return Group(symptoms, cause, title, severity, case)

    def _shared(self, root: int, members: Sequence[int]) -> Token | None:
        """The token that most of them say, the gravest kind of cause first where several are said as often."""
        counts: Counter[Token] = Counter()
        for number in members:
            counts.update((*self.clues[number].strong, *self.extra.get(number, ())))
        counts.update(self.tokens.get(root, Counter()))
        shared = [(token, count) for token, count in counts.items() if count > 1 or len(members) == 1]
        if not shared:
            return None
        return min(shared, key=lambda one: (_rank(one[0]), -one[1]))[0]


_ORDER = (
    "file",
    "module",
    "setting",
    "gone",
    "host",
    "service",
    "fixture",
    "table",
    "missing",
    "name",
    "setup",
    "raised",
    "route",
)


def _is_read(symptom: Symptom) -> bool:
    """Whether a tool only read code and finds it unlike its taste: what it names is no failure."""
    return (
        symptom.kind == "finding"
        and symptom.severity in MILD
        and not any(tool in TYPE_CHECKERS for tool, _ in symptom.witnesses)
    )


def _rank(token: Token) -> int:
    return _ORDER.index(token[0]) if token[0] in _ORDER else len(_ORDER)


def pairs(groups: Iterable[Iterable[Symptom]]) -> set[tuple[str, str]]:
    """The pairs of keys that are together, for measuring."""
    found = set()
    for group in groups:
        keys = sorted(symptom.key for symptom in group)
        found |= {(one, other) for nth, one in enumerate(keys) for other in keys[nth + 1 :]}
    return found
