"""Trying every operation of a throw-away instance with schemathesis, and what it found in words for a developer."""

import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard.api import (
    BoundaryError,
    CallboardError,
    Context,
    Finding,
    Result,
    Severity,
    ToolRun,
    clean,
    failed,
    unknown,
)
from callboard_api_test import ContractOptions
from callboard_api_test.apps import App
from callboard_api_test.found import Described, let_in, made_with, schema_for, the_app
from callboard_api_test.gauges import gauge
from callboard_api_test.handlers import find_handlers, place_of
from callboard_api_test.importing import could_not
from callboard_api_test.instance import Instance
from callboard_api_test.judging import bad, counted, judged
from callboard_api_test.ledger import note
from callboard_api_test.openapi import operations
from callboard_api_test.replies import Failure, Report, read_report
from callboard_api_test.schema import line_of
from callboard_api_test.surroundings import CLOSED_PROXY
from callboard_api_test.timing import is_plain, timed

SEVERITIES = {
    "not_a_server_error": Severity.HIGH,
    "ignored_auth": Severity.HIGH,
    "object_level_authorization": Severity.HIGH,
    "use_after_free": Severity.HIGH,
    "response_schema_conformance": Severity.MEDIUM,
    "ensure_resource_availability": Severity.MEDIUM,
    "content_type_conformance": Severity.MEDIUM,
    "response_headers_conformance": Severity.MEDIUM,
}
MENDS = {
    "not_a_server_error": "answer what the caller did wrong with a 4xx, and mend what the traceback in instance-log.txt shows",
    "ignored_auth": "refuse requests without valid credentials",
    "response_schema_conformance": "mend the answer or the schema",
    "status_code_conformance": "declare this status among the operation's responses",
    "content_type_conformance": "declare this content type, or answer with a declared one",
    "negative_data_rejection": "refuse data that the schema forbids, or allow it in the schema",
    "positive_data_acceptance": "accept what the schema allows, or narrow the schema",
    "unsupported_method": "answer 405 with an Allow header",
    "missing_required_header": "refuse requests without the required header",
}


@dataclass(frozen=True, slots=True)
class Trial:
    """All that belongs to one run of the tests."""

    app: App
    instance: Instance
    described: Described
    options: ContractOptions
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    left: int = 0


def check_contract(ctx: Context, options: ContractOptions) -> Result:
    """Failed for findings at or above `fail_on`, or when the instance died; UNKNOWN when it could not be tried."""
    if ctx.program("schemathesis") is None:
        return unknown("schemathesis is not installed; pip install 'callboard[tools]'")
    try:
        app = the_app(ctx, options)
        ctx.progress(None, f"starting {app.shown}")
        with let_in(ctx, app, options) as (instance, credentials):
            described = schema_for(ctx, instance, app, options.schema)
            left = _only(described.document, options.operation)
            return _tried(ctx, Trial(app, instance, described, options, credentials.headers, left))
    except BoundaryError:
        raise
    except CallboardError as error:
        return could_not(ctx, error)


def _only(document: dict[str, Any], wanted: str) -> int:
    """Takes every operation out of the document but the one that is wanted, and says how many that were."""
    if not wanted:
        return 0
    every = list(operations(document))
    method, _, path = wanted.strip().partition(" ")
    if not any(operation.label == f"{method.upper()} {path}" for operation in every):
        shown = ", ".join(operation.label for operation in every[:5])
        raise CallboardError(f"the option operation is '{wanted}', which the schema does not have; it has {shown}")
    for operation in every:
        if operation.label != f"{method.upper()} {path}":
            del document["paths"][operation.path][operation.method]
    return len(every) - 1


def _tried(ctx: Context, trial: Trial) -> Result:
    place = ctx.scratch / "schemathesis"
    place.mkdir(mode=0o700)
    schema = place / "openapi.json"
    endless = _without_endless(ctx, trial)
    schema.write_text(json.dumps(trial.described.document), "utf-8")
    ctx.boundary.check_request("POST", trial.instance.url)
    closed = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), CLOSED_PROXY)
    run = ctx.run_tool(
        _command(trial, schema, place),
        cwd=place,
        env={"HOME": str(place), "ALL_PROXY": "", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        | closed
        | {f"CALLBOARD_HEADER_{number}": value for number, value in enumerate(trial.headers.values())},
        timeout=trial.options.timeout,
    )
    for name, kind in (("junit.xml", "junit"), ("events.ndjson", "text")):
        trial.instance.redact(place / name)
        if (place / name).exists() and (place / name).stat().st_size:
            ctx.artifact(place / name, f"contract-{name}", kind=kind)
    report = read_report(place / "events.ndjson", trial.instance.refused)
    _report_failures(ctx, trial, report)
    return _judge(ctx, trial, run, report, endless)


def _without_endless(ctx: Context, trial: Trial) -> list[str]:
    """Takes operations out of the schema whose answer does not end, such as streams of events: they would stop the tests."""
    document = trial.described.document
    found: list[str] = []
    for operation in [operation for operation in operations(document) if is_plain(document, operation)]:
        if not trial.instance.alive:
            break
        if timed(ctx, trial.instance, operation, 0, trial.headers).endless:
            del document["paths"][operation.path][operation.method]
            found.append(operation.label)
    return found


def _command(trial: Trial, schema: Path, place: Path) -> list[str]:
    """The command; headers are given by a file that names variables, so that no secret is on the command line."""
    options = trial.options
    phases = "examples,coverage,fuzzing,stateful" if options.stateful else "examples,coverage,fuzzing"
    config = place / "schemathesis.toml"
    lines = [f'{json.dumps(name)} = "${{CALLBOARD_HEADER_{number}}}"' for number, name in enumerate(trial.headers)]
    config.write_text("\n".join(["[headers]", *lines, ""]) if lines else "", "utf-8")
    words = [
        "schemathesis",
        "--config-file",
        str(config),
        "--no-color",
        "run",
        str(schema),
        "--url",
        trial.instance.url,
    ]
    words += ["--seed", str(options.seed), "--mode", options.mode]
    words += ["--max-examples", str(options.max_examples), "--phases", phases, "--workers", "1"]
    words += ["--request-timeout", "10", "--continue-on-failure", "--generation-database", "none"]
    words += ["--report-junit-path", str(place / "junit.xml"), "--report-ndjson-path", str(place / "events.ndjson")]
    words += ["--report", "junit,ndjson"]
    return words


def _report_failures(ctx: Context, trial: Trial, report: Report) -> None:
    facts: dict[str, dict[str, Any]] = {
        operation.label: {"tried": operation.label in report.tried, "failure": ""}
        for operation in operations(trial.described.document)
    }
    file = trial.described.file
    text = ctx.workspace.text(file, 10_000_000) if file else ""
    handlers = find_handlers(ctx.workspace, trial.app.folder)
    names = {operation.label: operation.name for operation in operations(trial.described.document)}
    for failure in report.failures:
        path, line = place_of(handlers, failure.operation, names)
        severity = Severity.INFO if failure.refused else SEVERITIES.get(failure.check, Severity.LOW)
        fact = facts.setdefault(failure.operation, {"tried": True, "failure": ""})
        fact |= {"path": path or trial.app.path, "line": line or trial.app.line}
        if severity.rank <= Severity.MEDIUM.rank and not fact["failure"]:
            fact["failure"] = f"{failure.title} ({failure.status})" if failure.status else failure.title
        ctx.finding(
            Finding(
                rule=failure.check,
                severity=severity,
                message=_message(failure),
                path=path or file or trial.app.path,
                line=line if path else line_of(text, failure.operation) if file else trial.app.line,
                help=_repeat(trial, failure),
                tool="schemathesis",
            )
        )
    note(ctx, trial.app, facts, whole=not trial.options.operation and not trial.options.schema)


def _message(failure: Failure) -> str:
    detail = " ".join(failure.detail.split())
    words = f"{failure.operation}: {failure.title}"
    words += f" (status {failure.status})" if failure.status else ""
    words += f": {detail[:500]}" if detail else ""
    if failure.refused:
        words += f"; not really tried: the instance was refused to {failure.refused}"
        return f"{words}; give it a test double through `env` or `allow`"
    if failure.check == "status_code_conformance" and failure.status >= 500:
        return f"{words}; it goes away with the server error"
    return f"{words}; {MENDS.get(failure.check, 'mend the operation or its schema')}"


def _repeat(trial: Trial, failure: Failure) -> str:
    """How to see it again by hand; the port of the instance is gone, so uvicorn's own stands in."""
    folder = f"cd {trial.app.folder} && " if trial.app.folder else ""
    start = f"{folder}uvicorn {'--factory ' if trial.app.factory else ''}{trial.app.target} --port 8000"
    if trial.instance.told.kind == "django":
        start = f"{folder}python manage.py runserver 8000"
    elif trial.instance.told.kind == "flask":
        start = f"{folder}flask --app {trial.app.shown} run --port 8000"
    curl = trial.instance.without_secrets(failure.curl.replace(trial.instance.url, "http://127.0.0.1:8000"))
    words = ["callboard", "do", "api.contract", "-o", f"app={trial.app.shown}", "-o", f"seed={trial.options.seed}"]
    words += ["-o", f"folder={trial.app.folder}"] if trial.app.folder else []
    words += ["-o", f"operation={failure.operation}"]
    return f"repeat it with: {shlex.join(words)}  or: {start}  then: {curl}  (seed {trial.options.seed})"


def _judge(ctx: Context, trial: Trial, run: ToolRun, report: Report, endless: Sequence[str]) -> Result:
    options = trial.options
    declared = {operation.label for operation in operations(trial.described.document)}
    untried = {failure.operation for failure in report.failures if failure.refused}
    done = len(report.tried & declared - untried)
    gauge(ctx, trial.app, "tried", done)
    gauge(ctx, trial.app, "requests", report.requests)
    gauge(ctx, trial.app, "failures", len(report.failures))
    outside = list(dict.fromkeys(refusal.what for refusal in trial.instance.refused))
    for what in outside[:50]:
        ctx.log(f"the instance was refused to {what}", "warning")
    checks = Counter(failure.check for failure in report.failures)
    worst = sorted(checks, key=lambda check: (SEVERITIES.get(check, Severity.LOW).rank, -checks[check]))
    parts = ", ".join(f"{checks[check]} {check}" for check in worst[:4])
    tried = f"{counted(report.requests, 'request')} to {done} of {counted(report.selected, 'operation')}"
    summary = f"{tried} of {trial.app.shown} ({made_with(trial.instance.told.versions)}, seed {options.seed}): "
    summary += f"{counted(len(report.failures), 'failure')}{f' ({parts})' if parts else ''}"
    summary += f"; left out, since the answer does not end: {', '.join(endless[:3])}" if endless else ""
    summary += f"; {counted(trial.left, 'other operation')} not wanted" if trial.left else ""
    if outside:
        summary += (
            f"; {counted(len(untried), 'operation')} not really tried, since the instance was refused to {outside[0]}"
        )
    if not trial.instance.alive or report.unavailable:
        return _died(ctx, trial, report, summary)
    trouble = _trouble(run, report, options.timeout, untried, done)
    if trouble:
        number = bad(ctx, options.fail_on)
        if number:
            return failed(f"{summary}; {number} of severity {options.fail_on} or worse; {trouble}")
        return unknown(f"{trouble}; {summary}")
    return judged(ctx, options.fail_on, summary)


def _trouble(run: ToolRun, report: Report, timeout: float, untried: set[str], done: int) -> str:
    """Why the run does not count as done; '' when it does."""
    if run.timed_out:
        return f"not finished within {timeout:.0f} s"
    if run.code not in (0, 1) or not report.complete:
        return f"schemathesis ended with {run.code} ({run.trouble})"
    if not report.requests:
        return f"no request was answered ({clean(report.errors[0], 200) if report.errors else 'there is no operation'})"
    if untried and not done:
        return "no operation could really be tried"
    if report.errors:
        return (
            f"{counted(len(report.errors), 'operation')} could not be tried to the end ({clean(report.errors[0], 200)})"
        )
    return ""


def _died(ctx: Context, trial: Trial, report: Report, summary: str) -> Result:
    last = trial.instance.last_words
    ctx.finding(
        Finding(
            rule="instance_died",
            severity=Severity.CRITICAL,
            message="the instance stopped answering while it was tried, so one request can take the API down"
            + (f"; its last words: {last}" if last else ""),
            path=trial.app.path,
            line=trial.app.line,
            help=clean(report.unavailable.replace(trial.instance.url, "http://127.0.0.1:8000"), 1500),
            tool="schemathesis",
        )
    )
    result = judged(ctx, trial.options.fail_on, summary + "; the instance died")
    return result if result.verdict == "fail" else unknown(f"the instance died; {summary}")
