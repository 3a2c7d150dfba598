"""What keeps an application from being imported is said once, with its root."""

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from callboard.api import BoundaryError, Context, Verdict, Workspace
from callboard.testing import Outcome, run_action
from callboard_api_test import APITestAgent
from callboard_api_test.apps import App
from callboard_api_test.fetching import fetched
from callboard_api_test.pins import fits, numbers, other_version
from callboard_api_test.surroundings import environment, example_settings

MESSAGES = "messages.jsonl"

GOOD = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/a')\ndef a() -> int:\n    return 1\n"


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def told(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def test_a_missing_module_is_one_finding_whoever_meets_it(tmp_path: Path) -> None:
    deep = "try:\n    import no_such_thing.inner\nexcept ImportError:\n    raise RuntimeError('install the extras')\n"
    put(tmp_path, {"shop/__init__.py": "", "shop/deep.py": deep, "shop/main.py": "from shop import deep\n" + GOOD})
    seen = set()
    for action in ("schema", "contract", "latency", "smoke"):
        outcome = run_action(APITestAgent(), action, tmp_path)
        (finding,) = outcome.findings
        seen.add((finding.rule, finding.path, finding.line, finding.fingerprint))
        verdict, words = told(outcome)
        assert verdict is Verdict.UNKNOWN
        assert "ModuleNotFoundError: No module named 'no_such_thing' (shop/deep.py:2)" in words
        assert "declares no dependencies" in words
        assert "declare what brings the module no_such_thing" in finding.message
    ((rule, path, line, _),) = seen
    assert (rule, path, line) == ("app-not-importable", "shop/deep.py", 2)
    put(tmp_path, {"shop/deep.py": ""})
    assert told(run_action(APITestAgent(), "schema", tmp_path))[0] is Verdict.PASS


def test_a_file_that_is_no_python_is_the_finding_that_everybody_gives(tmp_path: Path) -> None:
    put(tmp_path, {"main.py": "import parts\n" + GOOD, "parts.py": "x = 1\ndef broken(:\n    pass\n"})
    outcome = run_action(APITestAgent(), "schema", tmp_path)
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [("unparsable", "parts.py", 2)]
    assert "SyntaxError" in told(outcome)[1]


def test_what_comes_after_does_not_try_it_again(tmp_path: Path) -> None:
    work = put(tmp_path / "work", {"main.py": "raise RuntimeError('no settings')\n" + GOOD})
    first = run_action(APITestAgent(), "schema", work).result
    assert first is not None
    spool = _made(tmp_path / "spool")
    said = {"t": "result", "verdict": "unknown", "summary": "", "outputs": dict(first.outputs)}
    (spool / MESSAGES).write_text(json.dumps(said) + "\n")
    before = {"name": "api.schema", "action": "api.schema", "state": "succeeded", "spool": str(spool)}
    outcome = run_action(APITestAgent(), "latency", work, before=[before])
    assert outcome.findings == ()
    verdict, words = told(outcome)
    assert verdict is Verdict.UNKNOWN
    assert words == "not tried: main:app cannot be imported, see api.schema"


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_settings_are_those_of_the_example_and_never_the_real_ones(tmp_path: Path) -> None:
    example = "API_KEY=\nexport LEVEL='7' # words\nDATABASE_URL=postgresql://live.example.org/shop\nPYTHONPATH=/evil\n"
    put(tmp_path, {"backend/.env.example": example, "backend/.env": "API_KEY=real\n", "backend/main.py": GOOD})
    workspace = Workspace(tmp_path)
    assert example_settings(workspace, "backend")["LEVEL"] == "7"
    made = environment(workspace, tmp_path / "place", "backend", ["LEVEL=8"], 1)
    assert (made["API_KEY"], made["LEVEL"]) == ("throw-away", "8")
    assert made["DATABASE_URL"] == f"sqlite:///{tmp_path / 'place' / 'scratch.db'}"
    assert "PYTHONPATH" not in made


@contextmanager
def serving(answers: list[tuple[int, dict[str, str], str]]) -> Iterator[tuple[str, list[str]]]:
    """A server that gives these answers one after the other, the last for ever; and what was asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = answers[min(len(asked), len(answers)) - 1]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *words: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=functools.partial(server.serve_forever, 0.02))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


SCHEMA = """{"openapi": "3.1.0", "info": {"title": "a", "version": "1"},
"paths": {"/a": {"get": {"responses": {"200": {"description": "ok"}}}}}}"""


def test_a_schema_is_read_from_a_test_host(tmp_path: Path) -> None:
    with serving([(200, {}, SCHEMA)]) as (url, asked):
        outcome = run_action(APITestAgent(), "schema", tmp_path, {"url": f"{url}/openapi.json"})
    assert asked == ["/openapi.json"]
    assert told(outcome) == (Verdict.PASS, f"1 operation, 0 faults in the schema at {url}/openapi.json")


def test_no_other_host_is_ever_asked(tmp_path: Path) -> None:
    boundary = {"live_hosts": ["live.localhost"], "test_hosts": ["127.0.0.1"]}
    for url in (
        "http://api.example.org/openapi.json",
        "http://127.0.0.1:6770/openapi.json",
        "http://live.localhost:8000/openapi.json",
        "file:///etc/passwd",
    ):
        with pytest.raises(BoundaryError):
            run_action(APITestAgent(), "schema", tmp_path, {"url": url}, config={"boundary": boundary})


def test_a_name_that_leads_to_a_protected_place_is_refused(tmp_path: Path) -> None:
    boundary = {"live_hosts": ["127.0.0.1"], "test_hosts": ["localhost"]}
    with serving([(200, {}, SCHEMA)]) as (url, asked):
        address = url.replace("127.0.0.1", "localhost")
        with pytest.raises(BoundaryError):
            run_action(APITestAgent(), "schema", tmp_path, {"url": address}, config={"boundary": boundary})
    assert asked == []


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with serving([(200, {}, SCHEMA)]) as (other, reached), serving([(302, {"Location": f"{other}/x"}, "")]) as (url, _):
        verdict, words = told(run_action(APITestAgent(), "schema", tmp_path, {"url": f"{url}/openapi.json"}))
    assert reached == []
    assert verdict is Verdict.UNKNOWN
    assert f"leads to {other}/x; redirects are not followed" in words


def test_it_backs_off_as_long_as_it_is_asked_to(tmp_path: Path) -> None:
    ctx = Context(workspace=tmp_path, spool=_made(tmp_path / "s"), scratch=tmp_path)
    slept: list[float] = []
    with serving([(429, {"Retry-After": "3"}, ""), (503, {}, ""), (200, {}, SCHEMA)]) as (url, asked):
        assert fetched(ctx, f"{url}/a.json", slept.append) == SCHEMA
    assert slept == [3.0, 2.0]
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("here", "sign", "wanted", "fitting"),
    [
        ("0.165.0", "==", "0.95.1", False),
        ("0.165.0", "==", "0.165", True),
        ("0.165.0", "<", "1.0", True),
        ("0.165.0", "<", "0.100", False),
        ("0.165.0", "<=", "0.165", True),
        ("0.165.2", "~=", "0.165.0", True),
        ("0.166.0", "~=", "0.165.0", False),
        ("0.165.0", "^", "0.95", False),
        ("3.1.0", "^", "3.0", True),
        ("4.0.0", "^", "3.0", False),
    ],
)
def test_versions_that_a_project_wants(here: str, sign: str, wanted: str, fitting: bool) -> None:
    assert fits(numbers(here), sign, numbers(wanted)) is fitting


def test_another_version_of_the_framework_is_said(tmp_path: Path) -> None:
    put(tmp_path, {"main.py": GOOD, "requirements.txt": "uvicorn\nfastapi==0.1.0\n"})
    words = told(run_action(APITestAgent(), "schema", tmp_path, {"interpreter": "callboard"}))[1]
    assert "though requirements.txt wants fastapi==0.1.0" in words
    app = App("main:app", "", "", "main.py", 3, "fastapi")
    for text in ('[project]\ndependencies = ["fastapi[all]<0.2"]\n', '[tool.poetry.dependencies]\nfastapi = "^0.1"\n'):
        put(tmp_path, {"requirements.txt": "", "pyproject.toml": text})
        assert other_version(Workspace(tmp_path), app, "fastapi").startswith("pyproject.toml wants fastapi")
    put(tmp_path, {"pyproject.toml": '[project]\ndependencies = ["fastapi>=0.1", "fastapi-cache<0.1"]\n'})
    assert other_version(Workspace(tmp_path), app, "fastapi") == ""


def test_one_that_does_not_start_is_told_once_too(tmp_path: Path) -> None:
    start = "import contextlib\n@contextlib.asynccontextmanager\nasync def life(app):\n"
    start += "    raise ConnectionError('no queue')\n    yield\n"
    work = put(tmp_path / "work", {"main.py": start + GOOD.replace("FastAPI()", "FastAPI(lifespan=life)")})
    assert told(run_action(APITestAgent(), "schema", work))[0] is Verdict.PASS
    first = run_action(APITestAgent(), "contract", work)
    assert [(f.rule, f.path) for f in first.findings] == [("app-not-started", "main.py")]
    assert first.result is not None
    assert "ConnectionError: no queue" in first.result.summary
    spool = _made(tmp_path / "spool")
    said = {"t": "result", "verdict": "unknown", "summary": "", "outputs": dict(first.result.outputs)}
    (spool / MESSAGES).write_text(json.dumps(said) + "\n")
    before = {"name": "api.contract", "action": "api.contract", "state": "succeeded", "spool": str(spool)}
    outcome = run_action(APITestAgent(), "latency", work, before=[before])
    assert outcome.findings == ()
    assert told(outcome)[1] == "not tried: main:app does not start, see api.contract"


def test_settings_that_are_missing_are_named(tmp_path: Path) -> None:
    source = "from pydantic import BaseModel\nclass Settings(BaseModel):\n    queue_url: str\nSettings()\n"
    words = told(run_action(APITestAgent(), "schema", put(tmp_path, {"main.py": source + GOOD})))[1]
    assert "ValidationError: 1 validation error for Settings; queue_url; Field required" in words
