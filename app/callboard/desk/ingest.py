"""Reports from elsewhere: taken in as they are, and read by an ordinary run, never here."""

import re
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from callboard.config import read_config
from callboard.config.jobs import spec_of
from callboard.config.model import JobTable
from callboard.core.commands import Submit
from callboard.core.task import Priority, TaskSpec
from callboard.desk.plans import Plans
from callboard.errors import ConfigError
from callboard.guard.running import private_folder
from callboard.work.finding import clean

LARGEST_UPLOAD = 50 << 20
MOST_UPLOADS = 100
KEPT_S = 7 * 86_400
QUALITY = ("junit", "tap", "cobertura", "lcov")
SECURITY = ("sarif", "cyclonedx", "spdx", "codequality", "osv")
FORMATS = ("auto", *QUALITY, *SECURITY)
COMMIT = re.compile(r"[0-9a-fA-F]{4,64}")


class Upload(NamedTuple):
    """A file from outside: its name there, and its bytes."""

    name: str
    data: bytes


class Ingest(Plans):
    """Takes reports in."""

    def ingest(
        self,
        uploads: Sequence[Upload],
        by: str,
        source: str = "",
        commit: str = "",
        format: str = "auto",
        workspace: str | None = None,
    ) -> int:
        """Starts a run with one task for each file, which says what the file holds; returns its number.

        Raises `ConfigError` for what is too large, empty, of an unknown format or for no commit, `Refused` without trust.
        """
        place = Path(workspace) if workspace else self.workspace
        self._trust.require(place)
        _check(uploads, commit, format)
        folder = self._taken_in(uploads)
        try:
            config = read_config(place)
            source, commit = clean(source, 100), commit.lower()
            specs: list[TaskSpec] = []
            for number, upload in enumerate(uploads):
                kind = format if format != "auto" else sniffed(upload.data)
                job = _job(f"{folder.name}/{number}", number, len(uploads), upload.name, kind, source, commit)
                spec = spec_of(job, config, self._catalogue, self._engine.capacity.total_cpus, 0.0)
                specs.append(replace(spec, because=f"{clean(upload.name, 200)} was handed in"))
            self.name_agents()
            trigger = f"upload from {source or 'elsewhere'}" + (f", commit {commit[:7]}" if commit else "")
            command = Submit(
                "ingest", str(place.resolve()), tuple(specs), by, trigger, Priority.HIGH, dict(config.table)
            )
            return self._do(command)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _taken_in(self, uploads: Sequence[Upload]) -> Path:
        """The folder with the files; what lies there for long is removed."""
        room = private_folder(self.data / "uploads")
        for old in room.iterdir():
            if old.stat().st_mtime < time.time() - KEPT_S:
                shutil.rmtree(old, ignore_errors=True)
        folder = room / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        for number, upload in enumerate(uploads):
            (folder / str(number)).write_bytes(upload.data)
        return folder


def _check(uploads: Sequence[Upload], commit: str, format: str) -> None:
    if format not in FORMATS:
        raise ConfigError(f"there is no format '{clean(format, 50)}'; the formats: {', '.join(FORMATS)}")
    if commit and not COMMIT.fullmatch(commit):
        raise ConfigError(f"'{clean(commit, 80)}' is no commit; give its hash, such as 1a2b3c4")
    if not uploads:
        raise ConfigError("there is no file to take in")
    if len(uploads) > MOST_UPLOADS:
        raise ConfigError(f"at most {MOST_UPLOADS} files are taken in at one time")
    for upload in uploads:
        if not upload.data.strip():
            raise ConfigError(f"'{clean(upload.name, 200)}' is empty")
        if len(upload.data) > LARGEST_UPLOAD:
            raise ConfigError(f"'{clean(upload.name, 200)}' has more than {LARGEST_UPLOAD >> 20} MiB")


def _job(file: str, number: int, count: int, name: str, kind: str, source: str, commit: str) -> JobTable:
    action = "security.report" if kind in SECURITY else "quality.report"
    label = action if count == 1 else f"{action}:{number + 1}"
    options = {"file": file, "name": clean(name, 200), "format": kind, "source": source, "commit": commit}
    return JobTable(name=label, action=action, options=options)


def sniffed(data: bytes) -> str:
    """What a report seems to be, by words that it must hold; nothing is parsed. 'auto' when nothing fits."""
    text = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<"):
        return "junit" if b"<testsuite" in text else "cobertura" if b"<coverage" in text else "auto"
    if text.startswith((b"{", b"[")):
        if b'"bomFormat"' in text:
            return "cyclonedx"
        if b'"runs"' in text and b'"driver"' in text:
            return "sarif"
        if b'"spdxVersion"' in text:
            return "spdx"
        if text.startswith(b"[") and (b'"check_name"' in text or b'"description"' in text):
            return "codequality"
        return "osv" if b'"results"' in text and b'"packages"' in text else "auto"
    if text.startswith(b"TAP version") or re.search(rb"(?m)^(1\.\.\d+|(not )?ok \d+)\b", text[:65_536]):
        return "tap"
    return "lcov" if re.search(rb"(?m)^SF:", text[:65_536]) else "auto"
