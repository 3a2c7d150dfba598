"""Why test modules cannot be collected: the one cause behind many errors, and how it is mended."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from callboard.api import Environment, Workspace
from callboard_quality.neighbours import beside, project_called, project_with
from callboard_quality.stream import Told

Kind = Literal["syntax", "environment", "workspace"]

NO_MODULE = re.compile(r"(?:ModuleNotFoundError|ImportError): No module named ['\"]([\w.]+)['\"]")
ASKS_FOR = re.compile(r"\bpip install ['\"]?([A-Za-z0-9][\w.-]*)")  # as packages say of their optional parts
ASKER = re.compile(r"\b[Tt]he ([A-Za-z_][\w.]{0,100}) (?:module|package|library) requires\b")
NO_NAME = re.compile(
    r"ImportError: cannot import name ['\"](\w+)['\"] from (?:partially initialized module )?['\"]([\w.]+)['\"]"
)
SYNTAX = re.compile(r"(?:SyntaxError|IndentationError|TabError): (.+)")
SYNTAX_PLACE = re.compile(r'^(?:E\s+|[ \t]+)?File "([^"\n]+)", line (\d+)', re.MULTILINE)
PLACE = re.compile(r"^(?:E\s+|[ \t]+)?(?:File \")?([^\s:\"][^:\"\n]*\.py)(?:\", line |:)(\d+)", re.MULTILINE)
RELATIVE = "attempted relative import with no known parent package"
TWINS = re.compile(r"import file mismatch|imported module .* has this __file__ attribute")
# import names whose distribution is called otherwise, as far as nearly everybody uses them
DISTRIBUTIONS = {
    "yaml": "PyYAML", "cv2": "opencv-python", "PIL": "Pillow", "sklearn": "scikit-learn", "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil", "dotenv": "python-dotenv", "jwt": "PyJWT", "attr": "attrs", "pkg_resources": "setuptools",
    "Crypto": "pycryptodome", "OpenSSL": "pyOpenSSL", "MySQLdb": "mysqlclient", "psycopg2": "psycopg2-binary",
    "serial": "pyserial", "zmq": "pyzmq", "git": "GitPython", "docx": "python-docx", "magic": "python-magic",
    "google.protobuf": "protobuf", "rest_framework": "djangorestframework", "environ": "django-environ", "jose": "python-jose",
    "multipart": "python-multipart", "slugify": "python-slugify", "ldap": "python-ldap", "pytest_django": "pytest-django",
}  # fmt: skip


Maker = Callable[..., "Cause"]


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason for which modules could not be collected.

    `kind`: 'syntax' for a file that does not parse, 'environment' for a package that the interpreter lacks or has in another
    version, 'workspace' for what the team's own code does. `path` (absolute or relative) and `line` are where it is,
    `module` what is missing.
    """

    kind: Kind
    words: str
    mend: str
    path: str
    line: int
    members: tuple[Told, ...]
    module: str = ""


class Causes:
    """Finds the cause of each error and puts equal ones together. `relative` gives the workspace's path of a place, '' for none."""

    def __init__(
        self, workspace: Workspace, environment: Environment, folder: str, relative: Callable[[str], str]
    ) -> None:
        self._workspace = workspace
        self._environment = environment
        self._folder = folder
        self._relative = relative

    def grouped(self, errors: Sequence[Told]) -> list[Cause]:
        """The causes, the one with most modules first."""
        found: dict[tuple[str, str, int], list[tuple[Told, Cause]]] = {}
        for told in errors:
            cause = self.of(told)
            own = self._relative(cause.path) == self._relative(told.path)
            key = (cause.words, "" if own and cause.kind != "syntax" else cause.path, 0 if own else cause.line)
            found.setdefault(key, []).append((told, cause))
        groups = [self._joined(pairs) for pairs in found.values()]
        return sorted(groups, key=lambda cause: -len(cause.members))

    @staticmethod
    def _joined(pairs: Sequence[tuple[Told, Cause]]) -> Cause:
        first = pairs[0][1]
        members = tuple(told for told, _ in pairs)
        return Cause(first.kind, first.words, first.mend, first.path, first.line, members, first.module)

    def of(self, told: Told) -> Cause:
        """The cause of one error."""
        text = told.text or told.message
        lines = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
        last = first_line(*lines[-1:], *reversed(text.splitlines()), told.message)
        last = last.replace(f"{self._environment.base}/", "")
        path, line = self.innermost(told, text)

        def made(kind: Kind, words: str, mend: str, module: str = "") -> Cause:
            return Cause(kind, words, mend, path, line, (told,), module)

        if SYNTAX.match(last):
            places = [(p, int(n)) for p, n in SYNTAX_PLACE.findall(text) if self._relative(p)]
            path, line = places[-1] if places else (path, line)
            if places:
                return made("syntax", last, "mend the file")
        if match := NO_MODULE.search(text):
            return self._missing(match[1], last, made)
        if (match := ASKS_FOR.search(text)) and any(ASKS_FOR.search(one) for one in (last, *lines)):
            asker = ASKER.search(text)
            who = asker[1] if asker else "it"
            words = f"{who} needs the package {match[1]}, which {self._environment.words} lacks"
            return made("environment", words, self._declare(match[1]), match[1])
        if match := NO_NAME.search(text):
            return self._nameless(match[1], match[2], last, made)
        if RELATIVE in last:
            folder = str(PurePosixPath(self._relative(path) or "tests/x").parent)
            mend = f"make {folder} a package by an empty {folder}/__init__.py, or import absolutely"
            return made("workspace", f"{last} (there is no __init__.py in {folder})", mend)
        if TWINS.search(text):
            mend = "give the test folders an __init__.py, or set --import-mode=importlib"
            return made("workspace", "two test modules have the same name", mend)
        return made("workspace", last, "mend what is wrong there")

    def _missing(self, module: str, last: str, made: Maker) -> Cause:
        top = module.split(".")[0]
        package = DISTRIBUTIONS.get(module) or DISTRIBUTIONS.get(top) or top.replace("_", "-")
        neighbour = project_with(self._workspace, top, self._folder) or project_called(self._workspace, package)
        if neighbour is not None and neighbour != self._folder:
            words = f"No module named '{module}', which {self._environment.words} lacks"
            return made("environment", words, beside(top, neighbour, self._folder), top)
        if self.is_own(top):
            where = f"{self._folder or 'the top of the workspace'}"
            mend = f"the module {module} is not where the import looks for it: mend the import, or install the project ({where})"
            return made("workspace", last, mend)
        words = f"No module named '{module}', which {self._environment.words} lacks"
        return made("environment", words, self._declare(package), top)

    def _nameless(self, name: str, module: str, last: str, made: Maker) -> Cause:
        top = module.split(".")[0]
        if self.is_own(top):
            words = last.partition(" (/")[0]
            circle = " (a circle of imports)" if "partially initialized" in last else ""
            return made("workspace", f"{words}{circle}", f"define {name} in {module}, or mend the import")
        package = DISTRIBUTIONS.get(top, top.replace("_", "-"))
        version = self._environment.has.get(package.lower().replace("_", "-"))
        has = f"{package} {version}" if version else package
        words = f"cannot import name '{name}' from '{module}', as {has} of {self._environment.words} does not have it"
        mend = f"ask for a version of {package} that has {name}: {self._declare(package)}"
        return made("environment", words, mend, top)

    def _declare(self, package: str) -> str:
        prefix = f"{self._folder}/" if self._folder else ""
        said = self._environment.said_by
        if said:
            return f"declare {package} in {said}"
        for name in ("requirements-test.txt", "requirements-dev.txt", "requirements.txt"):
            if (self._workspace.path / prefix / name).is_file():
                return f"declare {package} in {prefix}{name}"
        if (self._workspace.path / prefix / "pyproject.toml").is_file():
            return f"declare {package} in the dependency group 'test' of {prefix}pyproject.toml"
        return f"declare {package} in {prefix}requirements-test.txt"

    def is_own(self, module: str) -> bool:
        """Whether the workspace itself has a module of this name, so that its absence is the workspace's own fault."""
        ends = (f"/{module}.py", f"/{module}/__init__.py")
        return any(f"/{path}".endswith(ends) for path in self._workspace.files)

    def innermost(self, told: Told, text: str) -> tuple[str, int]:
        """The last place in the workspace that the words name, the test's own file where there is none."""
        places = [(path, int(line)) for path, line in PLACE.findall(text)]
        base = self._environment.base
        for path, line in reversed(places):
            for whole in (path, str(base / self._folder / path), str(base / path)):
                if whole.startswith("/") and self._relative(whole) and (base / self._relative(whole)).is_file():
                    return whole, line
        return told.path, told.line or (1 if told.path.endswith(".py") else 0)


def first_line(*texts: str) -> str:
    """The first line with words in it, of the first text that has one."""
    return next((line.strip() for text in texts for line in text.splitlines() if line.strip()), "")


def modules_words(members: Sequence[Told], most: int = 3) -> str:
    """'test_a.py, test_b.py and 20 more'."""
    names = [told.id.rpartition("/")[2].removeprefix("unittest.loader._FailedTest.") for told in members]
    shown = ", ".join(names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def listed(causes: Sequence[Cause], relative: Callable[[str], str]) -> Iterator[str]:
    """Lines of a text that names every module under its cause."""
    for cause in causes:
        yield f"{cause.words}\n  mend: {cause.mend}\n"
        yield from (f"  {relative(told.path) or told.id}\n" for told in cause.members)
