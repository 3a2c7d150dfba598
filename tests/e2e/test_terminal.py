"""What a terminal gets: nothing but our own escapes, no line that is wider than the window, and a block that is redrawn."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from callboard.commands.cells import cut, shares, width

OWN = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\d+F|\x1b\[J|\x1b\[K")
FOREIGN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
EVIL = "test_\x1b]52;c;aGk=\x07\x1b[2J\u202e漢字.py"


def in_terminal(site: Any, columns: int, *words: str, **env: str) -> str:
    """All that a command writes to a terminal of so many columns."""
    child, end = pty.fork()
    if not child:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {**site.environment, "TERM": "xterm-256color", **env}
        environment.pop("COLUMNS")
        os.chdir(site.workspace)
        os.execve(sys.executable, [sys.executable, "-m", "callboard", *words], environment)  # noqa: S606
    raw = b""
    while True:
        try:
            piece = os.read(end, 65_536)
        except OSError:
            break
        if not piece:
            break
        raw += piece
    os.close(end)
    os.waitpid(child, 0)
    return raw.decode("utf-8", "replace")


@pytest.mark.parametrize("columns", [60, 200])
def test_a_run_with_hostile_names_stays_within_the_window_and_within_our_escapes(site: Any, columns: int) -> None:
    word = r"\\033[31mred\\033]0;title\\007 \\xe2\\x80\\xae " * 9
    site.config(
        f'[jobs."quality.lint"]\n[jobs.loud]\ncommand = ["printf", "{word}"]\nbecause = "x"\n'
        + "".join(
            f'[jobs."wide-漢字漢字漢字漢字漢字-{n}"]\ncommand = ["sleep", "0.1"]\nlocks = ["l"]\ncpus = 0.1\n'
            for n in range(20)
        )
    )
    (site.workspace / EVIL).write_text("import os\n")
    Path(site.workspace / "two\nlines.py").write_text("import os\n")
    text = in_terminal(site, columns, "run", "--trust")
    assert FOREIGN.findall(OWN.sub("", text)) == []
    assert re.search(r"\x1b\[\d+F", text), "it was never redrawn"
    lines = [OWN.sub("", line) for line in re.split(r"[\r\n]+", text)]
    assert max(map(width, lines)) <= columns
    assert any(re.search(r"and \d+ more: waits for", line) for line in lines)
    if columns == 200:
        return
    for words in (("status", "1"), ("findings",), ("logs", "1.loud"), ("runs",), ("status", "1.loud")):
        shown = in_terminal(site, columns, *words)
        assert FOREIGN.findall(OWN.sub("", shown)) == [], words
    assert "red" in in_terminal(site, columns, "logs", "1.loud")
    assert "F401" in in_terminal(site, columns, "findings")


def test_no_color_is_obeyed(site: Any) -> None:
    site.config('[jobs.a]\ncommand = ["sleep", "0.5"]\n')
    text = in_terminal(site, 80, "run", "--trust", NO_COLOR="1")
    assert re.findall(r"\x1b\[[0-9;]*m", text) == []
    assert "succeeded" in text


def test_a_pipe_gets_lines_without_escapes(site: Any) -> None:
    site.config('[jobs.a]\ncommand = ["true"]\n[jobs.b]\ncommand = ["false"]\n')
    done = site.call("run", "--trust")
    assert "\x1b" not in done.stdout + done.stderr
    assert re.search(r"✓ succeeded +a\b", done.stderr)
    assert re.search(r"✗ failed +b: exit 1", done.stderr)


def test_cells_are_counted_as_a_terminal_counts_them() -> None:
    assert (width("abc"), width("漢字"), width("e\u0301"), width("\x1b[1mab\x1b[0m")) == (3, 4, 1, 2)
    assert (cut("漢字漢字", 5), cut("abc", 3), cut("abcd", 3), cut("abc", 0)) == ("漢字…", "abc", "ab…", "")
    assert shares([10, 40, 30], 60, least=8) == [10, 25, 25]
    assert shares([10, 40], 100) == [10, 40]
