"""What the kernel says, by value."""

import math

from callboard.core.task import AttemptKey
from callboard.measure.bounds import Bounds
from callboard.measure.host import Room, capacity_of
from callboard.measure.kernel_text import busy, byte_limit, control_groups, cpu_quota, field, pressure, rates
from callboard.measure.process import Stat, parse_stat
from callboard.measure.trees import members_of

LINE = (
    b"4242 (a) b (c) S 17 4242 4200 0 -1 4194560 100 200 0 0 150 50 7 3 20 0 1 0 987654 123456789 2048 "
    b"18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n"
)
PSI = "some avg10=1.25 avg60=0.50 avg300=0.10 total=12345\nfull avg10=0.75 avg60=0.10 avg300=0.00 total=999\n"


def test_stat_line_with_brackets_in_the_name() -> None:
    stat = parse_stat(LINE)
    assert stat is not None
    assert (stat.pid, stat.ppid, stat.session, stat.state) == (4242, 17, 4200, "S")
    assert (stat.ticks, stat.waited_ticks, stat.start, stat.rss) == (200, 10, 987654, 2048)
    assert not stat.gone
    assert [parse_stat(line) for line in (b"", b"garbage", b"1 (x) S 2", LINE.replace(b" 17 ", b" x "))] == [None] * 4


def test_pressure() -> None:
    assert pressure(PSI) == 1.25
    assert pressure("") is None


def test_control_groups_of_both_versions() -> None:
    assert control_groups("0::/user.slice/a\n") == {"": "/user.slice/a"}
    assert control_groups("4:cpu,cpuacct:/x:y\n3:memory:/m\n") == {"cpu": "/x:y", "cpuacct": "/x:y", "memory": "/m"}


def test_limits_of_both_versions() -> None:
    assert byte_limit("max\n") == math.inf
    assert byte_limit("9223372036854771712") == math.inf
    assert byte_limit("1073741824\n") == 1 << 30
    assert byte_limit("") == math.inf
    assert cpu_quota("max 100000") == math.inf
    assert cpu_quota("150000 100000\n") == 1.5
    assert cpu_quota("-1 100000") == math.inf
    assert cpu_quota(" ") == math.inf
    assert field("cache 5\ninactive_file 4096\n", "inactive_file") == 4096
    assert field("read_bytes: 10\n", "read_bytes") == 10
    assert field("", "x") == 0


def test_rates_and_busy_parts() -> None:
    assert rates({"a": 10, "b": 50}, {"a": 30, "b": 5, "c": 9}, 2.0) == {"a": 10.0, "b": 0.0, "c": 0.0}
    assert rates({"a": 1}, {"a": 2}, 0.0) == {"a": 0.0}
    assert busy((100.0, 50.0), (110.0, 54.0)) == 0.6
    assert busy((100.0, 50.0), (100.0, 50.0)) == 0.0


def test_capacity_leaves_a_reserve_and_what_others_use() -> None:
    free = capacity_of(Room(8.0, 0.0, 16_000.0, 12_000.0, 0.0))
    assert (free.cpus, free.memory_mb, free.total_cpus, free.total_memory_mb) == (8.0, 11_200.0, 8.0, 16_000.0)
    shared = capacity_of(Room(8.0, 3.0, 16_000.0, 6_000.0, 4_000.0), cpu_reserve=1.0)
    assert (shared.cpus, shared.memory_mb, shared.pressed) == (4.25, 9_200.0, False)
    assert capacity_of(Room(2.0, 0.1, 8_000.0, 4_000.0, 0.0)).cpus == 2.0, (
        "two tasks of one core each fit beside a murmur"
    )
    assert capacity_of(Room(2.0, 5.0, 2_000.0, 100.0, 0.0)).cpus == 1.0
    assert capacity_of(Room(2.0, 0.0, 8_000.0, 4_000.0, 0.0), memory_reserve_mb=1_000).memory_mb == 3_000.0


def test_capacity_is_pressed_when_memory_runs_out() -> None:
    assert capacity_of(Room(2.0, 0.0, 8_000.0, 200.0, 0.0)).pressed
    assert capacity_of(Room(2.0, 0.0, 8_000.0, 700.0, 0.0, stalled=50.0)).pressed
    assert not capacity_of(Room(2.0, 0.0, 8_000.0, 4_000.0, 0.0, stalled=50.0)).pressed


def test_bounds_are_infinite_where_nothing_bounds() -> None:
    assert Bounds(4.0) == Bounds(4.0, math.inf, math.inf)


def test_members_by_descent_and_session() -> None:
    def stat(pid: int, ppid: int, session: int, state: str = "S") -> Stat:
        return Stat(pid, state, ppid, session, 0, 0, 0, 0)

    first, second = AttemptKey(1, 1, 1), AttemptKey(1, 2, 1)
    stats = [
        stat(1, 0, 1),
        stat(10, 1, 10),
        stat(11, 10, 10),
        stat(12, 11, 12),
        stat(13, 1, 10),
        stat(20, 1, 20),
        stat(21, 20, 20, "Z"),
        stat(30, 1, 30),
        stat(40, 41, 40),
        stat(41, 40, 40),
    ]
    members = members_of(stats, {10: first, 20: second})
    assert [sorted(s.pid for s in members[key]) for key in (first, second)] == [[10, 11, 12, 13], [20]]
