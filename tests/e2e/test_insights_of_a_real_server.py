"""A real server learns from a few runs: it plays what-if, and says what waiting cost."""

import json
import re
from typing import Any

import httpx

JOBS = """
[jobs.one]
command = ["sleep", "0.1"]
locks = ["db"]
cpus = 0.01
[jobs.two]
command = ["sleep", "0.2"]
locks = ["db"]
cpus = 0.01
[jobs.three]
command = ["sleep", "0.1"]
needs = ["one", "two"]
"""


def test_it_foresees_what_it_has_seen_before(site: Any, until: Any) -> None:
    site.config(JOBS)
    site.up()
    found = re.fullmatch(r"(http://\S+)/\?token=(\S+)", site.call("token").stdout.strip())
    assert found
    with httpx.Client(
        base_url=f"{found[1]}/api/v1", headers={"Authorization": f"Bearer {found[2]}"}, timeout=60.0
    ) as api:

        def ended(run: int) -> bool:
            return bool(api.get(f"/runs/{run}").json()["run"]["ended"])

        first = api.post("/runs", json={}).raise_for_status().json()["run"]
        early = api.get(f"/runs/{first}/forecast").raise_for_status().json()
        assert early["done"] or (early["end"] is None and early["why"].startswith("too little data"))
        until(lambda: ended(first))
        for _ in range(2):
            run = api.post("/runs", json={}).raise_for_status().json()["run"]
            until(lambda run=run: ended(run))
        assert api.get("/insights/calibration").json()["kinds"][0]["words"] == "no forecast has come due yet"

        over = api.get(f"/runs/{run}/forecast").json()
        assert (over["done"], over["end"], over["why"]) == (True, None, "it has ended")

        def counted() -> dict[str, Any] | None:
            waited = api.get("/insights/bottlenecks").raise_for_status().json()
            return next((row for row in waited["causes"] if row["cause"] == "lock 'db'" and row["tasks"] >= 3), None)

        lock = until(counted)
        assert lock["kind"] == "lock"
        assert re.fullmatch(r"/tasks/\d+\.\d+", lock["href"])
        assert {row["job"]: row["n"] for row in api.get("/insights/needs").json()["jobs"]} == {
            "one": 3,
            "two": 3,
            "three": 3,
        }

        wish = {"pipeline": "default", "changes": {"without": ["two"]}}
        other = api.post("/insights/whatif", json=wish).raise_for_status().json()
        assert other["other"]["end"]["p50"] < other["base"]["end"]["p50"]
        assert other["takes"] == ["callboard run --skip two"]
        assert api.post("/insights/whatif", json={"changes": {"cpus": -1}}).status_code in (400, 409, 422)
        assert api.post("/insights/whatif", json={"changes": {"without": ["none"]}}).status_code == 404
    assert json.loads(site.call("whatif", "default", "--without", "two", "--json").stdout)["takes"] == other["takes"]
    assert "lock 'db'" in site.call("bottlenecks").stdout
    assert "with 80 of 100" in site.call("forecast", "default").stdout
