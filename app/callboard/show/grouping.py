"""A run's picture in groups: by stage, agent, action or the name before ':'; a group that is opened shows its tasks."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from callboard.show.graph_layout import MARGIN, NODE_HEIGHT, NODE_WIDTH, ROW_GAP, Edge, graph, layers, placed

BY = ("auto", "stage", "agent", "action", "name", "task")
MOST_LOOSE = 400
MOST_DRAWN = 2_000
MOST_INSIDE = 400
MOST_GROUPS = 400
FEW, MANY = 2, 60
GROUP = (236.0, 66.0)
HEADER = 38.0
GRID_GAP = 20.0
URGENT = ("failed", "timed out", "lost", "needs decision", "running", "starting", "waiting")

Row = Mapping[str, Any]


def picture(outline: Row, by: str = "auto", opened: Collection[str] = ()) -> dict[str, Any]:
    """Nodes, edges, width and height as `graph` gives them, for an outline of a run.

    A node has a `kind`: 'task', 'group' or 'open', and a `group`; those of groups have the number of `tasks`, open ones how
    many of these are left out of the drawing. An edge between groups has a `count`; one inside of a group has an offset
    `x`, `y`. `by` is how it was grouped in the end, `choices` how many groups each way gives. `trouble` says why nothing is
    drawn.
    """
    table = _Table(outline)
    choices = {way: len(set(table.keys(way))) for way in ("stage", "agent", "action", "name")}
    by = _chosen(by, len(table.rows), choices)
    said = {"by": by, "choices": choices, "tasks": len(table.rows), "trouble": ""}
    if by == "task":
        places = list(range(len(table.rows)))
        return {**said, **table.drawn(places)}
    if choices[by] > MOST_GROUPS:
        words = f"{choices[by]} groups by {by} are too many for a picture; group by something else, or use the list"
        return {**said, "nodes": [], "edges": [], "width": 0.0, "height": 0.0, "trouble": words}
    return {**said, **table.grouped(table.keys(by), frozenset(opened))}


def _chosen(by: str, tasks: int, choices: Mapping[str, int]) -> str:
    if by == "task" and tasks <= MOST_DRAWN:
        return by
    if by in choices:
        return by
    if by == "auto" and tasks <= MOST_LOOSE:
        return "task"
    fit = [way for way in ("stage", "name", "action", "agent") if FEW <= choices[way] <= MANY]
    return fit[0] if fit else min(choices, key=lambda way: choices[way] if choices[way] > 1 else math.inf)


class _Table:
    """An outline by columns."""

    def __init__(self, outline: Row) -> None:
        self.rows: Sequence[Sequence[Any]] = outline["rows"]
        self.run = outline["run"]["id"]
        self._words = outline["words"]
        self._at = {name: place for place, name in enumerate(outline["columns"])}

    def column(self, name: str) -> list[Any]:
        """The values of all tasks, words as words."""
        at = self._at[name]
        words = self._words.get(name)
        return [words[row[at]] for row in self.rows] if words is not None else [row[at] for row in self.rows]

    def keys(self, way: str) -> list[str]:
        """The group of each task."""
        if way == "name":
            return [name.partition(":")[0] for name in self.column("name")]
        return self.column(way)

    def task(self, place: int) -> Row:
        """What `graph` wants to know of a task."""
        row = self.rows[place]
        return {
            "id": f"{self.run}.{place}",
            "depends": [f"{self.run}.{other}" for other in row[self._at["depends"]] or ()],
            "after": [f"{self.run}.{other}" for other in row[self._at["after"]] or ()],
        }

    def drawn(self, places: Sequence[int]) -> dict[str, Any]:
        """These tasks alone, with the arrows between them."""
        found = graph([self.task(place) for place in places])
        for node in found["nodes"]:
            node["kind"] = "task"
        return found

    def inside(self, places: Sequence[int]) -> dict[str, Any]:
        """The tasks of an open group: by their arrows, or as a grid where there are none."""
        own = set(places)
        links = any(
            not own.isdisjoint(self.rows[place][self._at[kind]] or ())
            for place in places
            for kind in ("depends", "after")
        )
        if links:
            return self.drawn(places)
        across = max(1, min(6, round(math.sqrt(len(places) / 3))))
        nodes: list[dict[str, Any]] = [
            {
                "id": f"{self.run}.{place}",
                "x": MARGIN + (n % across) * (NODE_WIDTH + GRID_GAP),
                "y": MARGIN + (n // across) * (NODE_HEIGHT + ROW_GAP),
                "w": NODE_WIDTH,
                "h": NODE_HEIGHT,
                "kind": "task",
            }
            for n, place in enumerate(places)
        ]
        return {
            "nodes": nodes,
            "edges": [],
            "width": max((node["x"] for node in nodes), default=0.0) + NODE_WIDTH + MARGIN,
            "height": max((node["y"] for node in nodes), default=0.0) + NODE_HEIGHT + MARGIN,
        }

    def grouped(self, keys: Sequence[str], opened: Collection[str]) -> dict[str, Any]:
        """The groups, where the tasks' own order puts them."""
        members: dict[str, list[int]] = {}
        for place, key in enumerate(keys):
            members.setdefault(key, []).append(place)
        counts, critical = self._arrows(keys)
        depth = self._depth()
        insides = {key: self.inside(self._shown(members[key])) for key in opened if key in members}
        sizes = [
            (insides[key]["width"], insides[key]["height"] + HEADER) if key in insides else GROUP for key in members
        ]
        order = [sum(depth[place] for place in places) / len(places) for places in members.values()]
        edges = [Edge(f"g:{a}", f"g:{b}", kind) for a, b, kind in counts]
        found = placed([f"g:{key}" for key in members], sizes, edges, order)
        nodes: list[dict[str, Any]] = []
        inner: list[dict[str, Any]] = []
        for node, (key, places) in zip(found["nodes"], members.items(), strict=True):
            within = insides.get(key)
            node.update(kind="open" if within else "group", group=key, tasks=len(places), left_out=0)
            nodes.append(node)
            if within:
                node["left_out"] = len(places) - len(within["nodes"])
                x, y = node["x"], node["y"] + HEADER
                nodes += [{**one, "x": one["x"] + x, "y": one["y"] + y, "group": key} for one in within["nodes"]]
                inner += [{**edge, "x": x, "y": y} for edge in within["edges"]]
        for edge in found["edges"]:
            a, b = edge["from"][2:], edge["to"][2:]
            edge["count"] = counts[a, b, edge["kind"]]
            edge["critical"] = (a, b) in critical
        return {"nodes": nodes, "edges": found["edges"] + inner, "width": found["width"], "height": found["height"]}

    def _shown(self, places: Sequence[int]) -> Sequence[int]:
        """What failed is never left out."""
        if len(places) <= MOST_INSIDE:
            return places
        state = self.column("state")
        return sorted(sorted(places, key=lambda place: _rank(state[place]))[:MOST_INSIDE])

    def _arrows(self, keys: Sequence[str]) -> tuple[Counter[tuple[str, str, str]], set[tuple[str, str]]]:
        """How many arrows there are between groups, and between which of them the critical path goes."""
        counts: Counter[tuple[str, str, str]] = Counter()
        critical: set[tuple[str, str]] = set()
        marks = self.column("critical")
        for kind in ("depends", "after"):
            at = self._at[kind]
            for place, row in enumerate(self.rows):
                for other in row[at] or ():
                    if other < len(keys) and keys[other] != keys[place]:
                        counts[keys[other], keys[place], kind] += 1
                        if marks[other] and marks[place]:
                            critical.add((keys[other], keys[place]))
        return counts, critical

    def _depth(self) -> list[int]:
        depends, after = self._at["depends"], self._at["after"]
        size = len(self.rows)
        pairs = [
            (other, place)
            for place, row in enumerate(self.rows)
            for other in (*(row[depends] or ()), *(row[after] or ()))
            if other < size
        ]
        return layers(size, pairs)


def _rank(state: str) -> int:
    return URGENT.index(state) if state in URGENT else len(URGENT)
