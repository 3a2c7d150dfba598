"""Starts a declared service and waits until it is healthy; stops it with all that it has started."""

import secrets
import time
from dataclasses import replace
from typing import Any

from callboard.api import Context, Result, failed, passed
from callboard_infra_deploy.declared import Service, program_of, service_of, surroundings
from callboard_infra_deploy.launching import hand_over, launch
from callboard_infra_deploy.listening import free_port, is_free, listens, status_of
from callboard_infra_deploy.processes import MARK, SERVICE, WORKSPACE, boot_id, end_family, family, look
from callboard_infra_deploy.records import Record, Shelf

GRACE = 5.0


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
        port = service.port or free_port(ctx)
        ctx.boundary.check_bind(port)
        address = service.address(port)
        if address:
            ctx.boundary.check_request("GET", address)
        if not is_free(port):
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


def _outputs(record: Record, *, is_new: bool = False) -> dict[str, Any]:
    return {"service": record.service, "pid": record.pid, "port": record.port, "url": record.url, "is_new": is_new}


def _start(ctx: Context, service: Service, shelf: Shelf, record: Record) -> Result:
    given = surroundings(ctx, service, record.port)
    words = service.words(record.port)
    ctx.boundary.check_written_environment(service.env or {})
    ctx.check_command(words, ctx.workspace.path / service.folder, service.env)
    words[0] = program_of(ctx, service, given.get("PATH", ""))
    given[SERVICE], given[MARK], given[WORKSPACE] = service.name, record.mark, record.workspace
    shelf.turn_over()
    record = replace(record, boot=boot_id(), at=round(time.time(), 3), commit=_commit(ctx))
    shelf.write(record)
    began = time.monotonic()
    pid, trouble = launch(shelf.output, words, ctx.workspace.path / service.folder, given)
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
    hand_over(ctx, [(service.name, record.mark)])
    shelf.note("started", record, pid=pid, port=record.port, seconds=round(seconds, 2))
    ctx.metric("start_time", seconds, "s")
    _keep_output(ctx, shelf)
    how = f"answers at {record.url}" if record.url else f"listens on port {record.port}"
    return passed(
        f"service '{service.name}' {how} after {seconds:.1f} s (pid {pid})", outputs=_outputs(record, is_new=True)
    )


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
        if listens(record.port):
            trouble = _asked(ctx, record.url) if record.url else ""
            if not trouble:
                return "" if is_alive(record) else "it ended; another program answers on its port"
        if deadline.over:
            return f"{trouble} after {deadline.seconds:g} s"
        time.sleep(pause if record.url and listens(record.port) else 0.1)


def _asked(ctx: Context, address: str) -> str:
    status, trouble = status_of(ctx, address)
    return trouble or ("" if 200 <= status < 400 else f"{address} answers with status {status}")


def is_alive(record: Record) -> bool:
    """Whether the very process that was started still runs: pid, start and boot fit."""
    seen = look(record.pid) if record.pid else None
    return seen is not None and seen.start == record.start and record.boot == boot_id()


def stop_service(ctx: Context, name: str, grace: float, *, started_here: bool = False) -> Result:
    """Ends every process of the last start and nothing else; a service that is not running is as it should be.

    With `started_here` one that no task of the same run has started is left alone.
    """
    if started_here and not any(
        task.action == "infra.service_start" and task.outputs.get("service") == name and task.outputs.get("is_new")
        for task in ctx.upstream.values()
    ):
        return passed(f"service '{name}' was not started by this run; it is left as it is")
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
