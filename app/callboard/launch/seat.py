"""How the fork server and a wrapper that is free for another attempt talk with each other."""

import array
import os
import socket
import struct

Key = tuple[int, int, int]
HEAD = struct.Struct("<IIII")
FREE = b"."
PATIENCE = 1.0


def hand_over(line: socket.socket, key: Key, frame: bytes, lock: int) -> bool:
    """Gives an order to a free wrapper; False when it does not take it.

    The lock travels with the order: whoever waits for the lock knows that no order is on its way any more.
    """
    whole = HEAD.pack(len(frame), *key) + frame
    line.settimeout(PATIENCE)
    try:
        sent = socket.send_fds(line, [whole], [lock])
        if sent < len(whole):
            line.sendall(whole[sent:])
    except OSError:
        return False
    return True


def take(line: socket.socket) -> tuple[Key, bytes, int] | None:
    """Says that this wrapper is free and waits for an order and the lock; None when the server has hung up."""
    try:
        line.sendall(FREE)
        size = array.array("i").itemsize
        part, ancillary, _, _ = line.recvmsg(262_144, socket.CMSG_SPACE(size))
        locks = array.array("i")
        for _, _, payload in ancillary:
            locks.frombytes(payload[: len(payload) - len(payload) % size])
        buffer = bytearray(part)
        while part and (len(buffer) < HEAD.size or len(buffer) < HEAD.size + HEAD.unpack_from(buffer)[0]):
            part = line.recv(262_144)
            buffer += part
    except OSError:
        return None
    if not part or not locks:
        return None
    os.set_inheritable(locks[0], False)
    _, run, task, attempt = HEAD.unpack_from(buffer)
    return (run, task, attempt), bytes(buffer[HEAD.size :]), locks[0]
