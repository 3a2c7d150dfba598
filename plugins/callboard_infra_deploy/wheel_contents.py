"""What a wheel has, lacks and should not have, compared with the sources that it was built from."""

import email.parser
import re
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser, Error
from email.message import Message
from pathlib import Path

from callboard.api import Context, Finding, Severity
from callboard_infra_deploy.modules import defined_names, imported_modules, module_name
from callboard_infra_deploy.publishable import Publishable

STRAY = frozenset(["tests", "test", "docs", "doc", "examples", "benchmarks", "conftest", "setup", "noxfile"])
SECRET = frozenset({".env", ".env.local", ".env.production", ".npmrc", ".pypirc", ".netrc", "id_rsa", "id_ed25519"})
DATA = (".html", ".jinja", ".jinja2", ".j2", ".css", ".js", ".sql", ".mo", ".csv", ".tmpl", ".mako", ".pyi")
RENDERED = ("text/markdown", "text/x-rst", "text/plain")
VERSION = re.compile(
    r"v?(?:\d+!)?\d+(?:\.\d+)*(?:[-_.]?(?:a|b|c|rc|alpha|beta|pre|post|dev|rev|r)[-_.]?\d*)*(?:\+[\w.-]+)?", re.I
)
SPECIFIERS = re.compile(r"\s*(?:(?:~=|===?|!=|<=?|>=?)\s*[\w.*+!-]+\s*(?:,\s*|$))+")
LARGEST_MEMBER = 5_000_000


class Wheel:
    """A built wheel: the names in it, its metadata, and the text of its members."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        names = [name for name in archive.namelist() if not name.endswith("/")]
        self.info = next((n.split("/")[0] for n in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", n)), "")
        self.files = {self._installed(name) for name in names if not name.startswith(f"{self.info}/")}
        self.metadata: Message = email.parser.HeaderParser().parsestr(self.text(f"{self.info}/METADATA"))
        self.modules = {name for path in self.files if (name := module_name(path))}

    @staticmethod
    def _installed(name: str) -> str:
        return re.sub(r"^[^/]+\.data/(?:pure|plat)lib/", "", name)

    def text(self, name: str) -> str:
        """The text of a member, '' for one that is not there or too large."""
        try:
            info = self._archive.getinfo(name)
            return self._archive.read(info).decode("utf-8", "replace") if info.file_size <= LARGEST_MEMBER else ""
        except KeyError:
            return ""

    @property
    def tops(self) -> set[str]:
        """What it adds to site-packages, without what only the installer sees."""
        return {path.split("/")[0].removesuffix(".py") for path in self.files if not re.match(r"[^/]+\.data/", path)}


def report_wheel(ctx: Context, project: Publishable, path: Path) -> int:
    """A finding for each thing that is wrong with the wheel; returns how many files it has beside its metadata."""
    number = 0
    try:
        with zipfile.ZipFile(path) as archive:
            wheel = Wheel(archive)
            found = [*_metadata(wheel), *_entry_points(wheel), *_contents(wheel)]
            found += _missing(ctx, project, wheel)
            number = len(wheel.files)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        found = [("wheel-broken", Severity.HIGH, f"the wheel that the build made cannot be read: {error}", "", 0)]
    for rule, severity, message, place, line in found:
        ctx.finding(Finding(rule, severity, message, place or project.file, line, tool="pip"))
    return number


Found = Iterator[tuple[str, Severity, str, str, int]]


def _metadata(wheel: Wheel) -> Found:
    told = wheel.metadata
    version, requires = told.get("Version", ""), told.get("Requires-Python")
    if not told.get("Name") or not VERSION.fullmatch(version):
        yield "wheel-metadata", Severity.HIGH, f"the wheel's name or version ('{version}') is not valid", "", 0
    elif version in ("0", "0.0.0"):
        words = f"the wheel has the version {version}: the build did not find the project's version; declare it"
        yield "wheel-version", Severity.MEDIUM, words, "", 0
    if requires is None:
        words = "no requires-python is declared, so pip installs it on any Python; declare the oldest that is supported"
        yield "wheel-requires-python", Severity.LOW, words, "", 0
    elif not SPECIFIERS.fullmatch(requires):
        yield "wheel-metadata", Severity.HIGH, f"requires-python is '{requires}', which is no version specifier", "", 0
    kind = told.get("Description-Content-Type", "").partition(";")[0].strip().lower()
    if kind and kind not in RENDERED:
        yield "wheel-readme", Severity.MEDIUM, f"the readme is declared as '{kind}', which PyPI refuses", "", 0
    elif not str(told.get_payload()).strip() and not told.get("Description"):
        yield "wheel-readme", Severity.LOW, "the package has no description; declare a readme", "", 0
    for line in told.get_all("Requires-Dist", []):
        if re.match(r"[^;]*\s@\s", line):
            words = f"it depends on '{line}': PyPI refuses packages that name an address; name a version"
            yield "wheel-direct-reference", Severity.MEDIUM, words, "", 0


def _entry_points(wheel: Wheel) -> Found:
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    setattr(parser, "optionxform", str)
    try:
        parser.read_string(wheel.text(f"{wheel.info}/entry_points.txt"))
    except Error as error:
        yield (
            "wheel-entry-point",
            Severity.HIGH,
            f"entry_points.txt cannot be read: {str(error).splitlines()[0]}",
            "",
            0,
        )
    for group in parser.sections():
        for name, value in parser.items(group):
            fault = _entry_fault(wheel, value)
            if fault:
                yield "wheel-entry-point", Severity.HIGH, f"{group} '{name}' is '{value}', {fault}", "", 0


def _entry_fault(wheel: Wheel, value: str) -> str:
    match = re.fullmatch(r"\s*([\w.]+)\s*(?::\s*([\w.]+))?\s*(?:\[[^\]]*\])?\s*", value)
    if match is None:
        return "which is not 'module:name'"
    module, name = match[1], (match[2] or "").partition(".")[0]
    if module.partition(".")[0] not in {known.partition(".")[0] for known in wheel.modules}:
        return "" if wheel.metadata.get_all("Requires-Dist") else "and no module of that name is in the wheel"
    if module not in wheel.modules:
        return f"and the wheel has no module '{module}'"
    place = next((p for p in wheel.files if p.endswith(".py") and module_name(p) == module), "")
    names = defined_names(wheel.text(place)) if place and name else None
    if names is None or name in names or f"{module}.{name}" in wheel.modules:
        return ""
    return f"and '{module}' defines no '{name}'"


def _contents(wheel: Wheel) -> Found:
    if not wheel.modules and not wheel.metadata.get_all("Requires-Dist"):
        yield "wheel-empty", Severity.HIGH, "the wheel has no module; tell the build where the packages lie", "", 0
    for top in sorted(wheel.tops & STRAY if len(wheel.tops) > 1 else set()):
        words = f"the wheel installs '{top}' beside the package, where it collides with other projects; leave it out"
        yield "wheel-stray", Severity.MEDIUM, words, "", 0
    for path in sorted(wheel.files):
        if path.rsplit("/", 1)[-1] in SECRET:
            yield "wheel-secret", Severity.HIGH, f"the wheel has {path}, which may hold secrets; leave it out", "", 0


def _missing(ctx: Context, project: Publishable, wheel: Wheel) -> Found:
    """Source files of the wheel's own packages that are not in it, and who imports them."""
    sources = _sources(ctx, project, wheel)
    lost = {name: path for inner, path in sources.items() if (name := module_name(inner)) and name not in wheel.modules}
    told: set[str] = set()
    for inner, path in sources.items():
        if inner not in wheel.files or not inner.endswith(".py"):
            continue
        for module, line, optional in imported_modules(ctx.workspace.text(path), inner):
            if module in lost and module not in told:
                told.add(module)
                words = f"this imports '{module}', which is not in the wheel; tell the build to take {lost[module]}"
                yield "wheel-missing-module", Severity.MEDIUM if optional else Severity.HIGH, words, path, line
    typed = [p for i, p in sources.items() if i.endswith("/py.typed") and i not in wheel.files]
    data = sorted(p for i, p in sources.items() if i.endswith(DATA) and i not in wheel.files)
    for path in typed:
        yield "wheel-missing-data", Severity.MEDIUM, "py.typed is not in the wheel, so its types are not seen", path, 0
    if data:
        words = f"{len(data)} data files of the package are not in the wheel, such as {', '.join(data[:3])}"
        yield (
            "wheel-missing-data",
            Severity.LOW,
            f"{words}; tell the build to take them if the code needs them",
            data[0],
            0,
        )


def _sources(ctx: Context, project: Publishable, wheel: Wheel) -> dict[str, str]:
    """Path in the wheel -> path in the workspace, for the files of the packages that the wheel has; tests are left out."""
    prefix = f"{project.folder}/" if project.folder else ""
    files = ctx.workspace.files
    found: dict[str, str] = {}
    tops = {top for top in wheel.tops if f"{top}/__init__.py" in wheel.files} - STRAY
    for root in (prefix, f"{prefix}src/", f"{prefix}lib/"):
        for path in files:
            inner = path.removeprefix(root)
            parts = inner.split("/")
            own = path.startswith(root) and parts[0] in tops and f"{root}{parts[0]}/__init__.py" in files
            if own and not {"tests", "test", "testing"} & set(parts[1:]):
                found.setdefault(inner, path)
    return found
