"""The few fields of an X.509 certificate that matter here, read from its DER bytes (RFC 5280, section 4.1)."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dates:
    """From when to when it is valid (wall time), and whether it names itself as its issuer."""

    begins: float
    ends: float
    own_issuer: bool


def dates(der: bytes) -> Dates:
    """Raises ValueError for what is no certificate."""
    outer = _inner(der, 0, 0x30)
    body = _inner(outer, 0, 0x30)
    at = 0
    fields: list[tuple[int, bytes]] = []
    while at < len(body) and len(fields) < 7:
        tag, value, at = _element(body, at)
        if tag != 0xA0:  # the version may be left out
            fields.append((tag, value))
    if len(fields) < 5:
        raise ValueError("it has too few fields")
    issuer, validity, subject = fields[2][1], fields[3][1], fields[4][1]
    begin_tag, begins, at = _element(validity, 0)
    end_tag, ends, _ = _element(validity, at)
    return Dates(_moment(begin_tag, begins), _moment(end_tag, ends), issuer == subject)


def _element(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Tag, value and the place after it."""
    if at + 2 > len(data):
        raise ValueError("it ends too soon")
    tag, length, start = data[at], data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4:
            raise ValueError("a length is wrong")
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > len(data):
        raise ValueError("it ends too soon")
    return tag, data[start : start + length], start + length


def _inner(data: bytes, at: int, wanted: int) -> bytes:
    tag, value, _ = _element(data, at)
    if tag != wanted:
        raise ValueError("it is no certificate")
    return value


def _moment(tag: int, value: bytes) -> float:
    text = value.decode("ascii", "replace")
    if tag == 0x17:  # UTCTime: two digits of the year, 50 and more are of the last century
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != 0x18:
        raise ValueError("a date has an unknown form")
    return datetime.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=datetime.UTC).timestamp()
