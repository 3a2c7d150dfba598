"""`quality.tests` on small projects: what is found, what is honest, and what stays untouched."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from callboard.api import Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_quality import QualityAssurance

HERE = {"interpreter": "callboard", "coverage": False, "reruns": 0}
GOOD = "def test_good():\n    assert 1 + 1 == 2\n"
BAD = GOOD + "\n\ndef test_bad():\n    total = 3\n    assert total == 4, 'the sum is wrong'\n"


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(root: Path, spool: Path, **options: object) -> Outcome:
    spool.mkdir(exist_ok=True)
    return run_action(QualityAssurance(), "tests", root, {**HERE, **options}, spool=spool)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def verdict(outcome: Outcome) -> Verdict:
    assert outcome.result is not None
    return outcome.result.verdict


def summary(outcome: Outcome) -> str:
    assert outcome.result is not None
    return outcome.result.summary


def test_a_failing_test_is_found_with_its_line_and_is_gone_when_it_is_mended(root: Path, spool: Path) -> None:
    write(root, "tests/test_a.py", BAD)
    outcome = run(root, spool)
    assert verdict(outcome) is Verdict.FAIL
    assert "1 failed, 1 passed" in summary(outcome)
    [finding] = outcome.findings
    assert (finding.rule, finding.severity, finding.path, finding.line) == (
        "test-failed",
        Severity.HIGH,
        "tests/test_a.py",
        7,
    )
    assert finding.message == "test_a.py::test_bad: AssertionError: the sum is wrong"
    assert outcome.artifacts["junit.xml"].is_file()
    write(root, "tests/test_a.py", BAD.replace("total == 4", "total == 3"))
    mended = run(root, spool.with_name("second"))
    assert (verdict(mended), mended.findings) == (Verdict.PASS, ())
    assert "2 passed" in summary(mended)


def test_a_failing_test_is_the_same_finding_when_it_moves_and_fails_otherwise(root: Path, spool: Path) -> None:
    write(root, "test_a.py", BAD)
    [first] = run(root, spool).findings
    write(
        root,
        "test_a.py",
        "# moved\n\n" + BAD.replace("the sum is wrong", "quite wrong").replace("total = 3", "total = 9"),
    )
    [second] = run(root, spool.with_name("second")).findings
    assert (first.fingerprint, first.line + 2) == (second.fingerprint, second.line)


def test_parametrized_classes_and_hostile_names_are_told_apart(root: Path, spool: Path) -> None:
    write(
        root,
        "tests/test_names.py",
        "import pytest\n"
        "class TestIt:\n"
        "    @pytest.mark.parametrize('x', ['a::b', '<&\"\\'>', 'é\\u202e\\n', '[b]', 'c'])\n"
        "    def test_x(self, x):\n"
        "        assert x == 'c'\n",
    )
    outcome = run(root, spool)
    assert "4 failed, 1 passed" in summary(outcome)
    assert len({finding.fingerprint for finding in outcome.findings}) == 4
    assert {(finding.path, finding.line) for finding in outcome.findings} == {("tests/test_names.py", 5)}
    assert not any("\u202e" in finding.message for finding in outcome.findings)


def test_a_broken_fixture_is_an_error_and_a_skip_is_none(root: Path, spool: Path) -> None:
    write(
        root,
        "test_a.py",
        "import pytest\n@pytest.fixture\ndef broken():\n    raise OSError('no such thing')\n"
        "def test_it(broken):\n    pass\n@pytest.mark.skip(reason='later')\ndef test_later():\n    pass\n"
        "@pytest.mark.xfail\ndef test_known():\n    assert 0\n",
    )
    outcome = run(root, spool)
    assert [(f.rule, f.line, f.message) for f in outcome.findings] == [
        ("test-error", 4, "test_a.py::test_it: OSError: no such thing")
    ]
    assert "1 failed, 0 passed, 1 skipped, 1 expected to fail" in summary(outcome)


def test_a_file_that_cannot_be_imported_is_a_finding_and_fails(root: Path, spool: Path) -> None:
    write(root, "test_good.py", GOOD)
    write(root, "test_broken.py", "import os\nimport not_there_at_all\n")
    write(root, "test_syntax.py", "def test_x(:\n")
    outcome = run(root, spool)
    assert verdict(outcome) is Verdict.FAIL
    found = {finding.path: finding for finding in outcome.findings}
    assert (found["test_broken.py"].rule, found["test_syntax.py"].rule) == ("test-collection", "unparsable")
    assert found["test_broken.py"].line == 2
    assert "No module named 'not_there_at_all'" in found["test_broken.py"].message
    assert found["test_syntax.py"].line == 1
    assert "2 could not be collected" in summary(outcome)


def test_with_a_broken_conftest_no_test_ran_and_its_line_is_named(root: Path, spool: Path) -> None:
    write(root, "conftest.py", "import os\nimport not_there_at_all\n")
    write(root, "test_good.py", GOOD)
    outcome = run(root, spool)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "no tests ran: pytest could not start" in summary(outcome)
    assert "(conftest.py:2)" in summary(outcome)
    [finding] = outcome.findings
    assert (finding.rule, finding.path, finding.line) == ("test-start", "conftest.py", 2)
    assert "not_there_at_all" in finding.message


def test_a_plugin_that_cannot_be_imported_is_found_where_its_import_is(root: Path, spool: Path) -> None:
    write(root, "pytest.ini", "[pytest]\naddopts = -p shop.plugin\npythonpath = .\n")
    write(root, "shop/__init__.py", "\nfrom shop.nowhere import nothing\n")
    write(root, "shop/plugin.py", "")
    write(root, "test_a.py", GOOD)
    outcome = run(root, spool)
    [finding] = outcome.findings
    assert (finding.rule, finding.path, finding.line) == ("test-start", "shop/__init__.py", 2)
    assert verdict(outcome) is not Verdict.PASS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import pytest\n\ndef helper():\n    pass\n", "none were found"),
        ("import pytest\n@pytest.mark.skip\ndef test_a():\n    pass\n", "all 1 were skipped"),
    ],
)
def test_nothing_that_ran_is_unknown(root: Path, spool: Path, text: str, words: str) -> None:
    write(root, "test_a.py", text)
    outcome = run(root, spool)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "no tests ran" in summary(outcome)
    assert words in summary(outcome)


def test_a_workspace_without_tests_is_unknown(root: Path, spool: Path) -> None:
    write(root, "a.py", "x = 1\n")
    assert verdict(run(root, spool)) is Verdict.UNKNOWN


def test_options_that_pytest_does_not_know_are_unknown_with_its_words(root: Path, spool: Path) -> None:
    write(root, "pytest.ini", "[pytest]\naddopts = --no-such-option\n")
    write(root, "test_a.py", GOOD)
    outcome = run(root, spool)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "--no-such-option" in summary(outcome)


def test_a_process_that_dies_names_the_test_that_killed_it(root: Path, spool: Path) -> None:
    write(root, "test_a.py", GOOD + "def test_dies():\n    import os\n    os._exit(7)\n")
    outcome = run(root, spool)
    assert verdict(outcome) is Verdict.FAIL
    [finding] = outcome.findings
    assert (finding.rule, finding.path) == ("test-crash", "test_a.py")
    assert "test_dies" in finding.message
    assert "exit code 7" in finding.message


def test_a_test_that_hangs_is_named_and_the_rest_is_not_taken_for_passed(root: Path, spool: Path) -> None:
    write(root, "test_a.py", GOOD + "def test_hangs():\n    import time\n    time.sleep(600)\n")
    outcome = run(root, spool, timeout=8)
    assert verdict(outcome) is Verdict.UNKNOWN
    [finding] = outcome.findings
    assert finding.rule == "test-timeout"
    assert "test_hangs" in finding.message


def test_exit_code_zero_does_not_hide_a_failure(root: Path, spool: Path) -> None:
    write(root, "conftest.py", "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n")
    write(root, "test_a.py", BAD)
    assert verdict(run(root, spool)) is Verdict.FAIL


def test_a_junit_file_that_cannot_be_read_is_no_pass(root: Path, spool: Path) -> None:
    write(
        root,
        "conftest.py",
        "import atexit\ndef pytest_configure(config):\n"
        "    path = config.option.xmlpath\n    atexit.register(lambda: open(path, 'w').write('<nonsense'))\n",
    )
    write(root, "test_a.py", GOOD)
    outcome = run(root, spool)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "not valid XML" in summary(outcome)


def test_nothing_is_written_into_the_workspace(root: Path, spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    write(
        root,
        "pytest.ini",
        "[pytest]\naddopts = --lf\nfilterwarnings = error\nasyncio_default_fixture_loop_scope = function\n",
    )
    write(root, "pkg/__init__.py", "def f():\n    return 1\n")
    write(root, "tests/test_a.py", "from pkg import f\n\ndef test_f():\n    assert f() == 1\n")
    before = sorted(root.rglob("*"))
    outcome = run(root, spool, coverage=True)
    assert verdict(outcome) is Verdict.PASS
    assert sorted(root.rglob("*")) == before


@pytest.mark.long
def test_coverage_is_what_the_coverage_module_says_by_hand(root: Path, spool: Path, tmp_path: Path) -> None:
    write(root, "pyproject.toml", "[tool.coverage.run]\nbranch = true\nsource = ['pkg']\n[tool.pytest.ini_options]\n")
    write(root, "pkg/__init__.py", "def f(x):\n    if x:\n        return 1\n    return 2\n")
    write(root, "pkg/unused.py", "a = 1\nb = 2\n")
    write(root, "tests/test_a.py", "from pkg import f\n\ndef test_f():\n    assert f(1) == 1\n")
    outcome = run(root, spool, coverage=True)
    [percent] = [m["value"] for m in outcome.messages if m["t"] == "metric" and m["name"] == "quality.coverage"]
    variables = {**os.environ, "COVERAGE_FILE": str(tmp_path / "by-hand"), "PYTHONDONTWRITEBYTECODE": "1"}
    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run([*coverage, "run", "-m", "pytest", "-p", "no:cacheprovider"], cwd=root, env=variables, check=True)
    report = [*coverage, "report", "--precision=6", "--format=total"]
    by_hand = subprocess.run(report, cwd=root, env=variables, check=True, capture_output=True, text=True).stdout
    assert percent == pytest.approx(float(by_hand), abs=1e-5)
    assert outcome.artifacts["coverage.xml"].is_file()
    assert verdict(outcome) is Verdict.PASS
    gated = run(root, spool.with_name("gated"), coverage=True, minimum_coverage=90)
    assert (verdict(gated), gated.rules()) == (Verdict.FAIL, {"coverage-low"})


def test_what_passes_when_it_is_run_again_is_flaky_and_does_not_fail(root: Path, spool: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    flaky = (
        f"from pathlib import Path\ndef test_b():\n    m = Path({str(mark)!r})\n    seen = m.exists()\n    m.touch()\n"
    )
    write(root, "test_a.py", GOOD + flaky + "    assert seen\n")
    outcome = run(root, spool, reruns=1)
    assert (verdict(outcome), outcome.rules()) == (Verdict.PASS, {"test-flaky"})
    assert "1 flaky" in summary(outcome)


def own_environment(root: Path, with_packages: bool) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    if with_packages:
        site = next((root / ".venv" / "lib").glob("python*/site-packages"))
        (site / "more.pth").write_text(sysconfig.get_path("purelib") + "\n")


def test_the_workspaces_own_environment_comes_first(root: Path, spool: Path) -> None:
    own_environment(root, with_packages=True)
    write(root, "test_a.py", f"import sys\n\ndef test_a():\n    assert sys.prefix == {str(root / '.venv')!r}\n")
    outcome = run(root, spool, interpreter="own")
    assert verdict(outcome) is Verdict.PASS
    assert ".venv" in summary(outcome)


def test_an_own_environment_without_pytest_is_unknown(root: Path, spool: Path) -> None:
    own_environment(root, with_packages=False)
    write(root, "test_a.py", "import pytest\n\n" + GOOD)
    outcome = run(root, spool, interpreter="own")
    assert verdict(outcome) is Verdict.UNKNOWN
    assert ".venv has none; install pytest there" in summary(outcome)


def test_without_an_environment_and_without_leave_to_make_one_it_is_unknown(root: Path, spool: Path) -> None:
    write(root, "test_a.py", GOOD)
    outcome = run(root, spool, interpreter="own", create_environment=False)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "no virtual environment" in summary(outcome)


def test_an_installation_that_fails_is_unknown_with_pips_reason(
    root: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", str(root)), ("PIP_CONFIG_FILE", os.devnull)):
        monkeypatch.setenv(name, value)
    write(root, "requirements.txt", "no-such-distribution-anywhere==1.0\n")
    write(root, "test_a.py", GOOD)
    outcome = run(root, spool, interpreter="own")
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "could not be installed" in summary(outcome)
    assert "No matching distribution found" in summary(outcome)
    write(root, "pyproject.toml", "[tool.pytest\n")
    outcome = run(root, spool, interpreter="own")
    assert (verdict(outcome), outcome.rules()) == (Verdict.UNKNOWN, {"unparsable"})
    assert summary(outcome).endswith(": mend that first")
    (root / "pyproject.toml").unlink()
    write(root, "setup.py", "print 'old'\n")
    assert "setup.py cannot be read: it is written in Python 2: mend that first" in summary(
        run(root, spool, interpreter="own")
    )


UNITTEST = """import unittest

class TestIt(unittest.TestCase):
    def test_good(self):
        self.assertEqual(1, 1)

    @unittest.skip("later")
    def test_later(self):
        pass

    def test_bad(self):
        self.assertEqual(1, 2)
"""


def test_unittest_needs_no_installation(root: Path, spool: Path) -> None:
    write(root, "tests/test_it.py", UNITTEST)
    outcome = run(root, spool, interpreter="own")
    assert verdict(outcome) is Verdict.FAIL
    assert "1 failed, 1 passed, 1 skipped" in summary(outcome)
    [finding] = outcome.findings
    assert (finding.rule, finding.path, finding.line, finding.tool) == (
        "test-failed",
        "tests/test_it.py",
        12,
        "unittest",
    )
    assert "AssertionError: 1 != 2" in finding.message
    write(root, "tests/test_it.py", UNITTEST.replace("1, 2", "2, 2"))
    assert verdict(run(root, spool.with_name("second"), interpreter="own")) is Verdict.PASS
    assert sorted(path.name for path in root.rglob("*")) == ["test_it.py", "tests"]


def test_a_file_that_unittest_cannot_import_is_named_and_no_test_ran(root: Path, spool: Path) -> None:
    write(root, "tests/test_it.py", "import unittest\nimport not_there_at_all\n")
    outcome = run(root, spool, interpreter="callboard", framework="unittest")
    assert verdict(outcome) is Verdict.UNKNOWN
    [finding] = outcome.findings
    assert (finding.rule, finding.path, finding.line) == ("test-collection", "tests/test_it.py", 2)
    assert finding.message.startswith("test_it cannot be collected: No module named 'not_there_at_all', which")
    assert finding.help == "declare not-there-at-all in requirements-test.txt"


def test_what_only_the_throw_away_environment_lacks_is_unknown_and_named(root: Path, spool: Path) -> None:
    write(root, "tests/test_it.py", "import unittest\nimport not_there_at_all\n")
    outcome = run(root, spool, interpreter="own")
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "No module named 'not_there_at_all', which the throw-away environment lacks" in summary(outcome)
    write(root, "not_there_at_all/readme.py", "import not_there_either\n")
    write(root, "not_there_at_all/__init__.py", "import not_there_at_all.missing_part\n")
    own_fault = run(root, spool.with_name("second"), interpreter="own")
    assert [(f.rule, f.severity) for f in own_fault.findings] == [("test-collection", Severity.HIGH)]
    assert "lacks" not in summary(own_fault)


def test_a_pyproject_that_is_no_toml_is_named_as_the_workspace_sees_it(root: Path, spool: Path) -> None:
    write(root, "tests/test_it.py", "import pytest\n\n\ndef test_it():\n    assert 1\n")
    write(root, "pyproject.toml", "this is no toml\n")
    outcome = run(root, spool, interpreter="callboard")
    assert verdict(outcome) is Verdict.UNKNOWN
    assert ": pyproject.toml: " in summary(outcome)


def test_an_optional_part_that_asks_for_its_package_is_unknown_too(root: Path, spool: Path) -> None:
    words = "raise RuntimeError('this needs more:\\n\\npip install no-such-part\\n')"
    write(root, "tests/test_it.py", f"import pytest\n{words}\n\n\ndef test_it():\n    assert 1\n")
    write(root, "requirements-test.txt", "pytest\n")
    outcome = run(root, spool, interpreter="own")
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "it needs the package no-such-part, which the throw-away environment lacks" in summary(outcome)
    assert "declare no-such-part in requirements-test.txt" in summary(outcome)


def test_progress_is_told_while_the_tests_run(root: Path, spool: Path) -> None:
    slow = "import pytest, time\n@pytest.mark.parametrize('n', range(8))\ndef test_s(n):\n    time.sleep(0.3)\n"
    write(root, "test_a.py", slow)
    outcome = run(root, spool)
    told = [m for m in outcome.messages if m["t"] == "progress" and m["note"].endswith("of 8 tests")]
    assert len(told) >= 2
    assert all(0 < m["fraction"] <= 1 for m in told)


def test_ids_are_relative_to_the_root_that_pytest_takes(root: Path, spool: Path, tmp_path: Path) -> None:
    write(root, "pytest.ini", "[pytest]\n")
    mark = tmp_path / "mark"
    flaky = (
        f"from pathlib import Path\ndef test_b():\n    m = Path({str(mark)!r})\n    seen = m.exists()\n    m.touch()\n"
    )
    write(root, "part/test_a.py", flaky + "    assert seen\n")
    outcome = run(root, spool, folder="part", reruns=1)
    assert [(f.rule, f.path) for f in outcome.findings] == [("test-flaky", "part/test_a.py")]
    write(root, "part/test_a.py", "def test_dies():\n    import os\n    os._exit(7)\n")
    [crash] = run(root, spool.with_name("second"), folder="part").findings
    assert (crash.rule, crash.path) == ("test-crash", "part/test_a.py")


def test_a_project_in_a_folder_is_run_there(root: Path, spool: Path) -> None:
    write(root, "back end/pyproject.toml", "[project]\nname = 'x'\nversion = '1'\n")
    write(root, "back end/tests/test_a.py", BAD)
    [finding] = run(root, spool, folder="back end").findings
    assert finding.path == "back end/tests/test_a.py"


def test_many_modules_with_one_cause_are_one_finding_and_the_rest_still_runs(root: Path, spool: Path) -> None:
    for number in range(5):
        write(
            root, f"tests/test_{number}.py", f"from .fixtures import thing\n\ndef test_{number}():\n    assert thing\n"
        )
    write(root, "tests/fixtures.py", "thing = 1\n")
    write(root, "tests/test_good.py", GOOD)
    outcome = run(root, spool)
    assert verdict(outcome) is Verdict.FAIL
    assert "1 passed, 5 could not be collected" in summary(outcome)
    [finding] = outcome.findings
    assert "5 modules cannot be collected, all for the same reason" in finding.message
    assert "an empty tests/__init__.py" in finding.help
    assert outcome.artifacts["collection.txt"].read_text().count("tests/test_") == 5
    write(root, "tests/__init__.py", "")
    assert verdict(run(root, spool.with_name("second"))) is Verdict.PASS


def test_when_nothing_ran_the_innermost_cause_is_told_once(root: Path, spool: Path) -> None:
    write(root, "pkg/__init__.py", "from pkg.deep import x\n")
    write(root, "pkg/deep.py", "import os\n\n\ndef broken(:\n    pass\n")
    for number in range(3):
        write(root, f"test_{number}.py", "import pkg\n\ndef test_a():\n    pass\n")
    outcome = run(root, spool)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "3 modules could not be collected, all for the same reason: SyntaxError" in summary(outcome)
    assert "(pkg/deep.py:4)" in summary(outcome)
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [("unparsable", "pkg/deep.py", 4)]


def test_a_name_that_a_package_lacks_tells_its_version(root: Path, spool: Path) -> None:
    write(root, "test_a.py", "from pluggy import no_such_name\n\ndef test_a():\n    pass\n")
    write(root, "requirements-dev.txt", "pluggy\n")
    outcome = run(root, spool)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "cannot import name 'no_such_name' from 'pluggy', as pluggy 1." in summary(outcome)
    assert "declare pluggy in requirements-dev.txt" in outcome.findings[0].help


def test_tests_that_one_broken_fixture_stops_are_one_finding(root: Path, spool: Path) -> None:
    broken = "import pytest\n@pytest.fixture\ndef broken():\n    raise OSError('no such thing')\n"
    tests = "".join(f"def test_{n}(broken):\n    pass\n" for n in range(6))
    write(root, "test_a.py", broken + tests + "def test_good():\n    pass\n")
    outcome = run(root, spool)
    assert "6 failed, 1 passed" in summary(outcome)
    [finding] = outcome.findings
    assert "6 tests cannot be set up, all for the same reason: OSError: no such thing" in finding.message


def test_a_plugin_that_is_missing_is_told_with_the_mend(root: Path, spool: Path) -> None:
    write(root, "pytest.ini", "[pytest]\naddopts = -p no_such_plugin\n")
    write(root, "test_a.py", GOOD)
    outcome = run(root, spool)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "pytest could not start: No module named 'no_such_plugin'" in summary(outcome)
    assert "declare no-such-plugin" in summary(outcome)


@pytest.mark.long
def test_django_is_run_by_its_own_runner(root: Path, spool: Path) -> None:
    write(root, "requirements.txt", "django\n")
    write(root, "manage.py", "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'conf')\n"
          "from django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n")  # fmt: skip
    database = "{'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db'}}"
    write(root, "conf.py", f"SECRET_KEY = 'x'\nINSTALLED_APPS = ['shop']\nDATABASES = {database}\n")
    write(root, "shop/__init__.py", "")
    text = "from django.conf import settings\nfrom django.test import TestCase\n\n\nclass ShopTests(TestCase):\n"
    text += "    def test_settings(self):\n        self.assertEqual(settings.SECRET_KEY, 'x')\n\n"
    text += "    def test_bad(self):\n        self.assertEqual(1, 2)\n"
    write(root, "shop/tests.py", text)
    outcome = run(root, spool, interpreter="own")
    assert verdict(outcome) is Verdict.FAIL
    assert "1 failed, 1 passed" in summary(outcome)
    [finding] = outcome.findings
    assert (finding.path, finding.line, finding.tool) == ("shop/tests.py", 10, "django")
