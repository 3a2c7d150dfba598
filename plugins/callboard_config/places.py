"""What a path says about a file: test code, documentation, an example, a script."""

import re

_TEST = re.compile(
    r"(^|/)(tests?|testing|__tests__|__mocks__|e2e|cypress|fixtures?|testdata|spec)/"
    r"|(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$"
    r"|\.(test|spec|stories)\.[cm]?[jt]sx?$",
    re.IGNORECASE,
)
_DOCS = re.compile(r"(^|/)(docs?([_-]\w+)?|documentation|examples?|samples?|demos?|tutorials?)/", re.IGNORECASE)
_SIDE = re.compile(r"(^|/)(scripts?|tools?|bin|ci|\.github|\.ci|migrations?|alembic|bench(marks?)?|hack)/")

COMMENTED_JSON = (
    "tsconfig*.json", "jsconfig*.json", ".eslintrc*", "*.code-workspace", "devcontainer.json", "*/.vscode/*", ".vscode/*",
    "*.jsonc",
    "*.json5", "tslint.json", ".swcrc", "api-extractor.json", "biome.json", "turbo.json", "nx.json",
    "project.json",
    "deno.json", "wrangler.json", ".babelrc*", "angular.json", "typedoc.json", "oxlintrc.json", ".oxlintrc.json",
    "*/.devcontainer/*", ".devcontainer/*", "keybindings.json", "settings.json", "launch.json", "tasks.json",
)  # fmt: skip


def is_test(path: str) -> bool:
    """Test code and its data, by common custom."""
    return _TEST.search(path) is not None


def is_docs(path: str) -> bool:
    """Documentation and examples."""
    return _DOCS.search(path) is not None


def is_side(path: str) -> bool:
    """Scripts and tools beside the program itself."""
    return _SIDE.search(path) is not None or is_docs(path)


def folder_of(path: str) -> str:
    """The folder of a path, '' for the top."""
    return path.rsplit("/", 1)[0] if "/" in path else ""


def covers(folder: str, path: str) -> bool:
    """Whether the folder is the file's own or one above."""
    return folder == "" or path.startswith(folder + "/")
