"""The action `security.controls`: judges every control, shows the table, keeps the archive."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from callboard.api import (
    Act,
    Cell,
    Context,
    Figure,
    Figures,
    Finding,
    Result,
    Severity,
    Table,
    Words,
    counted,
    judged,
    unknown,
    unparsable,
)
from callboard_security.controls.archive import write_archive
from callboard_security.controls.catalogue import controls
from callboard_security.controls.chain import workflows
from callboard_security.controls.control import Control, Judgement, State, open_
from callboard_security.controls.owners import owner_of, owner_rules
from callboard_security.controls.scene import UNREAD, Scene
from callboard_security.controls.web import NOTHING
from callboard_security.options import Controls

NAMED = 4
RUNS = {"secrets-tree": "secrets", "secrets-history": "secrets", "static-analysis": "static", "vulnerabilities": "dependencies",
        "sbom": "sbom", "licence-policy": "licences"}  # fmt: skip


def judge_all(ctx: Context, options: Controls) -> Result:
    """Fails for a control of at least `fail_on` that does not hold; UNKNOWN while one that matters cannot be judged."""
    if not ctx.workspace.files:
        return unknown("there are no files to judge by")
    known = controls()
    unknown_names = sorted(set(options.skip) - {control.name for control in known})
    if unknown_names:
        return unknown(f"there is no control {', '.join(unknown_names)}; known: {', '.join(c.name for c in known)}")
    chosen = [control for control in known if control.name not in options.skip]
    scene = Scene(ctx, options.max_age_days)
    said: list[tuple[Control, Judgement]] = []
    for number, control in enumerate(chosen):
        ctx.progress(number / len(chosen), control.title)
        said.append((control, _judged(scene, control)))
    rows = _rows(scene, said)
    _report(ctx, said)
    _keep(scene, said, rows)
    _show(ctx, said, rows)
    counts = Counter(judgement.state for _, judgement in said)
    matter = [(c, j) for c, j in said if j.state is State.UNKNOWN and j.settle != NOTHING]
    _report_unread(scene)
    gaps = _grouped(matter)
    idle = counts[State.UNKNOWN] - len(matter)
    notes = [f"{counts[State.PASS]} hold, {counts[State.FAIL]} do not, {counts[State.UNKNOWN]} unknown"]
    if idle:
        notes.append(f"{idle:,} of these without anything to judge here")
    outputs = {str(state): counts[state] for state in State}
    return judged(ctx, options.fail_on, counted(len(said), "control"), unchecked=gaps, notes=notes, outputs=outputs)


def _grouped(matter: Sequence[tuple[Control, Judgement]]) -> list[str]:
    """The controls that cannot be judged by their reason, that of most of them first."""
    reasons: dict[str, list[str]] = {}
    for control, judgement in matter:
        shared = UNREAD.search(judgement.why)
        reasons.setdefault(shared[0] if shared else judgement.why, []).append(control.name)
    said = []
    for why, names in sorted(reasons.items(), key=lambda reason: -len(reason[1])):
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        said.append(f"{', '.join(names[:NAMED])}{more}: {why}")
    return said


def _report_unread(scene: Scene) -> None:
    """The code that leaves controls unknown, told as everybody tells it who meets it."""
    for path in scene.unread:
        why = "no Python that can be parsed, so what it does is not seen"
        scene.ctx.finding(unparsable(path, why, severity=Severity.MEDIUM))
    for place in workflows(scene)[1]:
        scene.ctx.finding(unparsable(place.path, place.text.partition(": ")[2] or place.text, severity=Severity.MEDIUM))


def _judged(scene: Scene, control: Control) -> Judgement:
    """What the control says; one that breaks is unknown, and the others go on."""
    try:
        return control.judge(scene)
    except Exception as error:
        scene.ctx.log(f"control {control.name} broke: {type(error).__name__}: {error}", "warning")
        return open_(f"it could not be judged: {type(error).__name__}", "look at the log of this attempt")


def _rows(scene: Scene, said: list[tuple[Control, Judgement]]) -> list[dict[str, Any]]:
    """One row a control, with since when it stands so."""
    today = f"{scene.now:%Y-%m-%d}"
    rules = owner_rules(scene.workspace)

    def grown(former: Any) -> dict[str, Any]:
        old = former if isinstance(former, dict) else {}
        kept = {}
        for control, judgement in said:
            entry = old.get(control.name)
            same = isinstance(entry, dict) and entry.get("state") == judgement.state
            kept[control.name] = entry if same else {"state": str(judgement.state), "since": today}
        return {**old, **kept}

    since = scene.ctx.memory.update("controls", grown, {})
    return [
        {
            "control": control.name,
            "title": control.title,
            "group": control.group,
            "state": str(judgement.state),
            "why": judgement.why,
            "settle": judgement.settle
            if judgement.state is State.UNKNOWN
            else control.mend * (judgement.state is State.FAIL),
            "owner": owner_of(control, judgement, rules, scene.ctx.settings),
            "since": str(since[control.name]["since"]),
            "judged": today,
            "severity": str(control.severity),
            "owasp": list(control.owasp),
            "soc2": list(control.soc2),
            "gdpr": list(control.gdpr),
            "evidence": [str(place) for place in judgement.evidence],
        }
        for control, judgement in said
    ]


def _report(ctx: Context, said: list[tuple[Control, Judgement]]) -> None:
    for control, judgement in said:
        if judgement.state is State.FAIL:
            first = next((place for place in judgement.evidence if place.path), None)
            more = len(judgement.evidence) - 1
            ctx.finding(
                Finding(
                    rule=f"control-{control.name}",
                    severity=control.severity,
                    message=f"{control.title}: {judgement.why}"
                    + (f" (and {counted(more, 'more place')})" if more > 0 else ""),
                    path=first.path if first else "",
                    line=first.line if first else 0,
                    help=f"{control.mend}; {control.mapping}",
                    fingerprint=f"control-{control.name}",
                )
            )


def _keep(scene: Scene, said: list[tuple[Control, Judgement]], rows: list[dict[str, Any]]) -> None:
    head = (scene.git("rev-parse", "HEAD") or "").strip()
    changed = bool((scene.git("status", "--porcelain", "--untracked-files=no") or "").strip()) if head else False
    counts = Counter(judgement.state for _, judgement in said)
    about = {
        "workspace": scene.workspace.path.name,
        "commit": (head + (" with changes" if changed else "")) or "no git checkout",
        "judged": f"{scene.now:%Y-%m-%d}",
        "hold": counts[State.PASS],
        "do not hold": counts[State.FAIL],
        "unknown": counts[State.UNKNOWN],
    }
    place = scene.ctx.scratch / "controls.zip"
    write_archive(place, rows, {c.name: j.evidence for c, j in said}, about, scene.workspace)
    scene.ctx.artifact(place, kind="zip")


def _show(ctx: Context, said: list[tuple[Control, Judgement]], rows: list[dict[str, Any]]) -> None:
    counts = Counter(judgement.state for _, judgement in said)
    figures = Figures(
        [
            Figure("Hold", counts[State.PASS], state="good"),
            Figure("Do not hold", counts[State.FAIL], state="bad" if counts[State.FAIL] else "good"),
            Figure("Unknown", counts[State.UNKNOWN], state="unsure" if counts[State.UNKNOWN] else "good"),
        ]
    )
    order = {State.FAIL: 0, State.UNKNOWN: 1, State.PASS: 2}
    pairs = sorted(zip(said, rows, strict=True), key=lambda pair: order[pair[0][1].state])
    table = Table(
        ("State", "Control", "Why", "Evidence", "Owner", "Since", "Mapping"),
        [
            [
                _state(judgement.state, control.name),
                control.title,
                judgement.why + (f" – {judgement.settle}" if judgement.settle else ""),
                _place(judgement),
                row["owner"] or Cell("nobody named", "quiet"),
                row["since"],
                control.mapping,
            ]
            for (control, judgement), row in pairs
        ],
    )
    words = Words(
        "What could not be judged is unknown, never a pass. The archive controls.zip of the task holds all evidence."
    )
    ctx.show("controls", figures, table, words)
    for state in State:
        ctx.metric(f"security.controls.{state}", counts[state])


def _state(state: State, name: str) -> Cell:
    action = RUNS.get(name)
    options = {"history": True} if name == "secrets-history" else {}
    act = Act("run", f"security.{action}", options) if action and state is State.UNKNOWN else None
    match state:
        case State.PASS:
            return Cell("pass", "good")
        case State.FAIL:
            return Cell("fail", "bad")
        case State.UNKNOWN:
            return Cell("unknown", "unsure", act=act)


def _place(judgement: Judgement) -> Cell | str:
    if not judgement.evidence:
        return ""
    first = next((place for place in judgement.evidence if place.path), judgement.evidence[0])
    return Cell(str(first)[:200], path=first.path, line=first.line) if first.path else str(first)[:200]
