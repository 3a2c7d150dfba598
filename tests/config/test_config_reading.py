"""`callboard.toml` is read whole, and every fault is told with its line and a mend."""

import json
from pathlib import Path

import pytest

from callboard.config import config_from, default_config, read_config
from callboard.config.tables import NAMED, SINGLE
from callboard.core.boundary import Boundary
from callboard.core.resources import Lock
from callboard.core.task import Priority
from callboard.errors import BoundaryError, ConfigError

FULL = """
[workspace]
name = "shop"
pipeline = "quick"

[boundary]
protected_paths = ["deploy/**"]
protected_ports = [8080]
live_hosts = ["shop.example"]
live_reads = true

[engine]
parallelism = 3
cpu_reserve = 0.5

[agents.quality]
concurrency = 2
threshold = {lines = 80}

[services.api]
command = ["uvicorn", "app:app"]
port = 8001
health = "http://127.0.0.1:{port}/health"
env = {MODE = "test"}

[endpoints.home]
url = "https://shop.example/"
expect = [200, 301]

[jobs."quality.tests"]
options = {pattern = "tests"}
locks = ["db:dev", "shared:disk"]
resources = {gpu = 1}
cpus = 1.5
needs = ["build"]

[jobs.build]
command = ["make", "all"]
folder = "backend"

[pipelines.quick]
jobs = ["quality.*"]
priority = "high"

[schedules.nightly]
cron = "0 2 * * mon-fri"
zone = "Europe/Berlin"
quiet = "22:00-06:00"

[schedules.often]
every = "1h30m"
pipeline = "default"

[schedules.once]
at = 2026-12-24T18:00:00
"""


def written(folder: Path, text: str) -> Path:
    (folder / "callboard.toml").write_text(text, "utf-8")
    return folder


def test_everything_that_is_written_down_arrives(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, FULL))
    assert (config.name, config.pipeline, config.detect, config.exists) == ("shop", "quick", True, True)
    assert config.engine.parallelism == 3
    assert config.agents["quality"].concurrency == 2
    assert config.agents["quality"].settings == {"threshold": {"lines": 80}}
    job = config.jobs["quality.tests"]
    assert job.locks == (Lock("db:dev"), Lock("disk", shared=True))
    assert (job.resources, job.cpus, job.needs, job.memory_mb) == ((("gpu", 1.0),), 1.5, ("build",), None)
    assert config.jobs["build"].command == ("make", "all")
    assert config.pipelines["quick"].priority is Priority.HIGH
    assert config.schedules["nightly"].pipeline == "quick"
    assert config.schedules["often"].every_s == 5_400
    assert config.schedules["once"].at == "2026-12-24T18:00:00"
    assert config.services["api"]["port"] == 8001
    assert json.loads(json.dumps(config.table)) == config.table


def test_the_boundary_keeps_its_paths_and_lets_the_team_list_its_ports(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, FULL))
    assert config.boundary.protected_paths == (*Boundary().protected_paths, "deploy/**")
    assert config.boundary.protected_ports == (8080,)
    assert config.table["boundary"]["test_hosts"] == ["127.0.0.1", "localhost", "::1"]


def test_without_a_file_the_safe_defaults_hold(tmp_path: Path) -> None:
    config = read_config(tmp_path)
    assert config.table == default_config().table
    assert not config.exists
    assert config.detect
    assert config.boundary.protected_ports == (5173, 6770)
    assert config.table["boundary"]["protected_ports"] == [5173, 6770]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x = 1\n[workspace]\n", 1, "no table [x]"),
        ("\n[worksapce]\n", 2, "Did you mean 'workspace'?"),
        ("[jobs.a]\ncommand = ['x']\ncpu = 1\n", 3, "has no key 'cpu'. Did you mean 'cpus'?"),
        ("[jobs.a]\ncommand = 'make all'\n", 2, "must be a list of texts"),
        ("[jobs.a]\ncommand = []\n", 2, "must be a list of words"),
        ("[jobs.a]\ncommand = ['x']\naction = 'a.b'\n", 2, "both an action and a command"),
        ("[jobs.a]\nfolder = '../other'\n", 2, "inside of the workspace"),
        ("[jobs.a]\ncpus = nan\n", 2, "must be a number"),
        ("[jobs.a]\nattempts = 0\n", 2, "from 1 to 100"),
        ("[jobs.a]\nattempts = true\n", 2, "is true; it must be a whole number"),
        ("[jobs.a]\nlocks = ['x', \"sh\\u0001\"]\n", 2, "it must be a list of texts"),
        ("[jobs.a]\nlocks = ['x', '']\n", 2, "is no name of a lock"),
        ("[jobs.a]\nresources = {gpu = 'two'}\n", 2, "'gpu' must be a number above 0"),
        ("[jobs.a]\n\n[jobs.a]\n", 3, "'jobs.a' is written down twice"),
        ("[jobs]\na = 1\n", 2, "is 1; it must be a table"),
        ("[boundary]\nprotected_ports = [5173, 70000]\n", 2, "from 1 to 65535"),
        ("[services.web]\ncommand = ['npm']\nport = 5173\n", 3, "rule: boundary.protected_ports"),
        ("[services.web]\nport = 8000\n", 1, "has no command"),
        ("[services.web]\ncommand = ['x']\nenv = {'A B' = 'x'}\n", 3, "no name of an environment variable"),
        ("[endpoints.a]\nurl = 'ftp://x'\n", 2, "must be an address"),
        ("[endpoints.a]\nurl = 'http://x'\nmethod = 'get'\n", 3, "one of GET"),
        ("[endpoints.a]\nurl = 'http://x'\nexpect = 'ok'\n", 3, "must be an HTTP status"),
        ("[pipelines.p]\npriority = 'hihg'\n", 2, "Did you mean 'high'"),
        ("[workspace]\npipeline = 'quik'\n[pipelines.quick]\n", 2, "Did you mean 'quick'?"),
        ("[schedules.n]\ncron = '0 25 * * *'\n", 2, "'25' is no hour"),
        ("[schedules.n]\ncron = '@daily'\n", 2, "five fields"),
        ("[schedules.n]\nevery = '5 minutes'\n", 2, "write it as '90s'"),
        ("[schedules.n]\nat = '24.12.2026'\n", 2, "write it as '2026-12-24T18:00:00'"),
        ("[schedules.n]\nevery = '5m'\nzone = 'Mars/Base'\n", 3, "no such time zone"),
        ("[schedules.n]\nevery = '5m'\nquiet = '22-6'\n", 3, "22:00-06:00"),
        ("[schedules.n]\nevery = '5m'\ncron = '0 2 * * *'\n", 2, "exactly one of"),
        ("[schedules.n]\n", 1, "does not say when"),
        ("[schedules.n]\non = ['comit']\n", 2, "is no event"),
        ("[schedules.n]\nevery = '5m'\npipeline = 'x'\n", 3, "no pipeline 'x'"),
        ("[workspace]\nname = 3\n", 2, "is 3; it must be a text"),
        ("a = 1\nb = = 2\n", 2, "no valid TOML"),
        ("[jobs.a\n", 1, "no valid TOML"),
        ("[agents.quality]\nconcurrency = 0\n", 2, "from 1 to 1000"),
    ],
)
def test_a_fault_is_told_with_its_line_and_a_mend(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(written(tmp_path, text))
    assert words in str(caught.value)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"{tmp_path}/callboard.toml:{line}: ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = '\xff'\n", "UTF-8"),
        (b"[workspace]\nname = " + b"[" * 20_000, "nested too deeply"),
        (b"#" * 1_000_001, "larger than"),
        (b"[jobs.a]\ncpus = " + b"9" * 5_000 + b"\n", "no valid TOML"),
    ],
)
def test_hostile_files_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "callboard.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        read_config(tmp_path)


def test_a_folder_or_a_broken_link_in_its_place_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "callboard.toml").mkdir()
    with pytest.raises(ConfigError, match="it is no file"):
        read_config(tmp_path)
    (tmp_path / "callboard.toml").rmdir()
    (tmp_path / "callboard.toml").symlink_to(tmp_path / "gone")
    with pytest.raises(ConfigError, match="it is no file"):
        read_config(tmp_path)


def test_every_key_is_explained() -> None:
    for fields in (*SINGLE.values(), *NAMED.values()):
        for name, field in fields.items():
            assert len(field.help) > 10, name


@pytest.mark.parametrize(
    ("days", "named"),
    [
        ("*", "*"),
        ("0", "sun"),
        ("7", "sun"),
        ("1-5", "mon,tue,wed,thu,fri"),
        ("5-7", "sun,fri,sat"),
        ("fri-sun", "sun,fri,sat"),
        ("sun-sat", "*"),
        ("*/2", "sun,tue,thu,sat"),
        ("1/2", "mon,wed,fri"),
        ("mon,3", "mon,wed"),
    ],
)
def test_days_of_the_week_mean_what_cron_means(tmp_path: Path, days: str, named: str) -> None:
    config = read_config(written(tmp_path, f"[schedules.n]\ncron = '0 2 * * {days}'\n"))
    assert config.schedules["n"].cron == f"0 2 * * {named}"


def test_templates_of_settings_can_be_protected_again(tmp_path: Path) -> None:
    config = config_from('[boundary]\nprotected_paths = [".env.*", "!.env.test"]\n', tmp_path / "callboard.toml")
    config.boundary.check_path(".env.test")
    config.boundary.check_path("backend/.env.example")
    for path in (".env.example", ".env.local", "backend/.env.test"):
        with pytest.raises(BoundaryError):
            config.boundary.check_path(path)
