"""The file that leads to the running program: who may read it, and when it is believed."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from callboard.errors import CallboardError, Refused
from callboard.guard.running import announce, new_token, running_server, withdraw

ADDRESS = "http://127.0.0.1:6771"


def file_of(data: Path) -> Path:
    return data / "run" / "server.json"


def changed(data: Path, **fields: object) -> None:
    held = json.loads(file_of(data).read_text())
    file_of(data).write_text(json.dumps({**held, **fields}))


def test_what_was_announced_is_found_and_private(tmp_path: Path) -> None:
    token = new_token()
    announce(tmp_path, ADDRESS, token)
    found = running_server(tmp_path)
    assert found is not None
    assert (found.address, found.token, found.pid) == (ADDRESS, token, os.getpid())
    assert found.link == f"{ADDRESS}/?token={token}"
    assert stat.S_IMODE(file_of(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def test_a_token_has_256_bits_and_is_new_each_time() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {43}


def test_a_folder_that_is_too_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o755)
    announce(tmp_path, ADDRESS, new_token())
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CallboardError, match="not a folder of yours"):
        announce(tmp_path, ADDRESS, new_token())
    assert not list((tmp_path / "elsewhere").iterdir())


def test_withdrawn_is_gone(tmp_path: Path) -> None:
    announce(tmp_path, ADDRESS, new_token())
    withdraw(tmp_path)
    assert running_server(tmp_path) is None
    assert not file_of(tmp_path).exists()
    withdraw(tmp_path)


@pytest.mark.parametrize(
    "fields",
    [
        {"pid": 2**22 + 1},
        {"pid": 1},
        {"pid": -1},
        {"pid": "1"},
        {"pid": True},
        {"ticks": 1},
        {"boot": "of another day"},
        {"boot": None},
        {"address": "http://evil.example:6771"},
        {"address": "http://127.0.0.1:6771@evil.example"},
        {"address": "http://127.0.0.1:6771/x"},
        {"token": "short"},
        {"token": "a b" + "c" * 40},
    ],
)
def test_a_file_of_another_process_or_with_foreign_words_counts_as_none(
    tmp_path: Path, fields: dict[str, object]
) -> None:
    announce(tmp_path, ADDRESS, new_token())
    changed(tmp_path, **fields)
    assert running_server(tmp_path) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"[" * 9_000, b"\xff\xfe", b'{"pid": 1}', b" " * 20_000]
)
def test_a_malformed_file_counts_as_none_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    announce(tmp_path, ADDRESS, new_token())
    file_of(tmp_path).write_bytes(content)
    assert running_server(tmp_path) is None
    announce(tmp_path, ADDRESS, new_token())
    assert running_server(tmp_path) is not None


def test_a_file_that_others_may_read_is_not_believed(tmp_path: Path) -> None:
    announce(tmp_path, ADDRESS, new_token())
    file_of(tmp_path).chmod(0o644)
    assert running_server(tmp_path) is None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    announce(tmp_path, ADDRESS, new_token())
    file_of(tmp_path).rename(tmp_path / "moved")
    file_of(tmp_path).symlink_to(tmp_path / "moved")
    assert running_server(tmp_path) is None


def test_a_second_program_for_the_same_data_is_refused_and_the_file_of_a_dead_one_replaced(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from callboard.guard.running import announce, new_token\n"
        f"announce(Path(sys.argv[1]), {ADDRESS!r}, new_token()); print('up', flush=True); sys.stdin.read()"
    )
    argv = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "up\n"
        found = running_server(tmp_path)
        assert found is not None
        assert found.pid == other.pid
        with pytest.raises(Refused, match=rf"already runs .* \(process {other.pid}\)"):
            announce(tmp_path, "http://127.0.0.1:6772", new_token())
        withdraw(tmp_path)
        assert running_server(tmp_path) == found
        other.kill()
    assert running_server(tmp_path) is None
    announce(tmp_path, "http://127.0.0.1:6772", new_token())
    again = running_server(tmp_path)
    assert again is not None
    assert again.address == "http://127.0.0.1:6772"
