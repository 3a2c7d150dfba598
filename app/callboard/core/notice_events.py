"""What was said to people outside of the board: notices for a channel, and each try to deliver one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NoticesMade:
    """News that channels are to be told: each a mapping of the fields of `Notice` that a new one has.

    One whose id is known already is none: the same news is told to a channel once, however often it is made.
    """

    at: float
    notices: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class NoticesTried:
    """The notices `ids` of a channel were sent as one message, or not: then `words` say why.

    They are tried again at `again`; None: no more. `by` is who wished for it, '' for Callboard by itself.
    """

    at: float
    ids: tuple[str, ...]
    ok: bool
    words: str
    again: float | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class NoticeRenewed:
    """A person wants a notice that was given up, or failed, to be tried again now."""

    at: float
    id: str
    by: str


NoticeEvent = NoticesMade | NoticesTried | NoticeRenewed
NOTICE_EVENTS = (NoticesMade, NoticesTried, NoticeRenewed)
