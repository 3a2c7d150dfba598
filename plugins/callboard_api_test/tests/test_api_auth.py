"""Who is let in: the recipe, operations, origins and WebSockets, on real instances."""

from pathlib import Path
from typing import Any

import pytest

from callboard.api import Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_api_test import APITestAgent
from callboard_api_test.credentials import forgeries

# Planted: /leaky declares security and does not look; /add changes data for anybody; /feed lets anybody listen.
SHOP = """\
import os
import secrets

from fastapi import Depends, FastAPI, Form, HTTPException, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.security import HTTPBearer, OAuth2PasswordBearer

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="token")
TOKENS: set[str] = set()


def user(token: str = Depends(scheme)) -> str:
    if token not in TOKENS:
        raise HTTPException(401)
    return token


@app.post("/token")
def token(username: str = Form(), password: str = Form()) -> dict[str, str]:
    if not os.path.exists("users.txt") or open("users.txt").read() != f"{username}:{password}":
        raise HTTPException(403)
    made = secrets.token_hex(8)
    TOKENS.add(made)
    print("signed in", made, password)
    return {"access_token": made}


@app.get("/mine")
def mine(name: str = Depends(user)) -> str:
    return "yours"


@app.post("/mine/{number}")
def change(number: int, body: dict[str, int], name: str = Depends(user)) -> str:
    return "changed"


@app.get("/leaky", dependencies=[Depends(HTTPBearer(auto_error=False))])
def leaky() -> str:
    return "for all"


@app.post("/add")
def add(count: int = 1) -> int:
    return count


@app.websocket("/feed")
async def feed(socket: WebSocket) -> None:
    await socket.accept()
    await socket.receive_text()


@app.websocket("/private/{room}")
async def private(socket: WebSocket, room: str) -> None:
    if socket.headers.get("authorization", "")[7:] not in TOKENS:
        await socket.close(1008)
        return
    await socket.accept()
    await socket.receive_text()
"""
MENDED = SHOP.replace("HTTPBearer(auto_error=False)", "user")
SETUP = (
    "import os\nopen('users.txt', 'w').write(os.environ['CALLBOARD_USER'] + ':' + os.environ['CALLBOARD_PASSWORD'])\n"
)
LOGIN: dict[str, Any] = {
    "kind": "login",
    "setup": ["python", "make_user.py"],
    "login": {"path": "/token", "form": {"username": "{user}", "password": "{password}"}},
}


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def told(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def config(auth: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"agents": {"api": {"auth": auth, **more}}}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return put(tmp_path, {"main.py": SHOP, "make_user.py": SETUP})


def test_an_operation_that_lets_anybody_in_is_found(shop: Path) -> None:
    outcome = run_action(APITestAgent(), "auth", shop, config=config(LOGIN))
    found = {(f.rule, f.severity, f.message.split(" answers")[0]) for f in outcome.findings}
    assert found == {
        ("operation-open", Severity.HIGH, "GET /leaky"),
        ("operation-unprotected", Severity.MEDIUM, "POST /add may change data and"),
    }
    verdict, words = told(outcome)
    assert verdict is Verdict.FAIL
    assert "3 operations of main:app that need credentials: 2 refuse without and with wrong ones, 1 open" in words
    assert "1 of 1 others change data for anybody; no foreign origin is let in" in words
    assert "prove little" not in words
    rows = {row[0]["text"]: row for row in outcome.sections()["operations"][1]["rows"]}
    assert rows["GET /leaky"][2]["text"] == "open"
    assert rows["GET /mine"][2]["text"] == "refuses"


def test_mended_and_excused_it_passes(shop: Path) -> None:
    put(shop, {"main.py": MENDED})
    outcome = run_action(APITestAgent(), "auth", shop, config=config({**LOGIN, "open": ["POST /add"]}))
    assert outcome.findings == ()
    assert told(outcome)[0] is Verdict.PASS


def test_no_secret_is_kept_anywhere(shop: Path) -> None:
    outcome = run_action(APITestAgent(), "auth", shop, config=config(LOGIN))
    log = outcome.artifacts["instance-log.txt"].read_text()
    assert "signed in [secret] [secret]" in log


def test_without_a_recipe_the_declared_schemes_are_tried(shop: Path) -> None:
    outcome = run_action(APITestAgent(), "auth", shop)
    assert {f.rule for f in outcome.findings} == {"operation-open", "operation-unprotected"}


def test_credentials_that_are_refused_prove_nothing(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "stale")
    put(shop, {"main.py": MENDED})
    verdict, words = told(
        run_action(APITestAgent(), "auth", shop, config=config({"kind": "bearer", "token_env": "SHOP_TOKEN"}))
    )
    assert verdict is Verdict.UNKNOWN
    assert "the recipe's own credentials are refused too" in words


def test_every_operation_needs_credentials_where_the_recipe_says_so(shop: Path) -> None:
    outcome = run_action(APITestAgent(), "auth", shop, config=config({**LOGIN, "everywhere": True}))
    labels = {f.message.split(" answers")[0] for f in outcome.findings if f.rule == "operation-open"}
    assert labels == {"GET /leaky", "POST /add"}


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ({"kind": "magic"}, "kind is 'magic'; known: bearer, basic, header, cookie, login"),
        ({"kind": "bearer"}, "needs token_env"),
        ({"kind": "bearer", "token_env": "two words"}, "is the name of an environment variable, not a value"),
        ({"kind": "bearer", "token_env": "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE, which is not set"),
        ({"kind": "bearer", "token": "abc"}, "has 'token', which it does not know"),
        (
            {"kind": "login", "login": {"path": "http://live.example.org/token", "form": {"a": "b"}}},
            "begins with one slash",
        ),
        ({"kind": "login", "login": {"path": "/token"}}, "needs either form or json"),
        (
            {"kind": "login", "setup": ["rm", "-rf", "/"], "login": {"path": "/t", "form": {"a": "b"}}},
            "is a Python script",
        ),
        ({**LOGIN, "setup": []}, "POST /token answers 403"),
        ({**LOGIN, "setup": ["nothing_here.py"]}, "nothing_here.py"),
    ],
)
def test_a_wrong_recipe_is_said(shop: Path, auth: dict[str, Any], words: str) -> None:
    verdict, summary = told(run_action(APITestAgent(), "auth", shop, config=config(auth)))
    assert verdict is Verdict.UNKNOWN
    assert words in summary


def test_a_recipe_for_another_folder_is_left_alone(shop: Path) -> None:
    outcome = run_action(APITestAgent(), "websockets", shop, config=config({**LOGIN, "folder": "elsewhere"}))
    assert told(outcome)[1].startswith("2 WebSockets of main:app: 1 opened, 1 opened to a page")


def test_what_a_page_of_any_origin_may_do(shop: Path) -> None:
    middleware = (
        "app.add_middleware(CORSMiddleware, allow_origins=['*'], allow_credentials=True, allow_methods=['*'])\n"
    )
    put(shop, {"main.py": SHOP + middleware})
    outcome = run_action(APITestAgent(), "auth", shop, config=config(LOGIN))
    cors = {(f.rule, f.severity) for f in outcome.findings if f.rule.startswith("cors")}
    assert cors == {("cors-any-origin-with-credentials", Severity.HIGH)}
    put(shop, {"main.py": SHOP + middleware.replace("allow_credentials=True", "allow_credentials=False")})
    outcome = run_action(APITestAgent(), "auth", shop, config=config(LOGIN))
    assert {(f.rule, f.severity) for f in outcome.findings if f.rule.startswith("cors")} == {
        ("cors-any-origin", Severity.INFO)
    }


def test_an_api_without_any_security_is_low_and_one_finding(tmp_path: Path) -> None:
    source = "from fastapi import FastAPI\napp = FastAPI()\n@app.post('/a')\ndef a() -> int:\n    return 1\n"
    outcome = run_action(APITestAgent(), "auth", put(tmp_path, {"main.py": source}))
    assert [(f.rule, f.severity) for f in outcome.findings] == [("api-unprotected", Severity.LOW)]
    put(tmp_path, {"main.py": source.replace("post", "get")})
    assert told(run_action(APITestAgent(), "auth", tmp_path))[0] is Verdict.UNKNOWN


def test_a_token_is_forged_only_where_it_is_one() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"
    assert [what for what, _ in forgeries(token)] == ["with an unsigned token", "with a changed token"]
    assert list(forgeries("plain")) == list(forgeries("a.b.c")) == []


def test_websockets_that_let_anybody_in(shop: Path) -> None:
    outcome = run_action(APITestAgent(), "websockets", shop, config=config(LOGIN))
    found = {(f.rule, f.severity, f.path, f.line, f.message.split(" opens")[0]) for f in outcome.findings}
    assert found == {
        ("socket-open", Severity.HIGH, "main.py", 49, "the WebSocket /feed"),
        ("socket-foreign-origin", Severity.LOW, "main.py", 49, "the WebSocket /feed"),
        ("socket-foreign-origin", Severity.LOW, "main.py", 55, "the WebSocket /private/{room}"),
    }
    verdict, words = told(outcome)
    assert verdict is Verdict.FAIL
    assert words.startswith(
        "2 WebSockets of main:app: 2 opened, 1 of 2 refused without credentials, 2 opened to a page"
    )
    verdict, words = told(run_action(APITestAgent(), "websockets", shop))
    assert (verdict, words.split(",")[0]) == (Verdict.PASS, "2 WebSockets of main:app: 1 opened")


def test_websockets_that_are_not_there(shop: Path) -> None:
    verdict, words = told(run_action(APITestAgent(), "websockets", shop, {"paths": ["/nowhere"]}))
    assert verdict is Verdict.UNKNOWN
    assert "/nowhere answers 40" in words
    put(shop, {"main.py": SHOP[: SHOP.index("@app.websocket")]})
    assert "lists no WebSocket" in told(run_action(APITestAgent(), "websockets", shop))[1]
    assert "no path of a WebSocket" in told(run_action(APITestAgent(), "websockets", shop, {"paths": ["ws://live"]}))[1]


def test_the_contract_is_tried_as_the_account(shop: Path) -> None:
    options = {"max_examples": 3, "stateful": False, "operation": "GET /mine"}
    outcome = run_action(APITestAgent(), "contract", shop, options, config=config(LOGIN))
    events = outcome.artifacts["contract-events.ndjson"].read_text()
    assert '"status_code": 200' in events or '"status_code":200' in events
    assert "4 other operations not wanted" in told(outcome)[1]
