"""The section 'Settings': each with where it is read, what it falls back to, where it is defined and for which environments."""

from collections import defaultdict

from callboard.api import Act, Block, Cell, Figure, Figures, Table
from callboard_config.ambient import is_brought
from callboard_config.defines import Definition
from callboard_config.environments import environment_of
from callboard_config.observed import Seen
from callboard_config.places import is_test
from callboard_config.read import Read
from callboard_config.secrecy import is_secret_name

MOST_ROWS = 400


def settings_blocks(seen: Seen, counts: dict[str, int]) -> list[Block]:
    """Figures, and one row for each setting of the program; tests' own and what the system brings are left out."""
    reads: dict[str, list[Read]] = defaultdict(list)
    for read in seen.reads:
        if not is_test(read.path) and not is_brought(read.name):
            reads[read.name].append(read)
    places: dict[str, list[tuple[str, int]]] = defaultdict(list)
    kinds: dict[str, set[str]] = defaultdict(set)
    for definition in seen.defined:
        _define(places, kinds, definition)
    for file in seen.files:
        for entry in file.entries:
            places[entry.name].append((file.path, entry.line))
            kinds[entry.name].add(environment_of(file.path))
    names = sorted(reads, key=lambda name: (_state(name, reads[name], places) != "bad", name))
    rows = [
        _row(name, reads[name], places[name], sorted(kinds[name]), _state(name, reads[name], places)) for name in names
    ]
    with_default = sum(all(read.default for read in each) for each in reads.values())
    figures = [
        Figure("settings read", len(reads)),
        Figure("with a default", with_default),
        Figure("missing", counts.get("setting-missing", 0), state="bad" if counts.get("setting-missing") else "good"),
        Figure("undocumented", counts.get("setting-undocumented", 0)),
        Figure("unused", counts.get("setting-unused", 0)),
        Figure("misspelt", counts.get("setting-typo", 0)),
        Figure("secrets among them", sum(is_secret_name(name) for name in reads)),
        Figure("read under names made at run time", len(seen.dynamic)),
    ]
    columns = ["Setting", "Read at", "Default", "Defined in", "For", "Secret"]
    again = Table(["Look further"], [[Cell("between environments", act=Act("Compare", "config.drift"))]])
    table = Table(columns, rows[:MOST_ROWS], more=max(0, len(rows) - MOST_ROWS))
    return [Figures(figures), table, again]


def _define(places: dict[str, list[tuple[str, int]]], kinds: dict[str, set[str]], definition: Definition) -> None:
    places[definition.name].append((definition.path, definition.line))
    kinds[definition.name].add(definition.kind)


def _state(name: str, reads: list[Read], places: dict[str, list[tuple[str, int]]]) -> str:
    names = {name, *(other for read in reads for other in read.others)}
    if any(places.get(each) for each in names):
        return "good"
    return (
        "quiet" if all(read.default for read in reads) else "bad" if any(read.required for read in reads) else "unsure"
    )


def _row(name: str, reads: list[Read], places: list[tuple[str, int]], kinds: list[str], state: str) -> list[str | Cell]:
    first = reads[0]
    more = f" and {len(reads) - 1} more" if len(reads) > 1 else ""
    if all(read.default for read in reads):
        default = Cell("yes", "good")
    elif any(read.required for read in reads):
        default = Cell("no, and stops without", "bad" if state == "bad" else "")
    else:
        default = Cell("no", "unsure" if state == "unsure" else "")
    if places:
        path, line = places[0]
        rest = f" and {len(places) - 1} more" if len(places) > 1 else ""
        where = Cell(f"{path}{rest}", "good", path, line)
    else:
        where = Cell("nowhere", "quiet" if state == "quiet" else "bad" if state == "bad" else "unsure")
    return [
        name,
        Cell(f"{first.path}:{first.line}{more}", "", first.path, first.line),
        default,
        where,
        ", ".join(kinds[:6]),
        "yes" if is_secret_name(name) else "",
    ]
