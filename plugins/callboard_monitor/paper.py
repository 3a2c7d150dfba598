"""A report as one page of HTML that needs nothing else, and as plain text."""

from collections.abc import Sequence
from html import escape
from typing import Protocol

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c;
background: #fff }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem } .bad { color: #a3200d } .quiet { color: #666 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
border-bottom: 1px solid #ddd; overflow-wrap: break-word; min-width: 5rem; max-width: 40rem } th { font-weight: 600 }
@media (prefers-color-scheme: dark) { body { color: #e6e6e6; background: #181818 } .bad { color: #ff9b87 } .quiet { color: #aaa }
th, td { border-color: #444 } }
"""
MOST_ROWS = 500


class Parts(Protocol):
    """What a part of a report must tell."""

    title: str
    columns: tuple[str, ...]
    nothing: str
    rows: list[tuple[str, ...]]
    bad: int
    known: bool


def as_html(title: str, stamp: str, parts: Sequence[Parts]) -> str:
    """The page; all words in it are escaped, and it may load nothing and run nothing."""
    body = "\n".join(_section(part) for part in parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f'<body><h1>{escape(title)}</h1><p class="quiet">Written {escape(stamp)}.</p>\n{body}\n</body></html>\n'
    )


def _section(part: Parts) -> str:
    mark = f' <span class="bad">({part.bad})</span>' if part.bad else ""
    head = f"<h2>{escape(part.title)}{mark}</h2>"
    if not part.rows:
        return f'<section>{head}<p class="quiet">{escape(_nothing(part))}</p></section>'
    columns = "".join(f'<th scope="col">{escape(column)}</th>' for column in part.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n" for row in part.rows[:MOST_ROWS]
    )
    more = len(part.rows) - MOST_ROWS
    rest = f'<p class="quiet">{more:,} more are left out.</p>' if more > 0 else ""
    return f"<section>{head}<table><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>{rest}</section>"


def as_text(title: str, stamp: str, parts: Sequence[Parts]) -> str:
    """The same, for a terminal or a mail."""
    lines = [title, "=" * len(title), f"Written {stamp}.", ""]
    for part in parts:
        head = f"{part.title} ({part.bad})" if part.bad else part.title
        lines += [head, "-" * len(head)]
        lines += ["- " + "; ".join(_plain(cell) for cell in row if cell) for row in part.rows[:MOST_ROWS]] or [
            _nothing(part)
        ]
        lines.append("")
    return "\n".join(lines)


def _nothing(part: Parts) -> str:
    words = part.nothing if part.known else f"Not known: {part.nothing}"
    return words[:1].upper() + words[1:] + "."


def _plain(text: str) -> str:
    """Without control characters: it may be shown in a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
