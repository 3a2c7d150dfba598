"""Reading CycloneDX bills of materials (JSON)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from callboard.work.reports.bounds import ReportError, load_json, mapping, mappings, read_report, words
from callboard.work.reports.shapes import Component, Sbom


def read_cyclonedx(path: Path) -> Sbom:
    """The components of a CycloneDX JSON file, nested ones too, without the subject (`metadata.component`).

    Raises `CallboardError` for a file that is no CycloneDX JSON, or a bomb.
    """
    document = mapping(load_json(read_report(path), path))
    if document.get("bomFormat") != "CycloneDX":
        raise ReportError(path, "it is no CycloneDX JSON ('bomFormat' is missing)", "write the SBOM as CycloneDX JSON")
    components = tuple(_component(entry) for entry in _entries(document))
    return Sbom(words(document.get("specVersion"), 20), components)


def _entries(holder: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in mappings(holder.get("components")):
        yield entry
        yield from _entries(entry)


def _component(entry: Mapping[str, Any]) -> Component:
    licenses = []
    for choice in mappings(entry.get("licenses")):
        named = mapping(choice.get("license"))
        licenses.append(
            words(choice.get("expression"), 500) or words(named.get("id"), 200) or words(named.get("name"), 200)
        )
    return Component(
        name=words(entry.get("name"), 500),
        version=words(entry.get("version"), 200),
        kind=words(entry.get("type"), 50),
        purl=words(entry.get("purl"), 1_000),
        licenses=tuple(name for name in licenses if name),
    )
