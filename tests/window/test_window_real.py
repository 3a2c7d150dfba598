"""A real window on a virtual screen, driven by its keys."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from callboard.window.place import place_of
from house import CONFIG, House

pytest.importorskip("webview", reason="the extra callboard[native] is not installed")
PROGRAMS = ("Xvfb", "xdotool")
pytestmark = pytest.mark.skipif(
    not all(shutil.which(name) for name in PROGRAMS), reason="needs Debian's packages xvfb and xdotool"
)


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A screen of its own."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[write], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)


def xdotool(display: str, *words: str) -> str:
    done = subprocess.run(
        ["xdotool", *words], env={**os.environ, "DISPLAY": display}, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def windows(house: House) -> list[int]:
    """The processes of windows of this house."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            if "window" in words and str(house.data) in words and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def seen(house: House, display: str) -> str:
    """The number of the window, once its title says what the live page says."""
    house.run("work.slow")

    def look() -> str:
        for number in xdotool(display, "search", "--onlyvisible", "--name", "Callboard").split():
            if "1 running" in xdotool(display, "getwindowname", number):
                return number
        return ""

    return str(house.until(look))


@pytest.fixture
def opened(tmp_path: Path, display: str) -> Iterator[Callable[..., House]]:
    """Starts the program with its window; what still runs ends with the test."""
    houses: list[House] = []

    def begin(*words: str) -> House:
        houses.append(House(tmp_path, CONFIG, None, "--native", *words, env={"DISPLAY": display}))
        return houses[-1]

    yield begin
    for house in houses:
        house.close()


def test_it_opens_where_it_was_and_closing_it_ends_the_server(
    opened: Callable[..., House], tmp_path: Path, display: str
) -> None:
    house = opened()
    number = seen(house, display)
    xdotool(display, "windowsize", number, "1111", "777", "windowmove", number, "70", "60")
    house.until(lambda: "1111x777" in xdotool(display, "getwindowgeometry", number))
    time.sleep(0.5)
    xdotool(display, "windowfocus", number, "key", "ctrl+w")
    house.until(lambda: house.process.poll() is not None)
    assert house.process.returncode == 0
    assert "the window was closed, so Callboard ends" in (tmp_path / "server.log").read_text()
    place = place_of(house.data)
    assert (place.width, place.height) == (1111, 777)
    house.until(lambda: not windows(house))


@pytest.mark.long
def test_it_goes_on_without_its_window_if_told_and_a_killed_server_leaves_no_window(
    opened: Callable[..., House], tmp_path: Path, display: str
) -> None:
    house = opened("--keep-running")
    number = seen(house, display)
    xdotool(display, "windowfocus", number, "key", "ctrl+q")
    house.until(lambda: not windows(house))
    assert house.get("/board")["engine"]["state"] == "running"
    assert "Callboard goes on" in (tmp_path / "server.log").read_text()
    house.close()
    house.start()
    house.until(lambda: windows(house))
    house.process.kill()
    house.process.wait(10)
    house.until(lambda: not windows(house))
