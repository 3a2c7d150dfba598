"""Kept environments: what is dear is made once, what belongs to the source is always the attempt's own."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from callboard.api import Context, Environment, NoEnvironment
from callboard.work.environments.keeping import Hold, Ready, drop, kept, trim, use
from callboard.work.interpreter import workspace_python

BACKEND = """
import base64, hashlib, os, zipfile

LOG = {log!r}
INFO = "Metadata-Version: 2.1\\nName: greeter\\nVersion: 1.0\\n"
WHEEL = "Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
ENTRY = "[console_scripts]\\ngreet = greeter:main\\n[callboard_test]\\none = greeter:main\\n"


def _wheel(folder, files):
    with open(LOG, "a") as log:
        log.write("built\\n")
    name = "greeter-1.0-py3-none-any.whl"
    files = {{**files, "greeter-1.0.dist-info/METADATA": INFO, "greeter-1.0.dist-info/WHEEL": WHEEL,
              "greeter-1.0.dist-info/entry_points.txt": ENTRY}}
    record = "".join(f"{{path}},,\\n" for path in files) + "greeter-1.0.dist-info/RECORD,,\\n"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr("greeter-1.0.dist-info/RECORD", record)
    return name


def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, {{"greeter.py": open("src/greeter.py").read()}})
"""
EDITABLE = """

def build_editable(folder, config_settings=None, metadata_directory=None):
    with open("src/written.py", "w") as file:
        file.write("by = 'build'\\n")
    return _wheel(folder, {"__editable__greeter.pth": os.path.abspath("src") + "\\n"})
"""
PYPROJECT = """
[project]
name = "greeter"
version = "1.0"

[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
SOURCE = "def main():\n    print('{}')\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    top = tmp_path / "greeter"
    (top / "src").mkdir(parents=True)
    (top / "pyproject.toml").write_text(PYPROJECT)
    (top / "backend.py").write_text(BACKEND.format(log=str(tmp_path / "built")) + EDITABLE)
    (top / "src" / "greeter.py").write_text(SOURCE.format("hello"))
    return top


def builds(project: Path) -> int:
    log = project.parent / "built"
    return log.read_text().count("built") if log.exists() else 0


def context(project: Path, name: str) -> Context:
    place = project.parent / "attempts" / name
    (place / "scratch").mkdir(parents=True)
    return Context(workspace=project, spool=place, scratch=place / "scratch", data=project.parent / "data")


def obtained(ctx: Context) -> Environment:
    return ctx.environment(extra=(), install_limit=300)


def output(environment: Environment, *words: str) -> str:
    done = subprocess.run(
        words,
        cwd=environment.base,
        env={**os.environ, **environment.variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_second_attempt_builds_nothing_and_runs_its_own_source(project: Path) -> None:
    first = obtained(context(project, "1"))
    assert output(first, str(first.python.parent / "greet")) == "hello"
    (project / "src" / "greeter.py").write_text(SOURCE.format("good morning"))
    second = obtained(context(project, "2"))
    assert builds(project) == 1
    assert output(second, str(second.python.parent / "greet")) == "good morning"
    assert output(first, "greet") == "hello"
    plugins = "from importlib.metadata import entry_points as e; [p] = e(group='callboard_test'); p.load()()"
    assert output(second, "python", "-c", plugins) == "good morning"
    place = output(second, "python", "-c", "import greeter, written; print(greeter.__file__, written.by)")
    assert place == f"{second.base / 'src' / 'greeter.py'} build"
    assert second.is_throw_away
    assert second.has["greeter"] == "1.0"
    assert not (project / "src" / "written.py").exists()


def test_a_changed_declaration_makes_another_environment(project: Path) -> None:
    obtained(context(project, "1"))
    (project / "pyproject.toml").write_text(PYPROJECT + "\n[tool.other]\nx = 1\n")
    obtained(context(project, "2"))
    assert builds(project) == 2
    assert len(kept(project.parent / "data" / "environments")) == 2


@pytest.mark.long
def test_what_cannot_be_installed_editable_is_built_from_the_attempts_source(project: Path) -> None:
    (project / "backend.py").write_text(BACKEND.format(log=str(project.parent / "built")))
    obtained(context(project, "1"))
    (project / "src" / "greeter.py").write_text(SOURCE.format("good night"))
    second = obtained(context(project, "2"))
    assert output(second, "greet") == "good night"


@pytest.mark.long
def test_whoever_comes_meanwhile_waits_and_says_so(project: Path) -> None:
    slow = "\nimport time\ntime.sleep(1.5)\n"
    (project / "backend.py").write_text((project / "backend.py").read_text() + slow)
    contexts = [context(project, str(number)) for number in range(3)]
    places: list[Path] = []
    threads = [threading.Thread(target=lambda ctx=ctx: places.append(obtained(ctx).base)) for ctx in contexts]
    for thread in threads:
        thread.start()
        time.sleep(0.4)
    for thread in threads:
        thread.join()
    assert builds(project) == 1
    assert len(set(places)) == 3
    told = [(ctx.spool / "messages.jsonl").read_text().count("waits for the environment") for ctx in contexts]
    assert sorted(told) == [0, 1, 1]


def test_what_cannot_be_installed_says_why_and_what_to_do_and_leaves_nothing(project: Path) -> None:
    good = (project / "backend.py").read_text()
    (project / "backend.py").write_text("raise RuntimeError('the disk of the moon is missing')\n")
    with pytest.raises(NoEnvironment) as caught:
        obtained(context(project, "1"))
    assert "could not be installed" in caught.value.reason
    assert ".venv" in caught.value.mend
    assert kept(project.parent / "data" / "environments") == []
    (project / "backend.py").write_text(good)
    assert output(obtained(context(project, "2")), "greet") == "hello"


def test_one_attempt_makes_one_after_the_other_also_after_one_that_cannot_be_made(project: Path) -> None:
    good = (project / "backend.py").read_text()
    ctx = context(project, "1")
    (project / "backend.py").write_text("raise RuntimeError('the disk of the moon is missing')\n")
    with pytest.raises(NoEnvironment, match="could not be installed"):
        obtained(ctx)
    (project / "backend.py").write_text(good)
    first = obtained(ctx)
    ctx.let_go(first)
    assert not first.base.exists()
    assert not first.python.exists()
    assert output(obtained(ctx), "greet") == "hello"


def test_the_workspaces_own_environment_goes_first(project: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", project / ".venv"], check=True)
    environment = obtained(context(project, "1"))
    assert (environment.words, environment.is_throw_away, environment.base) == (".venv", False, project)
    assert environment.has["pytest"] is None
    assert builds(project) == 0
    with pytest.raises(NoEnvironment, match="the interpreter gone/python is not there"):
        context(project, "2").environment(interpreter="gone/python")


def test_one_that_callboard_keeps_can_be_asked_for_beside_the_workspaces_own(tmp_path: Path) -> None:
    project = tmp_path / "project"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", project / ".venv"], check=True)
    environment = context(project, "1").environment(extra=(), interpreter="kept")
    assert environment.is_throw_away
    assert not environment.python.is_relative_to(project)


def test_without_leave_to_make_one_there_is_none(project: Path) -> None:
    with pytest.raises(NoEnvironment, match=r"no virtual environment; make one in \.venv"):
        context(project, "1").environment(create=False)


def made(place: Path) -> Ready:
    (place / "big").write_bytes(b"x" * 1_000)
    return Ready(place.name, time.time(), 1_000, "", "", {}, [])


def used(home: Path, digest: str) -> Hold:
    return use(home, digest, made, print, 10)[1]


def test_the_one_that_was_not_used_for_longest_goes_and_what_is_in_use_stays(tmp_path: Path) -> None:
    hold = used(tmp_path, "a")
    for number, digest in enumerate("bcd"):
        used(tmp_path, digest)
        os.utime(tmp_path / digest / "used", (100 + number, 100 + number))
    os.utime(tmp_path / "a" / "used", (1, 1))
    used(tmp_path, "c")
    assert [one.digest for one in trim(tmp_path, most=2)] == ["b", "d"]
    assert {one.digest for one in kept(tmp_path)} == {"a", "c"}
    assert not drop(tmp_path, "a")
    del hold
    assert [one.digest for one in trim(tmp_path, most_bytes=1_500)] == ["a"]


def test_what_was_left_half_made_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "rest").write_text("of one that was killed")
    used(tmp_path, "a")
    assert not (tmp_path / "a" / "rest").exists()
    (tmp_path / "a" / "ready.json").write_text("{")
    used(tmp_path, "a")
    assert [one.digest for one in kept(tmp_path)] == ["a"]


def test_poetrys_and_pipenvs_environments_are_found_without_running_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POETRY_VIRTUALENVS_PATH", str(tmp_path / "poetry"))
    monkeypatch.setenv("WORKON_HOME", str(tmp_path / "pipenv"))
    top = tmp_path / "work"
    (top / "deep").mkdir(parents=True)
    assert workspace_python(top, "deep") is None
    (top / "pyproject.toml").write_text("[tool.poetry]\nname = 'My Thing'\n")
    (top / "Pipfile").write_text("")
    import base64
    import hashlib

    poetry = base64.urlsafe_b64encode(hashlib.sha256(str(top).encode()).digest()).decode()[:8]
    pipenv = base64.urlsafe_b64encode(hashlib.sha256(str(top / "Pipfile").encode()).digest()[:6]).decode()[:8]
    for place in (tmp_path / "pipenv" / f"work-{pipenv}", tmp_path / "poetry" / f"my_thing-{poetry}-py3.11"):
        (place / "bin").mkdir(parents=True)
        (place / "bin" / "python").symlink_to(sys.executable)
        assert workspace_python(top, "deep") == place / "bin" / "python"
