"""How the end of the work is put into words."""

import os
import signal
from typing import Any

from callboard.launch.outlog import OutputLog
from callboard.launch.spool import parse_record

OUT_OF_MEMORY = (b"MemoryError", b"bad_alloc", b"Cannot allocate memory", b"out of memory", b"OutOfMemoryError")
RULE = "(rule: boundary."
SIGNALS = {
    "SIGSEGV": "a segmentation fault",
    "SIGABRT": "an abort",
    "SIGKILL": "from outside, or by the kernel for want of memory",
    "SIGBUS": "a bus error",
    "SIGILL": "an illegal instruction",
    "SIGFPE": "an arithmetic fault",
}


def mebibytes(value: float) -> str:
    """'512 MiB', '2.1 GiB'."""
    return f"{value:.0f} MiB" if value < 1024 else f"{value / 1024:.1f} GiB"


def refused(order: dict[str, Any], error: OSError | ValueError) -> dict[str, Any]:
    """The work could not be begun."""
    words = str(getattr(error, "strerror", None) or error)
    if "argv" in order:
        name = order["argv"][0]
        words = f"'{name}' could not be started: {words}"
        if isinstance(error, FileNotFoundError):
            place = order["folder"] or order["workspace"]
            there = os.path.isdir(os.path.join(order["workspace"], order["folder"]))
            words = (
                f"'{name}' is not installed: it is neither on PATH nor in the workspace's own environment"
                if there
                else f"the folder '{place}' is not there"
            )
    return {"how": "not started", "reason": words[:300]}


def ended_by(number: int) -> str:
    """'ended by SIGSEGV (a segmentation fault)'."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    words = SIGNALS.get(name, "")
    return f"ended by {name} ({words})" if words else f"ended by {name}"


def command_outcome(status: int, log: OutputLog, memory_mb: float) -> dict[str, Any]:
    """A command says what it has to say by its exit code."""
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return {"how": "exited", "code": 0}
    if code < 0 and code != -signal.SIGABRT:
        return {"how": "crashed", "reason": ended_by(-code), "signal": -code}
    tail = log.tail(4_096)
    word = next((word.decode() for word in OUT_OF_MEMORY if word in tail), "")
    if word:
        reason = f"got no more memory ({word}); its limit is {mebibytes(memory_mb)}"
        return {"how": "memory limit", "reason": reason, "code": code}
    if code < 0:
        return {"how": "crashed", "reason": ended_by(-code), "signal": -code}
    rule = _rule_in(tail)
    return {"how": "exited", "reason": f"exit {code}: {rule}" if rule else f"exit {code}", "code": code}


def _rule_in(tail: bytes) -> str:
    """The last line that tells of a refusal by the boundary, as programs repeat it; '' for none."""
    told = [line for line in tail.decode("utf-8", "replace").splitlines() if RULE in line]
    return told[-1].rpartition("[Errno 1] ")[2].strip()[:300] if told else ""


def work_outcome(status: int, words: bytes, memory_mb: float) -> dict[str, Any]:
    """The work of an action has said itself how it ended, unless it did not come to that."""
    code = os.waitstatus_to_exitcode(status)
    said = parse_record(words) if code == 0 else {}
    if said.get("how") == "memory limit":
        said["reason"] = f"{said.get('reason', '')}; its limit is {mebibytes(memory_mb)}"
    if said:
        return said
    if code < 0:
        return {"how": "crashed", "reason": ended_by(-code), "signal": -code}
    return {"how": "crashed", "reason": f"exit {code} without a result", "code": code}
