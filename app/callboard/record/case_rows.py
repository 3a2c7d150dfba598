"""Cases in their tables: a row for each case and each of its symptoms, the words to search in, and what resolved cases."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from callboard.core.case_events import CaseNoted, OneCaseEvent
from callboard.core.case_facts import Assignee, CaseState, Cause, Noted, Symptom
from callboard.core.case_known import Resolved, resolved, taken_back
from callboard.core.cases import Case, Cases
from callboard.record.codec import decode_symptom, to_json

FIELDS = (
    "workspace", "title", "severity", "state", "first", "opened", "seen", "moved", "present", "left_out", "times", "reopened",
    "until", "accepted_by", "accepted_why", "words", "last_by", "turn", "notes", "into", "run", "asks", "newest", "handled",
)  # fmt: skip
HELD = ("cause", "assignee", "resolution", "joined", "known")
CASE_COLUMNS = ", ".join(f'"{name}"' for name in ("id", *FIELDS, *HELD))
CASE_KINDS = "'CaseOpened', 'CaseSeen', 'CaseGone', 'CaseMoved', 'CaseMerged', 'CaseSplit', 'CaseNoted'"
LOOK_KIND = "'CasesLooked'"
CASE_LOAD = f"seq IN (SELECT max(seq) FROM event WHERE kind = {LOOK_KIND} GROUP BY json_extract(body, '$.workspace'))"  # noqa: S608
SYMPTOM_COLUMNS = '"case", "key", workspace, "check", family, agent, gone, body'
OF_SYMPTOM, OF_CASE, OF_NOTE = 0, 1, 2
_WRITE = f"INSERT OR REPLACE INTO case_row ({CASE_COLUMNS}) VALUES ({','.join('?' * (1 + len(FIELDS) + len(HELD)))})"  # noqa: S608
_SYMPTOM = f"INSERT INTO case_symptom ({SYMPTOM_COLUMNS}) VALUES (?,?,?,?,?,?,?,?) RETURNING id"  # noqa: S608
_AGAIN = 'UPDATE case_symptom SET family=?, agent=?, gone=?, body=? WHERE "case"=? AND "key"=?'
_TEXT = 'INSERT INTO case_text (rowid, "case", words) VALUES (?,?,?)'


def open_cases(connection: sqlite3.Connection) -> Iterator[Case]:
    """The cases that are not closed, in the order in which they were opened, as their events made them."""
    bodies = connection.execute(
        'SELECT s."case", s.body FROM case_row c JOIN case_symptom s ON s."case" = c.id'
        " WHERE c.state != 'closed' ORDER BY c.opened, c.id, s.id"
    )
    following: tuple[int, str] | None = next(bodies, None)
    rows = f"SELECT {CASE_COLUMNS} FROM case_row WHERE state != 'closed' ORDER BY opened, id"  # noqa: S608
    for row in connection.execute(rows):
        symptoms = []
        while following is not None and following[0] == row[0]:
            symptoms.append(symptom_of(following[1]))
            following = next(bodies, None)
        yield case_of(row, symptoms)


def write_case(connection: sqlite3.Connection, event: OneCaseEvent, seq: int) -> None:
    """What one event adds that is not of the case as it stands: words of a note to search in."""
    if isinstance(event, CaseNoted):
        connection.execute(_TEXT, (4 * seq + OF_NOTE, event.case, event.words))


def write_resolved(connection: sqlite3.Connection, event: OneCaseEvent, cases: Cases) -> None:
    """What a closing, a reopening or a fix that was taken back says of what helps."""
    case = cases.get(event.case)
    if case is None:
        return
    if taken_back(event):
        connection.execute(
            'UPDATE case_resolved SET worked=0 WHERE "case"=? AND at=(SELECT max(at) FROM case_resolved WHERE "case"=?)',
            (case.id, case.id),
        )
    for one in resolved(case, event):
        connection.execute(
            'INSERT OR REPLACE INTO case_resolved ("case", at, family, workspace, kind, what, words, worked)'
            " VALUES (?,?,?,?,?,?,?,?)",
            resolved_values(one),
        )


def resolved_values(one: Resolved) -> tuple[Any, ...]:
    """In the order of the table."""
    return (one.case, one.at, one.family, one.workspace, one.kind, one.what, one.words, one.worked)


def write_changed(connection: sqlite3.Connection, cases: Cases) -> None:
    """The rows of all cases that changed, and of those of their symptoms that did."""
    for number, keys in cases.changed.items():
        case = cases.get(number)
        if case is None:
            continue
        connection.execute(_WRITE, case_values(case))
        words = f"{case.name} {case.title}\n{case.cause.about}\n{case.cause.words}\n{case.words}"
        _put_words(connection, 4 * case.id + OF_CASE, case.id, words)
        for key in keys:
            symptom = case.symptoms.get(key)
            if symptom is None:
                gone = connection.execute(
                    'SELECT id FROM case_symptom WHERE "case"=? AND "key"=?', (case.id, key)
                ).fetchone()
                if gone is not None:
                    connection.execute("DELETE FROM case_text WHERE rowid=?", (4 * gone[0] + OF_SYMPTOM,))
                    connection.execute("DELETE FROM case_symptom WHERE id=?", gone)
                continue
            values = symptom_values(case, symptom)
            if connection.execute(_AGAIN, (*values[4:], case.id, key)).rowcount:
                continue  # the words by which it is found are those of the first time
            row = connection.execute(_SYMPTOM, values).fetchone()
            connection.execute(_TEXT, (4 * row[0] + OF_SYMPTOM, case.id, _words_of(symptom)))


def _put_words(connection: sqlite3.Connection, row: int, case: int, words: str) -> None:
    known = connection.execute("SELECT words FROM case_text WHERE rowid=?", (row,)).fetchone()
    if known is not None and known[0] == words:
        return
    if known is not None:
        connection.execute("DELETE FROM case_text WHERE rowid=?", (row,))
    connection.execute(_TEXT, (row, case, words))


def _words_of(symptom: Symptom) -> str:
    return "\n".join(
        part
        for part in (symptom.title, symptom.message, symptom.path, symptom.rule, symptom.check, symptom.agent)
        if part
    )


def case_values(case: Case) -> tuple[Any, ...]:
    """What the table keeps of a case, in the order of CASE_COLUMNS."""
    known = {kind: [note.at, note.words, dict(note.facts), note.run] for kind, note in case.known.items()}
    held = case.assignee
    return (
        case.id, *(getattr(case, name) for name in FIELDS), to_json(case.cause),
        to_json([held.kind, held.name, held.why, held.by]) if held is not None else "", to_json(dict(case.resolution)),
        to_json(list(case.joined)), to_json(known),
    )  # fmt: skip


def symptom_values(case: Case, symptom: Symptom) -> tuple[Any, ...]:
    """In the order of SYMPTOM_COLUMNS."""
    return (
        case.id, symptom.key, case.workspace, symptom.check, symptom.family, symptom.agent, symptom.gone, to_json(symptom),
    )  # fmt: skip


def case_of(row: Sequence[Any], symptoms: Sequence[Symptom] = ()) -> Case:
    """The case of a row with CASE_COLUMNS, with these symptoms."""
    values: Mapping[str, Any] = dict(zip(("id", *FIELDS, *HELD), row, strict=True))
    known = {
        kind: Noted(at, words, facts, run) for kind, (at, words, facts, run) in json.loads(values["known"]).items()
    }
    return Case(
        **{
            **values,
            "state": CaseState(values["state"]),
            "cause": Cause(**json.loads(values["cause"])),
            "assignee": Assignee(*json.loads(values["assignee"])) if values["assignee"] else None,
            "resolution": json.loads(values["resolution"]),
            "joined": tuple(json.loads(values["joined"])),
            "known": known,
            "handled": bool(values["handled"]),
            "symptoms": {symptom.key: symptom for symptom in symptoms},
        }
    )


def symptom_of(body: str) -> Symptom:
    """The symptom of the column `body`."""
    return decode_symptom(json.loads(body))
