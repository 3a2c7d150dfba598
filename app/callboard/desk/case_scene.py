"""What is known of a case that is looked into: whether it can be run again, what was started, what plugins offer."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from callboard.agents.fixes import Offer, offers
from callboard.config import Config, read_config
from callboard.core.case_facts import Symptom
from callboard.core.case_steps import Able, Step, fresh
from callboard.core.cases import Case
from callboard.core.task import TaskSpec
from callboard.desk.patches import Patches
from callboard.errors import CallboardError, ConfigError
from callboard.learn.commits import LastPass, last_pass
from callboard.record.case_work import CaseRun, CaseWorkRecord
from callboard.record.cases import CaseRecord, Remedy
from callboard.record.patches import KeptPatch
from callboard.rows import Row, key_of
from callboard.work.finding import clean
from callboard.work.fixes import Symptom as Shown

MOST_TESTS = 20
MOST_SHOWN = 30
LOOKED = ("reproduced", "narrowed", "bisected")
REPRODUCE, NARROW, BISECT = "quality.reproduce", "quality.narrow", "quality.bisect"
NAMED = re.compile(r"(?:run it alone with \w+: |-o test=)(\S.*)$")


@dataclass(frozen=True, slots=True)
class Again:
    """How the failure of a case is run again: options for the actions, the check, the spec of its task, and its last pass."""

    options: Mapping[str, Any]
    check: str
    spec: TaskSpec
    green: LastPass | None
    git: Mapping[str, Any]
    order: bool = False


class CaseScenes(Patches):
    """Reads what the record, the pipeline and the plugins say of a case."""

    @cached_property
    def case_work(self) -> CaseWorkRecord:
        """The record of the work on cases."""
        return CaseWorkRecord(self._history.database)

    def case_config(self) -> Config | None:
        """`callboard.toml` as it is, None while it cannot be read."""
        try:
            return read_config(self.workspace)
        except ConfigError:
            return None

    def case_again(self, case: Case) -> Again | str:
        """How its failure is run again, or why it cannot be."""
        if self._catalogue.action(REPRODUCE) is None:
            return "no agent is here that runs a failure again"
        trouble = self._engine.inspect(lambda state: state.trouble_of(REPRODUCE.partition(".")[0]))
        if trouble:
            return f"agent {REPRODUCE.partition('.')[0]} {trouble}"
        why = "nothing of it is a test or a command"
        for symptom in sorted(case.symptoms.values(), key=lambda one: (bool(one.gone), -one.seen)):
            if symptom.gone or not symptom.task or not is_run(symptom):
                continue
            found = self._again(case, symptom)
            if isinstance(found, Again):
                return found
            why = found
        return why

    def _again(self, case: Case, symptom: Symptom) -> Again | str:
        key = key_of(symptom.task)
        try:
            spec = self._spec(key) if key is not None else None
        except (CallboardError, IndexError):
            spec = None
        if spec is None:
            return f"the task that saw it, {symptom.task}, is not on record any more"
        if not spec.idempotent:
            return f"{symptom.check} is not idempotent, so it is not run again by itself"
        options: dict[str, Any] = {"job": symptom.check}
        if symptom.kind == "test":
            same = [one for one in case.symptoms.values() if one.check == symptom.check and not one.gone]
            tests = [test for one in same for test in self.case_tests(one)]
            if not tests:
                return f"the ids of the tests are not known from what {symptom.check} found"
            options["tests"] = list(dict.fromkeys(tests))[:MOST_TESTS]
        elif not spec.argv:
            return f"what failed of {symptom.check} is neither a test nor a command"
        green = last_pass(self._history.database, case.workspace, symptom.check, symptom.run)
        git = self.case_work.git_of(symptom.run)
        return Again(options, symptom.check, spec, green, git, "order" in symptom.rule)

    def case_finding(self, symptom: Symptom) -> Row | None:
        """The finding behind a symptom, as it was reported last."""
        key = key_of(symptom.task) if symptom.task else None
        if key is None:
            return None
        rows = self._history.findings(run=key.run, task=key.task)
        return next((row for row in rows if row["fingerprint"] == symptom.fingerprint), None)

    def case_tests(self, symptom: Symptom) -> list[str]:
        """The ids of the tests that a symptom is about, as its finding names them."""
        row = self.case_finding(symptom)
        named = NAMED.search(row["help"]) if row is not None else None
        return [named[1]] if named else []

    def case_able(
        self,
        case: Case,
        runs: Sequence[CaseRun],
        again: Again | str,
        offered: Sequence[Offer] | None,
        *,
        all_fixes: bool,
    ) -> Able:
        """What could be done for the case now."""
        config = self.case_config()
        table = config.cases if config is not None else None
        mine = [one for one in runs if one.submitted >= case.opened]
        if all_fixes:  # a person wishes it: what was cut off is done again
            cut = {note.run for kind in LOOKED if (note := fresh(case, kind)) is not None and note.facts.get("cut")}
            mine = [one for one in mine if one.run not in cut]
        patch = self.case_patch(case)
        since = patch.at if patch is not None else 0.0
        done = {one.step for one in mine if one.step not in (Step.TRY, Step.VERIFY) or one.submitted >= since}
        tries = [one for one in mine if one.step == Step.FIX]
        left = None if offered is None else [
            offer_row(offer, fix_key(case, offer)) for offer in offered if not self._history.run_by_key(fix_key(case, offer))
        ]  # fmt: skip
        return Able(
            reruns=again if isinstance(again, str) else "",
            narrows=again if isinstance(again, str) else self._why_not_narrow(case, again),
            bisects=again if isinstance(again, str) else self._why_not_bisect(again),
            done=frozenset(Step(step) for step in done if step in list(Step)),
            patch=self.state_of_patch(patch),
            tries=len(tries),
            most_tries=1_000 if all_fixes else table.tries if table else 3,
            fixes=all_fixes or table is None or table.fixes,
            offers=left,
        )

    def _why_not_narrow(self, case: Case, again: Again) -> str:
        if self._catalogue.action(NARROW) is None:
            return "no agent is here that narrows"
        found = fresh(case, "reproduced")
        if again.order or (found is not None and found.facts.get("order")):
            return ""
        if again.green is not None and again.green.commit == again.git.get("commit") and again.git.get("changed"):
            return ""
        return "it takes one test alone, and the commit is another than the green one"

    def _why_not_bisect(self, again: Again) -> str:
        if self._catalogue.action(BISECT) is None:
            return "no agent is here that bisects"
        if again.green is None:
            return f"nobody knows a commit at which {again.check} passed: look for one with Bisect"
        if again.green.commit == again.git.get("commit"):
            return "it passed at this very commit, so no commit broke it"
        return ""

    def case_patch(self, case: Case) -> KeptPatch | None:
        """The patch that was proposed for the case last, since it was opened."""
        proposed = fresh(case, "fix-proposed")
        number = proposed.facts.get("patch") if proposed is not None else None
        return self._patches.patch(number) if isinstance(number, int) else None

    def state_of_patch(self, patch: KeptPatch | None) -> str:
        """'proposed', 'accepted', 'rejected', 'undone', 'stale', or ''."""
        if patch is None:
            return ""
        return "stale" if patch.choice == "proposed" and patch.newer else patch.choice

    def case_offers(self, case: Case) -> list[Offer]:
        """What the plugins offer for what is there of the case, what helped before in this workspace first; asks them in a process
        of its own, which takes a moment."""
        config = self.case_config()
        present = [symptom for symptom in case.symptoms.values() if not symptom.gone][:MOST_SHOWN]
        shown = [self._shown(case, symptom) for symptom in present]
        found = offers(shown, self.workspace, self._catalogue, config.table if config else {}).offers
        families = list(dict.fromkeys(symptom.family for symptom in present if symptom.family))
        return best_first(found, CaseRecord(self._history.database).remedies(families, case.workspace))

    def _shown(self, case: Case, symptom: Symptom) -> Shown:
        row = self.case_finding(symptom) or {}
        key = key_of(symptom.task) if symptom.task else None
        try:
            spec = self._spec(key) if key is not None else None
        except (CallboardError, IndexError):
            spec = None
        found = fresh(case, "reproduced")
        tool = (
            row["witnesses"][0]["tool"]
            if row.get("witnesses")
            else symptom.witnesses[0][0]
            if symptom.witnesses
            else ""
        )
        flaky = found is not None and found.facts.get("verdict") == "flaky"
        return Shown(
            check=symptom.check, kind=symptom.kind, action=spec.action if spec else "",
            options=dict(spec.options) if spec else {}, rule=symptom.rule, severity=symptom.severity,
            message=row.get("message") or symptom.message, path=symptom.path, line=row.get("line") or symptom.line,
            help=row.get("help", ""), tool=tool, fingerprint=symptom.fingerprint,
            tests=tuple(self.case_tests(symptom)) if symptom.kind == "test" else (),
            verdict=str(found.facts.get("verdict", "")) if found else "", words=found.words if found and flaky else "",
        )  # fmt: skip


def fix_name(action: str, options: Mapping[str, Any]) -> str:
    """What a fix is called, the same for the same remedy: the action and the options that say what it does."""
    chosen = [f"{name}={options[name]}" for name in ("select", "package", "module") if options.get(name)]
    return " ".join([action, *chosen])[:200]


def best_first(found: Sequence[Offer], remedies: Sequence[Remedy]) -> list[Offer]:
    """The offers, first what helped before, last what was tried and never did; the words of both say so. Else the order stays."""
    counts: dict[str, tuple[int, int]] = {}
    for one in remedies:
        if one.kind == "patch":
            tried, worked = counts.get(one.what, (0, 0))
            counts[one.what] = (max(tried, one.tried), max(worked, one.worked))
    ranked = []
    for place, offer in enumerate(found):
        tried, worked = counts.get(fix_name(offer.fix.action, offer.fix.options), (0, 0))
        if tried:
            said = f"{offer.fix.words or offer.fix.action}; it helped {worked} of {tried} times here"
            offer = replace(offer, fix=replace(offer.fix, words=said))
        ranked.append((0 if worked else 2 if tried else 1, -(worked / tried) if tried else 0.0, -worked, place, offer))
    return [one[-1] for one in sorted(ranked, key=lambda one: one[:-1])]


def is_run(symptom: Symptom) -> bool:
    """Whether it is about something that is run: a test, or a task that failed as a whole."""
    return symptom.kind in ("test", "task")


def fix_key(case: Case, offer: Offer) -> str:
    """The key of the run that makes this fix for this opening of the case."""
    told = json.dumps([offer.fix.action, dict(offer.fix.options)], sort_keys=True, default=str)
    return step_key(case, Step.FIX, hashlib.sha256(told.encode()).hexdigest()[:12])


def step_key(case: Case, step: Step, mark: str = "") -> str:
    """The key of a run for a step of a case: the same step of the same opening makes one run."""
    return f"case:{case.id}:{case.reopened}:{step}" + (f":{mark}" if mark else "")


def offer_row(offer: Offer, key: str) -> dict[str, Any]:
    """An offer in plain values, with the key of its run."""
    fix = offer.fix
    return {
        "action": fix.action, "options": dict(fix.options), "words": clean(fix.words or fix.action, 300),
        "tests": list(fix.tests), "plugin": offer.plugin, "symptoms": len(offer.symptoms),
        "key": key,
    }  # fmt: skip
