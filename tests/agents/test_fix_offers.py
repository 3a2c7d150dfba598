"""What plugins offer for a case is asked away from this process and checked."""

from pathlib import Path

from callboard.agents.catalogue import scan
from callboard.agents.fixes import offers
from callboard.work.fixes import Symptom
from plugin_maker import make_plugin

PLUGIN = """
from dataclasses import dataclass
from callboard.api import Agent, Effects, Fix, action, hookimpl, option, passed

@dataclass(frozen=True, slots=True)
class Options:
    depth: int = option(1, minimum=1)

class Mine(Agent):
    name = "{name}"

    @action("Mend", options=Options)
    def mend(self, ctx, options):
        return passed("mended")

    @action("Deploy", effects=Effects(environment="live"))
    def deploy(self, ctx, options):
        return passed("up")

    @action("Once", effects=Effects(idempotent=False))
    def once(self, ctx, options):
        return passed("done")

@hookimpl
def callboard_agents():
    return [Mine()]

@hookimpl
def callboard_fixes({arguments}):
    {body}
"""

SEEN = (
    Symptom("lint", rule="E1", path="a.py", line=1, message="m", options={"x": 1}, tests=("t::a",)),
    Symptom("lint", rule="E1", path="b.py"),
    Symptom("tests", kind="test", rule="other"),
)


def site(tmp_path: Path, arguments: str = "symptom", **bodies: str) -> Path:
    for name, body in bodies.items():
        make_plugin(tmp_path / "site", name, PLUGIN.format(name=name, body=body, arguments=arguments))
    return tmp_path / "site"


def test_offers_arrive_whole_and_one_for_several_symptoms_is_one(tmp_path: Path) -> None:
    place = site(
        tmp_path,
        "symptom, workspace",
        one="return [Fix('one.mend', dict(depth=2), f'{symptom.rule} of {len(workspace.files)} files', ('tests',))] "
        "if symptom.rule == 'E1' else None",
        two="return [Fix('two.mend')] if symptom.kind == 'test' and symptom.check == 'tests' else []",
    )
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.py").write_text("x = 1\n")
    found = offers(SEEN, tmp_path / "work", scan(paths=[place]), paths=[place])
    told = [(o.fix.action, dict(o.fix.options), o.fix.words, o.fix.tests, o.plugin, o.symptoms) for o in found.offers]
    assert told == [
        ("one.mend", {"depth": 2}, "E1 of 1 files", ("tests",), "one", (0, 1)),
        ("two.mend", {}, "", (), "two", (2,)),
    ]
    assert found.troubles == ()


def test_what_breaks_or_would_do_more_than_propose_is_told_and_left_out(tmp_path: Path) -> None:
    place = site(
        tmp_path,
        good="return [Fix('good.mend')]",
        dies="import os; os._exit(9)",
        raises="raise KeyError('x')",
        unknown="return [Fix('unknown.mnd')]",
        options="return [Fix('options.mend', dict(depth=0))]",
        live="return [Fix('live.deploy')]",
        twice="return [Fix('twice.once')]",
        odd="return ['mend']",
    )
    (tmp_path / "work").mkdir()
    found = offers(SEEN[:1], tmp_path / "work", scan(paths=[place]), paths=[place])
    assert [offer.fix.action for offer in found.offers] == ["good.mend"]
    told = "\n".join(found.troubles)
    for words in (
        "plugin 'dies': ended its own process with exit code 9", "plugin 'raises': KeyError", "nobody offers; did you mean",
        "would change 'live'", "is not idempotent", "offers str",
    ):  # fmt: skip
        assert words in told
