"""What a host's name leads to, asked before anything is sent there."""

import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from callboard.core.boundary import Boundary
from callboard.core.boundary_hosts import host_of
from callboard.errors import BoundaryError, CallboardError

Resolve = Callable[[str], tuple[str, ...]]
MOST = 64


def resolved(host: str) -> tuple[str, ...]:
    """The addresses of a host by this machine's own resolver, none when it has none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))[:MOST]


def check_reached(boundary: Boundary, method: str, url: str, resolve: Resolve = resolved) -> tuple[str, ...]:
    """Refuses what the boundary refuses by name, and by what the name leads to; the addresses that may be connected to.

    Connecting to one of these, and to nothing that is looked up again, keeps a name from leading elsewhere in between.
    Raises `CallboardError` for a host that is not found.
    """
    boundary.check_request(method, url)
    host = str(urlsplit(url).hostname)
    ips = resolve(host)
    if not ips:
        raise CallboardError(f"{host} is not found")
    own = own_addresses(resolve)
    reached = ["127.0.0.1" if ip in own else ip for ip in ips]
    boundary.check_request(method, url, _as_names(reached), live_addresses(boundary, resolve))
    return ips


def live_addresses(boundary: Boundary, resolve: Resolve = resolved) -> frozenset[str]:
    """Where the live hosts are; one whose name leads nowhere has none."""
    names = [host_of(name) for name in boundary.live_hosts if not name.startswith("*.")]
    return frozenset(host_of(ip).name for host in names if not host.is_here for ip in resolve(host.name))


def own_addresses(resolve: Resolve = resolved) -> frozenset[str]:
    """Addresses by which this machine reaches itself, besides the loopback, as far as its name and its routes tell."""
    found = set(resolve(socket.gethostname())) | set(_routed())
    return frozenset(found - {"0.0.0.0"})  # noqa: S104  compared, never bound


def _routed() -> Iterable[str]:
    """The address that this machine would send from; nothing is sent."""
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((far, 9))
                yield str(probe.getsockname()[0])
        except OSError:
            continue


def _as_names(ips: Iterable[str]) -> list[str]:
    return [host_of(ip).name for ip in ips]


def refused(boundary: Boundary, method: str, url: str, resolve: Resolve = resolved) -> str:
    """Why the address may not be asked, '' when it may."""
    try:
        check_reached(boundary, method, url, resolve)
    except BoundaryError as error:
        return str(error)
    except CallboardError:
        return ""
    return ""
