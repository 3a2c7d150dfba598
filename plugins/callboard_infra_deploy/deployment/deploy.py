"""A deployment: gate, room, build, start beside the former one, health, switch; whatever fails, the former one serves on."""

import re
import secrets
import time

from callboard.api import CallboardError, Context, Result, clean, failed, passed, unknown
from callboard_infra_deploy.deployment.board import show_deployments
from callboard_infra_deploy.deployment.building import check_out, commit_of, run_logged
from callboard_infra_deploy.deployment.gates import evidence_gaps, gates_of, room_trouble
from callboard_infra_deploy.deployment.setting import Setting, asked_by, setting_of
from callboard_infra_deploy.deployment.store import Busy, Release, last_lines
from callboard_infra_deploy.deployment.target import recipe_of, secrets_of


class Broken(Exception):
    """A step did not succeed; the message says which and why."""


def deploy(ctx: Context, name: str, commit: str, override: str, *, again: bool = False) -> Result:
    """Deploys the commit, unless it is what serves already and `again` is not set.

    Raises `CallboardError` for an environment that is not written down.
    """
    setting = setting_of(ctx, name)
    try:
        found, subject = commit_of(ctx, commit)
    except CallboardError as error:
        return failed(f"'{name}' is not deployed, nothing was changed: {error}")
    try:
        with setting.store.alone():
            try:
                return _deploy(setting, found, subject, override.strip(), again)
            finally:
                show_deployments(ctx)
    except Busy as error:
        return failed(f"'{name}' is not deployed, nothing was changed: {error}")


def _deploy(setting: Setting, commit: str, subject: str, override: str, again: bool) -> Result:
    ctx, store = setting.ctx, setting.store
    gates = gates_of(ctx, setting.environment)
    reasons = [*gates.missing, *evidence_gaps(ctx, setting.environment, commit)]
    if reasons and not override:
        store.note("refused", None, commit=commit, why=reasons[:5])
        return failed(
            f"'{setting.environment.name}' is not deployed: its gate is shut: {'; '.join(reasons[:3])}. "
            "Run the pipeline that holds the gate and this job, or give a reason with the option 'override'"
        )
    unable = setting.crew.unable()
    if unable:
        return unknown(f"'{setting.environment.name}' is not deployed: {unable}")
    for words in setting.recover():
        ctx.log(words, "warning")
    recipe = recipe_of(ctx, setting.environment)
    served = None if again else _served_already(setting, commit, recipe)
    if served is not None:
        return served
    trouble = room_trouble(ctx, setting.environment, store)
    if not trouble and not setting.crew.is_in_place:
        trouble = setting.route.port_trouble()
    if trouble:
        store.note("refused", None, commit=commit, why=[trouble])
        return failed(f"'{setting.environment.name}' is not deployed, nothing was changed: {trouble}")
    run, task = asked_by(ctx)
    release = store.create(
        Release(
            number=0,
            commit=commit,
            subject=clean(subject, 100),
            mark=secrets.token_hex(16),
            created=round(time.time(), 3),
            run=run,
            task=task,
            by=ctx.by,
            attempt=ctx.attempt,
            gates=tuple(gates.green),
            override=clean(override, 300) if reasons else "",
            recipe=recipe,
        )
    )
    return Deployment(setting, release, store.current).result()


def _served_already(setting: Setting, commit: str, recipe: str) -> Result | None:
    """The result when this very commit, built and started in the same way, serves and is healthy."""
    current, name = setting.store.current, setting.environment.name
    if current is None or (current.commit, current.recipe, current.state) != (commit, recipe, "live"):
        return None
    is_up = setting.crew.is_in_place or (current.is_alive and setting.route.is_running)
    if setting.store.state().get("stopped") or not is_up:
        return None
    answer = setting.crew.ask(current, port=setting.environment.port, once=True)
    if answer.trouble:
        return None
    outputs = {"environment": name, "release": current.number, "commit": commit, "port": setting.environment.port}
    return passed(
        f"release {current.number} ({commit[:12]}) serves '{name}' already, {answer.words}; nothing was deployed",
        outputs=outputs,
    )


class Deployment:
    """One release on its way into service, with the former one kept as it is."""

    def __init__(self, setting: Setting, release: Release, former: Release | None) -> None:
        self._setting = setting
        self._store = setting.store
        self._ctx = setting.ctx
        self._release = release
        self._former = former
        self._began = time.monotonic()
        self._had_forwarder = setting.route.is_running
        self._log = setting.store.place(release.number) / "build.log"

    def result(self) -> Result:
        """Goes through the steps; what breaks is taken back."""
        try:
            self._build()
            self._start()
            if not self._setting.crew.is_in_place:
                self._switch()
            return self._commit()
        except (Broken, CallboardError, OSError) as error:
            return self._take_back(str(error))
        finally:
            self._keep_logs()

    def _step(self, state: str, share: float, note: str) -> None:
        self._release = self._store.write(self._release, state=state)
        self._ctx.progress(share, note)
        self._ctx.log(f"release {self._release.number}: {note}")

    def _build(self) -> None:
        tree = self._store.tree(self._release.number)
        self._step("building", 0.05, f"takes out commit {self._release.commit[:12]}")
        check_out(self._ctx, self._release.commit, tree)
        for number, words in enumerate(self._setting.environment.build):
            self._step(
                "building", 0.1 + 0.3 * number / len(self._setting.environment.build), f"runs {' '.join(words)[:120]}"
            )
            folder = self._setting.crew.folder(self._release)
            trouble = run_logged(list(words), folder, self._setting.crew.given(self._release), self._log)
            if trouble:
                raise Broken(
                    f"the build failed: {trouble}; it said: {self._hidden(last_lines(self._log)) or 'nothing'}"
                )

    def _start(self) -> None:
        self._step("starting", 0.45, "starts it")
        trouble = self._setting.make_room(self._former)
        if not trouble:
            self._release, trouble = self._setting.crew.start(self._release)
        if not trouble:
            self._step("checking", 0.5, "waits until it is healthy")
            answer = self._setting.crew.ask(self._release)
            trouble = answer.trouble
            self._release = self._store.write(self._release, health=answer.words)
        if trouble:
            said = self._hidden(last_lines(self._store.output(self._release.number)))
            raise Broken(f"it did not get healthy: {trouble}{f'; it said: {said}' if said else ''}")

    def _switch(self) -> None:
        route = self._setting.route
        trouble = route.start()
        if trouble:
            raise Broken(f"no switch: {trouble}")
        self._step("switching", 0.85, f"switches port {self._setting.environment.port} to it")
        beside = self._former if self._former is not None and self._former.is_alive else None
        self._setting.hand_over(self._release, *([beside] if beside else []))
        route.switch(self._release, beside)
        answer = self._setting.crew.ask(self._release, port=self._setting.environment.port, once=True)
        trouble = answer.trouble
        fell, why = route.fell_back
        if trouble or fell:
            raise Broken(f"after the switch: {trouble or why}")

    def _commit(self) -> Result:
        """From here on it is the current one; the former one stays for an undo, older ones are put away."""
        now, seconds = round(time.time(), 3), round(time.monotonic() - self._began, 2)
        self._release = self._store.write(self._release, state="live", live_at=now, seconds=seconds)
        self._store.keep_state(current=self._release.number, stopped=False)
        if self._former is not None:
            self._former = self._store.write(self._former, state="kept")
        release, name = self._release, self._setting.environment.name
        self._store.note(
            "deployed",
            release,
            run=release.run,
            task=release.task,
            by=release.by,
            gates=list(release.gates),
            override=release.override,
            health=release.health,
            seconds=seconds,
        )
        notes = self._put_away()
        if self._setting.crew.is_in_place:
            self._setting.hand_over(release)
        self._ctx.metric(f"infra.deploy_time.{name}", seconds, "s")
        where = f" at http://127.0.0.1:{self._setting.environment.port}" if self._setting.environment.port else ""
        gate = f"{len(release.gates)} gates green" if release.gates else "no gate"
        gate = f"gate overridden: {release.override}" if release.override else gate
        kept = f"; release {self._former.number} is kept for an undo" if self._former is not None else ""
        return passed(
            f"release {release.number} ({release.commit[:12]}) serves '{name}'{where} after {seconds:.1f} s: "
            f"{gate}, {release.health}{kept}{''.join(f'; {note}' for note in notes)}",
            outputs={
                "environment": name,
                "release": release.number,
                "commit": release.commit,
                "port": self._setting.environment.port,
                "former": self._former.number if self._former else 0,
            },
        )

    def _put_away(self) -> list[str]:
        """Ends what runs of older releases, and removes the files of those beyond `keep`."""
        notes = []
        crew, environment = self._setting.crew, self._setting.environment
        others = [r for r in self._store.releases() if r.number != self._release.number]
        for release in others if not crew.is_in_place else ():
            is_former = self._former is not None and release.number == self._former.number
            if (is_former and environment.standby) or not crew.members(release):
                continue
            left = self._setting.route.drain(release.number)
            if left:
                notes.append(f"{left} connections to release {release.number} were cut")
            trouble = crew.end(release)
            if trouble:
                notes.append(trouble)
        if not crew.is_in_place and not environment.standby:
            self._setting.route.switch(self._release)
        good = [r for r in others if r.state in ("kept", "undone") and self._setting.has_tree(r)]
        good.sort(key=lambda r: (r.state == "kept", r.number))
        for release in good[: max(0, len(good) - environment.keep)]:
            self._store.remove_tree(release)
        self._store.forget_oldest()
        return notes

    def _take_back(self, why: str) -> Result:
        """The former one goes on serving; the half-started new one is ended."""
        store, setting, release = self._store, self._setting, self._release
        state = release.state
        notes = []
        if setting.crew.is_in_place and state in ("starting", "checking"):
            notes.append(self._back_in_place())
        elif not setting.crew.is_in_place:
            if setting.route.routed == release.number:
                setting.route.switch(self._former)
            if not self._had_forwarder and self._former is None:
                setting.route.stop()
        trouble = "" if setting.crew.is_in_place and self._former is None else setting.crew.end(release, 3.0)
        setting.hand_over(*([self._former] if self._former else []))
        store.remove_tree(store.read(release.number) or release)
        store.write(store.read(release.number) or release, state="failed", why=clean(why, 500))
        store.note("failed", release, step=state, why=clean(why, 500), run=release.run, task=release.task)
        if self._former is not None and not setting.crew.is_in_place:
            word = "goes on serving" if self._former.is_alive else "is current, but does not run: see infra.status"
            notes.append(f"release {self._former.number} {word}")
        elif self._former is None:
            notes.append("there was no release before, so nothing serves")
        notes += [trouble] if trouble else []
        return failed(
            f"release {release.number} ({release.commit[:12]}) of '{setting.environment.name}' failed while {state}: {why}; "
            + "; ".join(notes),
            outputs={"environment": setting.environment.name, "release": release.number, "step": state},
        )

    def _back_in_place(self) -> str:
        """Puts the former release back where the new one had taken its place."""
        if self._former is None:
            trouble = self._setting.crew.take_out(self._release)
            return f"it could not be taken out of service: {trouble}" if trouble else "it was taken out of service"
        self._former, trouble = self._setting.bring_back(self._former)
        if trouble:
            return f"release {self._former.number} could not be put back: {trouble}"
        return f"release {self._former.number} was put back and is healthy"

    def _hidden(self, text: str) -> str:
        """The text without values of the `env_file`."""
        try:
            values = secrets_of(self._ctx, self._setting.environment).values()
        except CallboardError:
            return text
        hidden = sorted((value for value in values if len(value) > 5), key=len, reverse=True)
        return re.sub("|".join(map(re.escape, hidden)), "***", text) if hidden else text

    def _keep_logs(self) -> None:
        for path in (self._log, self._store.output(self._release.number)):
            if path.exists():
                with open(path, "rb") as file:
                    file.seek(max(0, path.stat().st_size - 200_000))
                    text = self._hidden(file.read().decode("utf-8", "replace"))
                kept = self._ctx.scratch / path.name
                kept.write_text(text, "utf-8")
                self._ctx.artifact(kept, kind="text")
