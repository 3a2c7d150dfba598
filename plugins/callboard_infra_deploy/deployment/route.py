"""The forwarder of an environment: started once, told where connections go, asked what it saw."""

import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from callboard.api import Context
from callboard_infra_deploy.deployment.store import Release, Store, is_alive, last_lines, read_json, write_json
from callboard_infra_deploy.deployment.target import Environment
from callboard_infra_deploy.launching import launch
from callboard_infra_deploy.listening import is_free, listens
from callboard_infra_deploy.processes import MARK, SERVICE, WORKSPACE, boot_id, end_family, look

TRIAL = 30.0  # seconds in which the forwarder goes back by itself when the new release ends
DRAIN = 10.0
START = 10.0


class Route:
    """`route.json` and the process that goes by it."""

    def __init__(self, ctx: Context, environment: Environment, store: Store) -> None:
        self._ctx = ctx
        self._environment = environment
        self._store = store
        self._path = store.folder / "route.json"

    @property
    def name(self) -> str:
        """The name in the environment of its process."""
        return f"{self._environment.name}@forwarder"

    @property
    def mark(self) -> str:
        """The mark of the running start, '' for none."""
        return str(self._said().get("mark", ""))

    def _said(self) -> dict[str, Any]:
        said = self._store.state().get("forwarder")
        return said if isinstance(said, dict) else {}

    @property
    def is_running(self) -> bool:
        """Whether our own forwarder runs and listens on the environment's port."""
        said = self._said()
        alive = is_alive(int(said.get("pid", 0)), str(said.get("start", "")), str(said.get("boot", "")))
        return alive and said.get("port") == self._environment.port and listens(self._environment.port)

    def port_trouble(self) -> str:
        """What keeps the forwarder from its port, '' for nothing."""
        port = self._environment.port
        self._ctx.boundary.check_bind(port)
        if self.is_running or is_free(port):
            return ""
        return f"port {port} is taken by another program; stop it, or give the environment another port"

    def start(self) -> str:
        """Starts it unless it runs; what is wrong, '' for nothing. One on a former port is ended."""
        if self.is_running:
            return ""
        trouble = self.port_trouble()
        if trouble:
            return trouble
        self.stop()
        mark = secrets.token_hex(16)
        port = self._environment.port
        given = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "HOME", "TZ")}
        given |= {SERVICE: self.name, MARK: mark, WORKSPACE: str(self._ctx.workspace.path)}
        self._store.keep_state(forwarder={"mark": mark, "port": port})
        program = [sys.executable, "-I", "-S", str(Path(__file__).with_name("forwarder.py"))]
        output = self._store.folder / "forwarder.log"
        pid, trouble = launch(output, [*program, str(self._store.folder), str(port)], self._store.folder, given)
        seen = look(pid) if pid else None
        if seen is None:
            return f"the forwarder did not start: {trouble or last_lines(output)}"
        self._store.keep_state(
            forwarder={"mark": mark, "port": port, "pid": pid, "start": seen.start, "boot": boot_id()}
        )
        until = time.monotonic() + START
        while not self.is_running:
            if time.monotonic() > until or look(pid) is None:
                said = last_lines(output)
                self.stop()
                return f"the forwarder does not listen on port {port}: {said}"
            time.sleep(0.05)
        return ""

    def stop(self) -> int:
        """Ends it; how many processes are left."""
        mark = self.mark
        left = end_family(self.name, mark, 2.0)[1] if mark else 0
        if not left:
            self._store.keep_state(forwarder={})
        return left

    def switch(self, to: Release | None, fallback: Release | None = None) -> None:
        """Sends all further connections to the release; for a while back to the other one, should it end."""
        route = {
            "serial": time.time_ns(),
            "to": _target(to) if to else None,
            "fallback": _target(fallback) if fallback else None,
            "until": time.time() + TRIAL if fallback else 0,
        }
        write_json(self._path, route)

    @property
    def routed(self) -> int:
        """The number of the release that the route names, 0 for none."""
        return int((read_json(self._path).get("to") or {}).get("release", 0))

    @property
    def fell_back(self) -> tuple[int, str]:
        """The release that the forwarder went back to by itself, and why; (0, '') when it did not."""
        route, notes = read_json(self._path), self.notes()
        fell = notes.get("fell_back") or {}
        if not fell or fell.get("serial") != route.get("serial"):
            return 0, ""
        return int((route.get("fallback") or {}).get("release", 0)), str(fell.get("why", ""))

    def notes(self) -> dict[str, Any]:
        """What the forwarder wrote down last."""
        return read_json(self._store.folder / "forwarder.json")

    def drain(self, number: int, limit: float = DRAIN) -> int:
        """Waits until nobody is connected to the release; how many still are."""
        until = time.monotonic() + limit
        time.sleep(0.6 if self.is_running else 0.0)  # the forwarder writes down twice a second what is open
        while self.is_running and (left := int((self.notes().get("open") or {}).get(str(number), 0))):
            if time.monotonic() > until:
                return left
            time.sleep(0.2)
        return 0


def _target(release: Release) -> dict[str, Any]:
    return {"release": release.number, "port": release.port, "pid": release.pid, "start": release.start}
