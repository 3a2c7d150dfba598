"""What a Python of an attempt does past `ctx` is refused from inside, and told with the rule's name."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from callboard.core.boundary import Boundary
from callboard.errors import BoundaryError
from callboard.work.sparing.processes import check_signal, names_of
from callboard.work.sparing.refusals import lately
from callboard.work.sparing.rules import child_environment, rules_of

TRIES = r"""
import json, os, signal, socket, subprocess, sys, threading
told, me = {}, sys.argv
other, port, free, top = int(me[1]), int(me[2]), int(me[3]), me[4]

def tried(name, act):
    try:
        act()
        told[name] = ""
    except BaseException as error:
        told[name] = type(error).__name__ + ": " + str(error)

def bind(host, number, family=socket.AF_INET):
    with socket.socket(family) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, number))

def own():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    child.send_signal(signal.SIGTERM)
    child.wait()

tried("bind", lambda: bind("127.0.0.1", port))
tried("bind any", lambda: bind("", port))
tried("bind v6", lambda: bind("::1", port, socket.AF_INET6))
tried("bind free", lambda: bind("127.0.0.1", 0))
tried("connect", lambda: socket.create_connection(("127.0.0.1", port)))
tried("connect_ex", lambda: socket.socket().connect_ex(("localhost", port)))
tried("connect v6", lambda: socket.create_connection(("::1", port)))
tried("connect mapped", lambda: socket.socket(socket.AF_INET6).connect(("::ffff:127.0.0.1", port)))
tried("connect number", lambda: socket.socket().connect(("2130706433", port)))
tried("connect host name", lambda: socket.socket().connect((socket.gethostname(), port)))
tried("connect 0", lambda: socket.socket().connect(("0.0.0.0", port)))
tried("connect free", lambda: socket.create_connection(("127.0.0.1", free)))
tried("live name", lambda: socket.create_connection(("SHOP.example.", 80)))
tried("live below", lambda: socket.getaddrinfo("api.live.example", 443))
tried("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port)))
tried("kill", lambda: os.kill(other, signal.SIGTERM))
tried("kill group", lambda: os.killpg(other, signal.SIGTERM))
tried("kill all", lambda: os.kill(-1, signal.SIGTERM))
tried("look", lambda: os.kill(other, 0))
tried("kill own", own)
os.chdir(top)
os.symlink(".", "loop")
tried("write", lambda: open(".env", "w"))
tried("write odd", lambda: open("./loop/../.ENV", "a"))
tried("write linked", lambda: open("loop/.env", "w"))
tried("os.open", lambda: os.open(b".env", os.O_CREAT | os.O_RDWR))
tried("rename", lambda: os.rename("a.txt", ".env"))
tried("replace", lambda: os.replace("a.txt", "deploy/x"))
tried("remove", lambda: os.unlink("deploy/prod.yml"))
tried("remove by folder", lambda: os.unlink("prod.yml", dir_fd=os.open("deploy", os.O_RDONLY)))
tried("link", lambda: os.symlink("/etc/passwd", "deploy/y"))
tried("mkdir", lambda: os.mkdir("deploy/z"))
tried("truncate", lambda: os.truncate("deploy/prod.yml", 0))
tried("read", lambda: open("deploy/prod.yml").read())
tried("write free", lambda: open("b.txt", "w").write("b"))
def inside():
    thread = threading.Thread(target=lambda: tried("in a thread", lambda: bind("", port)))
    thread.start(); thread.join()
inside()
code = "import socket; socket.socket().bind(('', %d))" % port
told["grandchild"] = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr.strip().splitlines()[-1]
print(json.dumps(told))
"""
FREE = {"bind free", "connect free", "look", "kill own", "read", "write free"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "work" / "deploy").mkdir(parents=True)
    (tmp_path / "work" / "deploy" / "prod.yml").write_text("a: 1\n")
    (tmp_path / "work" / "a.txt").write_text("a\n")
    return tmp_path


def test_every_door_of_a_python_that_an_attempt_starts(place: Path) -> None:
    boundary = Boundary(
        protected_paths=(*Boundary().protected_paths, "deploy/**"), live_hosts=("shop.example", "*.live.example")
    )
    with socket.create_server(("127.0.0.1", 0)) as live, socket.create_server(("127.0.0.1", 0)) as free:
        port = live.getsockname()[1]
        boundary = Boundary(boundary.protected_paths, (port,), (), boundary.live_hosts)
        rules = rules_of(boundary, place / "work", place / "data", "here (1.0#1)")
        script = place / "tries.py"
        script.write_text(TRIES)
        bystander = subprocess.Popen(
            [sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
        )
        try:
            plain = {name: value for name, value in os.environ.items() if not name.startswith("CALLBOARD")}
            words = [
                sys.executable,
                str(script),
                *map(str, (bystander.pid, port, free.getsockname()[1], place / "work")),
            ]
            done = subprocess.run(
                words, env=plain | child_environment(rules, plain), capture_output=True, text=True, check=True
            )
            assert bystander.poll() is None, "who was not started by us lives on"
        finally:
            bystander.communicate(b"\n")
    told = json.loads(done.stdout.splitlines()[-1])
    assert {name for name, words in told.items() if not words} == FREE, told
    assert all(
        "PermissionError" in words and "(rule: boundary." in words for name, words in told.items() if name not in FREE
    ), told
    assert (place / "work" / "deploy" / "prod.yml").read_text() == "a: 1\n"
    assert not (place / "work" / ".env").exists()
    kept = lately(place / "data")
    assert {row["rule"] for row in kept} == {
        "boundary.protected_ports", "boundary.live_reads", "boundary.signals", "boundary.protected_paths",
    }  # fmt: skip
    assert {row["who"] for row in kept} == {"here (1.0#1)"}


def test_the_sitecustomize_that_was_meant_is_read_too_and_a_broken_rule_stops_nobody(place: Path) -> None:
    (place / "mine").mkdir()
    (place / "mine" / "sitecustomize.py").write_text("import builtins; builtins.mine = 5\n")
    env = child_environment(rules_of(Boundary(), place, place, ""), {"PYTHONPATH": str(place / "mine")})
    plain = {"PATH": os.environ["PATH"]}
    code = "import os; print(mine, open('x', 'w') is None)"
    for more in ({}, {"CALLBOARD_BOUNDARY": "{]"}):
        done = subprocess.run(
            [sys.executable, "-c", code], env=plain | env | more, capture_output=True, text=True, cwd=place, check=True
        )
        assert done.stdout == "5 False\n"


def test_programs_send_nothing_to_what_is_live_though_it_may_be_read() -> None:
    rules = rules_of(Boundary(live_reads=True), "/w", "/d", "")
    assert rules["reads"] is True
    assert json.loads(child_environment(rules, {})["CALLBOARD_BOUNDARY"])["reads"] is False


def test_a_proxy_does_not_hide_where_a_request_goes() -> None:
    rules = rules_of(Boundary(live_hosts=("shop.example", "*.live.example")), "/w", "/d", "")
    added = child_environment(rules, {"https_proxy": "http://proxy:3128", "NO_PROXY": "intern"})
    assert added["NO_PROXY"] == added["no_proxy"] == "intern,localhost,127.0.0.1,::1,shop.example,.live.example"
    assert "NO_PROXY" not in child_environment(rules, {})


def test_protected_processes_are_told_by_name_by_command_line_and_by_pid_file(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-S", "-c", "input()", "crew_main.py"], stdin=subprocess.PIPE)
    file = tmp_path / "platform.pid"
    file.write_text(f"{process.pid}\n")
    try:
        while "crew_main" not in " ".join(names_of(process.pid)):
            time.sleep(0.005)  # the kernel shows it a moment after it was started
        for pattern in ("crew_main.py", "*crew_main*", str(file)):
            with pytest.raises(BoundaryError) as refused:
                check_signal(process.pid, boundary=Boundary(protected_processes=(pattern,)))
            assert refused.value.rule == "boundary.protected_processes"
            assert process.poll() is None
        check_signal(
            process.pid, boundary=Boundary(protected_processes=("gunicorn*", "crew", str(tmp_path / "gone.pid")))
        )
        with pytest.raises(BoundaryError, match="not started by Callboard"):
            check_signal(process.pid, boundary=Boundary(), ours=False)
        for pid in (1, 0, -1):
            with pytest.raises(BoundaryError) as refused:
                check_signal(pid, boundary=Boundary())
            assert refused.value.rule == "boundary.signals"
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def test_refusals_are_kept_in_bounds_and_foreign_lines_are_passed_over(tmp_path: Path) -> None:
    place = tmp_path / "boundary" / "refused.jsonl"
    place.parent.mkdir()
    line = json.dumps({"at": 1.0, "rule": "boundary.scheme", "words": "no\x1b[31m", "who": "x"}).encode()
    place.write_bytes(
        b"\n".join([b"{]", b"[1]", line, line, b'{"at": "never"}', b"\xff\0", line.replace(b'"x"', b'"y"'), b""])
    )
    rows = lately(tmp_path)
    assert [(row["times"], row["rule"]) for row in rows] == [(1, "boundary.scheme"), (2, "boundary.scheme")] or len(
        rows
    ) == 1
    assert all("\x1b" not in row["words"] for row in rows)
