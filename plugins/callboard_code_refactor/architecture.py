"""The team's own rules of which module may import which, checked by import-linter."""

import configparser
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from callboard.api import Cell, Context, Finding, Result, Severity, Table, ToolRun, Workspace, clean, counted, unknown
from callboard_code_refactor.sources import broken, fault, inside, judge, package_roots, python_files

HELP = "https://import-linter.readthedocs.io/en/stable/contract_types/"
LINK = re.compile(r"^(?P<lead>\s*(?:-\s+|&\s+)?)(?P<importer>\S+) -> (?P<imported>\S+) \((?P<lines>[^)]*)\)$")
STATE = re.compile(r"^(?P<name>.+) (?P<state>KEPT|BROKEN)(?: \(.*\))?$")
ANALYZED = re.compile(r"^Analyzed (\d+) files?, (\d+) dependenc(?:y|ies)\.$", re.MULTILINE)
SUM = re.compile(r"^Contracts: (\d+) kept, (\d+) broken\.$", re.MULTILINE)
TORN = re.compile(r"^Syntax error in (?P<path>.+), line (?P<line>\d+): ", re.MULTILINE)
RULED = re.compile(r"^-{3,}$")
HEADING = "Broken contracts"


@dataclass(frozen=True, slots=True)
class Rules:
    """A folder with contracts, and the file that holds them, both relative to the workspace."""

    folder: str
    file: str


@dataclass(frozen=True, slots=True)
class Link:
    """One import of a chain; `line` is 0 when it is not told."""

    importer: str
    imported: str
    line: int


@dataclass(slots=True)
class Break:
    """One way in which a contract is broken: what is not allowed, and the imports that lead there."""

    contract: str
    rule: str
    chain: list[Link] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    """What all configurations together came to."""

    kept: int = 0
    broken: int = 0
    files: int = 0
    imports: int = 0
    contracts: list[tuple[str, str, str]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def configured(workspace: Workspace) -> list[Rules]:
    """Where contracts are configured, in the order in which import-linter itself looks for them in a folder."""
    found: dict[str, Rules] = {}
    for path in sorted(workspace.matching("setup.cfg", ".importlinter", "pyproject.toml"), key=_order):
        folder = path.rpartition("/")[0]
        if folder not in found and _holds_contracts(workspace, path):
            found[folder] = Rules(folder, path)
    return sorted(found.values(), key=lambda rules: rules.folder)


def _order(path: str) -> tuple[str, int]:
    folder, _, name = path.rpartition("/")
    return folder, ["setup.cfg", ".importlinter", "pyproject.toml"].index(name)


def _holds_contracts(workspace: Workspace, path: str) -> bool:
    if path.endswith(".toml"):
        tools = workspace.toml(path).get("tool")
        return isinstance(tools, dict) and "importlinter" in tools
    text = workspace.text(path)
    if path.endswith(".importlinter"):
        return True
    config = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        config.read_string(text)
    except configparser.Error:
        return "[importlinter" in text
    return config.has_section("importlinter")


def check_architecture(ctx: Context, folder: str, fail_on: str) -> Result:
    """A broken chain is a high finding at its first import; contracts that cannot be checked are UNKNOWN with the reason."""
    places = [rules for rules in configured(ctx.workspace) if inside(rules.folder or ".", folder) or not folder]
    if not places:
        return unknown("no contracts are configured; import-linter reads .importlinter, setup.cfg or pyproject.toml")
    tally = Tally()
    for rules in places:
        program = _program(ctx, rules.folder)
        if program is None:
            return unknown("import-linter is not installed; callboard tools install import-linter")
        _check(ctx, rules, program, tally)
    _show(ctx, tally)
    ctx.metric("refactor.architecture.broken", tally.broken)
    if not tally.kept and not tally.broken:
        return unknown("no contract could be checked: " + "; ".join(tally.troubles[:3] or ["none is written down"]))
    looked_at = f"{counted(tally.files, 'module')} with {counted(tally.imports, 'import')}"
    notes = [f"{counted(tally.kept, 'contract')} kept, {tally.broken} broken"]
    return judge(ctx, fail_on, looked_at, notes=notes, unchecked=tally.troubles)


def _program(ctx: Context, folder: str) -> Path | None:
    python = ctx.python_of(folder)
    own = python.parent / "lint-imports" if python else None
    return own if own is not None and os.access(own, os.X_OK) else ctx.program("lint-imports")


def _check(ctx: Context, rules: Rules, program: Path, tally: Tally) -> None:
    """Files that do not parse stop import-linter; it then looks at a copy in which they are empty."""
    files = [path for path in python_files(ctx.workspace, rules.folder) if "/tests/" not in f"/{path}"]
    roots = package_roots(files)
    run = _run(ctx, rules, program, ctx.workspace.path, files, roots)
    torn = _torn(ctx, run, files)
    if torn:
        place = ctx.scratch / f"without-torn-{len(tally.contracts)}-{len(tally.troubles)}"
        _copied(ctx, rules, place, files, torn)
        run = _run(ctx, rules, program, place, files, roots)
        for path, line in torn.items():
            ctx.finding(broken(path, "a syntax error, so its imports are not seen", "lint-imports", line))
        tally.troubles.append(f"the imports of {', '.join(sorted(torn)[:5])}, which do not parse")
    total, analyzed = SUM.search(run.stdout), ANALYZED.search(run.stdout)
    if total is None or analyzed is None:
        tally.troubles.append(f"{rules.file}: {_reason(run)}")
        return
    tally.kept += int(total[1])
    tally.broken += int(total[2])
    tally.files += int(analyzed[1])
    tally.imports += int(analyzed[2])
    states = contract_states(run.stdout)
    tally.contracts += [(name, state, rules.file) for name, state in states]
    breaks = list(broken_chains(run.stdout))
    for item in breaks:
        ctx.finding(_finding(ctx, rules, item, roots))
    for name in {name for name, state in states if state == "BROKEN"} - {item.contract for item in breaks}:
        message = f"the contract '{name}' is broken; lint-imports tells how"
        ctx.finding(Finding("broken-contract", Severity.HIGH, message, path=rules.file, help=HELP, tool="lint-imports"))


def _run(
    ctx: Context, rules: Rules, program: Path, top: Path, files: Sequence[str], roots: Mapping[str, str]
) -> ToolRun:
    where = top / rules.folder
    # the folder itself comes first, as for the team; then wherever else its packages lie
    others = sorted({str(top / root) for name, root in roots.items() if _is_package(name, root, files)})
    return ctx.run_tool(
        [program, "--no-cache", "--no-logo", "--config", rules.file.rpartition("/")[2]],
        cwd=where,
        env={
            "PYTHONPATH": os.pathsep.join(dict.fromkeys([str(where), *others])),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONIOENCODING": "utf-8",
            "NO_COLOR": "1",
            "TERM": "dumb",
            "COLUMNS": "20000",
        },
        timeout=200,
    )


def _torn(ctx: Context, run: ToolRun, files: Sequence[str]) -> dict[str, int]:
    """The files that stop import-linter, with the line where that is known: it tells of the first alone."""
    told = TORN.search(run.stdout + "\n" + run.stderr)
    if told is None:
        return {}
    torn = {path: wrong[0] for path in files if (wrong := fault(ctx.workspace.path / path))}
    first = Path(told["path"])
    if first.is_relative_to(ctx.workspace.path):
        torn[first.relative_to(ctx.workspace.path).as_posix()] = int(told["line"])
    return torn


def _copied(ctx: Context, rules: Rules, place: Path, files: Sequence[str], torn: Mapping[str, int]) -> None:
    for path in [*files, rules.file]:
        copy = place / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path in torn:
            copy.write_bytes(b"")
        else:
            shutil.copyfile(ctx.workspace.path / path, copy)


def _is_package(name: str, root: str, files: Sequence[str]) -> bool:
    return any(path.startswith(f"{root}/{name}/".lstrip("/")) for path in files)


def _reason(run: ToolRun) -> str:
    """Why import-linter gave no result, in words with a mend."""
    if run.timed_out:
        return "import-linter took too long"
    lines = [line.strip() for line in (run.stdout + "\n" + run.stderr).splitlines() if line.strip()]
    words = clean("; ".join(line for line in lines if "DeprecationWarning" not in line)[-300:]) or "nothing said"
    if "Could not find package" in words:
        words += " It must lie in the workspace or be installed in its virtual environment"
    return f"exit {run.code}: {words}" if run.code not in (0, 1) else words


def contract_states(told: str) -> list[tuple[str, str]]:
    """Each contract with KEPT or BROKEN, from the list above the sum."""
    listed = told.split("\nContracts: ", 1)[0]
    return [(match["name"], match["state"]) for match in map(STATE.fullmatch, listed.splitlines()) if match]


def broken_chains(told: str) -> Iterator[Break]:
    """The chains below the heading of broken contracts.

    A contract begins with its underlined name; what is not allowed ends with a colon or a full stop; a chain begins with a dash.
    """
    lines = told.split("\n")
    start = next((n for n, line in enumerate(lines) if line == HEADING), len(lines))
    contract, rule = "", ""
    current: Break | None = None
    for number in range(start + 2, len(lines)):
        line = lines[number]
        below = lines[number + 1] if number + 1 < len(lines) else ""
        link = LINK.fullmatch(line)
        if line.strip() and RULED.fullmatch(below) and len(below) == len(line):
            contract, rule = line, ""
        elif link:
            if link["lead"].startswith("-") or current is None:
                if current is not None:
                    yield current
                current = Break(contract, rule)
            current.chain.append(_link(link))
            continue
        elif line.strip() and not RULED.fullmatch(line) and not line.startswith(("-", " ")):
            rule = line.strip().rstrip(":.")
        if current is not None:
            yield current
            current = None
    if current is not None:
        yield current


def _link(match: re.Match[str]) -> Link:
    number = re.search(r"l\.(\d+)", match["lines"])
    return Link(match["importer"], match["imported"], int(number[1]) if number else 0)


def _finding(ctx: Context, rules: Rules, item: Break, roots: dict[str, str]) -> Finding:
    first = item.chain[0]
    chain = " -> ".join([first.importer, *(link.imported for link in item.chain)])
    path = _file_of(ctx, first.importer, roots)
    more = f" ({item.rule})" if item.rule else ""
    return Finding(
        rule="broken-contract",
        severity=Severity.HIGH,
        message=f"contract '{item.contract}' is broken{more}: {chain}; turn one of these imports around or move what is imported",
        path=path or rules.file,
        line=first.line if path else 0,
        help=HELP,
        tool="lint-imports",
    )


def _file_of(ctx: Context, module: str, roots: dict[str, str]) -> str:
    root = roots.get(module.partition(".")[0])
    if root is None:
        return ""
    stem = f"{root}/{module.replace('.', '/')}".lstrip("/")
    for path in (f"{stem}.py", f"{stem}/__init__.py"):
        if (ctx.workspace.path / path).is_file():
            return path
    return ""


def _show(ctx: Context, tally: Tally) -> None:
    rows: list[list[str | Cell]] = [
        [name, Cell(state.lower(), state="good" if state == "KEPT" else "bad"), Cell(file, path=file)]
        for name, state, file in tally.contracts
    ]
    ctx.show("architecture", Table(["contract", "state", "declared in"], rows, title="Contracts"))
