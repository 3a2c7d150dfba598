"""Back to a kept release: by a person's word, or because the task that deployed came to a bad end."""

import time

from callboard.api import Context, Result, failed, passed, unknown
from callboard_infra_deploy.deployment.board import show_deployments
from callboard_infra_deploy.deployment.setting import Setting, asked_by, setting_of
from callboard_infra_deploy.deployment.store import Busy, Release, last_lines

PATIENCE = 10.0


def undo(ctx: Context, name: str, number: int, reason: str) -> Result:
    """Puts a kept release into service: the one before the current one, or the one of that number."""
    setting = setting_of(ctx, name)
    with setting.store.alone():
        try:
            unable = setting.crew.unable()
            if unable:
                return unknown(f"'{name}' stays as it is: {unable}")
            for words in setting.recover():
                ctx.log(words, "warning")
            return _undo(setting, number, reason.strip())
        finally:
            show_deployments(ctx)


def _undo(setting: Setting, number: int, reason: str) -> Result:
    name, store = setting.environment.name, setting.store
    current = store.current
    former = setting.former_of(current.number) if current is not None else None
    target = store.read(number) if number else former
    if target is None:
        kept = [str(r.number) for r in store.releases() if setting.has_tree(r) and r.live_at]
        wanted = f"no release {number}" if number else "no former release"
        return failed(f"'{name}' has {wanted} to go back to; kept: {', '.join(kept) or 'none'}")
    if not target.live_at:
        return failed(
            f"release {target.number} of '{name}' never served ({target.state}: {target.why}); choose another"
        )
    return go_to(setting, target, current, "undone", reason)


def go_to(setting: Setting, target: Release, left: Release | None, event: str, reason: str) -> Result:
    """Puts the target into service and what was there out of it; with trouble all stays as it is."""
    name, store = setting.environment.name, setting.store
    began = time.monotonic()
    was_running = setting.crew.is_in_place or target.is_alive
    former_state = target.state
    target, trouble = setting.bring_back(target, left)
    if trouble:
        said = "" if setting.crew.is_in_place else last_lines(store.output(target.number))
        if not was_running:
            setting.crew.end(target, 3.0)
            store.write(target, state=former_state)
        if setting.crew.is_in_place and left is not None and left.number != target.number:
            _, worse = setting.bring_back(left)
            trouble += f"; and release {left.number} could not be put back: {worse}" if worse else ""
        store.note("undo failed", target, why=trouble)
        stays = f"; release {left.number} stays in service" if left is not None and left.number != target.number else ""
        return failed(
            f"release {target.number} of '{name}' did not come back: {trouble}{f'; it said: {said}' if said else ''}{stays}"
        )
    store.keep_state(current=target.number, stopped=False)
    notes = []
    if left is not None and left.number != target.number:
        left = store.write(left, state="undone" if left.number > target.number else "kept", why=reason or left.why)
        if not setting.crew.is_in_place and setting.crew.members(left):
            cut = setting.route.drain(left.number)
            notes += [f"{cut} connections to release {left.number} were cut"] if cut else []
            ended = setting.crew.end(left)
            notes.append(ended or f"release {left.number} is stopped and kept")
    seconds = round(time.monotonic() - began, 2)
    run, task = asked_by(setting.ctx)
    store.note(
        event,
        target,
        left=left.number if left else 0,
        reason=reason,
        run=run,
        task=task,
        by=setting.ctx.by,
        health=target.health,
        seconds=seconds,
    )
    how = "was still running" if was_running and not setting.crew.is_in_place else "was started again"
    return passed(
        f"release {target.number} ({target.commit[:12]}) serves '{name}' again after {seconds:.1f} s: it {how}, {target.health}"
        + "".join(f"; {note}" for note in notes),
        outputs={
            "environment": name,
            "release": target.number,
            "commit": target.commit,
            "left": left.number if left else 0,
        },
    )


def undeploy(ctx: Context, name: str) -> Result:
    """Takes back what a deployment that came to a bad end has done; where it did nothing, there is nothing to take back.

    A second time it finds nothing to do.
    """
    setting = setting_of(ctx, name)
    try:
        with setting.store.alone(PATIENCE):
            try:
                done = setting.recover()
                return _undeploy(setting, done)
            finally:
                show_deployments(ctx)
    except Busy:
        if any(_is_own(ctx, release) for release in setting.store.releases()):
            raise
        return passed(f"nothing to undo in '{name}': another task works on it, and this one had not begun")


def _is_own(ctx: Context, release: Release) -> bool:
    """Whether the release was made by the task that this one undoes."""
    run, _ = asked_by(ctx)
    tasks = {entry.removeprefix("undo of ") for entry in (ctx.task, *ctx.upstream)}
    return bool(run) and release.run == run and release.task in tasks


def _undeploy(setting: Setting, done: list[str]) -> Result:
    name, store, ctx = setting.environment.name, setting.store, setting.ctx
    current = store.current
    if current is not None and _is_own(ctx, current) and current.state == "live":
        former = setting.former_of(current.number)
        if former is not None:
            return go_to(setting, former, current, "taken back", "its task came to a bad end")
        trouble = setting.crew.take_out(current)
        if not setting.crew.is_in_place:
            setting.route.switch(None)
            setting.route.stop()
        store.write(current, state="undone", why="its task came to a bad end")
        store.keep_state(current=0)
        store.note("taken back", current)
        if trouble:
            return failed(f"release {current.number} of '{name}' could not be taken out of service: {trouble}")
        return passed(f"release {current.number} of '{name}' is taken out of service; there was none before it")
    words = f"; {'; '.join(done)}" if done else ""
    if current is None:
        return passed(f"nothing to undo in '{name}': no release is in service{words}")
    if not store.state().get("stopped") and _is_down(setting, current, bool(done)):
        return go_to(setting, current, None, "brought back", "it had ended")
    return passed(f"nothing to undo in '{name}': release {current.number} never stopped serving{words}")


def _is_down(setting: Setting, current: Release, was_disturbed: bool) -> bool:
    """Whether the release in service does not serve; one that is in place is only asked when another one was on its way."""
    if setting.crew.is_in_place:
        return was_disturbed and not setting.crew.unable() and bool(setting.crew.ask(current, once=True).trouble)
    return not (current.is_alive and setting.route.is_running)
