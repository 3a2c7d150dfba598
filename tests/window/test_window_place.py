"""Where the window opens, and when it cannot."""

from pathlib import Path

import pytest

from callboard.guard.running import private_folder, write_private
from callboard.window.place import Place, keep_place, on_a_screen, place_of
from callboard.window.readiness import why_no_window
from callboard.window.shown import Bridge

SCREEN = [(0, 0, 1600, 1000), (1600, 0, 1280, 1024)]


def test_a_place_is_kept_and_read_again(tmp_path: Path) -> None:
    keep_place(tmp_path, Place(1200, 700, 60, 40, True))
    assert place_of(tmp_path) == Place(1200, 700, 60, 40, True)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"width": 1e999, "height": 1, "x": 0, "y": 0, "maximized": false}',
     '{"width": 90000, "height": 800, "x": 0, "y": 0, "maximized": false}',
     '{"width": 10, "height": 10, "x": 0, "y": 0, "maximized": false}', "[" * 9000],
)  # fmt: skip
def test_nonsense_is_the_usual_place(tmp_path: Path, text: str) -> None:
    write_private(private_folder(tmp_path / "run") / "window.json", text.encode())
    assert place_of(tmp_path) == Place()


def test_a_corner_out_of_sight_is_forgotten_and_the_size_is_kept() -> None:
    assert on_a_screen(Place(900, 700, 1700, 40), SCREEN) == Place(900, 700, 1700, 40)
    assert on_a_screen(Place(900, 700, 5000, 40), SCREEN) == Place(900, 700)
    assert on_a_screen(Place(900, 700, 10, -400, True), SCREEN) == Place(900, 700, None, None, True)


def test_without_a_display_the_mend_is_said() -> None:
    pytest.importorskip("webview", reason="the extra callboard[native] is not installed")
    assert "--native" in why_no_window({}, "linux")
    assert why_no_window({"DISPLAY": ":1"}, "linux") == ""


def test_a_page_opens_nothing_but_web_and_mail_outside() -> None:
    assert not Bridge().outside("file:///etc/passwd")
    assert not Bridge().outside("javascript:alert(1)")
    assert not Bridge().outside("--version")
