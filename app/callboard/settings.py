"""What the user may set: defaults < the user's file < the environment < flags."""

import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import callboard
from callboard.config.fields import Field, Source, checked
from callboard.config.lines import find_lines
from callboard.core.boundary import Boundary
from callboard.errors import ConfigError

PORT = 6771
LOG_LEVELS = ("debug", "info", "warning", "error")
SETTINGS_NAME = "settings.toml"
LARGEST_FILE = 100_000
SAMPLE_MARK = "callboard-sample"  # the name of the file in .git by which the sample of `callboard demo` is known
PREFIX = "CALLBOARD_"


def _wrong_host(value: Any) -> str:
    fits = value and not any(sign.isspace() or sign in "/@?#\\" for sign in value)
    return "" if fits else "it must be an address such as 127.0.0.1"


FIELDS: Mapping[str, Field] = {
    "host": Field("text", "the address that pages and API answer on; 127.0.0.1 unless set", check=_wrong_host),
    "port": Field("whole", "the port that they answer on; 6771 unless set, 0 for a free one", 0, 65_535),
    "data": Field("text", "the folder that holds the database, logs and artefacts"),
    "workspace": Field("text", "the folder that the crew works on; the current one unless set"),
    "parallelism": Field("whole", "most tasks at one time; as many as fit unless set", 1, 10_000),
    "log_level": Field("text", "how much the program says of itself; info unless set", one_of=LOG_LEVELS),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force. `data` and `workspace` are absolute; `parallelism` None leaves it to `callboard.toml`."""

    data: Path
    workspace: Path
    host: str = "127.0.0.1"
    port: int = PORT
    parallelism: int | None = None
    log_level: str = "info"


def settings_from(
    flags: Mapping[str, Any], environ: Mapping[str, str], folder: Path, user_file: Path | None = None
) -> Settings:
    """The settings for a program that was started in `folder`.

    `flags` holds those that were given, by the names of FIELDS; None is not given. `user_file` is read instead of the
    user's own. Raises `ConfigError` that names the file and line, the variable or the flag; `BoundaryError` for a port
    that belongs to the platform.
    """
    file = user_file or config_home(environ) / SETTINGS_NAME
    values = _of_file(file)
    values |= _of_environment(environ)
    values |= _of_flags(flags)
    data, workspace = values.pop("data", None), values.pop("workspace", None)
    settings = Settings(
        data=_place(data, folder) if data else default_data(environ),
        workspace=_place(workspace, folder) if workspace else folder.resolve(),
    )
    settings = replace(settings, **values)
    Boundary().check_bind(settings.port)
    return settings


def default_data(environ: Mapping[str, str]) -> Path:
    """`data/` of the checkout that this program is started from, else the platform's folder for user data."""
    root = checkout()
    return root / "data" if root is not None else data_home(environ)


def checkout() -> Path | None:
    """The top of the checkout of Callboard that this package lies in; None for an installed one."""
    source = Path(callboard.__file__).resolve().parent.parent
    project = source.parent / "pyproject.toml"
    return source.parent if source.name == "app" and project.is_file() else None


def data_home(environ: Mapping[str, str]) -> Path:
    """Where this platform wants a user's data."""
    if sys.platform == "darwin":
        return _home(environ) / "Library" / "Application Support" / "Callboard"
    return _xdg(environ, "XDG_DATA_HOME", ".local/share") / "callboard"


def config_home(environ: Mapping[str, str]) -> Path:
    """Where this platform wants a user's settings."""
    if sys.platform == "darwin":
        return _home(environ) / "Library" / "Application Support" / "Callboard"
    return _xdg(environ, "XDG_CONFIG_HOME", ".config") / "callboard"


def _xdg(environ: Mapping[str, str], name: str, otherwise: str) -> Path:
    value = environ.get(name, "")
    return Path(value) if os.path.isabs(value) else _home(environ) / otherwise


def _home(environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME") or os.path.expanduser("~")
    if not os.path.isabs(home):
        raise ConfigError("there is no home folder; set HOME, or CALLBOARD_DATA to the folder for Callboard's data")
    return Path(home)


def _place(text: str, folder: Path) -> Path:
    return (folder / Path(text).expanduser()).resolve()


def _of_file(file: Path) -> dict[str, Any]:
    try:
        with open(file, "rb") as opened:
            text = opened.read(LARGEST_FILE + 1).decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"it cannot be read: {error}", file) from error
    if len(text) > LARGEST_FILE:
        raise ConfigError(f"it is larger than {LARGEST_FILE:,} bytes", file)
    try:
        raw = tomllib.loads(text)
        source = Source(file, find_lines(text))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"it is no valid TOML: {error}", file) from error
    return dict(checked(source, raw, FIELDS))


def _of_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, described in FIELDS.items():
        text = environ.get(PREFIX + name.upper(), "")
        if text:
            found[name] = _checked(
                PREFIX + name.upper(), described, _number(text) if described.kind == "whole" else text
            )
    return found


def _of_flags(flags: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in flags.items():
        if name in FIELDS and value is not None:
            plain = str(value) if isinstance(value, Path) else value
            found[name] = _checked("--" + name.replace("_", "-"), FIELDS[name], plain)
    return found


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text


def _checked(name: str, described: Field, value: Any) -> Any:
    wrong = described.wrong(value)
    if wrong:
        raise ConfigError(f"{name} is {value!r}; {wrong}")
    return value
