"""All of Callboard together asks a host no more often than the boundary allows."""

import threading
from pathlib import Path

import pytest

from callboard.errors import CallboardError
from callboard.work.sparing.budget import Budget, key_of


class Day:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def wall(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_two_agents_share_one_budget_for_all_spellings_and_ports(tmp_path: Path) -> None:
    day = Day()
    one, two = (Budget(tmp_path, 1.0, wall=day.wall, sleep=day.sleep) for _ in range(2))
    assert one.take("http://shop.example/a") == 0
    assert two.take("https://SHOP.example.:8443/b") == 1
    assert one.take("http://shop.example/c") == 2
    assert two.take("http://other.example/") == 0
    assert [one.take("http://localhost:1/"), two.take("http://127.0.0.1:2/"), one.take("http://[::1]/")] == [0, 1, 2]
    day.now += 100
    assert two.take("http://shop.example/") == 0, "what was not used is not saved up"


def test_trouble_doubles_the_pause_and_a_good_answer_ends_it(tmp_path: Path) -> None:
    day = Day()
    one, two = (Budget(tmp_path, 1.0, wall=day.wall, sleep=day.sleep) for _ in range(2))
    url = "http://shop.example/"
    assert [one.answered(url, status) for status in (500, 429, 0, 503, 502, 500)] == [2, 4, 8, 16, 30, 30]
    assert two.due(url) == 30
    two.wait(url)
    assert day.slept == [30]
    assert two.answered(url, 200) == 0
    assert one.due(url) == 1, "only the budget itself is left"
    assert one.answered(url, 404) == 0, "not found is an answer"


def test_retry_after_is_kept_for_everybody_and_for_that_port_alone(tmp_path: Path) -> None:
    day = Day()
    one, two = (Budget(tmp_path, 1.0, wall=day.wall, sleep=day.sleep) for _ in range(2))
    assert one.answered("http://shop.example/", 429, 120) == 120
    assert two.due("http://SHOP.example/x") == 120
    assert two.due("http://shop.example:8080/") == 0
    assert one.answered("http://shop.example/", 503, 1e12) == 3600, "nobody is made to wait for ever"


def test_a_clock_that_was_set_back_and_a_damaged_file_block_nobody(tmp_path: Path) -> None:
    day = Day()
    budget = Budget(tmp_path, 1.0, wall=day.wall, sleep=day.sleep)
    budget.take("http://a.example/")
    day.now -= 1_000_000
    assert budget.due("http://a.example/") <= 3600
    for file in (tmp_path / "boundary" / "asked").iterdir():
        file.write_bytes(b"\0{]")
    assert budget.take("http://a.example/") == 0


def test_nothing_is_sent_when_the_budget_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "boundary").write_text("in the way")
    with pytest.raises(CallboardError, match=r"nothing is sent to a.example"):
        Budget(tmp_path, 1.0).take("http://a.example/")


def test_many_at_once_get_different_moments(tmp_path: Path) -> None:
    day = Day()
    taken: list[float] = []

    def ask() -> None:
        budget = Budget(tmp_path, 2.0, wall=day.wall)
        taken.extend(budget.take("http://a.example/") for _ in range(10))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [place / 2 for place in range(40)]


def test_the_key_of_an_address() -> None:
    assert [key_of(url) for url in ("http://0x7f.1/", "http://A.b.:8/", "http://[::1", "x")] == [
        "loopback",
        "a.b",
        "",
        "",
    ]
