"""The options of the agent's actions."""

from dataclasses import dataclass
from typing import Literal

from callboard.api import option

FailOn = Literal["critical", "high", "medium", "low", "info"]


@dataclass(frozen=True, slots=True)
class TestOptions:
    """How the Python tests are run."""

    __test__ = False

    folder: str = option("", help="The folder of the project, relative to the workspace; the top by default")
    framework: Literal["auto", "pytest", "unittest"] = option("auto", help="What runs the tests")
    interpreter: str = option(
        "own",
        help="'own' for the workspace's virtual environment, 'callboard' for Callboard's, or the path of a Python",
    )
    create_environment: bool = option(
        True,
        help="Without an own environment: make a throw-away one and install the project with its test requirements",
    )
    install_limit: float = option(420.0, help="Seconds that the installation may take", minimum=1)
    select: list[str] = option([], help="Paths or node ids of tests; all when empty")
    ignore: list[str] = option([], help="Folders whose tests belong to another job, relative to the project")
    timeout: float = option(1500.0, help="Seconds that the tests may take", minimum=1)
    coverage: bool = option(True, help="Measure coverage when the environment has the coverage module")
    minimum_coverage: float = option(0.0, help="Fail below this percentage", minimum=0, maximum=100)
    reruns: int = option(0, help="How often failed tests are run again, to tell flaky ones", minimum=0, maximum=10)
    fail_on: FailOn = option("high", help="The least severity that fails the task")


@dataclass(frozen=True, slots=True)
class NpmOptions:
    """How `npm test` is run."""

    folder: str = option("", help="The folder of package.json, relative to the workspace; the top by default")
    script: str = option("test", help="The script of package.json")
    timeout: float = option(900.0, help="Seconds that the tests may take", minimum=1)
    trust_exit_code: bool = option(False, help="Take exit code 0 as passed when no count of tests can be read")
    fail_on: FailOn = option("high", help="The least severity that fails the task")


@dataclass(frozen=True, slots=True)
class TypeOptions:
    """How types are checked."""

    folder: str = option("", help="The folder of the project, relative to the workspace; the top by default")
    checker: Literal["auto", "mypy", "pyright"] = option("auto", help="What checks; the configured one by default")
    timeout: float = option(900.0, help="Seconds that the check may take", minimum=1)
    fail_on: FailOn = option("medium", help="The least severity that fails the task")


@dataclass(frozen=True, slots=True)
class LintOptions:
    """How the code is linted."""

    timeout: float = option(300.0, help="Seconds that the check may take", minimum=1)
    fail_on: FailOn = option("high", help="The least severity that fails the task")
