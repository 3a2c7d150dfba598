"""Whether what a tool needs from the network is there now, found out within a second or two."""

import json
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from urllib.parse import urlsplit

Host = tuple[str, int]

REACH_S = 1.0
DATA_S = 2.0
LARGEST_REPLY = 4_000_000
KNOWN_VULNERABLE = "https://pypi.org/pypi/pip/9.0.0/json"
PUBLIC: tuple[Host, ...] = (("pypi.org", 443), ("api.osv.dev", 443))


def hosts_of(needs: Iterable[str]) -> tuple[Host, ...]:
    """The hosts of a tool's needs: 'network:HOST' or 'network:HOST:PORT' names one, 'network' alone means PUBLIC."""
    named: list[Host] = []
    for need in needs:
        word, _, rest = need.partition(":")
        host, _, port = rest.rpartition(":") if rest.count(":") == 1 else (rest, "", "443")
        if word == "network" and host and port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65_536:
            named.append((host, int(port)))
    return tuple(named) or (PUBLIC if "network" in needs else ())


def any_reachable(hosts: Iterable[Host], environ: Mapping[str, str] | None = None, seconds: float = REACH_S) -> bool:
    """Whether one of the hosts, or the proxy that stands before them, takes a connection within `seconds`.

    Says nothing of what the host would answer. A resolver that hangs is left behind in its thread.
    """
    wanted = [_through(host, os.environ if environ is None else environ) for host in hosts]
    return _any_true([partial(_connects, host, seconds) for host in wanted], seconds)


def vulnerability_data(address: str = KNOWN_VULNERABLE, seconds: float = DATA_S) -> bool:
    """Whether vulnerability data can be had: the record of a package that is known to be vulnerable names some.

    A connection alone proves nothing: a mirror of packages has no such data, and a scanner then finds nothing.
    """
    return _any_true([partial(_names_some, address, seconds)], seconds + 0.5)


def _any_true(checks: Iterable[Callable[[], bool]], seconds: float) -> bool:
    """Whether one of the checks says yes in time, each in a thread that is left behind when it hangs."""
    answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
    running = list(checks)
    for check in running:
        threading.Thread(target=_answer, args=(check, answers), daemon=True).start()
    for _ in running:
        try:
            if answers.get(timeout=seconds):
                return True
        except queue.Empty:
            return False
    return False


def _answer(check: Callable[[], bool], answers: "queue.SimpleQueue[bool]") -> None:
    answers.put(check())


def _connects(host: Host, seconds: float) -> bool:
    try:
        with socket.create_connection(host, timeout=seconds):
            return True
    except (OSError, UnicodeError):
        return False


def _names_some(address: str, seconds: float) -> bool:
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(address, timeout=seconds) as reply:  # noqa: S310
            told = json.loads(reply.read(LARGEST_REPLY))
        return bool(told.get("vulnerabilities"))
    except (OSError, ValueError, HTTPException, AttributeError, RecursionError):
        return False


def _through(host: Host, environ: Mapping[str, str]) -> Host:
    """The proxy of the environment, if requests to the host would go through one."""
    spared = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    for name in filter(None, (word.strip().lstrip(".") for word in spared.split(","))):
        if name == "*" or host[0] == name or host[0].endswith(f".{name}"):
            return host
    proxy = environ.get("https_proxy") or environ.get("HTTPS_PROXY") or ""
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        return (parts.hostname, parts.port or 8080) if proxy and parts.hostname else host
    except ValueError:
        return host
