"""The files of the pages: nothing from other hosts, no way for outside text to become markup, every import exists."""

import re
from pathlib import Path

import pytest

import callboard.show
from callboard.show.frame import STATIC, fingerprint

SHOW = Path(callboard.show.__file__).parent
SCRIPTS = sorted(SHOW.rglob("*.js"))
FILES = [*SCRIPTS, *sorted(STATIC.rglob("*.css")), *sorted(STATIC.rglob("*.svg"))]
NAMESPACE = "http://www.w3.org/2000/svg"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_file_names_another_host(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace(NAMESPACE, "")
    assert re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]{2,}", text) == []
    assert "@import" not in text


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_no_script_turns_text_into_markup_or_code(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert (
        re.findall(r"v-html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text) == []
    )


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_every_import_exists(file: Path) -> None:
    wanted = re.findall(r'from "([^"]+)"', file.read_text(encoding="utf-8"))
    assert [
        name for name in wanted if name != "vue" and not (STATIC / "js" / name.removeprefix("callboard/")).is_file()
    ] == []


def test_the_address_of_the_static_files_changes_with_their_content(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}")
    before = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == before
    (tmp_path / "a.css").write_text("a { }")
    assert fingerprint(tmp_path) != before
    assert re.fullmatch("[0-9a-f]{12}", before)
