"""What an attempt puts into a section is hostile until it is checked."""

import json
from pathlib import Path
from typing import Any

import pytest

from callboard.core.facts import Shown
from callboard.core.task import AttemptKey
from callboard.launch.intake import MOST_SECTIONS, SHOWN_AT_ONCE, Intake
from callboard.testing import run_action
from callboard.work.agent import Agent, Result, action, passed
from callboard.work.context import Context
from callboard.work.options import NoOptions
from callboard.work.sections import Act, Bars, Cell, Figure, Figures, Table, Words, block_fields

KEY = AttemptKey(1, 2, 3)
BOMB: Any = 1
for _ in range(200):
    BOMB = [BOMB]


def intake(told: dict[str, int] | None = None) -> Intake:
    return Intake(KEY, "/nowhere", lambda: 100.0, told)


def show(into: Intake, *blocks: dict[str, Any], name: Any = "overview") -> None:
    into.take(json.dumps({"t": "section", "name": name, "blocks": list(blocks)}).encode())


def shown(*blocks: dict[str, Any]) -> list[dict[str, Any]]:
    heard = intake()
    show(heard, *blocks)
    (fact,) = heard.flush()
    assert isinstance(fact, Shown)
    assert (fact.key, fact.nth, fact.name, heard.bad) == (KEY, 1, "overview", 0)
    return [dict(block) for block in fact.blocks]


def table(*rows: list[Any], columns: tuple[Any, ...] = ("a", "b")) -> dict[str, Any]:
    return {"kind": "table", "columns": list(columns), "rows": list(rows)}


def cell(**fields: Any) -> Any:
    (made,) = shown(table([fields, 1]))
    return made["rows"][0][0]


def test_what_an_agent_shows_arrives_as_it_was_said() -> None:
    act = Act("Mend", "quality.mend", {"rule": "E501", "most": 3}, danger=True)
    blocks = [
        block_fields(Figures([Figure("covered", 83.2, "%", "good", "of 1,204 lines")])),
        block_fields(Table(["file", "n"], [[Cell("a.py", "bad", "a.py", 3, act), 2], ["b", None]], "Worst", 7)),
        block_fields(Bars([("lint", 12.0), ("types", 3)], "By rule", "findings")),
        block_fields(Words("Nothing else.", "quiet")),
    ]
    figures, rows, bars, words = shown(*blocks)
    assert figures["figures"] == [
        {"label": "covered", "value": 83.2, "unit": "%", "state": "good", "note": "of 1,204 lines"}
    ]
    assert rows == {
        "kind": "table", "title": "Worst", "columns": ["file", "n"], "more": 7,
        "rows": [
            [{"text": "a.py", "state": "bad", "path": "a.py", "line": 3,
              "act": {"label": "Mend", "action": "quality.mend", "options": {"rule": "E501", "most": 3}, "danger": True}}, 2],
            ["b", None],
        ],
    }  # fmt: skip
    assert bars == {"kind": "bars", "title": "By rule", "unit": "findings", "bars": [["lint", 12.0], ["types", 3.0]]}
    assert words == {"kind": "words", "text": "Nothing else.", "state": "quiet"}


@pytest.mark.parametrize(
    "block",
    [
        "text",
        {},
        {"kind": "html", "text": "<b>"},
        {"kind": ["table"]},
        {"kind": "words", "text": 5},
        {"kind": "words", "text": "x", "state": "worst"},
        {"kind": "words", "text": "x", "state": ["good"]},
        {"kind": "figures", "figures": [{"label": "x", "value": None}]},
        {"kind": "figures", "figures": [{"label": "x", "value": {"a": 1}}]},
        {"kind": "figures", "figures": [{"label": "x", "value": 1}] * 51},
        {"kind": "bars", "bars": [["x", "1"]]},
        {"kind": "bars", "bars": [["x", 1 << 70, 3]]},
        {"kind": "bars", "bars": {"x": 1}},
        table(*[[1, 2]] * 501),
        table([1], columns=tuple("abcdefghijklm")),
        table([1] * 13),
        table("ab"),  # type: ignore[arg-type]
        table([BOMB, 1]),
        table([[1], 1]),
        table([{"text": "x", "act": {"label": "x", "action": "rm"}}, 1]),
        table([{"text": "x", "act": {"label": "x", "action": "a.b; rm"}}, 1]),
        table([{"text": "x", "act": {"label": "x", "action": "a.b", "options": [1]}}, 1]),
        table([{"text": "x", "act": {"label": "x", "action": "a.b", "options": {"a": "x" * 5_000}}}, 1]),
        table([{"text": "x", "act": {"label": "x", "action": "a.b", "options": {"a": BOMB}}}, 1]),
        table([{"text": "x", "act": {"label": "x", "action": "a.b", "options": {"a": "\u202e"}}}, 1]),
        table([{"text": "x", "act": {"label": "x", "action": "a.b", "danger": "no"}}, 1]),
        table([{"text": "x", "path": "a", "line": -1}, 1]),
        {**table([1, 2]), "more": -1},
        {**table([1, 2]), "title": ["x"]},
    ],
)
def test_blocks_that_are_none_are_refused_as_a_whole(block: Any) -> None:
    heard = intake()
    show(heard, {"kind": "words", "text": "fine"}, block)
    assert (heard.bad, heard.flush(is_last=True)) == (1, [])


@pytest.mark.parametrize("name", ["", "Über", "a b", "../a", "<img>", "x" * 61, 5, None, ["a"]])
def test_names_that_are_none(name: Any) -> None:
    heard = intake()
    show(heard, name=name)
    assert (heard.bad, heard.flush(is_last=True)) == (1, [])


def test_too_many_blocks() -> None:
    heard = intake()
    show(heard, *[{"kind": "words", "text": "x"}] * 21)
    assert (heard.bad, heard.flush(is_last=True)) == (1, [])


def test_texts_are_cleaned_and_cut_but_markup_is_only_text() -> None:
    assert cell(text='<img src=x onerror="alert(1)">') == {"text": '<img src=x onerror="alert(1)">'}
    assert cell(text="a\x1b[31m\ud800\u202eb") == {"text": "a�[31m��b"}
    assert len(cell(text="x" * 9_000)["text"]) == 500
    (words,) = shown({"kind": "words", "text": "\u2066y" * 9_000})
    assert (len(words["text"]), words["text"][:2]) == (2_000, "�y")


@pytest.mark.parametrize("path", ["/etc/passwd", "../../x", "a/../../b", "x" * 2_000, 5, ["a"]])
def test_a_path_that_leads_out_is_left_out(path: Any) -> None:
    assert cell(text="here", path=path, line=3) == {"text": "here"}


def test_rows_have_as_many_cells_as_there_are_columns() -> None:
    (made,) = shown(table([1, 2, 3], [1], [True, "x"]))
    assert made["rows"] == [[1, 2], [1, None], ["yes", "x"]]


def test_of_each_section_the_newest_is_told_and_a_flood_waits_for_the_end() -> None:
    heard = intake()
    for number in range(5):
        show(heard, {"kind": "words", "text": str(number)})
    show(heard, name="other")
    assert [(fact.name, fact.nth) for fact in heard.flush() if isinstance(fact, Shown)] == [
        ("overview", 5),
        ("other", 6),
    ]
    for _ in range(SHOWN_AT_ONCE):
        show(heard)
        heard.flush()
    show(heard, {"kind": "words", "text": "last"})
    assert heard.flush() == []
    (last,) = heard.flush(is_last=True)
    assert isinstance(last, Shown)
    assert last.blocks[0]["text"] == "last"


def test_no_more_than_some_sections() -> None:
    heard = intake()
    for number in range(MOST_SECTIONS + 3):
        show(heard, name=f"s{number}")
    assert (len(heard.flush()), heard.bad) == (MOST_SECTIONS, 3)


def test_what_a_former_engine_told_is_not_told_again() -> None:
    heard = intake({"shown": 2})
    show(heard)
    show(heard)
    assert heard.flush() == []
    show(heard, {"kind": "words", "text": "new"})
    (fact,) = heard.flush()
    assert isinstance(fact, Shown)
    assert (fact.nth, fact.blocks[0]["text"]) == (3, "new")


class Shower(Agent):
    name, title, summary = "shower", "Shower", "Shows what it is told to"
    block: Any = Words("x")

    @action("Show")
    def show(self, ctx: Context, options: NoOptions) -> Result:
        ctx.show("overview", self.block)
        return passed("shown")


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (Words("x", "worst"), "'worst' is no state of a section; known: good, bad, unsure, quiet"),  # type: ignore[arg-type]
        (
            Table(["a"], [[Cell("x", act=Act("Mend", "mend"))]]),
            "the button 'Mend' needs an action's full name, not 'mend'",
        ),
    ],
)
def test_an_author_hears_at_once_what_would_be_refused(tmp_path: Path, block: Any, said: str) -> None:
    agent = Shower()
    agent.block = block
    with pytest.raises(ValueError, match=r"is no state|needs an action") as wrong:
        run_action(agent, "show", tmp_path)
    assert str(wrong.value) == said


def test_a_number_that_is_none_is_a_dash(tmp_path: Path) -> None:
    agent = Shower()
    agent.block = Table(["a"], [[float("nan")]])
    assert run_action(agent, "show", tmp_path).sections()["overview"][0]["rows"] == [["–"]]


def test_a_section_that_is_not_declared_is_refused_with_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    context = Context(workspace=tmp_path, spool=tmp_path, scratch=tmp_path, agent="a", sections=["overview"])
    context.show("overveiw", Words("x"))
    assert "WARNING: section 'overveiw' is not shown: callboard_sections declares overview" in capsys.readouterr().out
    context.show("overview", Words("x"))
    assert (tmp_path / "messages.jsonl").read_text().count('"t": "section"') == 1
