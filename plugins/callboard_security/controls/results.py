"""Controls that stand on what other actions of this agent found: in this run, else the last time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callboard.api import Severity, Upstream, Verdict, counted
from callboard_security.controls.control import Judgement, broken, held, open_
from callboard_security.controls.excerpts import redacted
from callboard_security.controls.scene import Evidence, Scene

LONGEST_CAUSE = 140
MOST_PLACES = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What an action said, and where that can be looked up."""

    verdict: Verdict
    summary: str
    evidence: Evidence
    outputs: Mapping[str, Any] = field(default_factory=dict)
    data_age_days: float | None = None
    places: tuple[Evidence, ...] = ()

    @property
    def cause(self) -> str:
        """What the summary says was not checked; else its beginning."""
        words = self.summary.partition("not checked: ")[2] or self.summary
        return words if len(words) <= LONGEST_CAUSE else f"{words[:LONGEST_CAUSE].rpartition(' ')[0].rstrip(',;:')} …"


def answer(scene: Scene, action: str) -> Answer | str:
    """What `security.<action>` said of the files as they are now; else why nothing is known."""
    task = scene.task(f"security.{action}")
    last = scene.last(action)
    if task is not None and task.verdict is not None:
        age = last.data_age_days if last is not None and last.task == task.name else None
        told = Evidence(f"{task.verdict}: {task.summary[:300]}", task=f"{task.name} of this run")
        return Answer(task.verdict, task.summary, told, task.outputs, age, _places(task))
    if last is None:
        return f"security.{action} has not run"
    when = f"{last.at:%Y-%m-%d %H:%M} UTC"
    age_days = (scene.now - last.at).total_seconds() / 86_400
    if not last.same:
        return f"the files have changed since security.{action} ran on {when}"
    if age_days > scene.max_age_days:
        return f"security.{action} ran {age_days:.0f} days ago, and counts for {scene.max_age_days:g}"
    data_age = None if last.data_age_days is None else last.data_age_days + age_days
    told = Evidence(f"{last.verdict}: {last.summary[:300]}", task=f"{last.task} of {when}")
    return Answer(last.verdict, last.summary, told, last.outputs, data_age)


def _places(task: Upstream) -> tuple[Evidence, ...]:
    """Where its worst findings lie that nobody accepted."""
    told = [finding for finding in task.findings if finding.path and not finding.accepted]
    ranked = sorted(told, key=lambda finding: finding.severity.rank)
    return tuple(
        Evidence(redacted(f"{finding.rule}: {finding.message[:150]}"), finding.path, finding.line)
        for finding in ranked[:MOST_PLACES]
        if finding.severity.rank <= Severity.HIGH.rank
    )


def _by_verdict(scene: Scene, action: str, passes: str, fails: str) -> Judgement:
    said = answer(scene, action)
    run = f"run security.{action}"
    if isinstance(said, str):
        return open_(said, run)
    if said.verdict is Verdict.PASS:
        return held(passes, [said.evidence])
    if said.verdict is Verdict.FAIL:
        return broken(fails, [*said.places, said.evidence])
    return open_(f"security.{action} could not tell: {said.cause}", f"mend what it names, and {run}", [said.evidence])


def static_analysis(scene: Scene) -> Judgement:
    """The static analysis of the code fails for nothing."""
    return _by_verdict(
        scene, "static", "static analysis found nothing that fails", "static analysis found what must not stay"
    )


def secrets_in_tree(scene: Scene) -> Judgement:
    """No secrets lie in the files."""
    said = answer(scene, "secrets")
    if isinstance(said, str):
        return open_(said, "run security.secrets")
    in_tree = said.outputs.get("tree")
    here = sorted(said.places, key=lambda place: not place.line)  # what lies in the files before what lies in commits
    if said.verdict is Verdict.FAIL and in_tree:
        return broken(f"{counted(int(in_tree), 'finding')} in the files", [*here, said.evidence])
    if in_tree == 0:
        return held("no secret of a known format lies in the files", [said.evidence])
    if said.verdict is Verdict.PASS:
        return held("what was found in the files is below the severity that fails", [said.evidence])
    return open_(f"security.secrets could not tell: {said.cause}", "look at its findings", [said.evidence])


def secrets_in_history(scene: Scene) -> Judgement:
    """No secrets lie in former commits."""
    settle = "run security.secrets with history on"
    said = answer(scene, "secrets")
    if isinstance(said, str):
        return open_(said, settle)
    if said.outputs.get("past"):
        past = [place for place in said.places if not place.line]  # a line is of the files as they are now
        return broken(f"{counted(int(said.outputs['past']), 'finding')} in former commits", [*past, said.evidence])
    if said.outputs.get("history") == "whole" and said.verdict is not Verdict.UNKNOWN:
        return held("every commit was looked through", [said.evidence])
    if said.outputs.get("history") == "part":
        return open_(
            "only a part of the history was looked through", "run it with history_commits = 0", [said.evidence]
        )
    return open_("the history was not looked through", settle, [said.evidence])


def vulnerabilities(scene: Scene) -> Judgement:
    """No known vulnerability that fails, by data that is fresh enough."""
    said = answer(scene, "dependencies")
    run = "run security.dependencies with vulnerability data (osv_folder, or a way to the registries)"
    if isinstance(said, str):
        return open_(said, run)
    if said.verdict is Verdict.FAIL:
        return broken("dependencies have known vulnerabilities", [*said.places, said.evidence])
    if said.verdict is Verdict.UNKNOWN:
        return open_(f"not everything could be compared: {said.cause}", run, [said.evidence])
    if said.data_age_days is None or said.data_age_days > scene.max_age_days:
        age = "of unknown age" if said.data_age_days is None else f"{said.data_age_days:.0f} days old"
        return open_(f"the vulnerability data is {age}", "fetch newer records", [said.evidence])
    return held(f"compared with data {said.data_age_days:.0f} days old", [said.evidence])


def bill_of_materials(scene: Scene) -> Judgement:
    """A bill of materials is made and kept."""
    said = answer(scene, "sbom")
    if not isinstance(said, str) and said.verdict is Verdict.PASS:
        return held("a bill was made and is kept with the run", [said.evidence])
    kept = scene.files("*.cdx.json", "bom.json", "sbom.json", "*.spdx.json", "*.spdx")
    if kept:
        return held("a bill lies in the repository", scene.at(kept[:5]))
    in_ci = scene.grep(scene.files(*CI), r"cyclonedx|syft|spdx-sbom|npm sbom|sbom-action")
    if in_ci:
        return held("the pipeline makes one", in_ci)
    why = said if isinstance(said, str) else f"security.sbom could not make it whole: {said.cause}"
    return open_(why, "run security.sbom", [] if isinstance(said, str) else [said.evidence])


def licence_policy(scene: Scene) -> Judgement:
    """Every dependency is under a licence that the policy lets be used."""
    return _by_verdict(
        scene, "licences", "no licence is denied, and all are known", "a dependency is under a denied licence"
    )


CI = (
    ".github/workflows/*.yml", ".github/workflows/*.yaml", "*/.github/workflows/*.yml", ".gitlab-ci.yml", "azure-pipelines.yml",
    "Jenkinsfile", ".circleci/config.yml", "bitbucket-pipelines.yml", ".travis.yml", ".woodpecker.yml", ".ci/*", "cloudbuild.yaml",
    "buildspec.yml",
)  # fmt: skip
