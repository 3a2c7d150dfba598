"""The archive of the controls: what a person or an auditor opens, without Callboard."""

import csv
import html
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from callboard.api import Workspace
from callboard_security.controls.excerpts import redacted
from callboard_security.controls.scene import Evidence

AROUND = 2
MOST_PLACES = 40
DAWN = (1980, 1, 1, 0, 0, 0)
COLUMNS = (
    "control",
    "title",
    "group",
    "state",
    "why",
    "settle",
    "owner",
    "since",
    "judged",
    "owasp",
    "soc2",
    "gdpr",
    "evidence",
)
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;color:#1b1b1b}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.4rem .6rem;text-align:left;"
    "vertical-align:top}.pass{color:#0a6b2d}.fail{color:#a3122a;font-weight:600}.unknown{color:#6b4e00}"
)


def write_archive(
    place: Path, rows: Sequence[Mapping[str, Any]], evidence: Mapping[str, Sequence[Evidence]], about: Mapping[str, Any],
    workspace: Workspace,
) -> None:  # fmt: skip
    """A ZIP with index.html, controls.json, controls.csv and evidence/*.txt; the same rows give the same bytes."""
    members = {
        "index.html": _page(rows, about),
        "controls.json": json.dumps({**about, "controls": list(rows)}, indent=1, ensure_ascii=False) + "\n",
        "controls.csv": _table(rows),
        **{f"evidence/{name}.txt": _excerpts(name, places, workspace) for name, places in evidence.items() if places},
    }
    write_zip(place, members)


def write_zip(place: Path, members: Mapping[str, str | bytes]) -> None:
    """A ZIP with these members, in order of their names, without dates."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, DAWN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, members[name])


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in COLUMNS])
    return text.getvalue()


def _cell(value: Any) -> str:
    """A text for a spreadsheet: what would be a formula gets an apostrophe."""
    text = "; ".join(str(part) for part in value) if isinstance(value, (list, tuple)) else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def _page(rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> str:
    def cell(value: Any) -> str:
        return html.escape(_joined(value))

    body = "".join(
        f'<tr><td class="{cell(row["state"])}">{cell(row["state"])}</td><td>{cell(row["title"])}</td>'
        f"<td>{cell(row['why'])}{'<br><em>' + cell(row['settle']) + '</em>' if row['settle'] else ''}</td>"
        f"<td>{'<br>'.join(html.escape(place) for place in row['evidence'][:5])}</td>"
        f"<td>{cell(row['owner'] or 'nobody named')}</td><td>{cell(row['since'])}</td>"
        f"<td>{cell([*row['owasp'], *row['soc2'], *row['gdpr']])}</td></tr>\n"
        for row in rows
    )
    facts = "".join(f"<li>{html.escape(key)}: {cell(value)}</li>" for key, value in about.items())
    heads = "".join(
        f"<th>{head}</th>" for head in ("State", "Control", "Why", "Evidence", "Owner", "Since", "OWASP, SOC 2, GDPR")
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Controls</title><style>{STYLE}</style>'
        f"<h1>Controls</h1><ul>{facts}</ul><p>A control that could not be judged is unknown, never a pass. "
        "Excerpts of the evidence, redacted, are in the folder evidence.</p>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>\n{body}</tbody></table></html>\n"
    )


def _joined(value: Any) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, (list, tuple)) else str(value)


def _excerpts(name: str, places: Sequence[Evidence], workspace: Workspace) -> str:
    parts = [f"Evidence of the control '{name}'\n"]
    for place in places[:MOST_PLACES]:
        parts.append(f"\n{place}\n")
        if place.path and place.line:
            lines = workspace.text(place.path).splitlines()
            first = max(1, place.line - AROUND)
            parts += [
                f"{number:>6}{'>' if number == place.line else ' '} {redacted(lines[number - 1])}\n"
                for number in range(first, min(len(lines), place.line + AROUND) + 1)
            ]
    if len(places) > MOST_PLACES:
        parts.append(f"\nand {len(places) - MOST_PLACES} more places\n")
    return "".join(parts)
