"""Asks all plugins what would mend the symptoms of a case, in a process of their own, and checks the answers."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from callboard.agents.bounded import run_bounded
from callboard.agents.catalogue import json_lines
from callboard.agents.claims import Claim
from callboard.agents.crew import ActionInfo, Catalogue
from callboard.errors import ConfigError, PluginError
from callboard.work.finding import clean
from callboard.work.fixes import Fix, Symptom
from callboard.work.options import check_options

ASK_S = 10.0
FILES_S = 70.0
LARGEST = 16_000_000
LARGEST_OPTIONS = 20_000
MOST_SYMPTOMS = 50
MOST_FIXES = 20


@dataclass(frozen=True, slots=True)
class Offer:
    """A fix that a plugin offers; `symptoms` are the places of those that it is for."""

    fix: Fix
    plugin: str
    symptoms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Offers:
    """The fixes, those that mend the most symptoms first; `troubles` are sentences about offers that are none."""

    offers: tuple[Offer, ...] = ()
    troubles: tuple[str, ...] = ()


def offers(
    symptoms: Sequence[Symptom],
    workspace: Path,
    catalogue: Catalogue,
    config: Mapping[str, Any] | None = None,
    *,
    paths: Sequence[Path] = (),
    seconds: float = ASK_S,
) -> Offers:
    """What the plugins offer for the first MOST_SYMPTOMS; each plugin has `seconds`, all together twice that; blocks meanwhile.

    A plugin that fails or offers something wrong is among the troubles and stops nothing.
    """
    asked = {
        "workspace": str(workspace),
        "config": dict(config or {}),
        "symptoms": [{**asdict(symptom), "options": dict(symptom.options)} for symptom in symptoms[:MOST_SYMPTOMS]],
        "leave_out": [plugin.name for plugin in catalogue.plugins if plugin.error and not plugin.agents],
        "paths": [str(path) for path in paths],
        "seconds": seconds,
    }
    ran = run_bounded(
        [sys.executable, "-I", "-m", "callboard.agents.fixing"],
        seconds=seconds * 2 + FILES_S,
        most_bytes=LARGEST,
        given=json.dumps(asked).encode(),
    )
    lines = json_lines(ran.output)
    if ran.code != 0 and not lines:
        return Offers((), (f"nobody can be asked for fixes: {ran.trouble or f'exit code {ran.code}'}",))
    return offers_from(lines, catalogue, len(symptoms))


def offers_from(lines: Sequence[Mapping[str, Any]], catalogue: Catalogue, symptoms: int) -> Offers:
    """The offers in what the asking process printed, every value checked; the same offer for several symptoms is one."""
    found: dict[str, Offer] = {}
    troubles: list[str] = []
    order = {plugin.name: place for place, plugin in enumerate(catalogue.plugins)}
    answers = [line for line in lines if line.get("t") == "plugin" and isinstance(line.get("name"), str)]
    for line in sorted(answers, key=lambda line: order.get(line["name"], len(order))):
        plugin = clean(line["name"], 200)
        if line.get("error"):
            troubles.append(f"plugin '{plugin}': {clean(str(line['error']), 1_000)}")
        values = line.get("fixes")
        for value in values if isinstance(values, list) else ():
            try:
                place, fix = _fix(value, catalogue, plugin)
            except PluginError as error:
                troubles.append(str(error))
                continue
            key = json.dumps([fix.action, fix.options], sort_keys=True, default=str)
            before = found.get(key)
            if before is not None:
                found[key] = Offer(before.fix, before.plugin, tuple(sorted({*before.symptoms, place})))
            elif 0 <= place < symptoms:
                found[key] = Offer(fix, plugin, (place,))
    ranked = sorted(found.values(), key=lambda offer: -len(offer.symptoms))
    return Offers(tuple(ranked[:MOST_FIXES]), tuple(troubles[:MOST_FIXES]))


def _fix(value: Any, catalogue: Catalogue, plugin: str) -> tuple[int, Fix]:
    claim = Claim(value, f"a fix of plugin '{plugin}'")
    action = claim.text("action", longest=200)
    claim.where = f"fix '{action}' of plugin '{plugin}'"
    described = catalogue.action(action)
    if described is None:
        known = get_close_matches(action, [info.name for info in catalogue.actions], n=2)
        hint = f"; did you mean {' or '.join(map(repr, known))}?" if known else ""
        raise PluginError(f"{claim.where} names an action that nobody offers{hint}")
    trouble = unfit(described)
    if trouble:
        raise PluginError(f"{claim.where} {trouble}")
    options = claim.raw("options")
    if not isinstance(options, dict) or len(json.dumps(options)) > LARGEST_OPTIONS:
        raise PluginError(f"options of {claim.where} must be a mapping of at most {LARGEST_OPTIONS:,} bytes")
    given = {key: option for key, option in options.items() if option is not None}
    try:
        check_options(described.schema, given, claim.where)
    except ConfigError as error:
        raise PluginError(str(error)) from error
    place = value.get("symptom")
    if not isinstance(place, int) or isinstance(place, bool):
        raise PluginError(f"{claim.where} says no symptom")
    return place, Fix(action, given, claim.text("words", longest=300), claim.texts("tests"))


def unfit(action: ActionInfo) -> str:
    """Why an action cannot be one that only proposes a patch; '' when it may be."""
    if action.effects.environment:
        return f"would change '{action.effects.environment}'; a fix only proposes a patch"
    if not action.effects.idempotent:
        return "is not idempotent; a fix only proposes a patch, which may be made twice"
    return ""
