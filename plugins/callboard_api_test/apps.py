"""Which web applications lie in a workspace, seen in the text alone."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from callboard.api import Workspace

KINDS = {
    "FastAPI": "fastapi", "Starlette": "starlette", "Flask": "flask", "APIFlask": "flask", "OpenAPI": "flask",
    "FlaskApp": "connexion", "AsyncApp": "connexion",
}  # fmt: skip
FACTORIES = frozenset({"create_app", "make_app", "build_app", "get_app", "create_application", "get_application"})
PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile")
APART = frozenset({"tests", "test", "docs", "doc", "examples", "example", "benchmarks", "docs_src"})
HINT = re.compile(r"\b(?:FastAPI|Starlette|Flask|APIFlask|OpenAPI|FlaskApp|AsyncApp)\s*\(")
SETTINGS = re.compile(r"""DJANGO_SETTINGS_MODULE["']\s*[,\]]\s*=?\s*["']([A-Za-z_][\w.]*)["']""")
RELATIVE = re.compile(r"^from \.", re.MULTILINE)
USUAL = ("main", "app", "asgi", "api", "server", "wsgi", "application")
LARGEST_SOURCE = 500_000
MOST_APPS = 50


@dataclass(frozen=True, slots=True)
class App:
    """An application as it would be imported: `target` is 'package.module:name', run in `folder`.

    `root` is the folder that must be first on the path. `path` and `line` are where it is made; a `factory` is called.
    `alone` is whether the workspace has no other one.
    """

    target: str
    folder: str
    root: str
    path: str
    line: int
    kind: str
    factory: bool = False
    alone: bool = True

    @property
    def place(self) -> str:
        """What tells it apart from others in names: 'backend-shop.main'."""
        return f"{self.folder or self.root or 'top'}-{self.target.partition(':')[0]}"

    @property
    def shown(self) -> str:
        """The target as options take it."""
        return f"{self.target}()" if self.factory else self.target


def find_apps(workspace: Workspace, *, everywhere: bool = False) -> list[App]:
    """The applications, the likeliest first. Those of tests, docs and examples only with `everywhere`."""
    files = workspace.matching("*.py")
    known = set(files)
    projects = workspace.folders_with(*PROJECT_FILES)
    found: list[App] = []
    for path in files:
        if not everywhere and is_apart(path):
            continue
        text = workspace.text(path, LARGEST_SOURCE)
        if HINT.search(text):
            module, root = module_of(path, known)
            parent, _, package = root.rpartition("/")
            if "." not in module and package.isidentifier() and RELATIVE.search(text):
                module, root = f"{package}.{module}", parent  # a package without __init__.py
            folder = nearest(path, projects)
            for name, line, kind, factory in applications(text):
                found.append(App(f"{module}:{name}", folder, root, path, line, kind, factory))
        if len(found) >= MOST_APPS:
            break
    return sorted(found, key=_likeliness)


def find_django(workspace: Workspace) -> list[App]:
    """Django projects, by the settings that their manage.py names; those of tests, docs and examples left out."""
    found: list[App] = []
    for path in workspace.matching("manage.py"):
        match = SETTINGS.search(workspace.text(path, LARGEST_SOURCE))
        folder = path.rpartition("/")[0]
        if match and not APART & set(folder.split("/")):
            line = match.string.count("\n", 0, match.start()) + 1
            found.append(App(f"{match[1]}:django", folder, folder, path, line, "django"))
    return found


def is_apart(path: str) -> bool:
    """Whether a source belongs to tests, docs, examples or the building, and not to what is served."""
    name = path.rsplit("/", 1)[-1]
    by_name = name.startswith("test_") or name.endswith("_test.py")
    return by_name or name in ("conftest.py", "setup.py", "noxfile.py") or not APART.isdisjoint(path.split("/")[:-1])


def several(apps: Iterable[App]) -> bool:
    """Whether there is more than one, those of tests and examples not counted; two in the same file are one."""
    return len({(app.folder, app.path) for app in apps if not is_apart(app.path)}) > 1


def _likeliness(app: App) -> tuple[int, int, int, str]:
    module, _, name = app.target.partition(":")
    last = module.rsplit(".", 1)[-1]
    rank = USUAL.index(last) if last in USUAL else len(USUAL)
    return (int(name not in ("app", "application", "api")), int(app.factory), rank + app.path.count("/"), app.target)


def nearest(path: str, projects: Iterable[str]) -> str:
    """The innermost of the projects' folders that holds a path, '' for the top."""
    holding = [folder for folder in projects if not folder or path.startswith(f"{folder}/")]
    return max(holding, key=len, default="")


def module_of(path: str, known: set[str]) -> tuple[str, str]:
    """The dotted name of a source file and the folder that must be on the path for it."""
    folder, _, name = path.rpartition("/")
    parts = [] if name == "__init__.py" else [name.removesuffix(".py")]
    while folder and f"{folder}/__init__.py" in known:
        folder, _, package = folder.rpartition("/")
        parts.insert(0, package)
    return ".".join(parts) or "__init__", folder


def applications(text: str) -> Iterator[tuple[str, int, str, bool]]:
    """(name, line, kind, is a factory) of what a module makes at its top level; nothing for text that is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in _top_level(tree.body):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            kind = _made(node.value)
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if kind:
                yield from ((t.id, node.lineno, kind, False) for t in targets if isinstance(t, ast.Name))
        elif isinstance(node, ast.FunctionDef) and node.name in FACTORIES and not _required(node.args):
            kinds = [kind for inner in ast.walk(node) if isinstance(inner, ast.Call) and (kind := _made(inner))]
            if kinds:
                yield node.name, node.lineno, kinds[0], True


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run at import, also those inside `if` and `try`."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try)):
            yield from _top_level([*node.body, *node.orelse])


def _made(node: ast.expr) -> str:
    if not isinstance(node, ast.Call):
        return ""
    called = node.func
    name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
    return KINDS.get(name, "")


def _required(arguments: ast.arguments) -> bool:
    positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return positional > 0 or any(default is None for default in arguments.kw_defaults)
