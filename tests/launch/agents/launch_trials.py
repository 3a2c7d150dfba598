"""An agent that does all that an agent may do wrong, and some things right."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from callboard.api import Agent, Context, Finding, Result, Severity, action, failed, hookimpl, option, passed, unknown


@dataclass(frozen=True, slots=True)
class Word:
    word: str = option("hello", help="what to say")


class Trials(Agent):
    name = "trials"
    title = "Trials"

    @action("Pass", options=Word)
    def passes(self, ctx: Context, options: Word) -> Result:
        ctx.log(options.word)
        ctx.progress(0.5, "half")
        ctx.finding(Finding("rule", Severity.HIGH, "bad", "a.py", 3))
        ctx.metric("took", 1.5, "s")
        report = ctx.scratch / "report.txt"
        report.write_text("fine")
        ctx.artifact(report, kind="text")
        return passed("all in order", outputs={"count": 2}, data_age_days=1.5)

    @action("Fail")
    def fails(self, ctx: Context, options: object) -> Result:
        return failed("2 tests fail")

    @action("Unknown")
    def wonders(self, ctx: Context, options: object) -> Result:
        return unknown("no data")

    @action("Nothing")
    def nothing(self, ctx: Context, options: object) -> None:
        return None

    @action("Raise")
    def raises(self, ctx: Context, options: object) -> Result:
        raise ValueError("what is this")

    @action("Leave")
    def leaves(self, ctx: Context, options: object) -> Result:
        os._exit(0)

    @action("Exit")
    def exits(self, ctx: Context, options: object) -> Result:
        sys.exit(4)

    @action("Segfault")
    def segfaults(self, ctx: Context, options: object) -> Result:
        ctypes.string_at(0)
        return passed("never")

    @action("Number")
    def number(self, ctx: Context, options: object) -> Result:
        return 42  # type: ignore[return-value]

    @action("Coroutine")
    async def coroutine(self, ctx: Context, options: object) -> Result:
        return passed("never")

    @action("Nan")
    def nan(self, ctx: Context, options: object) -> Result:
        return passed("odd", data_age_days=float("nan"))

    @action("Hog")
    def hogs(self, ctx: Context, options: object) -> Result:
        return passed(str(len(b"a" * (20 << 30))))

    @action("Flood")
    def floods(self, ctx: Context, options: object) -> Result:
        """Writes many messages, good and bad, behind the writer's back."""
        with open(ctx.spool / "messages.jsonl", "ab", buffering=1 << 20) as file:
            for number in range(60_000):
                file.write(b'{"t": "metric", "at": 1, "name": "n", "value": %d, "unit": ""}\n' % number)
            file.write(b"x" * 2_000_000 + b"\n")
            file.write(b"[" * 100_000 + b"\n")
        return passed("flooded")

    @action("Hide")
    def hides(self, ctx: Context, options: object) -> Result:
        """Leaves a process that has its own session and no parent, and that never executes another program."""
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                (ctx.spool / "hidden.pid").write_text(str(os.getpid()))
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                time.sleep(300)
            os._exit(0)
        time.sleep(300)
        return passed("never")

    @action("Serve")
    def serves(self, ctx: Context, options: object) -> Result:
        """Starts a service that is to outlive the attempt, and something that is not."""
        clean = {name: value for name, value in os.environ.items() if name != "CALLBOARD_ATTEMPT"}
        service = subprocess.Popen(["sh", "-c", "sleep 78.5; true"], start_new_session=True, env=clean)
        subprocess.Popen(["sleep", "79.5"])
        ticks = int(Path(f"/proc/{service.pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
        (ctx.spool / "outlives.json").write_text(json.dumps({"processes": [[service.pid, ticks], [1, 1], "x"]}))
        return passed(str(service.pid))

    @action("Ask")
    def asks(self, ctx: Context, options: object) -> Result:
        return passed(ctx.ask("go on?", ["yes", "no"], timeout=20))

    @action("See")
    def sees(self, ctx: Context, options: object) -> Result:
        subprocess.run(["sh", "-c", "env; ls -l /proc/self/fd"], check=False)
        return passed(os.getcwd())

    @action("Sleep")
    def sleeps(self, ctx: Context, options: object) -> Result:
        ctx.progress(0.1, "asleep")
        time.sleep(1.0)
        return passed("slept well")


@hookimpl
def callboard_agents() -> list[Agent]:
    return [Trials()]
