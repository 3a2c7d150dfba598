"""What a real server foresees for tasks that have not ended, who it says takes the room, and what its console tells."""

import re
from typing import Any

import httpx

JOBS = """
[jobs.first]
command = ["sh", "-c", "echo first says; sleep 300"]
cpus = 64.0
[jobs.second]
command = ["sleep", "300"]
cpus = 64.0
"""


def test_forecast_holder_and_console_of_a_live_run(site: Any, until: Any) -> None:
    site.config(JOBS)
    site.up()
    link = site.call("token").stdout.strip()
    found = re.fullmatch(r"(http://\S+)/\?token=(\S+)", link)
    assert found
    with httpx.Client(base_url=f"{found[1]}/api/v1", headers={"Authorization": f"Bearer {found[2]}"}) as api:
        run = api.post("/runs", json={}).raise_for_status().json()["run"]

        def said() -> list[dict[str, Any]]:
            return [part for part in api.get("/console").json()["parts"] if "first says" in part["text"]]

        part = until(said)[0]
        assert (part["task"], part["attempt"], part["offset"], part["next"]) == (f"{run}.0", 1, 0, len("first says\n"))

        rows = {row["name"]: row for row in api.get(f"/runs/{run}").json()["tasks"]}
        first, second = rows["first"], rows["second"]
        assert second["hold"]["culprit"] == first["id"], second["hold"]
        assert re.search(rf"tasks take \d+, most of it first \({first['id']}\)", second["hold"]["reason"])
        assert first["started"] < first["expected_end"] < first["expected_end_late"]
        assert first["expected_end"] <= second["expected_start"] + 0.01
        assert second["expected_end"] < second["expected_end_late"]
        assert (
            second["expected_end_late"] - first["expected_end_late"] >= second["expected_end"] - first["expected_end"]
        )
        api.post(f"/runs/{run}/cancel", json={}).raise_for_status()
