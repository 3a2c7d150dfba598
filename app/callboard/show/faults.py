"""Faults that a client can cause at will: the first of a kind is told in full, a flood of them is only counted."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

logger = logging.getLogger(__name__)

LOGGERS = ("engineio.server", "socketio.server")
QUIET_S = 60.0
MOST_KINDS = 200


class Faults(logging.Filter):
    """An exception handler for the loop, and a filter for the loggers of the sockets."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, tuple[float, int]] = {}

    def __call__(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        error = context.get("exception")
        message = str(context.get("message") or "A fault")
        more = self._more(f"{message} {_place(error)}")
        if more is not None:
            logger.error("%s%s", message, more, exc_info=error)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is told."""
        error = record.exc_info[1] if record.exc_info else None
        more = self._more(f"{record.msg} {_place(error)}")
        if more is None:
            return False
        record.msg = f"{record.msg}{more}"
        return True

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Takes over what the loop and the sockets have to tell."""
        loop.set_exception_handler(self)
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)

    def _more(self, kind: str) -> str | None:
        """Words about how many were left out, or None when this one is left out too."""
        now = time.monotonic()
        at, more = self._told.get(kind, (-QUIET_S, 0))
        if now - at < QUIET_S:
            self._told[kind] = (at, more + 1)
            return None
        if len(self._told) >= MOST_KINDS:
            self._told.clear()
        self._told[kind] = (now, 0)
        return f" ({more} more of this kind were not told)" if more else ""


def _place(error: BaseException | None) -> str:
    trace = error.__traceback__ if error is not None else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{type(error).__name__} {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
