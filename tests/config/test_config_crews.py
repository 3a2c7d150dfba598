"""Crews are written down in [crews.NAME]; what does not fit is told with line and mend."""

from pathlib import Path

import pytest

from callboard.config import config_from
from callboard.errors import ConfigError

GOOD = """\
[crews.journal]
title = "The journal"
agents = ["Scout", "Writer"]
status = "http://127.0.0.1:8000/status"
socket = "wss://127.0.0.1/ws"
checkpoints = ".checkpoints"
log = "/var/log/crew.txt"
every = "2s"
fields = {workflows = "data.jobs", id = ["odd.key", "id"]}

[crews.plain]
"""


def test_a_crew_has_its_roles_and_its_sources() -> None:
    crews = config_from(GOOD, Path("callboard.toml")).crews
    journal = crews["journal"]
    assert (journal.agents, journal.status) == (("Scout", "Writer"), ("http://127.0.0.1:8000/status",))
    assert (journal.every_s, journal.watched, crews["plain"].watched) == (2.0, True, False)
    assert journal.fields == {"workflows": ("data", "jobs"), "id": ("odd.key", "id")}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('status = "ftp://x/"', "it must be an address such as 'http://"),
        ('status = ["http://ann:secret@x/"]', "must not hold a user and a password"),
        ("status = []", "or a list of them"),
        ('socket = "http://127.0.0.1/"', "such as 'ws://"),
        ('log = "../crew.txt"', "leads out of the workspace; write an absolute path"),
        ('checkpoints = "~/x"', "or an absolute path"),
        ('agents = ["Scout", "Scout"]', "'Scout' is named twice"),
        ('every = "0s"', "from 1s to 366d"),
        ('fields = {worflows = "x"}', "Did you mean 'workflows'"),
        ("fields = {id = 5}", "must be a path of keys"),
        ('stauts = "x"', "Did you mean 'status'"),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(line: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r"callboard\.toml:2:") as caught:
        config_from(f"[crews.a]\n{line}\n", Path("callboard.toml"))
    assert words in str(caught.value)


def test_a_name_must_be_plain() -> None:
    with pytest.raises(ConfigError, match="is no name of a crew"):
        config_from('[crews."<b>"]\n', Path("callboard.toml"))
