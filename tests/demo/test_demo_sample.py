"""The sample workspace: each planted fault is found by the agent that it is meant for, and is gone from the clean variant."""

import importlib
import os
import socket
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from callboard.config.reading import read_config
from callboard.demo import Fault, faults, make
from callboard.demo.making import sample_files
from callboard.errors import CallboardError, Refused
from callboard.testing import Outcome, run_action
from callboard.work.agent import Agent, Verdict

PACKAGES = {
    "infra": "callboard_infra_deploy",
    "refactor": "callboard_code_refactor",
    "api": "callboard_api_test",
    "quality": "callboard_quality",
    "config": "callboard_config",
    "monitor": "callboard_monitor",
    "security": "callboard_security",
}


def agent_of(name: str) -> Agent:
    agent: Agent = importlib.import_module(PACKAGES[name]).callboard_agents()[0]
    return agent


class Crew:
    """Runs each action once on a sample, however many faults it is to find."""

    def __init__(self, workspace: Path, spools: Path, clean: str) -> None:
        self.workspace = workspace
        make(workspace, "all" if clean else ())
        self._spools = spools
        self._done: dict[tuple[str, str, str], Outcome] = {}

    def config(self) -> dict[str, Any]:
        """The sample's own configuration, on a port that is free, at a pace for tests."""
        text = (self.workspace / "callboard.toml").read_text("utf-8").replace("8791", str(self._port()))
        return {**tomllib.loads(text), "boundary": {"probes_per_second": 20.0}}

    def _port(self) -> int:
        if not hasattr(self, "_chosen"):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self._chosen = int(probe.getsockname()[1])
        return self._chosen

    def run(self, agent: str, action: str, options: dict[str, Any] | None = None) -> Outcome:
        spool = self._spools / f"{agent}.{action}.{len(list(self._spools.iterdir()))}"
        spool.mkdir()
        return run_action(agent_of(agent), action, self.workspace, options, config=self.config(), spool=spool)

    @contextmanager
    def service(self, name: str) -> Iterator[None]:
        started = self.run("infra", "service_start", {"service": name})
        assert started.result is not None
        assert started.result.verdict is Verdict.PASS, started.result.summary
        try:
            yield
        finally:
            self.run("infra", "service_stop", {"service": name})

    def outcome(self, fault: Fault) -> Outcome:
        """What the fault's action says of this workspace."""
        key = (fault.agent, fault.action, repr(sorted(fault.options.items())))
        if key not in self._done:
            if fault.needs_service:
                with self.service(fault.needs_service):
                    self._done[key] = self.run(fault.agent, fault.action, dict(fault.options))
            else:
                self._done[key] = self.run(fault.agent, fault.action, dict(fault.options))
        return self._done[key]

    def findings(self, fault: Fault) -> list[str]:
        """The messages of the findings that the fault is meant to give."""
        found = self.outcome(fault).findings
        return [f.message for f in found if f.rule == fault.rule and f.path == fault.path and fault.says in f.message]


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
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Crew:
    return Crew(tmp_path_factory.mktemp("faulty") / "ws", tmp_path_factory.mktemp("spools"), "")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Crew:
    return Crew(tmp_path_factory.mktemp("clean") / "ws", tmp_path_factory.mktemp("spools"), "all")


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.id)
def test_the_planted_fault_is_found_and_its_clean_variant_is_not(fault: Fault, faulty: Crew, clean: Crew) -> None:
    said = [(f.rule, f.path, f.message) for f in faulty.outcome(fault).findings]
    assert faulty.findings(fault), (faulty.outcome(fault).result, said)
    assert clean.findings(fault) == []
    result = clean.outcome(fault).result
    assert result is not None
    assert result.verdict is Verdict.PASS, (
        result,
        [(f.rule, f.path, f.message) for f in clean.outcome(fault).findings],
    )


def test_all_seven_agents_have_something_to_find() -> None:
    assert {fault.agent for fault in faults()} == set(PACKAGES)
    assert len({fault.id for fault in faults()}) == len(faults())


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.id)
def test_each_clean_edit_has_its_one_place(fault: Fault) -> None:
    texts = dict(sample_files())
    assert fault.clean
    for edit in fault.clean:
        assert edit.remove or texts[edit.path].count(edit.find) == 1, edit


def test_one_fault_alone_can_be_left_out(tmp_path: Path) -> None:
    make(tmp_path / "ws", {"dockerfile-add"})
    make(tmp_path / "other")
    differing = [
        path
        for path, _ in sample_files()
        if (tmp_path / "ws" / path).read_bytes() != (tmp_path / "other" / path).read_bytes()
    ]
    assert differing == ["Dockerfile"]


def test_the_sample_is_one_commit_with_everything_in_it_and_nothing_beside(tmp_path: Path) -> None:
    make(tmp_path / "ws")

    def git(*words: str) -> list[str]:
        done = subprocess.run(["git", "-C", str(tmp_path / "ws"), *words], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    assert git("status", "--porcelain") == []
    assert git("log", "--format=%an <%ae>") == ["Teashop <teashop@example.invalid>"]
    assert git("ls-files") == sorted(path for path, _ in sample_files())


def test_its_configuration_is_valid_and_its_environment_sees_what_callboard_sees(tmp_path: Path) -> None:
    make(tmp_path / "ws")
    config = read_config(tmp_path / "ws")
    assert list(config.services) == ["shop"]
    assert list(config.endpoints) == ["teas", "report"]
    python = tmp_path / "ws" / ".venv" / "bin" / "python"
    done = subprocess.run(
        [python, "-c", "import fastapi, uvicorn, sys; print(sys.prefix)"], capture_output=True, text=True
    )
    assert done.stdout.strip() == str(tmp_path / "ws" / ".venv"), done.stderr


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
