"""What `infra.package` finds in wheels and npm packages that are really built."""

import json
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from callboard.api import Severity, Verdict, Workspace
from callboard.testing import Outcome, run_action
from callboard_infra_deploy import InfraDeploy, callboard_detect
from callboard_infra_deploy.modules import defined_names, imported_modules, module_name
from callboard_infra_deploy.npm_package import targets

# a build backend that lies in the project itself, so that no build requirement has to be fetched
BACKEND = """
import pathlib, zipfile
def get_requires_for_build_wheel(config_settings=None):
    return []
def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "shop-1.2.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory) / name, "w") as wheel:
        for line in pathlib.Path("manifest.txt").read_text().split():
            wheel.write(line, line.removeprefix("src/"))
        info = "shop-1.2.0.dist-info"
        wheel.writestr(f"{info}/METADATA", pathlib.Path("metadata.txt").read_text())
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/entry_points.txt", pathlib.Path("entry.txt").read_text())
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""
GOOD = {
    "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["hooks"]\n',
    "hooks/backend.py": BACKEND,
    "metadata.txt": "Metadata-Version: 2.1\nName: shop\nVersion: 1.2.0\nRequires-Python: >=3.11\n"
    "Description-Content-Type: text/markdown\n\n# Shop\n",
    "entry.txt": "[console_scripts]\nshop = shop.cli:main\n",
    "manifest.txt": "src/shop/__init__.py src/shop/cli.py src/shop/data.py",
    "src/shop/__init__.py": "",
    "src/shop/cli.py": "from shop.data import ROWS\n\n\ndef main():\n    print(ROWS)\n",
    "src/shop/data.py": "ROWS = [1]\n",
}
needs_pip = pytest.mark.skipif(find_spec("pip") is None, reason="pip is not installed beside Callboard")
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def check(root: Path, changes: dict[str, str] | None = None, folder: str = "") -> Outcome:
    return run_action(InfraDeploy(), "package", write(root, changes or {}), {"folder": folder})


def verdict(outcome: Outcome) -> Verdict:
    assert outcome.result is not None
    return outcome.result.verdict


def summary(outcome: Outcome) -> str:
    assert outcome.result is not None
    return outcome.result.summary


@needs_pip
def test_a_good_wheel_passes_with_its_size_and_leaves_the_workspace_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    before = sorted(path.as_posix() for path in tmp_path.rglob("*"))
    outcome = check(tmp_path)
    assert outcome.findings == ()
    assert verdict(outcome) is Verdict.PASS
    assert "shop-1.2.0-py3-none-any.whl" in summary(outcome)
    assert "3 files" in summary(outcome)
    assert [m["unit"] for m in outcome.messages if m["t"] == "metric" and m["name"] == "wheel size"] == ["KiB"]
    assert sorted(path.as_posix() for path in tmp_path.rglob("*")) == before


@needs_pip
@pytest.mark.parametrize(
    ("changes", "rule", "severity", "place"),
    [
        ({"manifest.txt": "src/shop/__init__.py src/shop/cli.py"}, "wheel-missing-module", "high", "src/shop/cli.py:1"),
        ({"entry.txt": "[console_scripts]\nshop = shop.cli:run\n"}, "wheel-entry-point", "high", "pyproject.toml:0"),
        ({"entry.txt": "[console_scripts]\nshop = shop.gone:main\n"}, "wheel-entry-point", "high", "pyproject.toml:0"),
        (
            {"manifest.txt": GOOD["manifest.txt"] + " tests/__init__.py", "tests/__init__.py": ""},
            "wheel-stray",
            "medium",
            "pyproject.toml:0",
        ),
        (
            {"manifest.txt": GOOD["manifest.txt"] + " src/shop/.env", "src/shop/.env": "A=1\n"},
            "wheel-secret",
            "high",
            "pyproject.toml:0",
        ),
        ({"src/shop/py.typed": ""}, "wheel-missing-data", "medium", "src/shop/py.typed:0"),
        (
            {"metadata.txt": GOOD["metadata.txt"].replace("text/markdown", "text/html")},
            "wheel-readme",
            "medium",
            "pyproject.toml:0",
        ),
        (
            {"metadata.txt": GOOD["metadata.txt"].replace("Requires-Python: >=3.11\n", "")},
            "wheel-requires-python",
            "low",
            "pyproject.toml:0",
        ),
    ],
)
def test_a_fault_of_the_wheel_is_found(
    tmp_path: Path, changes: dict[str, str], rule: str, severity: str, place: str
) -> None:
    outcome = check(write(tmp_path, GOOD), changes)
    found = [(f.rule, str(f.severity), f"{f.path}:{f.line}") for f in outcome.findings]
    assert found == [(rule, severity, place)]
    assert verdict(outcome) is (Verdict.FAIL if severity == "high" else Verdict.PASS)


@needs_pip
def test_a_build_that_breaks_is_a_finding_with_its_words(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    outcome = check(
        tmp_path, {"hooks/backend.py": "def build_wheel(*a, **k):\n    raise RuntimeError('no metadata')\n"}
    )
    assert [(f.rule, f.severity) for f in outcome.findings] == [("wheel-build", Severity.HIGH)]
    assert "no metadata" in outcome.findings[0].message
    assert verdict(outcome) is Verdict.FAIL


@needs_pip
def test_a_pyproject_that_is_no_toml_is_told_as_such_and_nothing_is_built(tmp_path: Path) -> None:
    outcome = check(
        tmp_path, {"setup.py": "import setuptools\nsetuptools.setup(name='a')\n", "pyproject.toml": "[tool\n"}
    )
    assert [(f.rule, f.path) for f in outcome.findings] == [("unparsable", "pyproject.toml")]
    assert outcome.result is not None
    assert outcome.result.summary == "1 finding (1 high) in 0 packages (1 cannot be read)"


@needs_pip
def test_build_requirements_that_cannot_be_had_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    needy = GOOD["pyproject.toml"].replace("[]\nbuild", '["no-such-build-requirement"]\nbuild')
    outcome = check(write(tmp_path, GOOD), {"pyproject.toml": needy})
    assert outcome.findings == ()
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "no-such-build-requirement" in summary(outcome)


@needs_pip
def test_the_wheel_of_a_checkout_is_built_in_a_worktree_and_nothing_is_left(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", "-C", str(tmp_path)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "start"]):
        subprocess.run([*git, *words], check=True)
    assert verdict(check(tmp_path)) is Verdict.PASS
    left = subprocess.run([*git, "status", "--short"], check=True, capture_output=True, text=True).stdout
    trees = subprocess.run([*git, "worktree", "list"], check=True, capture_output=True, text=True).stdout
    assert (left, trees.count("\n")) == ("", 1)


def package(**more: object) -> str:
    return json.dumps({"name": "shop", "version": "1.0.0", **more})


@needs_npm
def test_what_package_json_points_to_must_be_packed(tmp_path: Path) -> None:
    write(tmp_path, {"index.js": "module.exports = 1\n", "bin/shop.js": "#!/usr/bin/env node\n"})
    good = {
        "package.json": package(main="index", browser="index", bin={"shop": "bin/shop.js"}, exports={".": "./index.js"})
    }
    outcome = check(tmp_path, good)
    assert outcome.findings == ()
    assert verdict(outcome) is Verdict.PASS

    outcome = check(tmp_path, {"package.json": package(main="lib/gone.js", files=["bin"], exports="./index.js")})
    assert [(f.rule, f.message.split(",")[0]) for f in outcome.findings] == [
        ("npm-missing-file", "main points to 'lib/gone.js'"),
        ("npm-missing-file", "exports points to './index.js'".replace("./", "")),
    ]
    assert verdict(outcome) is Verdict.FAIL


@needs_npm
def test_what_a_build_would_make_is_unknown_and_a_program_needs_its_first_line(tmp_path: Path) -> None:
    write(tmp_path, {"bin/shop.js": "console.log(1)\n"})
    manifest = package(main="dist/index.js", bin="bin/shop.js", scripts={"build": "tsc"})
    outcome = check(tmp_path, {"package.json": manifest})
    assert [(f.rule, f.severity) for f in outcome.findings] == [("npm-bin-shebang", Severity.MEDIUM)]
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "npm run build" in summary(outcome)


@needs_npm
def test_a_manifest_that_npm_refuses_is_a_finding(tmp_path: Path) -> None:
    outcome = check(tmp_path, {"package.json": package(version="one")})
    assert [(f.rule, f.severity) for f in outcome.findings] == [("npm-version", Severity.HIGH)]
    outcome = check(tmp_path, {"package.json": package(name="not a name")})
    assert [(f.rule, f.severity) for f in outcome.findings] == [("npm-name", Severity.HIGH)]


def test_nothing_to_publish_is_unknown(tmp_path: Path) -> None:
    assert verdict(check(tmp_path, {"main.py": "print(1)\n"})) is Verdict.UNKNOWN
    assert verdict(check(tmp_path, {"package.json": package(private=True)})) is Verdict.UNKNOWN


def test_only_what_can_be_published_is_proposed(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": "[tool.ruff]\nline-length = 100\n",
            "setup.py": "from helpers import setup_logging\nsetup_logging()\n",
            "backend/pyproject.toml": '[build-system]\nrequires = ["hatchling"]\n',
            "old/setup.py": "import setuptools\nsetuptools.setup(name='old')\n",
            "site/package.json": package(private=True),
            "client/package.json": package(),
            "tests/fixtures/thing/package.json": package(),
            "{{cookiecutter.name}}/setup.py": "from setuptools import setup\nsetup()\n",
        },
    )
    jobs = [job for job in callboard_detect(Workspace(tmp_path)) if job.action == "infra.package"]
    assert [job.name for job in jobs] == ["infra.package:backend", "infra.package:client", "infra.package:old"]
    assert jobs[0].options == {"folder": "backend"}
    assert "backend/pyproject.toml" in jobs[0].because


def test_many_packages_get_few_jobs_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    write(tmp_path, {f"packages/p{number:02}/package.json": package() for number in range(12)})
    jobs = callboard_detect(Workspace(tmp_path))
    assert [job.name for job in jobs] == [f"infra.package:packages/p{number:02}" for number in range(8)]
    assert "; left out: packages/p08, packages/p09, packages/p10, packages/p11; [jobs." in jobs[0].because


def test_names_of_modules_and_what_they_define_and_import() -> None:
    assert module_name("shop/cli.py") == "shop.cli"
    assert module_name("shop/__init__.py") == "shop"
    assert module_name("shop/fast.cpython-311-x86_64-linux-gnu.so") == "shop.fast"
    assert module_name("shop/index.html") == ""
    assert defined_names("import os\ntry:\n    x = 1\nexcept E:\n    def y(): pass\n") == {"os", "x", "y"}
    assert defined_names("from shop import *\n") is None
    text = "from .data import ROWS\nfrom .. import top\ntry:\n    import fast\nexcept ImportError:\n    fast = None\n"
    assert list(imported_modules(text, "shop/inner/cli.py")) == [
        ("shop.inner.data", 1, False),
        ("shop.inner.data.ROWS", 1, False),
        ("shop", 2, False),
        ("shop.top", 2, False),
        ("fast", 4, True),
    ]


def test_every_target_of_a_manifest_is_seen() -> None:
    manifest = {
        "main": "a.js",
        "bin": {"x": "./x.js"},
        "exports": {".": {"import": "./a.mjs", "require": ["./a.cjs", "./old.cjs"]}, "./p/*": "./p/*.js", "./no": None},
    }
    assert list(targets(manifest)) == [
        ("main", "a.js"),
        ("bin", "x.js"),
        ("exports", "./a.mjs"),
        ("exports", "./a.cjs"),
        ("exports", "./p/*.js"),
    ]
