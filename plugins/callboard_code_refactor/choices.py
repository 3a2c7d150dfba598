"""The options of CodeRefactor's actions."""

from dataclasses import dataclass
from typing import Literal

from callboard.api import option

FailOn = Literal["never", "info", "low", "medium", "high", "critical"]
FAIL_ON_HELP = "the run fails for a finding at least this bad"
FOLDER_HELP = "only this folder of the workspace; empty for all of it"


@dataclass(frozen=True, slots=True)
class ComplexityOptions:
    """How tangled a function may be."""

    threshold: int = option(15, help="cognitive complexity that a function may have", minimum=1, maximum=1000)
    folder: str = option("", help=FOLDER_HELP)
    fail_on: FailOn = option("never", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class HotspotOptions:
    """How far back the history is read."""

    days: int = option(365, help="days of history that count", minimum=7, maximum=3650)
    folder: str = option("", help=FOLDER_HELP)
    fail_on: FailOn = option("never", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class CloneOptions:
    """What counts as duplicated, and how much of it may be there."""

    limit: float = option(
        0.0, help="per cent of duplicated lines that are allowed; 0 for no limit", minimum=0, maximum=100
    )
    min_lines: int = option(6, help="lines that a piece has at least", minimum=2, maximum=1000)
    min_tokens: int = option(70, help="tokens that a piece has at least (jscpd)", minimum=10, maximum=10_000)
    folder: str = option("", help=FOLDER_HELP)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class DeadCodeOptions:
    """How sure vulture must be."""

    min_confidence: int = option(80, help="per cent of confidence that code is unused", minimum=0, maximum=100)
    folder: str = option("", help=FOLDER_HELP)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class KnipOptions:
    """Which npm projects are looked at, and how strictly."""

    production: bool = option(False, help="only what production needs: no tests, no development dependencies")
    folder: str = option("", help=FOLDER_HELP)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class FolderOptions:
    """Which part of the workspace is looked at."""

    folder: str = option("", help=FOLDER_HELP)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class SyntaxOptions:
    """Which Python the code is meant for."""

    target: str = option("", help="such as 'py311'; empty for what the project declares in requires-python")
    patch: bool = option(False, help="also make the safe fixes, as a patch with its proof")
    paths: list[str] = option([], help="only these files; none for all")
    folder: str = option("", help=FOLDER_HELP)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class FixOptions:
    """What is fixed, and how it is proved."""

    select: str = option("", help="rules to fix, such as 'I,UP'; empty for the project's own choice")
    run_tests: bool = option(True, help="import the changed modules and run the tests, before and after")
    tests_timeout: float = option(120.0, help="seconds for all runs of the tests together", minimum=1, maximum=7200)
    paths: list[str] = option([], help="only these files; none for all")
    folder: str = option("", help=FOLDER_HELP)


@dataclass(frozen=True, slots=True)
class DeclareOptions:
    """Which dependency is declared, and for whom."""

    module: str = option("", help="the module that is imported, such as 'yaml'")
    package: str = option("", help="the package that brings it; empty for the one that is installed and brings it")
    path: str = option("", help="a file that imports it; the nearest declaration above it gets the package")


@dataclass(frozen=True, slots=True)
class TrendOptions:
    """How many commits are measured, and how long that may take."""

    commits: int = option(10, help="the newest commits of the branch", minimum=1, maximum=200)
    seconds: float = option(120.0, help="seconds for all of them", minimum=5, maximum=3000)
    folder: str = option("", help=FOLDER_HELP)
