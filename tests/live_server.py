"""The real server over a fake desk, in a process of its own, and ways to speak to it that no library would allow."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parent / "show" / "fake_server.py"

UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@dataclass
class Reply:
    """What came back over a bare socket."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name.lower()), "")

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class LiveServer:
    """A server that runs."""

    process: subprocess.Popen[str]
    port: int
    token: str
    data: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(
        self,
        method: str,
        target: str,
        *headers: str,
        body: bytes = b"",
        host: str | None = "",
        token: bool = False,
        session: str = "",
    ) -> Reply:
        """One request, byte for byte as it is given. `host=None` sends none."""
        lines = [f"{method} {target} HTTP/1.1"]
        if host is not None:
            lines.append(f"Host: {host or self.host}")
        if token:
            lines.append(f"Authorization: Bearer {self.token}")
        if session:
            lines.append(f"Cookie: callboard_{self.port}={session}")
        if not any(header.lower().startswith(("upgrade", "connection")) for header in headers):
            lines.append("Connection: close")
        if body and not any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers):
            lines.append(f"Content-Length: {len(body)}")
        return exchange(self.port, "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + body)

    def board(self) -> Any:
        return self.ask("GET", "/api/v1/board", token=True).json()

    def upgrade(
        self, *headers: str, host: str | None = "", token: bool = False, session: str = "", path: str = ""
    ) -> int:
        """The status of an attempt to open the WebSocket of the pages: 101 when it opens."""
        target = path or "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
        return self.ask("GET", target, *UPGRADE, *headers, host=host, token=token, session=session).status

    def open_socket(self, session: str) -> socket.socket:
        """The WebSocket of the pages, opened; what follows are frames."""
        wire = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        lines = (
            "GET /_nicegui_ws/socket.io/?EIO=4&transport=websocket HTTP/1.1",
            f"Host: {self.host}",
            f"Cookie: callboard_{self.port}={session}",
            *UPGRADE,
        )
        wire.sendall("\r\n".join([*lines, "", ""]).encode())
        assert b" 101 " in wire.recv(65_536)
        return wire

    def session(self) -> str:
        """Opens the link and takes the cookie."""
        reply = self.ask("GET", f"/?token={self.token}")
        assert reply.status == 303, reply
        found = re.match(rf"callboard_{self.port}=([\w-]+);", reply.header("set-cookie"))
        assert found, reply.headers
        return found[1]


@contextmanager
def live_server(data: Path, *words: str, host: str = "127.0.0.1") -> Iterator[LiveServer]:
    """Starts it on a free port, without the environment of the tests; ends it and checks that it ended in order."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NICEGUI_", "PYTEST_"))}
    argv = [sys.executable, str(SCRIPT), "--port", "0", "--host", host, "--data", str(data), *words]
    with (data / "stderr").open("w") as errors:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, cwd=data)
    try:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        found = re.fullmatch(r"http://\S+:(\d+)/\?token=([\w-]+)", link)
        assert found, (link, (data / "stderr").read_text())
        yield LiveServer(process, int(found[1]), found[2], data)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise


def exchange(port: int, request: bytes, wait: float = 10.0) -> Reply:
    """Sends bytes, reads an answer. Status 0 means that the connection was cut without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as wire:
        with suppress(BrokenPipeError, ConnectionResetError):
            wire.sendall(request)
        return read_reply(wire)


def read_reply(wire: socket.socket) -> Reply:
    held = b""
    while b"\r\n\r\n" not in held:
        try:
            piece = wire.recv(65_536)
        except (ConnectionResetError, TimeoutError):
            piece = b""
        if not piece:
            return Reply(0)
        held += piece
    head, _, body = held.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in rest)]
    reply = Reply(int(first.split(" ")[1]), headers)
    if reply.status == 101:
        return reply
    length = reply.header("content-length")
    while (not length or len(body) < int(length)) and reply.header(
        "content-type"
    ) != "text/event-stream; charset=utf-8":
        try:
            piece = wire.recv(65_536)
        except (ConnectionResetError, TimeoutError):
            break
        if not piece:
            break
        body += piece
    reply.body = body
    return reply
