"""What the actions of InfraDeploy can be told."""

from dataclasses import dataclass
from typing import Literal

from callboard.api import option

Level = Literal["critical", "high", "medium", "low", "info"]


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What every check of files is told."""

    fail_on: Level = option("high", help="The least severity of a finding that fails the check")


@dataclass(frozen=True, slots=True)
class WorkflowOptions:
    """How CI files are judged."""

    fail_on: Level = option("high", help="The least severity of a finding that fails the check")
    audit: bool = option(True, help="Audit GitHub workflows for insecure patterns with zizmor, besides their schema")


@dataclass(frozen=True, slots=True)
class PackageOptions:
    """What is built, and how it is judged."""

    folder: str = option("", help="The project's folder, such as 'backend'; empty for the top")
    fail_on: Level = option("high", help="The least severity of a finding that fails the check")
    timeout: float = option(600.0, help="Seconds that the build may take", minimum=10.0, maximum=3600.0)


@dataclass(frozen=True, slots=True)
class StartOptions:
    """Which service is started."""

    service: str = option("", help="The name of a service in callboard.toml: [services.NAME]")
    restart: bool = option(False, help="Stop one that runs already and start it again")


@dataclass(frozen=True, slots=True)
class StopOptions:
    """Which service is stopped."""

    service: str = option("", help="The name of a service in callboard.toml: [services.NAME]")
    started_here: bool = option(False, help="Only when a task of the same run has started it")
    grace: float = option(10.0, help="Seconds between the request to end and the kill", minimum=0.0, maximum=120.0)


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """What is deployed where."""

    environment: str = option("", help="The name of an environment in callboard.toml: [environments.NAME]")
    commit: str = option("", help="A commit, branch or tag; empty for the one that is checked out")
    again: bool = option(False, help="Deploy it also when this very commit serves already")
    override: str = option("", help="Why it is deployed although the gate is not green; kept in the history")


@dataclass(frozen=True, slots=True)
class UndoOptions:
    """Which release comes back."""

    environment: str = option("", help="The name of an environment in callboard.toml: [environments.NAME]")
    release: int = option(0, help="The number of a kept release; 0 for the one before the current one", minimum=0)
    reason: str = option("", help="Why; kept in the history")


@dataclass(frozen=True, slots=True)
class EnvironmentOptions:
    """Which environment."""

    environment: str = option("", help="The name of an environment in callboard.toml: [environments.NAME]")


@dataclass(frozen=True, slots=True)
class StatusOptions:
    """Which environment is looked at."""

    environment: str = option(
        "", help="The name of an environment in callboard.toml: [environments.NAME]; empty for all"
    )


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Whose output is shown."""

    environment: str = option("", help="The name of an environment in callboard.toml: [environments.NAME]")
    release: int = option(0, help="The number of a release; 0 for the one that serves", minimum=0)
    lines: int = option(100, help="Most lines from the end", minimum=1, maximum=5000)
