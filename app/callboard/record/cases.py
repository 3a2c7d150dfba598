"""What the record tells of cases: which there are, what happened to each, where words are found, what resolved their families."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from callboard.core.case_facts import BETWEEN, CaseState, Cause
from callboard.core.cases import Case
from callboard.core.events import Event
from callboard.record.case_rows import CASE_COLUMNS, CASE_KINDS, case_of, symptom_of
from callboard.record.codec import decode
from callboard.record.history import History

MOST_STEPS = 600
MOST_PIPELINES = 5
LARGEST_RUN = 2_000
MOST_IN_LIST = 40  # symptoms of each case in a list
MOST_WORDS = 12
MOST_FOUND = 50_000
MOST_FAMILIES = 200
AT_ONCE = 400  # values in a query
_OPEN = "state != 'closed'"
_NAMED = re.compile(r"[Cc]?(\d{1,12})")
_WORD = re.compile(r"\w+", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Counted:
    """A case with how many symptoms it has in all; `case` may hold the first of them only."""

    case: Case
    total: int
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remedy:
    """What was tried on a family of symptoms, how often, and how often it worked."""

    family: str
    kind: str
    what: str
    words: str
    tried: int
    worked: int
    last: float
    cases: tuple[int, ...]


def matching(text: str) -> str:
    """A query of FTS5 for all of these words, each the beginning of one; '' when there are none."""
    return " ".join(f'"{word}"*' for word in _WORD.findall(text[:400])[:MOST_WORDS])


class CaseRecord(History):
    """Reads them, each time from the tables."""

    def cases(self, wants: Mapping[str, str], most: int = 10_000) -> list[Case]:
        """Cases without their symptoms, the open ones first and then the newest; `wants` are states, severities (with commas),
        agent, workspace, text, kind, assignee, and among which numbers (JSON); the state 'open' is all but closed."""
        where, values = _narrowed(wants)
        sql = (
            f"SELECT {CASE_COLUMNS} FROM case_row c WHERE {' AND '.join(where)}"  # noqa: S608
            " ORDER BY state = 'closed', moved DESC, id DESC LIMIT ?"
        )
        return [case_of(row) for row in self._rows(sql, (*values, most))]

    def open_ones(self, wants: Mapping[str, str]) -> list[Case]:
        """Those that fit and are not closed, with nothing but what their priority is made of."""
        where, values = _narrowed(wants)
        sql = (
            "SELECT id, workspace, severity, state, times, reopened, seen, moved FROM case_row c"  # noqa: S608
            f" WHERE {' AND '.join(where)} AND c.{_OPEN}"
        )
        return [
            Case(id, workspace, "", severity, Cause("single"), seen, seen, seen, moved, CaseState(state), times=times,
                 reopened=reopened)
            for id, workspace, severity, state, times, reopened, seen, moved in self._rows(sql, values)
        ]  # fmt: skip

    def closed_ones(self, wants: Mapping[str, str], most: int) -> tuple[int, list[int]]:
        """How many fit that are closed, and the numbers of those that moved last."""
        where, values = _narrowed(wants)
        fitting = f"FROM case_row c WHERE {' AND '.join(where)} AND c.state = 'closed'"
        number = int(self._rows(f"SELECT count(*) {fitting}", values)[0][0])
        if most <= 0 or not number:
            return number, []
        return number, [
            row[0]
            for row in self._rows(f"SELECT c.id {fitting} ORDER BY c.moved DESC, c.id DESC LIMIT ?", (*values, most))
        ]

    def numbered(self, cases: Sequence[int]) -> list[Case]:
        """The cases of these numbers without their symptoms, in this order."""
        found: dict[int, Case] = {}
        for some in _pieces(cases):
            sql = f"SELECT {CASE_COLUMNS} FROM case_row WHERE id IN ({_marks(some)})"  # noqa: S608
            found |= {row[0]: case_of(row) for row in self._rows(sql, some)}
        return [found[number] for number in cases if number in found]

    def with_words(self, text: str) -> list[int] | None:
        """The cases in which all of these words are found; None for a text that asks for one case by its name, or for nothing."""
        if not text.strip() or _NAMED.fullmatch(text.strip()):
            return None
        query = matching(text)
        if not query:
            return []
        sql = 'SELECT DISTINCT "case" FROM case_text WHERE case_text MATCH ? LIMIT ?'
        return [row[0] for row in self._rows(sql, (query, MOST_FOUND))]

    def newest_runs(self, workspace: str) -> list[int]:
        """The newest ended run of each of the pipelines that ran last there, at most MOST_PIPELINES of at most LARGEST_RUN tasks;
        not those of one task, behind which nothing stands."""
        found = self._rows(
            "SELECT max(id) FROM run WHERE workspace = ? AND ended IS NOT NULL AND total BETWEEN 2 AND ?"
            " GROUP BY name ORDER BY 1 DESC LIMIT ?",
            (workspace, LARGEST_RUN, MOST_PIPELINES),
        )
        return [int(row[0]) for row in found]

    def number(self, wants: Mapping[str, str]) -> int:
        """How many fit."""
        where, values = _narrowed(wants)
        return int(self._rows(f"SELECT count(*) FROM case_row c WHERE {' AND '.join(where)}", values)[0][0])  # noqa: S608

    def counts(self, workspace: str = "") -> dict[str, int]:
        """How many there are in each state."""
        where, values = _narrowed({"workspace": workspace})
        found = dict(
            self._rows(f"SELECT state, count(*) FROM case_row c WHERE {' AND '.join(where)} GROUP BY state", values)  # noqa: S608
        )
        return {state.value: int(found.get(state.value, 0)) for state in CaseState}

    def checks(self, cases: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """The checks of each of these cases."""
        found: dict[int, list[str]] = {}
        for some in _pieces(cases):
            for case, check in self._rows(
                f'SELECT DISTINCT "case", "check" FROM case_symptom WHERE "case" IN ({_marks(some)})',  # noqa: S608
                some,
            ):
                found.setdefault(case, []).append(check)
        return {case: tuple(names) for case, names in found.items()}

    def with_symptoms(self, cases: Sequence[Case], most: int = MOST_IN_LIST) -> list[Counted]:
        """These cases with their first symptoms each, those that are there before those that are gone."""
        numbers = [case.id for case in cases]
        bodies: dict[int, list[str]] = {}
        totals: dict[int, int] = {}
        for some in _pieces(numbers):
            sql = (
                'SELECT s."case", s.body, f.total FROM (SELECT id, count(*) OVER (PARTITION BY "case") AS total,'  # noqa: S608
                ' row_number() OVER (PARTITION BY "case" ORDER BY gone > 0, id) AS nth FROM case_symptom'
                f' WHERE "case" IN ({_marks(some)})) f JOIN case_symptom s ON s.id = f.id WHERE f.nth <= ? ORDER BY s."case", s.id'
            )
            for case, body, total in self._rows(sql, (*some, most)):
                bodies.setdefault(case, []).append(body)
                totals[case] = total
        checks = self.checks(numbers)
        return [
            Counted(
                replace(case, symptoms={one.key: one for one in map(symptom_of, bodies.get(case.id, ()))}),
                totals.get(case.id, 0), checks.get(case.id, ()),
            )
            for case in cases
        ]  # fmt: skip

    def case(self, number: int) -> Case | None:
        """One case with all of its symptoms."""
        found = self._rows(f"SELECT {CASE_COLUMNS} FROM case_row WHERE id = ?", (number,))  # noqa: S608
        if not found:
            return None
        bodies = self._rows('SELECT body FROM case_symptom WHERE "case" = ? ORDER BY id', (number,))
        return case_of(found[0], [symptom_of(body) for (body,) in bodies])

    def having(self, workspace: str, keys: Sequence[str]) -> dict[str, int]:
        """By symptom the case that has it: an open one, else the one that moved last."""
        found: dict[str, int] = {}
        for some in _pieces(list(dict.fromkeys(keys))):
            sql = (
                f'SELECT s."key", c.id FROM case_symptom s JOIN case_row c ON c.id = s."case" WHERE s.workspace = ?'  # noqa: S608
                f' AND s."key" IN ({_marks(some)}) AND c."into" = 0 ORDER BY c.{_OPEN}, c.moved'
            )
            found |= dict(self._rows(sql, (workspace, *some)))
        return found

    def steps(self, number: int, most: int = MOST_STEPS) -> list[tuple[int, Event]]:
        """What happened to a case, of a long history the newest, oldest first; what was merged into it among it."""
        sql = (
            f"SELECT seq, kind, body FROM (SELECT seq, kind, body FROM event WHERE json_extract(body, '$.case') = ?"  # noqa: S608
            f" AND kind IN ({CASE_KINDS}) UNION ALL SELECT seq, kind, body FROM event WHERE json_extract(body, '$.into') = ?"
            " AND kind = 'CaseMerged') ORDER BY seq DESC LIMIT ?"
        )
        return [(seq, decode(kind, body)) for seq, kind, body in reversed(self._rows(sql, (number, number, most)))]

    def remedies(self, families: Sequence[str], workspace: str = "") -> list[Remedy]:
        """What was tried on these families, there or anywhere, what worked most often first."""
        found: list[tuple[Any, ...]] = []
        for some in _pieces(list(families)[:MOST_FAMILIES]):
            where = f"family IN ({_marks(some)}) AND (? = '' OR workspace = ?)"
            found += self._rows(_REMEDIES.format(where), [*some, workspace, workspace])
        return sorted(map(_remedy, found), key=lambda one: (-one.worked / one.tried, -one.worked, -one.last))

    def families(self, text: str = "", most: int = 50) -> list[tuple[str, str, int, list[Remedy]]]:
        """Families with a title, in how many cases each was, and what was tried; of those with these words in
        their cases, else of those for which something was tried."""
        where = "EXISTS (SELECT 1 FROM case_resolved r WHERE r.family = s.family)"
        values: list[str] = []
        if text.strip():
            query = matching(text)
            where = 's."case" IN (SELECT "case" FROM case_text WHERE case_text MATCH ?)' if query else "0"
            values = [query] if query else []
        rows = self._rows(
            f"SELECT s.family, max(s.id), count(DISTINCT s.\"case\") AS n FROM case_symptom s WHERE s.family != '' AND {where}"  # noqa: S608
            " GROUP BY s.family ORDER BY (SELECT count(*) FROM case_resolved r WHERE r.family = s.family) DESC, n DESC, s.family"
            " LIMIT ?",
            (*values, most),
        )
        remedies: dict[str, list[Remedy]] = {}
        for one in self.remedies([family for family, _, _ in rows]):
            remedies.setdefault(one.family, []).append(one)
        return [(family, _title(family), n, remedies.get(family, [])) for family, _, n in rows]

    def of_families(self, families: Sequence[str], besides: int, most: int = 10) -> list[tuple[int, str, str]]:
        """Other cases with such symptoms: number, title and state; the newest first."""
        some = list(families)[:20]
        if not some:
            return []
        return self._rows(
            'SELECT DISTINCT c.id, c.title, c.state FROM case_symptom s JOIN case_row c ON c.id = s."case"'  # noqa: S608
            f' WHERE s.family IN ({_marks(some)}) AND c.id != ? AND c."into" = 0 ORDER BY c.moved DESC LIMIT ?',
            (*some, besides, most),
        )

    def waiting(self, workspace: str, most: int = 200) -> list[Case]:
        """Those that wait for a person: who are asked, who have one, and which cannot be reproduced; without symptoms."""
        sql = (
            f"SELECT {CASE_COLUMNS} FROM case_row WHERE workspace = ? AND {_OPEN} AND state != 'accepted' AND (asks != ''"  # noqa: S608
            " OR state = 'cannot-reproduce' OR (state = 'assigned' AND assignee LIKE '[\"person\"%')) ORDER BY moved LIMIT ?"
        )
        return [case_of(row) for row in self._rows(sql, (workspace, most))]

    def since(self, workspace: str, begin: float) -> dict[str, list[Case]]:
        """Cases that were opened, reopened and closed since then, without symptoms."""
        sql = (
            f'SELECT {CASE_COLUMNS} FROM case_row WHERE workspace = ? AND moved >= ? AND "into" = 0'  # noqa: S608
            " ORDER BY moved DESC LIMIT 1000"
        )
        found: dict[str, list[Case]] = {"opened": [], "reopened": [], "closed": []}
        for row in self._rows(sql, (workspace, begin)):
            case = case_of(row)
            if not case.is_open:
                found["closed"].append(case)
            elif case.opened >= begin:
                found["reopened" if case.reopened else "opened"].append(case)
        return found


_REMEDIES = (
    'SELECT family, kind, what, max(words), count(*), sum(worked), max(at), group_concat(DISTINCT "case") FROM case_resolved'
    " WHERE {} GROUP BY family, kind, what"
)


def _remedy(row: Sequence[Any]) -> Remedy:
    family, kind, what, words, tried, worked, last, cases = row
    numbers = sorted({int(number) for number in str(cases).split(",")}, reverse=True)
    return Remedy(family, kind, what, words, tried, worked or 0, last, tuple(numbers[:20]))


def _title(family: str) -> str:
    """'F401 (ruff): ‹name› imported but unused'."""
    rule, tool, words = [*family.split(BETWEEN), "", ""][:3]
    return f"{rule}{f' ({tool})' if tool else ''}{f': {words}' if words else ''}"


def _narrowed(wants: Mapping[str, str]) -> tuple[list[str], list[Any]]:
    where = ["1=1"]
    values: list[Any] = []

    def add(sql: str, *given: Any) -> None:
        where.append(sql)
        values.extend(given)

    for name in ("state", "severity"):
        words = [word for word in (wants.get(name) or "").split(",") if word]
        if words == ["open"]:
            add(f"c.{_OPEN}")
        elif words:
            add(f"c.{name} IN ({_marks(words)})", *words)
    if wants.get("workspace"):
        add("c.workspace = ?", wants["workspace"])
    if wants.get("agent"):
        add('c.id IN (SELECT s."case" FROM case_symptom s WHERE s.agent = ?)', wants["agent"])
    if wants.get("kind"):
        add(
            "(json_extract(c.cause, '$.kind') = ? OR c.id IN (SELECT s.\"case\" FROM case_symptom s"
            " WHERE json_extract(s.body, '$.kind') = ?))",
            wants["kind"], wants["kind"],
        )  # fmt: skip
    given = wants.get("assignee") or ""
    if given == "nobody":
        add("c.assignee = ''")
    elif given:
        kind, name = ("person", given[1:]) if given.startswith("@") else ("agent", given)
        add(
            "c.assignee != '' AND json_extract(c.assignee, '$[0]') = ? AND json_extract(c.assignee, '$[1]') = ?",
            kind,
            name,
        )
    if wants.get("among"):
        add("c.id IN (SELECT value FROM json_each(?))", wants["among"])
    text = (wants.get("text") or "").strip()
    if text:
        number = _NAMED.fullmatch(text)
        if number:
            add("c.id = ?", int(number[1]))
        else:
            query = matching(text)
            add('c.id IN (SELECT "case" FROM case_text WHERE case_text MATCH ?)', query) if query else add("0")
    return where, values


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


def _pieces(values: Sequence[Any]) -> list[Sequence[Any]]:
    return [values[at : at + AT_ONCE] for at in range(0, len(values), AT_ONCE)]
