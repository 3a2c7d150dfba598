"""Files that a GitLab pipeline includes from its own repository."""

import fnmatch
from collections.abc import Iterator
from typing import Any

from callboard.api import Context, Finding, Severity
from callboard_infra_deploy.yamlfile import Document, Unreadable, read_yaml

MOST_INCLUDED = 200
YAML = (".yml", ".yaml")


def included(ctx: Context, first: str) -> list[str]:
    """The files of the workspace that `first` includes, and those that they include; what is not there is a finding."""
    met = [first]
    for path in met:
        try:
            document = read_yaml(ctx.workspace.text(path))
        except Unreadable:
            continue
        for place, wanted in _local(document):
            found = _fitting(ctx, wanted)
            if not found and wanted:
                ctx.finding(
                    Finding(
                        rule="ci-include-missing",
                        severity=Severity.HIGH,
                        message=f"it includes '{wanted}', which is not in the repository",
                        path=path,
                        line=document.line(place),
                        help="GitLab refuses the whole pipeline; add the file, or take the include out",
                    )
                )
            met += [name for name in found if name not in met][: max(0, MOST_INCLUDED - len(met))]
    return met[1:]


def _local(document: Document) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Each local include with its place; one with variables in it is left out."""
    said: Any = document.value.get("include") if isinstance(document.value, dict) else None
    entries = list(enumerate(said)) if isinstance(said, list) else [(-1, said)]
    for number, entry in entries:
        place: tuple[str | int, ...] = ("include",) if number < 0 else ("include", number)
        wanted = entry.get("local") if isinstance(entry, dict) else entry
        if isinstance(wanted, str) and "://" not in wanted and "$" not in wanted:
            yield place, wanted.lstrip("/")


def _fitting(ctx: Context, wanted: str) -> list[str]:
    if "*" in wanted:
        return [path for path in ctx.workspace.files if path.endswith(YAML) and fnmatch.fnmatchcase(path, wanted)]
    return [wanted] if (ctx.workspace.path / wanted).is_file() and wanted in ctx.workspace.files else []
