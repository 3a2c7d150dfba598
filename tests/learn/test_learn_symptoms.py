"""What a look becomes: last words of tools, what a commit changed, what a test goes through, what became slower."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from callboard.learn.commits import git_facts
from callboard.learn.symptoms import Look, seen_by
from callboard.learn.symptoms_reach import Reach
from callboard.learn.symptoms_scene import changed_since, paths_of
from callboard.learn.symptoms_times import changed_between, files_of
from callboard.learn.symptoms_trace import Trace, traced
from callboard.learn.symptoms_world import slower

REPO = Path("/repo")
PYTHON = """start
Traceback (most recent call last):
  File "/repo/app.py", line 3, in <module>
    main()
  File "/repo/shop/cart.py", line 12, in main
    json.loads(text)
  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode
json.decoder.JSONDecodeError: Expecting value
GET / answers 500
"""
NODE = """file:///repo/src/config.js:4
  return JSON.parse((
         ^^^^
SyntaxError: missing ) after argument list
    at compileSourceTextModule (node:internal/modules/esm/utils:346:16)
"""
LOOK = Look(str(REPO), 3, 1, "start", "quality", "", "failed", "", "exited", "exit 1", 1, 100.0)


@pytest.mark.parametrize(
    ("text", "trace"),
    [
        (PYTHON, Trace("json.decoder.JSONDecodeError: Expecting value", "shop/cart.py", 12)),
        (NODE, Trace("SyntaxError: missing ) after argument list", "src/config.js", 4)),
        ("one\nmake: *** error 2\nbye\n", Trace("make: *** error 2")),
        ("", Trace()),
        ("Traceback (most recent call last)\n" * 5_000, Trace()),
        ('Traceback (most recent call last)\n  File "/repo/../etc/x.py", line 1\nKeyError: 1\n', Trace("KeyError: 1")),
    ],
)
def test_the_last_words_of_a_command_name_the_fault_and_the_place_in_the_workspace(text: str, trace: Trace) -> None:
    assert traced(text, REPO) == trace


def test_a_failed_command_is_a_symptom_and_another_fault_is_another() -> None:
    one = seen_by(replace(LOOK, trace=Trace("KeyError: 'A'", "a.py", 2))).symptoms[0]
    assert (one.rule, one.severity, one.message, one.path) == (
        "task-failed",
        "high",
        "exit 1: KeyError: 'A' (in a.py:2)",
        "a.py",
    )
    other = seen_by(replace(LOOK, trace=Trace("ValueError: no", "a.py", 2))).symptoms[0]
    assert one.key != other.key
    assert seen_by(replace(LOOK, how="time limit", state="timed out")).symptoms[0].rule == "task-timeout"


def test_findings_tell_for_their_task_and_what_is_accepted_or_only_informs_is_none() -> None:
    found = {
        "rule": "F401",
        "severity": "high",
        "path": "a.py",
        "line": 1,
        "message": "x",
        "tool": "ruff",
        "fingerprint": "f",
    }
    rows = [
        found,
        {**found, "fingerprint": "g", "accepted": "by ann"},
        {**found, "fingerprint": "h", "severity": "info"},
    ]
    look = replace(LOOK, action="quality.lint", verdict="fail", findings=rows)
    assert [symptom.fingerprint for symptom in seen_by(look).symptoms] == ["f"]
    assert [symptom.rule for symptom in seen_by(replace(look, findings=rows[1:])).symptoms] == ["task-failed"]


def test_a_check_that_lacks_a_tool_is_no_symptom_and_is_said() -> None:
    seen = seen_by(
        replace(LOOK, action="refactor.clones", state="succeeded", verdict="unknown", reason="jscpd is not installed")
    )
    assert (seen.symptoms, seen.said) == ((), "start knows nothing: jscpd is not installed")


def test_a_job_is_slower_only_when_it_was_so_twice_and_by_more_than_its_noise() -> None:
    usual = [10.0, 10.4, 9.8, 10.1, 10.2]
    assert slower(LOOK, 30.0, usual) is None
    assert slower(LOOK, 30.0, [29.0, *usual[:3]]) is None
    assert slower(LOOK, 11.0, [11.0, *usual]) is None
    slow = slower(LOOK, 30.0, [29.0, *usual])
    assert slow is not None
    assert (slow.kind, slow.title) == ("slow", "start became slower: 30.0 s instead of 10.1 s")


def test_git_tells_which_functions_changed_which_words_went_and_imports_which_tests_go_through_them(
    tmp_path: Path,
) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/cart.py": "def total():\n    return 1\n\n\ndef clear():\n    return 2\n",
        "rules.yaml": "daily: 1\n",
        "shop/rules.py": "from pathlib import Path\n\nRULES = Path('rules.yaml')\n", "shop/far.py": "from shop.cart import total\n",
        "tests/test_far.py": "from shop.far import total\n\n\ndef test_total():\n    assert total() == 1\n",
        "tests/test_rules.py": "from shop import rules\n\n\ndef test_rules():\n    assert rules\n",
        "tests/test_none.py": "import os\n",
        "web/a.test.js": "import { b } from './b.js';\n", "web/b.js": "export const b = 1;\n",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def git(*words: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "one")
    before = git_facts(tmp_path)["commit"]
    (tmp_path / "shop/cart.py").write_text(files["shop/cart.py"].replace("return 2", "return 3"))
    (tmp_path / "rules.yaml").write_text("per_day: 1\n")
    (tmp_path / "web/b.js").write_text("export const b = 2;\n")
    git("commit", "-qam", "two")
    changes = changed_since(tmp_path, before, git_facts(tmp_path)["commit"])
    assert {path: [region.name for region in regions] for path, regions in changes.places.items()} == {
        "rules.yaml": [""], "shop/cart.py": ["clear"], "web/b.js": ["b"],
    }  # fmt: skip
    assert changes.gone == {"daily": "rules.yaml"}
    reach = Reach(tmp_path, paths_of(tmp_path), changes.places)
    assert reach.of("tests/test_far.py") == ("shop/cart.py",)
    assert reach.of("tests/test_rules.py") == ("rules.yaml",)
    assert reach.of("tests/test_none.py") == ()
    assert reach.of("web/a.test.js") == ("web/b.js",)
    assert reach.names("tests/test_far.py", 5, {"total", "clear"}) == {"total"}
    assert changed_since(tmp_path, "--output=x").places == {}


def _written(root: Path, files: dict[str, str], at: float) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        os.utime(root / name, (at, at))


def test_without_git_the_times_of_files_tell_what_changed_between_two_looks(tmp_path: Path) -> None:
    _written(tmp_path, {"a.py": "", "node_modules/x/i.js": "", ".cache/y.py": ""}, 150.0)
    _written(tmp_path, {"old.py": ""}, 50.0)
    _written(tmp_path, {"data/new.csv": "", "out/report.txt": "", "run.log": ""}, 300.0)
    os.utime(tmp_path / "data/new.csv", (180.0, 180.0))
    (tmp_path / "link.py").symlink_to(tmp_path / "a.py")
    assert sorted(changed_between(tmp_path, 100.0, 200.0).places) == ["a.py", "data/new.csv"]
    assert changed_between(tmp_path, 0.0, 200.0).places == {}
    assert sorted(files_of(tmp_path)) == ["a.py", "data/new.csv", "old.py", "out/report.txt", "run.log"]
    _written(tmp_path, {f"many/{number}.py": "" for number in range(250)}, 150.0)
    assert changed_between(tmp_path, 100.0, 200.0).places == {}


def test_a_test_goes_through_the_packages_of_its_workspace_and_the_data_that_lies_nearest(tmp_path: Path) -> None:
    files = {
        "packages/core/package.json": '{"name": "@n/core", "exports": {".": {"import": "./src/index.js"}}}',
        "packages/core/src/index.js": 'export { day } from "./dates.js";',
        "packages/core/src/dates.js": "",
        "packages/core/src/deep.js": "",
        "packages/cli/test/list.test.js": 'import { day } from "@n/core";\nimport "node:fs";\nimport deep from "@n/core/deep.js";',
        "api/read.py": "open('settings.json')",
        "api/settings.json": "",
        "worker/settings.json": "",
    }
    _written(tmp_path, files, 100.0)
    changed = ["packages/core/src/dates.js", "packages/core/src/deep.js", "api/settings.json", "worker/settings.json"]
    reach = Reach(tmp_path, list(files), changed)
    assert reach.of("packages/cli/test/list.test.js") == ("packages/core/src/dates.js", "packages/core/src/deep.js")
    assert reach.of("api/read.py") == ("api/settings.json",)


def test_what_npm_and_shells_say_is_read_with_the_script_that_is_there(tmp_path: Path) -> None:
    _written(tmp_path, {"bin/audit.sh": "", "lib/common.sh": ""}, 1.0)
    assert traced("bin/audit.sh: 2: lib/common.sh: jqx: not found\n", tmp_path).path == "lib/common.sh"
    assert traced("bin/audit.sh: line 2: gone.sh: jqx: not found\n", tmp_path).path == "bin/audit.sh"
    assert traced("gone.sh: 2: jqx: not found\n", tmp_path).path == ""
    npm = "npm error code EUSAGE\nnpm error\nnpm error The lock is\nnpm error broken.\nnpm error\nnpm error Usage:\n"
    assert traced(npm + "npm error A complete log of this run can be found in: /x/y.log\n", tmp_path).words == (
        "npm error EUSAGE: The lock is broken."
    )
    shell = "sh: 1: cannot create out/x: Not a directory\nmake: *** [Makefile:4: report] Error 2\n"
    assert traced(shell, tmp_path).words == "sh: 1: cannot create out/x: Not a directory"
    curl = "curl: (60) SSL certificate problem: certificate has expired\ncurl failed to verify the legitimacy of the server\n"
    assert traced(curl, tmp_path).words == "curl: (60) SSL certificate problem: certificate has expired"
