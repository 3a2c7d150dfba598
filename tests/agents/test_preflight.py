"""Before a run each tool says whether it can work here, and what stays unchecked if not."""

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from callboard.agents.crew import ActionInfo, AgentInfo, Catalogue, ToolInfo
from callboard.agents.preflight import Ready, ToolState, preflight
from callboard.agents.reach import any_reachable, hosts_of, vulnerability_data
from callboard.core.resources import Needs
from callboard.work.agent import Effects


def tool(name: str, *, place: str = "workspace", needs: tuple[str, ...] = (), covers: str = "faults") -> ToolInfo:
    return ToolInfo(name, covers, f"pip install {name}", ("--version",), needs, "1 s", place)


def crew(*tools: ToolInfo) -> Catalogue:
    actions = [
        ActionInfo(f"a.{n}", "a", n, "", Needs(), Effects(), {}, 1, 0, 1, (n,), "a", "a")
        for n in (tool.name for tool in tools)
    ]
    return Catalogue(agents=(AgentInfo("a", "A", "", "1", "a", tools, tuple(actions)),))


def script(workspace: Path, name: str, body: str) -> Path:
    folder = workspace / "node_modules" / ".bin"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def state(catalogue: Catalogue, workspace: Path, data: Path | None = None, *, trusted: bool = True) -> ToolState:
    agent = preflight(catalogue, workspace, data, trusted=trusted).agent("a")
    assert agent is not None
    return agent.tools[0]


def test_a_tool_says_its_version_and_cost(tmp_path: Path) -> None:
    script(tmp_path, "mytool", "echo mytool version 2.10.3 of 2026")
    found = state(crew(tool("mytool")), tmp_path)
    assert (found.ready, found.version, found.words) == (Ready.YES, "2.10.3", "mytool 2.10.3: ready, 1 s")
    assert found.path.endswith("node_modules/.bin/mytool")


def test_what_is_missing_is_said_with_its_mend_and_what_stays_unchecked(tmp_path: Path) -> None:
    script(tmp_path, "mytool", "echo 1.0")
    catalogue = crew(tool("no-such-tool"), tool("mytool"))
    found = state(catalogue, tmp_path)
    assert found.words == "no-such-tool is not installed (pip install no-such-tool); unchecked: faults"
    flight = preflight(catalogue, tmp_path, trusted=True)
    agent = flight.agent("a")
    assert agent is not None
    assert agent.ready is Ready.PARTLY
    assert [action.ready for action in agent.actions] == [Ready.NO, Ready.YES]
    assert json.loads(json.dumps(flight.to_json()))[0]["ready"] == "partly"


def test_a_program_of_an_untrusted_workspace_is_not_run(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    script(tmp_path, "mytool", f"touch {canary}; echo 1.0")
    found = state(crew(tool("mytool")), tmp_path, trusted=False)
    assert "asked once the workspace is trusted" in found.words
    assert not canary.exists()


def test_a_version_is_asked_once_until_the_program_changes(tmp_path: Path) -> None:
    count = tmp_path / "count"
    script(tmp_path, "mytool", f"echo x >> {count}; echo 1.0")
    for _ in range(3):
        assert state(crew(tool("mytool")), tmp_path, tmp_path / "data").version == "1.0"
    assert count.read_text() == "x\n"
    script(tmp_path, "mytool", f"echo x >> {count}; echo 2.0.1")
    assert state(crew(tool("mytool")), tmp_path, tmp_path / "data").version == "2.0.1"


@pytest.mark.parametrize(
    "body", ["yes", "head -c 100000 /dev/zero", "cat", "exit 3", "kill -9 $$", "env | grep SECRET"]
)
def test_a_tool_that_misbehaves_has_no_version(tmp_path: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET", "1.2.3")
    script(tmp_path, "mytool", body)
    found = state(crew(tool("mytool")), tmp_path)
    assert (found.version, found.words) == ("", "mytool: ready, 1 s")


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(body: bytes, status: int = 200) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running.server_address[1]
        running.shutdown()
        thread.join()


def test_a_network_that_cannot_be_reached_is_said(tmp_path: Path) -> None:
    script(tmp_path, "mytool", "echo 2.10")
    away = tool("mytool", needs=(f"network:127.0.0.1:{closed_port()}", "data:vulnerability data"), covers="advisories")
    found = state(crew(away), tmp_path)
    assert found.words == "mytool 2.10: no vulnerability data reachable; unchecked: advisories"
    assert found.ready is Ready.NO
    with server(b"") as port:
        assert state(crew(tool("mytool", needs=(f"network:127.0.0.1:{port}",))), tmp_path).ready is Ready.YES


def test_a_proxy_is_asked_in_place_of_the_host() -> None:
    with server(b"") as port:
        proxy = {"HTTPS_PROXY": f"http://127.0.0.1:{port}"}
        assert any_reachable([("far.invalid", 443)], proxy)
        assert not any_reachable([("far.invalid", 443)], {**proxy, "NO_PROXY": "other,.invalid"})


@pytest.mark.parametrize(
    ("body", "status", "there"),
    [
        (b'{"vulnerabilities": [{"id": "PYSEC-1"}]}', 200, True),
        (b'{"vulnerabilities": []}', 200, False),
        (b"{}", 404, False),
        (b"[1]", 200, False),
        (b"<html>", 200, False),
    ],
)
def test_a_mirror_without_vulnerability_data_is_none(body: bytes, status: int, there: bool) -> None:
    with server(body, status) as port:
        assert vulnerability_data(f"http://127.0.0.1:{port}/pypi/pip/9.0.0/json") is there


def test_hosts_are_named_by_the_needs() -> None:
    assert hosts_of(("data", "network:osv.example:8443", "network:x.example")) == (
        ("osv.example", 8443),
        ("x.example", 443),
    )
    assert {host for host, _ in hosts_of(("network",))} == {"pypi.org", "api.osv.dev"}
    assert hosts_of(("data",)) == ()
    assert hosts_of(("network:x:y", "network:", "network:h:99999999999")) == ()
