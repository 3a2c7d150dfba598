"""Reads and writes coverage data for Callboard, with the coverage module of the workspace's own Python (3.8 or newer).

`map OUT` writes which test ran which lines of which file; `merge OUT OLD NEW FILE...` puts data files together, with the
folder OLD of each taken for NEW.
"""

# mypy: ignore-errors

import json  # pragma: no cover
import os  # pragma: no cover
import sys  # pragma: no cover

from coverage import CoverageData  # pragma: no cover

LARGEST = 10_000_000  # pragma: no cover


def mapped(out, top):  # pragma: no cover
    """{"tests": [...], "files": {path: {"import": [lines], "by": [[lines, [numbers of tests]], ...]}}}, paths relative to `top`."""
    data = CoverageData(os.environ["COVERAGE_FILE"])
    data.read()
    numbers, files, size = {}, {}, 0
    for path in sorted(data.measured_files()):
        relative = os.path.relpath(os.path.realpath(path), os.path.realpath(top))
        if relative.startswith(".."):
            continue
        lines_of, at_import = {}, []
        for line, contexts in data.contexts_by_lineno(path).items():
            for context in contexts:
                name, bar, when = context.rpartition("|")
                name = name if bar and when in ("setup", "run", "teardown") else context
                if name:
                    lines_of.setdefault(name, []).append(line)
                else:
                    at_import.append(line)
        groups = {}
        for name, lines in lines_of.items():
            groups.setdefault(tuple(sorted(set(lines))), []).append(numbers.setdefault(name, len(numbers)))
        files[relative] = {"import": sorted(at_import), "by": [[spans(lines), who] for lines, who in groups.items()]}
        size += sum(8 * len(s) + 6 * len(who) for s, who in files[relative]["by"])
        if size > LARGEST:
            files[relative]["by"] = [[[], sorted({one for _, who in files[relative]["by"] for one in who})]]
    with open(out, "w", encoding="utf-8", errors="replace") as file:
        json.dump({"tests": list(numbers), "files": files}, file)


def spans(lines):  # pragma: no cover
    """Sorted line numbers as [first, last, first, last, ...]."""
    found = []
    for line in lines:
        if found and line == found[-1] + 1:
            found[-1] = line
        else:
            found += [line, line]
    return found


def taken_in(whole, part, renamed):  # pragma: no cover
    """Whether coverage itself (7.5 or newer) put the part in, which is many times faster than context by context."""
    try:
        whole.update(part, map_path=renamed.__getitem__)
    except TypeError:
        return False
    return True


def merged(out, pairs):  # pragma: no cover
    """Each pair is a data file and the two folders of its paths, there and here."""
    whole = CoverageData(out)
    for name, there, here in pairs:
        part = CoverageData(name)
        part.read()
        renamed = {}
        for path in part.measured_files():
            if os.path.basename(os.path.dirname(path)) == "inside" and os.path.basename(path).startswith("callboard_"):
                continue
            inside = path == there or path.startswith(there.rstrip("/") + "/")
            renamed[path] = here.rstrip("/") + path[len(there.rstrip("/")) :] if inside else path
        if len(renamed) == len(part.measured_files()) and taken_in(whole, part, renamed):
            continue
        for context in sorted(part.measured_contexts()) or [""]:
            part.set_query_context(context)
            whole.set_context(context or None)
            if part.has_arcs():
                whole.add_arcs({new: part.arcs(old) or [] for old, new in renamed.items()})
            else:
                whole.add_lines({new: part.lines(old) or [] for old, new in renamed.items()})
        if whole.measured_files():
            whole.touch_files(list(renamed.values()))  # those of which no line ran count too
    whole.write()


if __name__ == "__main__":  # pragma: no cover
    if sys.argv[1] == "map":
        mapped(sys.argv[2], sys.argv[3])
    else:
        with open(sys.argv[3], encoding="utf-8") as file:
            merged(sys.argv[2], json.load(file))
