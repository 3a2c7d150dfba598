"""All that belongs to one environment at work, and putting right what a task that broke off has left."""

from dataclasses import dataclass

from callboard.api import Context
from callboard_infra_deploy.deployment.kinds import Crew
from callboard_infra_deploy.deployment.route import Route
from callboard_infra_deploy.deployment.store import PASSING, Release, Store
from callboard_infra_deploy.deployment.target import Environment, environment_of
from callboard_infra_deploy.launching import hand_over


@dataclass(frozen=True, slots=True)
class Setting:
    """An environment, its releases, its forwarder and its crew."""

    ctx: Context
    environment: Environment
    store: Store
    route: Route
    crew: Crew

    def _adopt(self) -> list[str]:
        """Makes current what an undo had switched to when it broke off."""
        current, routed = self.store.current, self.store.read(self.route.routed)
        if self.crew.is_in_place or routed is None or current is None or routed.number == current.number:
            return []
        self.store.keep_state(current=routed.number)
        self.store.write(routed, state="live")
        self.store.write(current, state="undone" if current.number > routed.number else "kept")
        self.store.note("adopted", routed, left=current.number)
        return [f"release {routed.number} serves, as a task wanted that broke off after the switch"]

    @property
    def serving(self) -> Release | None:
        """The release that connections go to now, as far as it is Callboard that sends them there."""
        if self.crew.is_in_place:
            return self.store.current
        fell, _ = self.route.fell_back
        return self.store.read(fell or self.route.routed) if fell or self.route.routed else None

    def former_of(self, number: int) -> Release | None:
        """The newest kept release before that one."""
        kept = [r for r in self.store.releases() if r.number < number and r.state == "kept" and self.has_tree(r)]
        return kept[-1] if kept else None

    def has_tree(self, release: Release) -> bool:
        """Whether its files are still there."""
        return self.store.tree(release.number).is_dir()

    def hand_over(self, *releases: Release) -> None:
        """Lets the processes of the releases and the forwarder outlive this attempt."""
        families = [(self.crew.name(release), release.mark) for release in releases]
        if self.route.mark:
            families.append((self.route.name, self.route.mark))
        hand_over(self.ctx, families)

    def make_room(self, former: Release | None) -> str:
        """Takes the former release out where the team's own scripts have one at a time; what is wrong."""
        one_at_a_time = self.environment.kind == "script" and bool(self.environment.stop)
        return self.crew.take_out(former) if one_at_a_time and former is not None and self.has_tree(former) else ""

    def bring_back(self, release: Release, left: Release | None = None) -> tuple[Release, str]:
        """Puts a release that was made before into service again, in place of `left`; as it is now, and what is wrong."""
        if not self.has_tree(release):
            return release, f"the files of release {release.number} are not kept any more"
        if self.crew.is_in_place or not release.is_alive:
            trouble = self.make_room(left) if self.crew.is_in_place else self.crew.end(release, 2.0)
            if trouble:
                return release, trouble
            release, trouble = self.crew.start(release)
            if trouble:
                return release, trouble
        answer = self.crew.ask(release)
        if answer.trouble:
            return release, answer.trouble
        if not self.crew.is_in_place:
            trouble = self.route.start()
            if trouble:
                return release, trouble
            self.hand_over(release)
            self.route.switch(release)
        else:
            self.hand_over(release)
        return self.store.write(release, state="live", health=answer.words, why=""), ""

    def recover(self) -> list[str]:
        """Puts right what broke off: half-started releases are ended, and what the forwarder went back to is current.

        To be called with the environment held. Says what was done.
        """
        done = []
        fell, why = self.route.fell_back
        current = self.store.current
        back = self.store.read(fell) if fell else None
        if back is not None:
            lost = self.store.read(self.route.routed)
            self.route.switch(back)
            self.store.write(back, state="live")
            self.store.keep_state(current=back.number)
            if lost is not None:
                self.crew.end(lost, 2.0)
                self.store.write(lost, state="failed", why=f"{why} right after the switch")
                self.store.note("fell back", lost, to=back.number, why=why)
                done.append(f"release {lost.number} ended right after the switch, release {back.number} serves again")
            current = back
        for release in self.store.releases():
            self.store.trim(release.number)
            if release.state not in PASSING:
                continue
            if self.route.routed == release.number and not self.crew.is_in_place:
                self.route.switch(current)
            self.crew.end(release, 2.0)
            self.store.remove_tree(release)
            what = f"broke off while {release.state}"
            self.store.write(release, state="failed", why=what)
            self.store.note("broke off", release, why=what)
            done.append(f"release {release.number} {what}; nothing of it runs")
        done += self._adopt()
        if done and current is None and not self.crew.is_in_place:
            self.route.stop()
        return done


def setting_of(ctx: Context, name: str) -> Setting:
    """The environment of that name. Raises `CallboardError` when it is not written down, `BoundaryError` for what is protected."""
    environment = environment_of(ctx.workspace, name)
    for port in filter(None, (environment.port, *environment.ports)):
        ctx.boundary.check_bind(port)
    for path in filter(None, (environment.folder, environment.file)):
        ctx.boundary.check_path(path)
    store = Store(ctx, name)
    return Setting(ctx, environment, store, Route(ctx, environment, store), Crew(ctx, environment, store))


def asked_by(ctx: Context) -> tuple[str, str]:
    """The run and the task of this attempt, as its spool folder says ('' for a run outside of the engine)."""
    parts = ctx.spool.parts
    is_engine = len(parts) > 4 and parts[-4] == "attempts" and parts[-3].isdigit()
    return (parts[-3] if is_engine else ""), ctx.task
