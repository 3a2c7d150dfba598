"""What a report says, part by part."""

import shlex
from collections.abc import Iterator, Sequence

from callboard.rows import Row
from callboard.show.report.ansi import lines
from callboard.show.report.markup import (
    DASH,
    count,
    counts,
    duration,
    e,
    left_out,
    mebibytes,
    moment,
    severity,
    shown,
    spent,
    state,
)

MOST_LINES = 200
MOST_PLACES = 8
SHORT = 12
HEADS = (
    ("Task", ""), ("State", ""), ("Result", ""), ("Agent", ""), ("Findings", "n"), ("Took", "n"), ("CPU", "n"), ("Peak", "n"),
    ("Read, written", "n"), ("Tries", "n"),
)  # fmt: skip
TRIES = (
    ("Attempt", ""), ("How it ended", ""), ("Took", "n"), ("CPU", "n"), ("Peak memory", "n"), ("Read", "n"), ("Written", "n"),
    ("Result", ""),
)  # fmt: skip
RANK = {"failed": 0, "timed out": 1, "lost": 2, "unknown": 3}


def causes(rows: Sequence[Row]) -> Iterator[str]:
    """What stands behind several failures."""
    if not rows:
        return
    yield '<ul class="panel list">'
    for row in rows[:20]:
        line = f":{row['line']}" if row["line"] else ""
        place = f" <code>{e(row['path'])}{line}</code>" if row["path"] else ""
        names = ", ".join(e(name, 100) for name in row["names"][:12])
        more = f" and {len(row['names']) - 12} more" if len(row["names"]) > 12 else ""
        mend = f'<p class="quiet">{e(row["help"])}</p>' if row["help"] else ""
        yield f"<li>{severity(row['severity'])}<div><b>{e(row['message'])}</b>{place}<p>behind {count(len(row['tasks']), 'task')}: "
        yield f"{names}{more}</p>{mend}</div></li>"
    yield "</ul>"


def failing(rows: Sequence[Row], left: int) -> Iterator[str]:
    """Each task that went wrong: why, its tries, each decision, the end of what it printed."""
    for row in rows:
        task, log = row["task"], row["log"]
        yield f'<article class="panel fail" id="f-{e(task["id"])}"><header>{state(shown(task))}<h3>{e(task["name"], 200)}</h3>'
        yield f'<a class="id" href="#t-{e(task["id"])}">{e(task["id"])}</a></header>'
        yield f'<p class="why">{e(task["reason"]) or "no reason is on record"}</p>'
        yield from _attempts(row["attempts"])
        yield from _decisions(row["events"])
        yield from _log(log)
        yield "</article>"
    if left:
        yield f'<p class="left">{count(left, "task")} more went wrong: left out here to keep the file small.</p>'


def _attempts(attempts: Sequence[Row]) -> Iterator[str]:
    if not attempts:
        return
    tries = TRIES if len(attempts) > 1 else TRIES[:-1]  # what the only try said stands above already
    heads = "".join(f'<th class="{kind}">{title}</th>' for title, kind in tries)
    yield '<div class="scroll" tabindex="0" role="region" aria-label="Attempts"><table><thead><tr>'
    yield f"{heads}</tr></thead><tbody>"
    for row in attempts:
        used = row["usage"]
        code = f" ({row['code']})" if row["code"] is not None else ""
        numbers = (
            duration(used["wall_s"]), duration(used["cpu_s"]), mebibytes(used["peak_mb"]), mebibytes(used["read_mb"]),
            mebibytes(used["written_mb"]),
        )  # fmt: skip
        cells = "".join(f'<td class="n">{told}</td>' for told in numbers)
        yield f"<tr><td>{row['attempt']}</td><td>{e(row['how'] or row['state'])}{code}</td>{cells}"
        yield f"<td>{e(row['reason'], 300)}</td></tr>" if len(attempts) > 1 else "</tr>"
    yield "</tbody></table></div>"


def _decisions(events: Sequence[Row]) -> Iterator[str]:
    if not events:
        return
    yield f"<details><summary>{count(len(events), 'decision')} and facts, in order</summary><ol class='says'>"
    for event in events:
        yield f"<li>{moment(event['at'])}<span>{e(event['sentence'])}</span></li>"
    yield "</ol></details>"


def _log(log: Row) -> Iterator[str]:
    text = log["text"].rstrip("\n")
    if not text:
        yield '<p class="left">It printed nothing.</p>'
        return
    told = list(lines(text))
    kept = told[-MOST_LINES:]
    cut = log["offset"] > 0 or len(kept) < len(told)
    size = (
        f"the last {count(len(kept), 'line')} of {mebibytes(log['size'] / 1_048_576)}"
        if cut
        else count(len(kept), "line")
    )
    yield f"<details open><summary>What it printed, attempt {log['attempt']}: {size}</summary>"
    yield f'<pre class="log" tabindex="0" role="region" aria-label="Log">{chr(10).join(kept)}</pre></details>'


def findings(rows: Sequence[Row], left: int) -> Iterator[str]:
    """By file, the worst first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["path"], []).append(row)
    for path, of in groups.items():
        grave = any(row["severity"] in ("critical", "high") and not row["accepted"] for row in of)
        place = f"<code>{e(path, 300)}</code>" if path else "The workspace as a whole"
        yield f'<details class="panel" {"open" if grave else ""}><summary>{place} <span class="quiet">{len(of)}</span></summary>'
        yield '<ul class="list">'
        for row in of:
            yield _finding(row)
        yield "</ul></details>"
    yield left_out(left, "finding")


def _finding(row: Row) -> str:
    where = f'<span class="place">{e(row["path"], 300)}:{row["line"]}</span>' if row["line"] and row["path"] else ""
    mark = f'<span class="ok">accepted {e(row["accepted"], 200)}</span>' if row["accepted"] else ""
    mark = mark or ('<span class="new">new</span>' if row["is_new"] else "")
    seen = ", ".join(e(f"{one['tool']} {one['version']}".strip(), 60) for one in row["witnesses"])
    who = ", ".join(f'<a href="#t-{e(task)}">{e(task)}</a>' for task in row["tasks"][:MOST_PLACES])
    mend = f'<p class="quiet">{e(row["help"])}</p>' if row["help"] else ""
    rule = f'<span class="rule">{e(row["rule"], 100)}</span>'
    who, seen = f"<span>{who}</span>", f"<span>{seen}</span>" if seen else ""
    parts = " ".join(filter(None, (where, mark, rule, who, seen)))
    told = f'<div>{e(row["message"])}<p class="meta">{parts}</p>{mend}</div>'
    return f'<li id="{e(row["id"])}">{severity(row["severity"])}{told}</li>'


def tasks(rows: Sequence[Row], left: int) -> Iterator[str]:
    """A line for each; can be sorted where scripts run."""
    heads = "".join(f'<th scope="col" class="{kind}">{title}</th>' for title, kind in HEADS)
    yield '<div class="scroll panel" tabindex="0" role="region" aria-label="Tasks"><table id="tasks-table"><thead><tr>'
    yield f"{heads}</tr></thead><tbody>"
    for row in rows:
        yield _task(row)
    yield "</tbody></table></div>"
    yield left_out(left, "task")


def _task(row: Row) -> str:
    word, seconds = shown(row), spent(row)
    ran = row["started"] is not None
    found = sum(row["findings"].values())
    numbers = (
        (seconds, duration(seconds)), (row["cpu_s"], duration(row["cpu_s"]) if ran else DASH),
        (row["peak_mb"], mebibytes(row["peak_mb"] or None)), (row["read_mb"] + row["written_mb"], _moved(row) if ran else DASH),
        (row["attempt"], str(row["attempt"] or DASH)),
    )  # fmt: skip
    cells = "".join(f'<td class="n" data-v="{-1 if value is None else value:g}">{told}</td>' for value, told in numbers)
    crit = ' <span class="critical">critical path</span>' if row["critical"] else ""
    why = row["reason"] or (row["hold"] or {}).get("reason", "")
    name = e(row["name"], 200)
    return (
        f'<tr id="t-{e(row["id"])}"><td data-v="{name}"><b>{name}</b> <span class="id">{e(row["id"])}</span>{crit}</td>'
        f'<td data-v="{RANK.get(word, 9)} {e(word)}">{state(word)}</td><td class="why">{e(why, 220)}</td>'
        f"<td>{e(row['agent'] or DASH, 100)}</td>"
        f'<td class="n" data-v="{found}">{counts(row["findings"])}</td>{cells}</tr>\n'
    )


def _moved(row: Row) -> str:
    return f"{mebibytes(row['read_mb'])}, {mebibytes(row['written_mb'])}"


def environment(facts: Row) -> Iterator[str]:
    """Where it ran, on what."""
    run, machine = facts["run"], facts["machine"]
    git = run.get("git") or {}
    memory = f", {mebibytes(machine['memory_mb'])}" if machine["memory_mb"] else ""
    changed = int(git.get("changed") or 0)
    rows = (
        ("Workspace", f"<code>{e(run['workspace'])}</code>"),
        (
            "Commit",
            f"<code>{e(git['commit'], 64)}</code> {e(git.get('subject', ''), 200)}" if git.get("commit") else "",
        ),
        ("Branch", e(git.get("branch") or "none", 200) if git else "not a git checkout"),
        ("Working tree", f"{count(changed, 'file')} changed without a commit" if changed else "clean" if git else ""),
        (
            "Machine",
            f"{e(machine['name'], 200)}, {e(machine['system'], 200)}, {count(int(machine['cpus'] or 0), 'core')}{memory}",
        ),
        ("Versions", f"Callboard {e(facts['version'])}, Python {e(machine['python'])}"),
        ("Tools", ", ".join(e(tool, 80) for tool in facts["tools"])),
        ("Made", moment(facts["made"])),
    )
    yield '<dl class="panel facts">'
    yield from (f"<dt>{title}</dt><dd>{told}</dd>" for title, told in rows if told)
    yield "</dl>"


def again(facts: Row) -> Iterator[str]:
    """What to type to see the same."""
    run = facts["run"]
    git = run.get("git") or {}
    wrong = [row["task"]["name"] for row in facts["failing"]][:10] if len(facts["drawn"]) > 1 else []
    only = "".join(f" --only {shlex.quote(one_line(name))}" for name in wrong)
    words = [f"cd {shlex.quote(one_line(run['workspace']))}"]
    if git.get("commit"):
        words.append(f"git checkout {git['commit']}")
    if git.get("changed"):
        words.append(
            f"# {count(int(git['changed']), 'file')} had been changed without a commit: the commit alone may not show the same"
        )
    words.append(f"{_command(facts)}{only} --trust{'      # only what went wrong' if only else ''}")
    if facts["failing"]:
        words.append(
            f"callboard logs {facts['failing'][0]['task']['id']}      # the whole output, where the run was made"
        )
    words.append(f"callboard status {run['id']}")
    yield f'<pre class="panel log" tabindex="0" role="region" aria-label="Commands">{e(chr(10).join(words), 20_000)}</pre>'


def _command(facts: Row) -> str:
    """What starts such a run: a pipeline, or one action."""
    name, tasks = facts["run"]["name"], facts["drawn"]
    if len(tasks) == 1 and tasks[0].get("action") == name:
        return f"callboard do {shlex.quote(one_line(name))}"
    return "callboard run" if name == "default" else f"callboard run {shlex.quote(one_line(name))}"


def one_line(text: str) -> str:
    """A name as it can be typed."""
    return " ".join(text.split())
