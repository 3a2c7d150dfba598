"""Files that could not be parsed: told as everybody tells them, and what is no fault left out."""

import fnmatch
import re
from collections.abc import Iterable, Sequence

from callboard.api import Context, Severity, counted, root_cause, unparsable
from callboard_config.places import COMMENTED_JSON, is_docs, is_test

_COMMENT = re.compile(r"(?m)(?:^|[\s{\[,])(?://|/\*)")
# comments are allowed in these, so that it is the parser here that does not know their format
OWN_FORMAT = ("*.js", "*.jsx", "*.mjs", "*.cjs", "*.ts", "*.tsx", "*.mts", "*.cts", "*.vue", "*.svelte", "*.astro",
              "*.yml", "*.yaml", "*.ini", "*.cfg", "*.conf", "*.properties")  # fmt: skip


def torn_files(ctx: Context, paths: Iterable[str]) -> list[str]:
    """Reports the files that no program can read, and returns them; templates, tests, samples, and formats of which only a
    part is understood here, are none."""
    found = []
    for path in paths:
        name = path.rpartition("/")[2]
        cause = root_cause(ctx.workspace, path)
        if cause is None and (
            any(fnmatch.fnmatchcase(name, pattern) for pattern in OWN_FORMAT) or _is_commented(ctx, path)
        ):
            continue
        if is_test(path) or is_docs(path) or (cause is not None and cause.is_meant):
            continue
        ctx.finding(unparsable(path, "it has another form than its name says", severity=Severity.MEDIUM))
        if not ctx.findings[-1].accepted:
            found.append(path)
    return found


def unread_words(paths: Sequence[str]) -> str:
    """'3 files that cannot be parsed (a.py, b.py, …)'."""
    names = ", ".join(paths[:2]) + (", …" if len(paths) > 2 else "")
    return f"{counted(len(paths), 'file')} that cannot be parsed ({names})"


def _is_commented(ctx: Context, path: str) -> bool:
    """Whether it is JSON with comments, as editors and compilers write it."""
    name = path.rpartition("/")[2]
    known = any(fnmatch.fnmatchcase(path if "/" in pattern else name, pattern) for pattern in COMMENTED_JSON)
    return known or (path.endswith(".json") and _COMMENT.search(ctx.workspace.text(path, 100_000)) is not None)
