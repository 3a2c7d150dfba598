"""Settings that do not fit: missing, undocumented, unused, drifting, committed."""

import re
from collections import defaultdict
from collections.abc import Iterator

from callboard.api import Finding, Severity, Workspace
from callboard_config.ambient import is_brought, is_taken
from callboard_config.defines import COMPOSE_READ, env_file_references
from callboard_config.envfiles import EnvFile
from callboard_config.exposure import exposed
from callboard_config.near import nearest
from callboard_config.observed import LARGEST_CODE, SCRIPTS, Seen
from callboard_config.places import covers, folder_of, is_docs, is_side, is_test
from callboard_config.projects import Projects
from callboard_config.read import Read
from callboard_config.secrecy import is_secret_name, looks_real
from callboard_config.value_types import wrong_types

INSIDE = ("compose", "dockerfile", "cluster")  # what these set, a container sees, and compose itself does not
TEXT_FILES = (
    "*.py", *SCRIPTS, "*.sh", "*.yml", "*.yaml", "*.toml", "*.ini", "*.cfg", "*.conf", "*.json", "*.html", "*.tf", "*.go",
    "*.rs", "*.rb", "*.java", "*.kt", "*.php", "*.nginx", "*.template", "Dockerfile*", "Makefile", "Procfile*", "*.service",
    "*.bash", "justfile", "*.mk", "*.j2", "*.tmpl", "*.properties", "*.cs", "*.ps1", "*.bat",
)  # fmt: skip


def mismatches(workspace: Workspace, seen: Seen) -> Iterator[tuple[str, Finding]]:
    """Each finding with the setting that it is about, '' for a whole file."""
    yield from missing(seen)
    yield from undocumented(seen)
    yield from unused(workspace, seen)
    yield from committed(seen)
    yield from unnamed(seen)
    yield from exposed(workspace, seen)
    yield from wrong_types(seen, Projects(workspace))
    yield from malformed(seen)
    yield from missing_files(workspace, seen)


def missing(seen: Seen) -> Iterator[tuple[str, Finding]]:
    """Read without a default and defined nowhere."""
    outside = {d.name.upper() for d in seen.defined if d.kind not in INSIDE}
    outside |= {name.upper() for file in seen.files for name in file.names}
    known = outside | {d.name.upper() for d in seen.defined} | {name.upper() for name in seen.sets}
    sources = any(not is_test(file.path) for file in seen.files) or any(
        d.kind in ("compose", "cluster") for d in seen.defined
    )
    by_name: dict[str, list[Read]] = defaultdict(list)
    asked = {(read.name, read.path) for read in seen.reads if read.how == "in os.environ"}
    for read in seen.reads:
        if not is_test(read.path) and (read.name, read.path) not in asked:
            by_name[read.name].append(read)
    for name, reads in sorted(by_name.items()):
        names = {name, *(other for read in reads for other in read.others)}
        bare = [read for read in reads if not read.default]
        bare = [r for r in bare if not {n.upper() for n in names} & (outside if r.how == COMPOSE_READ else known)]
        if not bare or any(is_brought(n) for n in names):
            continue
        required = [read for read in bare if read.required]
        place = (sorted(required, key=lambda r: is_side(r.path)) or bare)[0]
        if required:
            severity = Severity.LOW if not sources or is_docs(place.path) else Severity.MEDIUM
            if severity is Severity.MEDIUM and not is_side(place.path):
                severity = Severity.HIGH
            message = f"'{name}' is read here ({place.how}) without a default and defined nowhere; the program stops without it"
        else:
            severity = Severity.LOW if sources and not is_side(place.path) else Severity.INFO
            message = f"'{name}' is read here ({place.how}) without a default and defined nowhere"
        yield (
            name,
            Finding(
                rule="setting-missing",
                severity=severity,
                message=message,
                path=place.path,
                line=place.line,
                help=f"Name {name} in .env.example and in the environment of each deployment, or give it a default",
            ),
        )


def undocumented(seen: Seen) -> Iterator[tuple[str, Finding]]:
    """Read, and not named by the example that stands in the same folder or above."""
    examples = [file for file in seen.files if file.example]
    told: set[str] = set()
    for read in seen.reads:
        names = {name.upper() for name in (read.name, *read.others)}
        above = [file for file in examples if covers(folder_of(file.path), read.path)]
        if not above or read.name in told or is_test(read.path) or is_side(read.path) or is_brought(read.name):
            continue
        if any(names & {name.upper() for name in file.names} for file in above):
            continue
        told.add(read.name)
        yield (
            read.name,
            Finding(
                rule="setting-undocumented",
                severity=Severity.LOW if read.default else Severity.MEDIUM,
                message=f"'{read.name}' is read here ({read.how}), but {above[-1].path} does not name it",
                path=read.path,
                line=read.line,
                help=f"Add {read.name} to {above[-1].path} with an empty or harmless value",
            ),
        )


def unused(workspace: Workspace, seen: Seen) -> Iterator[tuple[str, Finding]]:
    """Set in an env file, and named in no code, script or configuration."""
    read = {name.upper() for name in seen.names()}
    candidates: dict[str, tuple[EnvFile, int]] = {}
    for file in seen.files:
        for entry in file.entries:
            if entry.name.upper() not in read and not is_brought(entry.name) and not is_test(file.path):
                candidates.setdefault(entry.name, (file, entry.line))
    undefined = _undefined(seen)
    reads = {read.name: read for read in reversed(seen.reads) if not is_test(read.path)}
    yield from _misspelt_elsewhere(seen, read, undefined)
    if not candidates:
        return
    own = {file.path for file in seen.files}
    left = {name.upper(): name for name in candidates}
    word = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
    for path in workspace.matching(*TEXT_FILES):
        if not left:
            break
        if path not in own:
            for found in set(word.findall(workspace.text(path, LARGEST_CODE))):
                left.pop(found.upper(), None)
    for name in sorted(left.values()):
        file, line = candidates[name]
        path = file.path
        meant = nearest(name, reads.keys() - file.names)
        if meant is not None:
            yield name, _misspelt(name, path, line, reads[meant])
            continue
        if is_taken(name):
            continue
        yield (
            name,
            Finding(
                rule="setting-unused",
                severity=Severity.LOW,
                message=f"'{name}' is set here, but nothing in the workspace names it",
                path=path,
                line=line,
                help=f"Remove {name}, or read it; a library may read it by itself: then ignore it by the option 'ignore'",
            ),
        )


def _undefined(seen: Seen) -> dict[str, Read]:
    """What is read and defined nowhere, whether or not it has a default: the first read of each."""
    known = {d.name.upper() for d in seen.defined} | {name.upper() for file in seen.files for name in file.names}
    found: dict[str, Read] = {}
    for read in seen.reads:
        if not is_test(read.path) and not {n.upper() for n in (read.name, *read.others)} & known:
            found.setdefault(read.name, read)
    return found


def _misspelt_elsewhere(seen: Seen, read: set[str], undefined: dict[str, Read]) -> Iterator[tuple[str, Finding]]:
    """What compose, a cluster or a platform sets under a name that is nearly one that is read."""
    told: set[str] = set()
    for definition in seen.defined:
        name = definition.name
        if definition.kind in ("compose", "cluster", "platform", "dockerfile") and name.upper() not in read:
            meant = None if name in told or is_taken(name) else nearest(name, undefined)
            if meant is not None:
                told.add(name)
                yield name, _misspelt(name, definition.path, definition.line, undefined[meant])


def _misspelt(name: str, path: str, line: int, read: Read) -> Finding:
    goes_on = "the default is used in silence" if read.default else "it has no default"
    place = f"{read.path}:{read.line}"
    return Finding(
        rule="setting-typo",
        severity=Severity.MEDIUM,
        message=f"'{name}' is set here and read nowhere; {place} reads '{read.name}', which is not set here: {goes_on}",
        path=path,
        line=line,
        help=f"One of the two names is misspelt; most likely {read.name} is meant here",
    )


def committed(seen: Seen) -> Iterator[tuple[str, Finding]]:
    """A real env file that git tracks: high when it holds what looks like a secret, medium when it names one."""
    for file in seen.files:
        if not file.tracked or file.example or file.path.endswith(".flaskenv"):
            continue
        secrets = [e.name for e in file.entries if is_secret_name(e.name) and looks_real(e.name, e.value)]
        named = any(is_secret_name(entry.name) for entry in file.entries)
        severity = Severity.HIGH if secrets else Severity.MEDIUM if named else Severity.LOW
        if is_test(file.path) or is_docs(file.path):
            severity = Severity.LOW
        what = f"; it sets {', '.join(secrets[:5])}" if secrets else ""
        yield (
            "",
            Finding(
                rule="env-file-committed",
                severity=severity,
                message=f"This env file is tracked by git{what}; everybody with the repository has its values",
                path=file.path,
                line=1,
                help=f"git rm --cached {file.path}, name it in .gitignore, and change every secret in it",
            ),
        )


def unnamed(seen: Seen) -> Iterator[tuple[str, Finding]]:
    """Set in a real env file, and not named by the example beside it."""
    by_folder: dict[str, list[EnvFile]] = defaultdict(list)
    for file in seen.files:
        if not is_test(file.path) and not file.path.endswith((".local", ".flaskenv")):
            by_folder[folder_of(file.path)].append(file)
    for files in by_folder.values():
        examples, real = [f for f in files if f.example], [f for f in files if not f.example]
        documented = {name for file in examples for name in file.names}
        for file in real if examples else ():
            for name in sorted(file.names - documented):
                yield name, _unnamed(file, name, examples[0].path)


def _unnamed(file: EnvFile, name: str, example: str) -> Finding:
    return Finding(
        rule="setting-undocumented",
        severity=Severity.LOW,
        message=f"'{name}' is set here, but {example} does not name it",
        path=file.path,
        line=next(entry.line for entry in file.entries if entry.name == name),
        help=f"Add {name} to {example} with an empty or harmless value",
    )


def malformed(seen: Seen) -> Iterator[tuple[str, Finding]]:
    """Lines that are no setting, and names that are set twice."""
    for file in seen.files:
        for line in file.bad_lines:
            yield (
                "",
                Finding(
                    rule="env-file-syntax",
                    severity=Severity.MEDIUM,
                    message="This line is neither a comment nor NAME=value; programs read such lines differently",
                    path=file.path,
                    line=line,
                    fingerprint="",
                ),
            )
        first: dict[str, int] = {}
        for entry in file.entries:
            if entry.name in first:
                yield (
                    entry.name,
                    Finding(
                        rule="setting-repeated",
                        severity=Severity.LOW,
                        message=f"'{entry.name}' is set here again (first on line {first[entry.name]}); which one counts differs",
                        path=file.path,
                        line=entry.line,
                    ),
                )
            first.setdefault(entry.name, entry.line)


def missing_files(workspace: Workspace, seen: Seen) -> Iterator[tuple[str, Finding]]:
    """Env files that compose asks for, that are not there, and for which no example stands."""
    for compose, written, required in env_file_references(workspace):
        if "$" in written or not required:
            continue
        folder = folder_of(compose)
        plain = re.sub(r"^\./", "", written)
        path = f"{folder}/{plain}" if folder else plain
        examples = any(file.example and folder_of(file.path) == folder_of(path) for file in seen.files)
        if not (workspace.path / path).is_file() and not examples:
            yield (
                "",
                Finding(
                    rule="env-file-missing",
                    severity=Severity.MEDIUM,
                    message=f"The env file '{written}' is asked for here, is not there, and no example says what belongs in it",
                    path=compose,
                    help=f"Add an example beside it ({plain}.example) with the names that it needs",
                ),
            )
