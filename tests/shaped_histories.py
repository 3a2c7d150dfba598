"""Histories of well-known packages in the shapes that real ones have, each with one planted regression."""

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from real_histories import files_of, sources

Files = Mapping[str, bytes]


@dataclass
class Shaped:
    """A repository, which commit has the regression, and the options that it is searched for with."""

    root: Path
    home: Path
    culprit: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    edits: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def git(self, *words: str) -> str:
        """What git says."""
        given = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        command = ["git", "-C", str(self.root), *who, *words]
        return subprocess.run(command, check=True, env=given, capture_output=True, text=True).stdout.strip()

    def release(self, name: str, version: str) -> str:
        """The files of a release instead of those of the one before, with the edits so far."""
        fresh = files_of(sources(name, version, self.home))
        for path in self.git("ls-files", "-z").split("\0"):
            if path and path not in fresh and not path.startswith("own"):
                (self.root / path).unlink()
        return self.commit(fresh, f"{name} {version}")

    def commit(self, files: Mapping[str, bytes | str], subject: str) -> str:
        """Writes files, with the edits in them, and commits."""
        for path, text in files.items():
            spot = self.root / path
            spot.parent.mkdir(parents=True, exist_ok=True)
            spot.write_bytes(self._edited(path, text.encode() if isinstance(text, str) else text))
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def edit(self, old: str, new: str, subject: str) -> str:
        """Replaces a line wherever it is, from now on."""
        self.edits[old] = new
        paths = [path for path in self.git("ls-files", "-z").split("\0") if path]
        done = self.commit({path: (self.root / path).read_bytes() for path in paths}, subject)
        assert self.git("show", "--stat", "--format=", done), f"no file has the line {old!r}"
        return done

    def plant(self, old: str, new: str) -> None:
        """The regression."""
        self.culprit = self.edit(old, new, "Counts anew")

    def small(self, times: int = 1) -> None:
        """Commits that change nothing of the package."""
        for _ in range(times):
            self.count += 1
            self.commit({"own-notes.txt": f"{self.count}\n"}, f"Note {self.count}")

    def torn(self, path: str) -> None:
        """A commit in which a file cannot be parsed, and its mend."""
        text = (self.root / path).read_bytes()
        self.commit({path: text + b"\n\ndef torn(:\n"}, "Work in progress")
        self.commit({path: text}, "Mends it")

    def _edited(self, path: str, text: bytes) -> bytes:
        if not self.edits or not re.search(r"\.(py|ini|toml|cfg)$", path):
            return text
        lines = text.decode("utf-8", "surrogateescape").split("\n")
        return "\n".join(self.edits.get(line, line) for line in lines).encode("utf-8", "surrogateescape")


def started(root: Path, home: Path) -> Shaped:
    """An empty repository."""
    root.mkdir(parents=True)
    made = Shaped(root, home)
    made.git("init", "-q", "-b", "main")
    (root / ".git" / "info" / "exclude").write_text("__pycache__/\n*.egg-info/\n")
    return made


def command_of_a_later_script(made: Shaped) -> None:
    """A command whose script came last, a module whose tests move, and commits that cannot be imported on both sides."""
    made.release("parse", "1.19.0")
    made.small(3)
    made.torn("parse.py")
    made.release("parse", "1.19.1")
    made.plant("        return sign * int(string, base)", "        return sign * int(string, base) + 1")
    made.torn("parse.py")
    made.release("parse", "1.20.1")
    made.release("parse", "1.20.2")
    check = "import sys\n\nsys.path.insert(0, '.')\nimport parse\n\nassert parse.parse('{:d}', '5')[0] == 5, 'five is not five'\n"
    made.commit({"own/check.sh": "exec python -B own/check.py\n", "own/check.py": check}, "A check")
    made.small(2)
    made.options = {"command": ["sh", "own/check.sh"]}


def module_that_becomes_a_package(made: Shaped) -> None:
    """The regression in a module that becomes a package, and the file of its tests gets another name."""
    made.release("tabulate", "0.8.10")
    made.small(4)
    made.torn("tabulate.py")
    made.plant("    lines.append(_build_line(colwidths, colaligns, linefmt))", "    lines.insert(0, '')")
    made.small(2)
    made.release("tabulate", "0.9.0")
    made.git("mv", "test/test_output.py", "test/test_what_comes_out.py")
    made.small(2)
    made.options = {"tests": ["test/test_what_comes_out.py::test_grid"]}


def side_branch_and_src(made: Shaped) -> None:
    """The regression in the middle of a merged side branch with a commit that cannot be imported; then the package moves to src."""
    made.release("packaging", "21.3")
    made.small(4)
    made.git("checkout", "-q", "-b", "side")
    made.small()
    made.torn("packaging/utils.py")
    made.plant(
        '    value = _canonicalize_regex.sub("-", name).lower()', '    value = _canonicalize_regex.sub("-", name)'
    )
    made.small(2)
    made.git("checkout", "-q", "main")
    made.commit({"own-main.txt": "x"}, "Of main")
    made.commit({"own-main.txt": "y"}, "Of main too")
    made.git("merge", "-q", "--no-ff", "-m", "Merge side", "side")
    made.release("packaging", "22.0")
    made.small(2)
    made.release("packaging", "23.2")
    made.small()
    made.options = {"tests": ["tests/test_utils.py::test_canonicalize_name"]}


def tests_born_later_by_unittest(made: Shaped) -> None:
    """Tests of unittest that came after the regression, named by their dotted name."""
    made.release("jmespath", "0.10.0")
    made.small(3)
    made.plant("        if not self._current_token() == 'star':", "        if self._current_token() == 'star':")
    made.small(2)
    made.release("jmespath", "1.0.0")
    made.torn("jmespath/parser.py")
    made.release("jmespath", "1.0.1")
    made.small(2)
    made.options = {"tests": ["tests.test_parser.TestParser.test_dot_syntax"]}


def option_of_pytest(made: Shaped) -> None:
    """An option in tox.ini that pytest does not know."""
    made.release("pluggy", "1.0.0")
    made.small(5)
    made.release("pluggy", "1.3.0")
    made.torn("src/pluggy/_hooks.py")
    made.small()
    made.plant("addopts=-r a", "addopts=-r a --no-such-option")
    made.small(2)
    made.release("pluggy", "1.5.0")
    made.options = {"tests": ["testing/test_details.py::test_parse_hookimpl_override"]}


def only_behind_others(made: Shaped) -> None:
    """A test that passes alone and fails behind the others of its file."""
    made.release("inflection", "0.3.1")
    made.small(5)
    made.release("inflection", "0.5.1")
    made.small(2)
    line = "    if not word or word.lower() in UNCOUNTABLES:"
    made.plant(line, "    if not word or word.lower() in UNCOUNTABLES or UNCOUNTABLES.add(word.lower() + 's'):")
    made.small(3)
    made.options = {"tests": ["test_inflection.py::test_singularize_plural[newsletter-newsletters]"]}


def two_hundred_commits(made: Shaped) -> None:
    """200 commits, a package that moves to src, and tests that are spread over new files."""
    made.release("semver", "2.13.0")
    made.small(70)
    made.plant("        return cls(self._major, self._minor + 1)", "        return cls(self._major, self._minor + 2)")
    made.small(40)
    made.release("semver", "3.0.0")
    made.small(60)
    made.release("semver", "3.0.2")
    made.small(26)
    made.options = {"tests": ["tests/test_bump.py::test_should_bump_minor"], "interpreter": "auto"}


def noise_besides(made: Shaped) -> None:
    """A test that fails in about one of four runs from the beginning, and always since the regression; its file moves."""
    made.release("isodate", "0.6.0")
    line = "    isodates = build_date_regexps(yeardigits, expanded)"
    made.edit(line, f"{line}; 1 // (__import__('random').random() > 0.008)", "Noise")
    made.small(6)
    made.release("isodate", "0.6.1")
    made.small(3)
    made.plant("        match = pattern.match(datestring)", "        match = None")
    made.small(4)
    made.release("isodate", "0.7.2")
    made.small(2)
    made.options = {"tests": ["tests/test_date.py::test_parse"], "interpreter": "auto"}


def pinned_requirement(made: Shaped) -> None:
    """A requirement that is pinned to an older release, seen only in an environment that is made for each commit."""
    project = (
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n[project]\nname = "own"\n'
    )
    project += 'version = "1"\ndependencies = [\n"parse==1.20.2",\n]\n[tool.setuptools]\npy-modules = ["own"]\n'
    check = "import own\n\n\ndef test_version():\n    assert own.VERSION >= (1, 20), own.VERSION\n"
    code = "import parse\n\nVERSION = tuple(map(int, parse.__version__.split('.')[:2]))\n"
    made.commit({"pyproject.toml": project, "own.py": code, "test_own.py": check}, "Begins")
    made.small(3)
    made.torn("own.py")
    made.plant('"parse==1.20.2",', '"parse==1.19.1",')
    made.small(3)
    made.options = {"tests": ["test_own.py::test_version"], "interpreter": "auto"}


SHAPES: list[Callable[[Shaped], None]] = [
    command_of_a_later_script,
    module_that_becomes_a_package,
    side_branch_and_src,
    tests_born_later_by_unittest,
    option_of_pytest,
    only_behind_others,
    two_hundred_commits,
    noise_besides,
    pinned_requirement,
]
