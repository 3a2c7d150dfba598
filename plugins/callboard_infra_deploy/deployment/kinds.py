"""How a release is put into service and taken out of it: a process of ours, containers, or the team's own scripts."""

from pathlib import Path

from callboard.api import CallboardError, Context
from callboard_infra_deploy.composition import interpolated, table
from callboard_infra_deploy.deployment.building import given_for, program, run_logged
from callboard_infra_deploy.deployment.health import Answer, Asked, healthy
from callboard_infra_deploy.deployment.store import Release, Store, last_lines
from callboard_infra_deploy.deployment.target import Environment
from callboard_infra_deploy.launching import launch
from callboard_infra_deploy.listening import free_port
from callboard_infra_deploy.processes import boot_id, end_family, family, look
from callboard_infra_deploy.published import published_ports
from callboard_infra_deploy.yamlfile import Unreadable, read_yaml

GRACE = 8.0
MOST_TEXT = 1_000_000


class Crew:
    """Starts, asks and ends the releases of one environment."""

    def __init__(self, ctx: Context, environment: Environment, store: Store) -> None:
        self._ctx = ctx
        self._environment = environment
        self._store = store

    @property
    def is_in_place(self) -> bool:
        """Whether the next release takes the place of the former one, instead of running beside it."""
        return self._environment.kind != "process"

    def name(self, release: Release) -> str:
        """The name in the environment of its processes."""
        return f"{self._environment.name}@{release.number}"

    def unable(self) -> str:
        """Why this machine cannot do it at all, '' when it can."""
        if self._environment.kind != "compose":
            return ""
        words = " ".join([*self._compose(), *self.words_up(0)])
        for argv, lacks in (
            (["docker", "compose", "version"], "docker compose is not there"),
            (["docker", "info", "--format", "{{.ServerVersion}}"], "no Docker engine answers"),
        ):
            run = self._ctx.run_tool(argv, cwd=self._ctx.scratch, timeout=30)
            if run.code != 0 or (argv[1] == "info" and not run.stdout.strip()):
                return f"{lacks} ({run.trouble}); what would be run: {words}"
        return ""

    def _compose(self) -> list[str]:
        project = f"{self._ctx.workspace.path.name}-{self._environment.name}".lower()
        kept = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in project).strip("-_") or "callboard"
        return ["docker", "compose", "-p", kept, "-f", self._environment.file]

    def words_up(self, number: int) -> list[str]:
        """What is put behind `docker compose -p … -f …` for a release; 0 for any."""
        return ["up", "--detach", "--build", "--remove-orphans", *self._environment.services]

    def folder(self, release: Release) -> Path:
        """Where its commands run. Raises `CallboardError` when the commit has no such folder."""
        folder = self._store.tree(release.number) / self._environment.folder
        if not folder.is_dir():
            raise CallboardError(f"release {release.number} has no folder '{self._environment.folder or '.'}'")
        return folder

    def given(self, release: Release) -> dict[str, str]:
        """The variables of its processes."""
        port = str(release.port or self._environment.port)
        more = {"RELEASE": str(release.number), "COMMIT": release.commit, **({"PORT": port} if port != "0" else {})}
        more |= {name: value.replace("{port}", port) for name, value in self._environment.env}
        tree = self._store.tree(release.number)
        return given_for(self._ctx, self._environment, tree, self.name(release), release.mark, **more)

    def start(self, release: Release) -> tuple[Release, str]:
        """Starts it (or, in place, puts it where the former one is); the release as it is now, and what is wrong."""
        if self.is_in_place:
            return release, self._activate(release)
        output = self._store.output(release.number)
        if output.exists():
            output.replace(output.with_suffix(".1.log"))
        release = self._store.write(release, port=free_port(self._ctx), pid=0, start="", boot=boot_id())
        words = [word.replace("{port}", str(release.port)) for word in self._environment.command]
        given = self.given(release)
        try:
            folder = self.folder(release)
            words[0] = program(words, folder, given)
        except CallboardError as error:
            return release, str(error)
        pid, trouble = launch(output, words, folder, given)
        seen = look(pid) if pid else None
        if seen is None:
            return release, trouble or f"it ended at once; it said: {last_lines(output) or 'nothing'}"
        return self._store.write(release, pid=pid, start=seen.start), ""

    def _spare(self, folder: Path) -> None:
        """Raises `BoundaryError` when the compose file publishes a protected port, as far as it can be read."""
        try:
            document = read_yaml((folder / self._environment.file).read_text("utf-8", "replace")[:MOST_TEXT])
        except (OSError, Unreadable):
            return  # docker will say so
        for name, service in table(table(document.value).get("services")).items():
            for port in published_ports(name, table(service), interpolated):
                self._ctx.boundary.check_bind(port.port)

    def _activate(self, release: Release) -> str:
        log = self._store.output(release.number)
        if self._environment.kind == "compose":
            words = [*self._compose(), *self.words_up(release.number)]
            self._spare(self.folder(release))
        else:
            words = list(self._environment.start)
        self._ctx.check_command(words, self.folder(release), dict(self._environment.env))
        return run_logged(words, self.folder(release), self.given(release), log, 900.0)

    def ask(self, release: Release, *, port: int = 0, once: bool = False) -> Answer:
        """Asks the release itself, or what answers at the port, whether it is healthy."""
        asked = Asked(
            port=port or release.port or self._environment.port,
            folder=self.folder(release),
            output=self._store.output(release.number),
            given=self.given(release),
            is_alive=None if self.is_in_place else lambda: release.is_alive,
        )
        return healthy(self._ctx, self._environment.probe, asked, once=once)

    def members(self, release: Release) -> int:
        """How many of its processes run."""
        return len(family(self.name(release), release.mark))

    def end(self, release: Release, grace: float = GRACE) -> str:
        """Ends each process that carries its mark, and no other; what is wrong."""
        left = end_family(self.name(release), release.mark, grace)[1]
        return f"{left} processes of release {release.number} do not end" if left else ""

    def take_out(self, release: Release) -> str:
        """Takes it out of service for good, by the means of its kind; what is wrong."""
        trouble = ""
        if self._environment.kind == "compose":
            words = [*self._compose(), "stop", *self._environment.services]
            trouble = self.unable() or run_logged(
                words, self.folder(release), self.given(release), self._store.output(release.number), 300.0
            )
        elif self._environment.kind == "script" and self._environment.stop:
            trouble = run_logged(
                list(self._environment.stop),
                self.folder(release),
                self.given(release),
                self._store.output(release.number),
                300.0,
            )
        return trouble or self.end(release)
