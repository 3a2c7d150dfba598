"""Keeps a Python process within the boundary from inside: an audit hook that refuses to connect, listen, signal or write.

It is loaded into attempts, and by its place into the Pythons that they start, whatever their version: nothing of Callboard
is imported, and the syntax is old. It stops mistakes and code that goes past `ctx`; it is no prison: C code, other
languages, and who means to get around it are not held.
"""

from __future__ import annotations

import _thread
import errno
import fnmatch
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

RULES = "CALLBOARD_BOUNDARY"
MARKS = (b"CALLBOARD_ATTEMPT=", b"CALLBOARD_SERVICE_MARK=", b"CALLBOARD_INSTANCE=")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
LARGEST_LOG = 200_000
MOST_NOTED = 50
MOST_PARENTS = 64


def refusal(words: str, rule: str) -> BaseException:
    """What is raised: an error of the operating system, as programs expect it where something is not permitted."""
    return PermissionError(errno.EPERM, f"{words} (rule: {rule})")


def install(
    rules: dict[str, Any],
    protector: Callable[[str, list[str]], str],
    raised: Callable[[str, str], BaseException] = refusal,
    more: dict[str, Callable[[tuple[Any, ...]], None]] | None = None,
) -> None:
    """Puts the hook in; it cannot be taken out again. `protector` says which pattern protects a path; `more` adds looks."""
    looks = dict(Guard(rules, protector, raised).looks(), **(more or {}))
    busy: set[int] = set()

    def hook(event: str, given: tuple[Any, ...]) -> None:
        look = looks.get(event)
        if look is None:
            return
        me = _thread.get_ident()
        if me not in busy:
            busy.add(me)
            try:
                look(given)
            finally:
                busy.discard(me)

    sys.addaudithook(hook)


class Guard:
    """The rules, and one look for each kind of event."""

    def __init__(
        self,
        rules: dict[str, Any],
        protector: Callable[[str, list[str]], str],
        raised: Callable[[str, str], BaseException] = refusal,
    ) -> None:
        self._ports = frozenset(rules.get("ports", ()))
        self._reads = bool(rules.get("reads"))
        self._live = [str(name).lower() for name in rules.get("live", ())]
        self._live_ips: frozenset[str] | None = None if self._live else frozenset()
        self._own: frozenset[str] | None = None
        self._top = str(rules.get("top", ""))
        self._paths = list(rules.get("paths", ()))
        self._processes = list(rules.get("processes", ()))
        self._pid_files = list(rules.get("pid_files", ()))
        self._log = str(rules.get("log", ""))
        self._who = str(rules.get("who", ""))
        self._noted = 0
        self._protector = protector
        self._raised = raised

    def looks(self) -> dict[str, Callable[[tuple[Any, ...]], None]]:
        """By the name of the audit event what looks at it."""
        found: dict[str, Callable[[tuple[Any, ...]], None]] = {
            "socket.bind": self.bind,
            "os.kill": self.kill,
            "os.killpg": self.kill_group,
        }
        if not self._reads:
            found["socket.connect"] = found["socket.sendto"] = self.connect
            if self._live:
                found["socket.getaddrinfo"] = found["socket.gethostbyname"] = self.name
        if self._top and self._paths:
            found["open"] = self.open
            for event in ("os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.chown", "os.utime"):
                found[event] = self.touch
            found["os.truncate"] = self.cut
            for event in ("os.rename", "os.link", "os.symlink"):
                found[event] = self.move
        return found

    def bind(self, given: tuple[Any, ...]) -> None:
        """No protected port is listened on."""
        port = _port(given[1])
        if port in self._ports:
            self.refuse(f"port {port} belongs to the platform", "boundary.protected_ports")

    def connect(self, given: tuple[Any, ...]) -> None:
        """Nothing is sent to the live platform, unless reading is allowed: what is sent cannot be told from here."""
        address = given[1]
        port = _port(address)
        if port is None:
            return
        host = _text(address[0])
        if port in self._ports and self._is_here(host):
            self.refuse(f"{host}:{port} is live; nothing is sent to it", "boundary.live_reads")
        if self._live and (self._is_named(host) or _plain(host) in self._ips()):
            self.refuse(f"{host} is live; nothing is sent to it", "boundary.live_reads")

    def name(self, given: tuple[Any, ...]) -> None:
        """The name of a live host is not even looked up."""
        host = _text(given[0])
        if self._is_named(host):
            self.refuse(f"{host} is live; nothing is sent to it", "boundary.live_reads")

    def kill(self, given: tuple[Any, ...]) -> None:
        """Signals go to what Callboard started."""
        pid, number = given[0], given[1]
        if number:
            self._signal(pid)

    def kill_group(self, given: tuple[Any, ...]) -> None:
        """The same for a whole group: by its leader."""
        pid, number = given[0], given[1]
        if number and pid:
            self._signal(pid)

    def open(self, given: tuple[Any, ...]) -> None:
        """No protected path of the workspace is opened for writing."""
        path, flags = given[0], given[2]
        if isinstance(flags, int) and flags & WRITING and not isinstance(path, int):
            self._write(path, -1)

    def touch(self, given: tuple[Any, ...]) -> None:
        """Nor changed in another way."""
        if not isinstance(given[0], int):
            self._write(given[0], given[-1] if len(given) > 1 and isinstance(given[-1], int) else -1)

    def cut(self, given: tuple[Any, ...]) -> None:
        """Nor cut short."""
        if not isinstance(given[0], int):
            self._write(given[0], -1)

    def move(self, given: tuple[Any, ...]) -> None:
        """Nor moved, nor reached by a new link."""
        for place, at in ((0, 2), (1, 3)):
            path = given[place]
            handle = given[at] if len(given) > at and isinstance(given[at], int) else -1
            if not isinstance(path, int):
                self._write(path, handle)

    def refuse(self, words: str, rule: str) -> None:
        """Writes it down and raises it."""
        self._note(words, rule)
        raise self._raised(words, rule)

    def _signal(self, pid: int) -> None:
        if pid == os.getpid() or pid == 0:
            return
        if pid < 0 and pid != -os.getpgrp():
            if pid == -1:
                self.refuse("a signal to everybody is sent by nobody", "boundary.signals")
            pid = -pid
        names = _names(pid)
        if names is None:
            return
        shown = "process {}{}".format(pid, f" ({names[0][:60]})" if names[0] else "")
        if pid in _numbers(self._pid_files):
            self.refuse(f"{shown} is protected by its pid file", "boundary.protected_processes")
        if _is_ours(pid):
            return
        for pattern in self._processes:
            if any(_fits(name, pattern) for name in names):
                self.refuse(f"{shown} is protected by '{pattern}'", "boundary.protected_processes")
        self.refuse(f"{shown} was not started by Callboard; it is not signalled", "boundary.signals")

    def _write(self, path: Any, handle: int) -> None:
        try:
            text = os.fsdecode(path)
            if not os.path.isabs(text):
                base = os.readlink(f"/proc/self/fd/{handle}") if handle >= 0 else os.getcwd()
                text = os.path.join(base, text)
            text = os.path.normpath(text)
            folder, name = os.path.split(text)
            forms = (text, os.path.realpath(text), os.path.join(os.path.realpath(folder), name))
        except (OSError, TypeError, ValueError):
            return
        for form in dict.fromkeys(forms):
            if form.startswith(self._top + "/"):
                relative = form[len(self._top) + 1 :]
                pattern = self._protector(relative, self._paths)
                if pattern:
                    self.refuse(f"'{relative}' is protected by '{pattern}'", "boundary.protected_paths")

    def _is_named(self, host: str) -> bool:
        plain = host.lower().rstrip(".")
        return any(plain == name or (name[:2] == "*." and plain.endswith(name[1:])) for name in self._live)

    def _ips(self) -> frozenset[str]:
        if self._live_ips is None:
            self._live_ips = frozenset(ip for name in self._live if name[:2] != "*." for ip in _resolved(name))
        return self._live_ips

    def _is_here(self, host: str) -> bool:
        bare = _plain(host.partition("%")[0].lower())
        if bare in ("", "localhost", "0.0.0.0", "::", "::1", "<broadcast>") or bare.startswith("127."):  # noqa: S104  compared
            return True
        if self._own is None:
            self._own = frozenset(_resolved(os.uname().nodename)) | frozenset(_routed())
        if bare in self._own:
            return True
        return not _is_number(bare) and any(
            ip.startswith("127.") or ip == "::1" or ip in self._own for ip in _resolved(bare)
        )

    def _note(self, words: str, rule: str) -> None:
        self._noted += 1
        if not self._log or self._noted > MOST_NOTED:
            return
        line = (
            json.dumps({"at": round(time.time(), 3), "rule": rule, "words": words[:300], "who": self._who[:200]}) + "\n"
        )
        try:
            if os.path.exists(self._log) and os.path.getsize(self._log) > LARGEST_LOG:
                os.replace(self._log, self._log + ".1")
            os.makedirs(os.path.dirname(self._log), mode=0o700, exist_ok=True)
            handle = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, line.encode("utf-8", "replace"))
            finally:
                os.close(handle)
        except OSError:
            return


def _port(address: Any) -> int | None:
    if isinstance(address, tuple) and len(address) >= 2 and isinstance(address[1], int):
        return address[1]
    return None


def _text(host: Any) -> str:
    return host.decode("utf-8", "replace") if isinstance(host, (bytes, bytearray)) else str(host or "")


def _plain(host: str) -> str:
    """An address in its usual spelling: '127.1', '2130706433' and '::ffff:127.0.0.1' are 127.0.0.1."""
    import socket

    try:
        if ":" in host:
            packed = socket.inet_pton(socket.AF_INET6, host)
            is_inner = packed[:12] == b"\0" * 10 + b"\xff\xff"
            return socket.inet_ntoa(packed[12:]) if is_inner else socket.inet_ntop(socket.AF_INET6, packed)
        return socket.inet_ntoa(socket.inet_aton(host)) if host[:1].isdigit() else host
    except (OSError, UnicodeError):
        return host


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _resolved(name: str) -> list[str]:
    import socket

    try:
        return [str(entry[4][0]).partition("%")[0] for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []


def _routed() -> list[str]:
    import socket

    found = []
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            probe = socket.socket(family, socket.SOCK_DGRAM)
            try:
                probe.connect((far, 9))
                found.append(str(probe.getsockname()[0]))
            finally:
                probe.close()
        except OSError:
            continue
    return found


def _names(pid: int) -> tuple[str, str] | None:
    """Name and command line of a process; None when there is none, or when this system cannot say."""
    try:
        with open(f"/proc/{pid}/comm", "rb") as file:
            name = file.read(100).decode("utf-8", "replace").strip()
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return name, file.read(4_096).replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return None


def _is_ours(pid: int) -> bool:
    """Whether it is of our session, comes from us, or carries a mark of Callboard."""
    try:
        if os.getsid(pid) == os.getsid(0):
            return True
        with open(f"/proc/{pid}/environ", "rb") as file:
            entries = file.read(1_000_000).split(b"\0")
            if any(entry.startswith(MARKS) and entry.partition(b"=")[2].strip() for entry in entries):
                return True
        at, mine = pid, os.getpid()
        for _ in range(MOST_PARENTS):
            with open(f"/proc/{at}/stat", "rb") as file:
                at = int(file.read(4_096).rpartition(b")")[2].split()[1])
            if at == mine:
                return True
            if at <= 1:
                break
    except (OSError, ValueError, IndexError):
        return False
    return False


def _numbers(files: list[str]) -> set[int]:
    found = set()
    for place in files:
        try:
            with open(place, "rb") as file:
                found.add(int(file.read(40).split()[0]))
        except (OSError, ValueError, IndexError):
            continue
    return found


def _fits(name: str, pattern: str) -> bool:
    plain, wanted = name.casefold(), pattern.casefold()
    words = plain.split()
    bare = not set("*?[ ") & set(wanted)
    return fnmatch.fnmatchcase(plain, wanted) or (
        bare and (wanted in words or wanted in [word.rsplit("/", 1)[-1] for word in words])
    )
