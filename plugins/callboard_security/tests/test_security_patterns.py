"""`security.patterns`: semgrep with rules of our own, where it is installed; UNKNOWN where it is not."""

import shutil
from pathlib import Path

import pytest
import yaml

from callboard.api import Verdict
from callboard.testing import Outcome, run_action
from callboard_security import SecurityCompliance

RULES = Path(__file__).parent.parent / "patterns.yml"
HERE = shutil.which("semgrep") is not None
BAD = {
    "run.js": "const cp = require('child_process')\ncp.exec(`ls ${name}`)\n",
    "run.ts": 'import { execSync } from "child_process"\nexecSync("ls " + name)\n',
    "eval.js": "eval(text)\n",
    "sql.js": "db.query(`SELECT * FROM t WHERE n = ${n}`)\n",
    "html.js": "box.innerHTML = text\n",
    "token.js": "jwt.verify(t, k, { algorithms: ['none'] })\n",
    "file.js": "res.sendFile(root + req.params.name)\n",
    "token.py": "import jwt\njwt.decode(t, options={'verify_signature': False})\n",
    "page.py": "from flask import render_template_string\nrender_template_string(text)\n",
    "away.py": "from flask import redirect, request\nredirect(request.args.get('next'))\n",
}
GOOD = {
    "run.js": "const cp = require('child_process')\ncp.execFile('ls', [name]);\n/x/.exec(text);\n",
    "run.ts": 'import { execSync } from "child_process"\nexecSync("ls -l")\n',
    "eval.js": "JSON.parse(text)\n",
    "sql.js": "db.query('SELECT * FROM t WHERE n = $1', [n])\n",
    "html.js": "box.innerHTML = ''\nbox.textContent = text\n",
    "token.js": "jwt.verify(t, k, { algorithms: ['RS256'] })\n",
    "file.js": "res.sendFile('index.html')\n",
    "token.py": "import jwt\njwt.decode(t, key, algorithms=['RS256'])\n",
    "page.py": "from flask import render_template_string\nrender_template_string('<p>{{ x }}</p>', x=text)\n",
    "away.py": "from flask import redirect, request\nredirect('/home')\n",
}


def search(place: Path, files: dict[str, str]) -> Outcome:
    folder = place / "workspace"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    spool = place / "spool"
    spool.mkdir(exist_ok=True)
    return run_action(SecurityCompliance(), "patterns", folder, spool=spool)


def test_every_rule_has_a_message_and_a_place_in_the_top_ten() -> None:
    rules = yaml.safe_load(RULES.read_text("utf-8"))["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules) >= 9
    for rule in rules:
        assert ";" in rule["message"], "what is wrong; what to do"
        assert rule["metadata"]["owasp"].endswith(":2021")


@pytest.mark.skipif(HERE, reason="semgrep is installed")
def test_without_semgrep_nothing_is_claimed(tmp_path: Path) -> None:
    outcome = search(tmp_path, BAD)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert "callboard tools install semgrep" in outcome.result.summary


@pytest.mark.skipif(not HERE, reason="semgrep is not installed; callboard tools install semgrep")
def test_every_rule_finds_its_fault_and_not_the_mending(tmp_path: Path) -> None:
    bad = search(tmp_path, BAD)
    assert {finding.path for finding in bad.findings} == set(BAD)
    assert bad.rules() == {rule["id"] for rule in yaml.safe_load(RULES.read_text("utf-8"))["rules"]}
    assert bad.result is not None
    assert bad.result.verdict is Verdict.FAIL
    good = search(tmp_path, GOOD)
    assert good.findings == ()
    assert good.result is not None
    assert good.result.verdict is Verdict.PASS
    torn = search(tmp_path, {"torn.py": "def f(:\n"})
    assert torn.result is not None
    assert torn.result.verdict is Verdict.UNKNOWN
    assert [(finding.rule, finding.path) for finding in torn.findings] == [("unparsable", "torn.py")]
