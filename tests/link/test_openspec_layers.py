"""Each change goes into a layer with a reason: the team's rules before the built-in ones."""

from pathlib import Path

import pytest

from callboard.config import config_from
from callboard.errors import ConfigError
from callboard.link.openspec import Change, Placed, Roadmap, Section, layers_of
from callboard.link.openspec.layers import layer_of

TOML = """
[roadmap]
layer = "low"

[[layers]]
layer = "critical"
path = "*/specs/payments/*"

[[layers]]
layer = "high"
label = "customer:*"
section = "*rollout*"

[[layers]]
layer = "medium"
key = "team"
value = "web"

[changes.pinned]
layer = "high"
after = ["base"]
"""
TABLES = config_from(TOML, Path("callboard.toml")).roadmap


def change(name: str, keys: dict[str, object] | None = None, files: tuple[str, ...] = (), section: str = "") -> Change:
    return Change(name, f"openspec/changes/{name}", keys=keys or {}, files=files, sections=(Section(section, "", 1),))


@pytest.mark.parametrize(
    ("one", "layer", "why"),
    [
        (change("pinned", {"priority": "low"}), "high", "[changes.pinned] says so"),
        (
            change("x", files=("openspec/changes/x/specs/payments/spec.md",)),
            "critical",
            "rule 1 in callboard.toml (line 5): path",
        ),
        (change("x", {"labels": ["a", "Customer:42"]}, section="3. Rollout plan"), "high", "rule 2"),
        (change("x", {"labels": ["customer:42"]}), "low", "no rule fits; low is the default"),
        (change("x", {"team": "web"}), "medium", "team is web"),
        (change("x", {"priority": "P0"}), "critical", "priority is P0 in its .openspec.yaml"),
        (change("x", {"tags": "docs, later"}), "low", "label docs"),
        (change("fix-login"), "high", "its name begins with fix"),
        (change("fixture-cleanup"), "low", "no rule fits"),
    ],
)
def test_the_layer_and_its_reason(one: Change, layer: str, why: str) -> None:
    placed = layer_of(one, TABLES)
    assert placed.layer == layer
    assert why in placed.why


def test_what_several_wait_for_is_high() -> None:
    waiting = [Change(name, name, depends_on=("base",)) for name in ("a", "b")]
    roadmap = Roadmap(there=True, changes=(*waiting, Change("base", "base")))
    assert layers_of(roadmap, TABLES)["base"] == Placed("high", "2 changes wait for it")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[[layers]]\nlayer = "urgent"\npath = "x"', 2, "one of critical, high, medium, low"),
        ('[[layers]]\npath = "x"', 1, "does not say which"),
        ('[[layers]]\nlayer = "low"', 1, "does not say what fits"),
        ('\n[[layers]]\nlayer = "low"\npath = "x"\nvalue = 3', 5, "with 'key' only"),
        ('[layers]\nlayer = "low"', 1, "write each rule as [[layers]]"),
        ("[roadmap]\nfolder = '../x'", 2, "inside of the workspace"),
        ("[roadmap]\nstale = 3", 2, "stale_days"),
        ("[milestones.beta]\ntitle = 'Beta'", 1, "names no changes"),
        ("[milestones.beta]\nchanges = ['a']\ndue = 'soon'", 3, "2026-12-24"),
        ("[changes.a]\nafter = ['b']\n[changes.b]\nafter = ['a']", 2, "wait for each other"),
    ],
)
def test_a_mistake_in_the_tables_is_told_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as told:
        config_from(text, Path("callboard.toml"))
    assert words in str(told.value)
    assert told.value.line == line


def test_the_tables_say_what_was_written() -> None:
    tables = config_from(
        "[milestones.beta]\nchanges = ['a', 'pay-*']\ndue = 2026-12-24\n[roadmap]\nwrite = true", Path("c")
    ).roadmap
    assert tables.milestones["beta"].due == "2026-12-24"
    assert tables.milestones["beta"].title == "beta"
    assert tables.roadmap.write
    assert tables.roadmap.folder == "openspec"
