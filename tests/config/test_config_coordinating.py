"""`[coordination]` as it is written down; a slip of the pen is told with its line and its mend."""

from pathlib import Path

import pytest

from callboard.config import config_from
from callboard.core.yielding import Rule
from callboard.errors import ConfigError

FILE = Path("/w/callboard.toml")
API = "[endpoints.api]\nurl = 'http://127.0.0.1:9/'\n"


def test_nothing_is_on_by_itself() -> None:
    rule = config_from("", FILE).coordination
    assert (rule, rule.on("quiet"), rule.on("yield"), rule.handoff) == (Rule(), False, False, False)


def test_all_of_it() -> None:
    rule = config_from(
        API
        + "[crews.journal]\nlog = 'a.log'\n[coordination]\nquiet = true\nquiet_workflows = 2\nquiet_crews = ['journal']\n"
        "yield_endpoints = ['api']\nyield_p95_ms = 500\nyield_success = 99.5\nyield_window = 90\nresume_after = '1m'\n"
        "at_most = '2h'\nheavy_cpus = 2\nheavy_memory_mb = 512\nheavy_jobs = ['a*']\nlight_jobs = ['b']\nhandoff = true\n",
        FILE,
    ).coordination
    assert rule == Rule(
        True, 2, ("journal",), ("api",), 500, 99.5, 90.0, 60.0, 300.0, 7200.0, 2, 512, ("a*",), ("b",), True
    )


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[coordination]\nquite = true\n", 2, "no key 'quite'. Did you mean 'quiet'"),
        ("[coordination]\nat_most = 'for ever'\n", 2, "write it as '90s', '15m'"),
        ("[coordination]\nresume_after = -1\n", 2, "from 0.05 s to 30 days"),
        ("[coordination]\nresume_after = true\n", 2, "or as seconds"),
        ("[coordination]\nyield_endpoints = ['apii']\nyield_p95_ms = 5\n" + API, 2, "no endpoint 'apii'. Did you mean 'api'?"),
        ("[coordination]\nyield_endpoints = ['api']\nyield_p95_ms = 5\n", 2, "Known: none; write [endpoints.api]"),
        ("[coordination]\nyield_p95_ms = 5\n", 2, "does not say of what; write yield_endpoints = ['NAME']"),
        ("[coordination]\nyield_endpoints = ['api']\n" + API, 2, "no limit; write yield_p95_ms = 500"),
        ("[coordination]\nyield_endpoints = ['api']\nyield_p95_ms = 5\n" + API + "method = 'POST'\n", 2, "asked with POST"),
        ("[coordination]\nquiet_crews = ['jornal']\n[crews.journal]\nlog = 'a.log'\n", 2, "no crew 'jornal'. Did you mean"),
        ("[coordination]\nlight_jobs = ['']\n", 2, "a name in it is empty"),
        (API + "watch = 'often'\n", 3, "'watch' in [endpoints.api]"),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as told:
        config_from(text, FILE)
    assert words in str(told.value)
    assert f"callboard.toml:{line}" in str(told.value) or told.value.line == line
