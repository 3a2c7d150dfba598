"""A dependency is raised to the version that the advisory names, where it is declared and where that is enough."""

import subprocess
from pathlib import Path

import pytest

from callboard.api import Symptom, Verdict
from callboard.testing import Outcome, run_action
from callboard_security import SecurityCompliance
from callboard_security.bump import mends


def commit(place: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    for words in ("init -q", "add -A -f", "-c user.name=t -c user.email=t@example.org commit -qm x"):
        subprocess.run(["git", "-C", str(place), *words.split()], check=True)


def raised(place: Path, path: str, package: str = "flask", version: str = "2.3.2") -> tuple[Verdict, str, str]:
    outcome: Outcome = run_action(
        SecurityCompliance(), "bump", place, {"package": package, "version": version, "path": path}
    )
    assert outcome.result is not None
    patch = next((p.read_text() for name, p in outcome.artifacts.items() if name.endswith(".patch")), "")
    return outcome.result.verdict, outcome.result.summary, patch


def test_the_advisory_says_what_is_offered() -> None:
    seen = Symptom(
        "security.dependencies",
        rule="GHSA-1",
        path="requirements.txt",
        line=2,
        help="Upgrade flask to 2.3.2 or later; https://x",
    )
    (fix,) = mends(seen)
    assert (fix.action, fix.options) == (
        "security.bump",
        {"package": "flask", "version": "2.3.2", "path": "requirements.txt"},
    )
    assert mends(Symptom("s", path="poetry.lock", help="Upgrade flask to 2.3.2 or later; x")) == []
    assert mends(Symptom("s", path="requirements.txt", help="No fixed version of flask is known; x")) == []


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("requirements.txt", "a==1\nFlask[async]==2.0.1  # why\n", "Flask[async]==2.3.2  # why"),
        ("requirements.txt", "flask == 2.0.1 ; python_version > '3'\n", "flask == 2.3.2 ; python_version > '3'"),
        ("pyproject.toml", '[project]\ndependencies = ["flask>=2.0", "flask-cors>=1"]\n', '"flask>=2.3.2", "flask-cors>=1"'),
        ("setup.cfg", "[options]\ninstall_requires =\n    flask==2.0\n", "    flask==2.3.2"),
        ("requirements/base.txt", "flask[async] >= 1.0, < 3 ; python_version > '3'\n",
         "flask[async] >= 2.3.2, < 3 ; python_version > '3'"),
        ("requirements.in", "flask~=2.0\n", "flask~=2.0,>=2.3.2"),
        ("requirements.txt", "flask~=2.0.1,!=2.0.3\n", "flask~=2.3.2,!=2.0.3"),
        ("requirements.txt", "flask<3\n", "flask>=2.3.2,<3"),
        ("pyproject.toml", "[project]\ndependencies = ['flask == 2.*']\n", "'flask == 2.*,>=2.3.2'"),
        ("web/package.json", '{"dependencies": {"flask": "^2.0.0"}}', '"flask": "^2.3.2"'),
    ],
)  # fmt: skip
def test_one_number_is_another(tmp_path: Path, path: str, before: str, after: str) -> None:
    commit(tmp_path, {path: before})
    verdict, _, patch = raised(tmp_path, path)
    assert (verdict, f"{after}\n" in patch or after in patch) == (Verdict.PASS, True)


@pytest.mark.parametrize(
    ("files", "path", "words"),
    [
        ({"poetry.lock": ""}, "poetry.lock", "run `poetry update flask`"),
        ({"requirements.txt": "flask==2.0 --hash=sha256:ab\n"}, "requirements.txt", "hashes"),
        ({"package.json": '{"dependencies": {"flask": "1.0.0"}}', "package-lock.json": "{}"}, "package.json", "npm install flask"),
        ({"requirements.txt": "flask==3.0\nmyflask==1\nflask-x==1\n"}, "requirements.txt", "no patch was made"),
        ({"requirements.txt": "flask>=1,<2\n"}, "requirements.txt", "asks for <2, which leaves 2.3.2 out"),
        ({"pyproject.toml": '[project]\ndependencies = ["flask>=2"]\n', "uv.lock": "",
          "callboard.toml": '[jobs.lock]\ncommand = ["uv", "lock"]\n'}, "pyproject.toml", "`callboard run --only lock`"),
        ({"a.txt": ""}, "../a.txt", "there is no file"),
    ],
)  # fmt: skip
def test_what_would_not_be_enough_is_said_and_not_done(
    tmp_path: Path, files: dict[str, str], path: str, words: str
) -> None:
    commit(tmp_path, files)
    verdict, summary, patch = raised(tmp_path, path)
    assert (verdict is Verdict.PASS, words in summary, patch) == (False, True, "")
