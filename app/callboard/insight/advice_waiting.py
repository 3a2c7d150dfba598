"""What is advised about all that waits or is overdue: people, alerts, lost work, schedules, the roadmap, the workspace itself."""

from collections.abc import Iterator, Mapping

from callboard.insight.advice_cases import patched
from callboard.insight.advice_drafts import DAY, HOUR, NO_GAIN, NO_RISK, Draft, Risk, count, lasting
from callboard.insight.advice_facts import (
    Act,
    AlertFact,
    ChangeFact,
    ExpiryFact,
    Facts,
    Green,
    LostTask,
    ScheduleFact,
    Unchecked,
    Waiting,
    typed,
)
from callboard.insight.advice_measures import Measure

OLD_ALERT_S = 10 * 60.0
SOON_S = 3 * DAY
DRAIN_S = HOUR
LEAST_DISK_GB = 5.0
FAILED_TIMES = 2
LAYER_SEVERITY: Mapping[str, str] = {"critical": "high", "high": "medium", "medium": "low", "low": "info"}
KINDS_OF_WAITING: Mapping[str, tuple[str, str]] = {
    "decision": ("decide", "high"), "question": ("answer", "high"), "stuck task": ("stuck", "high"), "patch": ("patch", "medium"),
    "workspace": ("trust", "high"), "roadmap": ("roadmap-hand", "low"), "schedule": ("schedule-missed", "medium"),
    "person": ("by-hand", "low"), "case": ("case-person", "medium"),
}  # fmt: skip
CASE_S = 5.0  # the longest that an alert waits for the case that may be made of it, should the keeper of cases be slow
SAFE_LABELS = ("run it now", "look for agents again")
COVERED_ALERTS = ("disk-low", "pressure", "task-lost")


def of_waiting(facts: Facts) -> Iterator[Draft]:
    """The engine and its machine first, then people, alerts, lost work and what is due."""
    yield from _of_machine(facts)
    seen = patched(facts)
    for item in facts.waiting:
        if item.kind in KINDS_OF_WAITING and not (
            item.kind == "patch" and item.id in {f"patch:{patch}" for patch in seen}
        ):
            yield _item(item, facts.now)
    told = {check for case in facts.cases for check in case.checks}
    told |= {mark for case in facts.cases for mark in case.alerts}
    yield from (_lost(task) for task in facts.lost)  # beside a case: to try once more costs little and may settle it
    told |= {task.job for task in facts.lost}
    yield from (_alert(alert, facts.now) for alert in facts.alerts if _is_news(alert, told, facts))
    yield from (_schedule(schedule) for schedule in facts.schedules if schedule.failed >= FAILED_TIMES)
    yield from (_expiry(one, facts.now) for one in facts.expiring if one.until - facts.now <= SOON_S)
    for change in facts.changes:
        draft = _change(change, facts.now)
        if draft is not None:
            yield draft
    if facts.unchecked is not None and (facts.unchecked.files or facts.unchecked.commits):
        yield _unchecked(facts.unchecked)
    yield from (_green(green) for green in facts.greens)


def _of_machine(facts: Facts) -> Iterator[Draft]:
    machine = facts.machine
    if machine.halted:
        yield Draft(
            kind="halted", about="engine", title="No new work starts: see to what halts the engine",
            words=f"{_cap(machine.halted)}.",
            severity="critical", reasons=(f"{_cap(machine.halted)}.",), evidence=(("The machine", "/machine"),), href="/machine",
            risk=NO_RISK, measure=Measure("gone", "halted"), blocks=machine.waiting,
            weights=(("halted", 40.0, "nothing starts until then"),),
            blocks_words=count(machine.waiting, "task waits", "tasks wait"),
        )  # fmt: skip
    free = machine.disk_free_gb
    if free is not None and free < LEAST_DISK_GB:
        yield Draft(
            kind="disk", about="disk", title=f"Make room: {free:.1f} GiB are free where Callboard keeps its data",
            words="Once it is full, no new work starts. `callboard tools clean` drops kept environments, which are made again when "
            "they are needed.",
            severity="high" if free < LEAST_DISK_GB / 2 else "medium", reasons=(f"{free:.1f} GiB are free.",),
            evidence=(("The machine", "/machine"),), href="/machine", risk=NO_RISK, measure=Measure("gone", "disk"),
        )  # fmt: skip
    drain = facts.drain
    if drain is not None and drain.until is None and facts.now - drain.at >= DRAIN_S:
        since = lasting(facts.now - drain.at)
        act = Act(
            "Let the platform take work again", "POST", "/coordination/drain", {"wanted": False, "reason": "advised"},
            "callboard platform drain off", "drain-off",
            Act("Ask the platform to drain again", "POST", "/coordination/drain", {"wanted": True, "reason": drain.reason},
                "callboard platform drain on", "drain-on"),
        )  # fmt: skip
        why = f": {drain.reason}" if drain.reason else ""
        yield Draft(
            kind="drain", about="platform", title=f"Ask {drain.by} whether the platform may take work again",
            words=f"{drain.by} asked it to take no new work{why}, {since} ago and without an end.", severity="medium",
            reasons=(f"It was asked {since} ago.",), evidence=(("Crew and platform", "/crew"),), href="/crew",
            risk=Risk("medium", f"{drain.by} may still need it drained."), measure=Measure("gone", "drain"), acts=(act,),
            waits_since=drain.at,
        )  # fmt: skip


def _item(item: Waiting, now: float) -> Draft:
    kind, severity = KINDS_OF_WAITING[item.kind]
    acts = tuple(
        Act(_cap(label), "POST", path, body, _command(path, body), "run" if path == "/runs" else "look")
        for label, path, body, danger in item.acts
        if label in SAFE_LABELS and not danger
    )  # fmt: skip
    since = f" for {lasting(now - item.since)}" if item.since else ""
    choices = ", ".join(label for label, _, _, _ in item.acts[:5])
    return Draft(
        kind=kind, about=item.id, title=item.title, words=item.text or "It waits for a person.", severity=severity,
        reasons=(f"It has waited{since} for a person." if since else "It waits for a person.",
                 *((f"What can be chosen: {choices}.",) if choices else ())),
        evidence=((item.title, item.href or "/inbox"), ("Inbox", "/inbox")), href=item.href or "/inbox",
        risk=Risk("none", "Only a person decides; nothing is chosen for you."),
        measure=Measure("gone", item.id), acts=acts, waits_since=item.since, blocks=item.blocks,
        blocks_words=count(item.blocks, "task waits for it", "tasks wait for it") if item.blocks else "",
        no_gain=NO_GAIN if not item.blocks else "It would free what waits behind it; in seconds that is not known.",
        jobs=(item.job,) if item.job else (),
    )  # fmt: skip


def _command(path: str, body: Mapping[str, object]) -> str:
    """The same at the terminal, for the few acts of the inbox that are offered here."""
    if path == "/runs":
        return typed("callboard", "run", str(body.get("pipeline", "")))
    return "callboard agents --rescan" if path == "/agents/rescan" else ""


def _lost(task: LostTask) -> Draft:
    act = Act(
        f"Try {task.id} again", "POST", f"/tasks/{task.id}/retry", {}, f"callboard retry {task.id}", "retry",
        Act(f"Cancel {task.id}", "POST", f"/tasks/{task.id}/cancel", {"reason": "the retry is taken back"},
            f"callboard cancel {task.id}", "cancel"),
    )  # fmt: skip
    again = (
        "It may be run again without harm."
        if task.idempotent
        else "It says of itself that it is not idempotent: look first."
    )
    return Draft(
        kind="retry", about=task.id, title=f"Try {task.job} again: it was {task.state} by its surroundings", words=again,
        severity="high" if task.blocks else "medium",
        reasons=(f"It is {task.state}: {task.reason.rstrip('.') or 'no reason is on record'}.",
                 f"It was tried {count(task.tries, 'time')}; no verdict of its own says that it is broken."),
        evidence=((f"Task {task.id} {task.job}", f"/tasks/{task.id}"),), href=f"/tasks/{task.id}",
        risk=Risk("low", "It takes its time and room once more.") if task.idempotent
        else Risk("high", "It is not idempotent: what it did half may be done twice."),
        measure=Measure("task", task.id), acts=(act,), waits_since=task.ended, blocks=task.blocks,
        blocks_words=count(task.blocks, "task was skipped for it", "tasks were skipped for it") if task.blocks else "",
        agents=(task.agent,) if task.agent else (), jobs=(task.job,), state=task.state,
    )  # fmt: skip


def _is_news(alert: AlertFact, told: set[str], facts: Facts) -> bool:
    """Alerts that nothing else on the list speaks for, once a case could have been made or somebody could have seen them."""
    age = facts.now - alert.opened
    if alert.state != "open" or alert.kind in COVERED_ALERTS or alert.mark in told:
        return False
    if alert.job in told:
        return False
    is_looked_at = alert.opened <= facts.looked or age >= CASE_S
    if facts.kept and (not is_looked_at or (alert.kind == "run-broken" and facts.cases)):
        return False
    return alert.severity == "critical" or alert.kind == "task-broken" or age >= OLD_ALERT_S


def _alert(alert: AlertFact, now: float) -> Draft:
    act = Act(
        "Acknowledge it: I see to it", "POST", f"/alerts/{alert.id}/acknowledge", {"reason": "advised"},
        f"callboard alerts ack {alert.id}", "acknowledge",
        Act("Open it again", "POST", f"/alerts/{alert.id}/reopen", {"reason": "taken back"}, f"callboard alerts reopen {alert.id}",
            "reopen"),
    )  # fmt: skip
    return Draft(
        kind="alert", about=alert.id, title=f"See to it: {alert.title}",
        words=alert.text or "Its cause is still there, and nobody has said that they see to it.", severity=alert.severity,
        reasons=(f"It stands for {lasting(now - alert.opened)} and nobody has acknowledged it.",
                 *((f"It was seen in {count(alert.times, 'run')}.",) if alert.times > 1 else ())),
        evidence=((alert.title, alert.href or "/alerts"),), href=alert.href or "/alerts",
        risk=Risk("none", "Acknowledging says who sees to it; the alert stays until its cause is gone."),
        measure=Measure("alert", alert.id), acts=(act,), waits_since=alert.opened, agents=(alert.agent,) if alert.agent else (),
        jobs=(alert.job,) if alert.job else (),
    )  # fmt: skip


def _schedule(schedule: ScheduleFact) -> Draft:
    return Draft(
        kind="schedule-failing", about=schedule.name,
        title=f"Schedule '{schedule.name}' went wrong {count(schedule.failed, 'time')} in a row",
        words="Mend what fails there or change the schedule: each time it takes room and tells nobody anything new.",
        severity="high" if schedule.failed >= 2 * FAILED_TIMES else "medium", reasons=(f"{_cap(schedule.words)}.",),
        evidence=((f"Run {schedule.run}", f"/runs/{schedule.run}"),), href=f"/runs/{schedule.run}", risk=NO_RISK,
        measure=Measure("schedule", schedule.pipeline),
        acts=(Act(f"Try run {schedule.run} again", "POST", f"/runs/{schedule.run}/retry", {}, f"callboard retry {schedule.run}",
                  "retry-run"),),
        waits_since=schedule.since,
    )  # fmt: skip


def _expiry(one: ExpiryFact, now: float) -> Draft:
    left = one.until - now
    when = f"in {lasting(left)}" if left > 0 else f"since {lasting(-left)}"
    who = f" Ask {one.owner}." if one.owner else ""
    return Draft(
        kind="expiring", about=one.name, title=f"{_cap(one.what)} {one.name} counts again {when}",
        words=f"It was put aside: {one.reason.rstrip('.') or 'no reason was written'}. Mend it, or accept it anew.{who}",
        severity="low" if left > 0 else "medium", reasons=(f"It counts again {when}.",), evidence=((one.name, one.href),),
        href=one.href, risk=NO_RISK, measure=Measure("gone", one.name), waits_since=one.until if left <= 0 else None,
    )  # fmt: skip


def _change(change: ChangeFact, now: float) -> Draft | None:
    late = change.due is not None and change.p80 is not None and change.p80 > change.due and change.left
    if late and change.layer not in ("critical", "high"):
        return _late(change, now)
    if change.blocks and change.left and not change.blocked and not change.assigned and change.next_ref:
        return _next_of(change)
    if late and change.next_ref and not change.assigned and not change.blocked:
        return _next_of(change)
    return None


def _late(change: ChangeFact, now: float) -> Draft:
    by = lasting((change.p80 or now) - (change.due or now))
    act = Act(
        f"Move {change.id} into layer high", "POST", "/roadmap/place", {"change": change.id, "layer": "high", "reason": "advised"},
        typed("callboard", "roadmap", "place", change.id, "--layer", "high"), "place",
        Act(f"Back to layer {change.layer}", "POST", "/roadmap/place",
            {"change": change.id, "layer": change.layer, "reason": "taken back"},
            typed("callboard", "roadmap", "place", change.id, "--layer", change.layer), "place"),
    )  # fmt: skip
    return Draft(
        kind="milestone-late", about=change.id, title=f"Do {change.title} earlier: milestone {change.milestone} would be missed",
        words=f"By the pace so far it is done, with 80 % certainty, {by} after the milestone's day.", severity="high",
        reasons=(f"{count(change.left, 'task')} of it are open.", f"Its layer is {change.layer}: others come first."),
        evidence=((change.title, change.href),), href=change.href,
        risk=Risk("low", "What is in the same layer comes later for it; it can be moved back."),
        measure=Measure("change", change.id), acts=(act,), no_gain="How much sooner it would be done was not simulated.",
    )  # fmt: skip


def _next_of(change: ChangeFact) -> Draft:
    act = Act(
        f"Assign {change.next_ref}", "POST", "/roadmap/assign", {"refs": [change.next_ref], "to": "auto", "reason": "advised"},
        typed("callboard", "roadmap", "assign", change.next_ref), "assign-task",
    )  # fmt: skip
    others = count(len(change.blocks), "change waits", "changes wait")
    named = ", ".join(change.blocks[:5])
    return Draft(
        kind="roadmap-next", about=change.id, title=f"Go on with {change.title}: {others} for it" if change.blocks
        else f"Go on with {change.title}: its milestone would be missed",
        words=f"Next is {change.next_text or change.next_ref}, and nobody has it.",
        severity=LAYER_SEVERITY.get(change.layer, "low"),
        reasons=(f"{count(change.left, 'task')} of it are open, none is assigned.", *((f"{named} wait for it.",) if named else ()),
                 *((f"Its files have not changed for {change.stale_days:.0f} days.",) if change.stale_days else ())),
        evidence=((change.title, change.href),), href=change.href,
        risk=Risk("low", "An assignment can be withdrawn; an agent works as it does in any run."),
        measure=Measure("change", change.id), acts=(act,), blocks=len(change.blocks), blocks_words=f"{others} for it",
        no_gain="How much sooner others could begin was not simulated.",
    )  # fmt: skip


def _unchecked(look: Unchecked) -> Draft:
    act = Act(
        "Run what is affected", "POST", "/runs", {"pipeline": look.pipeline, "affected": True},
        typed("callboard", "run", look.pipeline, "--affected"), "run",
    )  # fmt: skip
    parts = [count(number, word) for number, word in ((look.commits, "commit"), (look.files, "changed file")) if number]
    return Draft(
        kind="unchecked", about="workspace", title=f"Run what is affected: {' and '.join(parts)} nothing has looked at",
        words=f"{_cap(look.words)}. With `--affected` only what depends on them runs.", severity="medium",
        reasons=(f"{_cap(' and '.join(parts))} since run {look.run}." if look.run else "Nothing has run here yet.",),
        evidence=((f"Run {look.run}", f"/runs/{look.run}"),) if look.run else (("Start a run", "/runs/new"),), href="/runs/new",
        risk=Risk("none", "It is an ordinary run, and takes the room that it needs."), measure=Measure("run", look.pipeline),
        acts=(act,), waits_since=look.since or None,
        no_gain="It saves nothing by itself; a break is known sooner, while it is fresh.",
    )  # fmt: skip


def _green(green: Green) -> Draft:
    body = {"environment": green.environment, "version": green.version}
    act = Act(
        f"Hand {green.version or 'it'} over", "POST", "/coordination/handoff", body,
        typed("callboard", "platform", "handoff", green.environment), "handoff",
    )  # fmt: skip
    what = f"{green.version} in {green.environment}" if green.version else green.environment
    return Draft(
        kind="handoff", about=f"{green.environment} {green.task}", title=f"Hand {what} over: it is green",
        words="The deploy and all that gated it came out good, and the platform was not told.", severity="low",
        reasons=(f"Task {green.task} and its gate are green.",), evidence=((f"Task {green.task}", f"/tasks/{green.task}"),),
        href="/crew", risk=Risk("low", "It is a signed word; the platform decides what it does with it."),
        measure=Measure("gone", f"handoff {green.task}"), acts=(act,), waits_since=green.at,
    )  # fmt: skip


def _cap(words: str) -> str:
    said = words.strip().rstrip(". ")
    return f"{said[:1].upper()}{said[1:]}"
