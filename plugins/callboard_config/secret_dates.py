"""Since when each secret of an env file is what it is: keyed hashes over time, never values."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from callboard.api import Context, keyed_hash, sealing_key
from callboard_config.defines import COMPOSE, service_variables
from callboard_config.envfiles import env_files
from callboard_config.places import is_docs, is_test
from callboard_config.secrecy import is_placeholder, is_secret_name, url_password

DATES = "secret-dates"


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """A secret that stands in a file; `digest` is its keyed hash, `tracked` whether git may have the file."""

    name: str
    path: str
    line: int
    digest: str
    tracked: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """`since` is when the value was first seen, and `changed` whether that was a change that was noticed."""

    since: datetime
    changed: bool


def secret_places(ctx: Context) -> list[SecretPlace]:
    """The secrets in env files and in compose files' variables that have a value of their own."""
    key = sealing_key(ctx.data)
    found = []
    for file in env_files(ctx):
        if not file.example and not is_test(file.path) and not is_docs(file.path):
            for entry in file.entries:
                if _is_secret(entry.name, entry.value):
                    digest = keyed_hash(key, entry.value)
                    found.append(SecretPlace(entry.name, file.path, entry.line, digest, bool(file.tracked)))
    for path in ctx.workspace.matching(*COMPOSE):
        if not is_test(path) and not is_docs(path):
            for variables in service_variables(ctx.workspace, path).values():
                for name, (value, line) in variables.items():
                    if _is_secret(name, value):
                        found.append(SecretPlace(name, path, line, keyed_hash(key, value), True))
    return found


def note_secrets(ctx: Context) -> dict[tuple[str, str], Seen]:
    """Takes down what changed since the last look, by path and name; returns since when each is what it is."""
    now = datetime.now(UTC)
    places = secret_places(ctx)

    def noted(former: Any) -> dict[str, Any]:
        table: dict[str, Any] = dict(former) if isinstance(former, dict) else {}
        for place in places:
            mark = f"{place.path}\x1f{place.name}"
            known = table.get(mark)
            if not isinstance(known, dict) or known.get("digest") != place.digest:
                table[mark] = {"digest": place.digest, "since": now.isoformat(), "changed": isinstance(known, dict)}
        return dict(list(table.items())[-5_000:])

    table = ctx.memory.update(DATES, noted, {})
    return {
        (place.path, place.name): Seen(datetime.fromisoformat(entry["since"]), bool(entry["changed"]))
        for place in places
        if (entry := table.get(f"{place.path}\x1f{place.name}"))
    }


def _is_secret(name: str, value: str) -> bool:
    if not value or "${" in value or value.startswith(("$", "<", "{{", "/run/secrets/")) or is_placeholder(value):
        return False
    return is_secret_name(name) or url_password(value) is not None
