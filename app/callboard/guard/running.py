"""The file by which the command line and the window find the running program and its launch token."""

import json
import os
import re
import secrets
import stat
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from callboard.errors import CallboardError, Refused

LONGEST_FILE = 16_384
LOOPBACK_URL = re.compile(r"http://(?:127(?:\.\d{1,3}){3}|localhost|\[::1\]):\d{1,5}")
TOKEN = re.compile(r"[\w-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A program that runs: its address, its launch token, and which process it is."""

    address: str
    token: str
    pid: int
    ticks: int
    boot: str

    @property
    def link(self) -> str:
        """What a person opens once; the browser swaps the token for a session."""
        return f"{self.address}/?token={self.token}"


def new_token() -> str:
    """256 random bits in 43 characters that need no quoting in a URL."""
    return secrets.token_urlsafe(32)


def announce(data: Path, address: str, token: str) -> RunningServer:
    """Writes the file of this process, readable by its owner alone; one whose process is gone is replaced.

    Raises `Refused` when another program runs for this data folder.
    """
    other = running_server(data)
    if other is not None and other.pid != os.getpid():
        raise Refused(f"Callboard already runs for {data}, at {other.address} (process {other.pid})")
    folder = private_folder(data / "run")
    identity = _identity(os.getpid())
    if identity is None:
        raise CallboardError("this machine does not say when a process began; /proc or ps is needed")
    server = RunningServer(address, token, os.getpid(), *identity)
    write_private(folder / "server.json", json.dumps(asdict(server)).encode())
    return server


def withdraw(data: Path) -> None:
    """Removes the file, if it is the one of this process."""
    server = running_server(data)
    if server is not None and server.pid == os.getpid():
        (data / "run" / "server.json").unlink(missing_ok=True)


def running_server(data: Path) -> RunningServer | None:
    """The program that runs for this data folder, or None.

    A file that somebody else could have written, that is malformed, or whose process is gone counts as none.
    """
    raw = read_private(data / "run" / "server.json")
    server = _parsed(raw) if raw is not None else None
    if server is None or _identity(server.pid) != (server.ticks, server.boot):
        return None
    return server


def private_folder(folder: Path) -> Path:
    """Makes a folder that only its owner may enter; refuses one of somebody else."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise CallboardError(f"{folder} is not a folder of yours; remove it, or choose another place with --data")
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
    return folder


def write_private(file: Path, content: bytes) -> None:
    """Replaces a file at once with one that only its owner may read."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def read_private(file: Path, most: int = LONGEST_FILE) -> bytes | None:
    """The content of a file that its owner alone may read or write, at most `most` bytes; None for any other."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as opened:
        found = os.fstat(opened.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            return None
        content = opened.read(most + 1)
    return content if len(content) <= most else None


def _parsed(raw: bytes) -> RunningServer | None:
    try:
        found = json.loads(raw)
        address, token, boot, pid, ticks = (found[key] for key in ("address", "token", "boot", "pid", "ticks"))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not all(isinstance(word, str) for word in (address, token, boot)):
        return None
    if not all(type(number) is int and number > 0 for number in (pid, ticks)):
        return None
    if not LOOPBACK_URL.fullmatch(address) or not TOKEN.fullmatch(token):
        return None
    return RunningServer(address, token, pid, ticks, boot)


def _identity(pid: int) -> tuple[int, str] | None:
    """When a process began, in ticks since the boot (elsewhere than on Linux: its second), and which boot."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        if words[0] in ("Z", "X"):
            return None  # it has ended; its parent has not asked yet
        return int(words[19]), Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _identity_by_ps(pid)
    except (OSError, ValueError, IndexError):
        return None


def _identity_by_ps(pid: int) -> tuple[int, str] | None:
    said = _said("ps", "-o", "lstart=", "-p", str(pid))
    try:
        began = int(time.mktime(time.strptime(said, "%a %b %d %H:%M:%S %Y")))
    except ValueError:
        return None
    return began, _said("sysctl", "-n", "kern.bootsessionuuid")


def _said(*argv: str) -> str:
    try:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
        done = subprocess.run(argv, capture_output=True, text=True, timeout=5, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
