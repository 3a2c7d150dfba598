"""Sessions: begun by a secret that is kept nowhere, ended by idleness, alive after a restart."""

from pathlib import Path

import pytest

from callboard.guard.sessions import IDLE_S, MOST, Sessions


class FakeClock:
    def __init__(self) -> None:
        self.at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


def test_only_the_token_is_the_token() -> None:
    sessions = Sessions("right")
    assert sessions.is_token("right")
    assert not any(
        sessions.is_token(word) for word in ("", "wrong", "righ", "right ", "RIGHT", "ri\udcffght", "räight")
    )


def test_a_session_is_known_until_it_is_idle_too_long() -> None:
    clock = FakeClock()
    sessions = Sessions("token", clock=clock)
    secret = sessions.begin()
    assert not sessions.known("")
    assert not sessions.known(secret + "x")
    for _ in range(5):
        clock.at += IDLE_S - 1
        assert sessions.known(secret)
    clock.at += IDLE_S + 1
    assert not sessions.known(secret)
    assert not sessions.known(secret)


def test_the_oldest_gives_way_to_the_newest() -> None:
    clock = FakeClock()
    sessions = Sessions("token", clock=clock)
    secrets = []
    for _ in range(MOST + 3):
        clock.at += 1
        secrets.append(sessions.begin())
    assert [sessions.known(secret) for secret in secrets] == [False] * 3 + [True] * MOST


def test_sessions_outlive_a_restart_without_a_secret_on_the_disk(tmp_path: Path) -> None:
    clock = FakeClock()
    file = tmp_path / "sessions.json"
    before = Sessions("token-one", file, clock)
    secrets = [before.begin() for _ in range(MOST)]
    before.save()
    held = file.read_text()
    assert not any(secret in held for secret in [*secrets, "token-one"])
    assert file.stat().st_mode & 0o777 == 0o600
    after = Sessions("token-two", file, clock)
    assert all(after.known(secret) for secret in secrets)
    assert not after.is_token("token-one")
    clock.at += IDLE_S + 1
    assert not Sessions("token-three", file, clock).known(secrets[0])


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"x": 1}', '{"' + "a" * 64 + '": "soon"}', '{"' + "a" * 64 + '": 1e99}']
)
def test_a_damaged_file_means_no_sessions(tmp_path: Path, content: str) -> None:
    file = tmp_path / "sessions.json"
    file.touch(0o600)
    file.write_text(content)
    sessions = Sessions("token", file)
    assert sessions.known(sessions.begin())
