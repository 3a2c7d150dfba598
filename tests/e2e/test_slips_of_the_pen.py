"""What a person gets for a mistake: a sentence that names the thing, and never a traceback; and what is imported for what."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

IMPORTED = """
import json, sys
from callboard.cli import run
try:
    code = run(sys.argv[1:])
except SystemExit as end:
    code = end.code
sys.stderr.write("\\n" + json.dumps([code or 0, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nope",), 2, "invalid choice"),
        (("status", "99"), 2, "there is no run 99"),
        (("status", "9" * 40), 2, "there is no run"),
        (("status", "1.\x1b[31mred"), 2, "there is no"),
        (("logs", "1.0"), 2, "there is no run 1"),
        (("findings", "7" * 30), 2, "there is no run"),
        (("findings", "--sarif"), 2, "name the run"),
        (("cancel", "-3"), 2, "callboard"),
        (("retry", "a.b"), 2, "a task is named like 12.3"),
        (("pause", "nobody"), 2, "there is no agent 'nobody'"),
        (("concurrency", "quality", "-5"), 2, ""),
        (("run", "--trust", "nope"), 2, "there is no pipeline 'nope'"),
        (("run", "--trust", "--only", "nope"), 2, "fits 'nope'"),
        (("run", "--detach", "--trust"), 3, "callboard up"),
        (("plan", "-w", "/nope"), 2, "/nope is not a folder"),
        (("plan", "-w", "/etc/hosts"), 2, "/etc/hosts is not a folder"),
        (("run", "--trust", "--data", "/etc/hosts"), 1, "/etc/hosts"),
        (("token",), 3, "no server runs"),
        (("up", "--port", "6770", "--no-open"), 2, "protected_ports"),
        (("up", "--port", "70000"), 2, "from 0 to 65535"),
        (("up", "--host", "0.0.0.0", "--port", "0"), 2, "127.0.0.1"),
        (("plugin", "new", "Bad Name"), 1, "is no name for a plugin"),
        (("bench", "nope"), 2, ""),
    ],
)
def test_a_slip_is_answered_with_a_sentence(site: Any, words: tuple[str, ...], code: int, said: str) -> None:
    site.config('[jobs.a]\ncommand = ["true"]\n')
    done = site.call(*words)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert said in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[jobs.a]\ncommand = [1, 2]\n", "callboard.toml:2:"),
        (b"[jobs.a]\ncomand = ['x']\n", "Did you mean 'command'"),
        (b"a = [1,\n", "no valid TOML"),
        (b"\xff\xfe", "UTF-8"),
        (b"[jobs.a]\ncommand = ['x']\nneeds = ['b']\n[jobs.b]\ncommand = ['x']\nneeds = ['a']\n", "a → b → a"),
    ],
)
def test_a_broken_file_is_told_with_its_line(site: Any, content: bytes, said: str) -> None:
    (site.workspace / "callboard.toml").write_bytes(content)
    done = site.call("plan")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert said in done.stderr


def test_a_folder_in_place_of_the_file_and_a_closed_pipe(site: Any) -> None:
    (site.workspace / "callboard.toml").mkdir()
    done = site.call("plan")
    assert (done.returncode, "it is no file" in done.stderr) == (2, True)
    first = subprocess.Popen(
        [sys.executable, "-m", "callboard", "actions", "--json"], env=site.environment, cwd=site.workspace,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert first.stdout is not None
    first.stdout.close()
    assert first.stderr is not None
    assert first.stderr.read() == ""
    assert first.wait() == 0
    first.stderr.close()


def test_each_command_imports_only_what_it_needs(site: Any) -> None:
    site.config('[jobs.a]\ncommand = ["true"]\n')

    def imported(*words: str) -> tuple[int, set[str]]:
        done = subprocess.run(
            [sys.executable, "-c", IMPORTED, *words], env=site.environment, cwd=site.workspace, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
        code, names = json.loads(done.stderr.splitlines()[-1])
        return code, set(names)

    code, names = imported("--help")
    assert (code, names & {"nicegui", "peewee", "psutil", "pluggy", "apscheduler", "fastapi"}) == (0, set())
    code, names = imported("run", "--trust")
    assert (code, names & {"nicegui", "apscheduler", "fastapi", "uvicorn"}) == (0, set())
    assert "peewee" in names


@pytest.mark.long
def test_a_new_plugin_can_be_made_and_listings_are_json(site: Any, tmp_path: Path) -> None:
    done = site.call("plugin", "new", "note-finder")
    assert done.returncode == 0
    assert (site.workspace / "callboard-note-finder" / "pyproject.toml").is_file()
    assert (site.call("plugin", "new", "note-finder").returncode, done.stderr) == (1, "")
    plugins = site.json("plugin", "list")
    assert {"quality", "security"} <= {plugin["name"] for plugin in plugins}
    assert site.json("runs") == []
    assert site.json("inbox") == []
    assert site.json("schedules") == []
    assert "quality.lint" in {action["name"] for action in site.json("actions")}
    assert "callboard run" in site.call("runs").stdout
    assert "start" in site.call("bench").stdout
    made = site.call("demo", str(tmp_path / "sample"), "--no-run")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "sample" / "callboard.toml").is_file()
    listed = re.search(r"listed in (\S+)", made.stdout)
    assert listed is not None
    assert Path(listed.group(1)).is_file()
