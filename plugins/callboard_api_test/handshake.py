"""Knocking at a WebSocket (RFC 6455): whether it opens, and whether it closes at once again."""

import base64
import hashlib
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SECONDS = 8.0
LINGER = 0.6
LARGEST_HEAD = 65_536


@dataclass(frozen=True, slots=True)
class Knock:
    """The status of the answer; `opened` when it switched protocols rightly; `closed` is the code of a close that came at once,
    0 for none; `trouble` when there was no whole answer."""

    status: int = 0
    opened: bool = False
    closed: int = 0
    trouble: str = ""

    @property
    def lets_in(self) -> bool:
        """Whether it is open and stays so; a close for want of rights counts as a refusal."""
        return self.opened and self.closed not in REFUSALS

    @property
    def shown(self) -> str:
        if self.trouble:
            return self.trouble
        return f"closes with {self.closed}" if self.closed else "opens" if self.opened else f"answers {self.status}"


REFUSALS = frozenset({1008, 3000, 3003, 4000, 4001, 4003, 4401, 4403})


def knock(port: int, target: str, headers: Mapping[str, str], linger: float = LINGER) -> Knock:
    """One handshake on 127.0.0.1; after it, `linger` seconds are waited for a close. The connection is ended."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [f"GET {target} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace"))
            head, rest = _head(connection)
            status, said = _parsed(head)
            if status != 101:
                return Knock(status, trouble="" if status else "gave no answer")
            wanted = base64.b64encode(hashlib.sha1(key.encode() + GUID, usedforsecurity=False).digest()).decode()
            if said.get("sec-websocket-accept") != wanted:
                return Knock(101, trouble="answers 101 with a wrong Sec-WebSocket-Accept")
            return Knock(101, True, _close_code(connection, rest, linger))
    except OSError as error:
        return Knock(trouble=f"gave no answer ({type(error).__name__})")


def _head(connection: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data and len(data) < LARGEST_HEAD:
        chunk = connection.recv(4096)
        if not chunk:
            break
        data += chunk
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _parsed(head: bytes) -> tuple[int, dict[str, str]]:
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() and lines[0].startswith("HTTP/") else 0
    pairs = (line.partition(":") for line in lines[1:])
    return status, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _close_code(connection: socket.socket, data: bytes, linger: float) -> int:
    """The code of a close frame among the first frames; 1006 when the connection just ends; 0 when it stays open."""
    until = time.monotonic() + linger
    while True:
        while (frame := _frame(data)) is not None:
            opcode, payload, data = frame
            if opcode == 8:
                return int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
        left = until - time.monotonic()
        if left <= 0 or len(data) > LARGEST_HEAD:
            return 0
        connection.settimeout(left)
        try:
            chunk = connection.recv(4096)
        except TimeoutError:
            return 0
        if not chunk:
            return 1006
        data += chunk


def _frame(data: bytes) -> tuple[int, bytes, bytes] | None:
    """The first whole frame of a server, which is never masked, and what comes after it."""
    if len(data) < 2:
        return None
    length, start = data[1] & 0x7F, 2
    if length == 126:
        length, start = int.from_bytes(data[2:4], "big"), 4
    elif length == 127:
        length, start = int.from_bytes(data[2:10], "big"), 10
    if len(data) < start + length:
        return None
    return data[0] & 0x0F, data[start : start + length], data[start + length :]
