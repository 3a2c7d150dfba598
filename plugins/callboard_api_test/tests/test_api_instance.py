"""The throw-away instance: what is found on it, and what it is refused."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from callboard.api import BoundaryError, Verdict
from callboard.testing import Outcome, run_action
from callboard_api_test import APITestAgent
from callboard_api_test.instance import marked
from callboard_api_test.replies import curl
from callboard_api_test.timing import percentile

# Two faults are planted: a 500 for a count of zero, and a total that is no integer.
SHOP = """\
from fastapi import FastAPI, Path
from pydantic import BaseModel

app = FastAPI(title="Shop")


class Stock(BaseModel):
    total: int


@app.get("/share/{count}")
def share(count: int) -> float:
    return 100 / count


@app.get("/stock", response_model=None, responses={200: {"model": Stock}})
def stock() -> dict[str, object]:
    return {"total": "many"}
"""
CLEAN = SHOP.replace("count: int)", "count: int = Path(gt=0))").replace('"many"', "12")
QUICK = {"max_examples": 5, "stateful": False, "timeout": 120.0}


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def result(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def left_running(owner: int | None = None) -> list[str]:
    """Command lines of processes that are still there of instances that this process, or `owner`, started."""
    found: list[str] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"CALLBOARD_INSTANCE={owner or os.getpid()}-".encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found


@pytest.mark.long
def test_the_planted_faults_are_found_and_can_be_repeated(tmp_path: Path) -> None:
    put(
        tmp_path,
        {"backend/shop/__init__.py": "", "backend/shop/main.py": SHOP, "backend/requirements.txt": "fastapi\n"},
    )
    outcome = run_action(APITestAgent(), "contract", tmp_path, QUICK)
    found = {f.rule: f for f in outcome.findings}
    error, schema = found["not_a_server_error"], found["response_schema_conformance"]
    assert (error.severity, error.path, error.line) == ("high", "backend/shop/main.py", 11)
    assert error.message.startswith("GET /share/{count}: Server error (status 500)")
    assert "cd backend && uvicorn shop.main:app --port 8000" in error.help
    assert "curl -i -X GET http://127.0.0.1:8000/share/0" in error.help
    assert "seed 1" in error.help
    assert (schema.severity, schema.path, schema.line) == ("medium", "backend/shop/main.py", 16)
    assert '"many" is not of type "integer"' in schema.message
    verdict, summary = result(outcome)
    assert verdict == Verdict.FAIL
    assert "to 2 of 2 operations of shop.main:app" in summary
    assert "failures (1 not_a_server_error, 1 response_schema_conformance" in summary, "the worst first"
    assert "ZeroDivisionError" in outcome.artifacts["instance-log.txt"].read_text()
    assert outcome.artifacts["contract-junit.xml"].stat().st_size > 0
    assert left_running() == []
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "__init__.py",
        "backend",
        "main.py",
        "requirements.txt",
        "shop",
    ]


@pytest.mark.long
def test_the_clean_variant_passes_and_its_times_are_held_against_what_is_wanted(tmp_path: Path) -> None:
    put(tmp_path, {"shop/__init__.py": "", "shop/main.py": CLEAN})
    outcome = run_action(APITestAgent(), "contract", tmp_path, QUICK)
    assert not outcome.rules() & {"not_a_server_error", "response_schema_conformance"}
    assert result(outcome)[0] == Verdict.PASS
    options = {"requests": 10, "slower_than_ms": 0.001, "fail_on": "medium"}
    times = run_action(APITestAgent(), "latency", tmp_path, options)
    assert [(f.rule, f.path) for f in times.findings] == [("slow-operation", "shop/main.py")]
    assert result(times)[0] == Verdict.FAIL
    assert result(times)[1].startswith("10 requests to 1 operation of shop.main:app")
    metrics = {m["name"]: m for m in times.messages if m["t"] == "metric"}
    assert set(metrics) == {"api.p50.GET /stock", "api.p95.GET /stock"}
    assert 0 < metrics["api.p50.GET /stock"]["value"] <= metrics["api.p95.GET /stock"]["value"]
    assert left_running() == []


@pytest.mark.long
def test_a_request_that_kills_the_instance_is_critical(tmp_path: Path) -> None:
    dying = CLEAN + '\n\n@app.get("/die")\ndef die() -> None:\n    import os\n\n    os._exit(1)\n'
    outcome = run_action(APITestAgent(), "contract", put(tmp_path, {"main.py": dying}), {**QUICK, "schema": ""})
    assert "instance_died" in outcome.rules() or "died" in result(outcome)[1]
    assert result(outcome)[0] != Verdict.PASS


OUTSIDE = """\
import os
import socket
import sqlite3
import subprocess

from fastapi import FastAPI

app = FastAPI()
subprocess.Popen(["sleep", "600"], start_new_session=True)


@app.get("/there")
def there() -> str:
    socket.create_connection(("127.0.0.1", int(os.environ["LIVE_PORT"])), timeout=2).close()
    return "connected"


@app.get("/live-database")
def live_database() -> str:
    sqlite3.connect(os.environ["LIVE"] + "/live.db").execute("create table t (x)")
    return "created"


@app.get("/write")
def write() -> str:
    with open(os.environ["LIVE"] + "/written.txt", "w") as file:
        file.write("x")
    return "written"


@app.get("/own")
def own() -> dict[str, str]:
    with open("trace.txt", "w") as file:
        file.write("x")
    sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")).execute("create table if not exists t (x)")
    secrets = [name for name in os.environ if "CANARY" in name]
    return {"home": os.environ["HOME"], "secrets": ",".join(secrets), "env_file": str(os.path.exists(".env"))}
"""


def test_the_instance_touches_nothing_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_CANARY_TOKEN", "secret")
    put(tmp_path, {"main.py": OUTSIDE, ".env": "TOKEN=live\n"})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with socket.create_server(("127.0.0.1", 0)) as live:
        live.settimeout(0)
        env = [f"LIVE_PORT={live.getsockname()[1]}", f"LIVE={tmp_path}"]
        outcome = run_action(APITestAgent(), "contract", tmp_path, {**QUICK, "env": env})
        with pytest.raises(BlockingIOError):
            live.accept()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    refused = [f for f in outcome.findings if f.rule == "not_a_server_error"]
    assert {f.message.split(":")[0] for f in refused} == {"GET /there", "GET /live-database", "GET /write"}
    assert {f.severity for f in refused} == {"info"}
    assert "3 operations not really tried, since the instance was refused to" in result(outcome)[1]
    events = outcome.artifacts["contract-events.ndjson"].read_text()
    assert "CANARY" not in events
    assert left_running() == []


def test_an_address_that_is_allowed_can_be_reached_but_a_protected_one_never(tmp_path: Path) -> None:
    put(tmp_path, {"main.py": OUTSIDE})
    with socket.create_server(("127.0.0.1", 0)) as double:
        port = double.getsockname()[1]
        env = [f"LIVE_PORT={port}", f"LIVE={tmp_path}"]
        options = {"env": env, "allow": [f"localhost:{port}"], "requests": 2}
        outcome = run_action(APITestAgent(), "latency", tmp_path, options)
    metrics = {m["name"] for m in outcome.messages if m["t"] == "metric"}
    assert {"api.p50.GET /there", "api.p50.GET /own"} <= metrics
    for address in ("127.0.0.1:6770", "api.example.org:443"):
        with pytest.raises(BoundaryError):
            run_action(APITestAgent(), "latency", tmp_path, {"env": env, "allow": [address]})


@pytest.mark.long
def test_an_answer_without_end_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    stream = CLEAN + (
        '\n\n@app.get("/events")\ndef events() -> object:\n    import time\n\n'
        "    from fastapi.responses import StreamingResponse\n\n"
        '    return StreamingResponse(b"x" for _ in iter(lambda: time.sleep(0.2), 1))\n'
    )
    stream = stream.replace('@app.get("/events")', '@app.get("/events", response_model=None)')
    outcome = run_action(APITestAgent(), "contract", put(tmp_path, {"main.py": stream}), QUICK)
    assert "left out, since the answer does not end: GET /events" in result(outcome)[1]
    assert result(outcome)[0] == Verdict.PASS
    assert left_running() == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "from fastapi import FastAPI\nraise RuntimeError('no settings')\napp = FastAPI()\n",
            "RuntimeError: no settings",
        ),
        ("from fastapi import FastAPI\nimport time\napp = FastAPI()\ntime.sleep(60)\n", "did not answer within 1 s"),
        ("from fastapi import FastAPI\nimport os\napp = FastAPI()\nos._exit(7)\n", "ended before it answered"),
        (
            "from fastapi import FastAPI\nclass X:\n    app = FastAPI()\n",
            "no FastAPI, Starlette, Flask or Django application",
        ),
        ("from starlette.applications import Starlette\napp = Starlette()\n", "makes no schema itself"),
    ],
)
def test_what_does_not_start_is_unknown_with_the_reason(tmp_path: Path, source: str, reason: str) -> None:
    put(tmp_path, {"main.py": source})
    timeout = 1.0 if "sleep" in source else 30.0
    for action in ("contract", "latency"):
        verdict, summary = result(run_action(APITestAgent(), action, tmp_path, {"start_timeout": timeout}))
        assert verdict == Verdict.UNKNOWN
        assert reason in summary
    assert left_running() == []


@pytest.mark.long
def test_an_app_without_a_schema_of_its_own_is_tried_by_the_file_beside_it(tmp_path: Path) -> None:
    app = (
        "from starlette.applications import Starlette\nfrom starlette.responses import JSONResponse\n"
        "from starlette.routing import Route\n\n\nasync def one(request):\n    return JSONResponse({'n': 'x'})\n\n\n"
        "app = Starlette(routes=[Route('/one', one)])\n"
    )
    answer = {"type": "object", "properties": {"n": {"type": "integer"}}}
    responses = {"200": {"description": "ok", "content": {"application/json": {"schema": answer}}}}
    schema = {
        "openapi": "3.1.0",
        "info": {"title": "a", "version": "1"},
        "servers": [{"url": "https://live.example.org/v1"}],
        "paths": {"/one": {"get": {"responses": responses}}},
    }
    put(tmp_path, {"app.py": app, "openapi.json": json.dumps(schema)})
    outcome = run_action(APITestAgent(), "contract", tmp_path, {**QUICK, "fail_on": "medium"})
    assert "response_schema_conformance" in outcome.rules()
    assert result(outcome)[0] == Verdict.FAIL
    asked = set(re.findall(r'"uri": ?"(https?://[^/:"]+)', outcome.artifacts["contract-events.ndjson"].read_text()))
    assert asked == {"http://127.0.0.1"}, "the servers of a schema are never asked"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_the_instance_ends_when_the_action_is_killed(tmp_path: Path) -> None:
    put(tmp_path, {"main.py": "from fastapi import FastAPI\nimport time\ntime.sleep(300)\napp = FastAPI()\n"})
    script = (
        "import sys, pathlib\nfrom callboard.testing import run_action\nfrom callboard_api_test import APITestAgent\n"
        "run_action(APITestAgent(), 'latency', pathlib.Path(sys.argv[1]), {'start_timeout': 200.0})\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.DEVNULL) as runner:
        assert eventually(lambda: left_running(runner.pid))
        runner.kill()
    assert eventually(lambda: not left_running(runner.pid))


def eventually(holds: Callable[[], object], seconds: float = 60.0) -> bool:
    """Whether it comes to hold."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_no_process_carries_a_mark_that_was_never_given() -> None:
    assert marked("no-such-mark") == []


def test_the_command_that_repeats_a_request_is_quoted() -> None:
    request = {
        "method": "POST",
        "uri": "http://127.0.0.1:1/a?b=$(id)",
        "headers": {"Content-Type": ["application/json"], "User-Agent": ["st"]},
        "body": {"$base64": "eyJhIjogIidcXCJ9"},
    }
    assert curl(request) == (
        "curl -i -X POST -H 'Content-Type: application/json' --data-raw "
        "'{\"a\": \"'\"'\"'\\\\\"}' 'http://127.0.0.1:1/a?b=$(id)'"
    )


def test_percentiles_are_by_nearest_rank() -> None:
    values = [float(number) for number in range(1, 21)]
    assert percentile(values, 0.5) == 10
    assert percentile(values, 0.95) == 19
    assert percentile([7.0], 0.95) == 7
