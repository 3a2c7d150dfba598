"""Messages really sent: to a web server of the test, to none, and never where the file may not lead."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callboard.config.fields import Source
from callboard.config.notifying import NotifyTable, notify_of, wrong_query, wrong_url
from callboard.core.boundary import Boundary
from callboard.core.notices import Channel, Message
from callboard.errors import ConfigError
from callboard.link.notifying import Sender, plain

pytestmark = pytest.mark.filterwarnings("ignore:.imghdr:DeprecationWarning")  # one of apprise's channels asks for it
MESSAGE = Message("chat", "[high] tests is broken <b>", "exit code 1\n\\n", "high")


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps what is posted; answers with the server's `answer`."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(self.server.answer)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Says nothing."""


@pytest.fixture
def hook() -> Iterator[Any]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.heard, server.answer = [], 200  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_message_arrives_as_it_was_written(hook: Any) -> None:
    table = NotifyTable(Channel("chat"), url=f"json://127.0.0.1:{hook.server_address[1]}/hook")
    assert Sender({}).send(table, Boundary(), MESSAGE) == ""
    [heard] = hook.heard
    assert (heard["title"], heard["message"], heard["type"]) == (MESSAGE.title, MESSAGE.body, "failure")


def test_a_refused_one_says_why_without_the_secret(hook: Any) -> None:
    hook.answer = 503
    url = f"json://ann:verysecretword@127.0.0.1:{hook.server_address[1]}/hook/tokentokentoken"
    sender = Sender({"CALLBOARD_CHAT": url})
    table = NotifyTable(Channel("chat"), url_env="CALLBOARD_CHAT")
    why = sender.send(table, Boundary(), MESSAGE)
    assert "503" in why
    assert "verysecretword" not in why
    assert "tokentokentoken" not in why
    assert sender.shown(table) == "json://… from CALLBOARD_CHAT"


def test_an_unset_variable_an_unknown_service_and_the_live_platform_are_said() -> None:
    unset = NotifyTable(Channel("chat"), url_env="CALLBOARD_CHAT")
    assert "CALLBOARD_CHAT is not set" in Sender({}).send(unset, Boundary(), MESSAGE)
    odd = Sender({"CALLBOARD_CHAT": "bogus://nobody"}).send(unset, Boundary(), MESSAGE)
    assert "bogus://" in odd
    live = NotifyTable(Channel("chat"), url="json://127.0.0.1:6770/hook")
    assert "boundary.live_reads" in Sender({}).send(live, Boundary(), MESSAGE)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("slack://TokenA/TokenB/TokenC", "url_env"),
        ("json://ann:secret@host/hook", "password"),
        ("not an address", "json://host/path"),
        ("json://host/hook?template=/etc/passwd", "template="),
        ("mailto://host?to=a@example.org&attach=/etc/passwd", "attach="),
    ],
)
def test_an_address_in_the_file_holds_no_secret_and_reads_no_file(url: str, fault: str) -> None:
    assert fault in wrong_url(url)


def test_plain_addresses_are_taken_and_a_channel_has_exactly_one() -> None:
    assert wrong_url("json://host:8080/hook") == ""
    assert wrong_url("mailto://host?to=team@example.org") == ""
    assert wrong_query("slack://TokenA/TokenB/TokenC?footer=no") == ""
    source = Source(Path("callboard.toml"))
    found = notify_of(source, {"chat": {"url_env": "CALLBOARD_CHAT", "on": ["case"], "level": "low"}})
    assert found["chat"].channel == Channel("chat", frozenset({"case"}), "low")
    for table in ({}, {"url": "json://host", "url_env": "CHAT"}):
        with pytest.raises(ConfigError, match="either url or url_env"):
            notify_of(source, {"chat": table})


def test_the_words_of_a_failure_keep_no_part_of_the_address() -> None:
    said = "2026-01-01 10:00:00,000 - WARNING - Failed to post to https://hooks.example/T0KEN/s3cretpart, error=404"
    assert plain(said, "slack://T0KEN/s3cretpart") == "Failed to post to https://hooks.example/…/…, error=404"
