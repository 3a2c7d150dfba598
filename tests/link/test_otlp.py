"""Traces of OpenTelemetry: what real instrumentation sent becomes facts, bounded, and without a word of a prompt."""

import gzip
import json
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.core.crew import CrewState
from callboard.core.crew_events import CrewSeen
from callboard.core.crew_facts import checked_facts
from callboard.core.crew_fold import take
from callboard.guard.gate import Caller
from callboard.link.otlp import decoding
from callboard.link.otlp.decoding import JSON_KIND, PROTOBUF_KIND, Undecodable, answer, decoded, refusal, unpacked
from callboard.link.otlp.meaning import Meaning
from callboard.link.otlp.served import ServedRequests
from callboard.show.api.service import service
from fake_desk import FakeDesk

RECORDED = (Path(__file__).parent / "recorded" / "openinference-failed.pb").read_bytes()
NOW = 1_795_760_000.0
EXCEPTION = {
    "name": "exception",
    "attributes": [
        {"key": "exception.type", "value": {"stringValue": "app.errors.ValueError"}},
        {"key": "exception.message", "value": {"stringValue": "a secret"}},
    ],
}


def span(
    number: int, name: str, parent: int = 0, kind: int = 1, failed: bool = False, **attributes: Any
) -> dict[str, Any]:
    """A span as JSON has it; '__' in a name stands for '.'."""
    values = {str: "stringValue", int: "intValue", float: "doubleValue", bool: "boolValue"}
    return {
        "traceId": "ab" * 16, "spanId": f"{number:016x}", "parentSpanId": f"{parent:016x}" if parent else "", "name": name,
        "kind": kind, "startTimeUnixNano": str(int((NOW - 100 + number) * 1e9)),
        "endTimeUnixNano": int((NOW - 99 + number) * 1e9), "status": {"code": 2} if failed else {},
        "attributes": [
            {"key": key.replace("__", "."), "value": {values[type(value)]: str(value) if type(value) is int else value}}
            for key, value in attributes.items()
        ],
    }  # fmt: skip


def request(*spans: Any, service: str = "journal") -> bytes:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}).encode()


def crew_of(*spans: Any) -> CrewState:
    facts = Meaning().facts(decoded(request(*spans), JSON_KIND, "").spans)
    crews: dict[str, CrewState] = {}
    take(crews, CrewSeen(NOW, "journal", "otlp", checked_facts(facts, NOW)))
    return crews["journal"]


def test_what_openinference_sent_of_a_crew_that_failed() -> None:
    spans = decoded(gzip.compress(RECORDED), PROTOBUF_KIND, "gzip").spans
    assert "secret" not in repr(
        [(one.name, {k: v for k, v in one.attributes.items() if k != "crew_tasks"}) for one in spans]
    )
    facts = Meaning().facts(spans)
    assert "secret" not in json.dumps(facts)
    crews: dict[str, CrewState] = {}
    take(crews, CrewSeen(NOW, "journal", "otlp", checked_facts(facts, NOW)))
    [workflow] = crews["journal"].workflows.values()
    assert (workflow.state, workflow.done, workflow.total) == ("failed", 2, 9)
    assert [(task.name, task.role, task.state, task.retries) for task in workflow.tasks.values()][:4] == [
        ("step_1", "Intake Editor", "succeeded", 0), ("step_2", "Topic Scout", "succeeded", 0),
        ("step_3", "Fact Checker", "failed", 2), ("", "Interviewer", "waiting", 0),
    ]  # fmt: skip


def test_the_conventions_of_opentelemetry_itself() -> None:
    crew = crew_of(
        span(
            3,
            "chat m",
            2,
            gen_ai__operation__name="chat",
            gen_ai__usage__input_tokens=120,
            gen_ai__usage__output_tokens=30,
        ),
        span(2, "invoke_agent Writer", 1, gen_ai__operation__name="invoke_agent", gen_ai__agent__name="Writer"),
        span(4, "execute_tool search", 1, gen_ai__operation__name="execute_tool"),
        span(1, "invoke_workflow journal", gen_ai__operation__name="invoke_workflow"),
    )
    [workflow] = crew.workflows.values()
    assert workflow.state == "succeeded"
    assert (workflow.input, workflow.output) == (120, 30)
    assert crew.agents["Writer"].samples
    assert [(task.name, task.role, task.seconds) for task in workflow.tasks.values()] == [("Writer", "Writer", 1.0)]


def test_the_conventions_of_traceloop_and_of_crewai_itself() -> None:
    kind = "traceloop__span__kind"
    crew = crew_of(
        span(3, "Writer.agent", 2, crewai__agent__role="Writer", **{kind: "agent"}),
        span(2, "write.task", 1, crewai__task__name="write", crewai__agent__role="Writer", **{kind: "task"}),
        {**span(1, "crewai.workflow", failed=True), "events": [EXCEPTION]},
    )
    [workflow] = crew.workflows.values()
    assert (workflow.state, workflow.error) == ("failed", "ValueError")
    assert [(task.name, task.role, task.state) for task in workflow.tasks.values()] == [
        ("write", "Writer", "succeeded")
    ]
    crew = crew_of(span(2, "Task Execution", 1, task_id="t1", agent_role="Scout"), span(1, "POST /kickoff", kind=2))
    [workflow] = crew.workflows.values()
    assert (workflow.state, [(t.role, t.state) for t in workflow.tasks.values()]) == (
        "succeeded",
        [("Scout", "succeeded")],
    )


def test_spans_of_other_things_say_nothing_of_a_crew() -> None:
    assert Meaning().facts(decoded(request(span(1, "SELECT", kind=3)), JSON_KIND, "").spans) == []


def test_the_answers_of_http_servers_are_kept_without_their_queries() -> None:
    kept = ServedRequests()
    asked = {"http__request__method": "GET", "http__target": "/a?token=secret", "http__response__status_code": 503}
    kept.take(decoded(request(span(1, "GET", kind=2, **asked), span(2, "GET", kind=3, **asked)), JSON_KIND, "").spans)
    [one] = kept.since(NOW - 1_000)
    assert (one.service, one.method, one.route, one.status, one.seconds) == ("journal", "GET", "/a", 503, 1.0)
    assert kept.p95_ms(NOW - 1_000, "journal") == (1000.0, 1)
    assert kept.p95_ms(NOW) == (None, 0)


@pytest.mark.parametrize(
    ("body", "kind", "encoding", "status"),
    [
        (b"x", "text/plain", "", 415), (b"{", JSON_KIND, "", 400), (b"[]", JSON_KIND, "", 400), (b"{}", JSON_KIND, "br", 415),
        (b"no gzip", JSON_KIND, "gzip", 400), (gzip.compress(b"{}", mtime=0)[:-6], JSON_KIND, "gzip", 400),
        (b"\xff\xff\xff", PROTOBUF_KIND, "", 400), (b"[" * 100_000, JSON_KIND, "", 400),
        (b'{"resourceSpans": 5}', JSON_KIND, "", 400),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_answered_as_the_protocol_says(
    body: bytes, kind: str, encoding: str, status: int
) -> None:
    with pytest.raises(Undecodable) as caught:
        decoded(body, kind, encoding)
    assert caught.value.status == status


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * (decoding.LARGEST_UNPACKED + 1))
    assert len(bomb) < 100_000
    for body in (bomb, gzip.compress(b"\0" * (20 << 20)) * 3):
        with pytest.raises(Undecodable) as caught:
            unpacked(body, "gzip")
        assert caught.value.status == 413
    assert unpacked(gzip.compress(b"a") + gzip.compress(b"b"), "gzip") == b"ab"
    with pytest.raises(Undecodable):
        unpacked(zlib.compress(b"x"), "gzip")


def test_what_is_not_taken_is_told_as_partial_success() -> None:
    good, bad = span(1, "a"), {**span(2, "b"), "traceId": "zz"}
    found = decoded(request(good, bad, 5), JSON_KIND, "")
    assert (len(found.spans), found.rejected) == (1, 2)
    many = decoded(request(*[good] * (decoding.MOST_SPANS + 3)), JSON_KIND, "")
    assert (len(many.spans), many.rejected) == (decoding.MOST_SPANS, 3)
    assert json.loads(answer(JSON_KIND, 3, "why")[0]) == {
        "partialSuccess": {"rejectedSpans": "3", "errorMessage": "why"}
    }
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    said = ExportTraceServiceResponse.FromString(answer(PROTOBUF_KIND, 300, "why")[0])
    assert (said.partial_success.rejected_spans, said.partial_success.error_message) == (300, "why")
    assert answer(PROTOBUF_KIND, 0, "") == (b"", PROTOBUF_KIND)
    assert refusal(PROTOBUF_KIND, "no") == (b"\x12\x02no", PROTOBUF_KIND)


@settings(max_examples=30, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from("resourceSpans scopeSpans spans traceId spanId attributes key value stringValue status".split()),
            inner, max_size=6,
        ),
        max_leaves=15,
    ),
    st.binary(max_size=60),
)  # fmt: skip
def test_whatever_is_sent_is_read_or_refused(said: Any, raw: bytes) -> None:
    for body, kind in ((json.dumps({"resourceSpans": [said]}).encode(), JSON_KIND), (raw, PROTOBUF_KIND)):
        try:
            spans = decoded(body, kind, "").spans
        except Undecodable:
            continue
        checked_facts(Meaning().facts(spans), NOW)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[tuple[httpx.AsyncClient, FakeDesk]]:
    desk = FakeDesk(tmp_path)
    app = service(desk)

    async def let_in(scope: Any, receive: Any, send: Any) -> None:
        scope["callboard"] = Caller("crew", "crew")
        await app(scope, receive, send)

    transport = httpx.ASGITransport(app=let_in)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:6771") as found:
        yield found, desk


@pytest.mark.parametrize("path", ["/v1/traces", "/api/v1/otlp/v1/traces"])
async def test_an_exporter_finds_its_path(client: tuple[httpx.AsyncClient, FakeDesk], path: str) -> None:
    asking, desk = client
    headers = {"content-type": PROTOBUF_KIND, "content-encoding": "gzip", "x-callboard-crew": "mine"}
    said = await asking.post(path, content=gzip.compress(RECORDED), headers=headers)
    assert (said.status_code, said.headers["content-type"], said.content) == (200, PROTOBUF_KIND, b"")
    assert desk.calls == [("tell_spans", (6, "mine"))]
    said = await asking.post(
        path, content=request(span(1, "a"), 5), headers={"content-type": "application/json; charset=utf-8"}
    )
    assert said.json()["partialSuccess"]["rejectedSpans"] == "1"
    said = await asking.post(path, content=b"x", headers={"content-type": "text/plain"})
    assert (said.status_code, said.json()) == (415, {"message": f"send {PROTOBUF_KIND} or {JSON_KIND}"})
    answers = [await asking.post(path, content=b"{}", headers={"content-type": JSON_KIND}) for _ in range(40)]
    late = [one for one in answers if one.status_code == 429]
    assert late
    assert late[0].headers["retry-after"] == "2"
