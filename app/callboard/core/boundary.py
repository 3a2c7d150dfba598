"""What the team's own platform is spared: protected paths, ports and hosts."""

import fnmatch
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from callboard.errors import BoundaryError

LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost"})
READING = frozenset({"GET", "HEAD"})
TEMPLATES = ("example", "sample", "template", "dist")


@dataclass(frozen=True, slots=True)
class Boundary:
    """The rules; every refusal is a `BoundaryError` that names one.

    `protected_paths` are globs relative to the workspace that no patch may touch; one that begins with '!' takes out what
    it fits, and of several that fit a path the last one counts. `protected_ports` are never bound.
    `live_hosts` may be asked with GET and HEAD, and only when `live_reads` is set. `test_hosts` may be asked anything;
    any other host nothing. `probes_per_second` bounds what is sent to one host.
    """

    protected_paths: tuple[str, ...] = (
        ".git/**", ".env", ".env.*", "*/.env", "*/.env.*",
        *(f"!{folder}.env.{kind}" for folder in ("", "*/") for kind in TEMPLATES),
    )  # fmt: skip
    protected_ports: tuple[int, ...] = (5173, 6770)
    live_hosts: tuple[str, ...] = ()
    live_reads: bool = False
    test_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "::1")
    probes_per_second: float = 1.0

    def check_path(self, path: str) -> None:
        """Refuses a relative path that leaves the workspace, lies in a `.git` or is protected.

        Capital letters do not matter: file systems of macOS do not tell them apart.
        """
        parts = path.replace("\\", "/").split("/")
        if path.startswith("/") or ".." in parts:
            raise BoundaryError(f"'{path}' leads out of the workspace", "workspace")
        plain = "/".join(part for part in parts if part not in ("", ".")).casefold()
        if ".git" in plain.split("/"):
            raise BoundaryError(f"'{path}' lies in git's own folder", "workspace")
        fitting = [pattern for pattern in self.protected_paths if _fits(plain, pattern.removeprefix("!"))]
        if fitting and not fitting[-1].startswith("!"):
            raise BoundaryError(f"'{path}' is protected by '{fitting[-1]}'", "boundary.protected_paths")

    def check_bind(self, port: int) -> None:
        """Refuses a port that the platform owns."""
        if port in self.protected_ports:
            raise BoundaryError(f"port {port} belongs to the platform; choose another", "boundary.protected_ports")

    def check_request(self, method: str, url: str) -> None:
        """Refuses a request that could change or burden a system that is not listed for tests.

        A protected port on a test host is the live platform: it gets GET and HEAD, if `live_reads` is set.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or {"http": 80, "ws": 80}.get(parts.scheme, 443)
        except ValueError as error:
            raise BoundaryError(f"'{url}' has no valid host and port", "boundary.scheme") from error
        odd = "\\" in url or any(character <= " " for character in url)
        if odd or parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname:
            raise BoundaryError(f"'{url}' is no http or ws address", "boundary.scheme")
        host = parts.hostname.lower().rstrip(".")
        tested = any(_same_host(host, known) for known in self.test_hosts)
        live = any(_same_host(host, known) for known in self.live_hosts) or (
            port in self.protected_ports and (tested or _is_loopback(host))
        )
        if live:
            if not self.live_reads:
                raise BoundaryError(f"{host}:{port} is live; nothing is sent to it", "boundary.live_reads")
            if method.upper() not in READING:
                raise BoundaryError(f"{host}:{port} is live; {method} is not sent to it", "boundary.live_hosts")
            return
        if not tested:
            raise BoundaryError(f"{host} is not listed as a test host", "boundary.test_hosts")


def _fits(plain: str, pattern: str) -> bool:
    folder = pattern.casefold().removeprefix("./").removesuffix("/**").rstrip("/")
    below = plain.startswith(folder + "/") or fnmatch.fnmatchcase(plain, folder + "/*")
    return below or fnmatch.fnmatchcase(plain, folder)


def _same_host(host: str, known: str) -> bool:
    if host == known.lower():
        return True
    return _is_loopback(host) and _is_loopback(known.lower())


def _is_loopback(host: str) -> bool:
    if host in LOOPBACK_NAMES or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def boundary_from(table: Mapping[str, Any]) -> Boundary:
    """The boundary of a checked `[boundary]` table; what it leaves out has the safe default."""
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    return Boundary(**fields)
