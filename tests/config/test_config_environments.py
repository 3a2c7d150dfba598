"""`[environments.NAME]`: what may be written down, and that each mistake is told with its line."""

from pathlib import Path

import pytest

from callboard.config.reading import config_from
from callboard.errors import ConfigError

GOOD = """
[environments.staging]
command = ["python3", "app.py", "{port}"]
port = 8080
build = [["python3", "-m", "compileall", "."], ["true"]]
health = {url = "/healthz", status = [200, 204], within = "30s", steady = 3}
keep = 4
gate = ["quality.tests*"]
needs = {disk_mb = 10, memory_mb = 10, ports = [9000]}

[environments.boxes]
kind = "compose"
file = "compose.yaml"
services = ["web"]

[environments.old]
kind = "script"
start = ["deploy/start.sh"]
stop = ["deploy/stop.sh"]
health = {command = ["deploy/ok.sh"]}
"""
PROCESS = "[environments.s]\ncommand = ['x']\nport = 8080\n"


def test_three_kinds_are_read_as_they_are_written(tmp_path: Path) -> None:
    table = config_from(GOOD, tmp_path / "callboard.toml").table["environments"]
    assert list(table) == ["staging", "boxes", "old"]
    assert table["staging"]["health"] == {"url": "/healthz", "status": [200, 204], "within": "30s", "steady": 3}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[environments.s]\nport = 8080\n", 1, "is of kind process and has no 'command'"),
        ("[environments.s]\ncommand = ['x']\n", 1, "has no 'port'"),
        (PROCESS + "file = 'compose.yaml'\n", 4, "is of kind process, which has no 'file'"),
        ("[environments.s]\nkind = 'compose'\n", 1, "has no 'file'"),
        ("[environments.s]\nkind = 'kubernetes'\n", 2, "must be one of process, compose, script"),
        ("[environments.s]\ncommand = ['x']\nport = 6770\n", 3, "boundary.protected_ports"),
        (PROCESS + "needs = {ports = [5173]}\n", 4, "boundary.protected_ports"),
        (PROCESS + "folder = '.git/hooks'\n", 4, "lies in git's own folder"),
        (PROCESS + "health = {url = '/', statsu = 200}\n", 4, "Did you mean 'status'?"),
        (PROCESS + "health = {url = '/', tcp = true}\n", 4, "it asks by url and by tcp"),
        (PROCESS + "health = {within = 'soon'}\n", 4, "must be a time such as '30s'"),
        (PROCESS + "health = {steady = 0}\n", 4, "from 1 to 100"),
        (PROCESS + "health = {command = [['x']]}\n", 4, "must be one list of words"),
        (PROCESS + "health = {log = ''}\n", 4, "words that its output shows"),
        (PROCESS + "health = '/healthz'\n", 4, "it must be a table"),
        (PROCESS + "build = [['npm', 'ci'], 'make']\n", 4, "a list of such lists"),
        (PROCESS + "needs = {disk = 5}\n", 4, "Did you mean 'disk_mb'?"),
        (PROCESS + "needs = {memory_mb = 'much'}\n", 4, "must be a number of MiB"),
        ("[environments.'a b']\ncommand = ['x']\nport = 80\n", 1, "is no name of an environment"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config_from(text, tmp_path / "callboard.toml")
    assert words in str(caught.value)
    assert caught.value.line == line
