"""Reading records of the OSV format (https://ossf.github.io/osv-schema/)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callboard.work.reports.bounds import ReportError, load_json, mapping, mappings, read_report, words
from callboard.work.reports.shapes import Advisory, Affected

MOST_AFFECTED = 10_000
MOST_VERSIONS = 20_000
EVENTS = ("introduced", "fixed", "last_affected", "limit")


def read_osv(source: Path | bytes | str, name: str = "advisory") -> Advisory:
    """One advisory, of a file or of a text (which errors call `name`). Raises `ReportError` for what is none."""
    called = source.name if isinstance(source, Path) else name
    document = mapping(load_json(read_report(source) if isinstance(source, Path) else source, called))
    identity = words(document.get("id"), 200)
    if not identity or not ("affected" in document or "modified" in document):
        raise ReportError(
            called, "it is no OSV record ('id' with 'affected' or 'modified' is missing)", "name an OSV file"
        )
    return Advisory(
        id=identity,
        aliases=_texts(document.get("aliases"), 200, 500),
        summary=words(document.get("summary"), 1_000),
        details=words(document.get("details")),
        published=words(document.get("published"), 40),
        modified=words(document.get("modified"), 40),
        withdrawn=words(document.get("withdrawn"), 40),
        scores=tuple(filter(None, (words(s.get("score"), 300) for s in mappings(document.get("severity"))))),
        affected=tuple(_affected(entry) for entry in list(mappings(document.get("affected")))[:MOST_AFFECTED]),
        references=tuple(filter(None, (words(r.get("url"), 1_000) for r in mappings(document.get("references")))))[
            :500
        ],
    )


def _affected(entry: Mapping[str, Any]) -> Affected:
    package = mapping(entry.get("package"))
    own = mapping(entry.get("database_specific"))
    ecosystem = mapping(entry.get("ecosystem_specific"))
    return Affected(
        ecosystem=words(package.get("ecosystem"), 100),
        package=words(package.get("name"), 500),
        purl=words(package.get("purl"), 1_000),
        versions=_texts(entry.get("versions"), 200, MOST_VERSIONS),
        ranges=tuple(_range(part) for part in list(mappings(entry.get("ranges")))[:1_000]),
        severity=(words(own.get("severity"), 40) or words(ecosystem.get("severity"), 40)).upper(),
    )


def _range(part: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
    events = [
        (kind, words(event.get(kind), 200))
        for event in list(mappings(part.get("events")))[:5_000]
        for kind in EVENTS
        if words(event.get(kind), 200)
    ]
    return words(part.get("type"), 40), tuple(events)


def _texts(value: Any, longest: int, most: int) -> tuple[str, ...]:
    found = value[:most] if isinstance(value, list) else []
    return tuple(item[:longest] for item in found if isinstance(item, str) and item)
