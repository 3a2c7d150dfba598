"""A throw-away instance of an application: started on a free loopback port, and ended with all its children."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from callboard.api import BoundaryError, Context, Workspace, clean
from callboard_api_test.apps import App
from callboard_api_test.importing import NotImportable, NotStarted, cause_from
from callboard_api_test.interpreters import Interpreter
from callboard_api_test.surroundings import allowed_addresses, copy_workspace, environment, import_roots

GRACE = 3.0
HIDDEN = "[secret]"
MOST_REFUSALS = 10_000


@dataclass(slots=True)
class Told:
    """What the application said of itself: its kind, its schema if it makes one, versions of what it is made with,
    the paths that it lists for GET and that need no parameters, and those of its WebSockets."""

    kind: str = ""
    schema: dict[str, Any] | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    routes: Sequence[str] = ()
    sockets: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the instance may not do, and when it tried (seconds since the epoch)."""

    at: float
    what: str


class Instance:
    """A context manager. Inside of it `url` answers (with `serve`), and `told` is what the application said of itself.

    It runs in a copy of the workspace, with an environment that has nothing of the user's, and it is refused every
    connection but those that are allowed. `workspace` is another tree than the context's own, such as an earlier commit;
    `setup` is the team's preparation of the scratch database, `account` what it is told of whom to make.
    Raises `NotStarted`, `NotImportable` and `BoundaryError`.
    """

    def __init__(
        self,
        ctx: Context,
        app: App,
        interpreter: Interpreter,
        *,
        env: Sequence[str] = (),
        allow: Sequence[str] = (),
        serve: bool = True,
        start_timeout: float = 30.0,
        setup: Sequence[str] = (),
        account: Sequence[str] = (),
        workspace: Workspace | None = None,
    ) -> None:
        self._ctx = ctx
        self._app = app
        self._interpreter = interpreter
        self._env = [*account, *env]
        self._secrets: set[str] = {word.partition("=")[2] for word in account if word.startswith("CALLBOARD_PASSWORD=")}
        self._allow = allow
        self._serve = serve
        self._timeout = start_timeout
        self._setup = setup
        self._workspace = workspace or ctx.workspace
        self._place = ctx.scratch / f"instance-{len(list(ctx.scratch.glob('instance-[0-9]*')))}"
        self._process: subprocess.Popen[bytes] | None = None
        self._mark = f"{os.getpid()}-{time.monotonic_ns()}"
        self.port = 0
        self.told = Told()

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.port = _port(self._ctx)
        self._ctx.boundary.check_bind(self.port)
        self._ctx.boundary.check_request("POST", self.url)
        try:
            self._start()
            self._wait()
        except BaseException:
            self._stop()
            for line in self.tail:
                self._ctx.log(f"  {line}", "warning")
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def hide(self, secrets: Sequence[str]) -> None:
        """What is never kept of its words."""
        self._secrets |= {secret for secret in secrets if len(secret) > 3}

    def without_secrets(self, text: str) -> str:
        """A text with every hidden word replaced."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text

    def redact(self, path: Path) -> None:
        """Takes the hidden words out of a file."""
        if self._secrets and path.exists():
            data = path.read_bytes()
            for secret in sorted(self._secrets, key=len, reverse=True):
                data = data.replace(secret.encode(), HIDDEN.encode())
            path.write_bytes(data)

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        return self._process is not None and self._process.poll() is None

    def settle(self, seconds: float = 1.0) -> None:
        """Gives a process that broke off an answer the time to end, so that `alive` is true only of one that lives."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=seconds)

    @property
    def log_size(self) -> int:
        """How many bytes it has written."""
        try:
            return (self._place / "log.txt").stat().st_size
        except OSError:
            return 0

    @property
    def last_words(self) -> str:
        """The last line that it wrote, the exception of a traceback if there is one."""
        return self.words_since(0)

    @property
    def tail(self) -> list[str]:
        """The last lines that it wrote, for a person who wants to know why it did not start."""
        try:
            with open(self._place / "log.txt", "rb") as log:
                log.seek(max(0, self.log_size - 8_000))
                lines = log.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return []
        return [clean(self.without_secrets(line), 300) for line in lines[-20:]]

    def words_since(self, size: int) -> str:
        """The last words among what it wrote after its log had this size."""
        try:
            with open(self._place / "log.txt", "rb") as log:
                log.seek(max(size, self.log_size - 40_000))
                lines = log.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        spoken = [line.strip() for line in lines if line.strip()]
        errors = [line for line in lines if line[:1].isalpha() and "Error" in line.split(":")[0]]
        return clean(self.without_secrets((errors or spoken or [""])[-1]), 300)

    @property
    def refused(self) -> list[Refusal]:
        """What it tried to do outside of its own places, in order."""
        try:
            text = (self._place / "refused.txt").read_text("utf-8", "replace")
        except OSError:
            return []
        found: list[Refusal] = []
        for line in text.splitlines()[:MOST_REFUSALS]:
            at, _, what = line.partition("\t")
            if re.fullmatch(r"\d+\.\d+", at):
                found.append(Refusal(float(at), clean(what, 200)))
        return found

    def _start(self) -> None:
        self._place.mkdir(mode=0o700)
        copy = self._place / "workspace"
        copied = copy_workspace(self._ctx, self._workspace, copy)
        cwd = copy / self._app.folder
        cwd.mkdir(parents=True, exist_ok=True)
        plan = {
            "target": self._app.target,
            "kind": self._app.kind,
            "factory": self._app.factory,
            "roots": import_roots(self._workspace, copy, self._app.folder, self._app.root),
            "serve": self._serve,
            "port": self.port,
            "out": str(self._place / "told.json"),
            "allow": allowed_addresses(self._ctx, self._allow, self.port),
            "workspace": str(self._ctx.workspace.path),
            "copy": str(copy),
            "setup": list(self._setup),
            "scratch": str(self._place),
            "refused": str(self._place / "refused.txt"),
        }
        (self._place / "plan.json").write_text(json.dumps(plan), "utf-8")
        variables = environment(self._workspace, self._place, self._app.folder, self._env, self.port)
        variables["CALLBOARD_INSTANCE"] = self._mark
        script = Path(__file__).with_name("stage.py")
        self._ctx.log(f"starting {self._app.shown} with {self._interpreter.path} in a copy of {copied} files")
        with open(self._place / "log.txt", "wb") as log:
            self._process = subprocess.Popen(
                [str(self._interpreter.path), str(script), str(self._place / "plan.json")],
                cwd=cwd,
                env=variables,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    def _wait(self) -> None:
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline:
            ended = not self.alive
            self._listen()
            if self.told.kind and (not self._serve or (not ended and _answers(self.port))):
                return
            if ended:
                raise NotStarted(
                    f"{self._app.shown} ended before it answered: {self.last_words or 'it said nothing'}", self._app
                )
            time.sleep(0.05)
        raise NotStarted(f"{self._app.shown} did not answer within {self._timeout:.0f} s: {self.last_words}", self._app)

    def _listen(self) -> None:
        path = self._place / "told.json"
        if self.told.kind or not path.exists():
            return
        try:
            told = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise NotStarted(f"{self._app.shown} wrote a schema that cannot be read: {error}") from error
        if "error" in told:
            raise NotImportable(self._app, cause_from(told["error"]), self._interpreter.owner)
        though = {"though": self._interpreter.though} if self._interpreter.though else {}
        versions = {**told["versions"], **though}
        self.told = Told(str(told["kind"]), told["schema"], versions, told["routes"], told["sockets"])

    def _stop(self) -> None:
        """Ends the process group, then whatever of it has left the group, and keeps its log."""
        process = self._process
        if process is None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=GRACE)
        except subprocess.TimeoutExpired:
            self._ctx.log("the instance did not end when asked and is killed", "warning")
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
        for pid in marked(self._mark):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        log = self._place / "log.txt"
        if log.exists() and log.stat().st_size:
            kept = self._ctx.scratch / "instance-log.txt"
            self.redact(log)
            kept.write_bytes(log.read_bytes()[-200_000:])
            self._ctx.artifact(kept, kind="text")
        self._process = None


def _port(ctx: Context) -> int:
    for _ in range(20):
        port = ctx.free_port()
        try:
            ctx.boundary.check_bind(port)
        except BoundaryError:
            continue
        return port
    raise NotStarted("no free port was found that is not protected")


def _answers(port: int) -> bool:
    """Whether any HTTP answer comes, whatever it says."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse()
        return True
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def marked(mark: str) -> list[int]:
    """Processes that carry the mark of an instance in their environment (Linux; elsewhere none are found)."""
    wanted = f"CALLBOARD_INSTANCE={mark}".encode()
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found
