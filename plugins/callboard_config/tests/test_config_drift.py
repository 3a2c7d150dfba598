"""`config.drift`: what differs between environments is found; what is meant to differ is left alone; no value is shown."""

import json
from pathlib import Path

import pytest

from callboard.api import Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_config import ConfigManage
from callboard_config.environments import environment_of

PLANTED = "Zq8vT2nK5mRj7Pc1"
OTHER = "Wm4xB9sLq3Yt6Hd0"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def drift(place: Path, files: dict[str, str], **options: object) -> Outcome:
    for name, text in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    spool = place.parent / "spool"
    spool.mkdir(exist_ok=True)
    outcome = run_action(ConfigManage(), "drift", place, options, spool=spool, data=place.parent / "data")
    stored = "".join(
        p.read_bytes().decode("latin-1")
        for folder in ("spool", "data")
        for p in (place.parent / folder).rglob("*")
        if p.is_file()
    )
    assert PLANTED not in stored
    assert OTHER not in stored
    return outcome


def told(outcome: Outcome, rule: str) -> set[tuple[str, str]]:
    return {(f.message.split("'")[1], f.path) for f in outcome.findings if f.rule == rule}


def test_what_an_environment_lacks(place: Path) -> None:
    outcome = drift(
        place,
        {
            "api/.env.development": "A=1\nB=2\n",
            "api/.env.production": "A=1\n",
            "api/.env.staging": "A=1\nC=3\n",
            "api/.env.example": "A=\n",
            "web/.env.development": "W=1\n",
            "web/.env.production": "W=1\n",
        },
    )
    assert told(outcome, "setting-drift") == {
        ("C", "api/.env.development"), ("B", "api/.env.staging"), ("B", "api/.env.production"), ("C", "api/.env.production"),
    }  # fmt: skip
    worst = {f.path: f.severity for f in outcome.findings}
    assert worst["api/.env.production"] is Severity.MEDIUM
    assert worst["api/.env.development"] is Severity.LOW
    mended = drift(place, {f"api/.env.{e}": "A=1\nB=2\nC=3\n" for e in ("development", "production", "staging")})
    assert mended.findings == ()
    assert mended.result is not None
    assert mended.result.verdict is Verdict.PASS
    assert "2 groups" in mended.result.summary


def test_an_env_file_is_compared_with_its_example(place: Path) -> None:
    outcome = drift(place, {".env.example": "A=\nB=\n", ".env": "A=1\nMINE=1\n", ".env.local": "X=1\n"})
    assert told(outcome, "setting-drift") == {("B", ".env")}


def test_files_below_all_environments_count_where_a_bundler_reads_them_so(place: Path) -> None:
    files = {".env": "BASE=1\n", ".env.development": "A=1\n", ".env.production": "A=2\nBASE=3\n"}
    layered = drift(place, {**files, "package.json": '{"devDependencies": {"vite": "5"}}'})
    assert told(layered, "setting-drift") == set()
    plain = drift(place, {"package.json": "{}"})
    assert told(plain, "setting-drift") == {("BASE", ".env.development")}


def test_services_and_folders_are_compared_with_their_own_kind(place: Path) -> None:
    outcome = drift(
        place,
        {
            "envs/db.prod.env": "P=1\n", "envs/db.dev.env": "P=1\nQ=1\n", "envs/web.prod.env": "W=1\n", "envs/web.dev.env": "W=1\n",
            "deploy/production/api.env": "A=1\n", "deploy/staging/api.env": "A=1\nB=1\n", "tests/.env.test": "T=1\n",
        },
    )  # fmt: skip
    assert told(outcome, "setting-drift") == {("Q", "envs/db.prod.env"), ("B", "deploy/production/api.env")}


def test_compose_overrides_per_service(place: Path) -> None:
    def service(*names: str) -> str:
        return "services:\n  api:\n    environment:\n" + "".join(f"      {name}: x\n" for name in names)

    outcome = drift(
        place,
        {
            "compose.yml": service("ALL"),
            "compose.dev.yml": service("A", "MAIL"),
            "compose.prod.yml": service("A"),
        },
    )
    assert told(outcome, "setting-drift") == {("MAIL", "compose.prod.yml")}


def test_types_that_differ(place: Path) -> None:
    outcome = drift(
        place,
        {
            ".env.development": "FLAG=true\nPORT=1\nURL=http://a.test\nNAME=x\nREF=${X}\n",
            ".env.production": "FLAG=1\nPORT=eighty\nURL=https://b.shop\nNAME=y z\nREF=3\n",
        },
    )
    assert {name for name, _ in told(outcome, "setting-type-drift")} == {"FLAG", "PORT"}


def test_the_same_secret_in_two_environments(place: Path) -> None:
    files = {
        ".env.production": f"API_TOKEN={PLANTED}\nTITLE=same-title-everywhere1\n",
        ".env.staging": f"API_TOKEN={PLANTED}\nTITLE=same-title-everywhere1\n",
    }
    outcome = drift(place, files)
    (finding,) = outcome.findings
    assert (finding.rule, finding.severity, finding.path, finding.line) == (
        "secret-shared", Severity.HIGH, ".env.production", 1,
    )  # fmt: skip
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.FAIL
    assert drift(place, {".env.staging": f"API_TOKEN={OTHER}\nTITLE=same-title-everywhere1\n"}).findings == ()


def test_leftovers_of_development_in_production(place: Path) -> None:
    outcome = drift(
        place,
        {
            ".env.development": "API_TOKEN=changeme\nDEBUG=true\nDB_URL=postgresql://localhost/x\n",
            ".env.production": "API_TOKEN=changeme\nDEBUG=true\nDB_URL=postgresql://localhost/x\n",
        },
    )
    assert told(outcome, "setting-leftover") == {
        ("API_TOKEN", ".env.production"), ("DEBUG", ".env.production"), ("DB_URL", ".env.production"),
    }  # fmt: skip
    fine = f"API_TOKEN={PLANTED}\nDEBUG=false\nDB_URL=postgresql://db.shop/x\n"
    assert drift(place, {".env.production": fine}).findings == ()


def test_the_section_says_which_is_set_where(place: Path) -> None:
    outcome = drift(place, {".env.development": f"A=1\nTOKEN={PLANTED}\nC=\n", ".env.production": "A=1\nC=1\n"})
    (table,) = outcome.sections()["environments"]
    assert table["columns"] == ["Setting", "development", "production"]
    rows = [[cell["text"] if isinstance(cell, dict) else cell for cell in row] for row in table["rows"]]
    assert rows == [["C", "empty", "set"], ["TOKEN", "set", "missing"]]
    assert "1 setting set alike" in table["title"]
    assert PLANTED not in json.dumps(outcome.messages)


def test_ignored_names_and_nothing_to_compare(place: Path) -> None:
    outcome = drift(place, {".env.development": "LEGACY_A=1\n", ".env.production": "B=1\n"}, ignore=["LEGACY_*", "B"])
    assert outcome.findings == ()
    alone = place.parent / "alone"
    alone.mkdir()
    (alone / ".env").write_text("A=1\n")
    result = run_action(ConfigManage(), "drift", alone).result
    assert result is not None
    assert result.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("path", "label"),
    [
        (".env", "default"),
        ("a/.env.prod", "production"),
        ("prod.env", "production"),
        (".env.production.local", "production"),
        (".env.local", "local"),
        (".env.production.example", "example"),
        ("deploy/staging/.env", "staging"),
        ("compose.override.yml", "development"),
        ("live/x.env", "production"),
        (".env.deliver", "default"),
    ],
)
def test_the_environment_is_read_from_the_path(path: str, label: str) -> None:
    assert environment_of(path) == label
