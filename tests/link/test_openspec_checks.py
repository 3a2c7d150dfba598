"""What contradicts itself in a roadmap comes out as clear sentences, ranked, and never as a flood or a crash."""

import os
from pathlib import Path

import pytest

from callboard.config import config_from
from callboard.link.openspec import Check, checks, read, untested
from callboard.link.openspec.order import circles

NOW = 2_000_000_000.0
SPEC = "# S\n\n## Purpose\nWhat it promises.\n\n## Requirements\n\n"


def block(name: str, words: str = "The system SHALL do it.", scenarios: tuple[str, ...] = ("Works",)) -> str:
    return f"### Requirement: {name}\n{words}\n\n" + "".join(
        f"#### Scenario: {one}\n- **WHEN** a\n- **THEN** b\n\n" for one in scenarios
    )


def put(root: Path, place: str, text: str) -> None:
    file = root / "openspec" / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def change(
    root: Path, name: str, delta: str = "", tasks: str = "- [ ] 1.1 a\n", meta: str = "", capability: str = "auth"
) -> None:
    put(root, f"changes/{name}/proposal.md", f"# Change: {name}\n\n## Why\nx\n")
    put(root, f"changes/{name}/tasks.md", tasks)
    if delta:
        put(root, f"changes/{name}/specs/{capability}/spec.md", delta)
    if meta:
        put(root, f"changes/{name}/.openspec.yaml", f"schema: spec-driven\n{meta}\n")


def found(root: Path, toml: str = "", **more: object) -> dict[str, list[Check]]:
    tables = config_from(toml, Path("callboard.toml")).roadmap
    listed: dict[str, list[Check]] = {}
    for check in checks(read(root), tables, now=NOW, **more):  # type: ignore[arg-type]
        listed.setdefault(check.kind, []).append(check)
    return listed


def test_overlapping_deltas_name_both_changes_and_what_to_do(tmp_path: Path) -> None:
    put(tmp_path, "specs/auth/spec.md", SPEC + block("Login") + block("Logout"))
    change(tmp_path, "add-a", "## ADDED Requirements\n" + block("Token") + block("Reset"))
    change(
        tmp_path,
        "add-b",
        "## ADDED Requirements\n" + block("Token", "It MUST differ.") + block("Reset", "It MUST differ."),
    )
    change(tmp_path, "edit-c", "## MODIFIED Requirements\n" + block("Login"))
    change(tmp_path, "drop-d", "## REMOVED Requirements\n### Requirement: Login\n")
    change(tmp_path, "edit-e", "## MODIFIED Requirements\n" + block("Token", scenarios=("Works", "More")))
    overlaps = {(check.change, *check.others): check for check in found(tmp_path)["overlap"]}
    both = overlaps["add-b", "add-a"]
    assert both.severity == "high"
    assert both.words == "add-a and add-b both add 'Token', 'Reset' of auth: archive refuses the second one"
    assert (both.path, both.line) == ("openspec/changes/add-b/specs/auth/spec.md", 2)
    assert "drop-d has REMOVED and edit-c MODIFIED 'Login'" in overlaps["edit-c", "drop-d"].words
    assert overlaps["edit-e", "add-a"].severity == "medium"
    assert 'after = ["add-a"]' in overlaps["edit-e", "add-a"].mend
    ordered = found(tmp_path, '[changes.edit-e]\nafter = ["add-a", "add-b"]')["overlap"]
    assert not any("edit-e" in (check.change, *check.others) for check in ordered)


def test_a_change_that_says_done_and_could_not_be_archived_says_why(tmp_path: Path) -> None:
    done = "".join(f"- [x] 1.{n} a\n" for n in range(1, 32))
    put(tmp_path, "specs/auth/spec.md", SPEC + block("Login", scenarios=("Works", "Fails")))
    change(tmp_path, "typo", "## MODIFIED Requirements\n" + block("Log in"), done)
    change(tmp_path, "drops", "## MODIFIED Requirements\n" + block("Login"), done)
    change(tmp_path, "fine", "## ADDED Requirements\n" + block("Token"), done, capability="fresh")
    change(tmp_path, "open", "## ADDED Requirements\n### Requirement: Bare\nIt SHALL be.\n")
    kinds = found(tmp_path)
    typo, drops = sorted(kinds["not-archivable"], key=lambda check: check.change, reverse=True)
    assert typo.words == "typo: 31 of 31 done, but archive would refuse: MODIFIED: header not found: 'Log in' (auth)"
    assert "leaves out scenarios of the spec: 'Fails'" in drops.words
    assert (typo.severity, typo.line) == ("high", 2)
    assert kinds["ready"][0].change == "fine"
    assert kinds["delta-no-scenario"][0].words == "open: archive would refuse: ADDED 'Bare' has no scenario (auth)"


def test_order_that_cannot_be_and_names_that_lead_nowhere(tmp_path: Path) -> None:
    change(tmp_path, "a", meta="depends_on: [b]")
    change(tmp_path, "b", meta="depends_on: c")
    change(tmp_path, "c", meta="depends_on: [a, lgoin, old]", tasks="- [x] 1.1 a\n")
    change(tmp_path, "login")
    (tmp_path / "openspec/changes/archive/2026-01-01-old").mkdir(parents=True)
    kinds = found(tmp_path, "[changes.gone]\nowner = 'ann'\n[milestones.m]\nchanges = ['zzz*']")
    assert [check.words for check in kinds["cycle"]] == [
        "a → b → c → a: they wait for each other, so none can be first"
    ]
    assert [check.words for check in kinds["depends-missing"]] == [
        "c waits for 'lgoin', which is no change. Did you mean 'login'?"
    ]
    assert kinds["done-early"][0].words == "c says done, although it waits for a, which is not"
    assert {check.words.split(",")[0] for check in kinds["unknown-change"]} == {
        "[changes.gone] is about no change.",
        "milestone 'm' names zzz*",
    }
    assert circles({"a": ("a",), "b": ()}) == [("a",)]


def test_marks_numbers_and_lines_that_get_lost(tmp_path: Path) -> None:
    text = "## 1. One\n- [~] 1.1 half\n- [ ] 1.1 again\n- [ ] 2.1 astray\n- [WIP] 1.3 lost\n[ ] 1.4 no bullet\n"
    text += "- [a](link)\n```\n- [WIP] sample\n```\n"
    change(tmp_path, "a", tasks=text)
    change(tmp_path, "b", tasks="## 1. One\n1. write it\n2. test it\n")
    kinds = found(tmp_path)
    assert kinds["odd-mark"][0].words == "a: 1 task with marks that count as open: [~] 1.1"
    assert kinds["number-twice"][0].words == "a: 1 number stands twice: 1.1"
    assert kinds["number-astray"][0].line == 4
    assert (
        kinds["lost-task"][0].words
        == "a: 2 lines look like tasks and are not counted: - [WIP] 1.3 lost, [ ] 1.4 no bullet"
    )
    assert (kinds["no-boxes"][0].change, kinds["no-boxes"][0].line) == ("b", 2)


def test_files_that_openspec_does_not_read_and_yaml_that_is_none(tmp_path: Path) -> None:
    change(tmp_path, "a", meta="depends_on: [x")
    put(tmp_path, "changes/a/specs/auth/delta.md", "## ADDED Requirements\n" + block("X"))
    put(tmp_path, "changes/a/specs/spec.md", "x")
    put(tmp_path, "changes/b/specs/auth/spec.md", "## ADDED Requirements\n\n")
    put(tmp_path, "changes/area/inner/proposal.md", "# x\n")
    put(
        tmp_path,
        "changes/bomb/.openspec.yaml",
        "a: &a [x,x]\n"
        + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)},*{chr(97 + n)}]\n" for n in range(24))
        + "z: ["
        + "*a," * 200
        + "]\n",
    )
    kinds = found(tmp_path)
    assert {check.path.rpartition("/")[2] for check in kinds["delta-name"]} == {"spec.md"}
    assert "1 more like it" in kinds["delta-name"][0].words
    assert "delta-empty-delta" in kinds or "empty-delta" in {kind.removeprefix("delta-") for kind in kinds}
    assert kinds["nested"][0].mend == "move it to openspec/changes/area-inner"
    words = [check.words for check in kinds["bad-yaml"]]
    assert any(".openspec.yaml of 'a' is no valid YAML" in one for one in words)
    assert any("aliases" in one for one in words)


def test_what_stands_still_and_what_is_ticked_without_evidence_come_as_one_when_there_are_many(tmp_path: Path) -> None:
    for n in range(9):
        change(tmp_path, f"c{n}", "## ADDED Requirements\n" + block(f"R{n}"), "- [x] 1.1 a\n- [ ] 1.2 b\n")
    roadmap = read(tmp_path)
    proven = {"c0#1.1"}
    listed = checks(roadmap, now=roadmap.changes[0].last + 60 * 86_400, proven=proven)
    stale = [check for check in listed if check.kind == "stale"]
    assert len(stale) == 1
    assert stale[0].words.startswith("9 changes stand still for 21 days and more: ")
    bare = [check for check in listed if check.kind == "unproven"]
    assert len(bare) == 1
    assert bare[0].words.startswith("8 tasks of 8 changes are ticked without evidence")
    assert not [check for check in checks(roadmap, now=NOW) if check.kind == "unproven"]


def test_the_worst_come_first_and_no_kind_floods(tmp_path: Path) -> None:
    for n in range(80):
        change(tmp_path, f"c{n}", "", "- [x] 1.1 a\n- [~] 1.2 b\n", meta="depends_on: [gone]")
    listed = checks(read(tmp_path), now=NOW)
    ranks = [("high", "medium", "low", "info").index(check.severity) for check in listed]
    assert ranks == sorted(ranks)
    missing = [check for check in listed if check.kind == "depends-missing"]
    assert len(missing) == 60
    assert missing[-1].words == "21 more of the kind 'depends-missing'"


def test_requirements_that_no_test_names(tmp_path: Path) -> None:
    put(
        tmp_path,
        "specs/auth/spec.md",
        SPEC + block("User can log in") + block("Lock out", scenarios=("Three wrong tries",)) + block("Audit trail"),
    )
    assert untested(tmp_path, read(tmp_path))[0].severity == "info"
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_auth.py").write_text("def test_user_can_log_in(): ...\n\n# three wrong tries\n")
    told = untested(tmp_path, read(tmp_path))
    assert [check.words for check in told] == ["auth: 1 of 3 requirements are named by no test: 'Audit trail'"]
    (tmp_path / "web.test.ts").write_text("it('auditTrail', () => {})")
    assert untested(tmp_path, read(tmp_path)) == []


def test_hostile_files_are_told_and_nothing_hangs(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "tasks.md").write_text("- [x] secret\n")
    base = tmp_path / "openspec" / "changes"
    for name in ("fifo", "big", "link", "nul", "deep", "many", "bad\udcff"):
        (base / name).mkdir(parents=True)
    os.mkfifo(base / "fifo" / "tasks.md")
    os.mkfifo(base / "fifo" / "proposal.md")
    with open(base / "big" / "tasks.md", "wb") as file:
        file.truncate(100_000_000)
    (base / "link" / "tasks.md").symlink_to(outside / "tasks.md")
    (base / "link" / "loop").symlink_to(".")
    (base / "linked").symlink_to(outside)
    (base / "nul" / "tasks.md").write_bytes(b"- [x] a\0b <script>\x1b[31m\n")
    (base / "nul" / ".openspec.yaml").write_bytes(b"schema: \xff\0\n" + b"[" * 5_000)
    (base / "many" / "tasks.md").write_text("## One\n" + "- [ ] 1.1 x\n" * 10_000)
    deep = base / "deep"
    for _ in range(60):
        deep = deep / "d"
        deep.mkdir()
    roadmap = read(tmp_path)
    assert "linked" not in {change.id for change in roadmap.changes}
    assert {change.id: change.total for change in roadmap.changes if change.total} == {"nul": 1, "many": 10_000}
    words = " ".join(check.words for check in roadmap.trouble)
    assert "tasks.md of 'big' is larger than 4 MB" in words
    assert "tasks.md of 'link' leads out of link" in words
    assert "tasks.md of 'fifo' is no regular file" in words
    texts = repr([(change.id, change.tasks[:1]) for change in roadmap.changes])
    assert "\\udcff" not in texts
    assert "\\x1b" not in texts
    assert "secret" not in texts
    checks(roadmap, now=NOW)


def test_a_workspace_without_the_folder_says_so(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert read(tmp_path).why == "there is no folder openspec/ in the workspace"
    (tmp_path / "openspec").symlink_to(tmp_path_factory.mktemp("outside"))
    assert "leads out" in read(tmp_path).why


def test_a_capability_that_is_given_up_before_it_was_ever_written_can_be_archived(tmp_path: Path) -> None:
    change(
        tmp_path,
        "gone",
        "## REMOVED Requirements\n- `### Requirement: Login`\n",
        "- [x] 1.1 a\n",
        "retire_capabilities: true",
    )
    change(tmp_path, "kept", "## REMOVED Requirements\n- `### Requirement: Login`\n", "- [x] 1.1 a\n")
    kinds = found(tmp_path)
    assert [check.change for check in kinds["ready"]] == ["gone"]
    assert "no requirement is left in it" in kinds["not-archivable"][0].words
