"""A CycloneDX 1.6 bill of materials from what a lock says, without any installation.

https://cyclonedx.org/docs/1.6/json/
"""

import base64
import binascii
import json
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from callboard_security.found import Package
from callboard_security.spdx import expression_of

HASHES = {"sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


def bill_of(packages: Iterable[Package], subject: str, source: str, ids: dict[str, str]) -> dict[str, Any]:
    """The bill: each name and version once, in order; the same packages give the same bytes."""
    distinct: dict[str, Package] = {}
    for package in packages:
        reference = purl(package)
        kept = distinct.get(reference)
        if kept is None or (package.licence and not kept.licence):
            distinct[reference] = package
    components = [_component(distinct[reference], reference, ids) for reference in sorted(distinct)]
    root = {"type": "application", "bom-ref": "root", "name": subject}
    seed = json.dumps([subject, source, components], sort_keys=True)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, seed)}",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "pre-build"}],
            "tools": {"components": [{"type": "application", "name": "callboard-security"}]},
            "component": root,
            "properties": [{"name": "callboard:source", "value": source}],
        },
        "components": components,
        "dependencies": [{"ref": "root", "dependsOn": sorted(distinct)}],
    }


def purl(package: Package) -> str:
    """https://github.com/package-url/purl-spec: the type, the name, the version if there is one."""
    scope, slash, bare = package.name.rpartition("/")
    name = f"{quote(scope, safe='')}{slash}{quote(bare, safe='')}"
    kind = "pypi" if package.ecosystem == "PyPI" else "npm"
    return f"pkg:{kind}/{name}" + (f"@{quote(package.version, safe='')}" if package.version else "")


def _component(package: Package, reference: str, ids: dict[str, str]) -> dict[str, Any]:
    scope, slash, bare = package.name.rpartition("/")
    entry: dict[str, Any] = {"type": "library", "bom-ref": reference, "name": bare if slash else package.name}
    if slash:
        entry["group"] = scope
    if package.version:
        entry["version"] = package.version
    entry["purl"] = reference
    if package.licence:
        entry["licenses"] = [_licence(package.licence, ids)]
    hashes = _hashes(package.integrity)
    if hashes:
        entry["hashes"] = hashes
    return entry


def _licence(text: str, ids: dict[str, str]) -> dict[str, Any]:
    expression = expression_of(text, ids)
    if expression.lower() in ids:
        return {"license": {"id": ids[expression.lower()]}}
    if " " in expression:
        return {"expression": expression}
    return {"license": {"name": text[:200]}}


def _hashes(integrity: str) -> list[dict[str, str]]:
    """Subresource integrity ('sha512-…', several apart by blanks) as hexadecimal hashes; what is none is left out."""
    found = []
    for part in integrity.split():
        kind, _, value = part.partition("-")
        try:
            raw = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            continue
        if kind in HASHES and len(raw) * 8 == int(kind[3:] if kind != "sha1" else 160):
            found.append({"alg": HASHES[kind], "content": raw.hex()})
    return found
