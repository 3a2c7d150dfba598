"""Ports of this machine: which are free, which are listened on, and what answers at an address."""

import socket
import urllib.error
import urllib.request
from typing import Any

from callboard.api import BoundaryError, CallboardError, Context


def listens(port: int) -> bool:
    """Whether anything on the loopback takes a connection at the port."""
    for family_of, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family_of, socket.SOCK_STREAM) as probe:
                probe.settimeout(1)
                if probe.connect_ex((host, port)) == 0:
                    return True
        except OSError:
            continue
    return False


def is_free(port: int) -> bool:
    """Whether nobody listens and it could be bound."""
    if listens(port):
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(ctx: Context) -> int:
    """One that nobody listens on and that is not protected; raises `CallboardError` when there is none."""
    for _ in range(20):
        port = ctx.free_port()
        if port not in ctx.boundary.protected_ports:
            return port
    raise CallboardError("found no free port outside of the protected ones")


class Unfollowed(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer; it is not followed."""

    def redirect_request(self, *_: Any) -> None:
        """Nowhere."""
        return


def status_of(ctx: Context, address: str) -> tuple[int, str]:
    """The status that a GET is answered with, or 0 and the reason. Raises `BoundaryError` for what may not be asked."""
    try:
        ctx.reach("GET", address)
    except BoundaryError:
        raise
    except CallboardError as error:
        return 0, str(error)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Unfollowed)
    try:
        with opener.open(address, timeout=5) as answer:
            return int(answer.status), ""
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, ""
    except (OSError, ValueError) as error:
        return 0, f"{address} does not answer ({error})"
    except Exception as error:  # http.client raises its own for an answer that is no HTTP
        return 0, f"{address} does not answer in HTTP ({type(error).__name__})"
