"""The section 'Deployments': what serves where, and the releases that can be gone back to."""

import time
from collections.abc import Mapping
from typing import Any

from callboard.api import Act, Block, CallboardError, Cell, Context, Figure, Figures, Table, Words
from callboard_infra_deploy.deployment.setting import Setting, setting_of
from callboard_infra_deploy.deployment.store import Release
from callboard_infra_deploy.deployment.target import environments_of

SHOWN = 15
HAPPENED = 10
MOST_ENVIRONMENTS = 6
SECTION = "deployments"


def show_deployments(ctx: Context, troubles: Mapping[str, str] | None = None) -> None:
    """Fills the section with what is known now; `troubles` are what a look at the environments has just found."""
    blocks: list[Block] = []
    names = list(environments_of(ctx.config))
    figures: list[Figure] = []
    for name in names[:MOST_ENVIRONMENTS]:
        try:
            setting = setting_of(ctx, name)
        except CallboardError as error:
            blocks.append(Words(f"{name}: {error}", "bad"))
            continue
        figures.append(_figure(setting, (troubles or {}).get(name)))
        blocks += [_table(setting), *_history(setting)]
    if figures:
        ctx.show(SECTION, Figures(figures), *blocks)


def _figure(setting: Setting, trouble: str | None) -> Figure:
    name = setting.environment.name
    state = setting.store.state()
    current = setting.serving or setting.store.current
    if current is None or not state.get("current"):
        return Figure(name, "–", state="quiet", note="nothing is deployed")
    if state.get("stopped"):
        return Figure(name, f"release {current.number}", state="quiet", note="stopped")
    dead = not setting.crew.is_in_place and not current.is_alive
    wrong = trouble or ("has ended" if dead else "")
    since = f"since {_clock(current.live_at)}" if current.live_at else ""
    where = f", port {setting.environment.port}" if setting.environment.port else ""
    note = f"{wrong or ('healthy' if trouble == '' else 'in service')}, {current.commit[:12]}, {since}{where}"
    return Figure(name, f"release {current.number}", state="bad" if wrong else "good", note=note)


def _table(setting: Setting) -> Table:
    name = setting.environment.name
    releases = setting.store.releases()[::-1]
    serving = setting.serving or setting.store.current
    rows = [_row(setting, release, serving) for release in releases[:SHOWN]]
    rows += [["", "", "", "", "", Cell("", act=Act("look now", "infra.status", {"environment": name}))]]
    return Table(
        ("release", "commit", "who", "gate", "state", ""),
        rows,
        title=f"Releases of {name}",
        more=max(0, len(releases) - SHOWN),
    )


def _history(setting: Setting) -> list[Table]:
    """What happened last, newest first."""
    entries = setting.store.history()[-HAPPENED:][::-1]
    rows = [
        (
            _clock(float(entry.get("at", 0))),
            str(entry.get("event", "")),
            entry.get("release", ""),
            _who(entry.get("by"), entry.get("run")),
            _why(entry),
        )
        for entry in entries
    ]
    title = f"What happened in {setting.environment.name}"
    return [Table(("when", "what", "release", "who", "why"), rows, title=title)] if rows else []


def _who(by: object, run: object) -> str:
    """The person, or what else asked, and in which run."""
    return ", ".join(word for word in (str(by or ""), f"run {run}" if run else "") if word)


def _why(entry: Mapping[str, Any]) -> str:
    said = entry.get("override") or entry.get("reason") or entry.get("why") or entry.get("health") or ""
    return "; ".join(map(str, said)) if isinstance(said, list) else str(said)


def _row(setting: Setting, release: Release, serving: Release | None) -> list[str | int | float | Cell | None]:
    is_current = serving is not None and serving.number == release.number and not setting.store.state().get("stopped")
    runs = not setting.crew.is_in_place and release.is_alive
    words = "in service" if is_current else f"{release.state}{', running' if runs else ''}"
    if is_current and not setting.crew.is_in_place and not runs:
        words = "in service, but has ended"
    why = f": {release.why}" if release.why and not is_current else ""
    bad = release.state == "failed" or words.endswith("ended")
    green = [entry.partition(": ")[0] for entry in release.gates]
    gate = f"overridden: {release.override}" if release.override else f"{', '.join(green)} green" if green else "none"
    can = bool(release.live_at) and setting.has_tree(release)
    options = {"environment": setting.environment.name, "release": release.number}
    label = "start again" if is_current else "undo to this"
    act = Act(label, "infra.undo", options, danger=True) if can else None
    return [
        release.number,
        f"{release.commit[:12]} {release.subject}",
        ", ".join(filter(None, (_who(release.by, release.run), release.task, _clock(release.created)))),
        gate,
        Cell(f"{words}{why}", "bad" if bad else "good" if is_current else "quiet"),
        Cell("", act=act) if act else "",
    ]


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) if at else "never"
