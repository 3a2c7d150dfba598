"""How the complexity went over the last commits, measured at once: each content of a file only once."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.api import Context, Result, clean, counted, passed, unknown
from callboard_code_refactor.endings import SCRIPTS
from callboard_code_refactor.git import SHORT, GitTrouble, git
from callboard_code_refactor.health import note_commits, remembered
from callboard_code_refactor.measures import indentation, measure_python
from callboard_code_refactor.sources import LARGEST_SOURCE, MADE, inside

MOST_BLOBS = 20_000
MOST_BYTES = 300_000_000
VENDORED = frozenset("node_modules site-packages .venv venv dist build __pycache__ .tox".split())


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A commit and its sources: path -> blob."""

    commit: str
    time: int
    subject: str
    blobs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Amounts:
    """What one content of a file comes to. `scores` are those of its functions, None when it is no Python that parses."""

    scores: tuple[int, ...] | None = None
    indentation: int | None = None


def measure_trend(ctx: Context, commits: int, folder: str, seconds: float) -> Result:
    """Fills the section 'health'; commits for which the time did not suffice are counted, the newest come first."""
    started = time.monotonic()
    where = ctx.workspace.path
    try:
        listed = _listed(where, commits)
        known = remembered(ctx) if folder in ("", ".") else {}
        wanted = [item for item in listed if "whole" not in known.get(item[0], {})]
        snapshots = _snapshots(ctx, wanted, folder, started + seconds / 3)
        if not snapshots and not len(listed) > len(wanted):
            return unknown("the last commits hold no Python, JavaScript or TypeScript files")
        entries = _measured(ctx, snapshots, started, seconds)
    except GitTrouble as trouble:
        return unknown(f"the earlier commits cannot be measured: {trouble}")
    if not entries and not len(listed) > len(wanted):
        return unknown(f"no commit could be measured within {seconds:.0f} s; the option 'seconds' gives more")
    if folder in ("", "."):
        note_commits(ctx, entries)
    done = len(listed) - len(wanted) + len(entries)
    return passed(_words(done, len(listed), len(wanted), entries, known, listed))


def _listed(where: Path, commits: int) -> list[tuple[str, int, str]]:
    git(where, "rev-parse", "--is-inside-work-tree")
    told = git(where, "log", "--first-parent", f"--max-count={commits}", "-z", "--format=%H%x00%ct%x00%s", "HEAD")
    words = told.decode("utf-8", "replace").rstrip("\0").split("\0")
    return [
        (commit[:SHORT], int(when), clean(subject, 100))
        for commit, when, subject in zip(words[::3], words[1::3], words[2::3], strict=False)
    ]


def _snapshots(ctx: Context, listed: Sequence[tuple[str, int, str]], folder: str, until: float) -> list[Snapshot]:
    where = ctx.workspace.path
    present = set(ctx.workspace.files)

    def counts(path: str) -> bool:
        """The files that are measured today, and those that have gone since."""
        if not inside(path, folder) or not path.endswith((".py", *SCRIPTS)):
            return False
        if path.endswith(SCRIPTS) and MADE.search(path):
            return False
        return path in present or (VENDORED.isdisjoint(path.split("/")) and not (where / path).exists())

    found: list[Snapshot] = []
    for commit, when, subject in listed:
        if time.monotonic() > until and found:
            break
        blobs: dict[str, str] = {}
        for line in git(where, "ls-tree", "-r", "-z", "-l", commit, "--", ".").split(b"\0"):
            about, _, name = line.partition(b"\t")
            path = name.decode("utf-8", "replace")
            mode, _, blob, size = (about.split() + [b""] * 4)[:4]
            regular = mode.startswith(b"100") and size.isdigit() and int(size) <= LARGEST_SOURCE
            if regular and counts(path):
                blobs[path] = blob.decode("ascii")
        if blobs:
            found.append(Snapshot(commit, when, subject, blobs))
    return found


def _measured(ctx: Context, snapshots: Sequence[Snapshot], started: float, seconds: float) -> list[dict[str, Any]]:
    """Adds commits, the newest first, as long as their contents stay within the bounds; then measures all contents."""
    python: set[str] = set()
    scripts: set[str] = set()
    taken: list[Snapshot] = []
    for snapshot in snapshots:
        more = {blob for path, blob in snapshot.blobs.items() if path.endswith(".py")}
        others = {blob for path, blob in snapshot.blobs.items() if not path.endswith(".py")}
        if taken and len(python | scripts | more | others) > MOST_BLOBS:
            break
        python |= more
        scripts |= others
        taken.append(snapshot)
    place = ctx.scratch / "blobs"
    place.mkdir()
    amounts = {blob: Amounts(indentation=indentation(text)) for blob, text in _contents(ctx.workspace.path, scripts)}
    amounts |= _python(ctx, python, place, max(5.0, seconds - (time.monotonic() - started)))
    return [entry for order, snapshot in enumerate(taken) if (entry := _entry(snapshot, amounts, -order)) is not None]


def _contents(where: Path, blobs: Iterable[str]) -> Iterable[tuple[str, str]]:
    """The text of each blob, as long as MOST_BYTES last."""
    names = sorted(blobs)
    total = 0
    for start in range(0, len(names), 500):
        part = names[start : start + 500]
        told = git(where, "cat-file", "--batch", given="".join(f"{name}\n" for name in part).encode(), timeout=120)
        total += len(told)
        if total > MOST_BYTES:
            return
        at = 0
        while at < len(told):
            end = told.index(b"\n", at)
            head = told[at:end].split()
            if len(head) != 3:
                at = end + 1
                continue
            size = int(head[2])
            yield head[0].decode("ascii"), told[end + 1 : end + 1 + size].decode("utf-8", "replace")
            at = end + 1 + size + 1


def _python(ctx: Context, blobs: set[str], place: Path, seconds: float) -> dict[str, Amounts]:
    if not blobs:
        return {}
    if ctx.program("complexipy") is None:
        raise GitTrouble("complexipy is not installed; pip install 'callboard[tools]'")
    names: list[str] = []
    for blob, text in _contents(ctx.workspace.path, blobs):
        (place / f"{blob}.py").write_text(text, "utf-8")
        names.append(f"{blob}.py")
    measured = measure_python(ctx, names, place, timeout=seconds)
    if measured.trouble:
        raise GitTrouble(measured.trouble)
    scores: dict[str, list[int]] = {name: [] for name in names if name not in set(measured.broken)}
    for function in measured.functions:
        scores.setdefault(function.path, []).append(function.complexity)
    return {name.removesuffix(".py"): Amounts(scores=tuple(values)) for name, values in scores.items()}


def _entry(snapshot: Snapshot, amounts: Mapping[str, Amounts], order: int) -> dict[str, Any] | None:
    """The figures of a commit; a file that does not parse has none."""
    found = [amounts.get(blob, Amounts()) for blob in snapshot.blobs.values()]
    scores = [score for item in found for score in item.scores or ()]
    steps = [item.indentation for item in found if item.indentation is not None]
    if not scores and not steps:
        return None
    entry: dict[str, Any] = {
        "commit": snapshot.commit,
        "time": snapshot.time,
        "order": order,
        "whole": 1,
        "subject": snapshot.subject,
        "functions": len(scores),
        "complexity_total": sum(scores),
        "complexity_max": max(scores, default=0),
        "complexity_mean": round(sum(scores) / len(scores), 3) if scores else 0,
    }
    return entry | ({"indentation": sum(steps)} if steps else {})


def _words(
    done: int,
    listed: int,
    wanted: int,
    entries: Sequence[Mapping[str, Any]],
    known: Mapping[str, Mapping[str, Any]],
    commits: Sequence[tuple[str, int, str]],
) -> str:
    by_commit = {**known, **{str(entry["commit"]): entry for entry in entries}}
    line = [by_commit[commit] for commit, _, _ in commits if "complexity_total" in by_commit.get(commit, {})]
    words = f"the complexity of {counted(done, 'commit')}"
    if len(line) > 1:
        newest, oldest = line[0], line[-1]
        words += (
            f", from {oldest['complexity_total']:,} in {counted(int(oldest['functions']), 'function')}"
            f" to {newest['complexity_total']:,} in {counted(int(newest['functions']), 'function')}"
        )
        if "indentation" in newest and "indentation" in oldest:
            words += f"; indentation of scripts from {oldest['indentation']:,} to {newest['indentation']:,}"
    elif line:
        words += f": {line[0]['complexity_total']:,} in {counted(int(line[0]['functions']), 'function')}"
    if wanted < listed:
        words += f"; {listed - wanted} known from before"
    if done < listed:
        words += f"; {listed - done} of {listed} commits left out for want of time, size or sources"
    return words
