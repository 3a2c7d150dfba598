"""Which requirements no test names: a bounded search of the workspace's test files."""

import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from callboard.link.openspec import reach
from callboard.link.openspec.model import Check, Requirement, Roadmap, Spec
from callboard.link.openspec.reach import Unreadable
from callboard.work.workspace import Workspace

USUAL = (
    "test_*.py", "*_test.py", "*.test.*", "*.spec.*", "*_spec.rb", "*_test.go", "*Test.java", "*Tests.cs", "*.feature", "*.bats",
)  # fmt: skip
USUAL_FOLDERS = frozenset(("test", "tests", "__tests__", "spec", "e2e", "features"))
MOST_FILES = 3_000
LARGEST = 500_000
MOST_BYTES = 25_000_000
MOST_SPECS = 5
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
OTHER = re.compile(r"[\W_]+")


def untested(
    workspace: Path,
    roadmap: Roadmap,
    patterns: Sequence[str] = (),
    *,
    seconds: float = 5.0,
    clock: Callable[[], float] = time.monotonic,
) -> list[Check]:
    """For each spec the requirements that no test file names, neither by their own title nor by one of a scenario.

    Titles are compared by their words: `test_user_can_log_in` names 'User can log in'. `patterns` are of paths in the
    workspace; () means the usual names. Reads at most MOST_FILES files, MOST_BYTES and `seconds`; when that was not enough,
    or there is no test file, one check says so and nothing else is claimed. Takes its time: not for a page's load.
    """
    left = {spec.id: [(one, _names(one)) for one in spec.requirements] for spec in roadmap.specs if spec.requirements}
    if not left:
        return []
    until = clock() + seconds
    files = [name for name in Workspace(workspace).files if _is_test(name, roadmap.folder, patterns)]
    read = 0
    whole = len(files) <= MOST_FILES
    for name in files[:MOST_FILES]:
        if clock() > until or read > MOST_BYTES:
            whole = False
            break
        try:
            text = reach.text(os.path.join(workspace, name), str(workspace), LARGEST)
        except Unreadable:
            continue
        read += len(text)
        words = f" {plain(text)} "
        left = {
            spec: [pair for pair in pairs if not any(name in words for name in pair[1])] for spec, pairs in left.items()
        }
    if not files:
        words = "no test file was found, so it cannot be told which requirements have a test"
        return [Check("untested", "info", words, "name the files in [roadmap] tests = ['…']")]
    if not whole:
        words = f"not all of {len(files):,} test files could be searched for the requirements that they name"
        return [Check("untested", "info", words, "narrow [roadmap] tests = ['…'] to those that do")]
    bare = [(spec, [one for one, _ in left[spec.id]]) for spec in roadmap.specs if left.get(spec.id)]
    return _checks(bare)


def plain(text: str) -> str:
    """The words of a text, small, with single blanks; `logIn` and `log_in` are two words."""
    return OTHER.sub(" ", CAMEL.sub(" ", text)).strip().lower()


def _names(one: Requirement) -> list[str]:
    titles = [plain(one.name), *(plain(name) for name in one.scenarios)]
    return [f" {title} " for at, title in enumerate(titles) if title and (at == 0 or " " in title)]


def _is_test(name: str, folder: str, patterns: Sequence[str]) -> bool:
    if name.startswith(f"{folder}/"):
        return False
    if patterns:
        return any(fnmatchcase(name, pattern) for pattern in patterns)
    *folders, base = name.split("/")
    return any(fnmatchcase(base, pattern) for pattern in USUAL) or not USUAL_FOLDERS.isdisjoint(folders)


def _checks(bare: Iterable[tuple[Spec, list[Requirement]]]) -> list[Check]:
    listed = list(bare)
    mend = "write its title into the name or the words of a test"
    if len(listed) > MOST_SPECS:
        count = sum(len(ones) for _, ones in listed)
        most = sorted(listed, key=lambda pair: -len(pair[1]))[:3]
        said = ", ".join(f"{spec.id} ({len(ones)})" for spec, ones in most)
        words = f"{count:,} requirements of {len(listed)} specs are named by no test: {said} and {len(listed) - 3} more"
        return [Check("untested", "low", words, mend, "", most[0][0].path, most[0][1][0].line)]
    found = []
    for spec, ones in listed:
        names = ", ".join(f"'{one.name[:80]}'" for one in ones[:3]) + (
            f" and {len(ones) - 3} more" if len(ones) > 3 else ""
        )
        words = f"{spec.id}: {len(ones)} of {len(spec.requirements)} requirements are named by no test: {names}"
        found.append(Check("untested", "low", words, mend, "", spec.path, ones[0].line))
    return found
