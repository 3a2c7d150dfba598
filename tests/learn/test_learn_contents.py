"""Which files a pattern means, and that a changed file is never taken for the former one."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from callboard.learn.contents import Contents, differences, short_hash


def made(folder: Path, *paths: str) -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    return folder


def found(folder: Path, *patterns: str, below: str = "") -> list[str]:
    return list(Contents(folder).matching(patterns, below))


PATHS = (
    "a.py",
    "src/b.py",
    "src/deep/c.py",
    "web/d.js",
    "Dockerfile",
    "web/Dockerfile.dev",
    ".github/workflows/ci.yml",
)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.py", ["a.py", "src/b.py", "src/deep/c.py"]),
        ("**/*.py", ["a.py", "src/b.py", "src/deep/c.py"]),
        ("src/**/*.py", ["src/b.py", "src/deep/c.py"]),
        ("src", ["src/b.py", "src/deep/c.py"]),
        ("**/Dockerfile*", ["Dockerfile", "web/Dockerfile.dev"]),
        (".github/**", [".github/workflows/ci.yml"]),
        ("./a.py", ["a.py"]),
        ("a.[pq]y", ["a.py"]),
        ("*.rs", []),
        ("(", []),
    ],
)
def test_patterns_mean_what_they_say(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    assert found(made(tmp_path, *PATHS), pattern) == expected


def test_a_folder_narrows_to_what_is_below_it_and_to_what_stands_over_it(tmp_path: Path) -> None:
    made(tmp_path, "ruff.toml", "web/ruff.toml", "web/app/x.py", "web/app/deep/y.py", "web/other/z.py", "api/w.py")
    inside = found(tmp_path, "**", below="web/app")
    assert inside == ["ruff.toml", "web/app/deep/y.py", "web/app/x.py", "web/ruff.toml"]
    assert found(tmp_path, "*.py", below="./") == ["api/w.py", "web/app/deep/y.py", "web/app/x.py", "web/other/z.py"]


def test_files_that_git_ignores_count_for_a_special_pattern_alone(tmp_path: Path) -> None:
    made(tmp_path, ".gitignore", ".env", "cache/x.txt", "a.py")
    (tmp_path / ".gitignore").write_text(".env\ncache/\n")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert ".env" in found(tmp_path, ".env*")
    assert ".env" not in found(tmp_path, "**")
    assert found(tmp_path, "x.txt") == []


def test_what_is_kept_is_used_only_while_the_file_is_untouched(tmp_path: Path) -> None:
    shop = made(tmp_path / "shop", "a.txt", "b.txt")
    data = tmp_path / "data"
    old = time.time() - 3_600
    for name in ("a.txt", "b.txt"):
        os.utime(shop / name, (old, old))

    def look() -> dict[str, str]:
        contents = Contents(shop, data)
        prints = {name: content.print for name, content in contents.matching(["**"]).items()}
        contents.keep()
        return prints

    first = look()
    assert look() == first
    state = (shop / "a.txt").stat()
    (shop / "a.txt").write_text("A.txt")
    os.utime(shop / "a.txt", ns=(state.st_atime_ns, state.st_mtime_ns))
    assert differences(first, look()) == ["a.txt"]


def test_a_cache_that_is_broken_is_not_believed(tmp_path: Path) -> None:
    shop, data = made(tmp_path / "shop", "a.txt"), tmp_path / "data"
    kept = data / "cache" / "contents" / f"{short_hash(str(shop.resolve()))}.json"
    kept.parent.mkdir(parents=True)
    for text in ("{", "[1]", '{"a.txt": 3}', '{"a.txt": ["x", 1, ["y"]]}'):
        kept.write_text(text)
        assert Contents(shop, data).matching(["**"])["a.txt"].print == Contents(shop).matching(["**"])["a.txt"].print


def test_a_file_that_cannot_be_read_and_one_that_is_gone_have_prints_too(tmp_path: Path) -> None:
    made(tmp_path, "a.txt", "b.txt")
    contents = Contents(tmp_path)
    assert contents.matching(["a.txt"])
    (tmp_path / "b.txt").chmod(0)
    assert set(contents.matching(["**"])) == {"a.txt", "b.txt"}


def test_a_settled_file_is_not_read_again(tmp_path: Path) -> None:
    shop, data = made(tmp_path / "shop", "a.txt"), tmp_path / "data"
    kept = data / "cache" / "contents" / f"{short_hash(str(shop.resolve()))}.json"
    contents = Contents(shop, data)
    contents.began += 10
    print_before = contents.matching(["**"])["a.txt"].print
    contents.keep()
    kept.write_text(kept.read_text().replace(print_before, "as it was kept"))
    assert Contents(shop, data).matching(["**"])["a.txt"].print == "as it was kept"
