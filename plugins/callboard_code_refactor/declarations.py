"""What a Python project declares that it depends on, in the form that deptry reads."""

import ast
import configparser
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.api import Workspace

DEVELOPMENT = re.compile(
    r"(?:^|[-_./])(?:dev|develop|development|test|tests|testing|docs?|lint|ci|typing|types|bench)(?:$|[-_./])"
)
# Distributions whose module has another name, for where they are not installed and so cannot be asked.
KNOWN_MODULES: Mapping[str, str] = {
    "attrs": "attr|attrs",
    "beautifulsoup4": "bs4",
    "django-cors-headers": "corsheaders",
    "django-environ": "environ",
    "djangorestframework": "rest_framework",
    "dnspython": "dns",
    "faiss-cpu": "faiss",
    "google-api-python-client": "googleapiclient|apiclient",
    "google-auth": "google",
    "google-cloud-storage": "google",
    "google-generativeai": "google",
    "grpcio": "grpc",
    "msgpack-python": "msgpack",
    "mysqlclient": "MySQLdb",
    "opencv-python": "cv2",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "protobuf": "google",
    "psycopg2-binary": "psycopg2",
    "psycopg-binary": "psycopg",
    "pycryptodome": "Crypto",
    "pyjwt": "jwt",
    "pymupdf": "fitz|pymupdf",
    "pyopenssl": "OpenSSL",
    "pypdf2": "PyPDF2",
    "pyserial": "serial",
    "python-dateutil": "dateutil",
    "python-docx": "docx",
    "python-dotenv": "dotenv",
    "python-jose": "jose",
    "python-magic": "magic",
    "python-multipart": "multipart|python_multipart",
    "python-pptx": "pptx",
    "python-slugify": "slugify",
    "pywin32": "win32api|win32con|win32gui|pythoncom",
    "pyyaml": "yaml",
    "pyzmq": "zmq",
    "ruamel-yaml": "ruamel",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
    "setuptools": "setuptools|pkg_resources",
    "websocket-client": "websocket",
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """Where the dependencies of the project in `folder` are declared, and what deptry must be told about it.

    `requirements` and `development` are files, relative to the folder or absolute; empty when deptry reads
    `pyproject.toml`. `groups` are extras for development. `settings` is the project's own [tool.deptry];
    `is_torn` when its `pyproject.toml` is no TOML.
    """

    folder: str
    source: str
    requirements: tuple[str, ...] = ()
    development: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    settings: Mapping[str, Any] | None = None
    is_torn: bool = False


def declarations(workspace: Workspace, folders: Iterable[str], scratch: Path) -> list[Declaration]:
    """The declaration of each folder that has one; lists of `setup.cfg` and `setup.py` are copied to `scratch`."""
    found = (declaration(workspace, folder, scratch) for folder in folders)
    return [item for item in found if item is not None]


def declaration(workspace: Workspace, folder: str, scratch: Path) -> Declaration | None:
    """How the project in `folder` declares its dependencies; None when it does not, or not in a readable form."""
    prefix = f"{folder}/" if folder else ""
    document = workspace.toml(f"{prefix}pyproject.toml")
    tools = _table(document, "tool")
    settings = _table(tools, "deptry")
    project = _table(document, "project")
    if project or "poetry" in tools:
        names = _table(project, "optional-dependencies")
        groups = tuple(name for name in names if DEVELOPMENT.search(name))
        return Declaration(folder, f"{prefix}pyproject.toml", groups=groups, settings=settings)
    plain, development = _requirement_files(workspace, prefix)
    if plain:
        return Declaration(folder, f"{prefix}{plain[0]}", tuple(plain), tuple(development), settings=settings)
    for name, read in (("setup.cfg", _from_cfg), ("setup.py", _from_setup)):
        lists = read(workspace.text(f"{prefix}{name}"))
        if lists is not None:
            needed, for_work = lists
            stem = re.sub(r"[^A-Za-z0-9]", "-", folder) or "top"
            first, second = scratch / f"{stem}-requirements.txt", scratch / f"{stem}-development.txt"
            first.write_text("\n".join(needed) + "\n", "utf-8")
            second.write_text("\n".join(for_work) + "\n", "utf-8")
            return Declaration(folder, f"{prefix}{name}", (str(first),), (str(second),), settings=settings)
    return None


def module_names(text: str) -> dict[str, str]:
    """The entries of KNOWN_MODULES that a declaration names, spelt as they stand in it: deptry wants them so."""
    spelt = {word: re.sub(r"[-_.]+", "-", word).lower() for word in re.findall(r"[A-Za-z0-9][A-Za-z0-9._-]*", text)}
    return {word: KNOWN_MODULES[name] for word, name in sorted(spelt.items()) if name in KNOWN_MODULES}


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _requirement_files(workspace: Workspace, prefix: str) -> tuple[list[str], list[str]]:
    plain: list[str] = []
    development: list[str] = []
    for path in workspace.matching("*requirements*.txt", "*requirements*.in", f"{prefix}requirements/*.txt"):
        name = path[len(prefix) :]
        if not path.startswith(prefix) or "/" in name.removeprefix("requirements/") or "," in name:
            continue
        stem = name.rsplit(".", 1)[0].replace("requirements", "")
        (development if DEVELOPMENT.search(stem) else plain).append(name)
    compiled = {name.rsplit(".", 1)[0] for name in plain if name.endswith(".in")}
    if compiled:  # the lock beside an .in file also names what is only needed by others
        plain = [name for name in plain if name.endswith(".in") or name.rsplit(".", 1)[0] not in compiled]
    return plain, development


def _from_cfg(text: str) -> tuple[list[str], list[str]] | None:
    config = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        config.read_string(text)
    except configparser.Error:
        return None
    if not config.has_option("options", "install_requires"):
        return None
    needed = config.get("options", "install_requires").splitlines()
    for_work: list[str] = []
    if config.has_section("options.extras_require"):
        for name, value in config.items("options.extras_require"):
            (for_work if DEVELOPMENT.search(name) else needed).extend(value.splitlines())
    return _plain(needed), _plain(for_work)


def _from_setup(text: str) -> tuple[list[str], list[str]] | None:
    """The lists that `setup(...)` is given as literals; nothing of the file is run."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    given = {node.arg: node.value for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    if "install_requires" not in given:
        return None
    needed = _literal_list(given["install_requires"])
    if needed is None:
        return None
    for_work: list[str] = []
    extras = given.get("extras_require")
    if isinstance(extras, ast.Dict):
        for key, value in zip(extras.keys, extras.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) else ""
            (for_work if DEVELOPMENT.search(str(name)) else needed).extend(_literal_list(value) or [])
    return _plain(needed), _plain(for_work)


def _literal_list(node: ast.expr) -> list[str] | None:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else None


def _plain(lines: Iterable[str]) -> list[str]:
    """Only what names a distribution; options such as '-r other.txt' are not followed."""
    return [line.strip() for line in lines if re.match(r"\s*[A-Za-z0-9]", line)]
