"""The address where the program listens: loopback alone, and never a port of the platform."""

import errno
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from callboard.core.boundary import Boundary
from callboard.errors import ConfigError, NotReachable

LOCALHOST = frozenset({"127.0.0.1", "localhost", "::1"})
BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class Door:
    """Open, listening sockets, and how they are spelt.

    `hosts` are the only values of a Host header that belong to this program, `origins` the only ones of an Origin
    header. `url` is the address for people, without a slash at the end.
    """

    url: str
    port: int
    hosts: frozenset[str]
    origins: frozenset[str]
    sockets: Sequence[socket.socket]

    def close(self) -> None:
        """Stops listening."""
        for listening in self.sockets:
            listening.close()


def open_door(host: str, port: int, boundary: Boundary) -> Door:
    """Listens on `host` and `port`; the usual names of this machine open 127.0.0.1 and ::1 together.

    Port 0 takes a free one. Raises `ConfigError` for an address that others could reach, `BoundaryError` for a port
    of the platform, `NotReachable` for a port that another program holds.
    """
    boundary.check_bind(port)
    addresses = _addresses(host)
    sockets = [_listen(addresses[0], port)]
    port = sockets[0].getsockname()[1]
    for more in addresses[1:]:
        try:
            sockets.append(_listen(more, port))
        except NotReachable:
            sockets[0].close()
            raise
        except OSError:
            continue  # a machine without IPv6
    names = {_bracketed(address) for address in addresses} | ({"localhost"} if host in LOCALHOST else set())
    hosts = {f"{name}:{port}" for name in names} | (names if port == 80 else set())
    return Door(
        url=f"http://{_bracketed(addresses[0])}:{port}",
        port=port,
        hosts=frozenset(hosts),
        origins=frozenset(f"http://{name}" for name in hosts),
        sockets=tuple(sockets),
    )


def _addresses(host: str) -> list[str]:
    if host == "::1":
        return ["::1", "127.0.0.1"]
    if host in LOCALHOST:
        return ["127.0.0.1", "::1"]
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise ConfigError(f"'{host}' is no address of this machine; Callboard listens on 127.0.0.1") from error
    if not address.is_loopback:
        raise ConfigError(
            f"Callboard does not listen on '{host}': others could reach it, and there are no accounts and no TLS; "
            "use 127.0.0.1, and an SSH tunnel from another machine"
        )
    return [str(address)]


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _listen(address: str, port: int) -> socket.socket:
    """Listens already here: two sockets that are only bound could share a port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((address, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise NotReachable(
                f"Port {port} on {address} is taken by another program; choose one with --port"
            ) from error
        if error.errno == errno.EACCES:
            raise NotReachable(f"Port {port} needs more rights than you have; choose one with --port") from error
        raise
    except OverflowError as error:
        listening.close()
        raise ConfigError(f"{port} is no port; it lies between 1 and 65535") from error
    return listening
