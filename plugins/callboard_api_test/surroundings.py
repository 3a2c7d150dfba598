"""What a throw-away instance runs in: a copy of the workspace, and an environment without anything live."""

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from callboard.api import BoundaryError, CallboardError, Context, Workspace

KEPT = frozenset({"PATH", "LANG", "LANGUAGE", "TZ", "CALLBOARD_ATTEMPT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"})
CLOSED_PROXY = "http://127.0.0.1:9"
PLACES = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
DATABASE = re.compile(r"""["'\s(\[]((?:[A-Z0-9]+_)*(?:DATABASE|DB|SQLALCHEMY)_(?:DATABASE_)?(?:URL|URI|DSN))\b""")
FIELD = re.compile(r"^\s+((?:[a-z0-9]+_)*(?:database|db)_(?:url|uri|dsn))\s*:", re.MULTILINE)
EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example")
SETTING = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*([^\n#]*)", re.MULTILINE)
THROW_AWAY = "throw-away"
LARGEST_COPY = 500_000_000
LARGEST_FILE = 50_000_000


def copy_workspace(ctx: Context, workspace: Workspace, target: Path) -> int:
    """Copies the files of a workspace that git knows or does not ignore, but for protected ones (`.env`), and returns how many.

    Raises `CallboardError` when they are more than LARGEST_COPY bytes; a file larger than LARGEST_FILE is left out.
    """
    copied = size = 0
    for name in workspace.files:
        try:
            ctx.boundary.check_path(name)
        except BoundaryError:
            continue
        source, copy = workspace.path / name, target / name
        try:
            bytes_of = source.stat().st_size
            if bytes_of > LARGEST_FILE:
                continue
            size += bytes_of
            if size > LARGEST_COPY:
                raise CallboardError(f"the workspace has more than {LARGEST_COPY // 1_000_000} MB; it was not copied")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
        except OSError as error:
            ctx.log(f"{name} was not copied: {error.strerror or error}", "warning")
            continue
        copied += 1
    target.mkdir(parents=True, exist_ok=True)
    return copied


def environment(workspace: Workspace, place: Path, folder: str, given: Sequence[str], port: int) -> dict[str, str]:
    """The whole environment of an instance whose private folder is `place`. Raises `CallboardError` for a wrong option.

    What `.env.example` proposes is in it, never what `.env` says; databases are scratch files whatever either says.
    """
    made = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith("LC_")}
    for name in PLACES:
        folder_of = place / name.lower()
        folder_of.mkdir(parents=True, exist_ok=True)
        made[name] = str(folder_of)
    made |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "PYTHONNOUSERSITE": "1"}
    made |= dict.fromkeys(
        ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), CLOSED_PROXY
    )
    made |= {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost", "PORT": str(port)}
    scratch = scratch_databases(workspace, folder, place / "scratch.db")
    for name, value in example_settings(workspace, folder).items():
        if name not in made and not name.startswith(("PYTHON", "LD_", "DYLD_", "CALLBOARD")):
            made[name] = (
                next(iter(scratch.values()), f"sqlite:///{place / 'scratch.db'}") if is_database(name) else value
            )
    made |= scratch
    return made | given_environment(given, place)


def is_database(name: str) -> bool:
    """Whether a variable of this name leads to a database."""
    return DATABASE.fullmatch(f" {name}") is not None


def example_settings(workspace: Workspace, folder: str) -> dict[str, str]:
    """What the nearest of `.env.example`, `.env.sample`, `.env.template` says; an empty value becomes THROW_AWAY."""
    for place in dict.fromkeys((f"{folder}/" if folder else "", "")):
        for file in EXAMPLES:
            text = workspace.text(f"{place}{file}", 100_000)
            found = {match[1]: match[2].strip().strip("'\"") or THROW_AWAY for match in SETTING.finditer(text)}
            if found:
                return dict(list(found.items())[:200])
    return {}


def given_environment(given: Iterable[str], place: Path) -> dict[str, str]:
    """The option `env` as a mapping; `{scratch}` is the private folder."""
    made: dict[str, str] = {}
    for word in given:
        name, sign, value = word.partition("=")
        if not sign or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise CallboardError(f"the option env has '{word}'; it looks like NAME=value")
        made[name] = value.replace("{scratch}", str(place))
    return made


def scratch_databases(workspace: Workspace, folder: str, file: Path) -> dict[str, str]:
    """Variables by whose name the sources ask for a database, each set to a fresh SQLite file."""
    names: set[str] = set()
    asynchronous = False
    for path in workspace.matching("*.py"):
        if folder and not path.startswith(f"{folder}/"):
            continue
        text = workspace.text(path, 300_000)
        asynchronous |= "create_async_engine" in text or "aiosqlite" in text
        names |= {match[1] for match in DATABASE.finditer(text)}
        if "BaseSettings" in text:
            names |= {match[1].upper() for match in FIELD.finditer(text)}
    scheme = "sqlite+aiosqlite" if asynchronous else "sqlite"
    return dict.fromkeys(sorted(names)[:20], f"{scheme}:///{file}")


def allowed_addresses(ctx: Context, given: Iterable[str], port: int) -> list[tuple[str, int]]:
    """Where the instance may connect to: itself, and what the option `allow` names within the boundary."""
    allowed = [("127.0.0.1", port)]
    for word in given:
        host, _, number = word.rpartition(":")
        if not host or not number.isdigit():
            raise CallboardError(f"the option allow has '{word}'; it looks like host:port")
        ctx.boundary.check_request("POST", f"http://{host}:{number}/")
        allowed.append(("127.0.0.1" if host == "localhost" else host, int(number)))
    return allowed


def import_roots(workspace: Workspace, copy: Path, folder: str, first: str) -> list[str]:
    """Folders of the copy that go on the path: the application's own, where it runs, and those above other packages."""
    files = {path for path in workspace.matching("*.py") if not folder or path.startswith(f"{folder}/")}
    packages = {path.rpartition("/")[0] for path in files if path.endswith("/__init__.py")}
    tops = {package.rpartition("/")[0] for package in packages if package.rpartition("/")[0] not in packages}
    likely = sorted(top for top in tops if not {"tests", "test", "docs", "examples"} & set(top.split("/")))
    src = f"{folder}/src".lstrip("/")
    names = [first, folder, *([src] if any(path.startswith(f"{src}/") for path in files) else []), *likely[:50]]
    return [str(copy / name) for name in dict.fromkeys(names)]
