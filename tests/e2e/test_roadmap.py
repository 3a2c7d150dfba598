"""The roadmap on the real program: assigned, run in order, killed in between, ticked by one character, refused in words."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from house import House

CONFIG = """\
[workspace]
detect = false

[roadmap]
write = true

[boundary]
protected_paths = ["openspec/changes/frozen/**"]

[[routes]]
words = ["legal"]
person = "bob"
because = "bob talks to legal"

[changes.later]
after = ["base"]
"""
TASKS = """\
## 1. Backend

- [ ] 1.1 Check the configuration syntax
- [ ] 1.2 Check the configuration syntax again
- [x] 1.3 Write the model

## 2. Frontend
- [ ] 2.1 Implement the form
"""
FILES = {
    "openspec/changes/add-login/proposal.md": "# Add login\n\n## Why\nPeople forget passwords.\n",
    "openspec/changes/add-login/tasks.md": TASKS,
    "openspec/changes/people/tasks.md": "## 1. All\n- [ ] 1.1 Ask legal about the wording\n",
    "openspec/changes/base/tasks.md": "## 1. All\n- [ ] 1.1 Implement it\n- [x] 1.2 Two\n",
    "openspec/changes/later/tasks.md": "## 1. All\n- [ ] 1.1 Check the configuration syntax\n- [ ] 1.2 Two\n",
    "openspec/changes/frozen/tasks.md": "## 1. All\n- [ ] 1.1 One\n",
    "openspec/changes/odd/tasks.md": "\ufeff## 1. Odd\r\n- [ ] 1.1 One\r\n- [~] 1.2 Two\r\n- [ ] 1.3 Three",
    "settings.json": '{"a": 1}\n',
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("roadmap"), CONFIG, FILES)
    yield made
    made.close()


def task(house: House, ref: str) -> Any:
    page = house.get(f"/roadmap/{ref.partition('#')[0]}")
    return next(one for section in page["sections"] for one in section["tasks"] if one["ref"] == ref)


def refused(house: House, path: str, body: dict[str, Any], status: int) -> str:
    answer = house.api.post(path, json=body)
    assert answer.status_code == status, answer.text
    return str(answer.json()["detail"])


def changed(house: House, path: str) -> list[tuple[int, int, int]]:
    """Where the file differs from the commit: (place, byte before, byte after)."""
    before = subprocess.run(
        ["git", "show", f"HEAD:{path}"], cwd=house.workspace, capture_output=True, check=True
    ).stdout
    after = (house.workspace / path).read_bytes()
    assert len(before) == len(after)
    return [(n, old, new) for n, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]


def test_killed_between_assignment_and_tick_each_task_runs_once_in_order_and_one_character_changes(
    house: House,
) -> None:
    told = house.post("/roadmap/assign", {"refs": ["add-login#1.1", "add-login#1.2"], "reason": "for the demo"})
    first, second = told["assigned"]
    assert (first["to"], first["action"], told["refused"]) == ("config", "config.schema", [])
    assert first["why"] == "the task says 'configuration' and 'syntax', and config.schema offers 'configuration-syntax'"
    assert second["hold"].startswith("waits for add-login#1.1")
    os.kill(house.process.pid, signal.SIGKILL)
    house.process.wait()
    house.api.close()
    house.log.close()
    house.start()
    done = house.until(lambda: task(house, "add-login#1.2")["done"] and task(house, "add-login#1.2"))
    assert (done["assignment"]["state"], done["assignment"]["tick"]) == ("done", "ticked")
    assert done["evidence"]["words"].startswith(f"config.schema in run {done['evidence']['run']} passed")
    assert done["evidence"]["commit"] == house.git("rev-parse", "HEAD").strip()
    runs = [run for run in house.get("/runs") if "add-login" in run["trigger"]]
    assert [(run["trigger"], run["state"]) for run in runs] == [
        ("roadmap add-login#1.2", "succeeded"), ("roadmap add-login#1.1", "succeeded"),
    ]  # fmt: skip
    path = "openspec/changes/add-login/tasks.md"
    places = [TASKS.index("[ ] 1.1") + 1, TASKS.index("[ ] 1.2") + 1]
    assert changed(house, path) == [(place, ord(" "), ord("x")) for place in places]
    assert (
        house.git("diff", "--stat", "--", path).splitlines()[-1] == " 1 file changed, 2 insertions(+), 2 deletions(-)"
    )
    words = [step["words"] for step in house.get("/roadmap/add-login")["history"]]
    assert "add-login#1.1: Callboard ticked the line: line 3 of openspec/changes/add-login/tasks.md." in words


def test_a_person_has_it_in_the_inbox_says_done_with_a_note_and_the_line_is_ticked(house: House) -> None:
    (one,) = house.post("/roadmap/assign", {"refs": ["people#1.1"]})["assigned"]
    assert (one["to"], one["kind"], one["why"]) == ("bob", "person", "bob talks to legal: the task says 'legal'")
    row = next(row for row in house.get("/inbox") if row["kind"] == "roadmap")
    assert (row["title"], row["href"]) == ("bob: 1.1 Ask legal about the wording", "/roadmap/people")
    mine = house.get("/me")["name"]
    assert f"bob's to do, not {mine}'s" in refused(house, "/roadmap/done", {"ref": "people#1.1", "note": "so"}, 409)
    house.post("/roadmap/withdraw", {"id": one["id"], "reason": "bob is away"})
    house.post("/roadmap/assign", {"refs": ["people#1.1"], "to": "@me"})
    lost = refused(house, "/roadmap/assign", {"refs": ["people#1.1"], "to": "@eve"}, 409)
    assert lost == f"people#1.1 was assigned to @{mine} by {mine} already, and waits; withdraw that first"
    house.post("/roadmap/done", {"ref": "people#1.1", "note": "legal said yes on Monday"})
    ticked = house.until(lambda: task(house, "people#1.1")["done"] and task(house, "people#1.1"))
    assert ticked["evidence"]["words"] == "legal said yes on Monday"
    assert not [row for row in house.get("/inbox") if row["kind"] == "roadmap"]
    news = {group["kind"]: group["title"] for group in house.get("/catchup?since=1")["groups"]}
    assert "of the roadmap ticked" in news["roadmap"]
    hits = {(hit["kind"], hit["id"]) for hit in house.get("/search?q=legal")["hits"]}
    assert ("roadmap task", "people#1.1") in hits


def test_what_comes_after_waits_for_the_change_and_a_circle_is_refused_with_its_path(house: House) -> None:
    (one,) = house.post("/roadmap/assign", {"refs": ["later#1.1"]})["assigned"]
    assert (one["hold"], one["href"]) == ("waits for change base, 1 of 2 tasks of which are open", "/roadmap/base")
    change = house.get("/roadmap/later")["change"]
    assert (change["after"], change["blockers"][0]["change"]) == (["base"], "base")
    words = refused(house, "/roadmap/place", {"change": "base", "after": ["later"]}, 409)
    assert words.endswith("base comes after later, which comes after base")
    placed = house.post("/roadmap/place", {"change": "later", "layer": "critical", "reason": "the board asks"})[
        "change"
    ]
    assert (placed["layer"], placed["layer_why"].partition(": ")[2]) == ("critical", "the board asks")
    assert house.get("/roadmap")["changes"][0]["id"] == "later"
    done = house.call("roadmap", "done", "base#1.1", "--note", "by pair work")
    assert done.returncode == 0, done.stderr
    house.until(lambda: task(house, "later#1.1")["done"])


def test_a_protected_path_and_a_text_that_changed_are_refused_and_the_refusal_is_kept(house: House) -> None:
    house.post("/roadmap/done", {"ref": "frozen#1.1", "note": "so"})
    one = house.until(lambda: (found := task(house, "frozen#1.1")["assignment"])["tick"] and found)
    assert one["tick"] == "refused"
    assert "protected_paths" in one["tick_why"]
    assert "protected_paths" in refused(house, "/roadmap/tick", {"ref": "frozen#1.1"}, 409)
    assert house.get("/roadmap/frozen")["change"]["blockers"][0]["words"].startswith("frozen#1.1 could not be ticked")
    odd = house.workspace / "openspec/changes/odd/tasks.md"
    house.post("/roadmap/assign", {"refs": ["odd#1.3"], "to": "@me"})
    odd.write_bytes(odd.read_bytes().replace(b"1.3 Three", b"1.3 Three and more"))
    house.post("/roadmap/done", {"ref": "odd#1.3", "note": "so"})
    assert "reads otherwise" in refused(house, "/roadmap/tick", {"ref": "odd#1.3"}, 409)
    odd.write_bytes(odd.read_bytes().replace(b" and more", b""))
    house.until(lambda: task(house, "odd#1.3")["done"])
    assert changed(house, "openspec/changes/odd/tasks.md") == [(odd.read_bytes().index(b"x] 1.3"), ord(" "), ord("x"))]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/roadmap/assign", {"refs": ["add-logn#1.1"]}, 404, "there is no change 'add-logn'. Did you mean 'add-login'?"),
        ("/roadmap/assign", {"refs": ["odd#1.9"]}, 404, "there is no task 'odd#1.9'. Did you mean"),
        ("/roadmap/assign", {"refs": ["odd#1.1"]}, 409, "odd#1.1: no agent here offers this: give it to a person"),
        ("/roadmap/assign", {"refs": ["odd#1.1"], "to": "qualty"}, 404, "there is no agent 'qualty'. Did you mean 'quality'?"),
        ("/roadmap/assign", {"refs": ["odd#1.1"], "to": "quality"}, 409, "offers nothing that fits '1.1 One'"),
        ("/roadmap/assign", {"refs": ["odd#1.1"], "to": "quality", "action": "security.secrets"}, 409,
         "agent 'quality' cannot do security.secrets: that is an action of agent 'security'"),
        ("/roadmap/assign", {"refs": ["odd#1.1"], "action": "quality.lnt"}, 404, "Did you mean 'quality.lint'"),
        ("/roadmap/assign", {"refs": ["odd#1.1"], "action": "quality.lint", "options": {"nope": 1}}, 422, "nope"),
        ("/roadmap/assign", {"refs": ["odd#1.1"], "to": "@a/b"}, 422, "is no name of a person"),
        ("/roadmap/assign", {"refs": ["add-login#1.3"], "to": "@ann"}, 409, "ticked already"),
        ("/roadmap/tick", {"ref": "odd#1.1"}, 409, "nobody has odd#1.1"),
        ("/roadmap/withdraw", {"id": "odd#1.1"}, 409, "nobody has odd#1.1"),
        ("/roadmap/place", {"change": "odd"}, 422, "say where it belongs"),
        ("/roadmap/place", {"change": "odd", "layer": "hgh"}, 422, "Did you mean 'high'?"),
        ("/roadmap/place", {"change": "odd", "after": ["ood"]}, 404, "Did you mean 'odd'?"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_mend(
    house: House, path: str, body: dict[str, Any], status: int, words: str
) -> None:
    assert words in refused(house, path, body, status)


def test_the_terminal_says_the_same_numbers_as_the_api(house: House) -> None:
    def both() -> bool:
        row, told = house.get("/roadmap"), json.loads(house.call("roadmap", "--json").stdout)
        assert row["total"] == sum(change["total"] for change in row["changes"]) == 13
        assert row["done"] == sum(layer["done"] for layer in row["layers"])
        return bool(row == told and row["burnup"][-1][1] == row["done"])

    house.until(both)
    assert "add-login" in house.call("roadmap").stdout
    wrong = house.call("roadmap", "assign", "odd#1.1", "--to", "quality")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert house.call("roadmap", "adlogin").returncode == 2
    table = house.api.get("/export/roadmap.csv").text
    assert len(table.splitlines()) == 14
