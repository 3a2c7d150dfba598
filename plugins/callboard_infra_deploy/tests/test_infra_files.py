"""The checks of Dockerfiles, compose files, CI files and scripts, with the real tools."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from callboard.api import Finding, Severity, Verdict, Workspace
from callboard.testing import Outcome, run_action
from callboard_infra_deploy import InfraDeploy, callboard_detect
from callboard_infra_deploy.composition import Composition
from callboard_infra_deploy.yamlfile import read_yaml

GOOD_DOCKERFILE = """FROM python:3.12.4-slim
WORKDIR /srv
COPY app /srv/app
CMD ["python", "-m", "app"]
"""
WORKFLOW = """name: checks
on: push
permissions: {}
jobs:
  test:
    name: test
    runs-on: ubuntu-24.04
    steps:
      - run: echo hello
"""


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def check(root: Path, action: str, **options: object) -> Outcome:
    return run_action(InfraDeploy(), action, root, options)


def verdict(outcome: Outcome) -> Verdict:
    assert outcome.result is not None
    return outcome.result.verdict


def test_a_dockerfile_fault_is_found_where_it_is_and_goes_with_its_mend(tmp_path: Path) -> None:
    write(tmp_path, {"backend/Dockerfile": GOOD_DOCKERFILE.replace("COPY", "ADD")})
    outcome = check(tmp_path, "dockerfiles")
    assert [(f.rule, f.severity, f.path, f.line) for f in outcome.findings] == [
        ("DL3020", Severity.HIGH, "backend/Dockerfile", 3)
    ]
    assert verdict(outcome) is Verdict.FAIL
    assert json.loads(outcome.artifacts["hadolint.sarif"].read_text("utf-8"))["version"] == "2.1.0"

    write(tmp_path, {"backend/Dockerfile": GOOD_DOCKERFILE})
    outcome = check(tmp_path, "dockerfiles")
    assert outcome.findings == ()
    assert verdict(outcome) is Verdict.PASS


def test_the_threshold_decides_and_milder_findings_are_counted(tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": GOOD_DOCKERFILE.replace("3.12.4-slim", "latest")})
    outcome = check(tmp_path, "dockerfiles")
    assert outcome.rules() == {"DL3007"}
    assert outcome.result is not None
    assert outcome.result.summary == "1 finding (1 medium) in 1 Dockerfile, none at or above high"
    assert verdict(check(tmp_path, "dockerfiles", fail_on="medium")) is Verdict.FAIL


def test_a_dockerfile_that_cannot_be_parsed_is_a_finding_and_the_others_are_still_checked(tmp_path: Path) -> None:
    write(tmp_path, {"a/Dockerfile": "FROM x:1\nRUNN y\n", "b/Dockerfile": GOOD_DOCKERFILE.replace("COPY", "ADD")})
    (tmp_path / "-f").mkdir()
    write(tmp_path, {"-f/Dockerfile": GOOD_DOCKERFILE.replace("COPY", "ADD")})
    outcome = check(tmp_path, "dockerfiles")
    assert {(f.rule, f.path) for f in outcome.findings} == {
        ("unparsable", "a/Dockerfile"),
        ("DL3020", "b/Dockerfile"),
        ("DL3020", "-f/Dockerfile"),
    }


@pytest.mark.parametrize("action", ["dockerfiles", "compose", "workflows", "scripts"])
def test_nothing_to_look_at_is_no_pass(tmp_path: Path, action: str) -> None:
    write(tmp_path, {"main.py": "print()\n"})
    assert verdict(check(tmp_path, action)) is Verdict.UNKNOWN


def compose(root: Path, text: str, **files: str) -> Outcome:
    write(root, {"compose.yaml": text, **files})
    return check(root, "compose")


COMPOSE_FAULTS = {
    "schema": ("services: {web: {image: 'a:1', comand: x}}", "services: {web: {image: 'a:1', command: x}}"),
    "compose-build-context": ("services: {web: {build: ./gone}}", "services: {web: {build: ./here}}"),
    "compose-dockerfile": (
        "services: {web: {build: {context: here, dockerfile: Other}}}",
        "services: {web: {build: {context: here}}}",
    ),
    "compose-env-file": (
        "services: {web: {image: 'a:1', env_file: gone.env}}",
        "services: {web: {image: 'a:1', env_file: [{path: gone.env, required: false}]}}",
    ),
    "compose-port-collision": (
        "services: {a: {image: 'a:1', ports: ['8080:80']}, b: {image: 'b:1', ports: ['127.0.0.1:8079-8081:80-82']}}",
        "services: {a: {image: 'a:1', ports: ['8080:80']}, b: {image: 'b:1', ports: ['8080:80/udp']}}",
    ),
    "compose-depends-on": (
        "services: {a: {image: 'a:1', depends_on: [db]}}",
        "services: {a: {image: 'a:1', depends_on: [db]}, db: {image: 'b:1'}}",
    ),
    "compose-circle": (
        "services: {a: {image: 'a:1', depends_on: [b]}, b: {image: 'b:1', depends_on: [a]}}",
        "services: {a: {image: 'a:1', depends_on: [b]}, b: {image: 'b:1'}}",
    ),
    "compose-privileged": (
        "services: {a: {image: 'a:1', privileged: true}}",
        "services: {a: {image: 'a:1', privileged: false}}",
    ),
    "compose-docker-socket": (
        "services: {a: {image: 'a:1', volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']}}",
        "services: {a: {image: 'a:1', volumes: ['./data:/data']}}",
    ),
    "compose-protected-port": (
        "services: {a: {image: 'a:1', ports: [{target: 80, published: '6770'}]}}",
        "services: {a: {image: 'a:1', ports: [{target: 80, published: '6772'}]}}",
    ),
    "compose-undeclared-volume": (
        "services: {a: {image: 'a:1', volumes: ['store:/data']}}",
        "services: {a: {image: 'a:1', volumes: ['store:/data']}}\nvolumes: {store: {}}",
    ),
    "compose-host-network": (
        "services: {a: {image: 'a:1', network_mode: host}}",
        "services: {a: {image: 'a:1', network_mode: bridge}}",
    ),
}


@pytest.mark.long
def test_a_compose_fault_is_found_and_goes_with_its_mend(tmp_path: Path) -> None:
    rule = "schema"
    bad, good = COMPOSE_FAULTS[rule]
    found = compose(tmp_path, bad, **{"here/Dockerfile": GOOD_DOCKERFILE})
    assert found.rules() == {rule}
    assert all(finding.line >= 1 and finding.path == "compose.yaml" for finding in found.findings)
    mended = compose(tmp_path, good, **{"here/Dockerfile": GOOD_DOCKERFILE})
    assert mended.findings == ()
    assert verdict(mended) is Verdict.PASS


@pytest.mark.parametrize("rule", [rule for rule in COMPOSE_FAULTS if rule.startswith("compose-")])
def test_what_a_compose_file_refers_to_is_looked_at_without_a_tool(tmp_path: Path, rule: str) -> None:
    write(tmp_path, {"here/Dockerfile": GOOD_DOCKERFILE})
    found, mended = (referred(tmp_path, text) for text in COMPOSE_FAULTS[rule])
    assert {finding.rule for finding in found} == {rule}
    assert all(finding.line >= 1 and finding.path == "compose.yaml" for finding in found)
    assert mended == []


def referred(root: Path, text: str, **others: str) -> list[Finding]:
    """What the compose files of one folder refer to in vain."""
    documents = {name: read_yaml(said) for name, said in {"compose.yaml": text, **others}.items()}
    return list(Composition(root, "", documents, (5173, 6770)).faults())


def test_what_an_override_file_relies_on_and_what_variables_hide_is_not_called_a_fault(tmp_path: Path) -> None:
    found = referred(
        tmp_path,
        "services:\n"
        "  web:\n    image: ${IMAGE}\n    build: ${CONTEXT}\n    ports: ['${PORT}:80', '9000']\n"
        "  db: {image: 'b:1', profiles: [one], ports: ['5432:5432']}\n"
        "  db2: {image: 'b:1', profiles: [two], ports: ['5432:5432']}\n",
        **{"compose.override.yaml": "services: {web: {depends_on: [db]}}"},
    )
    assert found == []


def test_the_default_of_a_variable_counts(tmp_path: Path) -> None:
    text = "services: {a: {image: 'a:1', ports: ['${PORT:-5173}:80']}}"
    assert [(f.rule, f.severity) for f in referred(tmp_path, text)] == [("compose-protected-port", Severity.LOW)]


def test_an_env_file_with_an_example_beside_it_is_milder(tmp_path: Path) -> None:
    text = "services: {a: {image: 'a:1', env_file: .env}}"
    write(tmp_path, {".env.example": "A=1\n"})
    found = referred(tmp_path, text)
    assert [(f.rule, f.severity, f.help) for f in found] == [
        ("compose-env-file", Severity.MEDIUM, "copy .env.example to it")
    ]


HOSTILE = {
    "bomb": "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
    + "".join(f"{n}: &{n} [{', '.join([f'*{p}'] * 10)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)),
    "merges": "a: &a {x: 1}\n"
    + "".join(f"{n}: &{n} {{<<: [{', '.join([f'*{p}'] * 20)}]}}\n" for p, n in zip("abcdefg", "bcdefgh", strict=True)),
    "deep": "[" * 5_000,
    "itself": "a: &a [*a]\n",
    "twice": "services: {a: {image: x}}\nservices: {}\n",
    "control": "services: \x00\n",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_yaml_is_a_finding_not_a_hang(tmp_path: Path, kind: str) -> None:
    outcome = compose(tmp_path, HOSTILE[kind])
    assert outcome.rules() == {"unparsable"}


@pytest.mark.long
def test_values_of_odd_kinds_do_not_break_the_check(tmp_path: Path) -> None:
    for text in ("", "[]", "services: []", "services: {a: 1, b: {ports: 3, volumes: x, depends_on: 7, build: [1]}}"):
        outcome = compose(tmp_path, text)
        assert outcome.rules() <= {"schema", "compose-build-context"}


def test_a_workflow_that_breaks_its_schema_is_found_at_its_line(tmp_path: Path) -> None:
    path = ".github/workflows/ci.yml"
    write(tmp_path, {path: WORKFLOW.replace("    runs-on: ubuntu-24.04\n", "")})
    outcome = check(tmp_path, "workflows")
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [("schema", path, 5)]
    assert "'runs-on' is a required property" in outcome.findings[0].message
    assert verdict(outcome) is Verdict.FAIL
    write(tmp_path, {path: WORKFLOW})
    outcome = check(tmp_path, "workflows")
    assert outcome.findings == ()
    assert verdict(outcome) is Verdict.PASS


@pytest.mark.long
def test_an_injection_into_a_workflow_is_found_and_the_audit_may_be_left_out(tmp_path: Path) -> None:
    step = 'run: echo "${{ github.event.issue.title }}"'
    write(tmp_path, {".github/workflows/ci.yml": WORKFLOW.replace("run: echo hello", step).replace("push", "issues")})
    outcome = check(tmp_path, "workflows")
    assert [(f.rule, f.severity, f.line, f.tool) for f in outcome.findings] == [
        ("template-injection", Severity.HIGH, 9, "zizmor")
    ]
    assert "zizmor.sarif" in outcome.artifacts
    assert check(tmp_path, "workflows", audit=False).findings == ()


@pytest.mark.long
def test_an_unreadable_workflow_is_a_finding_and_its_neighbours_are_checked(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".github/workflows/broken.yml": "on: push\njobs: [\n",
            ".github/workflows/bad.yaml": WORKFLOW.replace("steps:", "stepps:"),
            ".github/workflows/sub/unused.yml": "jobs: [",
            ".gitlab-ci.yml": "build:\n  script: !reference [.a, script]\n  stage: 7\n",
            "action/action.yml": "name: a\ndescription: b\nruns:\n  using: composite\n  steps: 3\n",
        },
    )
    outcome = check(tmp_path, "workflows")
    assert {(f.rule, f.path) for f in outcome.findings} == {
        ("unparsable", ".github/workflows/broken.yml"),
        ("schema", ".github/workflows/bad.yaml"),
        ("schema", ".gitlab-ci.yml"),
        ("schema", "action/action.yml"),
    }


def test_scripts_are_known_by_name_and_by_first_line(tmp_path: Path) -> None:
    body = 'for f in $(ls *.txt); do echo "$f"; done\n'
    write(
        tmp_path,
        {
            "run.sh": "#!/bin/sh\n" + body,
            "tools/release": "#!/usr/bin/env bash\n" + body,
            "tools/other": "#!/usr/bin/env python3\nprint()\n",
            "-x.sh": "#!/bin/bash\n" + body,
            "LICENSE": "words",
        },
    )
    outcome = check(tmp_path, "scripts")
    assert {f.path for f in outcome.findings if f.rule == "SC2045"} == {"run.sh", "tools/release", "-x.sh"}
    assert verdict(outcome) is Verdict.FAIL
    mended = 'for f in ./*.txt; do echo "$f"; done\n'
    for name in ("run.sh", "-x.sh", "tools/release"):
        write(tmp_path, {name: "#!/bin/sh\n" + mended})
    outcome = check(tmp_path, "scripts")
    assert outcome.findings == ()
    assert outcome.result is not None
    assert outcome.result.summary == "no findings in 3 shell scripts"


def test_the_figures_are_those_of_the_tool_run_by_hand(tmp_path: Path) -> None:
    write(tmp_path, {"run.sh": "#!/bin/bash\ncd $1\nrm -rf $2/*\n[ 1 ]\n"})
    tool = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([tool, "-f", "json1", "run.sh"], cwd=tmp_path, capture_output=True, check=False)
    by_hand = sorted(f"SC{comment['code']}" for comment in json.loads(done.stdout)["comments"])
    assert sorted(finding.rule for finding in check(tmp_path, "scripts").findings) == by_hand


def test_detect_proposes_what_is_there_with_its_evidence(tmp_path: Path) -> None:
    assert list(callboard_detect(Workspace(tmp_path))) == []
    write(
        tmp_path,
        {
            "backend/Dockerfile": GOOD_DOCKERFILE,
            "backend/Dockerfile.j2": "{{ x }}",
            "docker-compose.dev.yml": "services: {}",
            ".github/workflows/ci.yml": WORKFLOW,
            "deploy.sh": "#!/bin/sh\n",
        },
    )
    jobs = {j.name: j for j in callboard_detect(Workspace(tmp_path, {"services": {"web": {"command": ["x"]}}}))}
    assert {name: job.because for name, job in jobs.items()} == {
        "infra.dockerfiles": 'backend/Dockerfile; [environments.staging] with kind = "compose", '
        'file = "docker-compose.dev.yml" in callboard.toml would deploy it',
        "infra.compose": "docker-compose.dev.yml",
        "infra.workflows": ".github/workflows/ci.yml",
        "infra.scripts": "deploy.sh",
        "infra.service_start:web": "callboard.toml declares [services.web]",
        "infra.service_stop:web": "infra.service_start:web starts it for this run",
    }
    needs = jobs["infra.service_start:web"].needs
    assert needs is not None
    assert [lock.name for lock in needs.locks] == ["service:web"]


@pytest.mark.long
def test_what_github_takes_all_the_same_does_not_fail_a_workflow(tmp_path: Path) -> None:
    loose = WORKFLOW.replace("on: push", "on: {push: {branches: main}}")
    write(tmp_path, {".github/workflows/checks.yml": loose})
    outcome = check(tmp_path, "workflows", audit=False)
    assert [(f.rule, f.severity) for f in outcome.findings] == [("schema", Severity.LOW)]
    assert verdict(outcome) is Verdict.PASS
    write(tmp_path, {".github/workflows/checks.yml": WORKFLOW.replace("\n      - run: echo hello", " 7")})
    assert verdict(check(tmp_path, "workflows", audit=False)) is Verdict.FAIL


@pytest.mark.long
def test_gitlabs_own_includes_are_checked_too_and_a_missing_one_is_named(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".gitlab-ci.yml": "include:\n  - local: /ci/build.yml\n  - local: ci/parts/*.yml\n  - ci/gone.yml\n"
            "  - template: Auto-DevOps.gitlab-ci.yml\n  - local: $WHICH.yml\n",
            "ci/build.yml": "include: ci/deeper.yml\nbuild: {script: [make]}\n",
            "ci/deeper.yml": "deep: {script: 7}\n",
            "ci/parts/one.yml": "one: {script: [\n",
            "ci/unused.yml": "unused: {script: 7}\n",
        },
    )
    outcome = check(tmp_path, "workflows")
    assert {(f.rule, f.path, f.line) for f in outcome.findings} == {
        ("ci-include-missing", ".gitlab-ci.yml", 4),
        ("schema", "ci/deeper.yml", 1),
        ("unparsable", "ci/parts/one.yml", 2),
    }
    assert outcome.result is not None
    assert outcome.result.summary == "3 findings (3 high) in 3 CI files (1 more cannot be read)"


def test_a_template_is_said_to_be_one_and_does_not_fail_the_rest(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "deploy/docker-compose.yml": "services:\n  {% for name in names %}\n  {{ name }}: {image: 'a:1'}\n",
            "{{name}}/compose.yaml": "services: {a: {env_file: gone}}",
            "compose.yaml": "services: {a: {image: 'a:1'}}",
        },
    )
    outcome = check(tmp_path, "compose")
    assert outcome.findings == ()
    assert verdict(outcome) is Verdict.PASS
    assert outcome.result is not None
    assert outcome.result.summary == "no findings in 1 compose file (2 templates left out)"
    (tmp_path / "compose.yaml").unlink()
    outcome = check(tmp_path, "compose")
    assert verdict(outcome) is Verdict.UNKNOWN
    assert outcome.result is not None
    assert outcome.result.summary.startswith("no findings in 0 compose files (2 templates left out); not checked")

    write(
        tmp_path,
        {
            "Dockerfile": GOOD_DOCKERFILE,
            "{{name}}/Dockerfile": "ADD {{ a }}",
            "x/Dockerfile": "{% if a %}\nFROM b:1\n{% endif %}\n",
        },
    )
    outcome = check(tmp_path, "dockerfiles")
    assert outcome.result is not None
    assert outcome.result.summary == "no findings in 1 Dockerfile (2 templates left out)"
    write(tmp_path, {"run.sh": "#!/bin/sh\n{% if a %}\nif x; then (\n{% endif %}\n"})
    outcome = check(tmp_path, "scripts")
    assert (outcome.findings, verdict(outcome)) == ((), Verdict.UNKNOWN)


def test_one_line_in_copied_dockerfiles_is_one_finding_unless_it_fails(tmp_path: Path) -> None:
    copied = GOOD_DOCKERFILE.replace("3.12.4-slim", "latest").replace("COPY", "ADD")
    write(tmp_path, {f"service-{number}/Dockerfile": copied for number in range(6)})
    found = check(tmp_path, "dockerfiles").findings
    assert [(f.rule, f.path) for f in found if f.severity is not Severity.HIGH] == [("DL3007", "service-0/Dockerfile")]
    assert [f.path for f in found if f.rule == "DL3020"] == [f"service-{number}/Dockerfile" for number in range(6)]
    (grouped,) = (f for f in found if f.rule == "DL3007")
    assert grouped.message.endswith(
        "(and in 5 more Dockerfiles: service-1/Dockerfile, service-2/Dockerfile, service-3/Dockerfile, …)"
    )
    assert sum(f.rule == "DL3007" for f in check(tmp_path, "dockerfiles", fail_on="medium").findings) == 6


def test_many_findings_are_grouped_in_the_sentence_and_as_many_as_zizmor_has(tmp_path: Path) -> None:
    uses = "".join(f"      - uses: some/action{number}@v1\n" for number in range(30))
    write(tmp_path, {".github/workflows/ci.yml": WORKFLOW.replace("      - run: echo hello\n", uses)})
    outcome = check(tmp_path, "workflows")
    assert outcome.result is not None
    tool = Path(sys.executable).with_name("zizmor")
    argv = [str(tool), "--offline", "--quiet", "--format=json-v1", "."]
    by_hand = json.loads(subprocess.run(argv, cwd=tmp_path, capture_output=True, check=False).stdout)
    assert len(outcome.findings) == len([entry for entry in by_hand if not entry["ignored"]])
    assert "high or worse: unpinned-uses 30" in outcome.result.summary


OTHER_CI = {
    "azure-pipelines.yml": ("steps: [{script: [1]}]\n", "steps: [{script: make}]\n"),
    ".circleci/config.yml": (
        "version: 2.1\njobs: {a: {docker: 7, steps: [checkout]}}\n",
        "version: 2.1\njobs: {a: {docker: [{image: 'a:1'}], steps: [checkout]}}\n",
    ),
    "bitbucket-pipelines.yml": ("pipelines: {default: 7}\n", "pipelines: {default: [{step: {script: [make]}}]}\n"),
}


@pytest.mark.long
def test_other_ci_files_are_held_to_their_schema(tmp_path: Path) -> None:
    write(tmp_path, {path: bad for path, (bad, _) in OTHER_CI.items()})
    assert {(f.rule, f.path) for f in check(tmp_path, "workflows").findings} == {("schema", path) for path in OTHER_CI}
    write(tmp_path, {path: good for path, (_, good) in OTHER_CI.items()})
    assert check(tmp_path, "workflows").findings == ()


def test_environments_are_proposed_behind_their_gate_unless_they_are_not_to_be(tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": GOOD_DOCKERFILE})
    table = {"command": ["x"], "port": 8080, "gate": ["quality.tests*"], "needs": {"memory_mb": 700}}
    config = {"environments": {"staging": table, "live": {**table, "auto": False}}}
    jobs = {job.name: job for job in callboard_detect(Workspace(tmp_path, config))}
    assert list(jobs) == ["infra.dockerfiles", "infra.deploy:staging"]
    job = jobs["infra.deploy:staging"]
    assert job.needs is not None
    assert (job.needs_jobs, job.needs.memory_mb, job.stage) == (("quality.tests*",), 700, "deploy")
    assert [lock.name for lock in job.needs.locks] == ["deploy:staging"]
    assert job.because == "callboard.toml writes down [environments.staging] behind the gate quality.tests*"
    assert "would deploy it" not in jobs["infra.dockerfiles"].because
    (hinted,) = callboard_detect(Workspace(tmp_path))
    assert "[environments.staging]" in hinted.because
