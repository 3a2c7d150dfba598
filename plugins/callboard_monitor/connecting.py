"""Connections to endpoints, and what went wrong with one in words that tell the cases apart."""

import email.utils
import http.client
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult

from callboard.api import Context
from callboard_monitor.settings import fault


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong and its sort: 'dns', 'refused', 'timeout', 'tls', 'broken'."""

    words: str
    kind: str


class Troubled(http.client.HTTPException):
    """Trouble that was found while reading."""

    def __init__(self, words: str, kind: str) -> None:
        super().__init__(words)
        self.trouble = Trouble(words, kind)


def authority_of(ctx: Context) -> Path | None:
    """`authority = "path"` in `[agents.monitor]`: a private authority's certificates, in the workspace."""
    given = ctx.settings.get("authority")
    if given is None:
        return None
    path = (ctx.workspace.path / str(given)).resolve()
    if not path.is_relative_to(ctx.workspace.path) or not path.is_file():
        raise fault("", f"has authority = {given!r}, which is no file of the workspace")
    return path


def trusting(authority: Path | None) -> ssl.SSLContext:
    """What trusts the machine's authorities, and this one. Raises `SettingError` for a file without a certificate."""
    context = ssl.create_default_context()
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except (ssl.SSLError, OSError) as error:
            raise fault("", f"has the authority {authority.name}, which holds no certificate") from error
    return context


def connection(parts: SplitResult, timeout: float, context: ssl.SSLContext | None) -> http.client.HTTPConnection:
    """A connection that is not yet open; no proxy of the environment is used. https needs a `context`."""
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=timeout)


def in_words(error: BaseException, parts: SplitResult, timeout: float) -> Trouble:
    """The trouble, for a person."""
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    match error:
        case Troubled():
            return error.trouble
        case socket.gaierror() | UnicodeError():
            return Trouble(f"the name {host} is not known (DNS): it has no address here", "dns")
        case ConnectionRefusedError():
            return Trouble(f"refused: nobody listens on port {port} of {host}", "refused")
        case TimeoutError():
            return Trouble(f"timeout: not complete after {timeout:g} s", "timeout")
        case ssl.SSLCertVerificationError():
            return Trouble(f"the certificate is not trusted: {chain_words(error)}", "tls")
        case ssl.SSLError():
            return Trouble(f"TLS fails: {error.reason or 'it speaks no TLS'}", "tls")
        case http.client.RemoteDisconnected():
            return Trouble("it closed the connection without an answer", "broken")
        case http.client.IncompleteRead():
            return Trouble("it broke off within the answer", "broken")
        case http.client.BadStatusLine() | http.client.LineTooLong() | http.client.UnknownProtocol():
            return Trouble("what it sends is no HTTP", "broken")
        case ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError():
            return Trouble("it broke the connection off", "broken")
        case OSError():
            return Trouble(error.strerror or type(error).__name__, "broken")
        case _:
            return Trouble(f"what it sends is no HTTP ({type(error).__name__})", "broken")


def chain_words(error: ssl.SSLCertVerificationError) -> str:
    """What is wrong with a chain of certificates, in words."""
    known = {
        10: "it has expired",
        9: "it is not valid yet",
        18: "it is signed by itself",
        19: "its chain ends in a certificate that is signed by itself and not trusted here",
        20: "who signed it is not known here: the chain is incomplete, or the authority is a private one",
        21: "its chain is incomplete: the certificate of who signed it is missing",
        23: "it was revoked",
        24: "who signed it may not sign",
        62: "it is for another host name",
        64: "it is for another address",
    }
    return known.get(error.verify_code, error.verify_message or "it cannot be verified")


def waiting_time(text: str, now: float) -> float:
    """Seconds of a Retry-After header, given as seconds or as a date; 0 for none, at most a day."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(86_400.0, float(text[:9]))
    try:
        at = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return min(86_400.0, max(0.0, at - now))
