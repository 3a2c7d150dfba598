"""What the surfaces need of the desk: plain, thread-safe calls that give JSON-ready rows."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from callboard.desk.ingest import Upload

Row = Mapping[str, Any]
Rows = Sequence[Row]
Stop = Callable[[], None]


class Desk(Protocol):
    """The rows are those of the API's schema. Raises `NotFound`, `Refused`, `ConfigError`, `BoundaryError`,
    `RecordFull`; a listener of `watch` is called from the engine's thread."""

    def board(self) -> Row: ...

    def runs(self, limit: int, before: int | None) -> Rows: ...

    def run(self, run: int) -> Row: ...

    def run_findings(self, run: int) -> Rows: ...

    def run_events(self, run: int) -> Rows: ...

    def run_sarif(self, run: int) -> Row: ...

    def task(self, task_id: str) -> Row: ...

    def log(self, task_id: str, attempt: int | None, offset: int, limit: int) -> Row: ...

    def artifact_path(self, task_id: str, attempt: int, name: str) -> Path: ...

    def agents(self) -> Rows: ...

    def agent(self, name: str) -> Row: ...

    def sections(self, agent: str) -> Rows: ...

    def metric(self, name: str) -> Row: ...

    def actions(self) -> Rows: ...

    def machine(self) -> Row: ...

    def schedules(self) -> Rows: ...

    def questions(self) -> Rows: ...

    def plan(
        self,
        pipeline: str,
        only: Sequence[str],
        skip: Sequence[str],
        workspace: str | None = None,
        affected: bool = False,
        options: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Row: ...

    def findings(self, run: int | None, agent: str | None, severity: str | None) -> Rows: ...

    def events(self, after_seq: int, limit: int) -> Rows: ...

    def submit(
        self,
        pipeline: str,
        only: Sequence[str],
        skip: Sequence[str],
        priority: str,
        by: str,
        key: str | None,
        workspace: str | None = None,
        *,
        affected: bool = False,
        options: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> int: ...

    def do(
        self,
        action: str,
        options: Mapping[str, Any],
        folder: str,
        by: str,
        key: str | None,
        wants: str = "",
        workspace: str | None = None,
        priority: str = "",
    ) -> int: ...

    def cancel_run(self, run: int, reason: str, by: str) -> None: ...

    def retry_run(self, run: int, by: str) -> int | None: ...

    def cancel_task(self, task_id: str, reason: str, by: str) -> None: ...

    def retry_task(self, task_id: str, by: str) -> None: ...

    def decide(self, task_id: str, choice: str, by: str) -> None: ...

    def answer(self, task_id: str, question: str, choice: str, by: str) -> None: ...

    def pause(self, agent: str, reason: str, by: str) -> None: ...

    def resume(self, agent: str, by: str) -> None: ...

    def set_concurrency(self, agent: str, limit: int, by: str) -> None: ...

    def fire_schedule(self, name: str, by: str) -> None: ...

    def patches(self, run: int | None = None, state: str | None = None) -> Rows: ...

    def patch(self, number: int) -> Row: ...

    def accept_patch(self, number: int, by: str) -> Row: ...

    def reject_patch(self, number: int, reason: str, by: str) -> Row: ...

    def undo_patch(self, number: int, by: str) -> Row: ...

    def ingest(
        self,
        uploads: Sequence[Upload],
        by: str,
        source: str = "",
        commit: str = "",
        format: str = "auto",
        workspace: str | None = None,
    ) -> int: ...

    def rescan(self) -> None: ...

    def watch(self, listener: Callable[[Row], None]) -> Stop: ...
