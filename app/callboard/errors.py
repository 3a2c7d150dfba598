"""The one tree of exceptions.

CallboardError                 what a person may see; the message names the thing, the fault and the mend
├── Refused                    a wish that cannot be granted in the present state
├── NotFound                   there is no such run, task, agent or file
├── ConfigError                a file of the user is wrong; carries file and line
├── BoundaryError              the boundary forbids it; carries the rule
├── PluginError                an agent's package is broken
├── RecordError                the database cannot be used
│   └── RecordFull             the disk is full; it may be tried again
│       └── RecordHeld         another program holds the database
└── NotReachable               no running program answers
"""


class CallboardError(Exception):
    """Something a person should read; `str()` is one sentence, fit for a terminal."""


class Refused(CallboardError):
    """A command that the present state does not allow."""


class NotFound(CallboardError):
    """A thing that was named does not exist."""


class ConfigError(CallboardError):
    """A fault in a file that the user wrote.

    `file` is its path (shown as it prints), `line` the 1-based line or 0 if unknown.
    """

    def __init__(self, message: str, file: object = "", line: int = 0) -> None:
        self.file = str(file)
        self.line = line
        place = f"{self.file}:{line}: " if self.file and line else f"{self.file}: " if self.file else ""
        super().__init__(place + message)


class BoundaryError(CallboardError):
    """The boundary forbids an act; `rule` is the name of the rule as it stands in `callboard.toml`."""

    def __init__(self, message: str, rule: str) -> None:
        self.rule = rule
        super().__init__(f"{message} (rule: {rule})")


class PluginError(CallboardError):
    """An agent's package cannot be used."""


class RecordError(CallboardError):
    """The database cannot be used as it is."""


class RecordFull(RecordError):
    """The disk has no room for the log; nothing is lost, the same write may be tried again."""


class RecordHeld(RecordFull):
    """Another program holds the database for a moment; the same write may be tried again."""


class NotReachable(CallboardError):
    """No running Callboard answers for this data folder."""
