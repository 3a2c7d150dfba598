"""What git says is taken as text from outside: bounded in time, cleaned, and never a reason to fail."""

import subprocess
from pathlib import Path

from callboard.learn.commits import commits_between, files_between, git_facts


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=ann", "-c", "user.email=ann@example.org")
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, name: str, subject: str) -> str:
    (folder / name).write_text(subject)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", subject)
    return git(folder, "rev-parse", "HEAD")


def test_branch_commit_and_every_changed_file_are_told(tmp_path: Path) -> None:
    git(tmp_path, "init", "-qb", "feature/x")
    empty = {"branch": "feature/x", "commit": "", "subject": "", "dirty": False, "changed": 0, "digest": ""}
    assert git_facts(tmp_path) == empty
    first = commit(tmp_path, "a", "One")
    (tmp_path / "b").write_text("")
    git(tmp_path, "mv", "a", "c")
    facts = git_facts(tmp_path)
    digest = facts.pop("digest")
    assert facts == {"branch": "feature/x", "commit": first, "subject": "One", "dirty": True, "changed": 2}
    (tmp_path / "inner").mkdir()
    assert (digest != "", git_facts(tmp_path)["digest"], git_facts(tmp_path / "inner")["digest"]) == (True, digest, "")
    for path in ("b", "c"):
        (tmp_path / path).write_text(f"another {path}")
        assert git_facts(tmp_path)["digest"] != digest
        digest = git_facts(tmp_path)["digest"]
    git(tmp_path, "checkout", "-q", "--detach")
    assert git_facts(tmp_path)["branch"] == ""


def test_where_there_is_no_git_nothing_is_said(tmp_path: Path) -> None:
    assert git_facts(tmp_path) == {}
    assert git_facts(tmp_path / "nowhere") == {}
    (tmp_path / ".git").write_text("gitdir: /nowhere")
    assert git_facts(tmp_path) == {}
    assert commits_between(tmp_path, "a" * 40, "b" * 40) is None
    assert files_between(tmp_path, "a" * 40, "b" * 40) == []


def test_words_from_outside_are_clean_and_bounded(tmp_path: Path) -> None:
    git(tmp_path, "init", "-qb", "main")
    first = commit(tmp_path, "a", "One")
    for n in range(25):
        last = commit(tmp_path, "a", f"{n} \x1b[31m\u202e" + "x" * 300)
    found = commits_between(tmp_path, first, last)
    assert found is not None
    assert (len(found), found[0]["subject"][:9], len(found[0]["subject"])) == (20, "24 \ufffd[31m\ufffd", 200)
    assert files_between(tmp_path, first, last) == ["a"]
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/evil\u202ename\n")
    assert "\u202e" not in git_facts(tmp_path)["branch"]


def test_nothing_but_the_name_of_a_commit_reaches_git(tmp_path: Path) -> None:
    git(tmp_path, "init", "-qb", "main")
    head = commit(tmp_path, "a", "One")
    assert commits_between(tmp_path, "--output=/tmp/x", head) is None
    assert files_between(tmp_path, head, "--help") == []


def test_the_programs_that_a_repository_names_are_not_started(tmp_path: Path) -> None:
    git(tmp_path, "init", "-qb", "main")
    first = commit(tmp_path, "a", "One")
    last = commit(tmp_path, "a", "Two")
    mark = tmp_path.parent / "started"
    program = tmp_path.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    for key in ("gpg.program", "core.fsmonitor", "diff.external", "core.pager", "pager.log"):
        git(tmp_path, "config", key, str(program))
    git(tmp_path, "config", "log.showSignature", "true")
    assert commits_between(tmp_path, first, last)
    assert files_between(tmp_path, first, last) == ["a"]
    assert git_facts(tmp_path)["commit"] == last
    assert not mark.exists()


def test_a_folder_of_a_larger_repository_counts_its_own_files(tmp_path: Path) -> None:
    git(tmp_path, "init", "-qb", "main")
    (tmp_path / "web").mkdir()
    first = commit(tmp_path, "web/a", "One")
    last = commit(tmp_path, "b", "Two")
    (tmp_path / "loose").write_text("")
    assert git_facts(tmp_path / "web")["changed"] == 0
    assert files_between(tmp_path / "web", first, last) == []
