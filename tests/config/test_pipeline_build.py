"""Pipelines are built from what is detected and what is written down, and faults are refused at entry."""

from pathlib import Path

import pytest

from callboard.agents.crew import ActionInfo, AgentInfo, Catalogue
from callboard.config import Config, build, config_from, write_config
from callboard.core.resources import Lock, Needs
from callboard.core.task import Priority, TaskSpec
from callboard.errors import ConfigError
from callboard.work.agent import Effects
from callboard.work.jobs import Job

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "folder": {"type": "string", "default": ""},
        "depth": {"type": "integer", "default": 1, "minimum": 1},
        "names": {"type": "array", "items": {"type": "string"}, "default": []},
    },
}


def action(name: str, needs: Needs = Needs(2, 300), *, idempotent: bool = True) -> ActionInfo:
    agent = name.partition(".")[0]
    return ActionInfo(
        name=name,
        agent=agent,
        title=name,
        summary="",
        needs=needs,
        effects=Effects(idempotent=idempotent),
        schema=SCHEMA,
        time_limit=60,
        memory_limit_mb=0,
        attempts=2,
        tools=(),
        plugin=agent,
        entry=f"callboard_{agent}",
    )


def crew() -> Catalogue:
    actions = {
        "quality": ("quality.tests", "quality.lint"),
        "infra": ("infra.deploy",),
        "security": ("security.secrets",),
    }
    return Catalogue(
        agents=tuple(
            AgentInfo(
                name, name, "", "1", name, (), tuple(action(full, idempotent=full != "infra.deploy") for full in names)
            )
            for name, names in actions.items()
        )
    )


PROPOSED = (
    Job("quality.lint", "quality.lint", "12 Python files", estimate=3),
    Job(
        "quality.tests:back end",
        "quality.tests",
        'tests in "back end"',
        {"folder": "back end", "names": ["ü", "b"]},
        after=("quality.lint",),
        stage="test",
    ),
    Job(
        "security.secrets",
        "security.secrets",
        "git",
        needs=Needs(0.5, 100, (Lock("db"), Lock("net", True)), (("gpu", 1.0),)),
    ),
    Job(
        "infra.deploy",
        "infra.deploy",
        "Dockerfile",
        needs_jobs=("quality.tests:back end",),
        after=("nobody",),
        stage="deploy",
    ),
)


def config(text: str) -> Config:
    return config_from(text, Path("/w/callboard.toml"))


def by_name(specs: tuple[TaskSpec, ...]) -> dict[str, TaskSpec]:
    return {spec.name: spec for spec in specs}


def test_what_is_detected_becomes_tasks_with_places() -> None:
    built = build(config(""), PROPOSED, crew(), cpus=1, memory_mb=8_000)
    assert [spec.name for spec in built.specs] == [job.name for job in PROPOSED]
    lint, tests, secrets, deploy = built.specs
    assert (tests.after, deploy.depends, deploy.after) == ((0,), (1,), ())
    assert (tests.plugin, tests.agent, tests.action) == ("callboard_quality", "quality", "quality.tests")
    assert tests.options == {"folder": "back end", "names": ["ü", "b"]}
    assert lint.needs.cpus == 1, "clipped to the machine"
    assert (lint.estimate, lint.because, lint.limits.time_s, lint.retry.attempts) == (3, "12 Python files", 60, 2)
    assert secrets.needs == Needs(0.5, 100, (Lock("db"), Lock("net", True)), (("gpu", 1.0),))
    assert (lint.idempotent, deploy.idempotent) == (True, False)
    assert 0 < lint.limits.memory_mb <= 6_400


def test_what_is_written_down_lies_over_what_is_detected() -> None:
    built = build(
        config("""
[jobs."quality.lint"]
options = {depth = 3}
memory_mb = 900
time_limit_s = 5
strict = true
[jobs."security.secrets"]
enabled = false
[jobs.build]
command = ["make", "all"]
agent = "infra"
folder = "app"
needs = ["quality.lint"]
"""),
        PROPOSED,
        crew(),
    )
    specs = by_name(built.specs)
    assert "security.secrets" not in specs
    assert specs["quality.lint"].options == {"depth": 3}
    assert specs["quality.lint"].needs == Needs(2, 900)
    assert (specs["quality.lint"].limits.time_s, specs["quality.lint"].strict) == (5, True)
    assert specs["quality.lint"].because == "12 Python files"
    made = specs["build"]
    assert (made.argv, made.agent, made.action, made.folder) == (("make", "all"), "infra", "", "app")
    assert not made.idempotent, "nobody said that it may be run twice"
    assert made.depends == (0,)


def test_nothing_is_detected_where_that_is_switched_off() -> None:
    built = build(config("[workspace]\ndetect = false\n[jobs.a]\ncommand = ['x']\n"), PROPOSED, crew())
    assert [spec.name for spec in built.specs] == ["a"]


def test_an_absent_agent_is_built_for_and_said() -> None:
    built = build(config("[jobs.'qualty.tests']\n[agents.infra]\nenabled = false\n"), PROPOSED[:1], crew())
    spec = by_name(built.specs)["qualty.tests"]
    assert (spec.plugin, spec.agent, spec.action) == ("", "qualty", "qualty.tests")
    assert any(
        "nobody can do this now: needs qualty.tests. Did you mean 'quality.tests'" in note for note in built.notes
    )


def test_what_is_detected_for_an_agent_that_is_switched_off_is_left_out() -> None:
    off = "[agents.infra]\nenabled = false\n"
    built = build(config(off), PROPOSED, crew())
    assert "infra.deploy" not in by_name(built.specs)
    assert built.notes == ("infra.deploy is left out: agent 'infra' is switched off in callboard.toml",)
    held = build(config(off + "[jobs.'infra.deploy']\n"), PROPOSED, crew())
    assert "infra.deploy" in by_name(held.specs)
    assert any("nobody can do this now" in note for note in held.notes)


def test_only_brings_what_is_needed_and_skip_takes_what_needs_it() -> None:
    only = build(config(""), PROPOSED, crew(), only=["infra.*"])
    assert [spec.name for spec in only.specs] == ["quality.tests:back end", "infra.deploy"]
    assert only.specs[1].depends == (0,)
    assert only.specs[0].after == ()
    skipped = build(config(""), PROPOSED, crew(), skip=["quality.tests*"])
    assert [spec.name for spec in skipped.specs] == ["quality.lint", "security.secrets"]
    assert skipped.notes == ("infra.deploy is left out: it needs quality.tests:back end, which is left out",)
    with pytest.raises(ConfigError, match=r"'infra.deploy' cannot run: it needs quality.tests:back end"):
        build(config(""), PROPOSED, crew(), only=["infra.deploy"], skip=["quality.tests*"])
    with pytest.raises(ConfigError, match=r"fits 'security.secret'. Did you mean 'security.secrets'"):
        build(config(""), PROPOSED, crew(), only=["security.secret"])


def test_a_named_pipeline_picks_by_patterns_and_brings_needs() -> None:
    text = "[pipelines.ship]\njobs = ['infra.*']\npriority = 'critical'\n[workspace]\npipeline = 'ship'\n"
    built = build(config(text), PROPOSED, crew())
    assert (built.name, built.priority) == ("ship", Priority.CRITICAL)
    assert [spec.name for spec in built.specs] == ["quality.tests:back end", "infra.deploy"]
    with pytest.raises(ConfigError, match=r"no pipeline 'shp'. Did you mean 'ship'"):
        build(config(text), PROPOSED, crew(), pipeline="shp")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            "[jobs.a]\ncommand = ['x']\nneeds = ['b']\n[jobs.b]\ncommand = ['x']\nafter = ['c']\n"
            "[jobs.c]\ncommand = ['x']\nneeds = [\n  'quality.lint',\n  'a',\n]\n",
            3,
            "jobs wait for each other: a → b → c → a",
        ),
        ("[jobs.a]\ncommand = ['x']\nneeds = ['a']\n", 3, "a → a"),
        ("[jobs.a]\ncommand = ['x']\nneeds = [\n'quality.lint',\n'qualty.lint']\n", 5, "Did you mean 'quality.lint'"),
        ("[jobs.a]\ncommand = ['x']\nafter = ['zzz']\n", 3, "names 'zzz' in after, but there is no such job"),
        ("[jobs.a]\nstrict = true\n", 1, "neither an action nor a command"),
        ("[jobs.a]\naction = 'quality.test'\n", 2, "Did you mean 'quality.tests'"),
        ("[jobs.'quality.lint']\noptions = {depht = 1}\n", 2, "Did you mean 'depth'?"),
        ("[jobs.'quality.lint'.options]\nfolder = 'x'\ndepth = 0\n", 3, "its minimum is 1"),
        ("[jobs.'quality.lint']\nagent = 'infra'\n", 2, "remove 'agent'"),
        ("[jobs.a]\ncommand = ['x']\nattempts = 2\n", 3, "idempotent = true"),
        ("[pipelines.p]\njobs = ['quality.*',\n 'nothing.*']\n", 3, "names 'nothing.*', but no job fits"),
    ],
)
def test_a_fault_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(config(text), PROPOSED, crew(), pipeline="p" if "pipelines.p" in text else "default")
    assert words in str(caught.value)
    assert caught.value.line == line


def test_what_is_written_reads_back_as_the_same_pipeline(tmp_path: Path) -> None:
    catalogue = crew()
    first = build(config("[jobs.build]\ncommand = ['make', 'a\"b']\nneeds = ['quality.lint']\n"), PROPOSED, catalogue)
    text = write_config(tmp_path, first)
    again = config_from(text, tmp_path / "callboard.toml")
    assert build(again, PROPOSED[:1], catalogue).specs == first.specs
    assert not again.detect
    assert "12 Python files" in text
    assert again.boundary == config("").boundary
    uncommented = "\n".join(
        line.removeprefix("# ") for line in text.splitlines() if not line.startswith(("# -", "#  ")) and line != "#"
    )
    assert "[schedules.nightly]" in uncommented


def test_the_examples_in_a_written_file_hold() -> None:
    from callboard.config.writing import EXAMPLES

    text = "".join(example.replace("# ", "").replace("#\n", "\n") for example in EXAMPLES.values())
    read = config(text)
    assert read.services["api"]["folder"] == "backend"
    assert set(read.schedules) == {"nightly", "each-commit"}


def test_nothing_to_do_is_said() -> None:
    assert build(config(""), (), crew()).notes == (
        "nothing to do: no agent found work here, and no job is written down",
    )


def test_a_pipeline_of_many_jobs_is_built_at_once() -> None:
    many = [Job(f"quality.lint:{n}", "quality.lint", "x", after=(f"quality.lint:{n - 1}",)) for n in range(3_000)]
    assert len(build(config(""), many, crew()).specs) == 3_000
