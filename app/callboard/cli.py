"""The command line: what can be typed, and which module carries it out.

Exit codes: 0 done, 1 the work failed, 2 usage or configuration, 3 not reachable, 130 interrupted.
"""

import argparse
import importlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from callboard import __version__

WORKSPACE = "the folder to work on (default: this one)"
DATA = "where Callboard keeps its data (or CALLBOARD_DATA)"
DONE, FAILED, USAGE, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        from callboard.work.finding import clean

        self.exit(USAGE, f"callboard: {clean(message)}\nsee `{self.prog} --help`\n")


def parser() -> argparse.ArgumentParser:
    """All commands with their flags."""
    top = _Parser(
        prog="callboard",
        description="Who of the crew is called, when, for what, and what went wrong.",
        epilog="Every command takes --workspace and --data; every listing takes --json. Exit codes: 0 done, 1 the work "
        "failed, 2 usage or configuration, 3 not reachable, 130 interrupted.",
    )
    top.add_argument("--version", action="version", version=f"callboard {__version__}")
    top.add_argument("--workspace", "-w", type=Path, metavar="PATH", help=WORKSPACE)
    top.add_argument("--data", type=Path, metavar="PATH", help=DATA)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    def command(name: str, module: str, help: str, *, listing: bool = True) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help, description=help)
        made.set_defaults(module=module, function=name.replace("-", "_"))
        for flags, help in ((("--workspace", "-w"), WORKSPACE), (("--data",), DATA)):
            made.add_argument(*flags, type=Path, metavar="PATH", default=argparse.SUPPRESS, help=help)
        if listing:
            made.add_argument("--json", action="store_true", help="print JSON")
        return made

    def pipeline_flags(made: argparse.ArgumentParser) -> None:
        made.add_argument(
            "pipeline", nargs="?", default="", help="a pipeline of callboard.toml (default: the default one)"
        )
        made.add_argument(
            "--only", action="append", default=[], metavar="JOB", help="only jobs that fit, with what they need"
        )
        made.add_argument("--skip", action="append", default=[], metavar="JOB", help="leave out jobs that fit")
        made.add_argument(
            "--affected",
            action="store_true",
            help="do not run what passed before with the same files, options and tools",
        )
        made.add_argument(
            "--option", "-o", action="append", default=[], metavar="JOB.KEY=VALUE", help="another option for this once"
        )

    def work_flags(made: argparse.ArgumentParser) -> None:
        made.add_argument("--trust", action="store_true", help="trust the workspace: its code may run")
        made.add_argument("--priority", choices=("critical", "high", "medium", "low"), help="class of priority")
        made.add_argument("--events", action="store_true", help="print each event as a line of JSON while it works")
        made.add_argument("--parallelism", type=int, metavar="N", help="most attempts at one time")
        made.add_argument("--detach", action="store_true", help="hand over to the running server and do not wait")

    made = command("up", "up", "start the engine and the dashboard", listing=False)
    made.add_argument("--host", help="the address to listen on (default: 127.0.0.1)")
    made.add_argument("--port", type=int, help="the port to listen on (default: 6771)")
    made.add_argument("--trust", action="store_true", help="trust the workspace: its code may run")
    made.add_argument("--no-open", action="store_true", help="do not open a browser")
    made.add_argument("--dev", action="store_true", help="for work on Callboard itself: with the page /styleguide")
    made.add_argument("--native", action="store_true", help="show the dashboard in a window of its own")
    made.add_argument("--keep-running", action="store_true", help="with --native: go on when the window is closed")
    made.add_argument("--parallelism", type=int, metavar="N", help="most attempts at one time")

    made = command("run", "work", "run the workspace's pipeline and wait for it")
    pipeline_flags(made)
    work_flags(made)

    made = command("do", "work", "run one action and wait for it")
    made.add_argument(
        "action", nargs="?", default="", metavar="ACTION", help="such as quality.lint; see `callboard actions`"
    )
    made.add_argument("--wants", default="", metavar="WORD", help="whoever offers this does it, such as python-tests")
    made.add_argument(
        "--option", "-o", action="append", default=[], metavar="KEY=VALUE", help="an option of the action"
    )
    made.add_argument(
        "--folder", "-F", default="", metavar="FOLDER", help="the folder of the workspace that it works on"
    )
    work_flags(made)

    made = command("plan", "plans", "show what a run would do, and when")
    pipeline_flags(made)

    made = command("ci", "ci", "show what GitHub Actions would do, and how the pipeline here differs")
    made.add_argument(
        "pipeline", nargs="?", default="", metavar="PIPELINE", help="against this one (default: the usual one)"
    )

    made = command("init", "plans", "write callboard.toml from what the agents propose", listing=False)
    made.add_argument("--force", action="store_true", help="write a new one; the former is kept as callboard.toml.bak")

    made = command("status", "looks", "show what goes on, or all about one run or task")
    made.add_argument(
        "what", nargs="?", default="", metavar="RUN|TASK", help="a run (12) or a task (12.3, 12.quality.tests)"
    )
    made.add_argument("--diff", action="store_true", help="what differs since that task last passed here")

    made = command("agents", "looks", "list the agents, what they can do, and whether they can do it here")
    made.add_argument("name", nargs="?", default="", metavar="AGENT", help="only this one (default: all)")
    made.add_argument("--rescan", action="store_true", help="look for plugins and tools again")
    made.add_argument("--history", action="store_true", help="what was told to the agent, and by whom")
    made = command(
        "show", "sections", "print what an agent shows of this workspace: its sections, their tables and trends"
    )
    made.add_argument("agent", metavar="AGENT")
    made.add_argument("section", nargs="?", default="", metavar="SECTION", help="one section (default: all)")
    command("actions", "looks", "list everything that the agents can do")

    made = command("runs", "looks", "list the newest runs")
    made.add_argument("--limit", type=int, default=20, metavar="N")

    made = command("findings", "looks", "list what the agents noticed")
    made.add_argument("run", nargs="?", type=int, default=0, metavar="RUN")
    made.add_argument("--sarif", action="store_true", help="print SARIF 2.1.0 of one run")
    made.add_argument(
        "--source", action="store_true", help="with the lines around each place, as they were in that run"
    )

    made = command("accept", "accepting", "accept a finding until a day: adds a table [[accepted]] to callboard.toml")
    made.add_argument("finding", metavar="FINDING", help="its id (f123) or its fingerprint; see `callboard findings`")
    made.add_argument("--reason", required=True, help="why the team lives with it")
    made.add_argument(
        "--until",
        default="",
        metavar="DAY",
        help="the last day, such as 2027-01-31; at most 366 days off (default: 90)",
    )
    made.add_argument("--owner", default="", help="who answers for it")

    made = command(
        "compare", "compare", "what changed in a run against an earlier one: broken, cured, slower, findings, commits"
    )
    made.add_argument("run", type=int, metavar="RUN")
    made.add_argument("other", nargs="?", type=int, default=0, metavar="OTHER",
                      help="the run that it is held against (default: the one before it of the same pipeline)")  # fmt: skip
    made.add_argument("--green", action="store_true", help="against the last one before it that was green")

    made = command("export", "export", "write a table as CSV or JSON, or a run as one HTML page", listing=False)
    made.add_argument(
        "table", metavar="TABLE", help="runs, tasks, attempts, findings, events, agents and so on; or run"
    )
    made.add_argument("number", nargs="?", type=int, default=0, metavar="RUN", help="the run, such as `export run 12`")
    made.add_argument("--run", type=int, default=0, metavar="N", help="only of this run")
    made.add_argument(
        "--against", type=int, default=None, metavar="N", help="for compare: the run that it is held against"
    )
    made.add_argument("--task", default="", help="only attempts or events of this task, such as 12.3")
    made.add_argument("--agent", default="", help="only of this agent")
    made.add_argument("--severity", default="", help="only findings of this severity")
    made.add_argument("--state", default="", help="only what is in this state")
    for name in ("pipeline", "branch", "person", "text"):
        made.add_argument(
            f"--{name}", default="", help=f"only runs of this {name}" if name != "text" else "only runs with it"
        )
    made.add_argument("--format", choices=("csv", "json", "html", "sarif"), default="",
                      help="how it is written (default: by the file's ending, else csv; a run as html)")  # fmt: skip
    made.add_argument(
        "--output", "-o", default="", metavar="FILE", help="the file, or - for stdout (the default of a table)"
    )
    made.add_argument("--bom", action="store_true", help="begin CSV with the mark by which Excel knows UTF-8")

    made = command("tools", "tools", "list the tools that agents wrap; install or remove one; drop kept environments")
    made.add_argument("act", nargs="?", choices=("list", "install", "remove", "clean"), default="list", metavar="ACT",
                      help="list (the default), install NAME, remove NAME, or clean: drop kept environments")  # fmt: skip
    made.add_argument("name", nargs="?", default="", metavar="NAME", help="the tool")

    made = command("patches", "patches", "list what agents would change, with proof and conflicts")
    made.add_argument("--run", type=int, default=0, metavar="RUN", help="only patches of this run")
    states = ("proposed", "accepted", "rejected", "undone", "stale")
    made.add_argument("--state", choices=states, default="", help="only patches in this state")
    made = command("patch", "patches", "show, check, accept, reject or undo a patch")
    acts: tuple[str, ...] = ("show", "check", "accept", "reject", "undo")
    made.add_argument("act", choices=acts, metavar="|".join(acts))
    made.add_argument("number", type=int, metavar="PATCH", help="its number; see `callboard patches`")
    made.add_argument("--reason", default="", help="why it is rejected")
    made.add_argument("--trust", action="store_true", help="trust the workspace: its code may run")

    command("boundary", "sparing", "what the platform is spared, by whose rule, and what was refused lately")
    made = command("alerts", "alerts", "list the alerts that stand; acknowledge, snooze or reopen one")
    acts = ("list", "show", "ack", "snooze", "reopen")
    made.add_argument("act", nargs="?", choices=acts, default="list", metavar="|".join(acts))
    made.add_argument(
        "name", nargs="?", default="", metavar="ID", help="the alert, or the beginning of its id; 'all' for ack"
    )
    made.add_argument(
        "--state", default="", metavar="STATES", help="open, acknowledged, snoozed, resolved; several with commas"
    )
    made.add_argument(
        "--severity", default="", metavar="LEVELS", help="critical, high, medium, low; several with commas"
    )
    made.add_argument("--agent", default="", metavar="AGENT", help="only of this agent")
    made.add_argument("--all", action="store_true", help="resolved ones too")
    made.add_argument(
        "--until",
        default="",
        metavar="WHEN",
        help="a snooze ends in 30m (the default), 2h, 1d, tomorrow, or at 2027-01-31T09:00",
    )
    made.add_argument("--reason", default="", help="a word for the others")

    made = command(
        "roadmap", "roadmap", "the roadmap by OpenSpec's files, or one change; assign its tasks, tick and place"
    )
    made.add_argument(
        "words", nargs="*", metavar="CHANGE|ACT", help="a change; or assign TASK…, withdraw TASK, done TASK, tick TASK, "
        "place CHANGE, refresh; a task is written add-login#1.2"
    )  # fmt: skip
    made.add_argument("--to", default="auto", metavar="WHO", help="assign: an agent, @person, or auto (the default)")
    made.add_argument("--action", default="", metavar="ACTION", help="assign: with this action, such as quality.tests")
    made.add_argument(
        "--option", "-o", action="append", default=[], metavar="KEY=VALUE", help="assign: an option of the action"
    )
    made.add_argument("--instead", action="store_true", help="assign: a former assignment that does not run makes room")
    made.add_argument("--note", default="", help="done: how it was done; that is the evidence")
    made.add_argument(
        "--layer", metavar="LAYER", help="place: critical, high, medium or low; 'rules' for that of the rules"
    )
    made.add_argument(
        "--rank", type=int, metavar="N", help="place: the number in its layer, from 1; 0 for its usual one"
    )
    made.add_argument(
        "--after",
        action="append",
        metavar="CHANGE",
        help="place: what it comes after, again for several; 'nothing' for none",
    )
    made.add_argument("--reason", default="", help="why, for the others")

    made = command("cases", "cases", "list what is wrong, by cause, what matters most first")
    made.add_argument("--state", default="", metavar="STATES", help="new, triaged, assigned, reproducing, fix-proposed, verifying, "
                      "closed, accepted, cannot-reproduce; several with commas")  # fmt: skip
    made.add_argument(
        "--severity", default="", metavar="LEVELS", help="critical, high, medium, low, info; several with commas"
    )
    made.add_argument("--agent", default="", metavar="AGENT", help="only those that a check of this agent saw")
    made.add_argument("--assignee", default="", metavar="WHO", help="only those of an agent, of @person, or of nobody")
    made.add_argument(
        "--kind", default="", metavar="KIND", help="of the cause (file, dependency, …) or of a symptom (test, …)"
    )
    made.add_argument("--text", default="", metavar="WORDS", help="only those in which all of these words are")
    made.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many (default: 50)")
    made.add_argument("--all", action="store_true", help="closed ones too")
    made = command(
        "case", "cases", "show a case, or say a word about it: who has it, that it may stay, that it is gone …"
    )
    made.add_argument("words", nargs="+", metavar="ACT|CASE", help="a case (7 or C7); or triage CASE, assign CASE, accept CASE, "
                      "close CASE, reopen CASE, merge CASE INTO, split CASE NUMBER…, comment CASE TEXT, "
                      "investigate CASE [STEP], bundle CASE")  # fmt: skip
    made.add_argument("--to", default="auto", metavar="WHO", help="assign: an agent, @person, or auto (the default)")
    made.add_argument("--instead", action="store_true", help="assign: take it from the person who has it")
    made.add_argument(
        "--until", default="", metavar="DAY", help="accept: 2027-01-31 (to its end), 12h, 7d or 2w from now"
    )
    made.add_argument("--reason", default="", help="why, for the others; needed to accept and to close")
    made.add_argument("-o", "--output", default="", metavar="FILE", help="bundle: where it goes")
    made.add_argument("--trust", action="store_true", help="investigate: trust this workspace to run what it holds")
    made = command(
        "incident", "case_work", "pause agents, revoke what they were given, freeze the evidence; or end that"
    )
    made.add_argument("act", nargs="?", choices=("list", "begin", "end", "bundle"), default="list", metavar="ACT",
                      help="list (the default), begin AGENT…, end NUMBER, bundle NUMBER")  # fmt: skip
    made.add_argument("names", nargs="*", metavar="AGENT|NUMBER", help="begin: the agents; end, bundle: the incident")
    made.add_argument(
        "--case", default="", metavar="CASE", help="begin: what it is about; without agents those that saw it"
    )
    made.add_argument("--stop", action="store_true", help="begin: also end what the agents do now")
    made.add_argument("--revoke-crew", action="store_true", help="begin: also revoke the crew's token")
    made.add_argument("--reason", default="", help="begin: what happened; end: what came of it")
    made.add_argument("-o", "--output", default="", metavar="FILE", help="bundle: where it goes")
    made = command("knowledge", "cases", "what resolved such cases before, and how often that worked")
    made.add_argument("text", nargs="*", metavar="WORD", help="only families in whose cases these words are")
    made.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many families (default: 20)")

    made = command("notices", "notices", "who is told what outside of this board, and what became of each notice")
    made.add_argument("act", nargs="?", choices=("list", "test", "retry"), default="list", metavar="ACT",
                      help="list (the default), test CHANNEL: send a message now, retry NOTICE: try one again")  # fmt: skip
    made.add_argument("name", nargs="?", default="", metavar="NAME", help="test: the channel; retry: the notice")
    made.add_argument("--channel", default="", help="list: only of this channel")
    made.add_argument("--state", choices=("waiting", "sent", "failed"), default="", help="list: only in this state")
    made.add_argument("--limit", type=int, default=30, metavar="N", help="list: at most so many")

    made = command(
        "insights",
        "insights",
        "what to do next, with reasons and gain; take, overrule or snooze it; what rules did alone",
    )
    advised = ("list", "show", "take", "overrule", "snooze", "reopen", "rules")
    made.add_argument("act", nargs="?", choices=advised, default="list", metavar="|".join(advised))
    made.add_argument(
        "name", nargs="?", default="", metavar="ID|RULE", help="the advice, or the beginning of its id; a rule"
    )
    made.add_argument("--reason", default="", help="overrule: why this is not what to do; reopen: why it is after all")
    made.add_argument(
        "--until", default="", metavar="WHEN", help="snooze: until 2h (the default), 1d, tomorrow, or 2027-01-31T09:00"
    )
    made.add_argument(
        "--choose", type=int, default=0, metavar="N", help="take: another of its acts, as `show` numbers them"
    )
    made.add_argument("--dry-run", action="store_true", help="rules: what the rule would do now")
    made.add_argument("--undo", action="store_true", help="rules: take back what the rule did last")
    made = command(
        "report", "insights", "the report of a week: advised, taken, did it help; cases, runs, waits, forecasts"
    )
    made.add_argument("--week", default="", metavar="WEEK", help="such as 2026-W48 (default: this week)")
    made.add_argument("--output", "-o", default="", metavar="FILE", help="write it as one HTML page; - for stdout")

    made = command("crew", "crew", "show the platform's crews; hand out their observer; make or revoke their token")
    made.add_argument(
        "what",
        nargs="?",
        default="",
        metavar="CREW|observer|token",
        help="one crew (default: all), its observer, its token",
    )
    made.add_argument(
        "--write", type=Path, metavar="FOLDER", help="observer: write the file there and say how it is used"
    )
    made.add_argument("--force", action="store_true", help="observer: replace a file that differs")
    made.add_argument("--new", action="store_true", help="token: make another, which takes the place of the one before")
    made.add_argument("--revoke", action="store_true", help="token: from now on none is good")

    made = command(
        "platform",
        "platform",
        "show how the platform is spared; ask it to drain; hand a release over; verify a handoff",
    )
    made.add_argument(
        "act", nargs="?", default="", choices=("", "drain", "handoff", "verify"), metavar="drain|handoff|verify"
    )
    made.add_argument(
        "what",
        nargs="?",
        default="",
        metavar="on|off|ENVIRONMENT|FILE",
        help="drain: on or off; what is handed over; what is verified",
    )
    made.add_argument("--reason", default="", help="drain: why, for the platform's people")
    made.add_argument("--until", default="", help="drain: 30m, 2h, 1d, or a time such as 2027-01-31T09:00")
    made.add_argument("--version", default="", help="handoff: what the release is called (default: git's tag)")
    made.add_argument("--address", default="", help="handoff: where it is reached (default: the environment's port)")
    made.add_argument("--output", type=Path, metavar="FILE", help="handoff: write the signed record there too")
    made.add_argument("--key", default="", help="verify: the public key to trust (default: this data folder's own)")

    made = command("ingest", "ingest", "take in reports from elsewhere: SARIF, JUnit, coverage, bills of materials")
    made.add_argument("files", nargs="+", type=Path, metavar="FILE")
    made.add_argument("--source", default="", metavar="TEXT", help="where they come from, such as 'GitHub Actions'")
    made.add_argument("--commit", default="", metavar="SHA", help="the commit that they are about")
    formats = ("auto", "sarif", "junit", "tap", "cobertura", "lcov", "cyclonedx", "spdx", "codequality", "osv")
    made.add_argument("--format", choices=formats, default="auto", help="what they are (default: found out)")
    made.add_argument("--trust", action="store_true", help="trust the workspace: its code may run")

    made = command("logs", "logs", "print the output of a task, or of all as one stream", listing=False)
    made.add_argument("task", nargs="?", default="", metavar="TASK", help="a task (12.3 or 12.quality.tests)")
    made.add_argument("-f", "--follow", action="store_true", help="go on until the task ends; with --all until Ctrl-C")
    made.add_argument("--all", action="store_true", help="the last lines of all that runs and of what ended last")
    made.add_argument("--agent", default="", metavar="AGENT", help="with --all: only of this agent")
    made.add_argument("--level", choices=("warning", "error", "failure"), default="",
                      help="only such lines and worse; failure: what says that it failed")  # fmt: skip
    made.add_argument("--text", default="", metavar="TEXT", help="only lines with this text, in any case")
    made.add_argument("--attempt", type=int, default=0, metavar="N")
    made.add_argument("--compare", type=int, default=0, metavar="N", help="how it differs from the output of attempt N")
    made.add_argument("--raw", action="store_true", help="do not take out control characters")

    for name, help in (
        ("cancel", "end a run or a task, with its whole process tree"),
        ("retry", "try again what failed in a run, or one task"),
    ):
        made = command(name, "wishes", help)
        made.add_argument("what", nargs="+", metavar="RUN|TASK", help="a run (12), or one task or several (12.3 12.4)")
        if name == "cancel":
            made.add_argument("--reason", default="", help="why")
    made = command("again", "wishes", "start a new run of the same jobs as an earlier one")
    made.add_argument("number", type=int, metavar="RUN", help="the earlier run; see `callboard runs`")
    made.add_argument("--affected", action="store_true", help="leave out what passed with the same files before")
    for name, help in (
        ("pause", "let an agent start nothing more"),
        ("resume", "let a paused, stopped or drained agent work again"),
        ("drain", "let an agent finish what it has, take nothing of later runs, and pause then"),
        ("stop", "pause an agent and end what it does; it is tried again later"),
        ("restart", "end what an agent does, look at its plugin anew, and try again"),
    ):
        made = command(name, "wishes" if name in ("pause", "resume") else "control", help)
        made.add_argument("agent", metavar="AGENT")
        if name != "resume":
            made.add_argument("--reason", default="", help="why")
    for name, help in (
        ("take", "take a task over by hand: nobody starts it until you finish it or give it back"),
        ("finish", "say what became of a task that you have taken over"),
        ("release", "give a task back that you have taken over"),
    ):
        made = command(name, "control", help)
        made.add_argument("task", metavar="TASK", help="a task (12.3 or 12.quality.tests)")
        if name != "finish":
            made.add_argument("--reason", default="", help="why")
        else:
            ways = made.add_mutually_exclusive_group(required=True)
            ways.add_argument("--done", metavar="NOTE", help="it is done: how you did it; what waits for it goes on")
            ways.add_argument(
                "--failed", metavar="NOTE", help="it failed: what you found; what waits for it is skipped"
            )
    made = command("move", "wishes", "give a task that waits to another agent that offers the same")
    made.add_argument("task", metavar="TASK")
    made.add_argument("agent", metavar="AGENT")
    made = command(
        "forecast", "forecasts", "when a run will end, or a pipeline would: as ranges, with how former ones held"
    )
    made.add_argument("what", metavar="RUN|PIPELINE", help="the number of a run, or a pipeline of the workspace")
    made = command("whatif", "forecasts", "what would be different with other cores, limits, jobs, order or a cache")
    made.add_argument("what", metavar="RUN|PIPELINE", help="the number of a run that goes on, or a pipeline")
    made.add_argument("--cpus", type=float, metavar="N", help="cores for tasks")
    made.add_argument("--memory", type=float, metavar="MIB", help="memory for tasks")
    made.add_argument("--concurrency", action="append", default=[], metavar="AGENT=N", help="an agent's limit at once")
    made.add_argument("--without", action="append", default=[], metavar="JOB", help="leave a job out")
    made.add_argument(
        "--priority", action="append", default=[], metavar="JOB=CLASS", help="critical, high, medium, low"
    )
    made.add_argument("--order", default="", metavar="ORDER", help="'longest path', 'shortest first' or 'as listed'")
    made.add_argument("--cache", action="store_true", help="earlier passes stand where nothing has changed")
    made.add_argument("--machines", type=int, metavar="N", help="so many machines like this one")
    made = command("bottlenecks", "forecasts", "what waiting cost, by cause, and who is behind it; what flakiness cost")
    made.add_argument("--days", type=float, default=7.0, metavar="N", help="of the last N days (default: 7)")
    made = command("concurrency", "wishes", "set how many attempts an agent may have at once")
    made.add_argument("agent", metavar="AGENT")
    made.add_argument("limit", type=int, metavar="N", help="0 for no limit of its own")
    made = command("decide", "wishes", "say what becomes of a task that needs a decision")
    made.add_argument("task", metavar="TASK")
    made.add_argument("choice", metavar="CHOICE", help="'retry' or 'give up'")
    made = command("answer", "wishes", "answer a question of an agent")
    made.add_argument("task", metavar="TASK")
    made.add_argument("choice", metavar="CHOICE")
    made = command("search", "lookup", "find runs, tasks, agents, actions, findings, patches and pipelines by words")
    made.add_argument("words", nargs="+", metavar="WORDS", help="all must fit; or an id such as 12.3")
    made.add_argument("--limit", type=int, default=8, metavar="N", help="at most so many of each kind (default: 8)")
    made = command(
        "settings", "lookup", "what you chose for the dashboard, and what this server is; change it with KEY VALUE"
    )
    made.add_argument("key", nargs="?", default="", metavar="KEY", help="such as theme, density, notify.desktop")
    made.add_argument(
        "value", nargs="*", default=[], metavar="VALUE", help="what it shall be; several names for a list"
    )
    command("inbox", "inbox", "list what waits for a person: decisions, questions, patches, and what stops work")
    made = command("catchup", "inbox", "say what happened since you last looked")
    made.add_argument(
        "--since", default="", metavar="WHEN", help="3h, 2d, 17:10 or 2026-11-27T17:10 (default: your mark)"
    )
    made.add_argument("--seen", action="store_true", help="move your mark to now")
    made = command("trust", "inbox", "trust the workspace as it is now: its code may run")
    made.add_argument("--yes", action="store_true", help="do not ask")
    made = command(
        "schedules", "schedules", "list the schedules with their next due times, or start one that waits for a webhook"
    )
    made.add_argument("act", nargs="?", choices=("list", "fire"), default="list", metavar="ACT",
                      help="list (the default), or fire NAME")  # fmt: skip
    made.add_argument("name", nargs="?", default="", metavar="NAME", help="the schedule")

    made = command("machine", "machine", "what this machine does, who takes what, and each running task's processes")
    made.add_argument("--last", default="", metavar="TIME", help="also who used it in this time: 30m, 6h, 7d")
    made = command("window", "window", "open a native window on the running server", listing=False)
    made.add_argument("--attached", action="store_true", help="end with the program that holds the standard input")
    command("token", "serving", "print the link with the launch token of the running server", listing=False)
    made = command("doctor", "doctor", "what is wrong here, and a fix for each")
    made = command("bench", "bench", "measure what Callboard costs")
    made.add_argument("name", nargs="?", default="", metavar="NAME", help="which bench (default: list them)")
    made.add_argument(
        "files", nargs="*", metavar="FILE", help="for 'schedule': the graph and where to write the starts"
    )
    made.add_argument("--runs", type=int, default=5, metavar="N", help="how often each is measured (default: 5)")
    made = command("demo", "demo", "make a sample workspace with planted faults, and run on it")
    made.add_argument("folder", type=Path, metavar="FOLDER", help="where to make it; must be empty or not there")
    made.add_argument("--no-run", action="store_true", help="only make it")
    made = command("plugin", "plugins", "make, list or check plugins")
    made.add_argument("act", choices=("new", "check", "list"), metavar="new|check|list")
    made.add_argument("name", nargs="?", default="", metavar="NAME")
    return top


def run(words: Sequence[str]) -> int:
    """Carries out a command line and gives its exit code; errors of the user are one line on stderr."""
    given = parser().parse_args(words)
    if given.command is None:
        parser().print_help()
        return USAGE
    from callboard.errors import BoundaryError, CallboardError, ConfigError, NotFound, NotReachable, Refused

    try:
        module = importlib.import_module(f"callboard.commands.{given.module}")
        code: int = getattr(module, given.function)(given)
    except BoundaryError as error:
        _note(error, given)
        return _say(error, USAGE)
    except (ConfigError, Refused, NotFound) as error:
        return _say(error, USAGE)
    except NotReachable as error:
        return _say(error, UNREACHABLE)
    except CallboardError as error:
        return _say(error, FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _say(f"{place}{error.strerror or error}; see `callboard doctor`", FAILED)
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return INTERRUPTED
    return code


def _note(error: Exception, given: argparse.Namespace) -> None:
    """Keeps what was refused at the terminal, where it is known in which data folder; a server has done so itself."""
    from callboard.commands.doors import settings_of
    from callboard.errors import BoundaryError, CallboardError
    from callboard.guard.running import running_server
    from callboard.work.sparing.refusals import note

    try:
        data = settings_of(given).data
        if isinstance(error, BoundaryError) and running_server(data) is None:
            note(data, error, f"callboard {given.command}", time.time())
    except CallboardError:
        return


def _say(error: Exception | str, code: int) -> int:
    from callboard.work.finding import clean

    sys.stderr.write(f"callboard: {clean(str(error))}\n")
    return code
