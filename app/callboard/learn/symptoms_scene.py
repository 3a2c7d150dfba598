"""What changed since a check was looked at before: the places in the files, and which tests go through them."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from callboard.core.case_facts import Symptom
from callboard.core.correlate_clues import clues_of, is_server_error
from callboard.core.correlate_scene import Region, Scene
from callboard.learn.commits import COMMIT, ask_git
from callboard.learn.symptoms_reach import Reach
from callboard.work.finding import scope_of

MOST_REGIONS = 40
MOST_FILES = 200
NEAR = 3
MOST_WORDS = 5_000
_WORD = re.compile(r"[A-Za-z_]\w{2,100}")
_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_TO = re.compile(r'^\+\+\+ (?:"?b/(.*?)"?|/dev/null)\t?$')
_FROM = re.compile(r'^--- (?:"?a/(.*?)"?|/dev/null)\t?$')
_COMMENT = {
    **dict.fromkeys((".py", ".pyi", ".sh", ".bash", ".rb", ".yml", ".yaml", ".toml"), re.compile(r"#(?!!)")),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".go", ".rs", ".java", ".kt", ".php"), re.compile(r"//")),
    ".sql": re.compile(r"--"),
}  # fmt: skip
_FOR_TOOLS = re.compile(
    r"[#/]/?\s*(?:type:|noqa|pragma|pyright|mypy|pylint|eslint|@ts-|prettier|fmt:|nosec|go:|\+build|.*coding[:=])"
)
_HEADER = re.compile(r"\s*(?:async )?(?:def|class|function)\s+(\w+)|\s*(?:export )?(?:const|let|function)\s+(\w+)")


@dataclass(frozen=True, slots=True)
class Changes:
    """By path the places that changed, and by word that was taken out the file that it was taken out of."""

    places: Mapping[str, tuple[Region, ...]] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)


def changed_since(workspace: Path, before: str, now: str = "") -> Changes:
    """What differs between the commit `before` and the commit `now`, or with '' what lies in the workspace.

    Empty when git cannot say, or when too many files differ to tell which of them it was.
    """
    if not COMMIT.fullmatch(before) or (now and not COMMIT.fullmatch(now)):
        return Changes()
    asked = ("diff", "-U0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--relative", before)
    ran = ask_git(workspace, *asked, *([now] if now else []), "--")
    if ran.code != 0 or ran.trouble:
        return Changes()
    diff = os.fsdecode(ran.output)
    spans = _spans(diff)
    if len(spans) > MOST_FILES:
        return Changes()
    return Changes({path: _regions(workspace, path, lines) for path, lines in spans.items()}, _gone(diff))


def _gone(diff: str) -> dict[str, str]:
    """The words that lines of the diff take out and none puts in, with their file; of the first MOST_WORDS."""
    found: dict[str, str] = {}
    kept: set[str] = set()
    path = ""
    for line in diff.splitlines():
        old = _FROM.match(line)
        if old is not None and line.startswith("--- "):
            path = old[1] or path
        elif line.startswith("-") and len(found) < MOST_WORDS:
            for word in _WORD.findall(line):
                found.setdefault(word, path)
        elif line.startswith("+") and not line.startswith("+++ "):
            kept.update(_WORD.findall(line))
    return {word: path for word, path in found.items() if word not in kept}


def _spans(diff: str) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {}
    gone = path = ""
    in_head, span = True, (1, 1)
    told: set[str] = set()
    for line in diff.splitlines():
        hunk = _HUNK.match(line)
        if line.startswith("diff --git "):
            in_head, gone, path = True, "", ""
        elif in_head and (old := _FROM.match(line)):
            gone = old[1] or ""
        elif in_head and (new := _TO.match(line)):
            path = new[1] or gone
            found.setdefault(path, [])
        elif hunk and path:
            in_head = False
            told.add(path)
            start, count = int(hunk[1]), int(hunk[2]) if hunk[2] is not None else 1
            span = (max(1, start), max(1, start) + max(count, 1) - 1)
        elif (
            path and not in_head and line[:1] in "+-" and found[path][-1:] != [span] and not _is_remark(path, line[1:])
        ):
            found[path].append(span)
    return {path: spans for path, spans in found.items() if spans or path not in told}


def _is_remark(path: str, line: str) -> bool:
    """Whether a line is empty or a comment that only persons read: a change of it breaks nothing that runs."""
    words, comment = line.strip(), _COMMENT.get(os.path.splitext(path)[1])
    if comment is None:
        return False
    return not words or (comment.match(words) is not None and _FOR_TOOLS.match(words) is None)


def _regions(workspace: Path, path: str, spans: Sequence[tuple[int, int]]) -> tuple[Region, ...]:
    """The changed lines, those of one function or next to each other together."""
    try:
        place = workspace / path
        text = "" if place.is_symlink() else place.read_bytes()[:1_000_000].decode("utf-8", "replace")
    except (OSError, ValueError):
        text = ""
    lines = text.splitlines()
    found: list[Region] = []
    for start, end in spans[:MOST_REGIONS]:
        while start < end and start <= len(lines) and not lines[start - 1].strip():
            start += 1
        scope = scope_of(lines, start)
        if not scope and start <= len(lines):
            header = _HEADER.match(lines[start - 1])
            scope = (header[1] or header[2] or "") if header else ""
        last = found[-1] if found else None
        if last is not None and ((scope and scope == last.name) or (scope == last.name and start - last.end <= NEAR)):
            found[-1] = Region(last.start, end, last.name)
        else:
            found.append(Region(start, end, scope))
    return tuple(found) or (Region(1, max(1, len(lines))),)


def scene_of(
    workspace: Path,
    paths: Sequence[str],
    symptoms: Sequence[Symptom],
    changes: Changes,
    needs: Mapping[str, str],
    backlog: frozenset[str] = frozenset(),
    commands: Mapping[str, tuple[Sequence[str], str]] = {},
) -> Scene:
    """The scene of these symptoms, which are new since the changes, in a workspace that holds these paths. `commands` are by check
    the words of the team's own commands, each with its folder."""
    changed = changes.places
    if not changed:
        return Scene(needs=needs, backlog=backlog)
    reach = Reach(workspace, paths, changed)
    failed = [s for s in symptoms if s.path and (s.kind == "test" or is_server_error(s.message))]
    frames = [path for symptom in symptoms for path, _ in clues_of(symptom).frames]
    through = {path: reach.of(path) for path in dict.fromkeys((*(symptom.path for symptom in failed), *frames))}
    starts = {check: reach.started(*commands[check]) for check in {s.check for s in symptoms} & commands.keys()}
    through |= {path: reach.behind(path) for files in starts.values() for path in files}
    nearest = {path: reach.nearest(path) for path, files in through.items() if len(files) > 1}
    names = {region.name for regions in changed.values() for region in regions if region.name}
    mentions = {symptom.key: reach.names(symptom.path, symptom.line, names) for symptom in failed}
    return Scene(
        changed=changed,
        gone=changes.gone,
        reaches={path: files for path, files in through.items() if files},
        mentions={key: said for key, said in mentions.items() if said},
        starts={check: files for check, files in starts.items() if files},
        nearest={path: file for path, file in nearest.items() if file},
        needs=needs,
        backlog=backlog,
        fresh=frozenset(symptom.key for symptom in symptoms),
    )


def paths_of(workspace: Path) -> list[str]:
    """The files that git knows of the workspace, [] when it cannot say."""
    ran = ask_git(workspace, "ls-files", "-z")
    return os.fsdecode(ran.output).split("\0")[:-1] if ran.code == 0 and not ran.trouble else []
