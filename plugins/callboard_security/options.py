"""What a person may set for the actions of SecurityCompliance."""

from dataclasses import dataclass
from typing import Literal

from callboard.api import option

Threshold = Literal["critical", "high", "medium", "low", "info"]

FAIL_ON = "Severity from which the action fails"


@dataclass(frozen=True, slots=True)
class Static:
    """Options of `security.static`."""

    fail_on: Threshold = option("high", help=FAIL_ON)
    test_asserts: bool = option(False, help="Also report assert statements in test files (bandit's B101)")
    file_seconds: float = option(60.0, help="How long bandit may take for one file", minimum=0.001)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Options of `security.secrets`."""

    fail_on: Threshold = option("high", help=FAIL_ON)
    history: bool = option(False, help="Also look through the commits of the git history")
    history_commits: int = option(5_000, help="At most so many commits, the newest first; 0 for all", minimum=0)
    history_seconds: float = option(900.0, help="How long the look through the history may take", minimum=1)
    confidence: Literal["low", "medium", "high"] = option("medium", help="The least confidence that is reported")


@dataclass(frozen=True, slots=True)
class Sbom:
    """Options of `security.sbom`."""

    folders: list[str] = option([], help="Folders to describe; all that have something to read when empty")
    source: Literal["auto", "locks", "environments"] = option(
        "auto", help="auto: what is installed where it is there, else the lock; or one of both alone"
    )


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Options of `security.dependencies`."""

    fail_on: Threshold = option("high", help=FAIL_ON)
    osv_folder: str = option("", help="A folder of OSV records (JSON or ZIP); before the agent's setting of this name")
    network: bool = option(True, help="Ask PyPI and the npm registry when there is no local folder of records")
    timeout: float = option(5.0, help="Seconds that one answer from the network may take", minimum=1, maximum=120)
    max_data_age_days: float = option(0.0, help="Older data gives UNKNOWN, not a pass; 0 for any age", minimum=0)


@dataclass(frozen=True, slots=True)
class Bump:
    """Options of `security.bump`."""

    package: str = option("", help="The package, as it is declared")
    version: str = option("", help="The least version that is wanted, as the advisory names it")
    path: str = option("", help="The file that declares it, or its lock")


@dataclass(frozen=True, slots=True)
class Licences:
    """Options of `security.licences`."""

    fail_on: Threshold = option("high", help=FAIL_ON)
    deny: list[str] = option([], help="Also denied, beside the policy's own; '*' stands for anything, case is ignored")
    ignore: list[str] = option([], help="Packages that are left out")


@dataclass(frozen=True, slots=True)
class Controls:
    """Options of `security.controls`."""

    fail_on: Threshold = option("high", help="Severity of a control from which the action fails")
    max_age_days: float = option(30.0, help="How long a former result counts, and how old its data may be", minimum=0)
    skip: list[str] = option([], help="Controls by name that are left out")


@dataclass(frozen=True, slots=True)
class Incident:
    """Options of `security.incident`."""

    reason: str = option("", help="Why it is frozen; stands in the bundle")


@dataclass(frozen=True, slots=True)
class Patterns:
    """Options of `security.patterns`."""

    fail_on: Threshold = option("high", help=FAIL_ON)
