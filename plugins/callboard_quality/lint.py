"""The action `quality.lint`: ruff with the workspace's own configuration."""

import json
import os
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from callboard.api import (
    CallboardError,
    Context,
    Finding,
    Result,
    Severity,
    ToolRun,
    failed,
    load_json,
    passed,
    sarif_of,
    set_apart,
    unknown,
    unparsable,
)
from callboard_quality.options import LintOptions

BATCH = 100_000
SYNTAX = frozenset(["invalid-syntax", "E999", "E902"])
SUSPECT = frozenset(["F", "B", "S", "PLE", "PLW", "ASYNC", "DTZ", "BLE", "PGH", "LOG"])
# what tests only read: it is often wrong on purpose
SAMPLE = re.compile(
    r"(?:^|/)(?:fixtures|__fixtures__|testdata|test[_-]data)/|(?:^|/)tests?/(?:.*/)?(?:data|cases|samples|snippets|resources|inputs?)/"
)


def run_lint(ctx: Context, options: LintOptions) -> Result:
    """Checks every Python file that ruff's configuration does not leave out; nothing is changed."""
    if ctx.program("ruff") is None:
        return unknown("the code was not linted: ruff is not installed; pip install ruff")
    files = ctx.workspace.matching("*.py", "*.pyi", "*.ipynb")
    if not files:
        return unknown("the code was not linted: there are no Python files")
    torn = list(torn_settings(ctx))
    for finding in torn:
        ctx.finding(finding)
    folders = {finding.path.rpartition("/")[0] for finding in torn}
    bare = [name for name in files if _lies_in(name, folders)]
    whole = [name for name in files if not _lies_in(name, folders)]
    looked_at, findings, notes = 0, list[Finding](), list[str]()
    if bare:
        many = f"{len(bare)} file{'' if len(bare) == 1 else 's'}"
        notes.append(f"{many} checked with ruff's defaults, as {torn[0].path} cannot be read")
    for names, isolated in ((whole, list[str]()), (bare, ["--isolated"])):
        try:
            count, found = _checked(ctx, options, names, isolated)
        except _Refused as refused:
            if isolated or not refused.is_settings:
                return unknown(f"the code was not linted: {refused}")
            ctx.finding(_refused_settings(ctx, refused))
            notes.append(f"checked with ruff's defaults, as ruff refuses the configuration ({refused})")
            try:
                count, found = _checked(ctx, options, names, ["--isolated"])
            except _Refused as again:
                return unknown(f"the code was not linted: {again}")
        looked_at, findings = looked_at + count, findings + found
    own, samples = [], []
    findings = list(_torn_once(ctx, findings))
    for finding in findings:
        path = os.path.relpath(ctx.workspace.path / finding.path, ctx.workspace.path)
        if SAMPLE.search(path):
            samples.append(
                replace(finding, severity=Severity.INFO if finding.severity is Severity.LOW else Severity.LOW)
            )
        else:
            own.append(finding)
    for finding in (*own, *samples):  # the samples last, as too many are only counted
        ctx.finding(finding)
    _keep(ctx)
    if not looked_at:
        return unknown(f"the code was not linted: ruff's configuration leaves out all {len(files)} Python files")
    ctx.metric("quality.lint.findings", len(findings))
    counts = Counter(finding.rule for finding in findings)
    most = ", ".join(f"{rule} {count}" for rule, count in counts.most_common(3))
    words = f"ruff looked at {looked_at} file{'' if looked_at == 1 else 's'} and reports "
    words += f"{len(findings)} finding{'' if len(findings) == 1 else 's'}" + (f" ({most})" if most else "")
    words += f"; {len(samples)} of them in test data, at most low" if samples else ""
    least = Severity(options.fail_on).rank
    words = "; ".join([words, *notes]) + set_apart(ctx)
    kept = ctx.findings[: len(ctx.findings) - len(samples)]
    return failed(words) if any(f.severity.rank <= least and not f.accepted for f in kept) else passed(words)


def _torn_once(ctx: Context, findings: Sequence[Finding]) -> Iterator[Finding]:
    """The findings, with one for each file that does not parse in place of the many that follow from that."""
    torn: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.rule in SYNTAX:
            torn.setdefault(finding.path, []).append(finding)
    for path, group in torn.items():
        first = group[0]
        why = first.message + (f" (and {len(group) - 1} more)" if len(group) > 1 else "")
        name = os.path.relpath(path, ctx.workspace.path)
        yield unparsable(name, why, line=first.line, column=first.column, tool="ruff", severity=first.severity)
    yield from (finding for finding in findings if finding.rule not in SYNTAX)


class _Refused(CallboardError):
    """ruff did not check: the words say why, `is_settings` whether it is about its configuration."""

    def __init__(self, words: str, *, is_settings: bool = False) -> None:
        self.is_settings = is_settings
        super().__init__(words)


def torn_settings(ctx: Context) -> Iterator[Finding]:
    """The configuration files of ruff that are no TOML, each as one that cannot be read."""
    for name in ctx.workspace.matching("pyproject.toml", "ruff.toml", ".ruff.toml"):
        if SAMPLE.search(name):
            continue
        try:
            tomllib.loads((ctx.workspace.path / name).read_bytes()[:2_000_000].decode("utf-8"))
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"\(at line (\d+), column \d+\)", str(error))
            yield unparsable(name, f"it is no TOML: {error}", line=int(line[1]) if line else 0, tool="ruff")
        except UnicodeDecodeError:
            yield unparsable(name, "it is not written in UTF-8", tool="ruff")
        except (OSError, RecursionError):
            continue


def _lies_in(name: str, folders: Collection[str]) -> bool:
    return any(not folder or name.startswith(f"{folder}/") for folder in folders)


def _refused_settings(ctx: Context, refused: _Refused) -> Finding:
    """The configuration that ruff names in its refusal, or the one that has its table."""
    named = re.search(r"(?:Failed to parse|Failed to load[^`]*) `?([^`\s:]+\.toml)", str(refused))
    where = os.path.relpath(named[1], ctx.workspace.path) if named and named[1].startswith("/") else ""
    path = where or (
        named[1] if named else (ctx.workspace.matching("ruff.toml", ".ruff.toml", "pyproject.toml") or [""])[0]
    )
    return unparsable(path, str(refused), tool="ruff")


def _checked(
    ctx: Context, options: LintOptions, files: Sequence[str], words: Sequence[str]
) -> tuple[int, list[Finding]]:
    """How many files ruff looked at, and what it found; raises `_Refused`."""
    common = ["ruff", "check", "--no-cache", "--force-exclude", *words]
    findings: list[Finding] = []
    looked_at = 0
    for number, batch in enumerate(_batches(files)):
        listed = ctx.run_tool([*common, "--show-files", "--", *batch], timeout=options.timeout)
        if listed.code != 0:
            raise _Refused(_trouble(listed), is_settings=listed.code == 2 and not listed.timed_out)
        looked_at += len(listed.stdout.splitlines())
        out = ctx.scratch / f"ruff-{number}{'-bare' if words else ''}.jsonl"
        how = ["--no-fix", "--no-show-fixes", "--output-format=json-lines", f"--output-file={out}"]
        run = ctx.run_tool([*common, *how, "--", *batch], timeout=options.timeout)
        if run.code not in (0, 1) or not out.is_file():
            raise _Refused(_trouble(run), is_settings=run.code == 2)
        try:
            with open(out, "rb") as lines:
                findings += [_finding(load_json(line, out)) for line in lines if line.strip()]
        except CallboardError as error:
            raise _Refused(str(error)) from error
    return looked_at, findings


def _batches(files: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for name in files:
        batch.append(name)
        size += len(name.encode()) + 1
        if size > BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _trouble(run: ToolRun) -> str:
    if run.timed_out:
        return f"ruff took longer than {run.seconds:.0f} s"
    lines = [line.strip() for line in run.stderr.splitlines() if line.strip(" |^")]
    return f"ruff ended with code {run.code}: {'; '.join(lines)[-400:]}"


def _finding(entry: Any) -> Finding:
    entry = entry if isinstance(entry, dict) else {}
    place = entry.get("location") or {}
    code = entry.get("code") or "invalid-syntax"
    syntax = code in SYNTAX
    suspect = code.rstrip("0123456789") in SUSPECT or code.startswith(("E7", "E9"))
    mend = (entry.get("fix") or {}).get("message") or ""
    return Finding(
        rule=code,
        severity=Severity.HIGH if syntax else Severity.MEDIUM if suspect else Severity.LOW,
        message=f"{entry.get('message', '')}" + (f"; {mend}" if mend else ""),
        path=str(entry.get("filename", "")),
        line=int(place.get("row") or 0),
        column=int(place.get("column") or 0),
        end_line=int((entry.get("end_location") or {}).get("row") or 0),
        help=entry.get("url") or "",
        tool="ruff",
    )


def _keep(ctx: Context) -> None:
    path = ctx.scratch / "ruff.sarif"
    path.write_text(json.dumps(sarif_of(ctx.findings, "ruff")), "utf-8")
    ctx.artifact(path, kind="sarif")
