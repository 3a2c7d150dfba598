"""Sends a message to an address as apprise writes them; apprise lives here alone, and is loaded when the first one is sent."""

import logging
import os
import re
import threading
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from callboard.config.notifying import NotifyTable, wrong_query
from callboard.core.boundary import Boundary
from callboard.core.notices import Message
from callboard.errors import BoundaryError
from callboard.work.finding import clean

OVER_HTTP = {"json": "http", "jsons": "https", "xml": "http", "xmls": "https", "form": "http", "forms": "https"}
STAMP = re.compile(r"^[\d\-:, .]*-?\s*(?:WARNING|ERROR)\s*-\s*")
LONGEST_WORDS = 300
SHORTEST_SECRET = 4
TIMEOUT = "cto=5&rto=10"
KINDS = {"critical": "failure", "high": "failure", "medium": "warning"}


class Sender:
    """Delivers messages of channels, one at a time."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._sending = threading.Lock()

    def send(self, table: NotifyTable, boundary: Boundary, message: Message) -> str:
        """Sends it; '' when it was taken, else why not, without what is secret in the address."""
        url, why = self.address(table, boundary)
        if why:
            return why
        try:
            import apprise
        except ImportError as error:
            return f"apprise cannot be loaded ({error.name}): pip install 'apprise>=2.3'"
        with self._sending, apprise.LogCapture(level=logging.WARNING) as said:  # type: ignore[no-untyped-call]
            service = apprise.Apprise()
            if not service.add(f"{url}{'&' if '?' in url else '?'}{TIMEOUT}"):
                return f"{_scheme(url)}:// with this address is nothing that apprise knows"
            kind = apprise.NotifyType(KINDS.get(message.severity, "info"))
            taken = service.notify(
                title=message.title, body=message.body, notify_type=kind, body_format=apprise.NotifyFormat.TEXT,
                interpret_escapes=False,
            )  # fmt: skip
            return "" if taken else plain(said.getvalue(), url) or f"{_scheme(url)}:// did not take it"

    def address(self, table: NotifyTable, boundary: Boundary) -> tuple[str, str]:
        """The address of a channel and '', or '' and why there is none; raises nothing."""
        if not table.enabled:
            return "", f"[notify.{table.channel.name}] has enabled = false"
        url = table.url or self._environment.get(table.url_env, "")
        if not url:
            return "", f"the environment variable {table.url_env} is not set where Callboard runs"
        wrong = wrong_query(url) or _live(url, boundary)
        return ("", wrong) if wrong else (url.strip(), "")

    def shown(self, table: NotifyTable) -> str:
        """Where it goes, fit to be read by everybody: the scheme and the host of a plain address, else the scheme alone."""
        if table.url:
            parts = urlsplit(table.url)
            return f"{parts.scheme}://{parts.hostname or ''}"
        url = self._environment.get(table.url_env, "")
        return f"{_scheme(url)}://… from {table.url_env}" if url else f"{table.url_env} (not set)"


def plain(said: str, url: str) -> str:
    """The last words of apprise about a failure, where no part of the address is left that could be a secret."""
    lines = [line for line in said.splitlines() if line.strip()]
    text = STAMP.sub("", lines[-1]) if lines else ""
    parts = re.split(r"[/:@?&=#,]+", url.partition("://")[2])
    for part in sorted({*parts, *map(unquote, parts)}, key=len, reverse=True):
        if len(part) >= SHORTEST_SECRET:
            text = text.replace(part, "…")
    return clean(text.strip(), LONGEST_WORDS)


def _scheme(url: str) -> str:
    return clean(url.partition("://")[0].lower(), 20)


def _live(url: str, boundary: Boundary) -> str:
    """Why the platform keeps us from it: a notice is a request that changes something."""
    over = OVER_HTTP.get(_scheme(url))
    if over is None:
        return ""
    try:
        if boundary.is_live(f"{over}://{url.partition('://')[2]}"):
            return "it leads to the live platform, which is only read (rule: boundary.live_reads)"
    except BoundaryError as error:
        return str(error)
    return ""
