"""Reading SPDX bills of materials (JSON, 2.x)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callboard.work.reports.bounds import ReportError, load_json, mapping, mappings, read_report, words
from callboard.work.reports.shapes import Component, Sbom

NOTHING = ("", "NOASSERTION", "NONE")


def read_spdx(path: Path) -> Sbom:
    """The packages of an SPDX 2 JSON file, without the one that the document describes when there are others.

    Raises `ReportError` for a file that is none, or a bomb.
    """
    document = mapping(load_json(read_report(path), path))
    version = words(document.get("spdxVersion"), 20)
    if not version.startswith("SPDX-"):
        if "spdx.org/rdf/3" in str(document.get("@context", ""))[:200]:
            raise ReportError(path, "it is SPDX 3, which is not read yet", "write it as SPDX 2.3 JSON or CycloneDX")
        raise ReportError(path, "it is no SPDX JSON ('spdxVersion' is missing)", "write the SBOM as SPDX JSON")
    packages = list(mappings(document.get("packages")))
    subjects = set(filter(None, (words(entry, 500) for entry in _listed(document.get("documentDescribes")))))
    for relation in mappings(document.get("relationships")):
        if relation.get("relationshipType") == "DESCRIBES":
            subjects.add(words(relation.get("relatedSpdxElement"), 500))
    others = [entry for entry in packages if words(entry.get("SPDXID"), 500) not in subjects]
    return Sbom(version.removeprefix("SPDX-"), tuple(_component(entry) for entry in others or packages))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _component(entry: Mapping[str, Any]) -> Component:
    licenses = [words(entry.get(key), 500) for key in ("licenseConcluded", "licenseDeclared")]
    known = [text for text in licenses if text not in NOTHING]
    purls = (
        words(reference.get("referenceLocator"), 1_000)
        for reference in mappings(entry.get("externalRefs"))
        if reference.get("referenceType") == "purl"
    )
    return Component(
        name=words(entry.get("name"), 500),
        version=words(entry.get("versionInfo"), 200),
        kind=words(entry.get("primaryPackagePurpose"), 50).lower(),
        purl=next(filter(None, purls), ""),
        licenses=tuple(known[:1]),
    )
