"""The tables that can be taken away: their columns with titles and units, and what narrows each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from callboard.core.run import SEVERITIES

AnyRow = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A title, with the unit in brackets, and what a row has there: text, number, truth, a list of texts or None.

    With `moment` it is seconds since the epoch.
    """

    title: str
    cell: Callable[[AnyRow], Any]
    moment: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """What it holds in one sentence, what it may be narrowed by, and its columns."""

    words: str
    narrows: tuple[str, ...]
    columns: tuple[Column, ...]


def of(title: str, *path: str) -> Column:
    """What stands at a path of a row."""
    return Column(title, lambda row: _at(row, path))


def when(title: str, *path: str) -> Column:
    """The moment at a path of a row."""
    return Column(f"{title} (UTC)", lambda row: _at(row, path), moment=True)


def _at(row: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        row = row.get(name) if isinstance(row, Mapping) else None
    return row


def took(row: AnyRow) -> float | None:
    """Seconds from start to end, None for what has not ended."""
    return round(row["ended"] - row["started"], 3) if row.get("ended") and row.get("started") else None


def _found(*path: str) -> tuple[Column, ...]:
    return tuple(of(f"Findings, {name}", *path, name) for name in SEVERITIES)


def _names(rows: Any, name: str) -> list[Any]:
    return [row[name] for row in rows or ()]


def _witnesses(row: AnyRow) -> list[str]:
    return [f"{one['tool']} {one['version']}".strip() for one in row.get("witnesses") or ()]


_USED = (
    of("CPU (s)", "cpu_s"), of("Peak memory (MiB)", "peak_mb"), of("Read (MiB)", "read_mb"), of("Written (MiB)", "written_mb"),
)  # fmt: skip

TABLES: dict[str, Table] = {
    "runs": Table("runs, the newest first", ("state", "pipeline", "branch", "person", "text"), (
        of("Run", "id"), of("Pipeline", "name"), of("State", "state"), of("Summary", "summary"), of("Tasks", "total"),
        of("Done", "done"), when("Submitted", "submitted"), when("Started", "started"), when("Ended", "ended"),
        Column("Took (s)", took), of("By", "by"), of("Trigger", "trigger"), of("Priority", "priority"), *_found("findings"),
        of("Branch", "git", "branch"), of("Commit", "git", "commit"), of("Files changed without a commit", "git", "changed"),
        of("Workspace", "workspace"),
    )),
    "tasks": Table("the tasks of a run, or of all runs", ("run", "agent", "state"), (
        of("Task", "id"), of("Run", "run"), of("Name", "name"), of("Agent", "agent"),
        of("Action", "action"), of("Stage", "stage"),
        of("State", "state"), of("Verdict", "verdict"), of("Result", "reason"), of("Waits for", "hold", "reason"),
        of("Attempts", "attempt"), when("Submitted", "submitted"), when("Started", "started"), when("Ended", "ended"),
        Column("Took (s)", took), of("Estimate (s)", "estimate"), *_USED, *_found("findings"), of("Depends on", "depends"),
        of("After", "after"), of("Cores needed", "needs", "cpus"), of("Memory needed (MiB)", "needs", "memory_mb"),
        Column("Locks", lambda row: _names((row.get("needs") or {}).get("locks"), "name")),
        Column("Waited (s)", lambda row: round(sum(_names(row.get("holds"), "seconds")), 3)), of("Critical path", "critical"),
    )),
    "attempts": Table("each try at the tasks of a run, or of all runs", ("run", "task", "agent", "state"), (
        of("Attempt", "id"), of("Task", "task"), of("Name", "name"), of("Agent", "agent"),
        of("Number", "attempt"), of("State", "state"),
        of("Verdict", "verdict"), of("How it ended", "how"), of("Exit code", "code"), of("Result", "reason"),
        when("Decided", "decided"), when("Started", "started"), when("Ended", "ended"), of("Wall time (s)", "usage", "wall_s"),
        of("CPU (s)", "usage", "cpu_s"), of("Peak memory (MiB)", "usage", "peak_mb"), of("Read (MiB)", "usage", "read_mb"),
        of("Written (MiB)", "usage", "written_mb"), Column("Files kept", lambda row: _names(row.get("artifacts"), "name")),
    )),
    "findings": Table("what was noticed, each once in a run", ("run", "agent", "severity"), (
        of("Finding", "id"), of("Run", "run"), of("Severity", "severity"), of("Rule", "rule"),
        of("File", "path"), of("Line", "line"),
        of("Column", "column"), of("Message", "message"), of("How to mend", "help"), of("Agents", "agents"), of("Tasks", "tasks"),
        Column("Seen by", _witnesses), of("New", "is_new"), of("Accepted", "accepted"), when("Since", "since"), when("Seen", "at"),
        of("Fingerprint", "fingerprint"),
    )),
    "events": Table("decisions and facts as sentences, in order", ("run", "task"), (
        of("Number", "seq"), when("At", "at"), of("Run", "run"), of("Task", "task"), of("Kind", "kind"),
        of("Sentence", "sentence"),
    )),
    "agents": Table("the agents, and what each does now", ("state",), (
        of("Agent", "name"), of("Title", "title"), of("Version", "version"), of("State", "state"),
        of("Paused by", "paused", "by"),
        of("Paused because", "paused", "reason"), of("Runs", "running"), of("Waiting tasks", "waiting"),
        of("At most at one time", "concurrency"), of("Cores now", "cpus_now"), of("Memory now (MiB)", "memory_now_mb"),
        of("Last task", "last", "task"), of("Last state", "last", "state"), when("Last ended", "last", "ended"),
        Column("Actions", lambda row: _names(row.get("actions"), "name")),
        Column("Tools", lambda row: _names(row.get("tools"), "words")), of("Trouble", "trouble"), of("Summary", "summary"),
    )),
    "actions": Table("everything that can be asked of the agents", ("agent",), (
        of("Action", "name"), of("Agent", "agent"), of("Title", "title"), of("Summary", "summary"),
        of("Cores needed", "needs", "cpus"),
        of("Memory needed (MiB)", "needs", "memory_mb"), of("Time limit (s)", "time_limit"), of("Tools", "tools"),
        Column("Options", lambda row: list((row.get("options") or {}).get("properties") or {})),
    )),
    "schedules": Table("what starts by itself, and when next", (), (
        of("Schedule", "name"), of("Pipeline", "pipeline"), of("When", "when"),
        Column("Next (UTC)", lambda row: (row.get("next") or [None])[0], moment=True),
        when("Last due", "last", "due"), of("Last run", "last", "run"), of("Missed", "missed"), of("Workspace", "workspace"),
    )),
    "patches": Table("what agents would change", ("run", "agent", "state"), (
        of("Patch", "id"), of("Name", "name"), of("State", "state"), of("Run", "run"), of("Task", "task"),
        of("Task's name", "task_name"),
        of("Agent", "agent"), when("Proposed", "at"), of("Files", "files"),
        Column("Proof", lambda row: [f"{p['name']}: {p['before']} → {p['after']}" for p in row.get("proof") or ()]),
        of("Proof in words", "proof_words"), of("Conflicts", "conflicts"), of("Note", "reason"),
        of("Decided by", "decided", "by"),
        when("Decided", "decided", "at"), of("Workspace", "workspace"),
    )),
    "questions": Table("what waits for a person", ("run",), (
        of("Task", "task"), of("Name", "name"), of("Question", "question"), of("Text", "text"), of("Choices", "choices"),
        when("Since", "since"),
    )),
    "inbox": Table("all that waits for a person, what stops most first", ("run",), (
        of("Id", "id"), of("Kind", "kind"), of("Title", "title"), of("Text", "text"), when("Since", "since"), of("Run", "run"),
        of("Task", "task"), of("Choices", "choices"), of("Page", "href"),
    )),
    "roadmap": Table("the tasks of the roadmap's changes, with who has them and what shows that they are done", (), (
        of("Task", "ref"), of("Change", "change"), of("Title", "title"), of("Layer", "layer"), of("Section", "section"),
        of("Number", "number"), of("Text", "text"), of("Mark", "mark"), of("Done", "done"), of("File", "path"), of("Line", "line"),
        of("With", "assignment", "to"), of("Action", "assignment", "action"), of("State", "assignment", "state"),
        of("Waits for", "assignment", "hold"), of("Assigned by", "assignment", "by"), when("Assigned", "assignment", "at"),
        of("Run", "assignment", "run"), of("Evidence", "evidence", "words"), of("Evidence by", "evidence", "by"),
        when("Evidence", "evidence", "at"), of("Commit", "evidence", "commit"), of("Tick", "assignment", "tick"),
        of("Why so", "assignment", "tick_why"),
    )),
    "alerts": Table("what asks for attention, and what became of it", ("state", "severity", "agent"), (
        of("Alert", "id"), of("Severity", "severity"), of("Kind", "kind"), of("Title", "title"),
        of("Text", "text"), of("State", "state"),
        of("Agent", "agent"), of("Run", "run"), of("Task", "task"), of("Times", "times"), when("First", "first"),
        when("Opened", "opened"), when("Seen", "seen"), of("Last word by", "by"), when("Last word", "marked"),
        when("Until", "until"),
        of("Why", "why"), of("Workspace", "workspace"),
    )),
    "cases": Table("what is wrong, by cause, from when it was seen to how it was closed", (
        "state", "severity", "agent", "text", "kind", "assignee"), (
        of("Case", "name"), of("Title", "title"), of("State", "state"), of("Severity", "severity"), of("Priority", "priority"),
        Column("Factors", lambda row: [f"{f['name']} {f['value']}: {f['words']}" for f in row["factors"]]),
        of("Cause", "cause", "kind"), of("Why one case", "cause", "words"), of("Symptoms", "symptoms"), of("Gone", "gone"),
        of("Checks", "checks"), of("Agents", "agents"), of("Path", "path"), of("Line", "line"), when("First", "first"),
        when("Seen", "seen"), when("Opened", "opened"), when("Moved", "moved"), of("Times", "times"),
        of("Reopened", "reopened"), of("With", "assignee", "name"), of("Why with", "assignee", "why"),
        of("Blocks", "blocks", "words"), of("Flaky", "flaky", "rate"), of("Broken by", "broken_by", "commit"),
        of("Patch", "fix", "patch"), when("Until", "until"), of("Accepted by", "accepted_by"),
        of("Resolution", "resolution", "words"), of("Next", "next"), of("Workspace", "workspace"),
    )),
    "machine": Table("what the host did in the last quarter of an hour, or in another time", ("since", "until"), (
        when("At", "at"), of("CPU (%)", "cpu_percent"), of("CPU at most (%)", "cpu_most"),
        of("Memory used (MiB)", "memory_used_mb"),
        of("Cores of the crew", "crew_cpus"), of("Memory of the crew (MiB)", "crew_mb"),
        of("Received (MiB/s)", "net_rx_mb_s"), of("Sent (MiB/s)", "net_tx_mb_s"), of("Disk read (MiB/s)", "disk_read_mb_s"),
        of("Disk written (MiB/s)", "disk_write_mb_s"), of("Pressure, CPU (%)", "pressure", "cpu"),
        of("Pressure, memory (%)", "pressure", "memory"), of("Pressure, disk (%)", "pressure", "io"),
    )),
    "compare": Table("what changed in a run against another one, task by task", ("run", "with"), (
        of("Change", "change"), of("Name", "name"), of("In words", "words"), of("Task", "now", "id"), of("State", "now", "state"),
        of("Took (s)", "now", "seconds"), of("CPU (s)", "now", "cpu_s"), of("Result", "now", "reason"),
        of("Task before", "then", "id"),
        of("State before", "then", "state"), of("Took before (s)", "then", "seconds"), of("CPU before (s)", "then", "cpu_s"),
        of("Result before", "then", "reason"),
    )),
}  # fmt: skip
