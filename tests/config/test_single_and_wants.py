"""One action by itself with options as they are typed, jobs that want a capability, and other options for once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from callboard.agents.crew import ActionInfo, AgentInfo, Catalogue
from callboard.config import Config, build, config_from, default_config, read_config, single, write_config
from callboard.config.typed import typed_options
from callboard.core.resources import Needs
from callboard.core.task import Candidate
from callboard.errors import ConfigError
from callboard.work.agent import Effects
from callboard.work.jobs import Job

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "folder": {"type": "string", "default": ""},
        "depth": {"type": "integer", "default": 1, "minimum": 1},
        "share": {"type": "number"},
        "strict": {"type": "boolean"},
        "names": {"type": "array", "items": {"type": "string"}},
        "codes": {"type": "array", "items": {"type": "integer"}},
        "mode": {"enum": ["fast", "slow", 3]},
        "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "table": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
}


def action(name: str, *provides: str, undo: str = "", schema: dict[str, Any] = SCHEMA) -> ActionInfo:
    agent = name.partition(".")[0]
    return ActionInfo(
        name, agent, name, "", Needs(), Effects(), schema, 60, 0, 1, (), agent, f"callboard_{agent}", provides, undo
    )


def crew(*actions: ActionInfo) -> Catalogue:
    agents = dict.fromkeys(info.agent for info in actions)
    return Catalogue(
        agents=tuple(
            AgentInfo(name, name, "", "1", name, (), tuple(info for info in actions if info.agent == name))
            for name in agents
        )
    )


CREW = crew(
    action("quality.tests", "python-tests"),
    action("quality.fast", "python-tests"),
    action("other.tests", "python-tests"),
    action("bare.tests", "python-tests", schema={"properties": {}}),
    action("infra.deploy", "deploy", undo="infra.undeploy"),
    action("infra.undeploy"),
)


def configured(text: str, folder: Path = Path("/w")) -> Config:
    return config_from(text, folder / "callboard.toml")


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ({"depth": "3"}, 3), ({"share": "0.5"}, 0.5), ({"share": "2"}, 2), ({"strict": "yes"}, True), ({"strict": "0"}, False),
        ({"names": "a, b"}, ["a", "b"]), ({"names": ["a,b", "c"]}, ["a,b", "c"]), ({"names": '["a,b"]'}, ["a,b"]),
        ({"names": ""}, []), ({"codes": "1,2"}, [1, 2]), ({"mode": "slow"}, "slow"), ({"mode": "3"}, 3),
        ({"limit": "null"}, None), ({"limit": "7"}, 7), ({"table": '{"a": 1}'}, {"a": 1}), ({"folder": "3"}, "3"),
        ({"depth": 3}, 3), ({"depth": ["4"]}, 4),
    ],
)  # fmt: skip
def test_texts_become_what_the_schema_asks_for(typed: dict[str, Any], value: Any) -> None:
    assert list(typed_options(SCHEMA, typed, "x").values()) == [value]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"depth": "many"}, "option 'depth' of x is 'many'; it must be of type integer"),
        ({"depth": "0"}, "its minimum is 1"),
        ({"depth": ["1", "2"]}, "must be of type integer"),
        ({"strict": "perhaps"}, "must be of type boolean"),
        ({"codes": "1,b"}, "must be of type integer"),
        ({"mode": "medium"}, "allowed: fast, slow, 3"),
        ({"table": "{"}, "must be of type object"),
        ({"dept": "1"}, "x has no option 'dept'. Did you mean 'depth'?"),
    ],
)
def test_what_does_not_fit_is_told_with_what_does(typed: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace("?", r"\?").replace(".", r"\.")):
        typed_options(SCHEMA, typed, "x")


def test_one_action_takes_the_settings_and_leaves_the_jobs_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    config = configured(
        '[agents.quality]\nlevel = 3\n[jobs."quality.tests"]\ncpus = 3\noptions = {depth = 9}\n', tmp_path
    )
    built = single(config, CREW, action="quality.tests", options={"depth": "2"}, folder="web")
    (spec,) = built.specs
    assert (built.name, spec.name, spec.action) == ("do quality.tests", "quality.tests:web", "quality.tests")
    assert (dict(spec.options), spec.needs.cpus) == ({"depth": 2, "folder": "web"}, 1.0)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"action": "quality.test"}, "nobody offers an action 'quality.test'. Did you mean 'quality.tests'"),
        ({"wants": "python-test"}, "nobody offers 'python-test'. Did you mean 'python-tests'"),
        ({}, "name either an action"),
        ({"action": "quality.tests", "wants": "deploy"}, "name either an action"),
        ({"action": "quality.tests", "folder": "../x"}, "it must be a path inside of the workspace"),
        ({"action": "quality.tests", "folder": "web"}, "the workspace has no folder 'web'"),
        ({"action": "bare.tests", "options": {"depth": "1"}}, "bare.tests has no option 'depth'"),
    ],
)
def test_what_cannot_be_done_alone_is_refused(tmp_path: Path, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace(".", r"\.")):
        single(default_config(tmp_path), CREW, **asked)


def test_a_capability_names_all_that_offer_it_and_take_the_options(tmp_path: Path) -> None:
    (spec,) = single(default_config(tmp_path), CREW, wants="python-tests", options={"depth": "2"}).specs
    assert (spec.name, spec.wants, spec.action, dict(spec.options)) == (
        "python-tests",
        "python-tests",
        "quality.tests",
        {"depth": 2},
    )
    assert spec.candidates == (
        Candidate("callboard_quality", "quality", "quality.tests", "python-tests"),
        Candidate("callboard_other", "other", "other.tests", "python-tests"),
    )


def test_a_job_may_want_a_capability_and_somebody_who_is_switched_off_comes_last() -> None:
    config = configured('[agents.quality]\nenabled = false\n[jobs.t]\nwants = "python-tests"\n')
    (spec,) = build(config, (), CREW).specs
    assert (spec.wants, spec.agent, [c.agent for c in spec.candidates]) == (
        "python-tests",
        "other",
        ["other", "bare", "quality"],
    )
    nobody = build(configured('[jobs.t]\nwants = "cobol"\n'), (), CREW)
    assert (nobody.specs[0].candidates, nobody.specs[0].agent) == ((), "")
    assert nobody.notes == ("t: nobody can do this now: needs 'cobol'.",)
    with pytest.raises(ConfigError, match="has both an action and 'wants'; keep one"):
        configured('[jobs.t]\naction = "quality.tests"\nwants = "python-tests"\n')
    with pytest.raises(ConfigError, match="it must be one plain word"):
        configured('[jobs.t]\nwants = "Python Tests"\n')


def test_a_job_with_wants_over_a_proposal_keeps_its_place_and_is_written_down_again(tmp_path: Path) -> None:
    config = configured('[jobs."quality.tests"]\nwants = "python-tests"\nfixed = true\n', tmp_path)
    built = build(config, (Job("quality.tests", "quality.tests", "seen"),), CREW)
    assert (built.specs[0].wants, built.specs[0].because, built.jobs[0].fixed) == ("python-tests", "seen", True)
    (tmp_path / "callboard.toml").write_text(write_config(tmp_path, built))
    again = build(read_config(tmp_path), (), CREW)
    assert again.specs == built.specs


def test_who_else_offers_the_same_and_what_takes_it_back_travel_with_a_task() -> None:
    built = build(configured('[jobs."quality.fast"]\n[jobs."infra.deploy"]\n'), (), CREW)
    fast, deploy = built.specs
    assert [(c.agent, c.action) for c in fast.candidates] == [
        ("quality", "quality.fast"), ("other", "other.tests"), ("bare", "bare.tests")
    ]  # fmt: skip
    assert (deploy.undo, deploy.candidates) == ("infra.undeploy", ())


def test_other_options_for_once_reach_the_jobs_that_they_name() -> None:
    config = configured(
        '[jobs."quality.tests"]\noptions = {depth = 9, strict = true}\n[jobs.make]\ncommand = ["make"]\n'
    )
    built = build(config, (), CREW, options={"quality.*": {"depth": "2"}})
    assert dict(built.specs[0].options) == {"depth": 2, "strict": True}
    assert "quality.tests: depth is 2 this time" in built.notes
    with pytest.raises(ConfigError, match="'make' is a command, which takes no options"):
        build(config, (), CREW, options={"make": {"depth": "2"}})
    with pytest.raises(ConfigError, match="no job of pipeline 'default' fits 'nobody'"):
        build(config, (), CREW, options={"nobody": {}})


def test_a_fixed_table_is_taken_over(tmp_path: Path) -> None:
    table = replace(configured("[jobs.make]\ncommand = ['make']\nfixed = true\n").jobs["make"])
    assert table.fixed is True
