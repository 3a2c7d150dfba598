"""A run in few bytes a task says the same as its whole rows, from memory and from the record; many tasks are wished for at once."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from callboard.agents.crew import Catalogue
from callboard.bench.graphs import staged
from callboard.bench.instant import FixedMeter, InstantLauncher
from callboard.bench.ticking import TickingLauncher
from callboard.clock import SystemClock
from callboard.core.commands import Submit
from callboard.core.resources import Capacity
from callboard.desk import Desk
from callboard.engine import Engine
from callboard.errors import NotFound
from callboard.live import LiveFeed
from callboard.record.database import open_database
from callboard.record.history import History
from callboard.record.log import SqliteLog
from fake_runs import outlined

AGENTS = ("quality", "infra", "security")


@pytest.fixture
def desk_of(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """A desk whose engine runs on a thread, with this launcher."""
    ends: list[Callable[[], None]] = []

    def begin(launcher: Any, keep_ended: int = 50) -> Desk:
        clock = SystemClock()
        database = open_database(tmp_path)
        engine = Engine(
            clock=clock, log=SqliteLog(database), launcher=launcher(clock), meter=FixedMeter(Capacity(4, 1e6)),
            dice=lambda: 0.5, version="1", keep_ended=keep_ended,
        )  # fmt: skip
        history = History(database)
        desk = Desk(
            engine=engine, feed=LiveFeed(engine, dict, history.last_of_agents), history=history, data=tmp_path,
            workspace=tmp_path, version="1", catalogue=Catalogue((), ()),
        )  # fmt: skip
        thread = threading.Thread(target=lambda: asyncio.run(engine.run()), daemon=True)
        thread.start()
        assert engine.ready.wait(20)

        def end() -> None:
            engine.loop.call_soon_threadsafe(engine.close) if engine.loop else None
            thread.join(20)
            database.close()

        ends.append(end)
        desk.started = lambda count: engine.ask_from(  # type: ignore[attr-defined]
            Submit("wide", str(tmp_path), tuple(staged(count, AGENTS, 10)), "ann")
        )
        return desk

    yield begin
    for end in ends:
        end()


def test_an_outline_says_what_whole_rows_say(desk_of: Callable[..., Any]) -> None:
    desk = desk_of(lambda clock: TickingLauncher(clock, 0.0))
    run = desk.started(60)
    desk.cancel_task(f"{run}.7", "no need", "ann")
    found, whole = desk.outline(run), outlined(desk.run(run))
    assert found["left_out"] == 0
    columns = [name for name in found["columns"] if not name.startswith("expected")]
    for place, (row, other) in enumerate(zip(found["rows"], whole["rows"], strict=True)):
        for name in columns:
            assert said(found, row, name) == said(whole, other, name), (place, name)
    one = desk.tasks_of(run, [59, 7, 400])
    assert [row["id"] for row in one] == [f"{run}.59", f"{run}.7"]
    assert one[1]["reason"] == "cancelled by ann: no need"


def said(outline: dict[str, Any], row: list[Any], name: str) -> Any:
    value = row[outline["columns"].index(name)]
    if name in ("depends", "after"):
        return list(value or ())
    if name == "estimate":
        return pytest.approx(value)
    return outline["words"][name][value] if name in outline["words"] and name != "locks" else value or None


def test_an_outline_of_the_record_is_that_of_the_memory(desk_of: Callable[..., Any]) -> None:
    desk = desk_of(InstantLauncher, keep_ended=0)
    run = desk.started(40)
    for _ in range(200):
        if desk.runs(1)[0]["ended"]:
            break
        threading.Event().wait(0.05)
    outline = desk.outline(run)
    assert {said(outline, row, "state") for row in outline["rows"]} == {"succeeded"}
    assert outline["run"]["done"] == 40
    assert said(outline, outline["rows"][39], "stage") == "deploy"
    assert [row["id"] for row in desk.tasks_of(run, [3])] == [f"{run}.3"]
    facets = desk.run_facets()
    assert facets["pipeline"] == [{"name": "wide", "runs": 1}]
    assert [bar["run"] for bar in facets["trends"][0]["ended"]] == [run]
    assert [row["id"] for row in desk.runs(5, pipeline="wide", person="ann", state="succeeded", text="wid")] == [run]
    assert desk.runs(5, pipeline="narrow") == desk.runs(5, person="bob") == desk.runs(5, state="failed") == []
    with pytest.raises(NotFound):
        desk.outline(77)


def test_many_tasks_are_cancelled_and_tried_again_in_one_wish(desk_of: Callable[..., Any]) -> None:
    desk = desk_of(lambda clock: TickingLauncher(clock, 0.0))
    run = desk.started(50)
    chosen = [f"{run}.{place}" for place in (4, 5, 6)]
    assert desk.cancel_tasks(chosen, "enough", "ann") == {"done": 3, "refused": 0, "why": []}
    assert {row["state"] for row in desk.tasks_of(run, [4, 5, 6])} == {"cancelled"}
    told = desk.retry_tasks([*chosen, f"{run}.20"], "ann")
    assert (told["done"], told["refused"], told["why"][0]["task"]) == (3, 1, f"{run}.20")
    assert "cancelled" not in {row["state"] for row in desk.tasks_of(run, [4, 5, 6])}
