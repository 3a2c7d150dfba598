"""Values of env files that the code cannot read as the type that it asks for; the code is not run, the value not shown."""

import json
import re
from collections.abc import Iterator, Mapping

from callboard.api import Finding, Severity
from callboard_config.observed import Seen
from callboard_config.places import is_docs, is_test
from callboard_config.projects import Projects
from callboard_config.read import Read
from callboard_config.secrecy import is_placeholder

FORMS: Mapping[str, tuple[str, re.Pattern[str]]] = {
    "int": ("a whole number", re.compile(r"[-+]?\d[\d_]*")),
    "float": ("a number", re.compile(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(inf|nan)", re.IGNORECASE)),
    "bool": ("a switch (true, false, 1, 0, …)", re.compile(r"true|false|1|0|yes|no|on|off|t|f|y|n|ok", re.IGNORECASE)),
}


def wrong_types(seen: Seen, projects: Projects) -> Iterator[tuple[str, Finding]]:
    """Each value that does not fit, in files of the project that reads it."""
    typed: dict[str, list[Read]] = {}
    for read in seen.reads:
        if read.kind and not is_test(read.path):
            typed.setdefault(read.name.upper(), []).append(read)
    for file in seen.files:
        if is_test(file.path):
            continue
        project = projects.of(file.path)
        for entry in file.entries:
            reads = [r for r in typed.get(entry.name.upper(), ()) if projects.of(r.path) == project or not project]
            wrong = [read for read in reads if not fits(read.kind, entry.value)]
            if not wrong or _says_nothing(entry.value, file.example):
                continue
            read = wrong[0]
            what = FORMS[read.kind][0] if read.kind in FORMS else "JSON"
            low = file.example or is_docs(file.path)
            yield (
                entry.name,
                Finding(
                    rule="setting-type",
                    severity=Severity.LOW if low else Severity.MEDIUM,
                    message=f"'{entry.name}' is read as {read.kind} ({read.path}:{read.line}), and what stands here is not {what}",
                    path=file.path,
                    line=entry.line,
                    help=f"Write {what}, or change the type in the code",
                ),
            )


def _says_nothing(value: str, example: bool) -> bool:
    return (not value and example) or "${" in value or value.startswith(("$", "<", "{{")) or is_placeholder(value)


def fits(kind: str, value: str) -> bool:
    """Whether a text can be read as the type; everything can be read as a type that is not known."""
    value = value.strip()
    if kind in FORMS:
        return FORMS[kind][1].fullmatch(value) is not None
    if kind == "json":
        try:
            json.loads(value)
        except (ValueError, RecursionError):
            return False
    return True
