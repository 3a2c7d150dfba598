"""Starts a program that outlives the attempt that asked for it, and says which processes are to stay."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from callboard.api import Context
from callboard_infra_deploy.processes import family, ticks

OUTLIVES = "outlives.json"


def launch(output: Path, words: list[str], folder: Path, given: dict[str, str]) -> tuple[int, str]:
    """The pid (0 for none) and what is wrong ('' for nothing); its output is added to the file."""
    starter = Path(__file__).with_name("starter.py")
    command = [sys.executable, "-I", "-S", str(starter), str(output), *words]
    done = subprocess.run(
        command, cwd=folder, env=given, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False, timeout=60
    )
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    pid = int(lines[0]) if lines and lines[0].isdigit() else 0
    return pid, next((line[1:] for line in lines if line.startswith("!")), "" if pid else "its starter failed")


def hand_over(ctx: Context, families: Iterable[tuple[str, str]]) -> None:
    """Names the processes, by name and mark, that are to outlive this attempt; whatever else it leaves is ended with it."""
    named = [[seen.pid, ticks(seen)] for name, mark in families for seen in family(name, mark)]
    new = ctx.spool / "outlives.json.new"
    new.write_text(json.dumps({"processes": named}), "utf-8")
    new.replace(ctx.spool / OUTLIVES)
