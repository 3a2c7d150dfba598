"""Listings: what goes on, what was, who there is."""

import argparse
import sys
from typing import Any

from callboard.cli import DONE
from callboard.commands.doors import reading_desk, remote_desk, settings_of
from callboard.commands.evidence import MOST_SHOWN, print_diff, print_sources
from callboard.commands.show import (
    ago,
    commit_words,
    found_words,
    git_words,
    lasted,
    mark,
    paint,
    plain,
    print_json,
    table,
)
from callboard.commands.summary import marks_of, print_causes
from callboard.errors import NotFound

Row = dict[str, Any]


def status(given: argparse.Namespace) -> int:
    """The board, a run, or a task with its decisions as sentences."""
    settings = settings_of(given)
    desk = reading_desk(settings)
    if not given.what:
        board = desk.board()
        if given.json:
            print_json(board)
            return DONE
        remote = remote_desk(settings)
        sys.stdout.write(
            f"Callboard {board['engine']['version']} at {remote.server.address}\n"
            if remote
            else "no server is running; this is how the record stands\n"
        )
        _print_board(board)
    elif given.what.isdecimal():
        run = desk.run(int(given.what))
        if given.json:
            print_json(run)
        else:
            _print_run(run)
    else:
        key = task_id(desk, given.what)
        if given.diff:
            diff = desk.diff(key)
            print_json(diff) if given.json else print_diff(diff)
            return DONE
        task = desk.task(key)
        if given.json:
            print_json(task)
        else:
            _print_task(task)
    return DONE


def task_id(desk: Any, what: str) -> str:
    """'12.3' for '12.quality.tests'."""
    run, _, name = what.partition(".")
    if not run.isdecimal() or not name:
        raise NotFound(f"there is no task '{what}'; a task is named like 12.3 or 12.quality.tests")
    if name.isdecimal():
        return what
    for row in desk.run(int(run))["tasks"]:
        if row["name"] == name:
            return str(row["id"])
    raise NotFound(f"run {run} has no task '{name}'; see `callboard status {run}`")


def _print_board(board: Row) -> None:
    open_tasks = [row for row in board["tasks"] if row["state"] in ("running", "starting", "waiting", "needs decision")]
    if open_tasks:
        table([_task_line(row) for row in open_tasks[:50]], ("TASK", "NAME", "STATE", "SINCE", "WHY"))
    else:
        sys.stdout.write("nothing runs and nothing waits\n")
    for question in board["questions"]:
        sys.stdout.write(f"{paint('needs you', '35')}: {question['task']} {plain(question['text'])}\n")
    if board["runs"]:
        sys.stdout.write("\n")
        _print_runs(board["runs"][:5])


def _task_line(row: Row) -> tuple[str, ...]:
    why = row["hold"]["reason"] if row["hold"] else row["note"] or row["reason"]
    since = row["hold"]["since"] if row["hold"] else row["started"]
    return (row["id"], row["name"], mark(row["state"], row["verdict"], False), ago(since), why)


def _print_run(run: Row) -> None:
    row = run["run"]
    sys.stdout.write(f"run {row['id']} '{plain(row['name'])}' {mark(row['state'])}: {row['summary']}\n")
    sys.stdout.write(
        f"{plain(row['workspace'])}, by {plain(row['by'])} ({plain(row['trigger'])}), {ago(row['submitted'])}\n"
    )
    sys.stdout.write(f"{plain(git_words(row['git']), 300)}\n\n" if row["git"] else "\n")
    print_causes(run["causes"], 100_000)
    marks = marks_of(run["causes"])
    rows = [
        (r["id"], r["name"], mark(r["state"], r["verdict"], False), lasted(r["started"], r["ended"]),
         f"{r['cpu_s']:.1f} s", f"{r['peak_mb']:.0f} MiB", found_words(r["findings"]),
         r["hold"]["reason"] if r["hold"] else r["note"] or marks.get(r["id"], "") + r["reason"])
        for r in run["tasks"]
    ]  # fmt: skip
    table(rows, ("TASK", "NAME", "STATE", "TOOK", "CPU", "PEAK", "FINDINGS", "WHY"))


def _print_task(task: Row) -> None:
    row = task["task"]
    sys.stdout.write(f"{row['id']} {plain(row['name'])} {mark(row['state'], row['verdict'])}\n")
    for words in (row["reason"], *(_cause_words(cause) for cause in task["causes"]), row["because"]):
        if words:
            sys.stdout.write(f"{plain(words, 1000)}\n")
    if row["hold"]:
        sys.stdout.write(f"{paint('held', '33')}: {plain(row['hold']['reason'])}, {ago(row['hold']['since'])}\n")
    if row["holds"]:
        spent = ", ".join(f"{h['seconds']:.1f} s {plain(h['reason'])}" for h in row["holds"])
        sys.stdout.write(f"waited: {spent}\n")
    if row["needs"]["learned"]:
        sys.stdout.write(f"{plain(row['needs']['learned'], 300)}\n")
    if row["affected"] and row["affected"] != row["reason"]:
        sys.stdout.write(f"{plain(row['affected'], 300)}\n")
    _print_changes(task["changes"])
    sys.stdout.write("\n")
    for event in task["events"]:
        sys.stdout.write(f"{ago(event['at']):>14}  {plain(event['sentence'], 1000)}\n")


def _cause_words(cause: Row) -> str:
    return f"also behind {len(cause['tasks']) - 1} other tasks: {cause['message']}"


def _print_changes(changes: Row | None) -> None:
    """The commits since the task last passed, and the files among them that it reads."""
    if changes is None:
        return
    sys.stdout.write(f"{plain(changes['words'], 500)}\n")
    for commit in changes["commits"]:
        sys.stdout.write(
            f"  {commit['commit'][:7]}  {plain(commit['subject'])}  ({plain(commit['author'])}, {ago(commit['at'])})\n"
        )
    if changes["files"]:
        more = f" and {len(changes['files']) - 10} more" if len(changes["files"]) > 10 else ""
        sys.stdout.write(f"  files: {plain(', '.join(changes['files'][:10]), 1500)}{more}\n")


def runs(given: argparse.Namespace) -> int:
    """The newest runs."""
    rows = reading_desk(settings_of(given)).runs(min(max(1, given.limit), 500))
    if given.json:
        print_json(rows)
    elif not rows:
        sys.stdout.write("no run yet; start one with `callboard run`\n")
    else:
        _print_runs(rows)
    return DONE


def _print_runs(rows: list[Row]) -> None:
    table(
        [
            (str(r["id"]), r["name"], mark(r["state"], None, False), ago(r["submitted"]), lasted(r["started"], r["ended"]),
             r["summary"], found_words(r["findings"]), commit_words(r["git"]), r["workspace"])
            for r in rows
        ],
        ("RUN", "PIPELINE", "STATE", "WHEN", "TOOK", "TASKS", "FINDINGS", "COMMIT", "WORKSPACE"),
    )  # fmt: skip


def agents(given: argparse.Namespace) -> int:
    """Who there is, and what each can do here."""
    desk = reading_desk(settings_of(given))
    if given.rescan:
        desk.rescan()
    if given.history:
        return _history_of(desk, given)
    rows = desk.agents()
    if given.name:
        rows = [row for row in rows if row["name"] == given.name]
        if not rows:
            raise NotFound(f"there is no agent '{given.name}'; see `callboard agents`")
    if given.json:
        print_json(rows)
        return DONE
    for row in rows:
        sys.stdout.write(f"{paint(plain(row['title']), '1')} ({plain(row['name'])} {plain(row['version'])}) ")
        sys.stdout.write(f"{mark(row['state'])}\n  {plain(row['summary'], 1000)}\n")
        for words in _hands(row):
            sys.stdout.write(paint(f"  {plain(words, 1000)}\n", "33"))
        if row["trouble"]:
            sys.stdout.write(paint(f"  cannot be used: {plain(row['trouble'], 1000)}\n", "31"))
        for action in row["actions"]:
            sys.stdout.write(f"  {plain(action['name']):<26} {plain(action['title'])}\n")
        for tool in row["tools"]:
            colour = {True: "2", False: "31"}.get(tool["ready"], "33")
            sys.stdout.write(paint(f"    {plain(tool['words'], 300)}", colour) + "\n")
        sys.stdout.write("\n")
    return DONE


def _hands(row: Row) -> list[str]:
    """Who keeps the agent from work, in words."""
    paused = row["paused"]
    if not paused:
        return []
    what = paused["reason"] if row["draining"] else "is paused" + (f": {paused['reason']}" if paused["reason"] else "")
    return [f"{what} (by {paused['by']}, {ago(paused['since'])}); `callboard resume {row['name']}` ends that"]


def _history_of(desk: Any, given: argparse.Namespace) -> int:
    """What was told to an agent, the newest first."""
    if not given.name:
        raise NotFound("name the agent whose history you want: `callboard agents AGENT --history`")
    rows = desk.agent_history(given.name)
    if given.json:
        print_json(rows)
    elif not rows:
        sys.stdout.write(f"nobody told {given.name} anything yet\n")
    else:
        table([(ago(r["at"]), r["by"], r["what"], r["words"]) for r in rows], ("WHEN", "BY", "WHAT", "WORDS"))
    return DONE


def actions(given: argparse.Namespace) -> int:
    """Everything that can be asked of the agents."""
    rows = reading_desk(settings_of(given)).actions()
    if given.json:
        print_json(rows)
    else:
        table(
            [
                (r["name"], r["title"], f"{r['needs']['cpus']:g} cpus, {r['needs']['memory_mb']:.0f} MiB",
                 ", ".join(r["options"].get("properties", {})))
                for r in rows
            ],
            ("ACTION", "TITLE", "NEEDS", "OPTIONS"),
        )  # fmt: skip
    return DONE


def findings(given: argparse.Namespace) -> int:
    """What was noticed, in one run or lately."""
    desk = reading_desk(settings_of(given))
    if given.sarif:
        if not given.run:
            raise NotFound("name the run whose findings you want as SARIF: `callboard findings RUN --sarif`")
        print_json(desk.run_sarif(given.run))
        return DONE
    rows = desk.run_findings(given.run) if given.run else desk.findings()
    if given.json:
        print_json([{**row, "source": desk.source(row["id"])} for row in rows[:MOST_SHOWN]] if given.source else rows)
    elif not rows:
        sys.stdout.write("no findings\n")
    elif given.source:
        print_sources(desk, rows)
    else:
        table(
            [
                (r["id"], r["severity"] if not r["accepted"] else f"({r['severity']})",
                 f"{r['path']}:{r['line']}" if r["line"] else r["path"], r["rule"], ", ".join(r["tasks"]),
                 f"accepted {r['accepted']}" if r["accepted"] else f"new: {r['message']}" if r["is_new"] else r["message"])
                for r in rows
            ],
            ("ID", "SEVERITY", "PLACE", "RULE", "TASK", "MESSAGE"),
        )  # fmt: skip
    return DONE
