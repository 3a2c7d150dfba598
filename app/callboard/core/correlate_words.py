"""What a group of symptoms is called, and its cause in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from callboard.core.case_facts import LEVELS, Cause, Symptom

KINDS = {
    "file": "file", "module": "dependency", "setting": "setting", "host": "host", "service": "setup", "fixture": "setup",
    "setup": "setup",
    "gone": "file", "committed": "file",
    "table": "setup",
    "route": "single", "missing": "file", "name": "file", "raised": "file",
}  # fmt: skip
DATA = (".toml", ".yaml", ".yml", ".json", ".ini", ".cfg", ".env", ".properties", ".conf")
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def cause_of(
    symptoms: Sequence[Symptom],
    token: tuple[str, str] | None,
    said: str,
    kind: str,
    changed: Mapping[str, Any],
    backlog: frozenset[str] = frozenset(),
) -> Cause:
    """Why these are one case, by the token that they share, or else by the rule (`kind`) that joined them."""
    if len(symptoms) == 1 and (token is None or token[0] in ("raised", "setup")):
        return Cause("single", symptoms[0].path, "")
    who = _who(symptoms)
    rule, _, where = kind.partition("\x1f")
    if token is None:
        if rule == "commit":
            return Cause("commit", where, f"{where} was changed, and what goes through it fails since: {who}")
        if rule == "family":
            first = symptoms[0]
            tool = first.witnesses[0][0] if first.witnesses else first.agent
            old = "; they were there when it looked first" if first.check in backlog else ""
            words = f"{_count(len(symptoms))} findings of {tool} by the same rule, {first.rule}{old}"
            return Cause("family", first.rule, words)
        if rule == "person":
            return Cause("person", "", "a person joined such symptoms before")
        waits = [symptom for symptom in symptoms if symptom.rule == "task-skipped"]
        first = next((symptom for symptom in symptoms if symptom.rule != "task-skipped"), symptoms[0])
        if waits:
            return Cause(
                "upstream", first.check, f"{first.check} failed, and {_count(len(waits))} that need it could not start"
            )
        return Cause("single", first.path, "")
    name, about = token
    if rule == "commit" and name in ("route", "table"):
        return Cause("commit", where, f"{where} was changed, and what goes through it fails since: {who}")
    if name == "gone":
        word, _, path = about.partition(" of ")
        data = is_data(path)
        return Cause("setting" if data else "commit", word if data else path, f"{said}: {who}")
    place = about.rpartition(" at ")[2].rpartition(":")[0] if name == "raised" else about
    if name == "raised" and place in changed:
        return Cause("commit", place, f"{said}, which was changed: {who}")
    return Cause(KINDS.get(name, "single"), place, f"{said}: {who}")


def is_data(path: str) -> bool:
    """Whether a file holds settings or data by its name."""
    return path.endswith(DATA) or path.rpartition("/")[2].startswith(".env")


def through_change(cause: Cause, said: str, path: str, symptoms: Sequence[Symptom]) -> Cause:
    """The cause of an error at one place whose code did not change, but a file that it goes through did."""
    return Cause("commit", path, f"{said}, which goes through {path}, and that was changed: {_who(symptoms)}")


def title_of(symptoms: Sequence[Symptom], cause: Cause, said: str) -> str:
    """One line for a list: the cause where it is known, else what the worst symptom says."""
    worst = min(
        symptoms, key=lambda symptom: (symptom.rule in ("task-skipped", "task-unknown"), LEVELS.index(symptom.severity))
    )
    match cause.kind:
        case "file" | "dependency" | "setting" | "host" | "setup" if said:
            return said[0].upper() + said[1:] if not said.startswith(cause.about) else said
        case "commit" if said and "taken out of" in said:
            return said
        case "commit":
            return f"Broken since {cause.about} was changed: {worst.title}"
        case "family":
            return f"{len(symptoms)} × {cause.about}: {worst.title}"
        case _:
            return worst.title


def _who(symptoms: Sequence[Symptom]) -> str:
    """'six checks stumbled over it', 'three tests of quality.tests fail'."""
    checks = dict.fromkeys(symptom.check for symptom in symptoms)
    if len(checks) > 1:
        return f"{_count(len(checks))} checks stumbled over it"
    if len(symptoms) > 1:
        return f"{_count(len(symptoms))} symptoms in {next(iter(checks))}"
    return f"{next(iter(checks))} saw it"


def _count(number: int) -> str:
    return COUNTS[number] if number < len(COUNTS) else f"{number:,}"
