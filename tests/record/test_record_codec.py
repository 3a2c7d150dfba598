"""Every event, and all that it may hold, comes back from the log as it went in."""

import dataclasses
import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.core import events as e
from callboard.core.case_facts import Cause, Symptom
from callboard.core.facts import How
from callboard.core.resources import Lock, Needs
from callboard.core.task import Candidate, Limits, Priority, Process, Retry, TaskSpec, TaskState, Usage, Verdict
from callboard.errors import RecordError
from callboard.record.codec import KINDS, decode, encode, to_json

TEXT = st.text(max_size=20)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-(2**53), 2**53)
PLAIN = st.recursive(
    st.none() | st.booleans() | WHOLE | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OPTIONS = st.dictionaries(TEXT, PLAIN, max_size=3)
SPEC = st.builds(
    TaskSpec,
    name=TEXT, agent=TEXT, action=TEXT, plugin=TEXT, argv=st.lists(TEXT, max_size=3).map(tuple), folder=TEXT, options=OPTIONS,
    depends=st.lists(st.integers(0, 9), max_size=3).map(tuple), after=st.lists(st.integers(0, 9), max_size=3).map(tuple),
    needs=st.builds(
        Needs, cpus=NUMBER, memory_mb=NUMBER, locks=st.lists(st.builds(Lock, TEXT, st.booleans()), max_size=3).map(tuple),
        extra=st.lists(st.tuples(TEXT, NUMBER), max_size=2).map(tuple),
    ),
    limits=st.builds(Limits, NUMBER, NUMBER, NUMBER, st.integers(0, 99)),
    retry=st.builds(Retry, st.integers(1, 9), NUMBER, NUMBER, NUMBER, NUMBER),
    idempotent=st.booleans(), strict=st.booleans(), estimate=NUMBER, stage=TEXT, because=TEXT,
    undo=TEXT, undoes=TEXT, wants=TEXT, candidates=st.lists(st.builds(Candidate, TEXT, TEXT, TEXT, TEXT), max_size=2).map(tuple),
    affected=TEXT,
    digest=TEXT,
    digested=NUMBER,
    learned=OPTIONS,
    stands_for=st.none() | st.tuples(WHOLE, WHOLE, WHOLE), heavy=st.booleans(),
)  # fmt: skip
WITNESSES = st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple)
SYMPTOM = st.builds(Symptom, check=TEXT, fingerprint=TEXT, kind=TEXT, rule=TEXT, severity=TEXT, title=TEXT, witnesses=WITNESSES,
                    first=NUMBER, times=WHOLE, flaky=st.none() | NUMBER, code=TEXT)  # fmt: skip
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple)
SPECIAL: dict[str, st.SearchStrategy[Any]] = {
    "specs": st.lists(SPEC, max_size=3).map(tuple),
    "holds": st.lists(st.tuples(TEXT, NUMBER), max_size=3).map(tuple),
    "metrics": st.lists(st.tuples(TEXT, NUMBER, TEXT), max_size=3).map(tuple),
    "process": st.builds(Process, WHOLE, WHOLE, TEXT),
    "usage": st.builds(Usage, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER),
    "how": st.sampled_from(How),
    "outcome": st.sampled_from(TaskState),
    "verdict": st.none() | st.sampled_from(Verdict),
    "priority": st.sampled_from(Priority),
    "findings": st.lists(OPTIONS, max_size=2).map(tuple),
    "logs": st.lists(NUMBER, max_size=3).map(tuple),
    "of_tasks": st.dictionaries(TEXT, st.lists(NUMBER, max_size=3).map(tuple), max_size=3),
    "tasks": st.lists(st.integers(0, 9), max_size=3).map(tuple),
    "choices": st.lists(TEXT, max_size=3).map(tuple),
    "blocks": st.lists(OPTIONS, max_size=2).map(tuple),
    "facts": st.lists(OPTIONS, max_size=2).map(tuple),
    "workflows": st.lists(TEXT, max_size=3).map(tuple),
    "attempts": st.lists(TEXT, max_size=3).map(tuple),
    "agents": st.lists(TEXT, max_size=3).map(tuple),
    "counts": OPTIONS,
    "record": OPTIONS,
    "options": OPTIONS,
    "moments": OPTIONS,
    "layer": st.none() | TEXT,
    "again": st.none() | NUMBER,
    "ids": st.lists(TEXT, max_size=3).map(tuple),
    "notices": st.lists(OPTIONS, max_size=2).map(tuple),
    "symptoms": st.lists(SYMPTOM | TEXT, max_size=2).map(tuple),
    "cause": st.none() | st.builds(Cause, TEXT, TEXT, TEXT),
    "joins": PAIRS,
    "parts": PAIRS,
    "resolution": OPTIONS,
    "act": OPTIONS,
    "measure": OPTIONS,
    "undo": OPTIONS,
    "before": st.none() | NUMBER,
    "after": st.none() | NUMBER,
    "rank": st.none() | WHOLE,
    "comes_after": st.none() | st.lists(TEXT, max_size=3).map(tuple),
    "waiting": st.lists(st.integers(0, 9), max_size=3).map(tuple),
    "config": OPTIONS,
    "git": OPTIONS,
    "outputs": OPTIONS,
    "result": OPTIONS,
    "values": OPTIONS,
    "patch": st.none() | OPTIONS,
    "paused": st.none() | st.booleans(),
    "limit": st.none() | WHOLE,
    "until": st.none() | NUMBER,
    "code": st.none() | WHOLE,
    "data_age_days": st.none() | NUMBER,
}
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {float: NUMBER, int: WHOLE, str: TEXT, bool: st.booleans()}


def events_of(kind: type) -> st.SearchStrategy[Any]:
    """Any event of a kind."""
    parts = {field.name: SPECIAL.get(field.name, BY_TYPE.get(field.type)) for field in dataclasses.fields(kind)}
    assert None not in parts.values(), f"{kind.__name__} has a field that this test does not know: {parts}"
    return st.builds(kind, **{name: strategy for name, strategy in parts.items() if strategy is not None})


@pytest.mark.parametrize("kind", get_args(e.Event), ids=lambda kind: kind.__name__)
def test_there_and_back(kind: type) -> None:
    @settings(max_examples=25, deadline=None)
    @given(events_of(kind))
    def goes_round(event: e.Event) -> None:
        body = encode(event)
        assert decode(kind.__name__, body) == event
        assert encode(decode(kind.__name__, body)) == body

    goes_round()


def test_every_kind_is_known_by_its_name() -> None:
    assert set(KINDS.values()) == set(get_args(e.Event))


def test_an_event_of_an_older_form_gets_the_defaults_of_what_it_lacks() -> None:
    body = json.loads(encode(e.AttemptStopping(1.0, 1, 2, 3, "why", True, True)))
    del body["late"], body["put_back"]
    assert decode("AttemptStopping", json.dumps(body)) == e.AttemptStopping(1.0, 1, 2, 3, "why")


def test_what_a_newer_program_wrote_is_refused_with_its_name() -> None:
    with pytest.raises(
        RecordError, match="an event of kind 'Teleported', which this version does not know; use a newer one"
    ):
        decode("Teleported", "{}")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_does_not_have_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_json({"x": value})


def test_a_value_that_has_no_place_in_an_event_is_refused() -> None:
    @dataclasses.dataclass
    class Stranger:
        x: int = 1

    with pytest.raises(TypeError, match="Stranger has no place in an event"):
        to_json(Stranger())
