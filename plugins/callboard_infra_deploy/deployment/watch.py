"""What the environments are like now, what their releases wrote, and taking one out of service."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from callboard.api import CallboardError, Context, Finding, Result, Severity, failed, passed, unknown
from callboard_infra_deploy.deployment.board import show_deployments
from callboard_infra_deploy.deployment.building import run_logged
from callboard_infra_deploy.deployment.setting import Setting, setting_of
from callboard_infra_deploy.deployment.store import PASSING, Store, last_lines, releases_of, tail
from callboard_infra_deploy.deployment.target import environments_of


@dataclass(slots=True)
class Seen:
    """`words` is one sentence; `trouble` what is wrong, '' for nothing; `unsure` what could not be asked."""

    words: str
    trouble: str = ""
    unsure: str = ""
    notes: list[str] = field(default_factory=list)


def status(ctx: Context, name: str = "") -> Result:
    """Asks each environment, or the one of that name; what broke off is put right where nobody works on it."""
    names = [name] if name else list(environments_of(ctx.config))
    forgotten = [] if name else _forgotten(ctx, names)
    if forgotten and not names:
        return failed("; ".join(forgotten))
    if not names:
        return unknown("callboard.toml writes down no [environments.NAME], so nothing is deployed by Callboard")
    seen = {each: _look(ctx, each) for each in names}
    show_deployments(ctx, {each: look.trouble for each, look in seen.items()})
    ctx.metric("infra.environments.healthy", sum(not (look.trouble or look.unsure) for look in seen.values()))
    told = [look.words + "".join(f" ({note})" for note in look.notes) for look in seen.values()]
    words = "; ".join([*told, *forgotten])
    if any(look.trouble for look in seen.values()):
        return failed(words)
    return unknown(words) if any(look.unsure for look in seen.values()) else passed(words)


def _forgotten(ctx: Context, names: Sequence[str]) -> list[str]:
    """Environments that `callboard.toml` does not write down any more, and of which something still runs; each a finding."""
    found = []
    for folder in sorted(releases_of(ctx).glob("*/state.json")):
        name = folder.parent.name
        if name in names:
            continue
        store = Store(ctx, name)
        running = [str(release.number) for release in store.releases() if release.is_alive]
        if running:
            words = f"'{name}' is not written down any more, but release {' and '.join(running)} of it still runs"
            mend = f"write [environments.{name}] down again, then infra.stop -o environment={name}"
            ctx.finding(Finding("environment-forgotten", Severity.MEDIUM, words, help=mend))
            found.append(words)
    return found


def _look(ctx: Context, name: str) -> Seen:
    setting = setting_of(ctx, name)
    notes: list[str] = []
    try:
        with setting.store.alone():
            notes = setting.recover()
    except CallboardError:
        at_work = [r for r in setting.store.releases() if r.state in PASSING]
        notes = [f"release {r.number} is {r.state} now" for r in at_work]
    seen = _asked(setting)
    seen.notes = notes
    for note in notes:
        if "serves again" in note:
            _find(setting, "release-fell-back", Severity.HIGH, note)
    return seen


def _asked(setting: Setting) -> Seen:
    name, store = setting.environment.name, setting.store
    current = setting.serving or store.current
    if current is None or not store.state().get("current"):
        return Seen(f"nothing is deployed to '{name}'", unsure="nothing is deployed")
    what = f"release {current.number} ({current.commit[:12]}) of '{name}'"
    if store.state().get("stopped"):
        return Seen(f"{what} was stopped", unsure="stopped")
    unable = setting.crew.unable()
    if unable:
        return Seen(f"{what} cannot be asked: {unable}", unsure=unable)
    if not setting.crew.is_in_place and not current.is_alive:
        said = last_lines(store.output(current.number))
        died = setting.route.notes().get("died") or {}
        when = f" {_ago(died['at'])}" if died.get("release") == current.number and died.get("at") else ""
        trouble = f"{what} has ended{when}; its last words: {said or 'none'}"
        mend = f"infra.undo -o environment={name} -o release={current.number} starts it again, without release the former one"
        _find(setting, "release-died", Severity.HIGH, trouble, mend)
        return Seen(trouble, trouble="has ended")
    if not setting.crew.is_in_place and not setting.route.is_running:
        trouble = f"{what} runs, but nothing forwards port {setting.environment.port} to it"
        mend = f"infra.undo -o environment={name} -o release={current.number} starts the forwarder again"
        _find(setting, "forwarder-died", Severity.HIGH, trouble, mend)
        return Seen(trouble, trouble="no forwarder")
    answer = setting.crew.ask(current, port=setting.environment.port, once=True)
    if answer.trouble:
        trouble = f"{what} is not healthy: {answer.trouble}"
        _find(
            setting,
            "release-unhealthy",
            Severity.HIGH,
            trouble,
            f"infra.logs -o environment={name} shows what it wrote",
        )
        return Seen(trouble, trouble="not healthy")
    if not setting.environment.probe.kind:
        return Seen(f"{what} was put into service; nothing says when it is healthy", unsure="no health written down")
    return Seen(f"{what} is healthy: {answer.words}")


def _find(setting: Setting, rule: str, severity: Severity, message: str, mend: str = "") -> None:
    setting.ctx.finding(Finding(rule, severity, message, help=mend))


def _ago(at: float) -> str:
    import time

    seconds = max(0.0, time.time() - at)
    return f"{seconds:.0f} s ago" if seconds < 120 else f"{seconds / 60:.0f} minutes ago"


def logs(ctx: Context, name: str, number: int, lines: int) -> Result:
    """The last lines that a release wrote, kept as an artefact and printed into the attempt's log."""
    setting = setting_of(ctx, name)
    release = setting.store.read(number) if number else setting.serving or setting.store.current
    if release is None:
        newest = setting.store.releases()
        release = newest[-1] if newest and not number else None
    if release is None:
        return unknown(f"'{name}' has no release{f' {number}' if number else ''}; nothing was written")
    path = setting.store.output(release.number)
    if setting.environment.logs and setting.has_tree(release):
        path = ctx.scratch / "asked.log"
        trouble = run_logged(
            list(setting.environment.logs), setting.crew.folder(release), setting.crew.given(release), path, 60.0
        )
        if trouble:
            return failed(f"the log of release {release.number} of '{name}' could not be had: {trouble}")
    found = tail(path, lines) or tail(setting.store.place(release.number) / "build.log", lines)
    if not found:
        return unknown(f"release {release.number} of '{name}' has written nothing")
    kept = ctx.scratch / f"{name}-{release.number}.log"
    kept.write_text("\n".join(found) + "\n", "utf-8")
    ctx.artifact(kept, kind="text")
    for line in found:
        print(line)
    return passed(f"the last {len(found)} lines of release {release.number} of '{name}'; the newest: {found[-1][:200]}")


def stop(ctx: Context, name: str) -> Result:
    """Takes the environment out of service; its releases stay for an undo."""
    setting = setting_of(ctx, name)
    with setting.store.alone():
        try:
            return _stop(setting)
        finally:
            show_deployments(ctx)


def _stop(setting: Setting) -> Result:
    name, store = setting.environment.name, setting.store
    done = setting.recover()
    current = store.current
    troubles: list[str] = []
    count = sum(setting.crew.members(release) for release in store.releases())
    if setting.crew.is_in_place:
        if current is None:
            return passed(f"nothing is deployed to '{name}'; there is nothing to stop")
        unable = setting.crew.unable()
        if unable:
            return unknown(f"'{name}' is not stopped: {unable}")
        troubles.append(setting.crew.take_out(current))
    else:
        setting.route.switch(None)
        troubles.append("the forwarder does not end" if setting.route.stop() else "")
        troubles += [setting.crew.end(release) for release in store.releases() if setting.crew.members(release)]
    wrong = [trouble for trouble in troubles if trouble]
    store.keep_state(stopped=True)
    store.note("stopped", current, trouble=wrong)
    if wrong:
        return failed(f"'{name}' is not wholly stopped: {'; '.join(wrong)}")
    what = f"release {current.number}" if current is not None else "nothing was deployed"
    words = f"; {'; '.join(done)}" if done else ""
    number = f" -o release={current.number}" if current is not None else ""
    ended = f"{count} process{'' if count == 1 else 'es'} of it ended"
    back = f"infra.undo -o environment={name}{number} brings it back"
    return passed(f"'{name}' is out of service ({what}, {ended}); {back}{words}")
