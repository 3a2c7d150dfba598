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


@dataclass(frozen=True, slots=True)
class Secrets:
    """Options of `security.secrets`."""

    fail_on: Threshold = option("high", help=FAIL_ON)
    history: bool = option(False, help="Also look through every commit of the git history")
    confidence: Literal["low", "medium", "high"] = option("medium", help="The least confidence that is reported")


@dataclass(frozen=True, slots=True)
class Sbom:
    """Options of `security.sbom`."""

    folders: list[str] = option([], help="Folders to describe; all that have something to read when empty")


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Options of `security.dependencies`."""

    fail_on: Threshold = option("high", help=FAIL_ON)
    osv_folder: str = option("", help="A folder of OSV records (JSON or ZIP); before the agent's setting of this name")
    network: bool = option(True, help="Ask PyPI and the npm registry when there is no local folder of records")
    timeout: float = option(5.0, help="Seconds that one answer from the network may take", minimum=1, maximum=120)
    max_data_age_days: float = option(0.0, help="Older data gives UNKNOWN, not a pass; 0 for any age", minimum=0)


@dataclass(frozen=True, slots=True)
class Licences:
    """Options of `security.licences`."""

    fail_on: Threshold = option("high", help=FAIL_ON)
    deny: list[str] = option([], help="Licences that must not be used; '*' stands for anything, case is ignored")
    ignore: list[str] = option([], help="Packages that are left out")
