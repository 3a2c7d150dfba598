"""Who there is: agents that were broken for a moment come back, and a tool says how it is got."""

from pathlib import Path

from callboard.agents.crew import Catalogue, PluginInfo
from callboard.bench.instant import FixedMeter, InstantLauncher
from callboard.clock import SystemClock
from callboard.core.resources import Capacity
from callboard.desk import Desk
from callboard.engine import Engine
from callboard.live import LiveFeed
from callboard.record.database import open_database
from callboard.record.history import History
from callboard.record.log import MemoryLog


def test_when_all_plugins_were_broken_they_are_looked_at_again_and_tools_say_how_to_get_them(tmp_path: Path) -> None:
    clock, database = SystemClock(), open_database(tmp_path)
    engine = Engine(
        clock=clock, log=MemoryLog(), launcher=InstantLauncher(clock), meter=FixedMeter(Capacity(1, 100)),
        dice=lambda: 0.5, version="1",
    )  # fmt: skip
    history = History(database)
    broken = Catalogue((PluginInfo("quality", "callboard_quality", "callboard", "1", "SyntaxError", ()),), ())
    desk = Desk(
        engine=engine, feed=LiveFeed(engine, dict, history.last_of_agents), history=history, data=tmp_path,
        workspace=tmp_path, version="1", catalogue=broken,
    )  # fmt: skip
    agents = {row["name"]: row for row in desk.agents()}
    assert {"quality", "security"} <= set(agents)
    tools = {tool["name"]: tool for row in agents.values() for tool in row["tools"]}
    assert tools["jscpd"]["get"] == "callboard tools install jscpd"
    assert tools["git"]["get"] == ""
    database.close()
