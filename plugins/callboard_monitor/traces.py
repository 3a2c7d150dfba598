"""Tracebacks in logs: what was raised, and the innermost place of the workspace in it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

START = re.compile(r"Traceback \(most recent call last\):")
GROUP = re.compile(r"Exception Group Traceback \(most recent call last\):")
FRAME = re.compile(r'^\s*(?:\|\s*)*File "([^"\n]{1,1000})", line (\d+)(?:, in (.*))?')
RAISED = re.compile(
    r"^(?:\|\s*)*([A-Za-z_][\w.]*(?:Error|Exception|Warning|Interrupt|Exit|Group|[A-Z]\w*)?)(?::\s.*)?$"
)
CAUSE = re.compile(r"^(?:The above exception was the direct cause|During handling of the above exception)")
JS_FRAME = re.compile(r"^\s+at (?:(?:async )?[^()\n]{0,300}\()?(?:file://)?([^()\n:]{1,1000}):(\d+):\d+\)?\s*$")
JS_RAISED = re.compile(r"(?:Uncaught )?\b([A-Z]\w*(?:Error|Exception)): .*")
VENDORED = ("site-packages/", "dist-packages/", "node_modules/", "<frozen", "<string>", "node:", "/lib/python")
MOST_FRAMES = 2_000
MOST_BLANK = 500


@dataclass(slots=True)
class Trace:
    """A traceback that is being read: its first line, its frames, and at its end what was raised."""

    line: int
    frames: list[tuple[str, int]] = field(default_factory=list)
    raised: str = ""
    inner_first: bool = False

    def innermost(self, files: Mapping[str, Sequence[str]]) -> tuple[str, int]:
        """The innermost frame that lies in the workspace, as its path there and the line; ('', 0) for none."""
        for path, line in self.frames if self.inner_first else reversed(self.frames):
            found = here(path, files)
            if found:
                return found, line
        return "", 0


def by_name(files: Sequence[str]) -> dict[str, list[str]]:
    """The files of the workspace by their last part, for `here`."""
    found: dict[str, list[str]] = {}
    for path in files:
        found.setdefault(path.rsplit("/", 1)[-1], []).append(path)
    return found


def here(path: str, files: Mapping[str, Sequence[str]]) -> str:
    """The workspace's file for a path of perhaps another machine ('/app/shop/orders.py'); '' for none, or for a library's.

    The file with the most parts in common at the end; where several have as many, none.
    """
    path = path.replace("\\", "/")
    if any(part in path for part in VENDORED):
        return ""
    parts = path.removeprefix("./").strip("/").split("/")
    best: list[str] = []
    most = (0, False)
    for known in files.get(parts[-1], ()):
        own = known.split("/")
        same = 0
        while same < min(len(own), len(parts)) and own[-1 - same] == parts[-1 - same]:
            same += 1
        whole = same == len(own) or (same == len(parts) and not path.startswith("/"))
        if not whole and same < 2:
            continue  # no more in common than the name
        if (same, same == len(own)) > most:
            best, most = [known], (same, same == len(own))
        elif (same, same == len(own)) == most:
            best.append(known)
    return best[0] if len(best) == 1 else ""


def of_text(text: str) -> Trace | None:
    """The traceback in a text of several lines (the 'exception' of a JSON log), None when there is none."""
    trace: Trace | None = None
    for line in text.splitlines()[:MOST_FRAMES]:
        frame = FRAME.match(line) or JS_FRAME.match(line)
        if frame:
            trace = trace or Trace(0, inner_first=FRAME.match(line) is None)
            trace.frames.append((frame[1], int(frame[2][:9])))
        elif trace is not None and not trace.inner_first and line[:1].strip() and RAISED.match(line.strip()):
            trace.raised = line.strip()
        elif trace is None and JS_RAISED.search(line):
            trace = Trace(0, raised=line.strip(), inner_first=True)
    return trace if trace is not None and trace.frames else None
