"""`ingest`: hands reports from elsewhere to a run that reads them."""

import argparse
import sys
from pathlib import Path

from callboard.client import RemoteDesk
from callboard.commands.doors import ensure_trust, remote_desk, settings_of
from callboard.commands.following import Message, drained, follow, streamed
from callboard.desk.ingest import LARGEST_UPLOAD, Upload
from callboard.errors import ConfigError
from callboard.guard.trust import user_name


def ingest(given: argparse.Namespace) -> int:
    """Takes the files in and tells what they hold."""
    settings = settings_of(given)
    uploads = [_upload(path) for path in given.files]
    ensure_trust(settings, given)
    given.events = False
    remote = remote_desk(settings)
    if remote is not None:
        return _by_server(remote, uploads, given, str(settings.workspace))
    import queue

    from callboard.wiring import House

    with House(settings, cases=True) as house:
        messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        given.since = house.desk.last_seq()
        stop = house.desk.watch(messages.put)
        number = house.desk.ingest(uploads, user_name(), given.source, given.commit, given.format)
        code = follow(house.desk, number, given, drained(messages))
        stop()
        return code


def _by_server(desk: RemoteDesk, uploads: list[Upload], given: argparse.Namespace, workspace: str) -> int:
    given.since = desk.last_seq()
    number = desk.ingest(uploads, "", given.source, given.commit, given.format, workspace)
    sys.stderr.write(f"handed over to the server at {desk.server.address} as run {number}\n")
    return follow(desk, number, given, streamed(desk, given.since))


def _upload(path: Path) -> Upload:
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST_UPLOAD + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(data) > LARGEST_UPLOAD:
        raise ConfigError(f"{path} has more than {LARGEST_UPLOAD >> 20} MiB; let the tool write less, or split it")
    return Upload(path.name, data)
