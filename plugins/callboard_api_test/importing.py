"""Why an application cannot be imported, said once for all actions: the root cause, its place and its mend."""

import hashlib
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callboard.api import CallboardError, Context, Finding, Result, Severity, clean, unknown, unparsable
from callboard_api_test.apps import App

RULE = "app-not-importable"
NOT_STARTED = "app-not-started"
TOLD = {"start": "does not start", "run": "cannot be run here", "serve": "cannot be served here"}


class NotStarted(CallboardError):
    """The application could not be imported, or the instance did not get ready; the text says why.

    `app` is the application that was really started and did not answer, None where it did not come to that.
    """

    def __init__(self, text: str, app: App | None = None) -> None:
        self.app = app
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Cause:
    """What is at the root of a failed import: the kind of the exception, its words, and the place in the workspace.

    `missing` is the module that is not there; `is_syntax` when the file at `path` is no Python.
    """

    kind: str
    words: str
    path: str = ""
    line: int = 0
    missing: str = ""
    is_syntax: bool = False

    @property
    def place(self) -> str:
        """' (main.py:3)', '' for none."""
        return f" ({self.path}:{self.line})" if self.path else ""


class NotTried(NotStarted):
    """An earlier task of the run could not import it, so this one did not try; `story` is what that one said."""

    def __init__(self, text: str, story: Mapping[str, Any]) -> None:
        self.story = story
        super().__init__(text)


class NotRunnable(NotStarted):
    """No Python here can run the application; with `served` it was the server that was missing, not the framework."""

    def __init__(self, app: App, text: str, *, served: bool) -> None:
        self.target = app
        self.served = served
        super().__init__(text)


class NotImportable(NotStarted):
    """The application cannot be imported; `cause` says why, `owner` by which Python.

    `lies` is the folder of another project of the workspace that has the missing module, '' for none.
    """

    def __init__(self, app: App, cause: Cause, owner: str, note: str = "", lies: str = "") -> None:
        self.target = app
        self.cause = cause
        self.owner = owner
        self.note = note
        self.lies = lies
        words = f"{app.shown} cannot be imported by {owner}: {cause.kind}: {cause.words}{cause.place}"
        super().__init__(f"{words}; {note}" if note else words)


def cause_from(told: Any) -> Cause:
    """The cause as the stage wrote it down; the texts in it are cleaned and bounded."""
    fields: Mapping[str, Any] = told if isinstance(told, dict) else {"kind": "Error", "words": str(told)}
    lines = str(fields.get("words", "")).strip().splitlines() or [""]
    line = fields.get("line", 0)
    return Cause(
        kind=clean(str(fields.get("kind", "Error")), 80),
        words=clean("; ".join(line.strip() for line in lines[:4]), 300),
        path=clean(str(fields.get("path", "")), 500),
        line=line if isinstance(line, int) else 0,
        missing=clean(str(fields.get("missing", "")), 100),
        is_syntax=fields.get("syntax") is True,
    )


def mend(error: NotImportable) -> str:
    """What a developer does about it."""
    if error.cause.missing:
        folder = f"{error.target.folder}/" if error.target.folder else ""
        if error.lies:
            way = posixpath.relpath(error.lies, error.target.folder or ".")
            return (
                f"the module {error.cause.missing} lies in this workspace, in {error.lies}: let {folder}pyproject.toml or "
                f"{folder}requirements.txt depend on it by its path ('-e {way}'), or install it where the application runs"
            )
        return (
            f"declare what brings the module {error.cause.missing} in {folder}pyproject.toml or {folder}requirements.txt, "
            "or put the module there"
        )
    if "relative import" in error.cause.words:
        return "name it with its package, such as app = 'package.module:app', or add the __init__.py that makes it one"
    return "make the module importable without live settings; what it needs can be given with the option env"


def report(ctx: Context, error: NotImportable) -> None:
    """One finding with a fingerprint of its own, so that whoever meets it tells the same story."""
    cause, app = error.cause, error.target
    if cause.is_syntax:
        ctx.finding(unparsable(cause.path, f"{cause.kind}: {cause.words}", line=cause.line, tool="python"))
        return
    mark = "\x1f".join((RULE, app.folder, app.target, cause.kind, cause.missing or cause.words, cause.path))
    ctx.finding(
        Finding(
            RULE,
            Severity.HIGH,
            f"{app.shown} cannot be imported: {cause.kind}: {cause.words}; {mend(error)}",
            cause.path or app.path,
            cause.line if cause.path else app.line,
            help="until then nothing of this API can be tried",
            tool="python",
            fingerprint=hashlib.sha256(mark.encode("utf-8", "replace")).hexdigest()[:16],
        )
    )


def could_not(ctx: Context, error: CallboardError) -> Result:
    """UNKNOWN with the reason; a failed import is a finding too, and what comes after in the run need not try it again."""
    if isinstance(error, NotTried):
        return unknown(str(error), outputs={"not_importable": dict(error.story)})
    if isinstance(error, NotStarted) and error.app is not None:
        _report_start(ctx, error.app, str(error))
        story = {"folder": error.app.folder, "target": error.app.target, "cause": str(error)[:400], "what": "start"}
        return unknown(str(error), outputs={"not_importable": story})
    if isinstance(error, NotRunnable):
        what = "serve" if error.served else "run"
        story = {"folder": error.target.folder, "target": error.target.target, "cause": str(error)[:400], "what": what}
        return unknown(str(error), outputs={"not_importable": story})
    if not isinstance(error, NotImportable):
        return unknown(str(error))
    report(ctx, error)
    cause = f"{error.cause.kind}: {error.cause.words}{error.cause.place}"
    story = {"folder": error.target.folder, "target": error.target.target, "cause": cause}
    return unknown(str(error), outputs={"not_importable": story})


def _report_start(ctx: Context, app: App, words: str) -> None:
    mark = "\x1f".join((NOT_STARTED, app.folder, app.target))
    message = (
        f"{words}; make it start without live settings, with what it needs given by the option env or .env.example"
    )
    digest = hashlib.sha256(mark.encode("utf-8", "replace")).hexdigest()[:16]
    help_ = "instance-log.txt has what it wrote"
    ctx.finding(Finding(NOT_STARTED, Severity.MEDIUM, message, app.path, app.line, help=help_, fingerprint=digest))


def told_before(ctx: Context, app: App, *, serve: bool) -> None:
    """Raises `NotTried` when an earlier task of this run could not import, run or with `serve` start the same application."""
    for name, before in ctx.upstream.items():
        story = before.outputs.get("not_importable")
        if isinstance(story, dict) and (story.get("folder"), story.get("target")) == (app.folder, app.target):
            what = story.get("what")
            if what in ("start", "serve") and not serve:
                continue
            first = clean(str(story.get("by") or name), 200)
            words = TOLD.get(what if isinstance(what, str) else "", "cannot be imported")
            raise NotTried(f"not tried: {app.shown} {words}, see {first}", {**story, "by": first})
