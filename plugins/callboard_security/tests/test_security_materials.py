"""`security.sbom` and `security.licences`: bills and licences from locks and environments."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from callboard.api import Verdict
from callboard.testing import Outcome, run_action
from callboard_security import SecurityCompliance

LOCK = {
    "name": "web",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "requires": True,
    "packages": {
        "": {"name": "web", "version": "1.0.0", "dependencies": {"left": "1.0.0", "odd": "2.0.0"}},
        "node_modules/left": {"version": "1.0.0", "license": "MIT"},
        "node_modules/odd": {"version": "2.0.0"},
    },
}
MANIFEST = {"name": "web", "version": "1.0.0", "dependencies": {"left": "1.0.0", "odd": "2.0.0"}}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def act(place: Path, action: str, files: dict[str, str], **options: object) -> Outcome:
    for name, text in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    spool = place.parent / "spool"
    spool.mkdir(exist_ok=True)
    return run_action(SecurityCompliance(), action, place, options, spool=spool)


def environment(place: Path, name: str, version: str, licence: str) -> None:
    """A virtual environment with one package that declares a licence."""
    venv.create(place / ".venv", with_pip=False, symlinks=True)
    site = place / ".venv" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: {licence}\n\n"
    (info / "METADATA").write_text(text)
    (info / "RECORD").write_text("")


def components(outcome: Outcome, name: str) -> set[tuple[str, str | None]]:
    bill = json.loads(outcome.artifacts[name].read_text("utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    return {(component["name"], component.get("version")) for component in bill["components"]}


def test_bills_of_locks_and_requirements(place: Path) -> None:
    outcome = act(
        place,
        "sbom",
        {
            "api/uv.lock": '[[package]]\nname = "attrs"\nversion = "23.1.0"\n',
            "api/pyproject.toml": '[project]\nname = "api"\nversion = "1"\ndependencies = ["attrs"]\n',
            "tool/requirements.txt": "flask==3.0.0\nclick>=8 # loose\n-e .\n",
            "web/package-lock.json": json.dumps(LOCK),
            "web/package.json": json.dumps(MANIFEST),
        },
    )
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS
    assert components(outcome, "sbom-api-uv.lock.cdx.json") == {("attrs", "23.1.0")}
    assert components(outcome, "sbom-tool-requirements.txt.cdx.json") == {("flask", "3.0.0"), ("click", None)}
    assert components(outcome, "sbom-web-package-lock.json.cdx.json") == {("left", "1.0.0"), ("odd", "2.0.0")}
    assert "5 components in 3 bills" in outcome.result.summary
    assert "1 without an exact version" in outcome.result.summary
    assert {m["format"] for m in outcome.messages if m["t"] == "artifact"} == {"cyclonedx"}


NESTED = {
    "name": "web",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "requires": True,
    "packages": {
        "": {"name": "web", "version": "1.0.0", "dependencies": {"a": "1.0.0", "@s/b": "2.0.0"}},
        "node_modules/a": {
            "version": "1.0.0",
            "license": "(MIT OR Apache-2.0)",
            "integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
            "dependencies": {"@s/b": "1.0.0"},
        },
        "node_modules/a/node_modules/@s/b": {"version": "1.0.0", "license": "odd words"},
        "node_modules/@s/b": {"version": "2.0.0", "license": "MIT"},
    },
}


def test_bills_are_valid_count_what_the_lock_counts_and_are_the_same_again(place: Path, tmp_path: Path) -> None:
    manifest = {"name": "web", "version": "1.0.0", "dependencies": {"a": "1.0.0", "@s/b": "2.0.0"}}
    files = {
        "web/package-lock.json": json.dumps(NESTED),
        "web/package.json": json.dumps(manifest),
        "api/uv.lock": '[[package]]\nname = "Odd_Name"\nversion = "1.0+local"\n',
        "tool/requirements.txt": "flask==3.0.0\nclick\n",
    }
    outcome = act(place, "sbom", files)
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    for kept in outcome.artifacts.values():
        assert validator.validate_str(kept.read_text("utf-8")) is None
    mine = json.loads(outcome.artifacts["sbom-web-package-lock.json.cdx.json"].read_text("utf-8"))
    names = ["npm", "sbom", "--sbom-format", "cyclonedx", "--package-lock-only"]
    theirs = json.loads(subprocess.run(names, cwd=place / "web", check=True, capture_output=True).stdout)
    assert sorted(c["purl"] for c in mine["components"]) == sorted(c["purl"] for c in theirs["components"])
    entry = next(component for component in mine["components"] if component["name"] == "a")
    assert entry["licenses"] == [{"expression": "(MIT OR Apache-2.0)"}]
    assert entry["hashes"][0]["content"].startswith("cf83e1357eefb8bd")
    again = act(place, "sbom", {})
    for name, kept in again.artifacts.items():
        assert kept.read_bytes() == outcome.artifacts[name].read_bytes()


def test_what_is_installed_or_the_locks_alone(place: Path) -> None:
    environment(place, "planted", "1.2.3", "MIT")
    files = {"requirements.txt": "flask==3.0.0\n"}
    locks = act(place, "sbom", files, source="locks")
    assert components(locks, "sbom-requirements.txt.cdx.json") == {("flask", "3.0.0")}
    assert "sbom-venv.cdx.json" not in locks.artifacts


def test_a_package_json_without_a_lock_is_told(place: Path) -> None:
    outcome = act(place, "sbom", {"web/package.json": '{"dependencies": {"a": "^1"}}', "web2/package.json": "{"})
    assert components(outcome, "sbom-web-package.json.cdx.json") == {("a", None)}
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert [(f.rule, f.path) for f in outcome.findings] == [("unparsable", "web2/package.json")]


def test_a_bill_of_the_environment(place: Path) -> None:
    environment(place, "planted", "1.2.3", "MIT")
    outcome = act(place, "sbom", {"requirements.txt": "planted\n"})
    assert components(outcome, "sbom-venv.cdx.json") == {("planted", "1.2.3")}


def test_manifests_of_templates_and_test_data_are_not_the_team_s(place: Path) -> None:
    files = {
        "requirements.txt": "flask==3.0.0\n",
        "{{cookiecutter.name}}/requirements.txt": "django==1.0\n",
        "tests/fixtures/one/package-lock.json": "{",
        "tests/fixtures/one/setup.py": "from setuptools import setup\nsetup(install_requires=['six==1'])\n",
    }
    outcome = act(place, "sbom", files)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS
    assert outcome.result.summary.startswith("1 component in 1 bill")


def test_nothing_to_read_is_unknown(place: Path) -> None:
    outcome = act(place, "sbom", {"a.py": "x = 1\n", "pyproject.toml": "[project]\nname = 'x'\n"})
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN


def test_one_broken_lock_leaves_the_other_bills(place: Path) -> None:
    outcome = act(
        place,
        "sbom",
        {"package-lock.json": "{", "package.json": json.dumps(MANIFEST), "api/requirements.txt": "flask==3.0.0\n"},
    )
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert [(f.rule, f.path) for f in outcome.findings] == [("unparsable", "package-lock.json")]
    assert "sbom-api-requirements.txt.cdx.json" in outcome.artifacts


def test_the_reason_for_no_bill_is_told(place: Path) -> None:
    [finding] = act(place, "sbom", {"poetry.lock": "x = 1\n", "pyproject.toml": "this is no toml\n"}).findings
    assert (finding.path, finding.message) == (
        "poetry.lock",
        "poetry.lock cannot be read: it holds none of the tables of a lock",
    )


def test_licences_of_an_environment_against_the_policy(place: Path) -> None:
    environment(place, "planted", "1.2.3", "GPL-3.0-only")
    free = act(place, "licences", {})
    assert free.result is not None
    assert free.result.verdict is Verdict.PASS
    assert [(f.rule, str(f.severity)) for f in free.findings] == [("licence-review", "medium")]
    assert "GPL-3.0-only 1" in free.result.summary
    bad = act(place, "licences", {}, deny=["gpl-3*"])
    assert bad.result is not None
    assert bad.result.verdict is Verdict.FAIL
    assert "planted 1.2.3" in bad.findings[0].message


def test_licences_of_a_lock(place: Path) -> None:
    outcome = act(place, "licences", {"web/package-lock.json": json.dumps(LOCK, indent=1)}, deny=["MIT"])
    assert sorted((f.rule, f.line > 0) for f in outcome.findings) == [
        ("licence-denied", True),
        ("licence-undeclared", True),
    ]


def test_no_licence_to_read_is_unknown(place: Path) -> None:
    outcome = act(place, "licences", {"requirements.txt": "flask==3.0.0\n"})
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
