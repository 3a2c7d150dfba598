"""The run as drawings: its graph, and what ran when; both SVG without a style of its own."""

from collections.abc import Iterator, Sequence

from callboard.rows import Row
from callboard.show.graph_layout import graph
from callboard.show.report.markup import count, duration, e, shape, shown, spent, tone

MOST_NODES = 300
MOST_BARS = 400
LONGEST_NAME = 22
FITS = 1_500
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
MOST_TICKS = 6


def graph_svg(tasks: Sequence[Row]) -> Iterator[str]:
    """The graph of a run that has one; a large one is said to be too large."""
    if len(tasks) < 2 or not any(task["depends"] or task["after"] for task in tasks):
        return
    if len(tasks) > MOST_NODES:
        yield f'<p class="left">A picture of {count(len(tasks), "task")} would help nobody; the tasks are listed below.</p>'
        return
    drawn = graph(tasks)
    rows = {task["id"]: task for task in tasks}
    width, height = drawn["width"], drawn["height"]
    fits = "fits" if width <= FITS else "wide"
    yield f'<div class="scroll panel" tabindex="0" role="region" aria-label="Graph"><svg class="graph {fits}" width="{width:g}" '
    yield f'height="{height:g}" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{_graph_words(tasks)}">'
    for edge in drawn["edges"]:
        both = rows[edge["from"]]["critical"] and rows[edge["to"]]["critical"]
        kind = " after" if edge["kind"] == "after" else " crit" if both else ""
        yield f'<path class="edge{kind}" d="{edge["path"]}"/>'
    for node in drawn["nodes"]:
        yield _node(node, rows[node["id"]])
    yield "</svg></div>"
    yield '<p class="legend"><span class="crit">critical path</span><span>needs success</span>'
    yield '<span class="after">only after</span></p>'


def _node(node: Row, task: Row) -> str:
    word = shown(task)
    seconds = spent(task)
    below = word if seconds is None else f"{word} · {duration(seconds)}"
    name = task["name"]
    cut = name if len(name) <= LONGEST_NAME else f"{name[:10]}…{name[11 - LONGEST_NAME :]}"
    mark = f'<circle class="crit" cx="{node["w"] - 9:g}" cy="9" r="3"/>' if task["critical"] else ""
    return (
        f'<g class="node {tone(word)}" transform="translate({node["x"]:g} {node["y"]:g})"><title>{e(name)}: {e(below)}</title>'
        f'<rect class="box" width="{node["w"]:g}" height="{node["h"]:g}" rx="6"/>'
        f'<rect class="stripe" y="6" width="3" height="{node["h"] - 12:g}" rx="1.5"/>'
        f'<g class="shape" transform="translate(10 8) scale(.9)">{shape(word)}</g>'
        f'<text x="30" y="19">{e(cut)}</text><text class="sub" x="30" y="35">{e(below)}</text>{mark}</g>'
    )


def _graph_words(tasks: Sequence[Row]) -> str:
    return f"{count(len(tasks), 'task')} with what each waits for; the table of tasks says the same in words"


def gantt(tasks: Sequence[Row]) -> Iterator[str]:
    """A row for each task that ran, the first to start on top: a thin line while it was ready and waited, a bar while it ran."""
    ran = sorted((task for task in tasks if task["started"]), key=lambda task: (task["started"], task["id"]))
    if not ran:
        return
    begin = min(task["started"] for task in ran)
    end = max(max(task["ended"] or task["started"] for task in ran), begin + 0.1)
    span = (end - begin) * 1.01
    step = next((step for step in STEPS if span / step <= MOST_TICKS), STEPS[-1])
    ticks = [n * step for n in range(int(span * 0.95 // step) + 1)]
    yield '<div class="panel gantt"><div class="g-row g-axis"><span></span><svg height="22" aria-hidden="true">'
    yield "".join(
        f'<text x="{_part(at, span)}" y="15">{"start" if not at else f"+{duration(at)}"}</text>' for at in ticks
    )
    yield "</svg></div>"
    lines = "".join(f'<line x1="{_part(at, span)}" x2="{_part(at, span)}" y1="0" y2="100%"/>' for at in ticks)
    for task in ran[:MOST_BARS]:
        yield _bar(task, begin, span, lines)
    yield "</div>"
    if len(ran) > MOST_BARS:
        yield f'<p class="left">The first {MOST_BARS} of {count(len(ran), "task")} that ran.</p>'


def _bar(task: Row, begin: float, span: float, lines: str) -> str:
    word = shown(task)
    start = task["started"] - begin
    length = (task["ended"] or task["started"]) - task["started"]
    ready = max(0.0, (task["ready"] or task["started"]) - begin)
    waits = f'<rect class="waited" x="{_part(ready, span)}" y="9" width="{_part(start - ready, span)}" height="2"/>' * (
        start - ready > span / 400
    )
    words = f"{task['name']}: {word}, from {duration(start)} to {duration(start + length)} after the start, {duration(length)}"
    x, wide = _part(start, span), _part(max(length, span / 300), span)
    return (
        f'<div class="g-row {tone(word)}"><a href="#t-{e(task["id"])}">{e(task["name"], 80)}</a>'
        f'<svg height="20" role="img" aria-label="{e(words)}"><title>{e(words)}</title>{lines}{waits}'
        f'<rect class="bar" x="{x}" y="4" width="{wide}" height="12" rx="2.5"/></svg></div>'
    )


def _part(seconds: float, span: float) -> str:
    return f"{100 * seconds / span:.3f}%"
