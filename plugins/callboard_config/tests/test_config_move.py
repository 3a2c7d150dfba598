"""`config.move`: the patch reads the secret from a setting, applies, compiles, and is kept without the secret."""

import ast
import json
import subprocess
from pathlib import Path

import pytest

from callboard.api import Verdict, sealing_key, unseal
from callboard.testing import Outcome, run_action
from callboard_config import ConfigManage

PLANTED = "Zq8vT2nK5mRj7Pc1"
OTHER = "Wm4xB9sLq3Yt6Hd0"
OPEN_TEMPLATES = {"boundary": {"protected_paths": [".git/**", ".env"]}}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def git(place: Path, *words: str, given: bytes | None = None) -> str:
    argv = ["git", "-C", str(place), "-c", "user.name=t", "-c", "user.email=t@example.org", *words]
    return subprocess.run(argv, check=True, capture_output=True, input=given).stdout.decode()


def write(place: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    git(place, "init", "-q")
    git(place, "add", "-A", "-f")
    git(place, "commit", "-qm", "x")


def move(place: Path, files: dict[str, str], **options: object) -> Outcome:
    write(place, files)
    spool = place.parent / "spool"
    spool.mkdir(exist_ok=True)
    return run_action(
        ConfigManage(), "move", place, options, spool=spool, data=place.parent / "data", config=OPEN_TEMPLATES
    )


def accept(place: Path, outcome: Outcome) -> None:
    """As a person's acceptance does it: unsealed from the workspace, applied by git."""
    (message,) = [m for m in outcome.messages if m["t"] == "patch"]
    text = (place.parent / "spool" / message["path"]).read_bytes().decode()

    def line(path: str, number: int) -> str | None:
        lines = (place / path).read_bytes().decode().split("\n")
        return lines[number - 1] if number <= len(lines) else None

    whole = unseal(text, message["proof"]["sealed"], line, sealing_key(place.parent / "data"))
    git(place, "apply", "--whitespace=nowarn", "-", given=whole.encode())


def kept(place: Path) -> str:
    folders = (place.parent / "spool", place.parent / "data")
    return "".join(p.read_bytes().decode("latin-1") for f in folders for p in f.rglob("*") if p.is_file())


PYTHON = {
    "plain": (
        f'"""Doc."""\n\nimport json\nimport sys\n\nDB_PASSWORD = "{PLANTED}"\n',
        '"""Doc."""\n\nimport json\nimport os\nimport sys\n\nDB_PASSWORD = os.environ["DB_PASSWORD"]\n',
    ),
    "os is there": (
        f"import os\nSECRET_KEY = '{PLANTED}'  # é\n",
        'import os\nSECRET_KEY = os.environ["SECRET_KEY"]  # é\n',
    ),
    "os under a name": (
        f"import os as o\ns = connect(api_token='{PLANTED}')\n",
        'import os as o\ns = connect(api_token=o.environ["API_TOKEN"])\n',
    ),
    "after the future": (
        f"from __future__ import annotations\nJWT_SECRET = '{PLANTED}'\n",
        'from __future__ import annotations\nimport os\n\nJWT_SECRET = os.environ["JWT_SECRET"]\n',
    ),
    "own imports first": (
        f"from app import x\n\nJWT_SECRET = '{PLANTED}'\n",
        'import os\n\nfrom app import x\n\nJWT_SECRET = os.environ["JWT_SECRET"]\n',
    ),
    "bytes behind letters": (
        f"import os\nü = 1; SIGNING_KEY = b'{PLANTED}'\n",
        'import os\nü = 1; SIGNING_KEY = os.environ["SIGNING_KEY"].encode()\n',
    ),
    "default of a read": (
        f"import os\nK = os.environ.get('API_TOKEN', '{PLANTED}')\n",
        'import os\nK = os.environ["API_TOKEN"]\n',
    ),
    "getenv imported": (
        f"from os import getenv\nK = getenv('API_TOKEN', '{PLANTED}')\n",
        'import os\nfrom os import getenv\nK = os.environ["API_TOKEN"]\n',
    ),
    "django": (
        f"import environ\nenv = environ.Env()\nSECRET_KEY = env('SECRET_KEY', default='{PLANTED}')\n",
        "import environ\nenv = environ.Env()\nSECRET_KEY = env('SECRET_KEY')\n",
    ),
    "pydantic": (
        f'class S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix="shop_")\n    jwt_secret: str = "{PLANTED}"\n',
        'class S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix="shop_")\n    jwt_secret: str\n',
    ),
    "pydantic field": (
        f'class S(BaseSettings):\n    jwt_secret: SecretStr = Field(SecretStr("{PLANTED}"), description="d")\n',
        'class S(BaseSettings):\n    jwt_secret: SecretStr = Field(..., description="d")\n',
    ),
    "a part of a whole": (
        f'import os\nDATABASE = {{"PASSWORD": "{PLANTED}"}}\n',
        'import os\nDATABASE = {"PASSWORD": os.environ["DATABASE_PASSWORD"]}\n',
    ),
    "carriage returns": (
        f'import os\r\nDB_PASSWORD = "{PLANTED}"\r\n',
        'import os\r\nDB_PASSWORD = os.environ["DB_PASSWORD"]\r\n',
    ),
    "byte order mark": (
        f'\ufeffimport os\nDB_PASSWORD = "{PLANTED}"\n',
        '\ufeffimport os\nDB_PASSWORD = os.environ["DB_PASSWORD"]\n',
    ),
    "an address": (
        f'import os\nDATABASE_URL = "postgresql://shop:{PLANTED}@db.internal.shop/shop"\n',
        'import os\nDATABASE_URL = os.environ["DATABASE_URL"]\n',
    ),
}


@pytest.mark.parametrize("case", PYTHON)
def test_python_reads_the_setting_and_the_kept_patch_holds_no_secret(place: Path, case: str) -> None:
    before, after = PYTHON[case]
    outcome = move(place, {"shop.py": before, ".gitignore": ".env\n", ".env.example": "OLD=1\n"})
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS, outcome.result.summary
    assert PLANTED not in kept(place)
    accept(place, outcome)
    assert (place / "shop.py").read_bytes().decode() == after
    ast.parse(after.removeprefix("\ufeff"))
    (name,) = outcome.result.outputs["settings"]
    assert (place / ".env.example").read_text() == f"OLD=1\n{name}=\n"
    again = run_action(ConfigManage(), "hardcoded", place, {})
    assert again.findings == ()


OTHERS = {
    "typescript": (
        "api/src/mail.ts",
        f"export const apiKey: string = '{PLANTED}';\n",
        "export const apiKey: string = process.env.MAIL_API_KEY!;\n",
    ),
    "javascript": (
        "api/src/mail.js",
        f"module.exports = {{ clientSecret: '{PLANTED}' }};\n",
        "module.exports = { clientSecret: process.env.MAIL_CLIENT_SECRET };\n",
    ),
    "fallback": (
        "api/src/mail.ts",
        f"const s = process.env.JWT_SECRET || '{PLANTED}';\n",
        "const s = process.env.JWT_SECRET!;\n",
    ),
    "compose mapping": (
        "compose.yml",
        f'services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: "{PLANTED}"\n',
        'services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: "${POSTGRES_PASSWORD:?set it in .env}"\n',
    ),
    "compose list": (
        "compose.yml",
        f"services:\n  db:\n    environment:\n      - POSTGRES_PASSWORD={PLANTED}\n",
        "services:\n  db:\n    environment:\n      - POSTGRES_PASSWORD=${POSTGRES_PASSWORD:?set it in .env}\n",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_languages_at_the_exact_place(place: Path, case: str) -> None:
    path, before, after = OTHERS[case]
    outcome = move(place, {path: before, "api/package.json": "{}", ".gitignore": ".env\n"})
    assert PLANTED not in kept(place)
    accept(place, outcome)
    assert (place / path).read_text() == after
    if path.startswith("api"):
        assert outcome.result is not None
        assert (place / "api/.env.example").read_text().endswith(f"\n{outcome.result.outputs['settings'][0]}=\n")


STAY = {
    "browser": (
        {"web/package.json": '{"dependencies": {"vite": "5"}}', "web/a.ts": f"const apiKey = '{PLANTED}'\n"},
        "browsers",
    ),
    "client": ({"package.json": "{}", "a.tsx": f"'use client'\nconst apiKey = '{PLANTED}'\n"}, "browsers"),
    "pieces": ({"a.py": f'API_TOKEN = ("{PLANTED[:8]}"\n  "{PLANTED[8:]}")\n'}, "in pieces"),
    "other format": ({"a.toml": f'password = "{PLANTED}"\n'}, "must read it from the environment"),
    "os is something else": ({"a.py": f'os = 1\nAPI_TOKEN = "{PLANTED}"\n'}, "means something else"),
}


@pytest.mark.parametrize("case", STAY)
def test_what_cannot_be_moved_is_said_with_the_reason(place: Path, case: str) -> None:
    files, reason = STAY[case]
    outcome = move(place, files)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert reason in outcome.result.summary
    assert PLANTED not in kept(place)
    assert [m for m in outcome.messages if m["t"] == "patch"] == []


def test_two_secrets_get_two_names_and_a_secret_beside_stays_unseen(place: Path) -> None:
    hidden = "sk_live_9aB3xK2mQ7tR"
    code = (
        f'import os\n# old: {hidden}\nx.token = "{PLANTED}"\n"{hidden}"\ny.token = "{OTHER}"\nz.token = "{PLANTED}"\n'
    )
    outcome = move(place, {"mail.py": code, ".gitignore": ".env\n"})
    said = kept(place)
    assert not [secret for secret in (PLANTED, OTHER, hidden) if secret in said]
    accept(place, outcome)
    lines = (place / "mail.py").read_text().splitlines()
    assert lines[2] == 'x.token = os.environ["MAIL_TOKEN"]'
    assert lines[4] == 'y.token = os.environ["MAIL_TOKEN_2"]'
    assert lines[5] == 'z.token = os.environ["MAIL_TOKEN"]'


def test_one_line_alone_and_an_ignored_env_file(place: Path) -> None:
    code = f'import os\nA_TOKEN = "{PLANTED}"\nB_TOKEN = "{OTHER}"\n'
    outcome = move(place, {"a.py": code, "b.py": code}, paths=["a.py"], line=3)
    said = kept(place)
    assert PLANTED not in said
    assert OTHER not in said
    accept(place, outcome)
    assert (place / "a.py").read_text() == f'import os\nA_TOKEN = "{PLANTED}"\nB_TOKEN = os.environ["B_TOKEN"]\n'
    assert (place / "b.py").read_text() == code
    assert (place / ".gitignore").read_text() == ".env\n"


def test_a_protected_example_is_left_and_named(place: Path) -> None:
    write(place, {"a.py": f'import os\nA_TOKEN = "{PLANTED}"\n', ".env.example": "X=1\n", ".gitignore": ".env\n"})
    outcome = run_action(ConfigManage(), "move", place, {}, config={"boundary": {"protected_paths": [".env.example"]}})
    (message,) = [m for m in outcome.messages if m["t"] == "patch"]
    assert message["files"] == ["a.py"]
    assert ".env.example could not be given the names" in message["proof"]["words"]


def test_nothing_hard_coded_passes_and_no_commit_is_unknown(place: Path) -> None:
    outcome = move(place, {"a.py": "x = 1\n"})
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS
    bare = place.parent / "bare"
    bare.mkdir()
    (bare / "a.py").write_text(f'A_TOKEN = "{PLANTED}"\n')
    nothing = run_action(ConfigManage(), "move", bare, {}).result
    assert nothing is not None
    assert nothing.verdict is Verdict.UNKNOWN
    assert "commit" in nothing.summary


def test_the_section_offers_the_move_of_each(place: Path) -> None:
    write(place, {"a.py": f'A_TOKEN = "{PLANTED}"\n'})
    outcome = run_action(ConfigManage(), "hardcoded", place, {})
    (table,) = outcome.sections()["hardcoded"]
    assert table["rows"][1][2]["act"]["options"] == {"paths": ["a.py"], "line": 1}
    assert PLANTED not in json.dumps(table)


def test_a_workspace_that_is_a_folder_of_a_repository(place: Path) -> None:
    write(place, {"inner/a.py": f'import os\nA_TOKEN = "{PLANTED}"\n', ".gitignore": ".env\n"})
    spool = place.parent / "spool"
    spool.mkdir()
    outcome = run_action(ConfigManage(), "move", place / "inner", {}, spool=spool, data=place.parent / "data")
    assert PLANTED not in kept(place)
    accept(place, outcome)
    assert (place / "inner/a.py").read_text() == 'import os\nA_TOKEN = os.environ["A_TOKEN"]\n'
