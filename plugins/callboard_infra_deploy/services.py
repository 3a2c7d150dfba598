"""Starts a declared service and waits until it is healthy; stops it with all that it has started."""

import json
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

from callboard.api import CallboardError, Context, Result, failed, passed
from callboard_infra_deploy.declared import Service, program_of, service_of, surroundings
from callboard_infra_deploy.processes import MARK, SERVICE, WORKSPACE, boot_id, end_family, family, look, ticks
from callboard_infra_deploy.records import Record, Shelf

GRACE = 5.0
OUTLIVES = "outlives.json"


def start_service(ctx: Context, name: str, *, restart: bool = False) -> Result:
    """Starts it once: one that Callboard started before and that is still healthy is left alone, unless `restart` is set.

    Raises `CallboardError` for a wrong declaration and `BoundaryError` for a port or an address that is forbidden.
    """
    service = service_of(ctx, name)
    shelf = Shelf(ctx, name)
    with shelf.alone():
        former = shelf.read()
        if former is not None and is_alive(former) and not restart:
            return _already(ctx, service, former)
        if former is not None:
            end_family(name, former.mark, GRACE)  # also what a start that broke off has left
            shelf.note("stopped", former)
        port = service.port or _free_port(ctx)
        ctx.boundary.check_bind(port)
        address = service.address(port)
        if address:
            ctx.boundary.check_request("GET", address)
        if not _is_free(port):
            return failed(
                f"port {port} of service '{name}' is taken by another program; stop it or declare another port"
            )
        return _start(ctx, service, shelf, Record(name, str(ctx.workspace.path), secrets.token_hex(16), port, address))


def _already(ctx: Context, service: Service, record: Record) -> Result:
    place = f"service '{service.name}' runs already (pid {record.pid}, port {record.port})"
    trouble = _health(ctx, record, Deadline(5.0))
    if trouble:
        return failed(f"{place}, but {trouble}; stop it first", outputs=_outputs(record))
    now = _commit(ctx)
    older = f"; it was started from commit {record.commit}, now it is {now}" if now != record.commit else ""
    return passed(f"{place} and is healthy{older}", outputs=_outputs(record))


def _outputs(record: Record) -> dict[str, Any]:
    return {"service": record.service, "pid": record.pid, "port": record.port, "url": record.url}


def _start(ctx: Context, service: Service, shelf: Shelf, record: Record) -> Result:
    given = surroundings(ctx, service, record.port)
    words = service.words(record.port)
    words[0] = program_of(ctx, service, given.get("PATH", ""))
    given[SERVICE], given[MARK], given[WORKSPACE] = service.name, record.mark, record.workspace
    shelf.turn_over()
    record = replace(record, boot=boot_id(), at=round(time.time(), 3), commit=_commit(ctx))
    shelf.write(record)
    began = time.monotonic()
    pid, trouble = _launch(shelf.output, words, ctx.workspace.path / service.folder, given)
    seen = look(pid) if pid else None
    if seen is not None:
        record = replace(record, pid=pid, start=seen.start)
        shelf.write(record)
        ctx.progress(0.3, f"pid {pid}, waits until it is healthy")
        trouble = _health(ctx, record, Deadline(service.start_timeout))
    elif not trouble:
        trouble = "it ended at once"
    if trouble:
        end_family(service.name, record.mark, GRACE)
        shelf.forget()
        shelf.note("start failed", record, why=trouble)
        _keep_output(ctx, shelf)
        said = shelf.last_lines()
        return failed(f"service '{service.name}' did not start: {trouble}{f'; it said: {said}' if said else ''}")
    seconds = time.monotonic() - began
    _hand_over(ctx, service.name, record.mark)
    shelf.note("started", record, pid=pid, port=record.port, seconds=round(seconds, 2))
    ctx.metric("start_time", seconds, "s")
    _keep_output(ctx, shelf)
    how = f"answers at {record.url}" if record.url else f"listens on port {record.port}"
    return passed(f"service '{service.name}' {how} after {seconds:.1f} s (pid {pid})", outputs=_outputs(record))


def _hand_over(ctx: Context, name: str, mark: str) -> None:
    """Names the processes that are to outlive this attempt; whatever else it leaves behind is ended with it."""
    named = {"processes": [[seen.pid, ticks(seen)] for seen in family(name, mark)]}
    new = ctx.spool / "outlives.json.new"
    new.write_text(json.dumps(named), "utf-8")
    new.replace(ctx.spool / OUTLIVES)


def _launch(output: Path, words: list[str], folder: Path, given: dict[str, str]) -> tuple[int, str]:
    starter = Path(__file__).with_name("starter.py")
    command = [sys.executable, "-I", "-S", str(starter), str(output), *words]
    done = subprocess.run(
        command, cwd=folder, env=given, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False, timeout=60
    )
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    pid = int(lines[0]) if lines and lines[0].isdigit() else 0
    return pid, next((line[1:] for line in lines if line.startswith("!")), "" if pid else "its starter failed")


class Deadline:
    """A moment in the future, in seconds from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return time.monotonic() >= self._end


def _health(ctx: Context, record: Record, deadline: Deadline) -> str:
    """'' as soon as the service is healthy, else what is wrong; asks no more often than the boundary allows."""
    pause = 1.0 / max(ctx.boundary.probes_per_second, 0.01)
    trouble = f"nothing listens on port {record.port}"
    while True:
        if not is_alive(record):
            return "it ended before it was healthy"
        if _listens(record.port):
            trouble = _asked(ctx, record.url) if record.url else ""
            if not trouble:
                return "" if is_alive(record) else "it ended; another program answers on its port"
        if deadline.over:
            return f"{trouble} after {deadline.seconds:g} s"
        time.sleep(pause if record.url and _listens(record.port) else 0.1)


def _asked(ctx: Context, address: str) -> str:
    ctx.boundary.check_request("GET", address)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Unfollowed)
    try:
        with opener.open(address, timeout=5) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
        error.close()
    except (OSError, ValueError) as error:
        return f"{address} does not answer ({error})"
    return "" if 200 <= status < 400 else f"{address} answers with status {status}"


class Unfollowed(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer; it is not followed."""

    def redirect_request(self, *_: Any) -> None:
        """Nowhere."""
        return


def _listens(port: int) -> bool:
    for family_of, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family_of, socket.SOCK_STREAM) as probe:
                probe.settimeout(1)
                if probe.connect_ex((host, port)) == 0:
                    return True
        except OSError:
            continue
    return False


def _is_free(port: int) -> bool:
    if _listens(port):
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port(ctx: Context) -> int:
    for _ in range(20):
        port = ctx.free_port()
        if port not in ctx.boundary.protected_ports:
            return port
    raise CallboardError("found no free port outside of the protected ones")


def is_alive(record: Record) -> bool:
    """Whether the very process that was started still runs: pid, start and boot fit."""
    seen = look(record.pid) if record.pid else None
    return seen is not None and seen.start == record.start and record.boot == boot_id()


def stop_service(ctx: Context, name: str, grace: float) -> Result:
    """Ends every process of the last start and nothing else; a service that is not running is as it should be."""
    service = service_of(ctx, name)
    shelf = Shelf(ctx, service.name)
    with shelf.alone():
        record = shelf.read()
        if record is None:
            return passed(f"service '{name}' was not started by Callboard; there is nothing to stop")
        if record.boot != boot_id() or not family(name, record.mark):
            if is_alive(record):
                return failed(
                    f"service '{name}' runs as pid {record.pid}, but has overwritten the mark in its environment; "
                    "nothing was stopped, end it by hand"
                )
            shelf.forget()
            shelf.note("had ended", record)
            return passed(f"service '{name}' (pid {record.pid}) had ended already")
        count, left = end_family(name, record.mark, grace)
        _keep_output(ctx, shelf)
        if left:
            return failed(f"{left} of {count} processes of service '{name}' do not end; ask who may end them")
        shelf.forget()
        shelf.note("stopped", record, processes=count)
        return passed(f"service '{name}' is stopped: {count} process{'es' if count > 1 else ''} ended")


def _keep_output(ctx: Context, shelf: Shelf) -> None:
    if shelf.output.exists():
        tail = ctx.scratch / "service.log"
        with open(shelf.output, "rb") as file:
            file.seek(max(0, shelf.output.stat().st_size - 200_000))
            tail.write_bytes(file.read())
        ctx.artifact(tail, kind="text")


def _commit(ctx: Context) -> str:
    run = ctx.run_tool(["git", "-c", "core.fsmonitor=false", "rev-parse", "--short=12", "HEAD"], timeout=20)
    return run.stdout.strip() if run.code == 0 else ""
