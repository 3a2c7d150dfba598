"""A proposal may name the jobs that it follows by pattern."""

from callboard.agents.crew import ActionInfo, AgentInfo, Catalogue, PluginInfo
from callboard.agents.detection import proposals_from
from callboard.api import Effects, Needs


def catalogue() -> Catalogue:
    actions = tuple(
        ActionInfo(
            name=f"quality.{name}",
            agent="quality",
            title=name,
            summary=name,
            needs=Needs(),
            effects=Effects(),
            schema={"type": "object", "properties": {}},
            time_limit=60,
            memory_limit_mb=0,
            attempts=1,
            tools=(),
            plugin="quality",
            entry="callboard_quality",
        )
        for name in ("lint", "tests", "deploy")
    )
    agent = AgentInfo("quality", "Quality", "", "1", "quality", (), actions)
    return Catalogue((PluginInfo("quality", "callboard_quality", "callboard", "1", "", ("quality",)),), (agent,))


def job(name: str, action: str, **more: object) -> dict[str, object]:
    plain = {
        "options": {},
        "because": "seen",
        "needs_jobs": [],
        "after": [],
        "needs": None,
        "stage": "",
        "estimate": 1.0,
    }
    return {"name": name, "action": action, **plain, **more}


def test_a_pattern_stands_for_all_that_it_fits_and_never_for_the_job_itself() -> None:
    lines = [
        {
            "t": "plugin",
            "name": "quality",
            "jobs": [
                job("quality.tests", "quality.tests"),
                job("quality.tests:api", "quality.tests", after=["quality.*"]),
                job("quality.lint", "quality.lint", after=["nobody.*", "nobody.proposed"]),
                job("quality.deploy", "quality.deploy", needs_jobs=["quality.tests*"], after=["quality.*"]),
            ],
        }
    ]
    found = {job.name: job for job in proposals_from(lines, catalogue()).jobs}
    assert found["quality.tests:api"].after == ("quality.tests", "quality.lint", "quality.deploy")
    assert found["quality.lint"].after == ()
    assert found["quality.deploy"].needs_jobs == ("quality.tests", "quality.tests:api")
    assert found["quality.deploy"].after == ("quality.lint",)
