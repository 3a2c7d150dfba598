"""What is kept of a person: later values go over earlier ones."""

from collections.abc import Mapping
from typing import Any


def over(known: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
    """`known` with `news` over it: mappings within mappings key by key, everything else as a whole; None takes a key away."""
    found = dict(known)
    for key, value in news.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping):
            before = found.get(key)
            found[key] = over(before if isinstance(before, Mapping) else {}, value)
        else:
            found[key] = value
    return found
