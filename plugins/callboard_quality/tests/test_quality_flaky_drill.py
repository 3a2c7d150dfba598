"""The drill: planted failures of all kinds, told by `quality.reproduce` of the real program; the truth against what was told.

Run it with `pytest -m long -s plugins/callboard_quality/tests/test_quality_flaky_drill.py`; it prints the table.
CALLBOARD_DRILL_KINDS names some of the kinds, with commas between them, CALLBOARD_DRILL_PYTHON another
interpreter that has pytest.
"""

import json
import os
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

PLANTED: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "sources_of_failure.toml").read_text())[
    "planted"
]
TOLD = {"broken": "broken", "fixed since": "gone", "environment": "environment", "order": "order"}
PATIENCE = 1_800


class Project:
    """A repository with one planted failure, and the program that looks into it."""

    def __init__(self, place: Path, planted: dict[str, Any]) -> None:
        self._planted = planted
        self._root, self._data = place / "work", place / "data"
        self._root.mkdir(parents=True)
        self._test = planted.get("test", "test_a.py::test_it")

    def case(self) -> dict[str, Any]:
        """What the program says of it."""
        planted, options = self._planted, dict(self._planted.get("options", {}))
        self._git("init", "-q", "-b", "main")
        if "before" in planted:
            self._commit({**planted["files"], **planted["before"]})
            options["bad"] = self._git("rev-parse", "HEAD")
        self._commit(planted["files"])
        if "edit" in planted or "commit" in planted:
            self._do("quality.tests", {"coverage": False, "reruns": 1})
            self._write(planted["edit"]) if "edit" in planted else self._commit(planted["commit"])
        if self._test:
            options["tests"] = [self._test]
        said = self._do("quality.reproduce", options)
        found = next(iter(self._data.rglob("reproduce.json")), None)
        assert found is not None, said
        case = json.loads(found.read_text())
        assert isinstance(case, dict)
        return case

    def _do(self, action: str, options: dict[str, Any]) -> str:
        """Runs an action with the program; returns what it said."""
        if "command" not in options:
            options = {"interpreter": os.environ.get("CALLBOARD_DRILL_PYTHON", "callboard"), **options}
        words = [f"-o{k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in options.items()]
        command = [sys.executable, "-m", "callboard", "do", action, "--trust", "--json", *words]
        command += ["--workspace", str(self._root), "--data", str(self._data)]
        given = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE, env=given, text=True)
        return done.stdout[-2_000:] + done.stderr[-2_000:]

    def _write(self, files: dict[str, str]) -> None:
        now = datetime.now()
        for name, text in files.items():
            (self._root / name).write_text(text.replace("@HOUR@", str(now.hour)).replace("@DAY@", str(now.day)))

    def _commit(self, files: dict[str, str]) -> None:
        self._write(files)
        self._git("add", "-A")
        self._git("commit", "-qm", "x")

    def _git(self, *words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        given = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
        done = subprocess.run(
            ["git", "-C", str(self._root), *who, *words], check=True, env=given, capture_output=True, text=True
        )
        return done.stdout.strip()


@pytest.mark.long
def test_what_is_planted_is_told_rightly(tmp_path: Path) -> None:
    kinds = [kind for kind in os.environ.get("CALLBOARD_DRILL_KINDS", "").split(",") if kind]
    table: dict[str, Counter[str]] = defaultdict(Counter)
    wrong: list[str] = []
    for number, planted in enumerate(PLANTED):
        kind = planted["kind"]
        if kinds and kind not in kinds:
            continue
        case = Project(tmp_path / str(number), planted).case()
        told = "order" if case["order"] else str(case["verdict"])
        table[kind][told] += 1
        is_right = told == TOLD.get(kind, "flaky")
        line = f"{kind:14} {planted['name']:45} {told:12} {case['failed']:3}/{case['runs']:3} {case['words'][:230]}"
        print(("  " if is_right else "X ") + line, flush=True)
        if not is_right:
            wrong.append(line)
    for kind, counts in table.items():
        print(f"{kind:14} {sum(counts.values()):3}  {dict(counts)}")
    assert len(wrong) <= 0.05 * sum(sum(counts.values()) for counts in table.values()), "\n".join(wrong)
