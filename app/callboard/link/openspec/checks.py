"""What is odd in a roadmap: each as a clear sentence with its place and mend, ranked, alike ones in one."""

import datetime
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from callboard.config.fields import near
from callboard.config.roadmap import RoadmapTables, unknown_changes
from callboard.link.openspec.archiving import Refusal, refusals
from callboard.link.openspec.merging import faults_of_spec
from callboard.link.openspec.model import SEVERITIES, Change, Check, Roadmap, Task
from callboard.link.openspec.order import after_of, all_before, order_checks
from callboard.link.openspec.overlaps import overlaps
from callboard.link.openspec.tasks import numbers_of
from callboard.work.finding import clean

DAY = 86_400.0
SEVERAL = 4
MOST_OF_A_KIND = 60
GROUP = re.compile(r"^(\d+)\.(?:\s|$)")
LEADING = re.compile(r"^(\d+)\.\d+")


def checks(
    roadmap: Roadmap,
    tables: RoadmapTables | None = None,
    *,
    now: float,
    proven: Collection[str] | None = None,
    kept: Mapping[str, tuple[str, ...]] | None = None,
) -> list[Check]:
    """All checks that need nothing but the reading, the worst first.

    `now` is in epoch seconds. `proven` are the refs of tasks with evidence (None: that is not asked). `kept` is the order
    that people set on the roadmap: for each change those before it. At most MOST_OF_A_KIND of a kind come back, the last of
    them saying how many more there are. Never raises for what a workspace holds.
    """
    tables = tables or RoadmapTables()
    after = after_of(roadmap, tables, kept)
    found = [*roadmap.trouble]
    found += overlaps(roadmap, all_before(after))
    found += order_checks(roadmap, tables, after)
    brought = {(d.capability, d.requirement) for c in roadmap.changes for d in c.deltas if d.operation == "ADDED"}
    brought |= {(d.capability, d.becomes) for c in roadmap.changes for d in c.deltas if d.operation == "RENAMED"}
    for change in roadmap.changes:
        found += _of_change(change, roadmap, brought)
        found += _of_tasks(change)
    found += _stale(roadmap, tables.roadmap.stale_days, now)
    found += _unproven(roadmap, proven)
    found += _of_specs(roadmap)
    found += _of_names(roadmap, tables)
    return ranked(found)


def ranked(found: Iterable[Check]) -> list[Check]:
    """The worst first, then by kind and place; no kind more often than MOST_OF_A_KIND."""
    order = {severity: rank for rank, severity in enumerate(SEVERITIES)}
    listed = sorted(dict.fromkeys(found), key=lambda c: (order.get(c.severity, 9), c.kind, c.change, c.path, c.line))
    counts: dict[tuple[str, str], int] = {}
    kept: list[Check] = []
    for check in listed:
        key = (check.kind, check.severity)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] < MOST_OF_A_KIND:
            kept.append(check)
        elif counts[key] == MOST_OF_A_KIND:
            more = sum((c.kind, c.severity) == key for c in listed) - MOST_OF_A_KIND + 1
            words = check.words if more == 1 else f"{more:,} more of the kind '{check.kind}'"
            kept.append(check if more == 1 else Check(check.kind, check.severity, words, check.mend))
    return kept


def _of_change(change: Change, roadmap: Roadmap, brought: set[tuple[str, str]]) -> list[Check]:
    if change.nested:
        inner = _some([name.partition("/")[2] for name in change.nested])
        words = f"{change.id} is no change: it only wraps {inner}, which OpenSpec does not see"
        mend = f"move it to {change.path.rpartition('/')[0]}/{change.nested[0].replace('/', '-')}"
        return [Check("nested", "medium", words, mend, change.id, change.path)]
    reasons = refusals(change, roadmap)
    found: list[Check] = []
    if change.status == "complete":
        done = f"{change.done} of {change.total} done"
        if reasons:
            more = (
                f" ({len(reasons) - 1} more reasons)"
                if len(reasons) > 2
                else f"; and: {reasons[1].words}"
                if len(reasons) == 2
                else ""
            )
            first = reasons[0]
            words = f"{change.id}: {done}, but archive would refuse: {first.words}{more}"
            found.append(Check("not-archivable", "high", words, _mend(first), change.id, first.path, first.line))
        elif change.tasks:
            found.append(
                Check(
                    "ready",
                    "info",
                    f"{change.id}: {done}, and archive would take it",
                    "archive it",
                    change.id,
                    change.path,
                )
            )
    else:
        found += _reasons(change, [one for one in reasons if not _waits(change, one, brought)])
    if not change.plans and not change.unread and not change.root_spec and change.keys.get("skip_specs") is not True:
        words = f"{change.id} changes no spec, which `openspec validate` calls an error"
        mend = "write its deltas below specs/, or skip_specs: true into its .openspec.yaml"
        found.append(Check("no-deltas", "low", words, mend, change.id, change.path))
    if not change.has_proposal:
        found.append(
            Check(
                "no-proposal",
                "low",
                f"{change.id} has no proposal.md, so nobody reads why",
                "write it",
                change.id,
                change.path,
            )
        )
    return found


def _waits(change: Change, refusal: Refusal, brought: set[tuple[str, str]]) -> bool:
    """Whether the refusal is only that another active change has not been archived yet; the overlap says so."""
    if refusal.kind not in ("header", "no-base"):
        return False
    own = [d for d in change.deltas if d.path == refusal.path and (d.line == refusal.line or refusal.kind == "no-base")]
    asked = [d for d in own if d.operation in ("MODIFIED", "RENAMED")]
    return bool(asked) and all((d.capability, d.requirement) in brought for d in asked)


def _reasons(change: Change, reasons: Sequence[Refusal]) -> list[Check]:
    by_kind: dict[str, list[Refusal]] = {}
    for one in reasons:
        by_kind.setdefault(one.kind, []).append(one)
    found = []
    for kind, alike in by_kind.items():
        first = alike[0]
        more = f"; {len(alike) - 1} more like it" if len(alike) > 1 else ""
        severity = "low" if kind == "bad-yaml" else "medium"
        words = f"{change.id}: archive would refuse: {first.words}{more}"
        found.append(
            Check(
                f"delta-{kind}" if not kind.startswith("delta") else kind,
                severity,
                words,
                _mend(first),
                change.id,
                first.path,
                first.line,
            )
        )
    return found


def _mend(refusal: Refusal) -> str:
    return {
        "header": "write the header exactly as the spec has it, or make it ADDED",
        "no-base": "make it ADDED, or archive first the change that brings the spec",
        "exists": "make it MODIFIED, or choose another name",
        "scenarios": "copy the scenarios of the spec into the MODIFIED block: it replaces the whole requirement",
        "no-scenario": "write a '#### Scenario:' with WHEN and THEN below the requirement",
        "no-words": "write a sentence with SHALL or MUST right below the heading",
        "twice": "keep one of them",
        "crossed": "keep it in one section",
        "rename": "write each rename as a FROM line and a TO line right below it",
        "empty-delta": "write '## ADDED Requirements' with a '### Requirement: …' below, or move the file out of specs/",
        "delta-name": "move it to specs/<capability>/spec.md",
        "base": "mend the spec first",
        "purpose": "give the spec a ## Purpose and ## Requirements",
        "none-left": "write retire_capabilities: true into its .openspec.yaml if the capability goes",
        "nested": "give each change inside a flat name",
        "skip-specs": "remove skip_specs, or the files",
    }.get(refusal.kind, "mend it")


def _of_tasks(change: Change) -> list[Check]:
    found: list[Check] = []
    tasks = change.tasks
    odd = [task for task in tasks if task.mark not in (" ", "x", "X")]
    if odd:
        shown = _some([f"[{task.mark}] {task.number or task.text[:40]}" for task in odd])
        words = f"{change.id}: {_count(len(odd), 'task')} with marks that count as open: {shown}"
        found.append(Check("odd-mark", "low", words, "write [x] or [ ]", change.id, odd[0].path, odd[0].line))
    lost = [line for line in change.odd_lines if line.boxed]
    if lost:
        which = "looks like a task and is" if len(lost) == 1 else "look like tasks and are"
        words = (
            f"{change.id}: {_count(len(lost), 'line')} {which} not counted: {_some([one.text[:60] for one in lost])}"
        )
        mend = "write '- [ ] …' with one character in the box"
        found.append(Check("lost-task", "medium", words, mend, change.id, lost[0].path, lost[0].line))
    plain = [line for line in change.odd_lines if not line.boxed]
    if not tasks and plain:
        words = f"{change.id} counts as 0 tasks: its list items have no boxes"
        found.append(
            Check("no-boxes", "medium", words, "write each as '- [ ] 1.1 …'", change.id, plain[0].path, plain[0].line)
        )
    twice = {number: alike for number, alike in numbers_of(tasks).items() if len(alike) > 1}
    if twice:
        first = next(iter(twice.values()))[1]
        stand = "stands" if len(twice) == 1 else "stand"
        words = f"{change.id}: {_count(len(twice), 'number')} {stand} twice: {_some(list(twice))}"
        found.append(
            Check("number-twice", "low", words, "give each task a number of its own", change.id, first.path, first.line)
        )
    strays = [task for task in tasks if _strays(task)]
    if strays:
        shown = _some([f"{task.number} below '{task.section[:30]}'" for task in strays])
        words = f"{change.id}: {_count(len(strays), 'task')} with the number of another section: {shown}"
        found.append(
            Check("number-astray", "low", words, "move or renumber them", change.id, strays[0].path, strays[0].line)
        )
    return found


def _strays(task: Task) -> bool:
    group, own = GROUP.match(task.section), LEADING.match(task.number)
    return bool(group and own) and int(group[1]) != int(own[1])  # type: ignore[index]


def _stale(roadmap: Roadmap, days: float, now: float) -> list[Check]:
    still = [c for c in roadmap.changes if c.status != "complete" and not c.nested and 0 < c.last < now - days * DAY]
    still.sort(key=lambda change: change.last)
    if len(still) > SEVERAL:
        said = _some([f"{change.id} ({(now - change.last) / DAY:.0f} days)" for change in still])
        words = f"{len(still)} changes stand still for {days:g} days and more: {said}"
        return [
            Check(
                "stale", "low", words, "go on with them, or archive or delete them", others=tuple(c.id for c in still)
            )
        ]
    return [
        Check(
            "stale",
            "low",
            f"{change.id} stands still for {(now - change.last) / DAY:.0f} days at {change.done} of {change.total}",
            "go on with it, or archive or delete it",
            change.id,
            change.path,
        )
        for change in still
    ]


def _unproven(roadmap: Roadmap, proven: Collection[str] | None) -> list[Check]:
    if proven is None:
        return []
    listed = [(change, [t for t in change.tasks if t.done and t.ref not in proven]) for change in roadmap.changes]
    bare = [(change, tasks) for change, tasks in listed if tasks]
    if len(bare) > SEVERAL:
        said = _some([f"{change.id} ({len(tasks)})" for change, tasks in bare])
        words = (
            f"{sum(len(tasks) for _, tasks in bare):,} tasks of {len(bare)} changes are ticked without evidence: {said}"
        )
        return [
            Check(
                "unproven",
                "low",
                words,
                "give evidence by a run or by a person's word",
                others=tuple(change.id for change, _ in bare),
            )
        ]
    return [
        Check(
            "unproven",
            "low",
            f"{change.id}: {len(tasks)} of {change.done} ticked tasks without evidence: {_some(_names(tasks))}",
            "give evidence by a run or by a person's word",
            change.id,
            tasks[0].path,
            tasks[0].line,
        )
        for change, tasks in bare
    ]


def _names(tasks: Sequence[Task]) -> list[str]:
    return [task.number or task.text[:40] for task in tasks]


def _of_specs(roadmap: Roadmap) -> list[Check]:
    found = []
    for spec in roadmap.specs:
        faults = faults_of_spec(spec.text)
        if faults:
            more = f"; {len(faults) - 1} more" if len(faults) > 1 else ""
            words = f"the spec {spec.id} is not valid: {faults[0].words}{more}"
            found.append(
                Check(
                    "spec",
                    "medium",
                    words,
                    "mend the spec: no change to it can be archived",
                    "",
                    spec.path,
                    faults[0].line,
                )
            )
    return found


def _of_names(roadmap: Roadmap, tables: RoadmapTables) -> list[Check]:
    found: list[Check] = []
    active = {change.id for change in roadmap.changes}
    archived = {one.id: one.date for one in roadmap.archived}
    for change in roadmap.changes:
        if change.id in archived:
            when = f" on {archived[change.id]}" if archived[change.id] else ""
            words = f"{change.id} is active, and one of that name was archived{when}"
            found.append(
                Check("archived-too", "low", words, "archive or rename the active one", change.id, change.path)
            )
    by_title: dict[str, list[Change]] = {}
    for change in roadmap.changes:
        if change.title != change.id:
            by_title.setdefault(change.title.lower(), []).append(change)
    for alike in by_title.values():
        if len(alike) > 1:
            words = f"{_some([c.id for c in alike])} have one title: '{alike[0].title[:80]}'"
            found.append(
                Check(
                    "same-title",
                    "low",
                    words,
                    "look whether they are one change",
                    alike[0].id,
                    alike[0].path,
                    others=tuple(c.id for c in alike[1:]),
                )
            )
    if roadmap.there:
        for name, line, hint in unknown_changes(tables, active | set(archived)):
            words = f"[changes.{name}] is about no change.{hint}"
            found.append(
                Check("unknown-change", "low", words, "mend the name, or remove the table", "", "callboard.toml", line)
            )
        for milestone in tables.milestones.values():
            idle = [p for p in milestone.changes if not any(fnmatchcase(name, p) for name in active | set(archived))]
            if idle:
                words = (
                    f"milestone '{milestone.title}' names {_some(idle)}, which no change fits.{near(idle[0], active)}"
                )
                found.append(Check("unknown-change", "low", words, "mend the pattern", "", "callboard.toml"))
    return found


def late(due: str, now: float) -> bool:
    """Whether the day '2026-12-24' has passed."""
    try:
        return datetime.date.fromisoformat(due) < datetime.datetime.fromtimestamp(now).astimezone().date()
    except (ValueError, OverflowError, OSError):
        return False


def _some(words: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(clean(word, 120) for word in words[:most])
    return f"{shown} and {len(words) - most} more" if len(words) > most else shown


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
