"""The body of an OTLP/HTTP request as spans, bounded before and after it is unpacked (OTLP 1.x, JSON and protobuf)."""

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from callboard.link.otlp.span import Span, kept

LARGEST_BODY = 8 << 20
LARGEST_UNPACKED = 32 << 20
MOST_SPANS = 5_000
MOST_ATTRIBUTES = 128
MOST_EVENTS = 50
EXCEPTION = "exception"
JSON_KIND = "application/json"
PROTOBUF_KIND = "application/x-protobuf"
ERROR_STATUS = 2


class Undecodable(Exception):
    """The body cannot be read; `status` is the answer that says so."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Decoded:
    """The spans that were taken, and how many were not, with the reason."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.rejected = 0
        self.why = ""

    def add(self, span: Span | None) -> None:
        """Takes a span; None is one that makes no sense."""
        if span is None:
            self.reject("a span without ids or times")
        elif len(self.spans) >= MOST_SPANS:
            self.reject(f"more than {MOST_SPANS} spans in one request")
        else:
            self.spans.append(span)

    def reject(self, why: str) -> None:
        """Counts one that is not taken."""
        self.rejected += 1
        self.why = self.why or why


def decoded(body: bytes, kind: str, encoding: str) -> Decoded:
    """The spans of a body; raises `Undecodable` for one that is too large, packed in a way that is unknown, or broken."""
    kind = kind.partition(";")[0].strip().lower()
    if kind not in (JSON_KIND, PROTOBUF_KIND):
        raise Undecodable(415, f"send {PROTOBUF_KIND} or {JSON_KIND}")
    plain = unpacked(body, encoding.strip().lower())
    return _of_json(plain) if kind == JSON_KIND else _of_protobuf(plain)


def unpacked(body: bytes, encoding: str) -> bytes:
    """The body without its compression; never more than LARGEST_UNPACKED bytes are made."""
    if len(body) > LARGEST_BODY:
        raise Undecodable(413, f"the body has more than {LARGEST_BODY >> 20} MiB")
    if encoding in ("", "identity", "none"):
        return body
    if encoding != "gzip":
        raise Undecodable(415, "the body is packed in a way that is not known here; send gzip, or nothing")
    parts: list[bytes] = []
    left, size = body, 0
    try:
        while left:
            unzip = zlib.decompressobj(wbits=31)
            part = unzip.decompress(left, LARGEST_UNPACKED + 1 - size)
            size += len(part)
            if size > LARGEST_UNPACKED:
                raise Undecodable(413, f"unpacked, the body has more than {LARGEST_UNPACKED >> 20} MiB")
            if not unzip.eof:
                raise Undecodable(400, "the gzip of the body is cut off")
            parts.append(part)
            left = unzip.unused_data
    except zlib.error as error:
        raise Undecodable(400, "the body is no gzip") from error
    return b"".join(parts)


def _of_json(body: bytes) -> Decoded:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Undecodable(400, "the body is no JSON") from error
    if not isinstance(said, Mapping) or not isinstance(said.get("resourceSpans", []), list):
        raise Undecodable(400, "the body is no ExportTraceServiceRequest: it has no resourceSpans")
    found = Decoded()
    for resource_spans in _tables(said.get("resourceSpans")):
        resource = resource_spans.get("resource")
        about = _json_attributes(resource.get("attributes") if isinstance(resource, Mapping) else None)
        for scope_spans in _tables(resource_spans.get("scopeSpans")):
            spans = scope_spans.get("spans")
            for span in spans if isinstance(spans, list) else ():
                found.add(_json_span(span, about))
    return found


def _tables(value: Any) -> Iterator[Mapping[str, Any]]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, Mapping):
            yield item


def _json_span(said: Any, resource: Mapping[str, Any]) -> Span | None:
    if not isinstance(said, Mapping):
        return None
    status = said.get("status")
    code = status.get("code") if isinstance(status, Mapping) else None
    return Span.made(
        said.get("traceId"),
        said.get("spanId"),
        said.get("parentSpanId"),
        said.get("name"),
        _whole(said.get("kind")),
        _whole(said.get("startTimeUnixNano")),
        _whole(said.get("endTimeUnixNano")),
        code in (ERROR_STATUS, "STATUS_CODE_ERROR"),
        _json_raised(said.get("events")) | _json_attributes(said.get("attributes")),
        resource,
    )


def _whole(value: Any) -> int:
    """A whole number, which JSON of protobuf may write as text; 0 for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 21:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64 else 0


def _json_attributes(pairs: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, pair in enumerate(_tables(pairs)):
        if number >= MOST_ATTRIBUTES:
            break
        key, held = pair.get("key"), pair.get("value")
        if not isinstance(key, str) or not isinstance(held, Mapping):
            continue
        for name in ("stringValue", "intValue", "doubleValue", "boolValue"):
            if name in held:
                value = kept(key, _whole(held[name]) if name == "intValue" else held[name])
                if value is not None:
                    found[key] = value
    return found


def _json_raised(events: Any) -> dict[str, Any]:
    """The type of the last exception that was recorded."""
    for event in reversed(events[-MOST_EVENTS:] if isinstance(events, list) else []):
        if isinstance(event, Mapping) and event.get("name") == EXCEPTION:
            return _json_attributes(event.get("attributes"))
    return {}


def _of_protobuf(body: bytes) -> Decoded:
    try:
        from google.protobuf.message import DecodeError
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    except ImportError as error:
        raise Undecodable(
            415,
            "protobuf cannot be read here: install callboard[otlp], or send JSON (OTEL_EXPORTER_OTLP_PROTOCOL=http/json)",
        ) from error
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except (DecodeError, RecursionError) as error:
        raise Undecodable(400, "the body is no ExportTraceServiceRequest") from error
    found = Decoded()
    for resource_spans in request.resource_spans:
        about = _attributes(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                if len(found.spans) >= MOST_SPANS:
                    found.reject(f"more than {MOST_SPANS} spans in one request")
                    continue
                found.add(
                    Span.made(
                        span.trace_id.hex(),
                        span.span_id.hex(),
                        span.parent_span_id.hex(),
                        span.name,
                        span.kind,
                        span.start_time_unix_nano,
                        span.end_time_unix_nano,
                        span.status.code == ERROR_STATUS,
                        _raised(span.events) | _attributes(span.attributes),
                        about,
                    )
                )
    return found


def _raised(events: Any) -> dict[str, Any]:
    for event in reversed(events[-MOST_EVENTS:]):
        if event.name == EXCEPTION:
            return _attributes(event.attributes)
    return {}


def _attributes(pairs: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs[:MOST_ATTRIBUTES]:
        held = pair.value
        which = held.WhichOneof("value")
        if which in ("string_value", "int_value", "double_value", "bool_value"):
            value = kept(pair.key, getattr(held, which))
            if value is not None:
                found[pair.key] = value
    return found


def answer(kind: str, rejected: int, why: str) -> tuple[bytes, str]:
    """The body of a 200 in the sender's own encoding, and its kind."""
    if not kind.lower().startswith(PROTOBUF_KIND):
        said: dict[str, Any] = {}
        if rejected:
            said = {"partialSuccess": {"rejectedSpans": str(rejected), "errorMessage": why}}
        return json.dumps(said).encode(), JSON_KIND
    if not rejected:
        return b"", PROTOBUF_KIND
    partial = b"\x08" + _varint(rejected) + _text(2, why)
    return b"\x0a" + _varint(len(partial)) + partial, PROTOBUF_KIND


def refusal(kind: str, words: str) -> tuple[bytes, str]:
    """The body of an error, a google.rpc.Status in the sender's own encoding, and its kind."""
    if kind.lower().startswith(PROTOBUF_KIND):
        return _text(2, words), PROTOBUF_KIND
    return json.dumps({"message": words}).encode(), JSON_KIND


def _text(number: int, text: str) -> bytes:
    data = text.encode()
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
