"""Attacks from outside against the real server, over bare sockets: nothing opens without the token of this launch."""

import contextlib
import hashlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from callboard.guard.crew_token import ALLOWED, CrewToken
from live_server import SCRIPT, LiveServer, exchange, live_server, read_reply

POLL = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(tmp_path_factory.mktemp("attacked"), "--calm") as live:
        yield live
    errors = (live.data / "stderr").read_text()
    assert "Traceback" not in errors, errors
    assert live.token not in errors


@pytest.fixture(scope="module")
def session(server: LiveServer) -> str:
    return server.session()


@pytest.fixture(scope="module")
def paths(server: LiveServer) -> list[tuple[str, str]]:
    schema = server.ask("GET", "/openapi.json", token=True).json()
    names = {
        "run": 1,
        "task": "1.1",
        "attempt": 1,
        "name": "quality",
        "number": 1,
        "id": "f1",
        "table": "runs",
        "form": "csv",
        "change": "add-login",
    }
    found = [
        (method.upper(), path.format(**names))
        for path, operations in schema["paths"].items()
        for method in operations
        if path not in ("/healthz", "/readyz")
    ]
    assert len(found) >= 29
    return found


# S01, S04: nothing without a token


def test_every_operation_of_the_schema_asks_for_a_token(server: LiveServer, paths: list[tuple[str, str]]) -> None:
    assert {server.ask(method, path).status for method, path in paths} == {401}


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/docs",
        "/redoc",
        "/openapi.json",
        "/metrics",
        "/runs",
        "/static/",
        "/favicon.ico",
        "/_nicegui/3.18.0/static/nicegui.js",
        "/api/v1/events",
        "/healthz/",
        "//healthz",
        "/healthz/../api/v1/board",
        "/healthz%2f..%2fapi/v1/board",
        "/HEALTHZ",
        "/healthz;/",
        "/api/v1/board?token=x",
        "/api/v1//board",
        "/API/v1/board",
        "/./api/v1/board",
        "/%61pi/v1/board",
        POLL,
    ],
)
def test_no_spelling_of_a_path_opens_without_a_token(server: LiveServer, target: str) -> None:
    for method in METHODS:
        reply = server.ask(method, target)
        assert reply.status in (400, 401), (method, target, reply)
        assert b"shop" not in reply.body


def test_health_is_open_and_says_nothing(server: LiveServer) -> None:
    assert server.ask("GET", "/healthz").json() == {"status": "alive"}
    assert server.ask("GET", "/readyz").json() == {"status": "ready", "engine": "running"}
    assert server.ask("POST", "/healthz").status == 401


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer wrong",
        "Authorization: Bearer ",
        "Authorization: Basic {token}",
        "Authorization: {token}",
        "X-Token: {token}",
        "Cookie: callboard_{port}={token}",
        "Cookie: callboard={session}",
        "Cookie: callboard_1={session}",
        "Cookie: callboard_{port}=a; callboard_{port}={session}",
        "Authorization: Bearer x\r\nAuthorization: Bearer {token}",
    ],
)
def test_almost_a_credential_is_none(server: LiveServer, session: str, header: str) -> None:
    sent = header.format(token=server.token, port=server.port, session=session)
    assert server.ask("GET", "/api/v1/board", sent).status in (400, 401)
    assert server.upgrade(sent) in (400, 403)


def test_the_token_of_the_crew_tells_what_the_crew_does_and_does_nothing_else(
    server: LiveServer, paths: list[tuple[str, str]], session: str
) -> None:
    kept = CrewToken(server.data)
    old = kept.new()
    token = kept.new()
    assert (server.data / "crew-token.json").stat().st_mode & 0o777 == 0o600
    assert token not in (server.data / "crew-token.json").read_text()
    bearer = f"Authorization: Bearer {token}"
    pages = [
        ("GET", path) for path in ("/", "/runs", "/crew", "/settings", "/openapi.json", "/static/", f"/?token={token}")
    ]
    odd = [
        ("GET", "/api/v1/crew"),
        ("HEAD", "/api/v1/crew/drain"),
        ("GET", "/api/v1/crew/events"),
        ("POST", "/api/v1/crew/events/"),
        ("PUT", "/api/v1/crew/events"),
        ("POST", "/api/v1//crew/events"),
        ("POST", "/api/v1/crew/drain"),
        ("POST", "/api/v1/crew/../runs"),
        ("GET", POLL),
    ]
    for method, path in [*paths, *pages, *odd]:
        expected = (method, path) in ALLOWED
        status = server.ask(method, path, bearer).status
        assert (status not in (401, 403)) if expected else status == 403, (method, path, status)
    for method, path in [("POST", "/api/v1/runs"), ("GET", "/api/v1/board"), ("GET", "/runs")]:
        assert server.ask(method, path, bearer, session=session).status == 403, "a session beside it makes it no better"
    assert server.upgrade(bearer) == 403
    for wrong in (old, token[:-1], token + "x", token.upper(), "", hashlib.sha256(token.encode()).hexdigest()):
        assert server.ask("POST", "/api/v1/crew/events", f"Authorization: Bearer {wrong}").status == 401
    foreign = server.ask("POST", "/api/v1/crew/events", bearer, "Origin: http://127.0.0.1:5173")
    assert foreign.status == 403
    kept.revoke()
    assert server.ask("POST", "/api/v1/crew/events", bearer).status == 401
    (server.data / "crew-token.json").write_text("{}")
    assert server.ask("POST", "/api/v1/crew/events", bearer).status == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 202),
        ({"facts": []}, 202),
        ({"more": "from a newer observer"}, 202),
        ({"version": 2}, 422),
        ({"crew": ""}, 422),
        ({"crew": "a\nb"}, 422),
        ({"observer": "../x"}, 422),
        ({"sent": "now"}, 422),
        ({"facts": [{"what": "seen", "workflow": "w"}]}, 422),
        ({"facts": [{"n": True}]}, 422),
        ({"facts": [{"n": n} for n in range(1, 502)]}, 422),
        ({"facts": [{"n": 1, "x": "y" * 70_000}]}, 413),
    ],
)
def test_what_an_observer_may_send(server: LiveServer, change: dict[str, object], status: int) -> None:
    facts = [{"what": "seen", "workflow": "w", "n": 1}]
    said = {"version": 1, "crew": "journal", "observer": "ab" * 16, "sent": 1.5, "facts": facts}
    body = json.dumps(said | change).encode()
    reply = server.ask("POST", "/api/v1/crew/events", "Content-Type: application/json", body=body, token=True)
    assert reply.status == status, reply


def test_the_token_in_the_address_opens_no_api_and_no_socket(server: LiveServer) -> None:
    assert server.ask("GET", f"/api/v1/board?token={server.token}").status == 401
    assert server.upgrade(path=f"/_nicegui_ws/socket.io/?EIO=4&transport=websocket&token={server.token}") == 403
    assert server.ask("POST", f"/?token={server.token}").status == 401


def test_a_socket_needs_token_or_session(server: LiveServer, session: str) -> None:
    assert server.upgrade() == 403
    assert (
        server.upgrade(path="/_nicegui_ws/socket.io/?EIO=4&transport=websocket&client_id=x&implicit_handshake=true")
        == 403
    )
    assert server.upgrade(path="/healthz", token=False) == 403
    assert server.upgrade(token=True) == 101
    assert server.upgrade(session=session) == 101
    assert server.upgrade(f"Origin: {server.url}", session=session) == 101
    assert server.ask("GET", POLL).status == 401
    assert server.ask("GET", POLL, session=session).status == 200


# S02, S16: pages of other origins


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:3000",
        "https://127.0.0.1:{port}",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}.evil.example",
        "http://127.0.0.1:{port}@evil.example",
        "http://127.0.0.1:{port}/",
        "file://",
        "",
        "HTTP://127.0.0.1:{port}",
        "http://127.0.0.1:{port} http://evil.example",
        "http://0.0.0.0:{port}",
        "http://[::1]:{port}",
    ],
)
def test_a_foreign_origin_gets_nothing(server: LiveServer, session: str, origin: str) -> None:
    header = "Origin: " + origin.format(port=server.port)
    for credential in ({"session": session}, {"token": True}):
        assert server.upgrade(header, **credential) == 403  # type: ignore[arg-type]
        for method, target in (
            ("GET", "/api/v1/board"),
            ("POST", "/api/v1/runs"),
            ("DELETE", "/api/v1/runs/1"),
            ("GET", POLL),
        ):
            reply = server.ask(method, target, header, **credential)  # type: ignore[arg-type]
            assert reply.status == 403, (method, target, reply)
            assert not [name for name, _ in reply.headers if name.startswith("access-control")]


@pytest.mark.parametrize("site", ["cross-site", "same-site", "other", ""])
def test_what_another_site_embeds_or_fetches_is_refused(server: LiveServer, session: str, site: str) -> None:
    header = f"Sec-Fetch-Site: {site}"
    assert server.upgrade(header, session=session) == 403
    for more in (
        ("Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"),
        ("Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"),
        (),
    ):
        assert server.ask("GET", "/", header, *more, session=session).status == 403
    goes = ("Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
    assert server.ask("GET", "/", header, *goes, session=session).status == 200
    assert server.ask("POST", "/", header, *goes, session=session).status == 403
    assert server.ask("GET", "/api/v1/board", header, *goes, session=session).status == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "TEXT/PLAIN;x=y"]
)
def test_a_form_changes_nothing_even_with_a_session(server: LiveServer, session: str, kind: str) -> None:
    for origin in ((), (f"Origin: {server.url}",)):
        for target in ("/api/v1/runs", "/api/v1/runs/6/cancel", "/api/v1/nothing"):
            reply = server.ask("POST", target, f"Content-Type: {kind}", *origin, body=b"{}", session=session)
            assert reply.status == 403, (target, reply)


def test_a_preflight_grants_nothing(server: LiveServer, session: str) -> None:
    asked = (
        "Origin: http://evil.example",
        "Access-Control-Request-Method: DELETE",
        "Access-Control-Request-Headers: content-type",
    )
    reply = server.ask("OPTIONS", "/api/v1/runs/1", *asked, session=session)
    assert reply.status == 403
    own = server.ask(
        "OPTIONS", "/api/v1/runs/1", f"Origin: {server.url}", "Access-Control-Request-Method: DELETE", token=True
    )
    assert not [name for name, _ in [*reply.headers, *own.headers] if name.startswith("access-control")]


def test_the_page_itself_may(server: LiveServer, session: str) -> None:
    ours = (f"Origin: {server.url}", "Sec-Fetch-Site: same-origin", "Content-Type: application/json")
    reply = server.ask("POST", "/api/v1/agents/quality/resume", *ours, body=b"", session=session)
    assert reply.status == 200


# S03, S17: other names of this server


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost@evil.example:{port}",
        "0.0.0.0:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1:{port}:{port}",
        "127.1:{port}",
        "2130706433:{port}",
        "127.0.0.1:{port}/healthz?x=",
        "127.0.0.1:{port}#",
        "localhost.:{port}",
        "[::]:{port}",
        "[::ffff:127.0.0.1]:{port}",
        "127.0.0.1:0{port}",
        "127.0.0.1:{port},evil",
    ],
)
def test_another_name_of_this_server_is_refused(server: LiveServer, session: str, host: str) -> None:
    spelt = host.format(port=server.port)
    for target in ("/", "/healthz", "/api/v1/board"):
        assert server.ask("GET", target, host=spelt, token=True).status in (400, 421)
        assert server.ask("GET", target, host=spelt, session=session).status in (400, 421)
    assert server.upgrade(host=spelt, token=True) in (400, 403)


def test_no_host_or_two_are_refused(server: LiveServer) -> None:
    assert server.ask("GET", "/api/v1/board", host=None, token=True).status in (400, 421)
    twice = f"Host: {server.host}"
    for headers in ((twice,), ("Host: evil.example",)):
        assert server.ask("GET", "/api/v1/board", *headers, token=True).status in (400, 421)
        assert server.upgrade(*headers, token=True) in (400, 403)


def test_the_target_cannot_name_another_host(server: LiveServer) -> None:
    reply = server.ask("GET", f"http://evil.example:{server.port}/healthz", host="evil.example")
    assert reply.status in (400, 421)
    assert server.ask("GET", f"http://{server.host}/api/v1/board").status in (400, 401)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_its_own_names_are_good(server: LiveServer, name: str) -> None:
    host = f"{name}:{server.port}"
    assert server.ask("GET", "/api/v1/runs", host=host, token=True).status == 200
    assert server.upgrade(f"Origin: http://{host}", host=host, token=True) == 101


# the link


def test_the_link_is_swapped_for_a_cookie_and_a_clean_address(server: LiveServer) -> None:
    reply = server.ask("GET", f"/runs?limit=5&token={server.token}")
    assert (reply.status, reply.header("location")) == (303, "/runs?limit=5")
    cookie = reply.header("set-cookie")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict")
    assert server.token not in cookie
    assert reply.header("cache-control") == "no-store"
    assert reply.header("referrer-policy") == "no-referrer"


@pytest.mark.parametrize(
    "target", ["//evil.example/", "/\\evil.example/", "/%5cevil.example", "///evil.example", "/%2f/evil.example"]
)
def test_the_link_never_leads_away(server: LiveServer, target: str) -> None:
    reply = server.ask("GET", f"{target}?token={server.token}")
    if reply.status == 303:
        assert reply.header("location").startswith("/")
        assert not reply.header("location").startswith(("//", "/\\"))


def test_the_link_cannot_forge_a_header(server: LiveServer) -> None:
    reply = server.ask("GET", f"/x%0d%0aSet-Cookie:%20a=b?token={server.token}&y=%0d%0aX:%20z")
    assert reply.status == 303
    assert [value for name, value in reply.headers if name == "set-cookie" and value.startswith("a=")] == []
    assert reply.header("x") == ""


@pytest.mark.parametrize(
    "query", ["token=wrong", "token=", "token", "token={token}&token={token}", "Token={token}", "token={token}x"]
)
def test_a_wrong_link_opens_nothing_and_helps(server: LiveServer, query: str) -> None:
    reply = server.ask("GET", "/?" + query.format(token=server.token), "Accept: text/html,*/*")
    assert reply.status == 401
    assert b"callboard token" in reply.body
    assert reply.header("set-cookie") == ""
    assert server.token.encode() not in reply.body


def test_an_old_link_in_a_browser_with_a_session_is_cleaned(server: LiveServer, session: str) -> None:
    reply = server.ask("GET", "/?token=of-an-earlier-start", session=session)
    assert (reply.status, reply.header("location"), reply.header("set-cookie")) == (303, "/", "")


# headers


def test_pages_tell_the_browser_what_it_may(server: LiveServer, session: str) -> None:
    reply = server.ask("GET", "/", session=session)
    policy = reply.header("content-security-policy")
    assert reply.status == 200
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'self'" in policy
    assert "*" not in policy
    assert "https:" not in policy
    assert reply.header("x-content-type-options") == "nosniff"
    assert reply.header("referrer-policy") == "no-referrer"
    assert reply.header("cache-control") == "no-store"
    assert reply.header("server") == ""


@pytest.mark.parametrize(
    "target",
    ["/api/v1/board", "/api/v1/nothing", "/openapi.json", "/healthz", "/api/v1/tasks/1.1/artifacts/1/report.html"],
)
def test_data_is_never_run_framed_or_kept(server: LiveServer, target: str) -> None:
    reply = server.ask("GET", target, token=True)
    assert "default-src 'none'" in reply.header("content-security-policy")
    assert "sandbox" in reply.header("content-security-policy")
    assert reply.header("x-content-type-options") == "nosniff"
    assert reply.header("cache-control") == "no-store"


def test_a_page_among_the_artifacts_is_a_download(server: LiveServer) -> None:
    reply = server.ask("GET", "/api/v1/tasks/1.1/artifacts/1/report.html", token=True)
    assert reply.header("content-type") == "application/octet-stream"
    assert reply.header("content-disposition").startswith("attachment")


# S10: paths


@pytest.mark.parametrize(
    "prefix",
    ["/api/v1/tasks/1.1/artifacts/1/", "/api/v1/agents/", "/api/v1/runs/", "/static/", "/_nicegui/3.18.0/static/"],
)
@pytest.mark.parametrize(
    "walk",
    [
        "../" * 8 + "etc/passwd",
        "%2e%2e/" * 8 + "etc/passwd",
        "..%2f" * 8 + "etc%2fpasswd",
        "%252e%252e%252f" * 8 + "etc/passwd",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..\\..\\etc\\passwd",
        "..%5c..%5cetc%5cpasswd",
        "file:///etc/passwd",
        "....//....//etc/passwd",
        "%c0%ae%c0%ae/etc/passwd",
        "x%00.txt",
        ".",
        "..",
        "%2e",
        "../run/server.json",
        "..%2f..%2frun%2fserver.json",
        "report.txt%00.html",
    ],
)
def test_no_path_leads_out(server: LiveServer, prefix: str, walk: str) -> None:
    reply = server.ask("GET", prefix + walk, token=True)
    assert reply.status in (400, 404), reply
    assert b"root:" not in reply.body
    assert server.token.encode() not in reply.body


@pytest.mark.parametrize(
    "query", ["attempt=../1", "offset=..%2f", "limit=-1", "offset=1e9", "attempt=0", "limit=99999999999999"]
)
def test_no_parameter_leads_out(server: LiveServer, query: str) -> None:
    assert server.ask("GET", f"/api/v1/tasks/1.1/log?{query}", token=True).status == 422


# S22: bodies


def rss(server: LiveServer) -> float:
    return float(psutil.Process(server.process.pid).memory_info().rss) / 2**20


@pytest.mark.parametrize("target", ["/api/v1/runs", "/", POLL])
def test_a_body_that_says_it_is_huge_is_refused_before_it_comes(server: LiveServer, target: str) -> None:
    head = "Content-Type: application/json"
    for length in ("5368709120", "9" * 30):
        reply = server.ask("POST", target, head, f"Origin: {server.url}", f"Content-Length: {length}", token=True)
        assert reply.status in (400, 413), reply


@pytest.mark.parametrize("target", ["/api/v1/runs", "/"])
def test_a_body_without_an_end_is_cut(server: LiveServer, target: str) -> None:
    before = rss(server)
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.token}\r\n"
        "Content-Type: application/json\r\n"
    )
    piece = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        wire.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 64 * 2**20:
                wire.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
    assert sent < 64 * 2**20
    assert rss(server) - before < 16


@pytest.mark.parametrize("length", ["-1", "x", "1, 1", "+1", "0x10", "1\r\nContent-Length: 2", ""])
def test_a_length_that_is_none_is_refused(server: LiveServer, length: str) -> None:
    reply = server.ask(
        "POST", "/api/v1/runs", "Content-Type: application/json", f"Content-Length: {length}", body=b"{}", token=True
    )
    assert reply.status in (0, 400)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"NaN",
        b'{"priority": NaN}',
        b'{"only": [Infinity]}',
        b"[" * 60000,
        b'{"a":' * 12000,
        b"\xff\xfe",
        b"\x00",
        b'"\\ud800"',
        b'{"\\ud800": 1}',
        b'{"pipeline": "\\ud800"}',
        b'{"pipeline": ' + b"9" * 60000 + b"}",
        b"null",
        b"[]",
        b"1e400",
        b'{"only": {}}',
        json.dumps({f"k{number}": number for number in range(4000)}).encode(),
        b'{"only": "' + b"x" * 60000 + b'"}',
        b'{"priority": "urgent"}',
        b'{"pipeline": ""}',
        b'{"pipeline": "a\\u0000b"}',
        b'{"limit": true}',
        b'{"reason": 1}',
    ],
)
def test_no_body_breaks_anything(server: LiveServer, body: bytes) -> None:
    posts = (
        "/api/v1/runs/999/cancel",
        "/api/v1/agents/quality/concurrency",
        "/api/v1/tasks/999.1/decide",
        "/api/v1/tasks/999.1/answer",
    )
    for target in posts if body in (b"", b"{}") else ("/api/v1/runs", *posts):
        reply = server.ask("POST", target, "Content-Type: application/json", body=body, token=True)
        assert 400 <= reply.status < 500, (target, body[:50], reply)
        problem = reply.json()
        assert reply.header("content-type") == "application/problem+json"
        assert problem["status"] == reply.status
        assert problem["title"]
        assert len(reply.body) < 8_000


def test_a_frame_without_measure_ends_its_socket_alone(server: LiveServer, session: str) -> None:
    before = rss(server)
    with server.open_socket(session) as wire:
        wire.sendall(b"\x81\xff" + (32 * 2**20).to_bytes(8, "big") + b"\x00" * 4)
        sent = 0
        try:
            while sent < 32 * 2**20:
                wire.sendall(b"x" * 65_536)
                sent += 65_536
        except OSError:
            pass
    assert sent < 32 * 2**20
    assert server.ask("GET", "/healthz").status == 200
    assert rss(server) - before < 16


def test_a_flood_of_messages_ends_its_socket(server: LiveServer, session: str) -> None:
    text = b'42["watch",{"rooms":"x"}]'
    frame = bytes((0x81, 0x80 | len(text))) + b"\x00" * 4 + text
    end = b"\x88\x02" + (1008).to_bytes(2, "big")
    heard = b""
    with server.open_socket(session) as wire:
        wire.sendall(b"\x81\x82" + b"\x00" * 4 + b"40")
        for _ in range(2_000):
            wire.sendall(frame)
        wire.settimeout(5)
        while end not in heard:
            piece = wire.recv(65_536)
            assert piece, "cut without a word"
            heard += piece
    assert server.ask("GET", "/healthz").status == 200


def test_requests_that_never_end_keep_nobody_out(server: LiveServer) -> None:
    wires = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    try:
        for wire in wires:
            wire.sendall(b"GET / HTTP/1.1\r\nHost: ")
        assert server.ask("GET", "/api/v1/board", token=True).status == 200
    finally:
        for wire in wires:
            wire.close()


def test_an_address_without_end_is_refused(server: LiveServer) -> None:
    assert server.ask("GET", "/api/v1/runs?" + "x" * 9_000, token=True).status == 414


def test_bytes_that_are_no_request_do_not_harm(server: LiveServer) -> None:
    for garbage in (
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"\x00" * 100,
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        assert exchange(server.port, garbage, wait=1.0).status in (0, 400, 421)
    assert server.ask("GET", "/healthz").status == 200


# S20: the door, and the life of a server


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "0.0.0.0"), "does not listen on '0.0.0.0'"),
        (("--port", "5173"), "boundary.protected_ports"),
        (("--port", "6770"), "boundary.protected_ports"),
    ],
)
def test_a_door_that_must_stay_shut_stays_shut(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--port", "0", "--data", str(tmp_path), *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert said in done.stderr
    assert done.stdout == ""


def test_sessions_outlive_a_restart_and_tokens_do_not(tmp_path: Path) -> None:
    with live_server(tmp_path, "--calm") as first:
        session = first.session()
        token, port = first.token, first.port
    with live_server(tmp_path, "--calm", "--port", str(port)) as second:
        assert second.token != token
        assert second.ask("GET", "/api/v1/runs", f"Authorization: Bearer {token}").status == 401
        assert second.ask("GET", "/api/v1/runs", session=session).status == 200
        asked = threading.Thread(target=second.ask, args=("GET", "/api/v1/events"), kwargs={"token": True})
        asked.start()
        time.sleep(0.2)
        second.process.terminate()
        said, _ = second.process.communicate(timeout=15)
        asked.join()
        assert said.endswith("ended in order\n")
        assert second.process.returncode == 0
    assert not (tmp_path / "run" / "server.json").exists()
    assert token not in "".join(file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file())


def test_a_head_without_end_is_cut(server: LiveServer) -> None:
    before = rss(server)
    for piece in (b"X-More: " + b"x" * 1_000 + b"\r\n", b"x" * 65_536):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
            wire.sendall(f"GET / HTTP/1.1\r\nHost: {server.host}\r\nX: ".encode())
            sent = 0
            with contextlib.suppress(ConnectionError):
                while sent < 32 * 2**20:
                    wire.sendall(piece)
                    sent += len(piece)
            assert sent < 32 * 2**20
    assert rss(server) - before < 16


def test_one_connection_serves_many_requests(server: LiveServer) -> None:
    """The measure of a head is taken anew for each request."""
    body = b'{"reason": "' + b"x" * 900 + b'"}'
    request = (
        f"POST /api/v1/agents/quality/pause HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        statuses = []
        for _ in range(120):
            wire.sendall(request)
            statuses.append(read_reply(wire).status)
    assert statuses == [200] * 120


def test_what_a_proxy_would_say_is_not_believed(server: LiveServer, session: str) -> None:
    reply = server.ask(
        "GET", "/", "X-Forwarded-Prefix: /<script>evil", "X-Forwarded-Host: evil.example", session=session
    )
    assert reply.status == 200
    assert b"evil" not in reply.body
