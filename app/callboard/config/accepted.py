"""The tables `[[accepted]]`: findings that the team lives with for a while, checked, and added by a person's word."""

import contextlib
import datetime
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callboard.config.fields import Source, checked, shown
from callboard.config.tables import ACCEPTED
from callboard.config.writing import toml
from callboard.errors import CallboardError
from callboard.work.accepting import LONGEST_DAYS, Accepted

MOST_ACCEPTED = 2_000


def accepted_tables(source: Source, value: Any, today: datetime.date) -> list[dict[str, str]]:
    """The tables with their values as texts; raises `ConfigError` with the line for one that says too little or too long.

    One that has expired stays: its findings count again.
    """
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise source.fault(f"[accepted] is {shown(value)}; write each one as [[accepted]]", "accepted")
    if len(value) > MOST_ACCEPTED:
        raise source.fault(f"there are more than {MOST_ACCEPTED:,} tables [[accepted]]; mend some findings", "accepted")
    found = []
    for number, table in enumerate(value):
        place = ("accepted", number)
        checked(source, table, ACCEPTED, *place)
        if not any(str(table.get(name, "")).strip() for name in ("rule", "path", "fingerprint")):
            raise source.fault("[[accepted]] does not say what; write a rule, a path or a fingerprint", *place)
        for name in ("reason", "until"):
            if not str(table.get(name, "")).strip():
                words = "why" if name == "reason" else f"until when, at most {LONGEST_DAYS} days from now"
                raise source.fault(f"[[accepted]] does not say {words}; write {name} = …", *place)
        until = _day(table["until"])
        if until is None or (until - today).days > LONGEST_DAYS:
            wrong = f"it must be a day such as {today + datetime.timedelta(90)}, at most {LONGEST_DAYS} days from now"
            raise source.fault(f"'until' in [[accepted]] is {table['until']}; {wrong}", *place, "until")
        found.append({**{key: str(text).strip() for key, text in table.items()}, "until": until.isoformat()})
    return found


def _day(value: Any) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        return None


def accept(file: Path, finding: Mapping[str, Any], reason: str, until: str, owner: str = "") -> Accepted:
    """Appends a table `[[accepted]]` for exactly this finding to the file; what stands there stays as it is.

    The new text is checked before the file is replaced, and the file is read again. Raises `CallboardError` with what is
    wrong; then the file is as it was.
    """
    from callboard.config.reading import config_from, text_of

    table = {name: str(finding[name]) for name in ("rule", "path", "fingerprint") if finding.get(name)}
    table["rule"] = _literal(table.get("rule", ""))
    table["path"] = _literal(table.get("path", ""))
    table |= {"reason": reason.strip(), "until": until.strip(), "owner": owner.strip()}
    former = text_of(file) if file.exists() else ""
    gap = "" if not former else "\n" if former.endswith("\n") else "\n\n"
    added = "[[accepted]]\n" + "".join(f"{name} = {toml(value)}\n" for name, value in table.items() if value)
    before, after = config_from(former, file), config_from(former + gap + added, file)
    if after.table.get("accepted", [])[:-1] != before.table.get("accepted", []):
        raise CallboardError(f"{file.name} cannot be added to; write the table [[accepted]] into it yourself")
    _replace(file.resolve(), former + gap + added)
    if text_of(file) != former + gap + added:
        raise CallboardError(f"somebody else wrote {file.name} at the same time; look at it and try again")
    return Accepted(**{**table, "until": datetime.date.fromisoformat(table["until"])})  # type: ignore[arg-type]


def _literal(text: str) -> str:
    """The pattern that fits this very text."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in text)


def _replace(file: Path, text: str) -> None:
    descriptor, fresh = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with open(descriptor, "wb") as opened:
            opened.write(text.encode())
            opened.flush()
            os.fsync(opened.fileno())
        os.chmod(fresh, file.stat().st_mode & 0o7777 if file.exists() else 0o644)
        os.replace(fresh, file)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(fresh)
        raise CallboardError(f"{file} cannot be written: {error.strerror or error}") from error
