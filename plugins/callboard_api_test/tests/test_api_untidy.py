"""Workspaces with many applications, half of what they need, and a git that knows little: one cause is told once, with its mend."""

import json
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Verdict, Workspace
from callboard.testing import Outcome, run_action
from callboard_api_test import APITestAgent, callboard_detect
from callboard_api_test.found import chosen_app

GOOD = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/a')\ndef a() -> int:\n    return 1\n"


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def told(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def git(root: Path, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *identity, "-C", str(root), *words], check=True, capture_output=True)


def spooled(place: Path, outcome: Outcome, name: str) -> dict[str, Any]:
    """A task that ended so, as the next one of the run is told of it."""
    assert outcome.result is not None
    place.mkdir()
    said = {"t": "result", "verdict": outcome.result.verdict.value, "outputs": dict(outcome.result.outputs)}
    (place / "messages.jsonl").write_text(json.dumps(said) + "\n", "utf-8")
    return {"name": name, "action": name.partition(":")[0], "state": "succeeded", "spool": str(place)}


def with_own_python(root: Path, *modules: str) -> Path:
    """A virtual environment of the workspace's own that has these modules alone."""
    venv.EnvBuilder(symlinks=True).create(root / ".venv")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    put(root / ".venv" / "lib" / version / "site-packages", {f"{name}/__init__.py": "" for name in modules})
    return root


def test_a_missing_module_that_lies_in_the_workspace_is_named_with_its_place(tmp_path: Path) -> None:
    shop = {"services/shop/pyproject.toml": "", "services/shop/shop/__init__.py": ""}
    put(tmp_path, shop | {"services/shop/shop/main.py": "import acme.db\n" + GOOD})
    put(tmp_path, {"libs/common/setup.py": "", "libs/common/src/acme/__init__.py": ""})
    put(tmp_path, {"libs/other/setup.py": "", "libs/other/deep/__init__.py": "", "libs/other/deep/acme.py": ""})
    outcome = run_action(APITestAgent(), "schema", tmp_path)
    (finding,) = outcome.findings
    assert "the module acme lies in this workspace, in libs/common" in finding.message
    assert "services/shop/requirements.txt depend on it by its path ('-e ../../libs/common')" in finding.message
    assert "(services/shop/shop/main.py:1); acme lies in libs/common;" in told(outcome)[1]


def test_one_cause_is_one_finding_of_the_run_and_nothing_else_tries(tmp_path: Path) -> None:
    work = put(tmp_path / "work", {"back/main.py": "import nowhere\n" + GOOD, "back/pyproject.toml": ""})
    git(work, "init")
    git(work, "add", ".")
    git(work, "commit", "-m", "one")
    git(work, "commit", "-m", "two", "--allow-empty")
    options = {"app": "main:app", "folder": "back"}
    first = run_action(APITestAgent(), "schema", work, options)
    assert [finding.rule for finding in first.findings] == ["app-not-importable"]
    before = [spooled(tmp_path / "schema", first, "api.schema:back-main")]
    for action in ("contract", "diff", "auth", "websockets", "smoke", "latency"):
        outcome = run_action(APITestAgent(), action, work, options, before=before)
        assert outcome.findings == ()
        assert told(outcome) == (
            Verdict.UNKNOWN,
            "not tried: main:app cannot be imported, see api.schema:back-main",
        )
        before.insert(0, spooled(tmp_path / action, outcome, f"api.{action}:back-main"))


def test_changes_are_proposed_only_where_git_has_an_earlier_commit(tmp_path: Path) -> None:
    def proposed() -> bool:
        return any(job.action == "api.diff" for job in callboard_detect(Workspace(tmp_path)))

    put(tmp_path, {"main.py": GOOD})
    assert not proposed()
    git(tmp_path, "init")
    assert not proposed()
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    git(tmp_path, "checkout", "--detach")
    assert not proposed()
    git(tmp_path, "commit", "-m", "two", "--allow-empty")
    assert proposed()
    git(tmp_path, "checkout", "-b", "other")
    assert proposed()
    git(tmp_path, "checkout", "--orphan", "fresh")
    assert not proposed()


def test_applications_that_are_left_out_are_counted_with_the_way_to_get_them(tmp_path: Path) -> None:
    for number in range(5):
        put(tmp_path, {f"s{number}/pyproject.toml": "", f"s{number}/web{number}.py": GOOD})
    jobs = [job for job in callboard_detect(Workspace(tmp_path)) if "left out" in job.because]
    assert [job.name for job in jobs] == ["api.schema:s0-web0"]
    words = jobs[0].because
    assert "3 applications have jobs, 2 are left out: s3/web3.py and 1 more" in words
    table = words[words.index("[jobs.") : words.index(" into callboard.toml")]
    written = tomllib.loads(table.replace(" with ", "\n").replace(" and options", "\noptions"))
    assert written["jobs"]["api.schema:s3-web3"] == {
        "action": "api.schema",
        "options": {"app": "web3:app", "folder": "s3"},
    }


def test_an_own_environment_without_a_server_is_named_and_not_what_callboards_lacks(tmp_path: Path) -> None:
    work = put(with_own_python(tmp_path / "work", "fastapi", "nowhere"), {"main.py": "import nowhere\n" + GOOD})
    outcome = run_action(APITestAgent(), "latency", work)
    verdict, words = told(outcome)
    assert (verdict, outcome.findings) == (Verdict.UNKNOWN, ())
    assert words.startswith("main:app cannot be run: the workspace's environment .venv has no uvicorn; ")
    assert words.endswith("; .venv/bin/python -m pip install uvicorn")
    before = [spooled(tmp_path / "latency", outcome, "api.latency")]
    after = told(run_action(APITestAgent(), "smoke", work, before=before))
    assert after == (Verdict.UNKNOWN, "not tried: main:app cannot be served here, see api.latency")


@pytest.mark.long
def test_what_the_project_declares_is_installed_where_its_own_environment_has_no_server(tmp_path: Path) -> None:
    work = with_own_python(tmp_path / "work", "fastapi", "flask_sock")
    put(work, {"main.py": "import flask_sock\n" + GOOD, "requirements.txt": "fastapi\nflask-sock\n"})
    verdict, words = told(run_action(APITestAgent(), "latency", work, {"requests": 2}, data=tmp_path / "data"))
    if "no throw-away environment" in words:
        pytest.skip(words)
    assert (verdict, words.partition(" (")[0]) == (Verdict.PASS, "2 requests to 1 operation of main:app")


def test_numbers_of_several_applications_have_names_of_their_own(tmp_path: Path) -> None:
    put(tmp_path, {"one/pyproject.toml": "", "one/main.py": GOOD, "tests/helping.py": GOOD})
    options = {"app": "main:app", "folder": "one"}
    assert set(run_action(APITestAgent(), "schema", tmp_path, options).metrics()) == {"api.operations"}
    put(tmp_path, {"two/pyproject.toml": "", "two/main.py": GOOD})
    times = run_action(APITestAgent(), "latency", tmp_path, options | {"requests": 2})
    assert set(times.metrics()) == {"api.p50.one-main GET /a", "api.p95.one-main GET /a"}
    likeliest = chosen_app(Workspace(tmp_path), "", "")
    assert likeliest is not None
    assert (likeliest.place, likeliest.alone) == ("one-main", False)
