"""Certificates of real TLS servers on loopback."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from callboard.api import CallboardError, Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_monitor import MonitorAnalytics
from callboard_monitor.certificates import Shown, Thresholds, findings, servers
from callboard_monitor.der import Dates, dates
from callboard_monitor.words import DAY

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


def made(folder: Path, days: int, names: str = "IP:127.0.0.1,DNS:localhost") -> Path:
    key, certificate = folder / "key.pem", folder / "cert.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days)]
    subject = ["-subj", "/CN=localhost", "-addext", f"subjectAltName={names}"]
    argv = ["openssl", "req", *kind, *subject, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(argv, check=True, capture_output=True)
    return certificate


@contextmanager
def secured(certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            while not done.is_set():
                try:
                    client, _ = server.accept()
                    with context.wrap_socket(client, server_side=True):
                        pass
                except (TimeoutError, OSError):
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            done.set()
            thread.join()


def check(root: Path, *hosts: str, **settings: object) -> Outcome:
    config = {
        "agents": {"monitor": {"certificates": list(hosts), **settings}},
        "boundary": {"probes_per_second": 500.0},
    }
    return run_action(MonitorAnalytics(), "certificates", root, {"timeout": 2.0}, config=config)


@needs_openssl
def test_a_certificate_signed_by_itself_is_low_on_loopback_and_trusted_with_its_authority(tmp_path: Path) -> None:
    certificate = made(tmp_path, 90)
    with secured(certificate) as port:
        outcome = check(tmp_path, f"127.0.0.1:{port}")
        trusted = check(tmp_path, f"127.0.0.1:{port}", authority="cert.pem")
    assert {f.rule: f.severity for f in outcome.findings} == {"certificate-self-signed": Severity.LOW}
    assert outcome.findings[0].message.endswith("it is signed by itself")
    (days,) = outcome.metrics().values()
    assert 89 < days <= 90
    assert trusted.findings == ()
    assert trusted.result is not None
    assert trusted.result.verdict is Verdict.PASS


@needs_openssl
def test_a_certificate_that_ends_soon_and_one_for_another_host_are_found(tmp_path: Path) -> None:
    certificate = made(tmp_path, 5, "DNS:elsewhere.example")
    with secured(certificate) as port:
        outcome = check(tmp_path, f"127.0.0.1:{port}", authority="cert.pem")
    assert {f.rule: f.severity for f in outcome.findings} == {
        "certificate-ends-soon": Severity.HIGH,
        "certificate-chain": Severity.HIGH,
    }
    assert any(f.message.endswith(("another host name", "another address")) for f in outcome.findings)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.FAIL


@needs_openssl
def test_an_https_endpoint_is_trusted_by_the_same_authority(tmp_path: Path) -> None:
    with secured(made(tmp_path, 90)) as port:

        def trouble(**settings: object) -> str:
            config = {
                "endpoints": {"x": {"url": f"https://127.0.0.1:{port}/"}},
                "agents": {"monitor": settings},
                "boundary": {"probes_per_second": 500.0},
            }
            options = {"probes": 1, "timeout": 2.0}
            (found,) = run_action(MonitorAnalytics(), "endpoints", tmp_path, options, config=config).findings
            return found.message

        assert "the certificate is not trusted: it is signed by itself" in trouble()
        assert "not trusted" not in trouble(authority="cert.pem"), "it is, and then says nothing"
        assert "holds no certificate" in trouble(authority="key.pem")
        assert "no file of the workspace" in trouble(authority="../x.pem")


def test_a_server_without_tls_or_without_anybody_is_no_pass(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=_greet, args=(server, 2))
        thread.start()
        outcome = check(tmp_path, f"127.0.0.1:{port}")
        server.close()
        thread.join(5)
    assert outcome.rules() == {"certificate-none"}
    gone = check(tmp_path, f"127.0.0.1:{port}")
    assert gone.result is not None
    assert gone.result.verdict is Verdict.UNKNOWN
    assert "refused" in gone.result.summary


def _greet(server: socket.socket, times: int) -> None:
    server.settimeout(0.5)
    for _ in range(times):
        try:
            client, _ = server.accept()
        except OSError:
            return
        with client:
            client.sendall(b"220 mail.example ESMTP\r\n" * 20)


def test_foreign_hosts_are_not_asked(tmp_path: Path) -> None:
    outcome = check(tmp_path, "example.com:443")
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert "boundary.test_hosts" in outcome.result.summary


def test_dates_become_findings_by_thresholds() -> None:
    def found(days: float) -> list[tuple[str, str]]:
        shown = Shown(Dates(0, 1e9 + days * DAY, False))
        return [(f.rule, f.severity.value) for f in findings("h:443", shown, Thresholds(30, 7), 1e9)]

    assert found(31) == []
    assert found(29) == [("certificate-ends-soon", "medium")]
    assert found(6) == [("certificate-ends-soon", "high")]
    assert found(-1) == [("certificate-expired", "critical")]


@pytest.mark.parametrize("der", [b"", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x30\x01\x00", b"hello"])
def test_what_is_no_certificate_is_refused(der: bytes) -> None:
    with pytest.raises(ValueError):
        dates(der)


def test_servers_are_named_or_come_from_https_endpoints() -> None:
    config = {"endpoints": {"a": {"url": "https://localhost:8443/x"}, "b": {"url": "http://localhost/"}}}
    assert servers(config, {"certificates": ["db.test", "[::1]:5"]}) == [
        ("db.test", 443),
        ("::1", 5),
        ("localhost", 8443),
    ]
    with pytest.raises(CallboardError, match="write host:port"):
        servers({}, {"certificates": ["h:99999999"]})
