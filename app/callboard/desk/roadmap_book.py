"""The roadmap as the files and `callboard.toml` say it now, read again only when something changed."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from callboard.config import CONFIG_NAME, Config, default_config, read_config
from callboard.core.roadmap import LAYERS, Placing, circle_words, find_circle
from callboard.core.roadmap_order import Lane, Sheet
from callboard.errors import ConfigError
from callboard.link.openspec import Change, Reader, Roadmap
from callboard.link.openspec.layers import Placed, layers_of

SOON_S = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """One look: what the folder holds, what `callboard.toml` says of it, and a stamp that is equal as long as both are."""

    roadmap: Roadmap
    config: Config
    trouble: str
    at: float
    stamp: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a change belongs and what it comes after, each with why; `rank` counts within the layer."""

    layer: str
    layer_why: str
    after: tuple[str, ...] = ()
    after_why: str = ""
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Arranged:
    """All changes in their order, with their places, and the sheet by which the order of work is judged."""

    order: tuple[Change, ...]
    places: Mapping[str, Place]
    sheet: Sheet
    circle: str = ""
    waiting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Book:
    """Keeps the newest reading of one workspace; any thread may ask."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._reader: Reader | None = None
        self._folder = ""
        self._config: Config = default_config(workspace)
        self._config_stamp: tuple[int, int, int] | None = None
        self._trouble = ""
        self._last: Reading | None = None
        self._looked = float("-inf")
        self._lock = threading.Lock()

    def last(self) -> Reading:
        """The newest reading, however old; the first one is made now."""
        return self._last or self.look()

    def look(self, *, anew: bool = False) -> Reading:
        """Looks whether something changed, unless somebody did a moment ago; with `anew` in any case."""
        with self._lock:
            if not anew and self._last is not None and time.monotonic() - self._looked < SOON_S:
                return self._last
            self._read_config()
            folder = self._config.roadmap.roadmap.folder
            if self._reader is None or folder != self._folder:
                self._reader, self._folder = Reader(self._workspace, folder), folder
            found = self._reader.read()
            stamp = (found.signature, self._config_stamp, self._trouble)
            if self._last is None or self._last.stamp != stamp:
                self._last = Reading(found, self._config, self._trouble, time.time(), stamp)
            elif anew:
                self._last = replace(self._last, at=time.time())
            self._looked = time.monotonic()
            return self._last

    def _read_config(self) -> None:
        """A broken file leaves what it said before in force, and says so."""
        stamp = _stamp(self._workspace / CONFIG_NAME)
        if stamp == self._config_stamp and self._reader is not None:
            return
        self._config_stamp = stamp
        try:
            self._config, self._trouble = read_config(self._workspace), ""
        except ConfigError as error:
            self._trouble = str(error)


def _stamp(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def arranged(reading: Reading, placed: Mapping[str, Placing]) -> Arranged:
    """Layer and order of every change: a person's word before `callboard.toml`, that before the files."""
    layers = layers_of(reading.roadmap, reading.config.roadmap)
    places = {
        change.id: _place(change, reading, layers[change.id], placed.get(change.id, Placing()))
        for change in reading.roadmap.changes
    }
    order: list[Change] = []
    for layer in LAYERS:
        mine = [change for change in reading.roadmap.changes if places[change.id].layer == layer]
        order += _ranked(mine, placed)
    ranks: dict[str, int] = dict.fromkeys(LAYERS, 0)
    for change in order:
        place = places[change.id]
        places[change.id] = replace(place, rank=ranks[place.layer])
        ranks[place.layer] += 1
    after = {change.id: places[change.id].after for change in order}
    lanes = {
        change.id: Lane(change.id, tuple((task.ref, task.done) for task in change.tasks), after[change.id])
        for change in order
    }
    circle = find_circle(after)
    old = reading.roadmap.archived
    sheet = Sheet(lanes, frozenset((*(one.id for one in old), *(f"{one.date}-{one.id}" for one in old))))
    return Arranged(tuple(order), places, sheet, circle_words(circle) if circle else "", after)


def _place(change: Change, reading: Reading, rule: Placed, said: Placing) -> Place:
    own = reading.config.roadmap.changes.get(change.id)
    layer, why = rule.layer, rule.why
    if said.layer:
        layer, why = said.layer, said.by.get("layer", "")
    sources: dict[str, tuple[str, ...]] = {}
    if change.depends_on:
        sources["its .openspec.yaml depends on them"] = change.depends_on
    if own is not None and own.after:
        sources[f"[changes.{change.id}] of callboard.toml says so"] = own.after
    if said.after:
        sources[said.by.get("after", "")] = said.after
    names = dict.fromkeys(name for names in sources.values() for name in names)
    after = tuple(name for name in names if name != change.id)
    return Place(layer, why, after, "; ".join(words for words, names in sources.items() if names))


def _ranked(changes: list[Change], placed: Mapping[str, Placing]) -> list[Change]:
    """In their usual order, but for those that somebody put at a place; the one put there last counts."""
    ranks = {
        change.id: placed[change.id] for change in changes if change.id in placed and placed[change.id].rank is not None
    }
    found = [change for change in changes if change.id not in ranks]
    for change in sorted((c for c in changes if c.id in ranks), key=lambda c: (ranks[c.id].rank, ranks[c.id].at)):
        found.insert(min(ranks[change.id].rank or 0, len(found)), change)
    return found
