"""The limits of control groups, read from folders that look like the kernel's."""

import math
from pathlib import Path

from callboard.measure.bounds import read_bounds

GIBI = 1 << 30


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_version_2_takes_the_tightest_on_the_way_up(tmp_path: Path) -> None:
    mount = tmp_path / "cgroup"
    write(mount / "a", memory__max=str(4 * GIBI), memory__current=str(3 * GIBI), cpu__max="50000 100000")
    write(mount / "a" / "b", memory__max="max", memory__current="5", cpu__max="max 100000")
    (mount / "a" / "memory.stat").write_text(f"anon 5\ninactive_file {GIBI}\n")
    own = tmp_path / "own"
    own.write_text("0::/a/b\n")
    bounds = read_bounds(str(mount), str(own))
    assert (bounds.cpus, bounds.memory_mb, bounds.free_mb) == (0.5, 4096.0, 2048.0)


def test_version_1_inside_of_a_container_whose_path_is_not_there(tmp_path: Path) -> None:
    mount = tmp_path / "cgroup"
    write(mount / "memory", memory__limit_in_bytes=str(GIBI), memory__usage_in_bytes=str(GIBI // 4), memory__stat="")
    write(mount / "cpu", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    own = tmp_path / "own"
    own.write_text("5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n")
    bounds = read_bounds(str(mount), str(own))
    assert bounds.cpus >= 1
    assert (bounds.memory_mb, bounds.free_mb) == (1024.0, 768.0)


def test_no_control_groups_at_all(tmp_path: Path) -> None:
    bounds = read_bounds(str(tmp_path / "none"), str(tmp_path / "none"))
    assert bounds.memory_mb == math.inf
