"""The inventory of settings: who reads them, who defines them, and what does not fit."""

import fnmatch
import json
from collections import Counter, defaultdict

from callboard.api import Context, Result, counted, judged, unknown
from callboard_config.mismatches import mismatches
from callboard_config.observed import Seen, observe
from callboard_config.options import Inventory
from callboard_config.secrecy import is_secret_name
from callboard_config.settings_table import settings_blocks
from callboard_config.unread import torn_files, unread_words


def take(ctx: Context, options: Inventory) -> Result:
    """Keeps the inventory and reports what does not fit; UNKNOWN when nothing reads and nothing defines a setting."""
    seen = observe(ctx)
    torn = torn_files(ctx, seen.unread)
    gaps = [f"what is read in {unread_words(torn)}"] if torn else []
    if not seen.reads and not seen.files and not seen.dynamic:
        if seen.code_files == 0:
            return unknown("there is neither code that could read settings nor an env file")
        looked_at = f"{counted(seen.code_files, 'code file')}, none of which reads a setting"
        return judged(ctx, options.fail_on, looked_at, unchecked=gaps)
    for name, finding in mismatches(ctx.workspace, seen):
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in options.ignore):
            ctx.finding(finding)
    keep(ctx, seen)
    counts = Counter(finding.rule for finding in ctx.findings)
    ctx.show("settings", *settings_blocks(seen, counts))
    for rule in ("missing", "undocumented", "unused", "typo"):
        ctx.metric(f"config.settings.{rule}", float(counts[f"setting-{rule}"]))
    names = seen.names()
    looked_at = (
        f"{counted(len(names), 'setting')} read in {counted(seen.code_files, 'code file')}"
        f" and {counted(len(seen.files), 'env file')}"
    )
    notes = []
    with_default = len(names - {read.name for read in seen.reads if not read.default})
    if with_default:
        notes.append(f"{with_default:,} of them with a default")
    if seen.dynamic:
        notes.append(f"{counted(len(seen.dynamic), 'read')} under names made at run time")
    if len(seen.unread) > len(torn):
        more = len(seen.unread) - len(torn)
        notes.append(f"{counted(more, 'test, sample or template', 'tests, samples or templates')} could not be parsed")
    if seen.files and ctx.workspace.git_trouble:
        gaps.append(f"whether git tracks {counted(len(seen.files), 'env file')}: {ctx.workspace.git_trouble}")
    return judged(ctx, options.fail_on, looked_at, notes=notes, unchecked=gaps, outputs={"settings": len(names)})


def keep(ctx: Context, seen: Seen) -> None:
    """Keeps the inventory as JSON: names and places, never values."""
    names = sorted(seen.names() | {d.name for d in seen.defined} | {n for f in seen.files for n in f.names})
    reads: dict[str, list[dict[str, object]]] = defaultdict(list)
    for read in seen.reads:
        for name in (read.name, *read.others):
            reads[name].append(
                {
                    "path": read.path,
                    "line": read.line,
                    "how": read.how,
                    "required": read.required,
                    "default": read.default,
                }
            )
    defined: dict[str, list[dict[str, object]]] = defaultdict(list)
    for definition in seen.defined:
        defined[definition.name].append({"path": definition.path, "line": definition.line, "kind": definition.kind})
    for file in seen.files:
        for entry in file.entries:
            kind = "example" if file.example else "env"
            defined[entry.name].append({"path": file.path, "line": entry.line, "kind": kind})
    document = {
        "settings": [
            {"name": name, "secret": is_secret_name(name), "reads": reads[name], "defined": defined[name]}
            for name in names
        ],
        "files": [
            {"path": file.path, "example": file.example, "tracked": file.tracked, "names": sorted(file.names)}
            for file in seen.files
        ],
        "dynamic_reads": [{"path": path, "line": line} for path, line in seen.dynamic],
        "not_parsed": seen.unread,
    }
    place = ctx.scratch / "settings.json"
    place.write_text(json.dumps(document, indent=1), "utf-8")
    ctx.artifact(place, kind="text")
