"""Planted causes with what real tools said of them: one JSON file each, read as looks, symptoms and a scene.

Each file came from a small repository with one broken file, missing dependency, wrong setting or the like, and independent faults
beside it, on which the real jobs ran once. `causes` says by symptom what was planted, 'any' where several causes are right.
"""

import itertools
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from callboard.core.case_facts import Symptom
from callboard.core.cases import Taught
from callboard.core.correlate import correlate, pairs
from callboard.core.correlate_scene import Group, Known, Region, Scene
from callboard.learn.symptoms import Look, needed_in_vain, seen_by
from callboard.learn.symptoms_trace import Trace, traced

FOLDER = Path(__file__).parent / "learn" / "scenarios"
UNSEEN = FOLDER.parent / "unseen"
REPO = Path("/repo")
AT = 1_000.0
ANY = "any"
_PLACE = re.compile(r"\((in )?(?=[\w.-]+(?:/[\w.-]+)*\.\w+:\d)")


@dataclass(frozen=True, slots=True)
class Scenario:
    """What was seen, in the order in which it was, and by symptom which cause was planted."""

    name: str
    base: str
    held_out: bool
    symptoms: tuple[Symptom, ...]
    scene: Scene
    causes: dict[str, str]

    @property
    def truth(self) -> set[tuple[str, str]]:
        """The pairs of symptoms that have one cause."""
        by: dict[str, list[str]] = {}
        for key, cause in self.causes.items():
            if cause != ANY:
                by.setdefault(cause, []).append(key)
        return {pair for keys in by.values() for pair in itertools.combinations(sorted(keys), 2)}


@dataclass(slots=True)
class Score:
    """Pairs that are joined rightly, of all that should be, and wrongly, of all that were joined."""

    right: int = 0
    wanted: int = 0
    wrong: int = 0
    joined: int = 0

    def add(self, scenario: Scenario, groups: Iterable[Iterable[Symptom]]) -> bool:
        """Counts one scenario; whether it was as it should be."""
        got = pairs([s for s in group if scenario.causes[s.key] != ANY] for group in groups)
        want = scenario.truth
        self.right += len(got & want)
        self.wanted += len(want)
        self.wrong += len(got - want)
        self.joined += len(got)
        return got == want

    @property
    def recall(self) -> float:
        """The share of pairs with one cause that were joined."""
        return self.right / self.wanted

    @property
    def mistaken(self) -> float:
        """The share of joined pairs that have two causes."""
        return self.wrong / max(1, self.joined)


def scenarios(folder: Path = FOLDER) -> list[Scenario]:
    """All of them; those of UNSEEN were made before the rules were read, and say with `first_time` how many pairs were joined
    rightly then, of how many, and how many wrongly."""
    return [_read(json.loads(path.read_text("utf-8"))) for path in sorted(folder.glob("*.json"))]


def _read(row: dict[str, Any]) -> Scenario:
    symptoms: list[Symptom] = []
    needs: dict[str, str] = {}
    for place, task in enumerate(row["tasks"]):
        seen = seen_by(_look(row, place, task)).symptoms
        symptoms += seen
        if task["state"] == "skipped":
            needs |= {symptom.key: needed_in_vain(task["reason"]) for symptom in seen}
    scene = Scene(
        changed={path: [Region(*one) for one in regions] for path, regions in row["changed"].items()},
        gone=row["gone"],
        reaches=row["reaches"],
        mentions={key: frozenset(names) for key, names in row["mentions"].items()},
        starts=row.get("starts", {}),
        nearest=row.get("nearest", {}),
        needs=needs,
        fresh=frozenset(symptom.key for symptom in symptoms),
    )
    return Scenario(row["name"], row["base"], row["held_out"], tuple(symptoms), scene, row["causes"])


def _look(row: dict[str, Any], place: int, task: dict[str, Any]) -> Look:
    state = task["state"]
    return Look(
        str(REPO), 1, place, task["name"], task["agent"], task["action"], state, task["verdict"] or "", task["how"] or "",
        task["reason"], 1, AT + place, findings=[dict(zip(row["fields"], one, strict=True)) for one in task["findings"]],
        trace=Trace(*task["trace"]) if "trace" in task else traced(task["log"], REPO) if task["log"] else Trace(),
        waits_for=needed_in_vain(task["reason"]) if state == "skipped" else "",
    )  # fmt: skip


def one_after_the_other(scenario: Scenario, seed: int = 0, *, joins: bool = True) -> list[list[Symptom]]:
    """The cases as they come to be when each task is looked at as it ends, in another order by each seed but 0; what waits is
    told right after that for which it waits."""
    cases: dict[int, tuple[Group, dict[str, Symptom]]] = {}
    last = 0
    by_task: dict[str, list[Symptom]] = {}
    for symptom in scenario.symptoms:
        by_task.setdefault(symptom.check, []).append(symptom)
    tasks = list(by_task.values())
    if seed:
        random.Random(seed).shuffle(tasks)
    waiting = [some for some in tasks if any(symptom.key in scenario.scene.needs for symptom in some)]
    needs = scenario.scene.needs
    order: list[list[Symptom]] = []
    for some in (some for some in tasks if some not in waiting):
        order += [some, *(late for late in waiting if needs.get(late[0].key) == some[0].check)]
    for some in (*order, *(some for some in waiting if some not in order)):
        known = [Known(n, group.cause, tuple(held.values()), may_join=joins) for n, (group, held) in cases.items()]
        for group in correlate(some, scenario.scene, known, Taught()):
            last += not group.case
            number = group.case or last
            _, held = cases.get(number, (group, {}))
            for join in group.joins:
                cases[join.into][1].update(cases.pop(join.case)[1])
            held |= {symptom.key: symptom for symptom in group.symptoms}
            cases[number] = (group, held)
    return [list(held.values()) for _, held in cases.values()]


def mixed(given: Sequence[Scenario], seed: int, number: int) -> Iterator[Scenario]:
    """Two or three scenarios at one time, as projects of one repository, in any order."""
    dice = random.Random(seed)
    by_base: dict[str, list[Scenario]] = {}
    for scenario in given:
        by_base.setdefault(scenario.base, []).append(scenario)
    for _ in range(number):
        bases = dice.sample(sorted(by_base), dice.choice((2, 3)))
        parts = [_in_folder(dice.choice(by_base[base])) for base in bases]
        symptoms = [symptom for part in parts for symptom in part.symptoms]
        dice.shuffle(symptoms)
        scene = Scene(
            changed={path: places for part in parts for path, places in part.scene.changed.items()},
            gone={word: path for part in parts for word, path in part.scene.gone.items()},
            reaches={path: files for part in parts for path, files in part.scene.reaches.items()},
            mentions={key: names for part in parts for key, names in part.scene.mentions.items()},
            starts={check: files for part in parts for check, files in part.scene.starts.items()},
            nearest={path: file for part in parts for path, file in part.scene.nearest.items()},
            needs={key: check for part in parts for key, check in part.scene.needs.items()},
            fresh=frozenset(symptom.key for symptom in symptoms),
        )
        causes = {key: cause for part in parts for key, cause in part.causes.items()}
        name = " + ".join(part.name for part in parts)
        yield Scenario(name, "", False, tuple(symptoms), scene, causes)


def _in_folder(given: Scenario) -> Scenario:
    """The scenario as it is when its repository is a folder of a larger one."""

    def path(name: str) -> str:
        return f"{given.base}/{name}" if name else ""

    def check(name: str) -> str:
        return f"{name}:{given.base}"

    keys: dict[str, str] = {}
    symptoms = []
    for symptom in given.symptoms:
        message = _PLACE.sub(lambda found: f"({found[1] or ''}{given.base}/", symptom.message)
        if symptom.rule == "unparsable":
            message = message.replace(symptom.path, path(symptom.path))
        moved = replace(symptom, check=check(symptom.check), path=path(symptom.path), message=message)
        keys[symptom.key] = moved.key
        symptoms.append(moved)
    scene = given.scene
    return Scenario(
        given.name, given.base, given.held_out, tuple(symptoms),
        Scene(
            changed={path(name): places for name, places in scene.changed.items()},
            gone={word: path(name) for word, name in scene.gone.items()},
            reaches={path(name): tuple(map(path, files)) for name, files in scene.reaches.items()},
            mentions={keys[key]: names for key, names in scene.mentions.items()},
            starts={check(name): tuple(map(path, files)) for name, files in scene.starts.items()},
            nearest={path(name): path(file) for name, file in scene.nearest.items()},
            needs={keys[key]: check(name) for key, name in scene.needs.items()},
        ),
        {keys[key]: cause if cause == ANY else f"{given.name}: {cause}" for key, cause in given.causes.items()},
    )  # fmt: skip
