"""Settings come from the right place, and a wrong one is told with the place that it came from."""

import sys
from pathlib import Path

import pytest

from callboard.errors import BoundaryError, ConfigError
from callboard.settings import checkout, data_home, settings_from


def test_flags_go_before_the_environment_before_the_file_before_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("port = 7001\nlog_level = 'error'\nparallelism = 2\n")
    env = {"CALLBOARD_PORT": "7002", "CALLBOARD_LOG_LEVEL": "debug", "CALLBOARD_RUN_ID": "x", "HOME": str(tmp_path)}
    settings = settings_from({"port": 7003, "host": None}, env, tmp_path, file)
    assert (settings.port, settings.log_level, settings.parallelism) == (7003, "debug", 2)
    assert settings.host == "127.0.0.1"
    assert settings.workspace == tmp_path.resolve()
    assert settings_from({}, env, tmp_path, file).port == 7002
    assert settings_from({}, {}, tmp_path, file).port == 7001
    assert settings_from({}, {"HOME": str(tmp_path)}, tmp_path).port == 6771


@pytest.mark.parametrize("port", [5173, 6770])
def test_the_ports_of_the_platform_are_refused_by_the_rule(tmp_path: Path, port: int) -> None:
    with pytest.raises(BoundaryError, match=r"rule: boundary.protected_ports"):
        settings_from({"port": port}, {}, tmp_path, tmp_path / "none")
    with pytest.raises(BoundaryError):
        settings_from({}, {"CALLBOARD_PORT": str(port)}, tmp_path, tmp_path / "none")


def test_a_wrong_value_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("\nprot = 1\n")
    with pytest.raises(ConfigError, match=r"settings.toml:2: .*Did you mean 'port'"):
        settings_from({}, {}, tmp_path, file)
    file.write_text("port = \n")
    with pytest.raises(ConfigError, match="no valid TOML"):
        settings_from({}, {}, tmp_path, file)
    none = tmp_path / "none"
    with pytest.raises(ConfigError, match="CALLBOARD_PORT is 'high'; it must be a whole number from 0 to 65535"):
        settings_from({}, {"CALLBOARD_PORT": "high"}, tmp_path, none)
    with pytest.raises(ConfigError, match=r"--log-level is 'inf'; .*Did you mean 'info'"):
        settings_from({"log_level": "inf"}, {}, tmp_path, none)
    with pytest.raises(ConfigError, match="--host"):
        settings_from({"host": "a b"}, {}, tmp_path, none)


def test_data_lies_in_the_checkout_or_where_the_platform_keeps_it(tmp_path: Path) -> None:
    none = tmp_path / "none"
    root = checkout()
    assert root is not None
    assert settings_from({}, {}, tmp_path, none).data == root / "data"
    assert settings_from({}, {"CALLBOARD_DATA": "kept"}, tmp_path, none).data == tmp_path.resolve() / "kept"
    assert settings_from({"data": Path("/d")}, {"CALLBOARD_DATA": "kept"}, tmp_path, none).data == Path("/d")
    if sys.platform != "darwin":
        assert data_home({"HOME": "/h", "XDG_DATA_HOME": "/x"}) == Path("/x/callboard")
        assert data_home({"HOME": "/h", "XDG_DATA_HOME": "relative"}) == Path("/h/.local/share/callboard")
