"""`config.hardcoded`: what must be found, what must not, and that no value is ever shown."""

import json
from pathlib import Path

import pytest

from callboard.api import Verdict, secret_print
from callboard.testing import Outcome, run_action
from callboard_config import ConfigManage

PLANTED = "Zq8vT2nK5mRj7Pc1"


def look(place: Path, **options: object) -> Outcome:
    return run_action(ConfigManage(), "hardcoded", place, options, spool=_spool(place))


def _spool(place: Path) -> Path:
    spool = place.parent / f"{place.name}-spool"
    spool.mkdir(exist_ok=True)
    return spool


def write(place: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return place


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


FOUND = {
    "assignment": ("app.py", f'DB_PASSWORD = "{PLANTED}"\n'),
    "attribute": ("app.py", f'class C:\n    def f(self):\n        self.api_key = "{PLANTED}"\n'),
    "subscript": ("app.py", f'app.config["SECRET_KEY"] = "{PLANTED}"\n'),
    "keyword": ("app.py", f'connect(host="h", password="{PLANTED}")\n'),
    "dict": ("app.py", f'AUTH = {{"client_secret": "{PLANTED}"}}\n'),
    "annotated": ("app.py", f'class S(BaseSettings):\n    jwt_secret: str = "{PLANTED}"\n'),
    "default of a parameter": ("app.py", f'def f(token="{PLANTED}"): ...\n'),
    "default of a setting": ("app.py", f'import os\nKEY = os.environ.get("SECRET_KEY", "{PLANTED}")\n'),
    "comparison": ("app.py", f'def f(password):\n    return password == "{PLANTED}"\n'),
    "bytes": ("app.py", f'SIGNING_KEY = b"{PLANTED}"\n'),
    "weak": ("app.py", 'PASSWORD = "hunter22"\n'),
    "address": ("app.py", 'URL = "postgresql://shop:kq9Trw2xLm@db.internal.shop:5432/shop"\n'),
    "const": ("web.ts", f'export const apiKey: string = "{PLANTED}";\n'),
    "object": ("web.js", f"const o = {{ 'client_secret': '{PLANTED}' }};\n"),
    "fallback": ("web.js", f'const s = process.env.JWT_SECRET || "{PLANTED}";\n'),
    "yaml": ("config.yml", f"database:\n  password: {PLANTED}\n"),
    "compose list": ("compose.yml", f"services:\n  db:\n    environment:\n      - POSTGRES_PASSWORD={PLANTED}\n"),
    "toml": ("settings.toml", f'[smtp]\npassword = "{PLANTED}"\n'),
    "json": ("appsettings.json", f'{{"jwt": {{"secretKey": "{PLANTED}"}}}}\n'),
    "ini": ("app.ini", f"[mail]\npassword = {PLANTED}\n"),
    "docker": ("Dockerfile", f"FROM scratch\nENV API_TOKEN={PLANTED}\n"),
    "example": (".env.example", f"API_TOKEN={PLANTED}\n"),
}

NOT_FOUND = {
    "placeholder": ("app.py", 'PASSWORD = "changeme"\nAPI_KEY = "your-api-key-0123"\nSECRET_KEY = "dev"\n'),
    "empty": ("app.py", 'PASSWORD = ""\nTOKEN = None\n'),
    "environment": ("app.py", 'import os\nPASSWORD = os.environ["DB_PASSWORD"]\nT = os.getenv("TOKEN", "")\n'),
    "names": (
        "app.py",
        'PASSWORD_FIELD = "password1_x9"\nTOKEN_URL = "/o/token/v2/x9aB"\ntoken_type = "Bearer12345"\n',
    ),
    "word": ("app.py", 'token = "access_token"\nAPI_KEY = "X-API-Key"\npassword = "password"\n'),
    "sentence": ("app.py", 'PASSWORD = "At least 8 characters, 1 digit"\n'),
    "reference": ("app.py", 'SECRET = "${SECRET_2}"\nTOKEN = "{{ vault_token_9 }}"\nKEY = "vault:secret/data/k9"\n'),
    "public": ("app.py", f'PUBLIC_KEY = "{PLANTED}"\nSTRIPE_PUBLISHABLE_KEY = "{PLANTED}"\n'),
    "path": ("app.py", 'SECRET = "/run/secrets/db_password_1"\nPRIVATE_KEY = "./keys/id_ed25519"\n'),
    "test code": ("tests/test_app.py", f'PASSWORD = "{PLANTED}"\n'),
    "fixture": ("backend/fixtures/user.json", f'{{"password": "{PLANTED}"}}'),
    "comment": ("web.js", f'// const apiKey = "{PLANTED}"\n/* password: "{PLANTED}" */\nlet x = 1\n'),
    "template": ("web.ts", "const token = `${prefix}-Zq8vT2nK5mRj`;\n"),
    "form": ("web.tsx", 'const f = <input type="password" name="password" id="new-password-2" />;\n'),
    "locale": ("locales/de.json", '{"password": "Passwort", "token": "Zugangscode", "secret": "Geheimnis!"}'),
    "actions": ("deploy.yml", "env:\n  API_TOKEN: ${{ secrets.API_TOKEN }}\n"),
    "example": (".env.example", "API_TOKEN=\nDB_PASSWORD=changeme\nSECRET_KEY=<make one>\n"),
    "local address": ("app.py", 'URL = "postgresql://postgres:postgres1@localhost/x"\n'),
    "own env file": (".env", f"API_TOKEN={PLANTED}\n"),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_is_written_down_is_found_and_never_shown(place: Path, case: str) -> None:
    name, text = FOUND[case]
    outcome = look(write(place, {name: text, "other.py": "x = 1\n"}))
    assert [(f.path, f.line > 0) for f in outcome.findings] == [(name, True)]
    said = json.dumps(outcome.messages) + "".join(p.read_text() for p in outcome.artifacts.values())
    for value in (PLANTED, "hunter22", "kq9Trw2xLm"):
        assert value not in said


@pytest.mark.parametrize("case", NOT_FOUND)
def test_what_is_no_secret_is_left_alone(place: Path, case: str) -> None:
    name, text = NOT_FOUND[case]
    outcome = look(write(place, {name: text, "other.py": "x = 1\n"}))
    assert outcome.findings == ()
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS


def test_the_verdict_follows_the_planted_secret(place: Path) -> None:
    write(place, {"app.py": f'API_TOKEN = "{PLANTED}"\n'})
    failed = look(place).result
    assert failed is not None
    assert failed.verdict is Verdict.FAIL
    write(place, {"app.py": 'import os\nAPI_TOKEN = os.environ["API_TOKEN"]\n'})
    passed = look(place).result
    assert passed is not None
    assert passed.verdict is Verdict.PASS
    assert "1 file" in passed.summary


def test_in_the_sources_of_documentation_it_is_low(place: Path) -> None:
    outcome = look(write(place, {"docs_src/tutorial.py": f'SECRET_KEY = "{PLANTED}"\n'}))
    assert [str(finding.severity) for finding in outcome.findings] == ["low"]


def test_the_fingerprint_says_nothing_about_the_value(place: Path) -> None:
    first = look(write(place, {"app.py": f'API_TOKEN = "{PLANTED}"\n'})).findings[0].fingerprint
    second = look(write(place, {"app.py": f'\n\nAPI_TOKEN = "{PLANTED[::-1]}"\n'})).findings[0].fingerprint
    assert first == second == secret_print("app.py", "API_TOKEN = ")


def test_nothing_to_look_at_is_unknown(place: Path) -> None:
    result = look(place).result
    assert result is not None
    assert result.verdict is Verdict.UNKNOWN


def test_hostile_files_do_not_stop_the_rest(place: Path) -> None:
    bomb = "a: &a [x,x]\n" + "".join(f"b{i}: &b{i} [*a,*a,*a,*a]\n" for i in range(300)) + f"password: {PLANTED}\n"
    outcome = look(
        write(
            place,
            {
                "broken.py": "def f(:\n",
                "deep.json": "[" * 100_000,
                "deep.yml": "[" * 5_000,
                "bomb.yml": bomb,
                "-rf $(x) é.py": f'API_TOKEN = "{PLANTED}"\n',
                "long.js": "x = '" + "a" * 900_000,
            },
        )
    )
    assert [f.path for f in outcome.findings if f.rule != "unparsable"] == ["-rf $(x) é.py"]
    assert [f.path for f in outcome.findings if f.rule == "unparsable"] == ["broken.py", "deep.json"]
    assert outcome.result is not None
    assert "2 files that cannot be parsed (broken.py, deep.json), and only read line by line" in outcome.result.summary


def test_what_does_not_parse_is_read_line_by_line_and_is_no_pass(place: Path) -> None:
    fine = {"a.py": "x = 1\n", "tsconfig.json": '{ // comment\n "strict": true }\n'}
    outcome = look(write(place, fine))
    assert outcome.findings == ()
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS
    outcome = look(write(place, {"old.py": f'API_TOKEN = "{PLANTED}"\nprint "hello"\n'}))
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [
        ("secret-hardcoded", "old.py", 1),
        ("unparsable", "old.py", 2),
    ]
    outcome = look(write(place, {"old.py": 'print "hello"\n'}))
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert outcome.findings[0].message == "old.py cannot be read: it is written in Python 2"
