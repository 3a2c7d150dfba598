"""`crew`: the platform's crews at the terminal, the file by which one tells what it does, and its token."""

import argparse
import hashlib
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from callboard.cli import DONE, FAILED
from callboard.commands.doors import reading_desk, settings_of
from callboard.commands.show import ago, paint, plain, print_json, table
from callboard.core.crew_pace import seconds_words
from callboard.errors import ConfigError, NotFound
from callboard.guard.crew_token import CrewToken
from callboard.guard.running import running_server
from callboard.settings import PORT, Settings

OBSERVER = "callboard_crew_observer.py"
COLOURS = {"working": "36", "running": "36", "failed": "31", "lost": "33", "succeeded": "32", "slow": "33"}
MOST_SHOWN = 8


def crew(given: argparse.Namespace) -> int:
    """What is known of the crews, or of one; or its observer or its token."""
    settings = settings_of(given)
    if given.what == "observer":
        return _observer(settings, given)
    if given.what == "token":
        return _token(settings, given)
    page = reading_desk(settings).crew()
    rows = [row for row in page["crews"] if given.what in ("", row["name"])]
    if given.what and not rows:
        known = ", ".join(row["name"] for row in page["crews"]) or "none so far"
        raise NotFound(f"nothing was ever heard of a crew '{given.what}'; known: {known}")
    if given.json:
        print_json(rows[0] if given.what else page)
        return DONE
    if not rows:
        sys.stdout.write(f"{page['why']}\n")
    for number, row in enumerate(rows):
        sys.stdout.write("\n" if number else "")
        _print(row)
    return DONE


def _print(row: Any) -> None:
    heard = f", heard {ago(row['heard'])}" if row.get("heard") else ""
    flight = f"{row['in_flight']} workflow{'' if row['in_flight'] == 1 else 's'} in flight"
    sys.stdout.write(f"{plain(row['title'])}: {flight}{heard}\n")
    for source in row["sources"]:
        if source["state"] != "fresh":
            why = f": {plain(source['words'], 300)}" if source["words"] else ""
            sys.stdout.write(f"source {source['kind']} is {source['state']}{why}\n")
    if row.get("dropped"):
        sys.stdout.write(f"{row['dropped']} facts were lost on the way: what follows may lack some\n")
    sys.stdout.write("\n")
    table(
        [
            (plain(agent["role"]), _coloured(agent["state"]), plain(agent["task"]), str(agent["done"]), str(agent["failed"]),
             _seconds(agent["last_s"]), _seconds(agent["p50_s"]), _seconds(agent["p95_s"]), _tokens(agent))
            for agent in row["agents"]
        ],
        ("AGENT", "STATE", "TASK", "DONE", "FAILED", "LAST", "P50", "P95", "TOKENS"),
    )  # fmt: skip
    for slow in row["slow"]:
        sys.stdout.write(f"{paint('slow', COLOURS['slow'])}  {plain(slow['words'], 500)}, since {ago(slow['since'])}\n")
    if row["workflows"]:
        sys.stdout.write("\n")
        table(
            [
                (workflow["id"][:8], workflow["process"], _coloured(workflow["state"]), _progress(workflow),
                 _took(workflow), ago(workflow["started"]) if workflow["started"] else "", _at(workflow))
                for workflow in row["workflows"][:MOST_SHOWN]
            ],
            ("WORKFLOW", "PROCESS", "STATE", "TASKS", "TOOK", "BEGAN", "WHERE"),
        )  # fmt: skip


def _coloured(state: str) -> str:
    return paint(state, COLOURS.get(state, ""))


def _seconds(value: float | None) -> str:
    return seconds_words(value) if value is not None else ""


def _tokens(agent: Any) -> str:
    return f"{agent['input'] + (agent['output'] or 0):,}" if agent["input"] is not None else ""


def _progress(workflow: Any) -> str:
    total = f"/{workflow['total']}" if workflow["total"] is not None else ""
    return f"{workflow['done']}{total}"


def _took(workflow: Any) -> str:
    if workflow["started"] is None or workflow["state"] == "lost":
        return ""
    return seconds_words(max(0.0, (workflow["ended"] or time.time()) - workflow["started"]))


def _at(workflow: Any) -> str:
    """Where it is, or where it failed and with what."""
    wanted = "running" if workflow["state"] == "running" else "failed"
    found = [task for task in workflow["tasks"] if task["state"] == wanted]
    if not found:
        return plain(workflow["error"], 200) if workflow["state"] == "failed" else ""
    task = found[-1]
    role = f" ({task['role']})" if task["role"] else ""
    error = task["error"] or (workflow["error"] if wanted == "failed" else "")
    return plain(f"{task['name']}{role}" + (f": {error}" if error else ""), 200)


def observer_text() -> str:
    """The file that a crew's program imports."""
    return files("callboard.link.observer").joinpath(OBSERVER).read_text(encoding="utf-8")


def _observer(settings: Settings, given: argparse.Namespace) -> int:
    """Prints the file, or writes it into a folder and says how it is used."""
    text = observer_text()
    if given.write is None:
        sys.stdout.write(text)
        return DONE
    folder: Path = given.write
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; name the one that holds the crew's program")
    file = folder / OBSERVER
    if file.is_symlink() or (file.exists() and not file.is_file()):
        raise ConfigError(f"{file} is no plain file; it is left alone")
    same = file.exists() and file.read_bytes() == text.encode()
    if file.exists() and not same and not given.force:
        raise ConfigError(f"{file} is there and differs; with --force it is replaced")
    if not same:
        file.write_text(text, encoding="utf-8")
    server = running_server(settings.data)
    address = server.address if server is not None else f"http://127.0.0.1:{PORT}"
    digest = hashlib.sha256(text.encode()).hexdigest()
    if given.json:
        print_json({"file": str(file), "sha256": digest, "address": address, "folder": str(settings.data / "crew")})
        return DONE
    sys.stdout.write(
        f"{file} is {'as it was' if same else 'written'}. Two lines of the crew's program, after its imports, let it watch:\n\n"
        "    import callboard_crew_observer\n"
        '    callboard_crew_observer.watch("journal")\n\n'
        "Without CALLBOARD_CREW in its environment they do nothing. With it:\n\n"
        f"    CALLBOARD_CREW={address}\n"
        "    CALLBOARD_CREW_TOKEN=…              what `callboard crew token --new` prints\n\n"
        f"or, with no network at all: CALLBOARD_CREW={settings.data / 'crew'}\n"
    )
    return DONE


def _token(settings: Settings, given: argparse.Namespace) -> int:
    """Makes or revokes the crew's token, or says whether there is one."""
    token = CrewToken(settings.data)
    if given.new:
        made = token.new()
        if given.json:
            print_json({"token": made})
        else:
            sys.stdout.write(f"{made}\n")
            sys.stderr.write("It is shown this once. It may tell what the crew does, and nothing else.\n")
        return DONE
    if given.revoke:
        there = token.revoke()
        if given.json:
            print_json({"revoked": there})
        else:
            sys.stdout.write("the crew's token is good no more\n" if there else "there was none\n")
        return DONE
    at = token.made_at()
    if given.json:
        print_json({"there": at is not None, "made": at})
    elif at is None:
        sys.stdout.write("there is no crew token; `callboard crew token --new` makes one\n")
    else:
        sys.stdout.write(f"there is a crew token, made {ago(at)}; it cannot be shown again, --new makes another\n")
    return DONE if at is not None else FAILED
