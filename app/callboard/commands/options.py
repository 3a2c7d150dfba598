"""Options of actions as they are typed: `-o key=value`, `-o job.key=value`."""

from collections.abc import Sequence

from callboard.errors import ConfigError

Typed = dict[str, str | list[str]]


def action_options(words: Sequence[str]) -> Typed:
    """The texts by option; one that is given more than once becomes a list. Raises `ConfigError` for what has no '='."""
    found: Typed = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"'{word[:100]}' is no option; write it as key=value")
        _add(found, key.strip(), value)
    return found


def job_options(words: Sequence[str]) -> dict[str, Typed]:
    """The texts by job and option, of 'quality.tests.timeout=60'. Raises `ConfigError` for what has no job or no '='."""
    found: dict[str, Typed] = {}
    for word in words:
        key, equals, value = word.partition("=")
        job, dot, option = key.strip().rpartition(".")
        if not (equals and dot and job and option):
            raise ConfigError(f"'{word[:100]}' is no option of a job; write it as job.key=value")
        _add(found.setdefault(job, {}), option, value)
    return found


def _add(found: Typed, key: str, value: str) -> None:
    known = found.get(key)
    found[key] = value if known is None else [*([known] if isinstance(known, str) else known), value]
