"""A run's picture in groups: every task is in one group, arrows are counted, a group opens in place."""

from typing import Any

import pytest

from callboard.desk.outlines import COLUMNS
from callboard.show.grouping import MOST_INSIDE, picture


def outline(count: int, stages: int = 3) -> dict[str, Any]:
    """Tasks in stages, each waits for the one ten places before it; the last of all failed."""
    words: dict[str, list[str]] = {
        "agent": ["quality", "infra"], "action": ["x.y"], "stage": [f"s{n}" for n in range(stages)],
        "state": ["succeeded", "failed"], "verdict": [""], "locks": [],
    }  # fmt: skip
    rows = []
    for n in range(count):
        values: dict[str, Any] = dict.fromkeys(COLUMNS)
        values |= {"name": f"part{n % 4}:{n}", "agent": n % 2, "action": 0, "stage": n * stages // count}
        values |= {"state": int(n == count - 1), "verdict": 0, "critical": int(n % 10 == 0)}
        values |= {"depends": [n - 10] if n >= 10 else 0, "after": 0}
        rows.append([values[name] for name in COLUMNS])
    return {"run": {"id": 7}, "columns": list(COLUMNS), "words": words, "rows": rows}


def by_id(drawing: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["id"]: node for node in drawing["nodes"]}


def test_few_tasks_are_drawn_one_by_one_and_many_in_groups() -> None:
    few = picture(outline(40))
    assert (few["by"], len(few["nodes"])) == ("task", 40)
    many = picture(outline(900))
    assert many["by"] == "stage"
    assert many["choices"] == {"stage": 3, "agent": 2, "action": 1, "name": 4}
    assert {name: node["tasks"] for name, node in by_id(many).items()} == {"g:s0": 300, "g:s1": 300, "g:s2": 300}
    places = [by_id(many)[f"g:s{n}"]["x"] for n in range(3)]
    assert places == sorted(set(places)), "a stage stands right of what it waits for"
    assert [(edge["from"], edge["to"], edge["count"], edge["critical"]) for edge in many["edges"]] == [
        ("g:s0", "g:s1", 10, True),
        ("g:s1", "g:s2", 10, True),
    ]


@pytest.mark.parametrize(("by", "groups"), [("agent", 2), ("action", 1), ("name", 4)])
def test_it_is_grouped_as_asked_also_where_groups_wait_for_each_other(by: str, groups: int) -> None:
    drawing = picture(outline(900), by)
    assert (drawing["by"], len(drawing["nodes"])) == (by, groups)
    assert sum(node["tasks"] for node in drawing["nodes"]) == 900
    apart = [(n["x"], n["y"], n["w"], n["h"]) for n in drawing["nodes"]]
    assert all(
        ax + aw <= bx or bx + bw <= ax or ay + ah <= by_ or by_ + bh <= ay
        for i, (ax, ay, aw, ah) in enumerate(apart)
        for bx, by_, bw, bh in apart[i + 1 :]
    )


def test_an_open_group_holds_its_tasks_and_says_what_it_leaves_out() -> None:
    drawing = picture(outline(900), "stage", ["s1"])
    nodes = by_id(drawing)
    group = nodes["g:s1"]
    inside = [node for node in drawing["nodes"] if node["kind"] == "task"]
    assert (group["kind"], group["left_out"], len(inside)) == ("open", 0, 300)
    for node in inside:
        assert group["x"] <= node["x"] <= group["x"] + group["w"] - node["w"]
        assert group["y"] <= node["y"] <= group["y"] + group["h"] - node["h"]
    assert nodes["g:s0"]["x"] + nodes["g:s0"]["w"] < group["x"]
    assert group["x"] + group["w"] < nodes["g:s2"]["x"]
    large = picture(outline(2_000, 2), "stage", ["s1"])
    assert by_id(large)["g:s1"]["left_out"] == 1_000 - MOST_INSIDE
    assert "7.1999" in by_id(large), "what failed is never left out"


def test_too_many_groups_are_not_drawn_and_it_is_said() -> None:
    row = outline(900, 500)
    drawing = picture(row, "stage")
    assert drawing["nodes"] == []
    assert "500 groups by stage are too many" in drawing["trouble"]
    assert picture(row)["by"] == "name"
