"""Who answers for a control: by CODEOWNERS, or by the agent's settings."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from callboard.api import Workspace
from callboard_security.controls.control import Control, Judgement
from callboard_security.controls.tree import CODEOWNERS


def owner_rules(workspace: Workspace) -> list[tuple[re.Pattern[str], str]]:
    """(which paths, who) of the first CODEOWNERS, in the order of its lines; of several that fit the last counts."""
    path = next((path for path in CODEOWNERS if (workspace.path / path).is_file()), "")
    rules = []
    for line in workspace.text(path).splitlines() if path else ():
        words = line.split("#")[0].split()
        if len(words) > 1 and not words[0].startswith(("[", "^[", "!")):
            rules.append((pattern_of(words[0]), " ".join(words[1:])))
    return rules


def pattern_of(text: str) -> re.Pattern[str]:
    """The pattern of a CODEOWNERS line, as of a .gitignore: a slash within fastens it to the top, a folder holds all below it."""
    bare = text.strip("/")
    fast = "/" in text.rstrip("/")
    parts = []
    for piece in re.split(r"(\*\*/|\*\*|\*|\?)", bare):
        parts.append({"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece)))
    below = "/.*" if text.endswith("/") else "" if text.endswith("/*") else "(?:/.*)?"
    return re.compile(("" if fast else "(?:.*/)?") + "".join(parts) + below)


def owner_of(
    control: Control, judgement: Judgement, rules: Sequence[tuple[re.Pattern[str], str]], settings: Mapping[str, Any]
) -> str:
    """The owner that `[agents.security] owners` names for the control, else that of its evidence, else `owner`, else ''."""
    named = settings.get("owners", {})
    if isinstance(named, Mapping) and isinstance(named.get(control.name), str):
        return str(named[control.name])
    for path in [*(place.path for place in judgement.evidence if place.path), control.area or "README.md"]:
        for pattern, who in reversed(rules):
            if pattern.fullmatch(path):
                return who
    whole = settings.get("owner", "")
    return whole if isinstance(whole, str) else ""
