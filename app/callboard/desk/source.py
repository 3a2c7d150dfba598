"""The lines around a finding, as the code was in the run that noticed it."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from callboard.desk.room import Room
from callboard.desk.veil import is_all_secret, is_secret, veiled
from callboard.errors import NotFound
from callboard.learn.versions import content_at
from callboard.rows import Row
from callboard.work.finding import Finding, Severity, clean, identified, scope_of

LARGEST = 2_000_000
LONGEST_LINE = 400
MOST_AROUND = 60
MOST_TWINS = 12


@dataclass(frozen=True, slots=True)
class Text:
    """A file as it was read: its lines, or why there are none; when it was written, 0 for one of a commit."""

    lines: tuple[str, ...]
    trouble: str = ""
    written: float = 0.0
    note: str = ""


class Sources(Room):
    """Source, looked up when it is asked for; nothing of it is kept."""

    def source(self, finding: str, around: int = 6) -> Row:
        """`lines` ({"number", "text", "here"}) around the finding ('f12'), `origin` ('commit', 'workspace' or ''), `words` that say
        how sure that is, `trouble` when there is nothing to show, and `veiled`, whether values were hidden.

        Raises `NotFound` for a finding that is not on record.
        """
        found = self._history.finding(int(finding[1:])) if finding[:1] == "f" and finding[1:].isdecimal() else None
        run = self._history.run(found["run"]) if found is not None else None
        if found is None or run is None:
            raise NotFound(
                f"there is no finding '{finding[:40]}'; `callboard findings --json` lists them with their ids"
            )
        git = dict(run.git)
        answer: Row = {
            "finding": found["id"], "path": found["path"], "line": found["line"], "column": found["column"], "lines": [],
            "origin": "", "commit": str(git.get("commit") or ""), "words": "", "trouble": "", "total": 0, "veiled": False,
        }  # fmt: skip
        if not found["path"]:
            return {**answer, "trouble": "this finding has no place in a file"}
        text, origin, words = self._as_it_was(Path(run.workspace), git, found, run.submitted)
        if text.trouble:
            return {**answer, "trouble": text.trouble}
        words = "; ".join(filter(None, (words, text.note)))
        answer |= {"origin": origin, "words": words, "total": len(text.lines)}
        line = found["line"] or 1
        if line > len(text.lines):
            return {**answer, "trouble": f"the file has {len(text.lines):,} lines by now, and no line {line:,}"}
        around = max(0, min(around, MOST_AROUND))
        first, last = max(1, line - around), min(len(text.lines), line + around)
        rows = self._history.findings_at(found["run"], found["path"])
        secret = range(last + 1) if is_all_secret(found["path"]) else {r["line"] for r in rows if is_secret(r["rule"])}
        shown = veiled(text.lines[:last], secret)
        hidden = any(shown[n - 1] != text.lines[n - 1] for n in range(first, last + 1))
        if shown[line - 1] != text.lines[line - 1]:
            answer["column"] = 0
        return {
            **answer,
            "veiled": hidden,
            "lines": [
                {"number": n, "text": clean(shown[n - 1], LONGEST_LINE), "here": bool(found["line"]) and n == line}
                for n in range(first, last + 1)
            ],
        }

    def _as_it_was(self, workspace: Path, git: Row, found: Row, submitted: float) -> tuple[Text, str, str]:
        """The file, where it is from, and how sure it is that the run saw just that."""
        path, commit = found["path"], str(git.get("commit") or "")
        told = content_at(workspace, commit, path, LARGEST + 1) if commit else None
        was = _text_of(told) if told is not None else None
        now = read_inside(workspace, path)
        at = f"as in commit {commit[:7]}"
        if was is not None and not git.get("dirty"):
            return was, "commit", at if now.lines == was.lines else f"{at}; the file has changed since"
        if not now.trouble and now.written <= submitted:
            return now, "workspace", "as it lies in the workspace, where it was not written since the run"
        if was is not None and now.lines == was.lines:
            return was, "commit", at
        if was is not None and _is_there(was, found) and not _is_there(now, found):
            return was, "commit", f"{at}; the file has changed since"
        if now.trouble and was is not None:
            return was, "commit", f"{at}; {now.trouble}"
        sure = ", though this line reads as it did" if _is_there(now, found) else ""
        return now, "workspace", f"as it is now: the file has changed since the run{sure}"


def read_inside(workspace: Path, path: str) -> Text:
    """A file of the workspace, never one outside of it, whatever links lie there."""
    root = workspace.resolve()
    try:
        place = (root / path).resolve()
    except (OSError, ValueError, RuntimeError):
        return Text((), "its path leads nowhere")
    if not place.is_relative_to(root) or ".git" in place.relative_to(root).parts:
        return Text((), "its path leads out of the workspace, so it is not shown")
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return Text((), "the file is not there any more")
    except OSError as error:
        return Text((), f"the file cannot be read: {error.strerror}")
    with open(descriptor, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            return Text((), "that is no file")
        text = _text_of(file.read(LARGEST + 1))
    return Text(text.lines, text.trouble, about.st_mtime, text.note)


def _text_of(content: bytes) -> Text:
    if len(content) > LARGEST:
        return Text((), f"the file is larger than {LARGEST // 1_000_000} MB, so it is not shown")
    if b"\0" in content[:8_192]:
        return Text((), "the file is binary")
    note = ""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text, note = content.decode("latin-1"), "it is no valid UTF-8 and is read as Latin-1"
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    return Text(tuple(lines), note=note)


def _is_there(text: Text, found: Row) -> bool:
    """Whether the finding would be known again at its line, by the fingerprint."""
    number = found["line"]
    if not 0 < number <= len(text.lines):
        return False
    line, scope = text.lines[number - 1], scope_of(text.lines, number)
    plain = Finding(found["rule"], Severity(found["severity"]), found["message"], found["path"])
    return any(
        identified(plain, line, nth, within).fingerprint == found["fingerprint"]
        for within in (scope, "")
        for nth in range(MOST_TWINS)
    )
