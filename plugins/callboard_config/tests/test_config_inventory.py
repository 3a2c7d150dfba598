"""`config.inventory`: settings that are read are compared with those that are defined."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_config import ConfigManage

VALUE = "Zq8vT2nK5mRj7Pc1"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def take(place: Path, files: dict[str, str], **options: object) -> Outcome:
    for name, text in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    spool = place.parent / "spool"
    spool.mkdir(exist_ok=True)
    return run_action(ConfigManage(), "inventory", place, options, spool=spool)


def told(outcome: Outcome, rule: str) -> set[tuple[str, str]]:
    """(name, path) of the findings of one rule."""
    return {(f.message.split("'")[1] if "'" in f.message else "", f.path) for f in outcome.findings if f.rule == rule}


def document(outcome: Outcome) -> Any:
    return json.loads(outcome.artifacts["settings.json"].read_text("utf-8"))


def git(place: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(place), *words], check=True, capture_output=True)


PYTHON = """
import os
from os import environ as env, getenv
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic import Field

A = os.environ["REQUIRED_A"]
B = os.getenv("WITH_DEFAULT_B", "x")
C = getenv("PLAIN_C")
D = env.get("PLAIN_D")
NAME = "BY_CONSTANT_E"
E = os.environ[NAME]
F = os.environ[A + "_F"]
if "GUARDED_G" in os.environ:
    G = os.environ["GUARDED_G"]
try:
    H = os.environ["CAUGHT_H"]
except KeyError:
    H = ""
os.environ["SET_HERE_I"] = "1"
I = os.environ["SET_HERE_I"]
# os.environ["IN_A_COMMENT"]
text = 'os.environ["IN_A_STRING"]'

class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="shop_")
    database_url: str
    debug: bool = False
    api_token: str = Field(validation_alias="SHOP_TOKEN")

class More(Settings):
    more_needed: int = Field(...)
"""


def test_every_form_of_reading_in_python(place: Path) -> None:
    outcome = take(place, {"app/main.py": PYTHON, ".env.example": "UNRELATED_Z=\n"})
    missing = {name for name, _ in told(outcome, "setting-missing")}
    assert missing == {
        "REQUIRED_A", "PLAIN_C", "PLAIN_D", "BY_CONSTANT_E", "SHOP_DATABASE_URL", "SHOP_TOKEN",
        "SHOP_MORE_NEEDED",
    }  # fmt: skip
    assert "1 read under names made at run time" in str(outcome.result)
    by_name = {entry["name"]: entry for entry in document(outcome)["settings"]}
    assert by_name["WITH_DEFAULT_B"]["reads"][0]["default"] is True
    assert "IN_A_COMMENT" not in by_name
    assert "IN_A_STRING" not in by_name


SCRIPT = """
const a = process.env.JS_A;
const b = process.env['JS_B'] ?? 'x';
const { JS_C, JS_D = 'y' } = process.env;
const e = import.meta.env.VITE_E;
const f = `${process.env.JS_F}/x`;
// process.env.JS_COMMENT
const g = "process.env.JS_STRING";
process.env.JS_SET = '1';
if (process.env.JS_ASKED) { go(); }
"""


def test_every_form_of_reading_in_scripts(place: Path) -> None:
    outcome = take(place, {"web/src/main.ts": SCRIPT})
    names = {entry["name"] for entry in document(outcome)["settings"]}
    assert names == {"JS_A", "JS_B", "JS_C", "JS_D", "VITE_E", "JS_F", "JS_ASKED"}
    assert {n for n, _ in told(outcome, "setting-missing")} == {"JS_A", "JS_C", "VITE_E", "JS_F"}


def test_a_definition_anywhere_makes_missing_go(place: Path) -> None:
    names = [f"N{number}" for number in range(8)]
    code = "import os\n" + "".join(f'os.environ["{name}"]\n' for name in names)
    definitions = {
        "backend/.env": "N0=1\n",
        "compose.yml": "services:\n  a:\n    environment:\n      N1: x\n  b:\n    environment: [N2=1]\n",
        "Dockerfile": "FROM x\nENV N3=1 \\\n    N4=2\n",
        ".github/workflows/ci.yml": "jobs:\n  t:\n    env:\n      N5: 1\n",
        "run.sh": "export N6=1\n",
        "deploy.yaml": "kind: Deployment\nspec:\n  env:\n    - name: N7\n      value: x\n",
    }
    alone = take(place, {"backend/app.py": code})
    assert {name for name, _ in told(alone, "setting-missing")} == set(names)
    outcome = take(place, definitions)
    assert told(outcome, "setting-missing") == set()


def test_a_required_setting_that_nobody_defines_fails_and_its_definition_mends_it(place: Path) -> None:
    files = {"app.py": 'import os\nos.environ["SHOP_KEY"]\n', ".env.example": "OTHER=\n"}
    broken = take(place, files)
    assert broken.result is not None
    assert broken.result.verdict is Verdict.FAIL
    mended = take(place, {".env.example": "SHOP_KEY=\n"})
    assert mended.result is not None
    assert mended.result.verdict is Verdict.PASS
    assert mended.findings == ()


def test_undocumented_and_unused(place: Path) -> None:
    outcome = take(
        place,
        {
            "api/app.py": 'import os\nos.getenv("NEW_ONE", "1")\nos.getenv("KNOWN", "1")\n',
            "api/.env.example": "KNOWN=\nLEFT_OVER=\n",
            "api/.env": "KNOWN=1\n",
            "api/.env.staging": "KNOWN=1\nONLY_STAGING=1\n",
            "api/.env.production": "KNOWN=1\n",
        },
    )
    assert told(outcome, "setting-undocumented") == {("NEW_ONE", "api/app.py"), ("ONLY_STAGING", "api/.env.staging")}
    assert {n for n, _ in told(outcome, "setting-unused")} == {"LEFT_OVER", "ONLY_STAGING"}


def test_what_a_configuration_file_names_is_used(place: Path) -> None:
    outcome = take(place, {"app.py": "x = 1\n", ".env": "FROM_NGINX=1\n", "site.conf": "listen ${FROM_NGINX};\n"})
    assert told(outcome, "setting-unused") == set()


def test_an_env_file_that_git_tracks(place: Path) -> None:
    git(place, "init", "-q")
    take(place, {".env": f"API_TOKEN={VALUE}\n", "app.py": 'import os\nos.environ["API_TOKEN"]\n'})
    git(place, "add", "-f", ".env")
    outcome = take(place, {})
    (finding,) = [f for f in outcome.findings if f.rule == "env-file-committed"]
    assert (finding.path, finding.severity) == (".env", Severity.HIGH)
    assert VALUE not in json.dumps(outcome.messages)
    assert VALUE not in outcome.artifacts["settings.json"].read_text("utf-8")
    git(place, "rm", "-q", "--cached", ".env")
    ignored = take(place, {".gitignore": ".env\n"})
    assert "env-file-committed" not in ignored.rules()
    assert document(ignored)["files"][0]["path"] == ".env"


def test_compose_reads_and_asks_for_files(place: Path) -> None:
    compose = (
        "services:\n  db:\n    image: x:${TAG_X:-1}\n    env_file: ./db.env\n"
        "    environment:\n      P: ${NEEDED_P:?set it}\n      Q: $${NOT_READ}\n"
    )
    outcome = take(place, {"compose.yaml": compose, "app.py": "x = 1\n"})
    assert {name for name, _ in told(outcome, "setting-missing")} == {"NEEDED_P"}
    assert told(outcome, "env-file-missing") == {("./db.env", "compose.yaml")}


def test_what_compose_hands_on_does_not_define_it_for_compose(place: Path) -> None:
    compose = "services:\n  a:\n    environment:\n      - SMTP_PASSWORD=${SMTP_PASSWORD?needed}\n"
    code = 'import os\nos.environ["SMTP_PASSWORD"]\n'
    outcome = take(place, {"compose.yml": compose, "app.py": code})
    assert told(outcome, "setting-missing") == {("SMTP_PASSWORD", "compose.yml")}
    assert told(take(place, {".env": "SMTP_PASSWORD=\n"}), "setting-missing") == set()


def test_tests_and_what_the_system_brings_are_left_alone(place: Path) -> None:
    code = 'import os\nos.environ["HOME"]\nos.environ["GITHUB_SHA"]\nos.environ["CALLBOARD_USER"]\n'
    outcome = take(place, {"app.py": code, "tests/test_a.py": 'import os\nos.environ["ONLY_IN_TESTS"]\n'})
    assert outcome.findings == ()


def test_lines_that_are_no_setting(place: Path) -> None:
    text = '# comment\nexport A_A=1\nB_B="two\nlines"\nthis is wrong\nA_A=2\n'
    outcome = take(place, {".env": text, "app.py": 'import os\nos.getenv("A_A", "")\nos.getenv("B_B", "")\n'})
    assert [(f.rule, f.line) for f in outcome.findings] == [("env-file-syntax", 5), ("setting-repeated", 6)]


def test_ignored_settings(place: Path) -> None:
    outcome = take(place, {"app.py": 'import os\nos.environ["LEGACY_X"]\n'}, ignore=["LEGACY_*"])
    assert outcome.findings == ()


def test_broken_and_hostile_files_do_not_stop_the_rest(place: Path) -> None:
    outcome = take(
        place,
        {
            "broken.py": "import os\nos.environ[\n",
            "deep.py": "import os\nos.environ\nx = " + "(" * 3_000,
            "compose.yml": "services: " + "[" * 5_000,
            "web.js": "`${" * 20_000 + "`process.env.A",
            "good.py": 'import os\nos.environ["GOOD_ONE"]\n',
            "blank.sh": "export\n" + "\n" * 300_000,
            "blank.yml": "kind: X\n- name: XYZ\n" + "\n" * 300_000,
            ".env": "A=" + " " * 300_000 + "b\n",
        },
    )
    assert {name for name, _ in told(outcome, "setting-missing")} == {"GOOD_ONE"}
    assert outcome.result is not None
    assert outcome.result.summary.endswith(
        "not checked: what is read in 2 files that cannot be parsed (broken.py, deep.py)"
    )


def test_no_code_and_no_env_file_is_unknown(place: Path) -> None:
    outcome = take(place, {"README.md": "hello\n"})
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN


def test_a_misspelt_name_is_said_once_with_both_places(place: Path) -> None:
    code = 'import os\nos.getenv("DATABASE_URL", "sqlite://")\nos.getenv("CACHE_TTL", "1")\n'
    outcome = take(place, {"app.py": code, ".env": "DATABSE_URL=x\nCACHE_TTL=3\n"})
    assert told(outcome, "setting-typo") == {("DATABSE_URL", ".env")}
    assert "app.py:2 reads 'DATABASE_URL'" in next(f.message for f in outcome.findings)
    assert told(outcome, "setting-unused") == set()
    mended = take(place, {".env": "DATABASE_URL=x\nCACHE_TTL=3\n"})
    assert mended.findings == ()
    (place / "web").mkdir()
    bundled = {
        "web/a.ts": "import.meta.env.VITE_TITLE ?? 'x'; import.meta.env.VITE_B",
        "web/.env": "VITE_TITEL=a\nVITE_C=1\n",
    }
    assert told(take(place, bundled), "setting-typo") == {("VITE_TITEL", "web/.env")}
    example = take(
        place, {"web/.env": "", "web/.env.example": "VITE_TITLE=\n", "web/.env.production": "VITE_TITLLE=a\n"}
    )
    assert told(example, "setting-typo") == {("VITE_TITLLE", "web/.env.production")}
    compose = "services:\n  a:\n    environment:\n      CACHE_TTTL: 3\n"
    assert told(take(place, {"compose.yml": compose, ".env": "", "web/.env.production": ""}), "setting-typo") == {
        ("CACHE_TTTL", "compose.yml")
    }


TOOLS = {
    "pyproject.toml": '[tool.hatch.envs.default.env-vars]\nN0 = "1"\n[tool.pytest_env]\nX = "1"\n[tool.poe]\nenv = {N1 = "1"}\n',
    "tox.ini": "[testenv]\nsetenv =\n    N2 = 1\n    N3=2\ncommands = pytest\n",
    "pytest.ini": "[pytest]\nenv =\n    D:N4=1\n",
    "noxfile.py": "def tests(session):\n    session.env['N5'] = '1'\n",
    "Procfile": "web: N6X=1 gunicorn app\n",
    "package.json": '{"scripts": {"start": "cross-env N7X=1 node ."}}',
    "render.yaml": "services:\n  - type: web\n    envVars:\n      - key: N8\n        sync: false\n",
    "fly.toml": '[env]\nN9 = "1"\n',
    "k8s/config.yaml": "apiVersion: v1\nkind: ConfigMap\ndata:\n  N10: a\n---\nkind: Secret\nstringData:\n  N11: {{ .Values.x }}\n",
    ".gitlab-ci.yml": "variables:\n  N12: 1\njob:\n  variables:\n    N13: 2\n",
}


def test_tools_and_platforms_define_settings(place: Path) -> None:
    names = [f"N{number}" if number not in (6, 7) else f"N{number}X" for number in range(14)]
    code = "import os\n" + "".join(f'os.environ["{name}"]\n' for name in names)
    assert len(told(take(place, {"app.py": code}), "setting-missing")) == len(names)
    assert told(take(place, TOOLS), "setting-missing") == set()


def test_secrets_that_a_bundler_gives_to_browsers(place: Path) -> None:
    files = {
        "package.json": '{"dependencies": {"vite": "5"}}',
        "vite.config.ts": "export default {}\n",
        "src/a.ts": "import.meta.env.VITE_API_SECRET; import.meta.env.VITE_TITLE; import.meta.env.API_ROOT;"
        " process.env.NEXT_PUBLIC_SUPABASE_ANON_KEY; process.env.SESSION_SECRET;",
    }
    outcome = take(place, files)
    assert told(outcome, "setting-public-secret") == {("VITE_API_SECRET", "src/a.ts")}
    assert told(outcome, "setting-not-exposed") == {("API_ROOT", "src/a.ts")}
    configured = take(place, {"vite.config.ts": "export default { envPrefix: 'API_' }\n"})
    assert told(configured, "setting-not-exposed") == set()


def test_the_section_shows_names_and_places_and_no_value(place: Path) -> None:
    code = 'import os\nos.environ["SHOP_TOKEN"]\nos.getenv("COLOUR", "red")\n'
    outcome = take(place, {"app.py": code, ".env.production": f"SHOP_TOKEN={VALUE}\n"})
    figures, table, _ = outcome.sections()["settings"]
    assert {figure["label"]: figure["value"] for figure in figures["figures"]}["with a default"] == 1
    assert table["columns"] == ["Setting", "Read at", "Default", "Defined in", "For", "Secret"]
    rows = {row[0]: [cell["text"] if isinstance(cell, dict) else cell for cell in row[1:]] for row in table["rows"]}
    assert rows["SHOP_TOKEN"] == ["app.py:2", "no, and stops without", ".env.production", "production", "yes"]
    assert rows["COLOUR"][1:3] == ["yes", "nowhere"]
    assert VALUE not in json.dumps(outcome.messages)
    assert outcome.metrics()["config.settings.missing"] == 0


def test_values_that_the_code_cannot_read(place: Path) -> None:
    code = (
        "class S(BaseSettings):\n    port: int\n    ratio: float | None = None\n    debug: bool = False\n"
        "    hosts: list[str] = []\n    name: str = ''\n"
    )
    wrong = f"PORT={VALUE}\nRATIO=half\nDEBUG=maybe\nHOSTS=a,b\nNAME=1\n"
    outcome = take(place, {"app.py": code, ".env": wrong, ".env.example": "PORT=\nRATIO=\nDEBUG=\nHOSTS=\nNAME=\n"})
    assert told(outcome, "setting-type") == {(name, ".env") for name in ("PORT", "RATIO", "DEBUG", "HOSTS")}
    assert VALUE not in json.dumps(outcome.messages)
    right = 'PORT=80\nRATIO=.5\nDEBUG=on\nHOSTS=["a"]\nNAME=x\n'
    assert told(take(place, {".env": right}), "setting-type") == set()
    validated = code + "    @field_validator('hosts', mode='before')\n    def f(cls, v): return v.split(',')\n"
    assert told(take(place, {".env": wrong, "app.py": validated}), "setting-type") == set()
