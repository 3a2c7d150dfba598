"""Which changed files a test goes through by its imports, and which changed functions it names; read from the files themselves.

It is bounded: FILES files of at most LARGEST bytes, DEEPEST imports one after the other. What cannot be told is left out.
"""

import json
import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from callboard.learn.symptoms_starts import started_by

FILES = 400
LARGEST = 200_000
DEEPEST = 6
MOST_PATHS = 50_000
_FROM = re.compile(r"^[ \t]*from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]{0,4000}\)|[^\n#]{1,1000})", re.MULTILINE)
_IMPORT = re.compile(r"^[ \t]*import[ \t]+([\w., \t]{1,1000})", re.MULTILINE)
_NODE = re.compile(r"(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)['\"]([.@\w][^'\"\n]{0,500})['\"]")
_ENTRIES = (
    "index.js",
    "index.mjs",
    "index.ts",
    "index.tsx",
    "src/index.js",
    "src/index.ts",
    "src/index.mjs",
    "src/index.tsx",
)
MOST_PACKAGES = 200
_WORD = re.compile(r"\w+")
_PYTHON = (".py", ".pyi")
_SCRIPT = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".vue", ".svelte")
_SHELL = (".sh", ".bash", ".zsh", ".ksh")
_SHEBANG = re.compile(r"#!\S*/(?:env )?(?:ba|da|z|k)?sh\b")
_RUN_MODULE = re.compile(r"\bpython[\d.]*(?:[ \t]+-[A-Za-ln-z]+)*[ \t]+-m[ \t]+([A-Za-z_][\w.]*)")
_TOKEN = re.compile(r"[\w./@+-]{3,200}")
_LISTS = re.compile(r"\b(?:glob|rglob|iglob|iterdir|listdir|scandir|walk|readdir|readdirSync|globSync)\b")
_SCRIPT_ENDS = ("", *_SCRIPT, "/index.js", "/index.ts", "/index.tsx")


class Reach:
    """Follows imports in one state of a workspace. `paths` are its files, `changed` those that a commit changed."""

    def __init__(self, workspace: Path, paths: Sequence[str], changed: Collection[str]) -> None:
        self._workspace = workspace
        self._paths = set(paths[:MOST_PATHS])
        self._changed = set(changed)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in self._paths:
            if path.endswith(_PYTHON):
                module = posixpath.splitext(path)[0].removesuffix("/__init__")
                self._by_name[module.rpartition("/")[2]].append(module)
        self._texts: dict[str, str] = {}
        self._next: dict[str, tuple[str, ...]] = {}
        self._packages: dict[str, tuple[str, str]] | None = None

    def of(self, path: str) -> tuple[str, ...]:
        """The changed files that a test's file goes through by its own imports; when by none, by its fixtures."""
        found = self._closure([path])
        if not found and path.endswith(_PYTHON):
            folder, fixtures = posixpath.dirname(path), []
            while True:
                place = posixpath.join(folder, "conftest.py")
                if place in self._paths and place != path:
                    fixtures.append(place)
                if not folder:
                    break
                folder = posixpath.dirname(folder)
            found = self._closure(fixtures)
        return tuple(sorted(found))

    def started(self, argv: Sequence[str], folder: str) -> tuple[str, ...]:
        """The files of the workspace that a command starts, by its words."""
        return started_by(argv, folder, self._paths, self._text)

    def behind(self, path: str) -> tuple[str, ...]:
        """The changed files that a file which is started goes through, itself among them."""
        return tuple(sorted(self._closure([path]) | ({path} & self._changed)))

    def nearest(self, path: str) -> str:
        """The changed file that is the fewest imports away, '' when it is none, or not one alone."""
        seen, front, data = {path}, [path], set[str]()
        for _ in range(DEEPEST + 1):
            met = ({*front} & self._changed) | data
            if met or not front:
                return met.pop() if len(met) == 1 else ""
            data = {found for one in front for found in self._data_of(one, self._text(one))}
            after = dict.fromkeys(other for one in front for other in self._imported(one) if other not in seen)
            front = list(after)[: FILES - len(seen)]
            seen.update(front)
        return ""

    def names(self, path: str, line: int, names: Collection[str]) -> frozenset[str]:
        """Which of the names the function around a line of a test's file says."""
        wanted = {name.rpartition("/")[2] for name in names if name}
        if not wanted or not line:
            return frozenset()
        lines = self._text(path).splitlines()
        start = end = min(line, len(lines)) - 1
        while start > 0 and not re.match(r"\s*(?:async )?def |\s*(?:test|it|describe)\b", lines[start]):
            start -= 1
        while end + 1 < len(lines) and not re.match(
            r"(?:async )?def |class |@|(?:test|it|describe)\b", lines[end + 1].lstrip()
        ):
            end += 1
        said = set(_WORD.findall("\n".join(lines[max(0, start) : end + 1])))
        return frozenset(name for name in names if name and name.rpartition("/")[2] in said)

    def _closure(self, starts: Sequence[str]) -> set[str]:
        seen, front, found = set(starts), list(starts), set[str]()
        for _ in range(DEEPEST):
            after: list[str] = []
            for path in front:
                found |= ({path} & self._changed) - set(starts)
                text = self._text(path)
                found |= self._data_of(path, text)
                for other in self._imported(path):
                    if other not in seen and len(seen) < FILES:
                        seen.add(other)
                        after.append(other)
            front = after
            if not front:
                break
        return found | ((set(front) & self._changed) - set(starts))

    def _data_of(self, path: str, text: str) -> set[str]:
        """The changed data files that the text names; of several with one name, those that lie nearest."""
        by_name: dict[str, list[str]] = defaultdict(list)
        for data in self._changed:
            if not data.endswith((*_PYTHON, *_SCRIPT)) and posixpath.basename(data) in text:
                by_name[posixpath.basename(data)].append(data)
        found: set[str] = set()
        for places in by_name.values():
            shared = [
                len(posixpath.commonprefix([f"{posixpath.dirname(path)}/", f"{posixpath.dirname(one)}/"]))
                for one in places
            ]
            found |= {one for one, length in zip(places, shared, strict=True) if length == max(shared)}
        for data in self._changed:
            folder, end = posixpath.basename(posixpath.dirname(data)), posixpath.splitext(data)[1]
            if folder and end and not data.endswith((*_PYTHON, *_SCRIPT)) and self._is_listed(text, folder, end):
                found.add(data)
        return found

    @staticmethod
    def _is_listed(text: str, folder: str, end: str) -> bool:
        """Whether the text goes through all of a folder: it names it, and files there by their ending, or all of them."""
        if folder not in text:
            return False
        named = re.search(rf"(?<![\w.-]){re.escape(folder)}(?![\w.-])", text) is not None
        return named and (re.search(rf"\*{re.escape(end)}(?!\w)", text) is not None or _LISTS.search(text) is not None)

    def _scripts_of(self, path: str) -> Iterator[str]:
        """The shell scripts that a text names by their path, from the root, its own folder, or the folder above; of a shell
        script, all programs and modules that it names."""
        text = self._text(path)
        shell = path.endswith(_SHELL) or _SHEBANG.match(text) is not None
        if not text or not (shell or path.endswith((*_PYTHON, *_SCRIPT))):
            return
        ends = (*_SHELL, *_PYTHON, *_SCRIPT) if shell else _SHELL
        for name in dict.fromkeys(_RUN_MODULE.findall(text)) if shell else ():
            yield from self._module(name.replace(".", "/"), exact=False)
        here = posixpath.dirname(path)
        for word in dict.fromkeys(_TOKEN.findall(text)):
            if "/" not in word and not word.endswith(ends):
                continue
            for folder in dict.fromkeys(("", here, posixpath.dirname(here))):
                place = posixpath.normpath(posixpath.join(folder, word.lstrip("/")))
                if place != path and place in self._paths and (place.endswith(ends) or self._is_shell(place)):
                    yield place
                    break

    def _is_shell(self, path: str) -> bool:
        """Whether it is a script for a shell by its name; one without an ending, by its first line."""
        if path.endswith(_SHELL):
            return True
        return "." not in posixpath.basename(path) and _SHEBANG.match(self._text(path)) is not None

    def _text(self, path: str) -> str:
        if path not in self._texts:
            text = ""
            if path in self._paths and len(self._texts) < FILES:
                place = self._workspace / path
                try:
                    if (
                        not place.is_symlink()
                        and place.is_file()
                        and place.resolve().is_relative_to(self._workspace.resolve())
                    ):
                        with open(place, "rb") as file:
                            text = file.read(LARGEST).decode("utf-8", "replace")
                except (OSError, ValueError):
                    text = ""
            self._texts[path] = text
        return self._texts[path]

    def _imported(self, path: str) -> tuple[str, ...]:
        if path not in self._next:
            read = self._of_python if path.endswith(_PYTHON) else self._of_script if path.endswith(_SCRIPT) else None
            imported = list(read(path)) if read is not None else []
            self._next[path] = tuple(dict.fromkeys((*imported, *self._scripts_of(path))))
        return self._next[path]

    def _of_python(self, path: str) -> Iterator[str]:
        text = self._text(path)
        for origin, names in _FROM.findall(text):
            dots = len(origin) - len(origin.lstrip("."))
            base = origin.lstrip(".").replace(".", "/")
            if dots:
                folder = posixpath.dirname(path)
                for _ in range(dots - 1):
                    folder = posixpath.dirname(folder)
                base = posixpath.join(folder, base).rstrip("/")
            for name in _WORD.findall(re.sub(r"\bas\s+\w+", "", names))[:200]:
                inner = list(self._module(f"{base}/{name}".lstrip("/"), exact=bool(dots)))
                yield from inner or self._module(base, exact=bool(dots))
        for names in _IMPORT.findall(text):
            for name in names.split(",")[:50]:
                yield from self._module(name.split(" as ")[0].strip().replace(".", "/"), exact=False)

    def _module(self, name: str, *, exact: bool) -> Iterator[str]:
        """The file of a module; one that lies in some folder of the workspace counts when it is the only one."""
        if not name:
            return
        known = self._by_name.get(name.rpartition("/")[2], [])
        fits = [module for module in known if module == name or (not exact and module.endswith(f"/{name}"))]
        fits = [module for module in fits if module == name] or fits
        if len(set(fits)) == 1:
            yield from (
                path for path in (f"{fits[0]}.py", f"{fits[0]}/__init__.py", f"{fits[0]}.pyi") if path in self._paths
            )

    def _of_script(self, path: str) -> Iterator[str]:
        folder = posixpath.dirname(path)
        for name in _NODE.findall(self._text(path))[:200]:
            base = posixpath.normpath(posixpath.join(folder, name)) if name.startswith(".") else self._of_package(name)
            if not base:
                continue
            stem = re.sub(r"\.[mc]?js$", "", base)
            for place in (*(base + end for end in _SCRIPT_ENDS), f"{stem}.ts", f"{stem}.tsx"):
                if place in self._paths:
                    yield place
                    break

    def _of_package(self, name: str) -> str:
        """The file that a name of one of the workspace's own packages means, '' for a foreign one."""
        if self._packages is None:
            self._packages = dict(self._own_packages())
        parts = name.split("/")
        length = 2 if name.startswith("@") else 1
        folder, entry = self._packages.get("/".join(parts[:length]), ("", ""))
        if not entry:
            return ""
        inner = "/".join(parts[length:])
        if not inner:
            return entry
        places = [posixpath.normpath(posixpath.join(folder, start, inner)) for start in ("", "src")]
        return next((place for place in places if any(place + end in self._paths for end in _SCRIPT_ENDS)), "")

    def _own_packages(self) -> Iterator[tuple[str, tuple[str, str]]]:
        named = sorted(path for path in self._paths if path.rpartition("/")[2] == "package.json")
        for path in named[:MOST_PACKAGES]:
            try:
                said = json.loads(self._text(path))
            except (ValueError, RecursionError):
                continue
            if not isinstance(said, dict) or not isinstance(said.get("name"), str):
                continue
            folder = posixpath.dirname(path)
            exports = said.get("exports")
            told = exports.get(".", exports) if isinstance(exports, dict) else exports
            if isinstance(told, dict):
                told = next(
                    (told[key] for key in ("import", "default", "require") if isinstance(told.get(key), str)), ""
                )
            mains = [
                main
                for main in (told, said.get("module"), said.get("main"), *_ENTRIES)
                if isinstance(main, str) and main
            ]
            places = [posixpath.normpath(posixpath.join(folder, main)) for main in mains]
            entry = next((place for place in places if any(place + end in self._paths for end in _SCRIPT_ENDS)), "")
            yield said["name"], (folder, entry)
