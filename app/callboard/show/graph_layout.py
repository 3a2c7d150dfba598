"""Places the tasks of a run in layers from left to right, so that the pages only have to draw."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

NODE_WIDTH = 216.0
NODE_HEIGHT = 46.0
COLUMN_GAP = 64.0
ROW_GAP = 16.0
MARGIN = 24.0
SWEEPS = 10
MOST_BENDS = 4000
POINT_HEIGHT = 8.0

Pair = tuple[int, int]
Size = tuple[float, float]
Points = dict[Pair, list[int]]


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow from the task that comes first to the one that waits for it; `kind` is 'depends' or 'after'."""

    source: str
    target: str
    kind: str


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node begins from the left, and how large it is, in pixels."""

    left: float
    width: float
    height: float


def graph(tasks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The drawing of these task rows: nodes with x, y, w, h (in pixels), edges with an SVG path, width and height.

    Every edge points to a later column and nodes never overlap. Arrows to tasks that are not among the rows are left
    out; arrows that close a circle are drawn, and ignored for the columns. The same rows give the same drawing.
    """
    names = [str(task["id"]) for task in tasks]
    return placed(names, [(NODE_WIDTH, NODE_HEIGHT)] * len(names), _edges(tasks))


def placed(
    names: Sequence[str], sizes: Sequence[Size], edges: Iterable[Edge], order: Sequence[float] | None = None
) -> dict[str, Any]:
    """The drawing of nodes of these sizes (width, height). With `order`, arrows against it do not count for the columns."""
    place = {name: index for index, name in enumerate(names)}
    edges = [edge for edge in edges if edge.source in place and edge.target in place]
    pairs = sorted({(place[edge.source], place[edge.target]) for edge in edges if edge.source != edge.target})
    along = [(a, b) for a, b in pairs if order is None or (order[a], a) < (order[b], b)]
    layer = layers(len(names), along)
    forward = [pair for pair in pairs if layer[pair[0]] < layer[pair[1]]]
    points = _bend(forward, layer)
    columns = _columns(layer)
    links = [(a, b) for chain in points.values() for a, b in pairwise(chain)]
    _untangle(columns, links, len(layer))
    boxes = _boxes(columns, sizes, len(layer))
    tops = _rows(columns, links, boxes)
    nodes: list[dict[str, Any]] = [
        {"id": name, "x": boxes[index].left, "y": round(tops[index], 1), "w": sizes[index][0], "h": sizes[index][1]}
        for name, index in place.items()
    ]
    drawn = [
        {
            "from": edge.source,
            "to": edge.target,
            "kind": edge.kind,
            "path": _path(points.get(pair, list(pair)), boxes, tops),
        }
        for edge in edges
        if (pair := (place[edge.source], place[edge.target]))[0] != pair[1]
    ]
    return {
        "nodes": nodes,
        "edges": drawn,
        "width": max((node["x"] + node["w"] for node in nodes), default=0.0) + MARGIN,
        "height": round(max((top + box.height for top, box in zip(tops, boxes, strict=True)), default=0.0) + MARGIN, 1),
    }


def _boxes(columns: Sequence[Sequence[int]], sizes: Sequence[Size], count: int) -> list[Box]:
    """Where each node begins and how large it is; a point is as wide as its column."""
    boxes = [Box(0.0, 0.0, 0.0)] * count
    left = MARGIN
    for column in columns:
        width = max((sizes[node][0] for node in column if node < len(sizes)), default=NODE_WIDTH)
        for node in column:
            own = sizes[node] if node < len(sizes) else (width, POINT_HEIGHT)
            boxes[node] = Box(left, own[0], own[1])
        left += width + COLUMN_GAP
    return boxes


def _edges(tasks: Iterable[Mapping[str, Any]]) -> list[Edge]:
    found: dict[tuple[str, str], Edge] = {}
    for task in tasks:
        for kind in ("after", "depends"):
            for source in task.get(kind) or ():
                found[str(source), str(task["id"])] = Edge(str(source), str(task["id"]), kind)
    return list(found.values())


def layers(count: int, pairs: Iterable[Pair]) -> list[int]:
    """The column of each node: one more than the last it waits for (Kahn); what a circle holds stays in column 0."""
    later: list[list[int]] = [[] for _ in range(count)]
    open_ends = [0] * count
    for a, b in pairs:
        later[a].append(b)
        open_ends[b] += 1
    layer = [0] * count
    ready = [node for node in range(count) if not open_ends[node]]
    for node in ready:
        for other in later[node]:
            layer[other] = max(layer[other], layer[node] + 1)
            open_ends[other] -= 1
            if not open_ends[other]:
                ready.append(other)
    return layer


def _bend(pairs: Sequence[Pair], layer: list[int]) -> Points:
    """Each edge as a chain of neighbours; appends one invisible point per column that it crosses to `layer`."""
    chains: Points = {}
    left = MOST_BENDS
    for a, b in sorted(pairs, key=lambda pair: layer[pair[1]] - layer[pair[0]]):
        between = range(layer[a] + 1, layer[b])
        if len(between) > left:
            chains[a, b] = [a, b]
            continue
        left -= len(between)
        chain = [a]
        for column in between:
            chain.append(len(layer))
            layer.append(column)
        chains[a, b] = [*chain, b]
    return chains


def _columns(layer: Sequence[int]) -> list[list[int]]:
    columns: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for node, column in enumerate(layer):
        columns[column].append(node)
    return columns


def _neighbours(links: Iterable[Pair], count: int) -> tuple[list[list[int]], list[list[int]]]:
    before: list[list[int]] = [[] for _ in range(count)]
    behind: list[list[int]] = [[] for _ in range(count)]
    for a, b in links:
        before[b].append(a)
        behind[a].append(b)
    return before, behind


def _untangle(columns: list[list[int]], links: Sequence[Pair], count: int) -> None:
    """Reorders the columns in place: barycentre sweeps to and fro (Sugiyama), keeping the order that crosses least."""
    before, behind = _neighbours(links, count)
    rank = [0.0] * count
    for column in columns:
        _number(column, rank)
    best, fewest = [list(column) for column in columns], _crossings(columns, behind, rank)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        for column in columns if down else reversed(columns):
            _by_barycentre(column, before if down else behind, rank)
        crossings = _crossings(columns, behind, rank)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    columns[:] = best


def _by_barycentre(column: list[int], side: Sequence[Sequence[int]], rank: list[float]) -> None:
    weight = {node: sum(rank[o] for o in side[node]) / len(side[node]) if side[node] else rank[node] for node in column}
    column.sort(key=weight.__getitem__)
    _number(column, rank)


def _number(column: Sequence[int], rank: list[float]) -> None:
    for index, node in enumerate(column):
        rank[node] = float(index)


def _crossings(columns: Sequence[Sequence[int]], behind: Sequence[Sequence[int]], rank: Sequence[float]) -> int:
    """How many pairs of edges cross between neighbouring columns; counts inversions with a Fenwick tree."""
    total = 0
    for column, following in pairwise(columns):
        size = len(following)
        tree = [0] * (size + 1)
        seen = 0
        for node in column:
            ends = sorted(int(rank[other]) for other in behind[node])
            for end in ends:
                at, not_after = end + 1, 0
                while at:
                    not_after += tree[at]
                    at &= at - 1
                total += seen - not_after
            for end in ends:
                at = end + 1
                seen += 1
                while at <= size:
                    tree[at] += 1
                    at += at & -at
    return total


def _rows(columns: Sequence[Sequence[int]], links: Sequence[Pair], boxes: Sequence[Box]) -> list[float]:
    """The top of each node: as near to its neighbours' middle as the order and the room allow."""
    count = len(boxes)
    before, behind = _neighbours(links, count)
    heights = [box.height for box in boxes]
    middle = [0.0] * count
    for column in columns:
        at = 0.0
        for node in column:
            middle[node] = at + heights[node] / 2
            at += heights[node] + ROW_GAP
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for column in columns if down else reversed(columns):
            side = before if down else behind
            wanted = [sum(middle[o] for o in side[n]) / len(side[n]) if side[n] else middle[n] for n in column]
            _settle(column, wanted, heights, middle)
    top = min((middle[node] - heights[node] / 2 for node in range(count)), default=0.0)
    return [middle[node] - heights[node] / 2 - top + MARGIN for node in range(count)]


def _settle(column: Sequence[int], wanted: Sequence[float], heights: Sequence[float], middle: list[float]) -> None:
    """Moves a column to where it is wanted, in its order and with gaps: least squares by pooling adjacent violators."""
    offset, offsets = 0.0, []
    for index, node in enumerate(column):
        if index:
            offset += (heights[column[index - 1]] + heights[node]) / 2 + ROW_GAP
        offsets.append(offset)
    pools: list[tuple[float, int]] = []
    for want, shift in zip(wanted, offsets, strict=True):
        total, size = want - shift, 1
        while pools and pools[-1][0] / pools[-1][1] > total / size:
            more, members = pools.pop()
            total, size = total + more, size + members
        pools.append((total, size))
    index = 0
    for total, size in pools:
        for _ in range(size):
            middle[column[index]] = total / size + offsets[index]
            index += 1


def _path(chain: Sequence[int], boxes: Sequence[Box], tops: Sequence[float]) -> str:
    """A smooth SVG path from the right side of the first node, through the invisible points, to the last node."""
    first, *inner, last = chain
    x, y = boxes[first].left + boxes[first].width, tops[first] + boxes[first].height / 2
    words = [f"M{x:.1f},{y:.1f}"]
    for point in [*inner, last]:
        to_x, to_y = boxes[point].left, tops[point] + boxes[point].height / 2
        bend = max((to_x - x) / 2, COLUMN_GAP / 2)
        words.append(f"C{x + bend:.1f},{y:.1f} {to_x - bend:.1f},{to_y:.1f} {to_x:.1f},{to_y:.1f}")
        x, y = to_x, to_y
        if point != last:
            x += boxes[point].width
            words.append(f"L{x:.1f},{y:.1f}")
    return "".join(words)
