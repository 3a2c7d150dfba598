"""How the sample is written: its files, its history, its environment; and that each fault can be taken out alone."""

import importlib
import os
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from callboard.cli import parser
from callboard.commands.demo import as_run
from callboard.config.reading import read_config
from callboard.demo import Fault, faults, make
from callboard.demo.history import History
from callboard.demo.making import sample_files
from callboard.errors import CallboardError, Refused
from callboard.testing import Outcome, run_action
from callboard.work.agent import Agent

PACKAGES = {
    "infra": "callboard_infra_deploy",
    "refactor": "callboard_code_refactor",
    "api": "callboard_api_test",
    "quality": "callboard_quality",
    "config": "callboard_config",
    "monitor": "callboard_monitor",
    "security": "callboard_security",
}
CHEAP = {
    "config": ("inventory", "drift", "hardcoded", "schema", "rotation"),
    "infra": ("dockerfiles", "scripts"),
    "monitor": ("logs",),
    "quality": ("lint",),
    "refactor": ("complexity", "dead_code", "outdated_syntax", "clones", "architecture", "dependencies"),
    "security": ("static", "dependencies", "licences"),
}
ALONE = [fault for fault in faults() if fault.clean and fault.action in CHEAP.get(fault.agent, ())]


@pytest.fixture(scope="module", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = os.environ.get("CALLBOARD_DATA")
    os.environ["CALLBOARD_DATA"] = str(tmp_path_factory.mktemp("data"))
    yield
    if before is None:
        del os.environ["CALLBOARD_DATA"]
    else:
        os.environ["CALLBOARD_DATA"] = before


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("sample") / "ws"
    make(workspace)
    return workspace


def git(workspace: Path, *words: str) -> list[str]:
    done = subprocess.run(["git", "-C", str(workspace), *words], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def looked(fault: Fault, workspace: Path, spool: Path) -> Outcome:
    agent: Agent = importlib.import_module(PACKAGES[fault.agent]).callboard_agents()[0]
    config = tomllib.loads((workspace / "callboard.toml").read_text("utf-8"))
    return run_action(agent, fault.action, workspace, config=config, spool=spool)


@pytest.mark.parametrize("fault", ALONE, ids=lambda fault: fault.id)
def test_taken_out_alone_it_is_no_longer_found(fault: Fault, sample: Path, tmp_path: Path) -> None:
    paths = {edit.path for edit in fault.clean}
    before = {path: (sample / path).read_bytes() for path in paths}
    try:
        for edit in fault.clean:
            place = sample / edit.path
            if edit.remove:
                git(sample, "rm", "--quiet", "--cached", "--", edit.path)
                place.unlink()
            else:
                find, replace = (_secret_kept(text, before[edit.path].decode()) for text in (edit.find, edit.replace))
                assert find in place.read_text("utf-8")
                place.write_text(place.read_text("utf-8").replace(find, replace), "utf-8")
        outcome = looked(fault, sample, tmp_path)
    finally:
        for path, content in before.items():
            (sample / path).write_bytes(content)
        git(sample, "reset", "--quiet")
    said = [f for f in outcome.findings if (f.rule, f.path) == (fault.rule, fault.path) and fault.says in f.message]
    assert said == []
    assert outcome.result is not None


def _secret_kept(text: str, written: str) -> str:
    """The words of an edit as they stand in the written file, where a secret is in the place of its name."""
    if "@@" not in text:
        return text
    start, _, rest = text.partition("@@")
    name, _, end = rest.partition("@@")
    if name.startswith("other-"):
        return f"{start}aB3dE5gH7jK9mN1pQ3sT5vW7{end}"
    lines = written.splitlines()
    left = written.partition(start)[2] if start else next(line for line in lines if "KEY=" in line).partition("=")[2]
    return start + (left.partition(end)[0] if end else left) + end


def test_all_seven_agents_have_something_to_find() -> None:
    assert {fault.agent for fault in faults()} == set(PACKAGES)
    assert len({fault.id for fault in faults()}) == len(faults())


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.id)
def test_each_fault_says_where_it_is_and_each_clean_edit_has_its_one_place(fault: Fault) -> None:
    texts = dict(sample_files())
    assert all([fault.why, fault.mend])
    assert not fault.at or fault.at in texts[fault.path]
    for edit in fault.clean:
        assert edit.remove or (edit.add and edit.path not in texts) or texts[edit.path].count(edit.find) == 1, edit


def test_one_fault_alone_can_be_left_out(sample: Path, tmp_path: Path) -> None:
    make(tmp_path / "ws", {"dockerfile-add"})
    differing = [
        path
        for path, _ in sample_files()
        if path != "deploy/partner.txt" and (tmp_path / "ws" / path).read_bytes() != (sample / path).read_bytes()
    ]
    assert differing == ["Dockerfile"]


def test_the_history_is_always_the_same(sample: Path, tmp_path: Path) -> None:
    make(tmp_path / "ws")
    for workspace in (sample, tmp_path / "ws"):
        assert git(workspace, "status", "--porcelain") == []
    assert git(sample, "rev-parse", "HEAD") == git(tmp_path / "ws", "rev-parse", "HEAD")
    assert git(sample, "log", "--reverse", "--format=%s") == [commit.message for commit in History.read().commits]
    assert set(git(sample, "log", "--format=%an <%ae>")) == {
        "Ada <ada@example.invalid>",
        "Ben <ben@example.invalid>",
        "Chi <chi@example.invalid>",
    }
    assert git(sample, "rev-list", "--count", "main..HEAD") == ["2"]


def test_everything_is_committed_but_what_git_ignores_and_what_is_gone(sample: Path) -> None:
    expected = {path for path, _ in sample_files()} | {"requirements.txt"}
    assert set(git(sample, "ls-files")) == expected - {".env.development", ".env.production", "deploy/partner.txt"}
    assert git(sample, "show", "HEAD~9:deploy/partner.txt")[0].startswith("# where")


def test_each_draft_has_its_place() -> None:
    texts = dict(sample_files())
    for draft in History.read().drafts:
        assert texts[draft.path].count(draft.find) == 1, draft


def test_its_configuration_is_valid_and_its_environment_holds_what_the_shop_needs(sample: Path) -> None:
    config = read_config(sample)
    assert list(config.services) == ["shop"]
    assert list(config.endpoints) == ["teas", "report"]
    python = sample / ".venv" / "bin" / "python"
    code = "import fastapi, uvicorn, websockets, sys; print(sys.prefix); print(fastapi.__file__)"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    prefix, place = done.stdout.split()
    assert prefix == str(sample / ".venv"), done.stderr
    assert place.startswith(prefix)
    assert subprocess.run([python, "-c", "import callboard"], capture_output=True).returncode != 0


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(Refused, match="is not empty; name a folder that is empty"):
        make(tmp_path)
    with pytest.raises(Refused, match="is no folder"):
        make(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(CallboardError, match="the sample has no fault 'nonsense'"):
        make(tmp_path / "new", {"nonsense"})
    assert not (tmp_path / "new").exists()


def test_no_secret_stands_in_the_files_of_the_sample() -> None:
    for path, text in sample_files():
        assert "ghp" + "_" not in text, path
        assert "Kandy" not in text, path


def test_the_command_runs_as_if_run_had_been_typed(tmp_path: Path) -> None:
    typed = parser().parse_args(["run", "--trust", "--workspace", str(tmp_path), "--data", "d", "--json"])
    assert as_run(parser().parse_args(["demo", str(tmp_path), "--data", "d", "--json"])) == typed
