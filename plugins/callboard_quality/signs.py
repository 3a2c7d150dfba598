"""What in a failure says that the place is to blame and not the code; what can be looked at is looked at, not believed."""

import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from callboard.api import Workspace
from callboard_quality.causes import NO_MODULE
from callboard_quality.trying import Went

FULL = 50_000_000  # a disk with more bytes free than these is not full
OUTSIDE = ("exit", "start", "collect", "untold")  # ways in which the message alone may not say what went wrong
PLACES = (
    (re.compile(r"Too many open files|\bEMFILE\b"), "too many files are open"),
    (re.compile(r"Cannot allocate memory|\bENOMEM\b|^MemoryError", re.MULTILINE), "there is no memory left"),
    (re.compile(r"Read-only file system|\bEROFS\b"), "the file system cannot be written to"),
    (
        re.compile(
            r"Temporary failure in name resolution|Name or service not known|nodename nor servname|"
            r"No address associated with hostname|\bEAI_AGAIN\b|\bENOTFOUND\b"
        ),
        "a host name cannot be looked up",
    ),
    (re.compile(r"Network is unreachable|\bENETUNREACH\b"), "the network cannot be reached"),
    (re.compile(r"Cannot find module '(?!\.)|ERR_MODULE_NOT_FOUND.{0,200}package '"), "a package is not installed"),
    (re.compile(r"unsupported locale setting"), "the locale is not installed"),
    (
        re.compile(r"no \$?DISPLAY|cannot open display|could not connect to display", re.IGNORECASE),
        "there is no display",
    ),
    (re.compile(r"Cannot connect to the Docker daemon"), "Docker does not run"),
    (re.compile(r"Executable doesn't exist at "), "the browser is not installed"),
)
NO_SPACE = re.compile(r"No space left on device|\bENOSPC\b")
TAKEN = re.compile(r"Address already in use|\bEADDRINUSE\b", re.IGNORECASE)
REFUSED = re.compile(r"Connection refused|\bECONNREFUSED\b")
SERVICES = {
    1433: "SQL Server", 2181: "ZooKeeper", 2379: "etcd", 3306: "MySQL", 4222: "NATS", 5432: "PostgreSQL", 5672: "RabbitMQ",
    6379: "Redis", 8086: "InfluxDB", 9000: "MinIO", 9092: "Kafka", 9200: "Elasticsearch", 11211: "memcached", 27017: "MongoDB",
}  # fmt: skip
PORT = re.compile(r"(?:['\"]\s*,\s*|:|port[ =:]{1,3})(\d{1,5})\b")
LIBRARY = re.compile(
    r"\b(lib[\w.+-]{1,80}\.(?:so|dylib)[\w.]{0,20})\b.{0,40}(?:cannot open shared object|no such file|not found)"
)
STARTED = re.compile(r"No such file or directory: b?['\"]([\w.+-]{1,80})['\"]")
NO_COMMAND = re.compile(
    r"sh: (?:(?:line )?\d+: )?([\w.+-]{1,80}): not found\b|(?:^|[\s:])([\w.+-]{1,80}): command not found\b|"
    r"\bcommand not found: ([\w.+-]{1,80})|\benv: [‘']?([\w.+-]{1,80})[’']?: No such file|"
    r"(?:^|\s)([\w.+-]{1,80}) could not be started: No such file",
    re.MULTILINE,
)
NO_KEY = re.compile(r"KeyError: ['\"](\w{2,80})['\"]")
NO_VARIABLE = re.compile(
    r"(?i:environment variables?) ['\"`]?([A-Z][A-Z0-9_]{2,80})['\"`]? (?:is |was |must be |has to be )?"
    r"(?i:not (?:set|found|defined)|missing|undefined|required|unset|set)"
    r"|(?i:set|missing|needs|no|required) (?:the )?(?i:env(?:ironment)? var(?:iable)? |variable )?['\"`]?([A-Z][A-Z0-9_]{2,80})"
    r"['\"`]? (?i:env(?:ironment)?)\b"
)
ENVIRON = re.compile(r"<frozen os>|\bos\.py\b")
SAID = re.compile(r"^(?:AssertionError|assert\b|Failed: )")
RAISED = re.compile(r"^>?\s+raise \w", re.MULTILINE)


def is_environment(workspace: Workspace, went: Went) -> str:
    """Why a failure is the environment's, '' when nothing says so.

    A program, a module, a variable counts only when it really is not there, and not the workspace's own; a full disk only when
    it is full; a port only when others have it. What code of the workspace raises by its own hand was not the system's word.
    """
    if went.way not in (*OUTSIDE, "failed", "error"):
        return ""
    text = f"{went.message}\n{went.text}"
    for sign in (_system, _lacking, _module):
        words = sign(workspace, went, text)
        if words:
            return words
    return ""


def _system(workspace: Workspace, went: Went, text: str) -> str:
    said = text[: len(went.message)] + (text[-3_000:] if went.way in OUTSIDE else "")
    if _is_played(went):
        return ""
    if NO_SPACE.search(said) and _is_full(workspace.path):
        return "the disk is full"
    if TAKEN.search(said) and _is_taken(text):
        return "a port is taken already"
    if REFUSED.search(said):
        names = [SERVICES[port] for port in _ports(text) if port in SERVICES]
        if names:
            return f"{names[0]} does not answer"
    if (library := LIBRARY.search(said)) is not None:
        return f"the system's library {library[1]} is not installed"
    return next((words for pattern, words in PLACES if pattern.search(said)), "")


def _lacking(workspace: Workspace, went: Went, text: str) -> str:
    """A program or a variable that a failure names and that is not there."""
    started = STARTED.finditer(text) if _is_start(went, text) else ()
    for name in (one for match in (*NO_COMMAND.finditer(text[-20_000:]), *started) for one in match.groups() if one):
        if shutil.which(name) is None and not _has(workspace, name):
            return f"the program {name} is not installed"
    names = (
        [] if SAID.match(went.message) else [one for pair in NO_VARIABLE.findall(text[-20_000:]) for one in pair if one]
    )
    if ENVIRON.search(text[-1_500:]):
        names += NO_KEY.findall(text)
    name = next((name for name in names if name not in os.environ), "")
    return f"the variable {name} is not set" if name else ""


def _module(workspace: Workspace, went: Went, text: str) -> str:
    match = NO_MODULE.search(text)
    if match is None or went.way == "untold":
        return ""
    top = match[1].split(".")[0]
    ends = (f"/{top}.py", f"/{top}/__init__.py")
    if any(f"/{path}".endswith(ends) for path in workspace.files):
        return ""
    return f"the module {match[1]} is not installed there"


def _is_played(went: Went) -> bool:
    """Whether the innermost line is code of the workspace that raises by its own hand, as a test does that plays a full disk."""
    if not went.places or went.way not in ("failed", "error"):
        return False
    shown = [line for line in went.text.splitlines() if line.startswith(">")]
    last = shown[-1] if shown else next(iter(RAISED.findall(went.text)[-1:]), "")
    files = re.findall(r"^(?:E?\s+File \")?([^\s:\"][^:\"\n]{0,500}\.py)(?:\", line |:)\d+", went.text, re.MULTILINE)
    is_own = not files or files[-1].endswith(went.places[-1][0]) or went.places[-1][0].endswith(files[-1])
    return is_own and RAISED.match(last) is not None


def _is_start(went: Went, text: str) -> bool:
    """Whether a file that is not there was to be run and not to be read."""
    return went.way == "untold" or "_execute_child" in text or "subprocess.py" in text or "create_subprocess" in text


def _has(workspace: Workspace, name: str) -> bool:
    return any(path == name or path.endswith(f"/{name}") for path in workspace.files)


def _is_full(top: Path) -> bool:
    places: list[Callable[[], str]] = [lambda: str(top), lambda: os.environ.get("TMPDIR", "/tmp")]  # noqa: S108  # only asked for room
    return any(_room(place()) < FULL for place in places)


def _room(place: str) -> int:
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return FULL


def _ports(text: str) -> Iterator[int]:
    return (int(number) for number in PORT.findall(text[-20_000:]) if int(number) < 65_536)


def _is_taken(text: str) -> bool:
    """Whether one of the ports that the failure names is taken while no test runs; without a name it is believed."""
    ports = sorted({port for port in _ports(text) if port >= 1024})
    free = 0
    for port in ports[:5]:
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                return True
            free += 1
    is_any = re.search(r"['\"]\s*,\s*0\)|port=0\b|getsockname", text) is not None
    return not free and not is_any
