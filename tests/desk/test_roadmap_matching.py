"""Who could do a task of the roadmap: by what agents offer, third-party ones too, and honest where nobody fits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from callboard.agents.crew import ActionInfo, AgentInfo, Catalogue
from callboard.config import config_from
from callboard.core.resources import Needs
from callboard.desk.roadmap_matching import NOBODY, Matching
from callboard.errors import Refused
from callboard.work.agent import Effects


def action(name: str, title: str, provides: tuple[str, ...] = (), **more: Any) -> ActionInfo:
    return ActionInfo(
        name=name, agent=name.partition(".")[0], title=title, summary="", needs=Needs(), effects=Effects(), schema={},
        time_limit=0.0, memory_limit_mb=0.0, attempts=1, tools=(), plugin="p", entry="p", provides=provides, **more,
    )  # fmt: skip


def agent(name: str, *actions: ActionInfo) -> AgentInfo:
    return AgentInfo(name, name.title(), "", "1", "p", (), actions)


DEPLOY = replace(
    action("infra.stop", "Take an environment out of service", ("stop",)), effects=Effects(environment="{environment}")
)
CREW = Catalogue(
    agents=(
        agent(
            "quality",
            action("quality.tests", "Python tests", ("python-tests",)),
            action("quality.lint", "Lint", ("lint",)),
        ),
        agent("security", action("security.secrets", "Secrets", ("secret-scan",))),
        agent("infra", DEPLOY),
        agent("writer", action("writer.docs", "Write documentation of endpoints")),
    )
)


@pytest.mark.parametrize(
    ("text", "who", "why"),
    [
        ("Run the test suite", "quality.tests", "the task says 'test', and quality.tests offers 'python-tests'"),
        ("All tests pass", "quality.tests", "the task says 'tests', and quality.tests offers 'python-tests'"),
        ("Write tests for the login form", "", NOBODY),
        ("Look for secrets", "security.secrets", "the task says 'secrets', and security.secrets offers 'secret-scan'"),
        ("Configure the environment", "", NOBODY),
        ("Watch the environment and the service", "", NOBODY),
        ("Stop the service", "infra.stop", "the task says 'stop' and 'service', and infra.stop offers 'stop'"),
        ("Write documentation for the new endpoints", "writer.docs",
         "the task says 'documentation' and 'endpoints', and writer.docs does just that: Write documentation of endpoints"),
        ("Ask legal about the wording", "", NOBODY),
        ("", "", NOBODY),
    ],
)  # fmt: skip
def test_the_words_of_a_task_find_who_offers_it(text: str, who: str, why: str) -> None:
    found = Matching(CREW).suggest("add-login", "1. All", text)
    assert (found.action, found.why) == (who, why)


def test_the_first_route_that_fits_and_can_be_carried_out_comes_before_what_agents_offer() -> None:
    text = (
        '[[routes]]\nwords = ["tests"]\nwants = "go-tests"\n[[routes]]\nwords = ["legal"]\nperson = "ann"\nbecause = "she asks"\n'
        '[[routes]]\nwords = ["tidy"]\nwants = "lint"\noptions = { timeout = 5 }\n'
    )
    matching = Matching(CREW, config_from(text, Path("callboard.toml")).routes)
    tests = matching.suggest("x", "", "Run all tests")
    assert (tests.action, tests.why) == (
        "quality.tests",
        "route 1 fits, but no agent here offers 'go-tests'; the task says 'tests', and quality.tests offers 'python-tests'",
    )
    legal = matching.suggest("x", "", "Talk to legal")
    assert (legal.to, legal.kind, legal.why) == ("ann", "person", "she asks: the task says 'legal'")
    tidy = matching.suggest("x", "", "Tidy up")
    assert (tidy.action, dict(tidy.options)) == ("quality.lint", {"timeout": 5})


def test_an_agent_that_offers_nothing_that_fits_is_refused_with_what_it_offers() -> None:
    matching = Matching(CREW)
    assert matching.of_agent("quality", "x", "", "Run the tests").action == "quality.tests"
    with pytest.raises(
        Refused, match=r"agent 'security' offers nothing that fits 'Run the tests'; its actions: security\.secrets"
    ):
        matching.of_agent("security", "x", "", "Run the tests")
    assert Matching(CREW, off=frozenset({"quality"})).suggest("x", "", "Run the tests").to == ""
