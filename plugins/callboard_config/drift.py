"""What differs between the environments of one thing: missing names, other types, secrets in common, leftovers of development."""

import re
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase

from callboard.api import (
    Block,
    Cell,
    Context,
    Finding,
    Result,
    Severity,
    Table,
    Words,
    counted,
    judged,
    keyed_hash,
    sealing_key,
    unknown,
)
from callboard_config.envfiles import env_files
from callboard_config.environments import DEFAULT, EXAMPLE, Environment, Group, Told, groups
from callboard_config.options import Drift
from callboard_config.secrecy import is_placeholder, is_secret_name, looks_real, url_password

MOST_TABLES = 18
SERIOUS = ("production", "staging")
_KINDS = (
    ("a switch", re.compile(r"(true|false|yes|no|on|off)", re.IGNORECASE)),
    ("a number", re.compile(r"[-+]?\d+(\.\d+)?")),
    ("an address", re.compile(r"[a-z][a-z0-9+.-]*://.*", re.IGNORECASE | re.DOTALL)),
    ("JSON", re.compile(r"[\[{].*[\]}]", re.DOTALL)),
)
_DEBUG = re.compile(r"(?:^|_)(DEBUG|DEV_MODE|DEVELOPMENT)$")
_LOCAL = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/@\s]*@)?(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/]|$)", re.IGNORECASE)


def compare(ctx: Context, options: Drift) -> Result:
    """Compares within each group of files; UNKNOWN when no thing has two environments."""
    found = groups(ctx, env_files(ctx))
    if not found:
        return unknown("nothing here has files for two environments, or an example beside an env file, to compare")
    key = sealing_key(ctx.data)
    for group in found:
        for name, finding in differences(group, key):
            if not any(fnmatchcase(name, pattern) for pattern in options.ignore):
                ctx.finding(finding)
    ctx.show("environments", *blocks(found))
    files = {environment.path for group in found for environment in group.environments}
    ctx.metric("config.drift", float(sum(finding.rule == "setting-drift" for finding in ctx.findings)))
    looked_at = f"{counted(len(files), 'file')} of {counted(len(found), 'group')}, each for several environments"
    return judged(ctx, options.fail_on, looked_at, outputs={"groups": len(found)})


def differences(group: Group, key: bytes) -> Iterator[tuple[str, Finding]]:
    """Each finding with the setting that it is about."""
    yield from _missing(group)
    yield from _types(group)
    yield from _same_secrets(group, key)
    for environment in group.environments:
        if environment.label in SERIOUS:
            yield from _leftovers(environment)


def _missing(group: Group) -> Iterator[tuple[str, Finding]]:
    staged = [e for e in group.environments if e.label not in (DEFAULT, EXAMPLE)]
    rest = [e for e in group.environments if e.label in (DEFAULT, EXAMPLE)]
    example = [e for e in rest if e.label == EXAMPLE]
    for environment in (*staged, *(e for e in rest if e.label == DEFAULT)):
        # A file without environment is compared with its example alone: what only one environment needs, is not its matter.
        others = example if environment.label == DEFAULT else [e for e in (*staged, *example) if e is not environment]
        if environment.label != DEFAULT and len(staged) == 1 and not example:
            others = [e for e in rest if e.label == DEFAULT]
        told = environment.all()
        lacking: dict[str, list[Environment]] = defaultdict(list)
        for other in others:
            for name in other.all():
                if name not in told:
                    lacking[name].append(other)
        for name, where in sorted(lacking.items()):
            serious = environment.label in SERIOUS and any(e.label != EXAMPLE for e in where)
            names = ", ".join(e.path for e in where[:3])
            yield (
                name,
                Finding(
                    rule="setting-drift",
                    severity=Severity.MEDIUM if serious else Severity.LOW,
                    message=f"This file does not set '{name}', which {names} {'have' if len(where) > 1 else 'has'}",
                    path=environment.path,
                    line=1,
                    help=f"Add {name} to {environment.path}, or take it out of the other",
                ),
            )


def _types(group: Group) -> Iterator[tuple[str, Finding]]:
    kinds: dict[str, dict[str, tuple[Environment, Told]]] = defaultdict(dict)
    for environment in group.environments:
        if environment.label != EXAMPLE:
            for name, told in environment.own.items():
                kind = kind_of(told.value)
                if kind and not is_secret_name(name):
                    kinds[name].setdefault(kind, (environment, told))
    for name, by_kind in sorted(kinds.items()):
        if len(by_kind) > 1:
            words = " and ".join(f"{kind} in {environment.path}" for kind, (environment, _) in by_kind.items())
            told = list(by_kind.values())[-1][1]
            yield (
                name,
                Finding(
                    rule="setting-type-drift",
                    severity=Severity.LOW,
                    message=f"'{name}' is {words}",
                    path=told.path,
                    line=told.line,
                    help="Write it the same way everywhere: the code reads it in one way",
                ),
            )


def kind_of(value: str) -> str:
    """What a value looks like; '' for none, and for one that is put in from elsewhere."""
    if not value or "${" in value or value.startswith(("$", "<", "{{")) or is_placeholder(value):
        return ""
    return next((kind for kind, form in _KINDS if form.fullmatch(value)), "text")


def _same_secrets(group: Group, key: bytes) -> Iterator[tuple[str, Finding]]:
    """The same secret in two environments: whoever has the lesser one, has the other."""
    for name in sorted({name for e in group.environments for name in e.own}):
        by_hash: dict[str, list[tuple[Environment, Told]]] = defaultdict(list)
        for environment in group.environments:
            told = environment.own.get(name)
            if told is not None and _is_secret(name, told.value):
                by_hash[keyed_hash(key, told.value)].append((environment, told))
        for places in by_hash.values():
            if len(places) < 2:
                continue
            worst = next((place for place in places if place[0].label == "production"), places[-1])
            others = ", ".join(e.path for e, _ in places if e is not worst[0])
            serious = worst[0].label == "production" or any(e.label == EXAMPLE for e, _ in places)
            yield (
                name,
                Finding(
                    rule="secret-shared",
                    severity=Severity.HIGH if serious else Severity.MEDIUM,
                    message=f"'{name}' has the same secret value here and in {others}",
                    path=worst[1].path,
                    line=worst[1].line,
                    help="Issue one for each environment: then a leak from the lesser one opens nothing in the other",
                    fingerprint="",
                ),
            )


def _is_secret(name: str, value: str) -> bool:
    return url_password(value) is not None or (is_secret_name(name) and looks_real(name, value))


def _leftovers(environment: Environment) -> Iterator[tuple[str, Finding]]:
    for name, told in sorted(environment.own.items()):
        said = ""
        severity = Severity.MEDIUM
        if is_secret_name(name) and told.value and is_placeholder(told.value):
            said, severity = f"'{name}' still has a placeholder where {environment.label} needs a secret", Severity.HIGH
        elif _DEBUG.search(name.upper()) and told.value.lower() in ("1", "true", "yes", "on"):
            said = f"'{name}' is switched on for {environment.label}"
        elif _LOCAL.match(told.value):
            said, severity = f"'{name}' leads to this very machine in {environment.label}", Severity.LOW
        if said:
            yield (
                name,
                Finding(
                    rule="setting-leftover",
                    severity=severity,
                    message=said,
                    path=told.path,
                    line=told.line,
                    help="Give it the value that belongs there, from a secret store if it is one",
                ),
            )


def blocks(found: list[Group]) -> list[Block]:
    """A table for each group: which setting is set where. No values."""
    shown: list[Block] = []
    for group in found[:MOST_TABLES]:
        names = sorted({name for e in group.environments for name in e.all()})
        rows: list[list[str | Cell]] = []
        for name in names:
            cells = [_cell(environment, name) for environment in group.environments[:11]]
            if len({cell.text for cell in cells}) > 1:
                rows.append([name, *cells])
        columns = ["Setting", *(environment.label for environment in group.environments[:11])]
        same = len(names) - len(rows)
        title = f"{group.title} ({counted(same, 'setting')} set alike everywhere)"
        if rows:
            shown.append(Table(columns, rows, title))
        else:
            shown.append(Words(f"{group.title}: all {counted(same, 'setting')} are set in every environment", "good"))
    if len(found) > MOST_TABLES:
        shown.append(Words(f"{len(found) - MOST_TABLES} further groups are not shown; the findings have them"))
    return shown


def _cell(environment: Environment, name: str) -> Cell:
    told = environment.own.get(name)
    if told is None:
        return Cell("inherited", "quiet") if name in environment.inherited else Cell("missing", "bad")
    if not told.value:
        return Cell("empty", "quiet" if environment.label == EXAMPLE else "unsure", told.path, told.line)
    return Cell("set", "good", told.path, told.line)
