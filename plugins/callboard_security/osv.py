"""Known vulnerabilities from a local folder of OSV records, https://ossf.github.io/osv-schema/."""

import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from callboard.api import Severity
from callboard_security.cvss import base_score
from callboard_security.found import Package, normal
from callboard_security.versions import version_key

LARGEST_RECORD = 4_000_000
MOST_RECORDS = 1_000_000
WORDS = {
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MODERATE": Severity.MEDIUM,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
}


@dataclass(frozen=True, slots=True)
class Vulnerable:
    """A package that a record is about."""

    package: Package
    record: str
    aliases: tuple[str, ...]
    severity: Severity
    summary: str
    fixed: tuple[str, ...]
    link: str


@dataclass(slots=True)
class Folder:
    """What a folder of records said. `newest` is, for each ecosystem, when the newest record about it was changed.

    `torn` are archives that could not be read to their end, `unordered` packages whose version cannot
    be compared with the ranges of a record about them.
    """

    records: int = 0
    broken: int = 0
    withdrawn: int = 0
    torn: int = 0
    newest: dict[str, datetime] = field(default_factory=dict)
    ecosystems: set[str] = field(default_factory=set)
    found: list[Vulnerable] = field(default_factory=list)
    unordered: set[Package] = field(default_factory=set)

    def changed(self, ecosystems: Iterable[str]) -> datetime | None:
        """How far the records about all of these reach: the oldest of their newest changes; None when one is not known."""
        known = [self.newest.get(ecosystem) for ecosystem in ecosystems]
        dates = [date for date in known if date is not None]
        return min(dates) if dates and len(dates) == len(known) else None


def match_folder(folder: Path, packages: Sequence[Package], now: datetime | None = None) -> Folder:
    """Compares the packages with every record in the folder; one vulnerability of several names is told once.

    A record from the future (by more than a day, of `now`) says nothing about how fresh the data is.
    """
    by_name: dict[tuple[str, str], list[Package]] = {}
    for package in packages:
        by_name.setdefault((package.ecosystem, package.name), []).append(package)
    result = Folder()
    latest = (now or datetime.now(UTC)) + timedelta(days=1)
    found: list[Vulnerable] = []
    for text in _texts(folder, result):
        record = _record(text)
        if record is None:
            result.broken += 1
            continue
        result.records += 1
        result.withdrawn += bool(record.get("withdrawn"))
        try:
            about = _ecosystems(record)
            found += _matches(record, by_name, result)
        except (TypeError, AttributeError, KeyError, ValueError):
            result.broken += 1
            continue
        result.ecosystems |= about
        changed = _when(record.get("modified"))
        if changed is not None and changed <= latest:
            for ecosystem in about:
                result.newest[ecosystem] = max(changed, result.newest.get(ecosystem, changed))
    result.found = _once(found)
    return result


def _ecosystems(record: Mapping[str, Any]) -> set[str]:
    return {_ecosystem(affected) for affected in record.get("affected") or []} - {""}


def _ecosystem(affected: Mapping[str, Any]) -> str:
    return str((affected.get("package") or {}).get("ecosystem", "")).split(":")[0]


def _texts(folder: Path, result: Folder) -> Iterator[bytes]:
    """The records as they lie there; b"" for one that is too large or cannot be read; archives that break off are torn."""
    count = 0
    for place in sorted(folder.rglob("*")):
        if place.suffix == ".json" and place.is_file():
            count += 1
            try:
                yield place.read_bytes() if place.stat().st_size <= LARGEST_RECORD else b""
            except OSError:
                yield b""
        elif place.suffix == ".zip" and place.is_file():
            try:
                with zipfile.ZipFile(place) as archive:
                    for member in archive.infolist():
                        if member.filename.endswith(".json") and count < MOST_RECORDS:
                            count += 1
                            yield archive.read(member) if member.file_size <= LARGEST_RECORD else b""
            except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError):
                result.torn += 1
        if count >= MOST_RECORDS:
            result.torn += 1
            return


def _record(text: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        return None
    return record


def _when(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _matches(
    record: Mapping[str, Any], by_name: Mapping[tuple[str, str], list[Package]], result: Folder
) -> Iterator[Vulnerable]:
    if record.get("withdrawn"):
        return
    for affected in record.get("affected") or []:
        ecosystem = _ecosystem(affected)
        name = str((affected.get("package") or {}).get("name", ""))
        name = normal(name) if ecosystem == "PyPI" else name
        for package in by_name.get((ecosystem, name), ()):
            hit = is_affected(package, affected)
            if hit is None:
                result.unordered.add(package)
            elif hit:
                yield Vulnerable(
                    package,
                    str(record["id"]),
                    tuple(str(alias) for alias in record.get("aliases") or []),
                    severity_of(record, affected),
                    str(record.get("summary") or record.get("details") or "").strip().split("\n")[0][:300],
                    _fixed(affected),
                    f"https://osv.dev/vulnerability/{record['id']}",
                )


def is_affected(package: Package, affected: Mapping[str, Any]) -> bool | None:
    """Whether the version is listed, or lies in a range, as the OSV schema's evaluation says; None when it has no order."""
    listed = affected.get("versions") or []
    if package.version in listed:
        return True
    here = version_key(package.ecosystem, package.version)
    spans = [
        span.get("events") or [] for span in affected.get("ranges") or [] if span.get("type") in ("ECOSYSTEM", "SEMVER")
    ]
    if here is None:
        return None if spans else False
    if any(version_key(package.ecosystem, str(version)) == here for version in listed):
        return True
    return any(_in_range(package.ecosystem, here, events) for events in spans)


def _in_range(ecosystem: str, here: tuple[Any, ...], events: Sequence[Mapping[str, str]]) -> bool:
    ordered: list[tuple[tuple[Any, ...], int, str]] = []
    for event in events:
        for order, kind in enumerate(("introduced", "fixed", "last_affected", "limit")):
            if kind in event:
                text = str(event[kind])
                key = () if text == "0" and kind == "introduced" else version_key(ecosystem, text)
                if key is not None:
                    ordered.append((key, order, kind))
    inside = False
    for key, _, kind in sorted(ordered):
        if kind == "introduced" and here >= key:
            inside = True
        elif (kind in ("fixed", "limit") and here >= key) or (kind == "last_affected" and here > key):
            inside = False
    return inside


def _fixed(affected: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        str(event["fixed"])
        for span in affected.get("ranges") or []
        if span.get("type") in ("ECOSYSTEM", "SEMVER")
        for event in span.get("events") or []
        if "fixed" in event
    )


def severity_of(record: Mapping[str, Any], affected: Mapping[str, Any]) -> Severity:
    """The record's own word, else its CVSS 3 score by FIRST's bands, else high: nobody said that it is harmless."""
    for place in (record, affected):
        for part in ("database_specific", "ecosystem_specific"):
            word = str((place.get(part) or {}).get("severity", "")).upper()
            if word in WORDS:
                return WORDS[word]
    for entry in [*(affected.get("severity") or []), *(record.get("severity") or [])]:
        score = base_score(str(entry.get("score", "")))
        if score is not None:
            return band(score)
    return Severity.HIGH


def band(score: float) -> Severity:
    """FIRST's qualitative rating of a CVSS score."""
    bands = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
    return next((severity for least, severity in bands if score >= least), Severity.INFO)


def _once(found: Sequence[Vulnerable]) -> list[Vulnerable]:
    """One entry per place, package and vulnerability, whatever chain of aliases joins its names.

    A GHSA record stands for the others, for it names a severity; it gets their aliases and fixed versions too.
    """
    owner: dict[tuple[str, ...], int] = {}
    groups: dict[int, list[Vulnerable]] = {}
    for number, item in enumerate(found):
        package = item.package
        place = (package.ecosystem, package.name, package.version, package.path)
        names = [(*place, name) for name in (item.record, *item.aliases)]
        groups[number] = [item]
        for other in {owner[name] for name in names if name in owner}:
            for moved in groups[other]:
                names += [(*place, name) for name in (moved.record, *moved.aliases)]
            groups[number] += groups.pop(other)
        owner.update(dict.fromkeys(names, number))
    kept = []
    for members in groups.values():
        first = min(members, key=lambda v: (not v.record.startswith("GHSA-"), v.record))
        others = {name for member in members for name in (member.record, *member.aliases)} - {first.record}
        fixed = dict.fromkeys(text for member in members for text in member.fixed)
        kept.append(replace(first, aliases=tuple(sorted(others)), fixed=tuple(fixed)))
    return sorted(kept, key=lambda v: (v.package.path, v.package.name, v.package.version, v.record))


def fixed_version(package: Package, fixed: Sequence[str]) -> str:
    """The least fixed version above the present one; '' when none is known."""
    here = version_key(package.ecosystem, package.version)
    keyed = [(key, text) for text in fixed if (key := version_key(package.ecosystem, text)) is not None]
    return next((text for key, text in sorted(keyed) if here is None or key > here), "")


def upgrade(package: Package, fixed: Sequence[str]) -> str:
    """What to do."""
    version = fixed_version(package, fixed)
    if version:
        return f"Upgrade {package.name} to {version} or later"
    return f"No fixed version of {package.name} is known; replace it or see the advice in the record"


def is_identifier(text: str) -> bool:
    """Whether a text is fit to be a rule: an identifier such as GHSA-…, PYSEC-…, CVE-…."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,80}", text) is not None
