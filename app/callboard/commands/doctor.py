"""`doctor`: looks for what is wrong here; every finding comes with a fix or a next step."""

import argparse
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from callboard.cli import DONE, FAILED
from callboard.commands.doors import settings_of
from callboard.commands.show import paint, plain, print_json
from callboard.errors import CallboardError, RecordError
from callboard.guard.running import running_server
from callboard.guard.trust import Trust
from callboard.settings import Settings

LEAST_FREE_MB = 500


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at: `level` is ok, note or fault; `fix` is what to do about a note or a fault."""

    name: str
    level: str
    words: str
    fix: str = ""


def doctor(given: argparse.Namespace) -> int:
    """All checks; exit 1 when there is a fault."""
    settings = settings_of(given)
    checks = list(_all(settings))
    if given.json:
        print_json([asdict(check) for check in checks])
    else:
        signs = {"ok": paint("✓", "32"), "note": paint("·", "33"), "fault": paint("✗", "31")}
        for check in checks:
            sys.stdout.write(f"{signs[check.level]} {check.name}: {plain(check.words, 1000)}\n")
            if check.fix:
                sys.stdout.write(f"    → {plain(check.fix, 1000)}\n")
    return FAILED if any(check.level == "fault" for check in checks) else DONE


def _all(settings: Settings) -> Iterator[Check]:
    looks: tuple[Callable[[Settings], Iterator[Check]], ...] = (
        _python, _data, _disk, _database, _server, _workspace, _config, _plugins, _tools, _platform,
    )  # fmt: skip
    for look in looks:
        try:
            yield from look(settings)
        except CallboardError as error:
            yield Check(
                look.__name__.strip("_"), "fault", str(error), "follow the message above, then run doctor again"
            )
        except OSError as error:
            yield Check(look.__name__.strip("_"), "fault", str(error), "look at the named file's owner and permissions")


def _python(settings: Settings) -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("Python", "ok", f"{version} at {sys.executable}")


def _data(settings: Settings) -> Iterator[Check]:
    data = settings.data
    if not data.exists():
        yield Check("data folder", "note", f"{data} is not there yet", "it is made by the first run")
        return
    if not os.access(data, os.W_OK | os.X_OK):
        yield Check(
            "data folder",
            "fault",
            f"{data} cannot be written",
            f"chown it to yourself, or use --data; owner {data.owner()}",
        )
        return
    mode = stat.S_IMODE(data.stat().st_mode)
    private = data / "run"
    if private.exists() and stat.S_IMODE(private.stat().st_mode) & 0o077:
        yield Check("data folder", "fault", f"{private} can be read by others", f"chmod 700 {private}")
    yield Check("data folder", "ok", f"{data} (mode {mode:o})")


def _disk(settings: Settings) -> Iterator[Check]:
    place = settings.data
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / (1 << 20)
    level = "ok" if free > LEAST_FREE_MB else "fault"
    fix = "" if level == "ok" else f"free some space on the disk of {place}, or use --data on another one"
    yield Check("disk", level, f"{free / 1024:.1f} GiB free at {place}", fix)


def _database(settings: Settings) -> Iterator[Check]:
    from callboard.record.database import NAME, look_at
    from callboard.record.migrations import MIGRATIONS

    path = settings.data / NAME
    if not path.exists():
        yield Check("database", "note", "none yet", "it is made by the first run")
        return
    try:
        answer, form, events = look_at(path)
    except RecordError as error:
        yield Check("database", "fault", str(error), f"copy the newest file of {settings.data / 'backups'} to {path}")
        return
    if answer != "ok":
        yield Check(
            "database", "fault", f"{path} is damaged: {answer}", f"copy a backup from {settings.data / 'backups'}"
        )
        return
    if form > len(MIGRATIONS):
        yield Check(
            "database",
            "fault",
            f"form {form} is newer than this program ({len(MIGRATIONS)})",
            "install the newer Callboard",
        )
        return
    yield Check("database", "ok", f"{path}, form {form}, {events:,} events")
    yield from _record(settings)


def _record(settings: Settings) -> Iterator[Check]:
    from callboard.record.check import broken_promises, differences
    from callboard.record.database import open_database

    if running_server(settings.data) is not None:
        yield Check(
            "record", "note", "a server is writing to it", "stop the server for a check of the log against the tables"
        )
        return
    database = open_database(settings.data)
    try:
        wrong = differences(database)
        broken = broken_promises(database) if not wrong else []
    finally:
        database.close()
    if wrong:
        yield Check(
            "record", "fault", f"log and tables differ: {'; '.join(wrong[:5])}", "keep the database and report this"
        )
    else:
        yield Check("record", "ok", "the log folded from the start equals the tables")
    if broken:
        yield Check("promises", "fault", "; ".join(broken[:5]), "keep the database and report this")
    elif not wrong:
        yield Check("promises", "ok", "no attempt in the log broke a promise of the core")


def _server(settings: Settings) -> Iterator[Check]:
    server = running_server(settings.data)
    if server is None:
        yield Check("server", "note", "none runs for this data folder", "start one with `callboard up`")
    else:
        yield Check("server", "ok", f"{server.address}, process {server.pid}")


def _workspace(settings: Settings) -> Iterator[Check]:
    from callboard.work.workspace import Workspace

    files = len(Workspace(settings.workspace).files)
    yield Check(
        "workspace",
        "ok" if files else "note",
        f"{settings.workspace}: {files:,} files",
        "" if files else "is it the right one?",
    )
    why = Trust(settings.data).why_not(settings.workspace)
    if why:
        yield Check("trust", "note", why, "look at it, then run with --trust")
    else:
        yield Check("trust", "ok", "the workspace is trusted")
    if not (settings.workspace / ".git").exists():
        yield Check("git", "note", "no git checkout", "run `git init` and commit: patches and history need it")
    if shutil.which("git") is None:
        yield Check("git", "fault", "git is not installed", "install git: file lists, patches and commits need it")


def _config(settings: Settings) -> Iterator[Check]:
    from callboard.config import read_config

    config = read_config(settings.workspace)
    words = f"{config.file}" if config.exists else "no callboard.toml: everything is detected"
    yield Check("configuration", "ok", words)


def _plugins(settings: Settings) -> Iterator[Check]:
    from callboard.agents.catalogue import scan

    catalogue = scan(settings.data if settings.data.exists() else None)
    for plugin in catalogue.plugins:
        if plugin.error:
            yield Check(
                f"plugin {plugin.name}",
                "fault",
                plugin.error,
                f"mend or uninstall {plugin.distribution or plugin.name}",
            )
    names = ", ".join(agent.title for agent in catalogue.agents)
    yield Check(
        "agents",
        "ok" if catalogue.agents else "fault",
        names or "none",
        "" if catalogue.agents else "install callboard again",
    )


def _tools(settings: Settings) -> Iterator[Check]:
    from callboard.agents.catalogue import scan
    from callboard.agents.preflight import Ready, preflight

    catalogue = scan(settings.data if settings.data.exists() else None)
    trusted = not Trust(settings.data).why_not(settings.workspace)
    checked = preflight(
        catalogue, settings.workspace, settings.data if settings.data.exists() else None, trusted=trusted
    )
    for agent in checked.agents:
        for tool in agent.tools:
            if tool.ready is not Ready.YES:
                fix = (
                    f"install it: {tool.provided_by}"
                    if not tool.path and tool.provided_by
                    else "see the agent's README"
                )
                yield Check(f"tool {tool.name}", "note", tool.words, fix)


def _platform(settings: Settings) -> Iterator[Check]:
    if not Path("/proc/self/stat").exists():
        yield Check("platform", "note", "no /proc: process trees are found with psutil, more slowly", "nothing to do")
    elif not Path("/proc/pressure/memory").exists():
        yield Check(
            "platform", "note", "no pressure figures: memory pressure is judged by free memory alone", "nothing to do"
        )
    else:
        yield Check("platform", "ok", "process trees and pressure can be read")
