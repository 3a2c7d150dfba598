"""Certificates of TLS servers: for how many days, and whether their chain is trusted."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from callboard.api import BoundaryError, Cell, Context, Finding, Result, Severity, Table
from callboard_monitor.connecting import Trouble, authority_of, chain_words, in_words, trusting
from callboard_monitor.der import Dates, dates
from callboard_monitor.judge import verdict
from callboard_monitor.probe import spare
from callboard_monitor.settings import fault, texts
from callboard_monitor.targets import declared
from callboard_monitor.words import DAY, State, plural, slug, span


@dataclass(frozen=True, slots=True)
class Shown:
    """What a server showed: its dates, what is wrong with the chain ('' if nothing), or the trouble of asking."""

    dates: Dates | None = None
    chain: str = ""
    chain_code: int = 0
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Days before the end from which it is a warning, and from which it is urgent."""

    warn: float
    urgent: float


def servers(config: Mapping[str, Any], settings: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Host and port: `certificates` in `[agents.monitor]`, and those of all endpoints with https."""
    found: dict[tuple[str, int], None] = {}
    for text in texts(settings, "certificates", ""):
        try:
            parts = urlsplit(text if "//" in text else f"//{text}")
            host, port = parts.hostname, parts.port or 443
        except ValueError:
            host, port = None, 0
        if not host:
            raise fault("", f"has the certificate {text!r}; write host:port, such as 'localhost:8443'")
        found[host, port] = None
    for endpoint in declared(config, settings, ()):
        parts = urlsplit(endpoint.url)
        if parts.scheme == "https" and parts.hostname:
            found[parts.hostname, parts.port or 443] = None
    return list(found)


def check_certificates(ctx: Context, thresholds: Thresholds, timeout: float, fail_on: str) -> Result:
    """Looks at the certificate of each server."""
    wanted = servers(ctx.config, ctx.settings)
    if not wanted:
        return verdict(ctx, "", fail_on, ["callboard.toml names no https endpoint and no certificates = ['host:port']"])
    authority = authority_of(ctx)
    pace = ctx.budget()
    unchecked: list[str] = []
    rows: list[Sequence[str | Cell]] = []
    outputs: dict[str, float] = {}
    now = time.time()
    for number, (host, port) in enumerate(wanted):
        ctx.progress(number / len(wanted), host)
        name, url = f"{host}:{port}", f"https://[{host}]:{port}/" if ":" in host else f"https://{host}:{port}/"
        try:
            spare(ctx, "GET", url)
        except BoundaryError as error:
            unchecked.append(f"{name}: {error}")
            rows.append((name, Cell("not asked", "unsure"), "", str(error)))
            continue
        shown = look(host, port, timeout, authority, partial(pace.wait, url))
        if shown.dates is not None:
            outputs[name] = round((shown.dates.ends - now) / DAY, 1)
            ctx.metric(f"monitor.certificate.{slug(name)}.days", outputs[name], "days")
        elif shown.trouble is not None:
            unchecked.append(f"{name}: {shown.trouble.words}")
        for finding in findings(name, shown, thresholds, now):
            ctx.finding(finding)
        rows.append(_row(name, shown, thresholds, now))
    ctx.memory.put("certificates", {name: {"days": days, "at": round(now)} for name, days in outputs.items()})
    ctx.show("certificates", Table(("Server", "Ends in", "Chain", "Words"), rows))
    looked = plural(len(outputs), "certificate") if outputs else ""
    if not outputs and ctx.findings:
        looked = plural(len(wanted), "server")
    return verdict(ctx, looked, fail_on, unchecked, {"days": outputs})


def look(host: str, port: int, timeout: float, authority: Path | None, wait: Callable[[], None]) -> Shown:
    """Two handshakes, each after `wait()`: one that verifies, and where that fails one that only looks at the dates."""
    parts = SplitResult("https", f"[{host}]:{port}" if ":" in host else f"{host}:{port}", "/", "", "")
    strict = trusting(authority)
    wait()
    try:
        return Shown(dates(_certificate(strict, host, port, timeout)))
    except ssl.SSLCertVerificationError as error:
        chain, code = chain_words(error), error.verify_code
    except (OSError, ValueError) as error:
        return Shown(trouble=in_words(error, parts, timeout))
    lenient = ssl.create_default_context()
    lenient.check_hostname, lenient.verify_mode = False, ssl.CERT_NONE
    wait()
    try:
        return Shown(dates(_certificate(lenient, host, port, timeout)), chain, code)
    except ValueError as error:
        return Shown(None, chain, code, Trouble(f"its certificate cannot be read: {error}", "tls"))
    except OSError as error:
        return Shown(None, chain, code, in_words(error, parts, timeout))


def _certificate(context: ssl.SSLContext, host: str, port: int, timeout: float) -> bytes:
    with socket.create_connection((host, port), timeout) as plain:

        def cut() -> None:
            try:
                socket.socket.shutdown(plain, socket.SHUT_RDWR)
            except OSError:
                return

        late = threading.Timer(timeout, cut)
        late.daemon = True
        late.start()
        try:
            with context.wrap_socket(plain, server_hostname=host) as secured:
                return secured.getpeercert(binary_form=True) or b""
        finally:
            late.cancel()


def findings(name: str, shown: Shown, thresholds: Thresholds, now: float) -> list[Finding]:
    """What is wrong with one server's certificate."""
    found = []
    if shown.dates is not None:
        left = (shown.dates.ends - now) / DAY
        if left < 0:
            words = f"the certificate of {name} ended {span(-left * DAY)} ago"
            found.append(_finding("certificate-expired", Severity.CRITICAL, words, name, "renew it now"))
        elif left < thresholds.warn:
            grave = left < thresholds.urgent
            words = f"the certificate of {name} ends in {span(left * DAY)}"
            severity = Severity.HIGH if grave else Severity.MEDIUM
            found.append(
                _finding(
                    "certificate-ends-soon", severity, words, name, "renew it, and see why that is not done by itself"
                )
            )
    if shown.chain and not (shown.chain_code == 10 and found):
        own = shown.chain_code == 18
        local = name.startswith(("127.", "localhost", "::1"))
        severity = Severity.LOW if own and local else Severity.HIGH
        words = f"the certificate of {name} is not trusted: {shown.chain}"
        help = (
            'on this machine that may be meant; [agents.monitor] authority = "file" makes it trusted here'
            if local
            else "serve the whole chain of an authority that its users trust"
        )
        rule = "certificate-self-signed" if own else "certificate-chain"
        found.append(_finding(rule, severity, words, name, help))
    if shown.trouble is not None and shown.trouble.kind == "tls" and shown.dates is None:
        words = f"{name} was asked for its certificate: {shown.trouble.words}"
        found.append(_finding("certificate-none", Severity.HIGH, words, name, "see which program listens there"))
    return found


def _finding(rule: str, severity: Severity, words: str, name: str, help: str) -> Finding:
    return Finding(rule, severity, words, "", help=help, fingerprint=f"{rule}:{name}"[:64])


def _row(name: str, shown: Shown, thresholds: Thresholds, now: float) -> Sequence[str | Cell]:
    if shown.dates is None:
        return (name, Cell("not known", "unsure"), shown.chain or "–", shown.trouble.words if shown.trouble else "")
    left = shown.dates.ends - now
    state: State = "bad" if left < thresholds.urgent * DAY else "unsure" if left < thresholds.warn * DAY else "good"
    words = span(left) if left >= 0 else f"ended {span(-left)} ago"
    own = "signed by itself" if shown.dates.own_issuer else ""
    return (name, Cell(words, state), Cell(shown.chain or "trusted", "bad" if shown.chain else "good"), own)
