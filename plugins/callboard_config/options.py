"""What a person may set for the actions of ConfigManage."""

from dataclasses import dataclass
from typing import Literal

from callboard.api import option

Threshold = Literal["critical", "high", "medium", "low", "info"]

FAIL_ON = "Severity from which the action fails"


@dataclass(frozen=True, slots=True)
class Inventory:
    """Options of `config.inventory`."""

    fail_on: Threshold = option("high", help=FAIL_ON)
    ignore: list[str] = option([], help="Settings that are left out; '*' stands for anything")


@dataclass(frozen=True, slots=True)
class Drift:
    """Options of `config.drift`."""

    fail_on: Threshold = option("high", help=FAIL_ON)
    ignore: list[str] = option([], help="Settings that are left out; '*' stands for anything")


@dataclass(frozen=True, slots=True)
class Hardcoded:
    """Options of `config.hardcoded`."""

    fail_on: Threshold = option("high", help=FAIL_ON)
    ignore_paths: list[str] = option([], help="Path patterns that are left out, besides tests and documentation")


@dataclass(frozen=True, slots=True)
class MoveSecrets:
    """Options of `config.move`."""

    paths: list[str] = option([], help="Files whose secrets are moved; none for all")
    line: int = option(0, help="The one line that is meant; 0 for all", minimum=0)
    ignore_paths: list[str] = option([], help="Path patterns that are left out, besides tests")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Options of `config.snapshot`."""

    note: str = option("", help="Why this version is kept")
    include: list[str] = option([], help="Further file patterns that are looked after")


@dataclass(frozen=True, slots=True)
class Compare:
    """Options of `config.diff`."""

    snapshot: str = option("", help="The older version ('v3'); none for the newest")
    against: str = option("", help="The newer version; none for the files as they are")


@dataclass(frozen=True, slots=True)
class Restore:
    """Options of `config.restore`."""

    path: str = option("", help="The file that is brought back")
    snapshot: str = option("", help="The version ('v3'); none for the newest")
    commit: str = option("", help="A commit of git instead of a version")


@dataclass(frozen=True, slots=True)
class Rotation:
    """Options of `config.rotation`."""

    fail_on: Threshold = option("high", help=FAIL_ON)
    days: int = option(180, help="After how many days a secret is due", minimum=1)
    limits: list[str] = option([], help="Other limits by name: '*_TOKEN=30'")


@dataclass(frozen=True, slots=True)
class OpenSpec:
    """Options of `config.openspec`."""

    fail_on: Threshold = option("medium", help=FAIL_ON)
    strict: bool = option(True, help="Whether what openspec only advises counts too")
    status: bool = option(True, help="Whether each change is asked what it still lacks; takes a second or two each")


@dataclass(frozen=True, slots=True)
class Archive:
    """Options of `config.archive`."""

    change: str = option("", help="The name of the change's folder")
    unfinished: bool = option(False, help="Also a change whose tasks are not all done")
    skip_specs: bool = option(False, help="Leave the specs as they are")


@dataclass(frozen=True, slots=True)
class Schema:
    """Options of `config.schema`."""

    fail_on: Threshold = option("high", help=FAIL_ON)
