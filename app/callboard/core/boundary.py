"""What the team's own platform is spared: protected paths, ports, processes and hosts. Every refusal is made here.

What a name leads to, and what runs on this machine, is looked up in `callboard.work.sparing`, and judged here.
"""

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

from callboard.core.boundary_hosts import Host, host_of, is_listed
from callboard.core.boundary_paths import lies_in_git, parts_of, protector
from callboard.core.boundary_words import GIT_NAMES, addresses, bound_ports, hosts_named, named_ports, port_of
from callboard.errors import BoundaryError

READING = frozenset({"GET", "HEAD"})
TEMPLATES = ("example", "sample", "template", "dist")
SCHEMES = frozenset({"http", "https", "ws", "wss"})
FIXED = {
    "workspace": "no patch leads out of the workspace, or into git's own folder",
    "boundary.scheme": "only http and ws addresses are asked",
    "boundary.signals": "signals go only to processes that Callboard started",
}


@dataclass(frozen=True, slots=True)
class Boundary:
    """The rules; every refusal is a `BoundaryError` that names one.

    `protected_paths` are globs relative to the workspace that no patch may touch; one that begins with '!' takes out what
    it fits, and of several that fit a path the last one counts. `protected_ports` are never bound, and whoever listens on one
    on this machine is live. `protected_processes` are names, patterns of command lines and pid files (absolute, '.pid') of
    what is never signalled. `live_hosts` may be asked with GET and HEAD, and only when `live_reads` is set. `test_hosts` may
    be asked anything; any other host nothing. `probes_per_second` bounds what is sent to one host by all of Callboard together.
    """

    protected_paths: tuple[str, ...] = (
        ".git/**", ".env", ".env.*", "*/.env", "*/.env.*",
        *(f"!{folder}.env.{kind}" for folder in ("", "*/") for kind in TEMPLATES),
    )  # fmt: skip
    protected_ports: tuple[int, ...] = (5173, 6770)
    protected_processes: tuple[str, ...] = ()
    live_hosts: tuple[str, ...] = ()
    live_reads: bool = False
    test_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "::1")
    probes_per_second: float = 1.0

    def check_path(self, path: str) -> None:
        """Refuses a relative path that leaves the workspace, lies in a `.git` or is protected, however it is spelled.

        What macOS and Windows take for the same file is the same: capital letters, Unicode forms, invisible characters.
        """
        parts = parts_of(path)
        if parts is None:
            self._refuse(f"'{path}' leads out of the workspace", "workspace")
        if lies_in_git(parts):
            self._refuse(f"'{path}' lies in git's own folder", "workspace")
        pattern = protector(path, self.protected_paths)
        if pattern:
            self._refuse(f"'{path}' is protected by '{pattern}'", "boundary.protected_paths")

    def check_bind(self, port: object) -> None:
        """Refuses a port that the platform owns, as a number or as text."""
        number = port_of(port)
        if number in self.protected_ports:
            self._refuse(f"port {number} belongs to the platform; choose another", "boundary.protected_ports")

    def check_request(self, method: str, url: str, reached: Iterable[str] = (), live: Iterable[str] = ()) -> None:
        """Refuses a request that could change or burden a system that is not listed for tests.

        A protected port on a test host is the live platform: it gets GET and HEAD, if `live_reads` is set. `reached` are the
        addresses that the host's name leads to, `live` those of the live hosts, where somebody looked them up.
        """
        parts, port, host = self._address(url)
        place = f"{parts.hostname}:{port}"
        ends = [host_of(ip) for ip in reached]
        is_tested = is_listed(host, self.test_hosts)
        if is_tested and host.is_loopback and any(not end.is_loopback for end in ends):
            away = next(end.name for end in ends if not end.is_loopback)
            self._refuse(f"{parts.hostname} leads to {away}, which is not this machine", "boundary.test_hosts")
        spared = set(live)
        via = next((end.name for end in ends if self._is_live(end, port, is_tested) or end.name in spared), "")
        if self._is_live(host, port, is_tested) or via:
            self._require_reading(f"{place}{f' leads to {via}:{port} and' if via else ''} is live", method)
            return
        if host.is_odd:
            self._refuse(f"{parts.hostname} is an odd spelling of {host.name}; write that", "boundary.test_hosts")
        if not is_tested:
            self._refuse(f"{parts.hostname} is not listed as a test host", "boundary.test_hosts")

    def is_live(self, url: str) -> bool:
        """Whether the address is one of the live platform, by its name; what is no address is not."""
        try:
            parts, port, host = self._address(url)
        except BoundaryError:
            return False
        return bool(parts) and self._is_live(host, port, is_listed(host, self.test_hosts))

    def check_words(self, words: Sequence[str], *, mentions: bool = True) -> None:
        """Refuses a command that would listen on a protected port, as far as its words tell, and with `mentions` one that names
        a live address.
        """
        for port, said in bound_ports(words):
            if port in self.protected_ports:
                self._refuse(f"'{said[:80]}' is port {port}, which belongs to the platform", "boundary.protected_ports")
        for word in words if mentions else ():
            self._check_mentioned(word, word)

    def check_environment(self, given: Mapping[str, str], *, mentions: bool = True) -> None:
        """Refuses variables that hand a protected port to a program, and with `mentions` a live host."""
        for name, value in given.items():
            for port in named_ports(name, value):
                if port in self.protected_ports:
                    self._refuse(f"{name}={value[:80]} belongs to the platform", "boundary.protected_ports")
            if mentions:
                self._check_mentioned(value, name)
        for name, host in hosts_named(given) if mentions else ():
            if is_listed(host_of(host.partition(":")[0] if host.count(":") == 1 else host), self.live_hosts):
                self._refuse(f"{name} names the live host {host[:80]}", "boundary.live_hosts")

    def check_written_environment(self, given: Mapping[str, str], *, mentions: bool = True) -> None:
        """The same for what somebody wrote down: git is not led to another repository either."""
        led = sorted(GIT_NAMES & {name.upper() for name in given})
        if led:
            self._refuse(f"{led[0]} leads git out of the workspace; leave it out", "workspace")
        self.check_environment(given, mentions=mentions)

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Refuses options of an action that name a protected port as a port, or a live address that may not be read."""
        for name, value in options.items():
            values = value if isinstance(value, list | tuple) else [value]
            for port in named_ports(name, values):
                if port in self.protected_ports:
                    self._refuse(f"{name} = {port} belongs to the platform", "boundary.protected_ports")
            words = [one for one in values if isinstance(one, str)]
            for word in words:
                self._check_mentioned(word, name)
            if name in ("env", "environment"):
                self.check_written_environment({k: v for k, sign, v in (word.partition("=") for word in words) if sign})
            elif name in ("args", "arguments", "argv", "command"):
                self.check_words(words)

    def check_signal(self, pid: int, names: Sequence[str], *, ours: bool, guarded: Iterable[int] = ()) -> None:
        """Refuses to signal what Callboard did not start, and what is protected.

        `names` are the process's name and its command line, `guarded` the numbers that the protected pid files hold now.
        """
        shown = f"process {pid}{f' ({names[0][:60]})' if names and names[0] else ''}"
        if pid in guarded:
            self._refuse(f"{shown} is protected by its pid file", "boundary.protected_processes")
        if pid <= 1:
            self._refuse("a signal to everybody is sent by nobody", "boundary.signals")
        pattern = next((p for p in self.protected_processes if any(_is_called(name, p) for name in names)), "")
        if pattern:
            self._refuse(f"{shown} is protected by '{pattern}'", "boundary.protected_processes")
        if not ours:
            self._refuse(f"{shown} was not started by Callboard; it is not signalled", "boundary.signals")

    @property
    def pid_files(self) -> tuple[str, ...]:
        """Those of the protected processes that are told by a file."""
        return tuple(entry for entry in self.protected_processes if entry.startswith("/") and entry.endswith(".pid"))

    def _check_mentioned(self, text: str, where: str) -> None:
        """An address in a text: a live one is refused unless it is http and may be read; a request itself is checked again."""
        for url in addresses(text):
            try:
                parts = urlsplit(url)
                host, port = host_of(parts.hostname or ""), parts.port
            except ValueError:
                continue
            port = port or {"http": 80, "ws": 80, "https": 443, "wss": 443}.get(parts.scheme, 0)
            if not self._is_live(host, port, is_listed(host, self.test_hosts)):
                continue
            said = where if where != text else "it"
            if parts.scheme not in SCHEMES:
                self._refuse(f"{said} names {host.name}, which is live, by {parts.scheme}", "boundary.live_hosts")
            if not self.live_reads:
                self._refuse(
                    f"{said} names {host.name}:{port}, which is live; nothing is sent to it", "boundary.live_reads"
                )

    def _address(self, url: str) -> tuple[SplitResult, int, Host]:
        try:
            parts = urlsplit(url)
            port = parts.port or {"http": 80, "ws": 80}.get(parts.scheme, 443)
        except ValueError as error:
            raise BoundaryError(f"'{url}' has no valid host and port", "boundary.scheme") from error
        odd = "\\" in url or any(character <= " " for character in url)
        if odd or parts.scheme not in SCHEMES or not parts.hostname:
            self._refuse(f"'{url}' is no http or ws address", "boundary.scheme")
        return parts, port, host_of(parts.hostname)

    def _is_live(self, host: Host, port: int, is_tested: bool) -> bool:
        here = is_tested or host.is_here
        return is_listed(host, self.live_hosts) or (port in self.protected_ports and here)

    def _require_reading(self, said: str, method: str) -> None:
        if not self.live_reads:
            self._refuse(f"{said}; nothing is sent to it", "boundary.live_reads")
        if method.upper() not in READING:
            self._refuse(f"{said}; {method} is not sent to it", "boundary.live_hosts")

    def _refuse(self, words: str, rule: str) -> NoReturn:
        raise BoundaryError(words, rule)


def _is_called(name: str, pattern: str) -> bool:
    """Whether a process's name or command line fits; a pattern without signs is a name, or a word of the command line."""
    plain, wanted = name.casefold(), pattern.casefold()
    if fnmatch.fnmatchcase(plain, wanted):
        return True
    words = plain.split()
    return not set("*?[ ") & set(wanted) and (wanted in words or wanted in (word.rsplit("/", 1)[-1] for word in words))


def boundary_from(table: Mapping[str, Any]) -> Boundary:
    """The boundary of a checked `[boundary]` table; what it leaves out has the safe default."""
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    return Boundary(**fields)
