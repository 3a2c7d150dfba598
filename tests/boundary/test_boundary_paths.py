"""A protected path is protected however it is spelled."""

import unicodedata

import pytest

from callboard.core.boundary import Boundary
from callboard.errors import BoundaryError

B = Boundary(protected_paths=(*Boundary().protected_paths, "deploy/**", "café/menü.txt", "STRASSE/x"))


def rule_of(path: str) -> str:
    """The rule that refuses a path, '' when it is free."""
    try:
        B.check_path(path)
    except BoundaryError as error:
        return error.rule
    return ""


@pytest.mark.parametrize(
    "path",
    [".GIT/config", ".git./config", ".git /config", ".git . ./config", "git~1/config", "GIT~2/config", ".g\u200bit/config",
     ".git\u200d/config", "\ufeff.git/config", ".gi\u2060t/hooks/pre-commit", ".ｇｉｔ/config", ".git::$INDEX_ALLOCATION/config",
     "sub/.GiT\u200c/config", ".git\\hooks\\x", "./.git", "a/./.git/x", ".g\u00adit/x"],
)  # fmt: skip
def test_gits_own_folder_however_it_is_spelled(path: str) -> None:
    assert rule_of(path) == "workspace"


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../b", "a/.. /b", ".. /x", "a/..\u200b/x", "a\\..\\x", "/etc/passwd", "\\\\host\\share", "C:\\x", "c:/x", "..",
     "a/.../b", "．．/x", "a/‥/x", "a\0b", "x/..\u2060/../y"],
)  # fmt: skip
def test_no_spelling_leads_out(path: str) -> None:
    assert rule_of(path) == "workspace"


@pytest.mark.parametrize(
    "path",
    [".env", ".ENV", ".env.", ".env ", ".e\u200bnv", ".env\ufe0e/x".replace("\ufe0e", "\u200e"), "backend/.Env.local", "．env",
     ".env.exam\u200bple", "deploy", "DEPLOY/x", "Deploy /x", "deploy./x", "de\u00adploy/x", "ｄeploy/x"],
)  # fmt: skip
def test_a_protected_path_however_it_is_spelled(path: str) -> None:
    assert rule_of(path) == "boundary.protected_paths"


def test_composed_and_decomposed_letters_are_the_same() -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert rule_of(unicodedata.normalize(form, "café/menü.txt")) == "boundary.protected_paths"
        assert rule_of(unicodedata.normalize(form, "CAFÉ/MENÜ.TXT")) == "boundary.protected_paths"
    assert rule_of("straße/x") == "boundary.protected_paths"


@pytest.mark.parametrize(
    "path",
    ["a.py", ".github/x", ".gitignore", ".gitattributes", ".gitmodules", "git/x", "gitx~1", ".env.example", "a/.env.sample", "env",
     "…/a.py"[1:], "dépl/x", "a..b", "..a/b", "deployment/x", "日本語/ファイル.py", "a b/c d.txt", "café/menu.txt"],
)  # fmt: skip
def test_what_only_looks_like_it_is_free(path: str) -> None:
    assert rule_of(path.lstrip("/")) == ""
