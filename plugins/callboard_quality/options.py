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
    framework: Literal["auto", "pytest", "unittest", "django"] = option("auto", help="What runs the tests")
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
    diff_base: str = option(
        "auto",
        help="The commit since which changed lines should be covered: 'auto' for where the branch began, else the last "
        "green run; '' for none",
    )
    minimum_diff_coverage: float = option(0.0, help="Fail when less of the changed lines ran", minimum=0, maximum=100)
    reruns: int = option(
        3, help="How often a failed test is run again alone, to tell flaky from broken", minimum=0, maximum=10
    )
    rerun_limit: float = option(180.0, help="Seconds that running failed tests again may take", minimum=1)
    affected_first: bool = option(True, help="Run first what failed last, what is new and what a change affects")
    only_affected: bool = option(False, help="Leave out the tests that no change affects")
    shards: int = option(
        0,
        help="In how many tasks the tests are split; 0 for as many as their learned time asks for",
        minimum=0,
        maximum=64,
    )
    fail_on: FailOn = option("high", help="The least severity that fails the task")


@dataclass(frozen=True, slots=True)
class ShardOptions(TestOptions):
    """Which share of the tests it is; all else as for the tests that were split."""

    parent: str = option("", help="The task that split the tests")
    number: int = option(0, help="Which share, from 1", minimum=0)
    of: int = option(0, help="How many shares there are", minimum=0)


@dataclass(frozen=True, slots=True)
class QuarantineOptions:
    """Which test is set aside, until when, and why."""

    test: str = option(
        "", help="The test's id as the finding names it; a pattern such as 'tests/test_a.py::*' fits too"
    )
    until: str = option("", help="The last day it holds, as 2027-01-31; 30 days from now by default")
    reason: str = option("", help="Why; what is known of its flakiness by default")
    owner: str = option("", help="Who sees to it that it is mended")


@dataclass(frozen=True, slots=True)
class NpmOptions:
    """How `npm test` is run."""

    folder: str = option("", help="The folder of package.json, relative to the workspace; the top by default")
    script: str = option("test", help="The script of package.json")
    timeout: float = option(900.0, help="Seconds that the tests may take", minimum=1)
    trust_exit_code: bool = option(False, help="Take exit code 0 as passed when no count of tests can be read")
    install: bool = option(
        False, help="Without node_modules: install by the lock file into a throw-away copy, without install scripts"
    )
    install_limit: float = option(420.0, help="Seconds that the installation may take", minimum=1)
    fail_on: FailOn = option("high", help="The least severity that fails the task")


@dataclass(frozen=True, slots=True)
class JourneyOptions:
    """How the browser journeys are run."""

    folder: str = option("", help="The folder of the journeys' project, relative to the workspace; the top by default")
    timeout: float = option(1200.0, help="Seconds that the journeys may take", minimum=1)
    project: str = option(
        "", help="One of the browsers (projects) that Playwright's configuration names; all by default"
    )
    fail_on: FailOn = option("high", help="The least severity that fails the task")


@dataclass(frozen=True, slots=True)
class TypeOptions:
    """How types are checked."""

    folder: str = option("", help="The folder of the project, relative to the workspace; the top by default")
    checker: Literal["auto", "mypy", "pyright", "tsc"] = option(
        "auto", help="What checks; the configured one by default"
    )
    timeout: float = option(900.0, help="Seconds that the check may take", minimum=1)
    fail_on: FailOn = option("medium", help="The least severity that fails the task")


@dataclass(frozen=True, slots=True)
class LintOptions:
    """How the code is linted."""

    timeout: float = option(300.0, help="Seconds that the check may take", minimum=1)
    fail_on: FailOn = option("high", help="The least severity that fails the task")


@dataclass(frozen=True, slots=True)
class ScriptLintOptions:
    """How JavaScript and TypeScript are linted."""

    folder: str = option("", help="The folder whose linter is run, relative to the workspace; the top by default")
    timeout: float = option(300.0, help="Seconds that the check may take", minimum=1)
    fail_on: FailOn = option("high", help="The least severity that fails the task")


@dataclass(frozen=True, slots=True)
class CaseOptions:
    """Which failure is looked into, and how its tests are run."""

    tests: list[str] = option(
        [], help="Ids of the tests as the findings name them; those that failed last when empty, else the whole suite"
    )
    job: str = option("", help="The job whose options are used, such as 'quality.tests:api', or that is a command")
    folder: str = option("", help="The folder of the project, relative to the workspace; the job's, or the top")
    command: list[str] = option(
        [], help="A command instead of tests: exit code 0 is a pass, 125 cannot be told, any other is a failure"
    )
    interpreter: str = option(
        "auto",
        help="'auto': the workspace's own on its files as they are, a throw-away one made for each commit on other trees; 'own', "
        "'kept', 'callboard' or the path of a Python for all",
    )
    install_limit: float = option(420.0, help="Seconds that one installation may take", minimum=1)


@dataclass(frozen=True, slots=True)
class ReproduceOptions(CaseOptions):
    """How often it is tried, and what is known already."""

    times: int = option(
        20, help="Runs at most; seven tenths of them failing without a pass are called broken", minimum=1, maximum=1000
    )
    seen: int = option(
        -1,
        help="How often just this code failed before; -1: once, unless 'bad' is another commit or a file changed since",
        minimum=-1,
        maximum=100000,
    )
    bad: str = option("", help="The commit that was seen to fail; the files as they are when empty")
    good: str = option("", help="The commit that was green last; only told in the words")
    suite: bool = option(True, help="Also run it in its suite, in its own and in random order, when it passes alone")
    other_environment: bool = option(
        True,
        help="When it is broken in the workspace's own environment, try a fresh one too, to tell code from environment",
    )
    spread: float = option(
        40.0,
        help="Seconds over which tries are spread that all fail, where code has to do with time; at most a quarter of 'limit'",
        minimum=0,
        maximum=3600,
    )
    limit: float = option(1200.0, help="Seconds that all runs may take", minimum=1)


@dataclass(frozen=True, slots=True)
class NarrowOptions(CaseOptions):
    """What is made small: the tests that it takes, or the changed files."""

    files: bool = option(False, help="Find which of the changed files since 'good' it takes, not which tests")
    good: str = option("", help="The commit that files are counted from; the last green one when empty")
    bad: str = option("", help="The commit that fails; the files as they are when empty")
    times: int = option(3, help="How often a failure that comes and goes is tried at each step", minimum=1, maximum=50)
    most: int = option(200, help="Runs at most", minimum=1, maximum=5000)
    limit: float = option(1500.0, help="Seconds that all runs may take", minimum=1)


@dataclass(frozen=True, slots=True)
class BisectOptions(CaseOptions):
    """Between which commits is looked, and what is done where a test cannot be run."""

    good: str = option("", help="A commit that was green; the last green run's when empty, else found by going back")
    bad: str = option("", help="The commit that fails; the one that is checked out when empty")
    times: int = option(
        60, help="Runs at most at one commit, for a test that fails now and then", minimum=1, maximum=1000
    )
    bring_tests: bool = option(
        True, help="Where a test does not exist yet, use its file of the failing commit, and say so"
    )
    forget: bool = option(False, help="Try again what could not be tested in an earlier bisect")
    back: int = option(5000, help="Commits that are gone back at most to find a good one", minimum=1, maximum=1000000)
    limit: float = option(3000.0, help="Seconds that all may take", minimum=1)
