"""The desk of a running server, over its REST interface; with the same calls and the same answers as the desk itself."""

import http.client
import json
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from callboard.errors import (
    BoundaryError,
    CallboardError,
    ConfigError,
    NotFound,
    NotReachable,
    RecordFull,
    Refused,
)
from callboard.guard.running import RunningServer

TIMEOUT_S = 60.0
PIECE = 65_536


class RemoteDesk:
    """Calls the server that `server` names. Raises what the desk raises, and `NotReachable`."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server

    def _call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: Any
    ) -> Any:
        words = urllib.parse.urlencode({k: v for k, v in query.items() if v not in (None, "", [])}, doseq=True)
        url = f"{self.server.address}/api/v1{path}" + (f"?{words}" if words else "")
        plain = body is None or isinstance(body, bytes)
        data = (body or (b"" if method == "POST" else None)) if plain else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method)  # noqa: S310
        request.add_header("Authorization", f"Bearer {self.server.token}")
        if not plain:
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            return json.loads(self._answered(request) or b"null")
        except ValueError as error:
            raise NotReachable(f"Callboard at {self.server.address} does not answer: {error}") from error

    def _answered(self, request: urllib.request.Request) -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            raise _error_of(error) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise NotReachable(f"Callboard at {self.server.address} does not answer: {error}") from error

    def _fetched(self, path: str) -> bytes:
        request = urllib.request.Request(f"{self.server.address}/api/v1{path}")  # noqa: S310
        request.add_header("Authorization", f"Bearer {self.server.token}")
        return self._answered(request)

    def board(self) -> Any:
        return self._call("GET", "/board")

    def runs(self, limit: int = 50, before: int | None = None, **wants: str) -> Any:
        return self._call("GET", "/runs", None, None, limit=limit, before=before, **wants)

    def run(self, run: int) -> Any:
        return self._call("GET", f"/runs/{run}")

    def outline(self, run: int) -> Any:
        return self._call("GET", f"/runs/{run}/outline")

    def again(self, run: int, by: str, key: str | None = None, *, affected: bool = False) -> int:
        headers = {"Idempotency-Key": key} if key else None
        return int(self._call("POST", f"/runs/{run}/again", {"affected": affected}, headers)["run"])

    def cancel_tasks(self, tasks: Sequence[str], reason: str, by: str) -> Any:
        return self._call("POST", "/tasks/cancel", {"tasks": list(tasks), "reason": reason})

    def retry_tasks(self, tasks: Sequence[str], by: str) -> Any:
        return self._call("POST", "/tasks/retry", {"tasks": list(tasks)})

    def machine(self, since: float | None = None, until: float | None = None, points: int = 300) -> Any:
        return self._call("GET", "/machine", None, None, since=since, until=until, points=points)

    def run_findings(self, run: int) -> Any:
        return self._call("GET", f"/runs/{run}/findings")

    def run_events(self, run: int) -> Any:
        return self._call("GET", f"/runs/{run}/events")

    def run_sarif(self, run: int) -> Any:
        return self._call("GET", f"/runs/{run}/sarif")

    def task(self, task_id: str) -> Any:
        return self._call("GET", f"/tasks/{_quoted(task_id)}")

    def log(self, task_id: str, attempt: int | None = None, offset: int = 0, limit: int = 65_536) -> Any:
        return self._call("GET", f"/tasks/{_quoted(task_id)}/log", attempt=attempt, offset=offset or None, limit=limit)

    def console(self, limit: int) -> Any:
        return self._call("GET", "/console", limit=limit)

    def agents(self) -> Any:
        return self._call("GET", "/agents")

    def sections(self, agent: str) -> Any:
        return self._call("GET", f"/agents/{_quoted(agent)}/sections")

    def metric(self, name: str) -> Any:
        return self._call("GET", f"/metrics/{_quoted(name)}")

    def actions(self) -> Any:
        return self._call("GET", "/actions")

    def schedules(self) -> Any:
        return self._call("GET", "/schedules")

    def questions(self) -> Any:
        return self._call("GET", "/questions")

    def inbox(self) -> Any:
        return self._call("GET", "/inbox")

    def inbox_item(self, item: str) -> Any:
        return self._call("GET", f"/inbox/{_quoted(item)}")

    def catchup(self, by: str, since: float | None = None) -> Any:
        return self._call("GET", "/catchup", since=since)

    def seen(self, by: str, until: float | None = None) -> Any:
        return self._call("POST", "/catchup/seen", {} if until is None else {"until": until})

    def trust_workspace(self, digest: str, by: str) -> None:
        self._call("POST", "/workspace/trust", {"digest": digest})

    def findings(self, run: int | None = None, agent: str | None = None, severity: str | None = None) -> Any:
        return self._call("GET", "/findings", run=run, agent=agent, severity=severity)

    def plan(
        self,
        pipeline: str = "",
        only: Sequence[str] = (),
        skip: Sequence[str] = (),
        workspace: str | None = None,
        affected: bool = False,
        options: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Any:
        return self._call(
            "GET", "/plan", pipeline=pipeline, only=list(only), skip=list(skip), workspace=workspace,
            affected="true" if affected else None, options=json.dumps(options) if options else None,
        )  # fmt: skip

    def ci(self, pipeline: str = "") -> Any:
        return self._call("GET", "/ci", pipeline=pipeline)

    def submit(
        self,
        pipeline: str = "",
        only: Sequence[str] = (),
        skip: Sequence[str] = (),
        priority: str = "",
        by: str = "",
        key: str | None = None,
        workspace: str | None = None,
        affected: bool = False,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        planned: Mapping[str, str] | None = None,
    ) -> int:
        body: dict[str, Any] = {"pipeline": pipeline or "default", "only": list(only), "skip": list(skip)}
        if affected:
            body["affected"] = True
        if options:
            body["options"] = options
        if planned:
            body["planned"] = dict(planned)
        if priority:
            body["priority"] = priority
        if workspace:
            body["workspace"] = workspace
        answer = self._call("POST", "/runs", body, {"Idempotency-Key": key} if key else None)
        return int(answer["run"])

    def do(
        self,
        action: str = "",
        options: Mapping[str, Any] | None = None,
        folder: str = "",
        by: str = "",
        key: str | None = None,
        wants: str = "",
        workspace: str | None = None,
        priority: str = "",
    ) -> int:
        body: dict[str, Any] = {"options": dict(options or {}), "folder": folder}
        if workspace:
            body["workspace"] = workspace
        if priority:
            body["priority"] = priority
        kind, name = ("capabilities", wants) if wants else ("actions", action)
        headers = {"Idempotency-Key": key} if key else None
        return int(self._call("POST", f"/{kind}/{_quoted(name)}/run", body, headers)["run"])

    def cancel_run(self, run: int, reason: str, by: str) -> None:
        self._call("POST", f"/runs/{run}/cancel", {"reason": reason})

    def cancel_task(self, task_id: str, reason: str, by: str) -> None:
        self._call("POST", f"/tasks/{_quoted(task_id)}/cancel", {"reason": reason})

    def retry_run(self, run: int, by: str) -> int | None:
        self._call("POST", f"/runs/{run}/retry")
        return run

    def retry_task(self, task_id: str, by: str) -> None:
        self._call("POST", f"/tasks/{_quoted(task_id)}/retry")

    def move_task(self, task_id: str, agent: str, by: str) -> None:
        self._call("POST", f"/tasks/{_quoted(task_id)}/move", {"agent": agent})

    def decide(self, task_id: str, choice: str, by: str) -> None:
        self._call("POST", f"/tasks/{_quoted(task_id)}/decide", {"choice": choice})

    def answer(self, task_id: str, question: str, choice: str, by: str) -> None:
        self._call("POST", f"/tasks/{_quoted(task_id)}/answer", {"question": question, "choice": choice})

    def pause(self, agent: str, reason: str, by: str) -> None:
        self._call("POST", f"/agents/{_quoted(agent)}/pause", {"reason": reason})

    def resume(self, agent: str, by: str) -> None:
        self._call("POST", f"/agents/{_quoted(agent)}/resume")

    def set_concurrency(self, agent: str, limit: int, by: str) -> None:
        self._call("POST", f"/agents/{_quoted(agent)}/concurrency", {"limit": limit})

    def drain_agent(self, agent: str, reason: str, by: str) -> Any:
        return self._call("POST", f"/agents/{_quoted(agent)}/drain", {"reason": reason})["agent"]

    def stop_agent(self, agent: str, reason: str, by: str) -> Any:
        return self._call("POST", f"/agents/{_quoted(agent)}/stop", {"reason": reason})["agent"]

    def restart_agent(self, agent: str, reason: str, by: str) -> Any:
        return self._call("POST", f"/agents/{_quoted(agent)}/restart", {"reason": reason})["agent"]

    def agent_history(self, agent: str) -> Any:
        return self._call("GET", f"/agents/{_quoted(agent)}/history")

    def take_task(self, task_id: str, reason: str, by: str) -> Any:
        return self._call("POST", f"/tasks/{_quoted(task_id)}/take", {"reason": reason})["task"]

    def finish_task(self, task_id: str, done: bool, note: str, by: str) -> Any:
        wish = {"outcome": "done" if done else "failed", "note": note}
        return self._call("POST", f"/tasks/{_quoted(task_id)}/finish", wish)["task"]

    def release_task(self, task_id: str, reason: str, by: str) -> Any:
        return self._call("POST", f"/tasks/{_quoted(task_id)}/release", {"reason": reason})["task"]

    def fire_schedule(self, name: str, by: str) -> None:
        self._call("POST", f"/schedules/{_quoted(name)}/fire")

    def accept_finding(self, finding: str, reason: str, until: str, owner: str, by: str) -> Any:
        wish = {"reason": reason, "until": until, "owner": owner}
        return self._call("POST", f"/findings/{finding}/accept", wish)["finding"]

    def compare(self, run: int, other: int | None = None) -> Any:
        return self._call("GET", f"/runs/{run}/compare" + (f"?with={other}" if other else ""))

    def download(self, path: str, **query: Any) -> Iterator[bytes]:
        """A file of the API, piece by piece."""
        words = urllib.parse.urlencode({name: value for name, value in query.items() if value not in (None, "")})
        request = urllib.request.Request(f"{self.server.address}/api/v1{path}?{words}")  # noqa: S310
        request.add_header("Authorization", f"Bearer {self.server.token}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                while piece := answer.read(PIECE):
                    yield piece
        except urllib.error.HTTPError as error:
            raise _error_of(error) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise NotReachable(f"Callboard at {self.server.address} does not answer: {error}") from error

    def source(self, finding: str, around: int = 6) -> Any:
        return self._call("GET", f"/findings/{_quoted(finding)}/source", around=around)

    def diff(self, task_id: str) -> Any:
        return self._call("GET", f"/tasks/{_quoted(task_id)}/diff")

    def log_search(
        self, task_id: str, attempt: int | None = None, text: str = "", level: str = "", start: int = 0
    ) -> Any:
        path = f"/tasks/{_quoted(task_id)}/log/search"
        return self._call("GET", path, attempt=attempt, q=text, level=level, start=start or None)

    def log_diff(self, task_id: str, before: int, after: int) -> Any:
        return self._call("GET", f"/tasks/{_quoted(task_id)}/log/diff", before=before, after=after)

    def patches(self, run: int | None = None, state: str | None = None) -> Any:
        return self._call("GET", "/patches", run=run, state=state)

    def patch(self, number: int) -> Any:
        return self._call("GET", f"/patches/{number}")

    def accept_patch(self, number: int, by: str) -> Any:
        return self._call("POST", f"/patches/{number}/accept")

    def reject_patch(self, number: int, reason: str, by: str) -> Any:
        return self._call("POST", f"/patches/{number}/reject", {"reason": reason})

    def undo_patch(self, number: int, by: str) -> Any:
        return self._call("POST", f"/patches/{number}/undo")

    def alerts(self, state: str = "", severity: str = "", agent: str = "", limit: int = 500) -> Any:
        return self._call("GET", "/alerts", state=state, severity=severity, agent=agent, limit=limit)

    def alert(self, name: str) -> Any:
        return self._call("GET", f"/alerts/{_quoted(name)}")

    def mark_alert(self, name: str, choice: str, by: str, until: float | None = None, reason: str = "") -> Any:
        act = {"acknowledged": "acknowledge", "snoozed": "snooze", "reopened": "reopen"}[choice]
        wish: dict[str, Any] = {"reason": reason} | ({"until": until} if act == "snooze" else {})
        return self._call("POST", f"/alerts/{_quoted(name)}/{act}", wish)["alert"]

    def acknowledge_alerts(self, by: str, severity: str = "", agent: str = "", reason: str = "") -> int:
        wish = {"severity": severity, "agent": agent, "reason": reason}
        return int(self._call("POST", "/alerts/acknowledge", wish)["acknowledged"])

    def ingest(
        self,
        uploads: Sequence[tuple[str, bytes]],
        by: str,
        source: str = "",
        commit: str = "",
        format: str = "auto",
        workspace: str | None = None,
    ) -> int:
        """All files in one request, as a form."""
        border = secrets.token_hex(16)
        body = bytearray()
        for name, data in uploads:
            plain = "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in name)[:200] or "report"
            body += f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{plain}"\r\n'.encode()
            body += b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n"
        body += f"--{border}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={border}"}
        query = {"source": source, "commit": commit, "format": format, "workspace": workspace}
        return int(self._call("POST", "/ingest", bytes(body), kind, **query)["run"])

    def run_forecast(self, run: int) -> Any:
        return self._call("GET", f"/runs/{run}/forecast")

    def bottlenecks(self, since: float | None = None) -> Any:
        return self._call("GET", "/insights/bottlenecks", None, None, since=since)

    def needs_learned(self) -> Any:
        return self._call("GET", "/insights/needs")

    def calibration(self) -> Any:
        return self._call("GET", "/insights/calibration")

    def whatif(self, asked: Mapping[str, Any]) -> Any:
        return self._call("POST", "/insights/whatif", {**asked})

    def insights(self) -> Any:
        return self._call("GET", "/insights")

    def advice_one(self, name: str) -> Any:
        found = self.insights()
        for row in (*found["next"], *found["taken"]):
            if name and row["id"].startswith(name):
                return row
        raise NotFound(f"there is no advice '{name[:60]}'; see `callboard insights`")

    def take_advice(self, advice: str, by: str, act: int = 0) -> Any:
        return self._call("POST", f"/insights/{_quoted(advice)}/take", {"act": act})["advice"]

    def overrule_advice(self, advice: str, reason: str, by: str) -> Any:
        return self._call("POST", f"/insights/{_quoted(advice)}/overrule", {"reason": reason})["advice"]

    def snooze_advice(self, advice: str, until: float, by: str) -> Any:
        return self._call("POST", f"/insights/{_quoted(advice)}/snooze", {"until": until})["advice"]

    def reopen_advice(self, advice: str, reason: str, by: str) -> Any:
        return self._call("POST", f"/insights/{_quoted(advice)}/reopen", {"reason": reason})["advice"]

    def advice_rule_rows(self, name: str = "") -> Any:
        return [row for row in self.insights()["rules"] if name in ("", row["name"])]

    def rule_dry_run(self, name: str, by: str) -> Any:
        return self._call("POST", f"/insights/rules/{_quoted(name)}/dry-run")["rule"]

    def rule_undo(self, name: str, by: str, firing: str = "") -> Any:
        return self._call("POST", f"/insights/rules/{_quoted(name)}/undo", {"firing": firing})["rule"]

    def insights_report(self, week: str = "") -> Any:
        return self._call("GET", "/insights/report", week=week)

    def crew(self) -> Any:
        return self._call("GET", "/crew")

    def coordination(self) -> Any:
        return self._call("GET", "/coordination")

    def set_drain(self, wanted: bool, by: str, reason: str = "", until: float | None = None) -> Any:
        wish = {"wanted": wanted, "reason": reason, **({"until": until} if until is not None else {})}
        return self._call("POST", "/coordination/drain", wish)["coordination"]["drain"]

    def handoff(self, environment: str = "", version: str = "", address: str = "", by: str = "") -> Any:
        wish = {"environment": environment, "version": version, "address": address}
        return self._call("POST", "/coordination/handoff", wish)["handoff"]

    def signed_handoff(self, id: str = "") -> Any:
        return self._call("GET", "/coordination/handoff", id=id)

    def roadmap(self) -> Any:
        return self._call("GET", "/roadmap")

    def roadmap_change(self, change: str) -> Any:
        return self._call("GET", f"/roadmap/{_quoted(change)}")

    def roadmap_assign(
        self,
        refs: Sequence[str],
        to: str = "auto",
        action: str = "",
        options: Mapping[str, Any] | None = None,
        reason: str = "",
        by: str = "",
        *,
        instead: bool = False,
    ) -> Any:
        wish = {"refs": list(refs), "to": to, "action": action, "options": dict(options or {}), "reason": reason}
        return self._call("POST", "/roadmap/assign", {**wish, "instead": instead})

    def roadmap_withdraw(self, id: str, reason: str, by: str) -> Any:
        return self._call("POST", "/roadmap/withdraw", {"id": id, "reason": reason})["assignment"]

    def roadmap_done(self, ref: str, note: str, by: str) -> Any:
        return self._call("POST", "/roadmap/done", {"ref": ref, "note": note})["assignment"]

    def roadmap_tick(self, ref: str, by: str) -> Any:
        return self._call("POST", "/roadmap/tick", {"ref": ref})["assignment"]

    def roadmap_place(
        self,
        change: str,
        layer: str | None = None,
        rank: int | None = None,
        after: Sequence[str] | None = None,
        reason: str = "",
        by: str = "",
    ) -> Any:
        told = {"layer": layer, "rank": rank, "after": None if after is None else list(after)}
        wish = {name: value for name, value in told.items() if value is not None}
        return self._call("POST", "/roadmap/place", {"change": change, "reason": reason, **wish})["change"]

    def roadmap_refresh(self) -> Any:
        return self._call("POST", "/roadmap/refresh")

    def search(self, text: str, limit: int = 8) -> Any:
        return self._call("GET", "/search", q=text, limit=limit)["hits"]

    def about(self) -> Any:
        return self._call("GET", "/about")

    def boundary(self) -> Any:
        return self._call("GET", "/boundary")

    def cases(
        self,
        state: str = "",
        severity: str = "",
        agent: str = "",
        workspace: str = "",
        text: str = "",
        kind: str = "",
        assignee: str = "",
        limit: int = 200,
    ) -> Any:
        wants = {
            "state": state,
            "severity": severity,
            "agent": agent,
            "workspace": workspace,
            "text": text,
            "kind": kind,
        }
        return self._call("GET", "/cases", None, None, **wants, assignee=assignee, limit=limit)

    def case(self, number: int) -> Any:
        return self._call("GET", f"/cases/{number}")

    def case_count(self) -> int:
        return int(self.cases(limit=1)["open"])

    def knowledge(self, text: str = "", limit: int = 50) -> Any:
        return self._call("GET", "/knowledge", text=text, limit=limit)

    def triage_case(self, number: int, by: str, reason: str = "", turn: int | None = None) -> Any:
        return self._case_act(number, "triage", {"reason": reason, "turn": turn})

    def assign_case(
        self, number: int, to: str, by: str, reason: str = "", turn: int | None = None, *, instead: bool = False
    ) -> Any:
        wish = {"to": to, "reason": reason, "turn": turn, "instead": instead}
        return self._case_act(number, "assign", wish)

    def accept_case(self, number: int, reason: str, until: str | float, by: str, turn: int | None = None) -> Any:
        return self._case_act(number, "accept", {"reason": reason, "until": until, "turn": turn})

    def close_case(self, number: int, reason: str, by: str, turn: int | None = None) -> Any:
        return self._case_act(number, "close", {"reason": reason, "turn": turn})

    def reopen_case(self, number: int, reason: str, by: str, turn: int | None = None) -> Any:
        return self._case_act(number, "reopen", {"reason": reason, "turn": turn})

    def merge_case(self, number: int, into: int, reason: str, by: str, turn: int | None = None) -> Any:
        return self._case_act(number, "merge", {"into": into, "reason": reason, "turn": turn})

    def split_case(self, number: int, symptoms: Sequence[str], reason: str, by: str, turn: int | None = None) -> Any:
        return self._case_act(number, "split", {"symptoms": list(symptoms), "reason": reason, "turn": turn})

    def comment_case(self, number: int, text: str, by: str) -> Any:
        return self._case_act(number, "comment", {"text": text})

    def _case_act(self, number: int, act: str, wish: Mapping[str, Any]) -> Any:
        told = {name: value for name, value in wish.items() if value is not None}
        page = self._call("POST", f"/cases/{number}/{act}", told)
        return {name: value for name, value in page.items() if name != "ok"}

    def investigate_case(self, number: int, what: str, by: str) -> Any:
        return self._call("POST", f"/cases/{number}/investigate", {"what": what})

    def case_bundle(self, number: int) -> tuple[str, bytes]:
        return f"callboard-C{number}.zip", self._fetched(f"/cases/{number}/bundle")

    def incidents(self) -> Any:
        return self._call("GET", "/incidents")["incidents"]

    def begin_incident(
        self,
        agents: Sequence[str],
        reason: str,
        by: str,
        *,
        case: int | None = None,
        stop: bool = False,
        crew: bool = False,
    ) -> Any:
        wish = {"agents": list(agents), "reason": reason, "stop": stop, "crew": crew}
        told = wish if case is None else {**wish, "case": case}
        return self._call("POST", "/incidents", told)["incident"]

    def incident_bundle(self, number: int) -> tuple[str, bytes]:
        return f"callboard-incident-{number}.zip", self._fetched(f"/incidents/{number}/bundle")

    def end_incident(self, number: int, reason: str, by: str) -> Any:
        return self._call("POST", f"/incidents/{number}/end", {"reason": reason})["incident"]

    def run_cases(self, run: int) -> Any:
        return self._call("GET", f"/runs/{run}/cases")

    def notices(self, channel: str = "", state: str = "", limit: int = 100) -> Any:
        return self._call("GET", "/notices", channel=channel, state=state, limit=limit)

    def test_notice(self, channel: str, by: str) -> Any:
        return self._call("POST", "/notices/test", {"channel": channel})["notice"]

    def renew_notice(self, id: str, by: str) -> Any:
        return self._call("POST", f"/notices/{_quoted(id)}/retry")["notice"]

    def person(self, by: str) -> Any:
        return self._call("GET", "/me")

    def set_person(self, by: str, values: Mapping[str, Any]) -> Any:
        return self._call("PUT", "/me", dict(values))

    def rescan(self) -> None:
        self._call("POST", "/agents/rescan")

    def last_seq(self) -> int:
        """The number of the newest event."""
        return int(self.board()["seq"])

    def events(self, after_seq: int, limit: int) -> list[Any]:
        """Events after a number, the oldest first; empty when there is none."""
        for message in self.stream(after_seq):
            return list(message.get("events", ()))[:limit]
        return []

    def stream(self, after: int | None = None) -> Iterator[dict[str, Any]]:
        """Live messages, as the server sends them; ends when the connection does."""
        request = urllib.request.Request(f"{self.server.address}/api/v1/events")  # noqa: S310
        request.add_header("Authorization", f"Bearer {self.server.token}")
        request.add_header("Accept", "text/event-stream")
        if after is not None:
            request.add_header("Last-Event-ID", str(after))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                for raw in answer:
                    if raw.startswith(b"data:"):
                        yield json.loads(raw[5:])
        except urllib.error.HTTPError as error:
            raise _error_of(error) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise NotReachable(f"Callboard at {self.server.address} does not answer: {error}") from error


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def _error_of(error: urllib.error.HTTPError) -> CallboardError:
    rule = "server"
    try:
        said = json.loads(error.read())
        detail, rule = str(said.get("detail") or error.reason), str(said.get("rule") or rule)
    except (ValueError, AttributeError, OSError):
        detail = str(error.reason)
    if error.code == 404:
        return NotFound(detail)
    if error.code == 403:
        return BoundaryError(detail.removesuffix(f" (rule: {rule})"), rule)
    if error.code == 409:
        return Refused(detail)
    if error.code == 422:
        return ConfigError(detail)
    if error.code == 507:
        return RecordFull(detail)
    return NotReachable(f"the server answered {error.code}: {detail}")
