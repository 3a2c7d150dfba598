"""Each control as code: what it passes, what it fails, and what it must not claim to know."""

import csv
import io
import json
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Context, Verdict
from callboard.testing import Outcome, run_action
from callboard_security import SecurityCompliance
from callboard_security.controls.catalogue import controls
from callboard_security.controls.chain import is_fixed
from callboard_security.controls.control import Judgement, held
from callboard_security.controls.excerpts import redacted
from callboard_security.controls.owners import pattern_of
from callboard_security.controls.scene import Scene

FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
DJANGO = "INSTALLED_APPS = []\nDEBUG = False\n"
CI = "on: push\npermissions:\n  contents: read\njobs:\n  t:\n    steps:\n      - uses: actions/checkout@v4\n      - run: pytest\n"
DEBUGGED = "INSTALLED_APPS = []\nDEBUG = True\n"
CAUGHT = "try:\n    f()\nexcept ValueError as e:\n    raise HTTPException(400, detail=str(e))\n"
ALL_IN = "REST_FRAMEWORK = {'DEFAULT_PERMISSION_CLASSES': ['rest_framework.permissions.AllowAny']}\n"
STAGES = f"ARG V=3.12.1\nFROM python:${{V}} AS b\nFROM x@sha256:{'a' * 64}\nFROM b\nFROM scratch\n"
SHA = "a" * 40
DIGEST = "a" * 64
AUTH = "from fastapi import Depends\nfrom app.auth import get_current_user\n"

CASES: list[tuple[str, str, dict[str, str]]] = [
    ("sql", "fail", {"a.py": 'def f(c, n):\n    c.execute(f"SELECT * FROM t WHERE n = {n}")\n'}),
    ("sql", "fail", {"a.py": 'def f(c, n):\n    c.execute("SELECT * FROM t WHERE n = %s" % n)\n'}),
    ("sql", "fail", {"a.py": 'def f(c, n):\n    q = "SELECT * FROM t WHERE n = " + n\n    c.execute(q)\n'}),
    ("sql", "fail", {"a.py": 'def f(c, n):\n    c.execute("DELETE FROM t WHERE n = {}".format(n))\n'}),
    ("sql", "fail", {"a.py": 'import sqlalchemy as sa\ndef f(c, n):\n    c.execute(sa.text(f"SELECT 1 FROM {n}"))\n'}),
    ("sql", "fail", {"a.js": "db.query(`SELECT * FROM t WHERE n = ${n}`)\n"}),
    ("sql", "fail", {"a.ts": "db.query('SELECT * FROM t WHERE n = ' + n)\n"}),
    ("sql", "pass", {"a.py": 'def f(c, n):\n    c.execute("SELECT * FROM t WHERE n = ?", (n,))\n'}),
    ("sql", "pass", {"a.py": 'TABLE = "t"\ndef f(c, n):\n    c.execute("SELECT 1")\n    c.execute(f"SELECT * FROM {TABLE}")\n'}),
    ("sql", "pass", {"a.js": "db.query('SELECT * FROM t WHERE n = $1', [n])\n"}),
    ("sql", "unknown", {"a.py": "x = 1\n"}),
    ("sql", "unknown", {"a.py": 'c.execute("SELECT 1")\n', "b.py": "def f(:\n"}),
    ("sql", "unknown", {"tests/test_a.py": 'c.execute(f"SELECT * FROM {n}")\n'}),
    ("deserialisation", "fail", {"a.py": "import pickle\npickle.loads(b)\n"}),
    ("deserialisation", "fail", {"a.py": "from pickle import loads as read\nread(b)\n"}),
    ("deserialisation", "fail", {"a.py": "import yaml\nyaml.load(t)\n"}),
    ("deserialisation", "fail", {"a.py": "import yaml\nyaml.load(t, Loader=yaml.Loader)\n"}),
    ("deserialisation", "fail", {"a.js": "const s = require('node-serialize')\n"}),
    ("deserialisation", "pass", {"a.py": "import yaml\nyaml.load(t, Loader=yaml.SafeLoader)\nyaml.safe_load(t)\n"}),
    ("deserialisation", "pass", {"a.py": "def loads(b): ...\nloads(b)\n"}),
    ("deserialisation", "unknown", {"a.md": "pickle.loads(b)\n"}),
    ("password-hashing", "fail", {"a.py": "import hashlib\nhashlib.sha256(password.encode()).hexdigest()\n"}),
    ("password-hashing", "fail", {"s.py": DJANGO + "PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']\n"}),
    ("password-hashing", "pass", {"a.py": "import bcrypt\nbcrypt.hashpw(password, salt)\n"}),
    ("password-hashing", "pass", {"s.py": DJANGO}),
    ("password-hashing", "unknown", {"a.py": "import hashlib\nhashlib.sha256(content).hexdigest()\n"}),
    ("personal-logging", "fail", {"a.py": "logger.info('login %s', user.password)\n"}),
    ("personal-logging", "fail", {"a.py": "import logging\nlogging.info(f'mail {email}')\n"}),
    ("personal-logging", "fail", {"a.js": "console.log('login', user.password)\n"}),
    ("personal-logging", "pass", {"a.py": "logger.info('password of %s was changed', user.id)\n"}),
    ("personal-logging", "pass", {"a.py": "logger.info('%s', mask(email))\nlogger.info(token_count)\n"}),
    ("personal-logging", "pass", {"a.js": "console.log('the password was changed')\n"}),
    ("personal-logging", "unknown", {"a.py": "x = 1\n"}),
    ("debug-off", "fail", {"a.py": "from flask import Flask\napp = Flask('x')\napp.run(debug=True)\n"}),
    ("debug-off", "fail", {"a.py": "from fastapi import FastAPI\napp = FastAPI(debug=True)\n"}),
    ("debug-off", "fail", {"shop/settings.py": "INSTALLED_APPS = []\nDEBUG = True\n"}),
    ("debug-off", "fail", {"a.py": FLASK, ".env.production": "DEBUG=true\n"}),
    ("debug-off", "pass", {"a.py": FASTAPI}),
    ("debug-off", "pass", {"shop/settings.py": DJANGO, "shop/settings_dev.py": "INSTALLED_APPS = []\nDEBUG = True\n"}),
    ("debug-off", "pass", {"s/base.py": DEBUGGED, "s/production.py": "ALLOWED_HOSTS = []\nDEBUG = False\n"}),
    ("debug-off", "unknown", {"shop/settings.py": "import os\nINSTALLED_APPS = []\nDEBUG = os.getenv('D', '1') == '1'\n"}),
    ("debug-off", "pass", {"shop/settings.py": "INSTALLED_APPS = []\nDEBUG = env.bool('DEBUG', default=False)\n"}),
    ("debug-off", "pass", {"shop/settings.py": "INSTALLED_APPS = []\nDEBUG = os.environ.get('D', '') == '1'\n"}),
    ("debug-off", "unknown", {"a.py": "x = 1\n"}),
    ("debug-off", "unknown", {"a.py": FASTAPI, "b.py": "def f(:\n"}),
    ("cookies", "unknown", {"a.py": "r.set_cookie('s', v, secure=True, httponly=True)\n", "b.py": "def f(:\n"}),
    ("tls", "fail", {"a.py": "import requests\nrequests.get(u, verify=False)\n"}),
    ("tls", "fail", {"a.js": "new Agent({ rejectUnauthorized: false })\n"}),
    ("tls", "pass", {"s.py": DJANGO + "SECURE_SSL_REDIRECT = True\n"}),
    ("tls", "pass", {"a.py": FASTAPI, "deploy/nginx.conf": "listen 443 ssl;\n"}),
    ("tls", "unknown", {"a.py": FASTAPI}),
    ("cookies", "fail", {"a.py": "r.set_cookie('s', v)\n"}),
    ("cookies", "fail", {"a.py": "app.add_middleware(SessionMiddleware, secret_key=k)\n"}),
    ("cookies", "fail", {"s.py": DJANGO}),
    ("cookies", "pass", {"a.py": "r.set_cookie('s', v, secure=True, httponly=True)\nr.set_cookie('s', '', max_age=0)\n"}),
    ("cookies", "pass", {"s.py": DJANGO + "SESSION_COOKIE_SECURE = True\nCSRF_COOKIE_SECURE = True\n"}),
    ("cookies", "unknown", {"a.py": FASTAPI}),
    ("cookies", "unknown", {"a.py": FASTAPI + "jar.set_cookie(made)\n"}),
    ("cookies", "fail", {"a.py": "r.set_cookie(key='s', value=v)\n"}),
    ("cors", "fail", {"a.py": "app.add_middleware(C, allow_origins=['*'], allow_credentials=True)\n"}),
    ("cors", "fail", {"s.py": DJANGO + "CORS_ALLOW_ALL_ORIGINS = True\n"}),
    ("cors", "unknown", {"a.py": "app.add_middleware(C, allow_origins=['*'])\n"}),
    ("cors", "unknown", {"a.js": "app.use(cors())\n"}),
    ("cors", "pass", {"a.py": "app.add_middleware(C, allow_origins=['https://a.example'], allow_credentials=True)\n"}),
    ("csrf", "fail", {"a.py": "@csrf_exempt\ndef pay(request): ...\n"}),
    ("csrf", "fail", {"s.py": DJANGO + "MIDDLEWARE = ['x']\n"}),
    ("csrf", "pass", {"s.py": DJANGO + "MIDDLEWARE = ['django.middleware.csrf.CsrfViewMiddleware']\n"}),
    ("csrf", "unknown", {"a.py": FASTAPI}),
    ("headers", "pass", {"a.js": "app.use(helmet())\n"}),
    ("headers", "pass", {"a.py": "h['X-Content-Type-Options'] = 'nosniff'\nh['Content-Security-Policy'] = p\n"}),
    ("headers", "unknown", {"a.py": FASTAPI}),
    ("errors", "fail", {"a.py": "try:\n    f()\nexcept Exception as e:\n    raise HTTPException(500, detail=str(e))\n"}),
    ("errors", "fail", {"a.py": "def f():\n    return JSONResponse({'t': traceback.format_exc()})\n"}),
    ("errors", "fail", {"a.js": "app.use((err, req, res, next) => { res.send(err.stack) })\n"}),
    ("errors", "pass", {"a.py": "@app.exception_handler(Exception)\ndef h(r, e):\n    return JSONResponse({'number': 1})\n"}),
    ("errors", "unknown", {"a.py": CAUGHT + FASTAPI}),
    ("access", "fail", {"a.py": FASTAPI + "@app.delete('/orders/{id}')\ndef remove(id: int): ...\n"}),
    ("access", "pass", {"a.py": AUTH + FASTAPI + "@app.delete('/orders')\ndef remove(u=Depends(get_current_user)): ...\n"}),
    ("access", "pass", {"a.py": "r = APIRouter(dependencies=[Depends(require_user)])\n@r.post('/x')\ndef x(): ...\n"}),
    ("access", "pass", {"a.js": "app.post('/orders', requireAuth, create)\n"}),
    ("access", "fail", {"a.js": "app.post('/orders', create)\n"}),
    ("access", "fail", {"a.py": FLASK + "@app.route('/x', methods=['POST'])\ndef x(): ...\n"}),
    ("access", "pass", {"a.py": FLASK + "@app.route('/x', methods=['POST'])\n@login_required\ndef x(): ...\n"}),
    ("access", "unknown", {"a.py": FASTAPI + "@app.post('/login')\ndef login(): ...\n@app.get('/x')\ndef x(): ...\n"}),
    ("access", "fail", {"s.py": DJANGO + ALL_IN}),
    ("access", "unknown", {"s.py": DJANGO}),
    ("access", "pass", {"s.py": DJANGO + "MIDDLEWARE = ['django.contrib.auth.middleware.LoginRequiredMiddleware']\n"}),
    ("container-user", "fail", {"Dockerfile": "FROM a:1.2\nUSER app\nFROM b:1.2\nCMD x\n"}),
    ("container-user", "fail", {"Dockerfile": "FROM a:1.2\nUSER 0\n"}),
    ("container-user", "pass", {"Dockerfile": "FROM a:1.2\nRUN a && \\\n  b\nUSER app\n"}),
    ("container-user", "unknown", {"a.py": "x = 1\n"}),
    ("container-user", "unknown", {"Dockerfile": "this is none\n"}),
    ("images-pinned", "unknown", {"compose.yml": "services: {{\n  d:\n    image: {{ x }}\n"}),
    ("actions-pinned", "unknown", {".github/workflows/a.yml": CI + "  x: [\n"}),
    ("tests-in-ci", "unknown", {".github/workflows/a.yml": "jobs: [\n"}),
    ("images-pinned", "fail", {"Dockerfile": "FROM python:latest\n"}),
    ("images-pinned", "fail", {"Dockerfile": "ARG V\nFROM python\n"}),
    ("images-pinned", "fail", {"compose.yml": "services:\n  d:\n    image: redis\n"}),
    ("images-pinned", "pass", {"Dockerfile": STAGES}),
    ("images-pinned", "unknown", {"a.py": "x = 1\n"}),
    ("actions-pinned", "fail", {".github/workflows/a.yml": CI + "      - uses: who/ever@v1\n"}),
    ("actions-pinned", "fail", {".github/workflows/a.yml": CI.replace("@v4", "@main")}),
    ("actions-pinned", "pass", {".github/workflows/a.yml": CI + f"      - uses: who/ever@{SHA} # v1\n"}),
    ("actions-pinned", "unknown", {".github/workflows/a.yml": "on: push\n"}),
    ("ci-permissions", "pass", {".github/workflows/a.yml": CI}),
    ("ci-permissions", "fail", {".github/workflows/a.yml": CI.replace("permissions:\n  contents: read\n", "")}),
    ("ci-permissions", "fail", {".github/workflows/a.yml": CI.replace("\n  contents: read", " write-all")}),
    ("ci-permissions", "unknown", {".github/workflows/a.yml": "on: [\n"}),
    ("tests-in-ci", "pass", {".github/workflows/a.yml": CI}),
    ("tests-in-ci", "pass", {".gitlab-ci.yml": "t:\n  script: npm test\n"}),
    ("tests-in-ci", "fail", {".github/workflows/a.yml": "jobs:\n  d:\n    steps:\n      - uses: actions/checkout@v4\n"}),
    ("tests-in-ci", "unknown", {"a.py": "x = 1\n"}),
    ("locked", "pass", {"requirements.txt": "flask==3.0.0\n"}),
    ("locked", "fail", {"requirements.txt": "flask\n"}),
    ("locked", "unknown", {"requirements.txt": "flask==3.0.0\n", "uv.lock": "[[\n"}),
    ("locked", "unknown", {"a.py": "x = 1\n"}),
    ("updates", "pass", {".github/dependabot.yml": "version: 2\nupdates:\n  - package-ecosystem: pip\n"}),
    ("updates", "fail", {".github/dependabot.yml": "version: 2\nupdates: []\n"}),
    ("updates", "unknown", {".github/dependabot.yml": "version: [\n"}),
    ("updates", "pass", {"renovate.json": "{}"}),
    ("updates", "fail", {"requirements.txt": "flask==3.0.0\n"}),
    ("updates", "unknown", {"a.py": "x = 1\n"}),
    ("owners", "pass", {".github/CODEOWNERS": "* @team/a\n"}),
    ("owners", "fail", {"CODEOWNERS": "# nobody\n"}),
    ("owners", "fail", {"a.py": "x = 1\n"}),
    ("branch-protected", "unknown", {"CODEOWNERS": "* @a\n"}),
    ("branch-protected", "pass", {".github/settings.yml": "branches:\n  - protection:\n      required_pull_request_reviews: {}\n"}),
    ("incident-contact", "pass", {"SECURITY.md": "Write to security@shop.example\n"}),
    ("incident-contact", "fail", {"SECURITY.md": "We care.\n"}),
    ("incident-contact", "fail", {"a.py": "x = 1\n"}),
    ("backups", "pass", {"docs/ops.md": "A backup is made each night.\nTo restore it, run x.\n"}),
    ("backups", "fail", {"docs/ops.md": "A backup is made each night.\n"}),
    ("backups", "fail", {"a.py": "import sqlalchemy\n"}),
    ("backups", "unknown", {"a.py": "x = 1\n"}),
    ("retention", "pass", {"docs/privacy.md": "Retention: 30 days.\n"}),
    ("retention", "fail", {"m.py": "class U:\n    email: EmailStr\n"}),
    ("retention", "unknown", {"a.py": "x = 1\n"}),
    ("licence-file", "pass", {"LICENSE": "MIT\n"}),
    ("licence-file", "fail", {"sub/LICENSE": "MIT\n"}),
    ("licence-file", "fail", {"LICENSE": "\n"}),
    ("sbom", "pass", {"bom.json": "{}"}),
    ("sbom", "pass", {".github/workflows/a.yml": CI + "      - run: cyclonedx-py environment\n"}),
    ("sbom", "unknown", {"a.py": "x = 1\n"}),
    ("secrets-tree", "unknown", {"a.py": "x = 1\n"}),
    ("secrets-history", "unknown", {"a.py": "x = 1\n"}),
    ("vulnerabilities", "unknown", {"a.py": "x = 1\n"}),
    ("licence-policy", "unknown", {"a.py": "x = 1\n"}),
    ("static-analysis", "unknown", {"a.py": "x = 1\n"}),
    ("env-ignored", "unknown", {"a.py": "x = 1\n"}),
    ("reviewed", "unknown", {"a.py": "x = 1\n"}),
]  # fmt: skip


def write(place: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def judge(place: Path, name: str, **more: Any) -> Judgement:
    spool = place.parent / "spool"
    spool.mkdir(exist_ok=True)
    ctx = Context(workspace=place, spool=spool, scratch=spool, agent="security", **more)
    (control,) = [control for control in controls() if control.name == name]
    return control.judge(Scene(ctx, 30))


@pytest.mark.parametrize(("name", "state", "files"), CASES, ids=[f"{n}-{s}-{i}" for i, (n, s, _) in enumerate(CASES)])
def test_a_control_and_what_it_says(place: Path, name: str, state: str, files: dict[str, str]) -> None:
    write(place, files)
    judgement = judge(place, name)
    assert judgement.state == state, judgement
    assert judgement.why
    assert judgement.evidence or state != "pass"
    assert judgement.settle or state != "unknown"


def test_every_control_has_a_case_of_its_own_and_a_mapping() -> None:
    assert {control.name for control in controls()} == {name for name, _, _ in CASES}
    assert len(controls()) >= 25
    for control in controls():
        assert control.mapping, control.name
        assert control.mend, control.name


def test_an_empty_workspace_passes_nothing(place: Path) -> None:
    for control in controls():
        assert judge(place, control.name).state != "pass", control.name


def test_nothing_passes_without_evidence() -> None:
    with pytest.raises(ValueError):
        held("because", [])


def git(place: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, "-C", str(place), *words], check=True, capture_output=True)


def test_files_of_the_environment_in_git(place: Path) -> None:
    write(place, {".gitignore": ".env\n", ".env.example": "A=\n"})
    git(place, "init", "-q")
    git(place, "add", ".")
    good = judge(place, "env-ignored")
    assert (good.state, good.evidence[0].path, good.evidence[0].line) == ("pass", ".gitignore", 1)
    write(place, {"api/.env": "A=1\n", "tests/app/.env": "A=1\n"})
    git(place, "add", "-f", ".")
    bad = judge(place, "env-ignored")
    assert (bad.state, [place.path for place in bad.evidence]) == ("fail", ["api/.env"])
    git(place, "rm", "-q", "--cached", "api/.env")
    write(place, {".gitignore": "*.log\n"})
    assert judge(place, "env-ignored").state == "fail"


def test_traces_of_reviews(place: Path) -> None:
    git(place, "init", "-q")
    messages = [f"Step {n} (#{n})" for n in range(3)] + ["Step\n\nReviewed-by: B <b@c>"]
    for message in messages:
        git(place, "commit", "--allow-empty", "-qm", message)
    assert judge(place, "reviewed").state == "pass"
    for _ in range(3):
        git(place, "commit", "--allow-empty", "-qm", "quick")
    bad = judge(place, "reviewed")
    assert (bad.state, bad.evidence[0].text) == ("fail", "quick")


def act(place: Path, files: dict[str, str], action: str = "controls", **more: Any) -> Outcome:
    write(place, files)
    spool = place.parent / "acts"
    spool.mkdir(exist_ok=True)
    data = place.parent / "data"
    options = more.pop("options", {})
    return run_action(SecurityCompliance(), action, place, options, spool=spool, data=data, **more)


def states(outcome: Outcome) -> dict[str, dict[str, Any]]:
    with zipfile.ZipFile(outcome.artifacts["controls.zip"]) as archive:
        return {row["control"]: row for row in json.loads(archive.read("controls.json"))["controls"]}


SHOP = {
    "a.py": "import pickle\n\npassword = 'hunter2-Zq8v'\npickle.loads(b)\n",
    "CODEOWNERS": "* @all\n*.py @py\n/a.py @a @b\n",
    "requirements.txt": "flask==3.0.0\n",
}


def test_the_action_keeps_an_archive_fills_the_section_and_names_owners(place: Path) -> None:
    outcome = act(place, SHOP, config={"agents": {"security": {"owner": "@whole", "owners": {"locked": "@dep"}}}})
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.FAIL
    finding = next(f for f in outcome.findings if f.rule == "control-deserialisation")
    assert (finding.path, finding.line, str(finding.severity)) == ("a.py", 4, "high")
    rows = states(outcome)
    assert rows["deserialisation"]["owner"] == "@a @b"
    assert rows["locked"]["owner"] == "@dep"
    assert rows["deserialisation"]["evidence"] == ["a.py:4: pickle.loads(b)"]
    figures, table, _ = outcome.sections()["controls"]
    counts = {figure["label"]: figure["value"] for figure in figures["figures"]}
    assert sum(counts.values()) == len(controls()) == len(table["rows"])
    assert outcome.metrics()["security.controls.fail"] == counts["Do not hold"]
    with zipfile.ZipFile(outcome.artifacts["controls.zip"]) as archive:
        assert {"index.html", "controls.csv", "controls.json", "evidence/deserialisation.txt"} <= set(
            archive.namelist()
        )
        excerpt = archive.read("evidence/deserialisation.txt").decode()
        lines = list(csv.DictReader(io.StringIO(archive.read("controls.csv").decode())))
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert "4> pickle.loads(b)" in excerpt
    assert b"hunter2" not in everything
    assert {line["control"]: line["state"] for line in lines} == {name: row["state"] for name, row in rows.items()}


def test_the_same_state_gives_the_same_bytes(place: Path) -> None:
    first = act(place, SHOP).artifacts["controls.zip"].read_bytes()
    assert act(place, {}).artifacts["controls.zip"].read_bytes() == first


def test_since_when_a_control_stands_so(place: Path) -> None:
    first = act(place, SHOP)
    memory = next((place.parent / "data").rglob("controls.json"))
    kept = json.loads(memory.read_text())
    kept["deserialisation"]["since"] = "2020-01-01"
    memory.write_text(json.dumps(kept))
    assert states(act(place, {}))["deserialisation"]["since"] == "2020-01-01"
    mended = states(act(place, {"a.py": "x = 1\n"}))["deserialisation"]
    assert mended["state"] == "pass"
    assert mended["since"] == states(first)["deserialisation"]["since"]


def test_a_control_that_breaks_is_unknown_and_a_wrong_name_is_told(place: Path) -> None:
    outcome = act(place, SHOP, options={"skip": ["sqll"]})
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert "there is no control sqll" in outcome.result.summary
    assert "sql" not in states(act(place, {}, options={"skip": ["sql"]}))


def test_former_results_count_while_the_files_are_the_same(place: Path) -> None:
    act(place, {"a.py": "x = 1\n"}, action="static")
    assert states(act(place, {}))["static-analysis"]["state"] == "pass"
    write(place, {"a.py": "x = 12\n"})
    row = states(act(place, {}))["static-analysis"]
    assert (row["state"], "have changed since" in row["why"]) == ("unknown", True)


def test_former_results_grow_old(place: Path) -> None:
    act(place, {"a.py": "x = 1\n"}, action="static")
    memory = next((place.parent / "data").rglob("last.static.json"))
    kept = json.loads(memory.read_text())
    kept["at"] = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    memory.write_text(json.dumps(kept))
    row = states(act(place, {}))["static-analysis"]
    assert (row["state"], "31 days ago" in row["why"]) == ("unknown", True)
    memory.write_text('{"verdict": 3}')
    assert states(act(place, {}))["static-analysis"]["state"] == "unknown"


def before(place: Path, action: str, verdict: str, **outputs: Any) -> dict[str, Any]:
    spool = place.parent / f"before-{action}"
    spool.mkdir(exist_ok=True)
    message = {"t": "result", "verdict": verdict, "summary": f"{action} said so", "outputs": outputs}
    (spool / "messages.jsonl").write_text(json.dumps(message) + "\n")
    return {"name": f"security.{action}", "action": f"security.{action}", "state": "succeeded", "spool": str(spool)}


@pytest.mark.parametrize(
    ("verdict", "outputs", "tree", "history"),
    [
        ("pass", {"tree": 0, "history": "not looked at"}, "pass", "unknown"),
        ("pass", {"tree": 0, "history": "whole", "past": 0}, "pass", "pass"),
        ("fail", {"tree": 0, "history": "whole", "past": 2}, "pass", "fail"),
        ("fail", {"tree": 3, "history": "part", "past": 0}, "fail", "unknown"),
        ("unknown", {}, "unknown", "unknown"),
    ],
)
def test_what_tasks_of_the_run_found_comes_first(
    place: Path, verdict: str, outputs: dict[str, Any], tree: str, history: str
) -> None:
    rows = states(act(place, SHOP, before=[before(place, "secrets", verdict, **outputs)]))
    assert (rows["secrets-tree"]["state"], rows["secrets-history"]["state"]) == (tree, history)


def test_what_a_task_found_is_the_evidence_of_the_control(place: Path) -> None:
    entry = before(place, "secrets", "fail", tree=2, history="whole", past=1)
    found = [
        ("critical", "old/key.txt", 0, ""),
        ("high", "deploy/prod.env", 3, ""),
        ("low", "docs/x.md", 1, ""),
        ("critical", "a.py", 7, ""),
        ("high", "b.py", 1, "until"),
    ]
    with open(Path(entry["spool"]) / "messages.jsonl", "a") as file:
        for severity, path, line, accepted in found:
            told = {
                "t": "finding",
                "rule": "secret-x",
                "severity": severity,
                "message": "a key",
                "path": path,
                "line": line,
            }
            file.write(json.dumps({**told, "accepted": accepted}) + "\n")
    outcome = act(place, SHOP, before=[entry])
    (control,) = [finding for finding in outcome.findings if finding.rule == "control-secrets-tree"]
    assert (control.path, control.line) == ("a.py", 7)
    assert control.message.endswith("2 findings in the files (and 3 more places)")
    (past,) = [finding for finding in outcome.findings if finding.rule == "control-secrets-history"]
    assert (past.path, past.line) == ("old/key.txt", 0)


def test_vulnerabilities_need_fresh_data(place: Path) -> None:
    osv = place.parent / "osv"
    osv.mkdir()
    record = {"id": "GHSA-x", "affected": [{"package": {"ecosystem": "PyPI", "name": "other"}, "versions": ["1"]}]}
    for age, state in ((2, "pass"), (40, "unknown")):
        day = (datetime.now(UTC) - timedelta(days=age)).isoformat()
        (osv / "x.json").write_text(json.dumps({**record, "modified": day}))
        act(place, SHOP, action="dependencies", options={"osv_folder": str(osv)})
        assert states(act(place, {}))["vulnerabilities"]["state"] == state


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password = 'hunter2-Zq8v'", "password = '…'"),
        ("API_KEY: s3cr3tvalue", "API_KEY: …"),
        ("token=settings.token", "token=settings.token"),
        ("u = 'postgres://a:b@h/x'", "u = 'postgres://a:…@h/x'"),
        (f"x = ghp_{'a1B2' * 9}", "x = …"),
        (f"uses: who/ever@{SHA}", f"uses: who/ever@{SHA}"),
        ("await self.execute_write_fn(a)", "await self.execute_write_fn(a)"),
    ],
)  # fmt: skip
def test_excerpts_hold_no_secret(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*", "a/b.py", True), ("*.js", "a/b.js", True), ("*.js", "a/b.py", False), ("/docs/", "docs/a/b.md", True),
        ("/docs/", "x/docs/a.md", False), ("apps/", "x/apps/a.py", True), ("docs/*", "docs/a.md", True),
        ("docs/*", "docs/a/b.md", False), ("/a.py", "a.py", True), ("/a.py", "x/a.py", False), ("**/logs", "x/logs/y", True),
    ],
)  # fmt: skip
def test_lines_of_codeowners(pattern: str, path: str, fits: bool) -> None:
    assert bool(pattern_of(pattern).fullmatch(path)) is fits


@pytest.mark.parametrize(
    ("image", "fixed"),
    [
        ("python:3.12", True), ("python:3.12-slim", True), ("python:3", False), ("python", False), ("redis:latest", False),
        ("host:5000/a", False), ("host:5000/a:1.2.3", True), (f"a@sha256:{DIGEST}", True), ("a:20240101", True),
    ],
)  # fmt: skip
def test_fixed_images(image: str, fixed: bool) -> None:
    assert is_fixed(image) is fixed
