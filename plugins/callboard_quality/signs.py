"""What in a failure says that the place is to blame and not the code."""

import re

from callboard.api import Workspace
from callboard_quality.causes import NO_MODULE
from callboard_quality.trying import Went

PLACES = (
    (re.compile(r"No space left on device|\bENOSPC\b"), "the disk is full"),
    (re.compile(r"Too many open files|\bEMFILE\b"), "too many files are open"),
    (re.compile(r"Cannot allocate memory|\bENOMEM\b|^MemoryError", re.MULTILINE), "there is no memory left"),
    (re.compile(r"Read-only file system|\bEROFS\b"), "the file system cannot be written to"),
    (
        re.compile(
            r"Temporary failure in name resolution|Name or service not known|nodename nor servname|\bEAI_AGAIN\b|\bENOTFOUND\b"
        ),
        "a host name cannot be looked up",
    ),
    (re.compile(r"Network is unreachable|\bENETUNREACH\b"), "the network cannot be reached"),
    (re.compile(r"Address already in use|\bEADDRINUSE\b"), "a port is taken already"),
    (re.compile(r"Cannot find module '(?!\.)|ERR_MODULE_NOT_FOUND.{0,200}package '"), "a package is not installed"),
)


def is_environment(workspace: Workspace, went: Went) -> str:
    """Why a failure is the environment's, '' when nothing says so. Of modules, only such as the workspace has not itself."""
    last = f"{went.message}\n{went.text[-3_000:]}"
    for pattern, words in PLACES:
        if pattern.search(went.message) or (went.way in ("exit", "start", "collect") and pattern.search(last)):
            return words
    match = NO_MODULE.search(f"{went.message}\n{went.text}")
    if match is None or went.way not in ("collect", "start", "failed", "error"):
        return ""
    top = match[1].split(".")[0]
    ends = (f"/{top}.py", f"/{top}/__init__.py")
    if any(f"/{path}".endswith(ends) for path in workspace.files):
        return ""
    return f"the module {match[1]} is not installed there"
