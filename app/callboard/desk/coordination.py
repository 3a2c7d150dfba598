"""How the team's work and its platform spare each other: rules that hold heavy tasks, endpoints, the drain, the handoffs."""

import hashlib
import json
import time
from pathlib import Path

from callboard.config import read_config
from callboard.core.holds import cpus, gib
from callboard.core.state import State
from callboard.core.yield_commands import NoteSeen, SetDrain
from callboard.core.yielding import KINDS, QUIET, Rule, Surroundings, flights_of, judged, lasting
from callboard.desk.handoffs import Handoffs, handoff_row
from callboard.desk.platform import Platform
from callboard.errors import CallboardError, ConfigError
from callboard.guard.running import private_folder, write_private
from callboard.link.probing import Prober
from callboard.link.probing_figures import Figures, Now
from callboard.link.probing_request import Target
from callboard.rows import Row

DRAIN_FILE = "drain.json"
MOST_HANDOFFS = 20
LONGEST_REASON = 500


class Coordination(Handoffs, Platform):
    """Only ever on our own side: nothing of the platform is stopped, started or written to."""

    prober: Prober | None = None

    def coordination(self) -> Row:
        """Rules with what they hold now, endpoints with how they answer, the drain, the handoffs."""
        rule, trouble = self._rule()
        around = self.prober.surroundings() if self.prober is not None else Surroundings(rule)

        def live(state: State) -> tuple[list[Row], int]:
            now = self._engine.now()
            flights = flights_of(state.crews)
            rows = []
            for kind in KINDS:
                active, found = state.yields.active.get(kind), judged(kind, around, flights, now)
                why = active.words if active is not None else found.trouble or found.fine or "nothing was measured yet"
                rows.append(
                    {"kind": kind, "words": rule_words(kind, rule), "on": rule.on(kind), "active": active is not None,
                     "since": active.since if active is not None else None, "why": trouble or why}
                )  # fmt: skip
            waiting = (task for task in state.ready.waiting() if task.spec.heavy) if state.yields.active else ()
            return rows, sum(state.yield_hold(task, now) is not None for task in waiting)

        rules, holding = self._engine.inspect(live)
        for row in rules:
            if row["since"] is None and row["on"]:
                row["since"] = self._yields.held_since(row["kind"])
        return {
            "rules": rules,
            "holding": holding,
            "at_most_s": rule.at_most_s,
            "heavy": heavy_words(rule),
            "endpoints": self._endpoints(rule),
            "drain": self.drain(),
            "handoffs": [handoff_row(one) for one in self._yields.handoffs(MOST_HANDOFFS)],
            "key": self._signer.public(),
        }

    def _rule(self) -> tuple[Rule, str]:
        """`[coordination]` as it holds now, and what is wrong with the file since, if anything."""
        try:
            return read_config(self.workspace).coordination, ""
        except ConfigError as error:
            rule = self.prober.rule if self.prober is not None else Rule()
            return rule, f"callboard.toml cannot be read, the rule of before holds: {error}"

    # -- endpoints ---------------------------------------------------------------------------------------------

    def _endpoints(self, rule: Rule) -> list[Row]:
        """Those that Callboard asks itself, then those that MonitorAnalytics measured."""
        rows = [_endpoint(*look, rule) for look in (self.prober.looks() if self.prober is not None else [])]
        known = {row["name"] for row in rows}
        for row in (self.platform() or {}).get("endpoints", []):
            if row["name"] not in known:
                figures = {name: row[name] for name in ("name", "url", "p50", "p95", "success", "at", "trend", "task")}
                rows.append({**figures, "limit_ms": row["max_ms"], "n": None, "last_failure": None, "paused": "",
                             "by": "MonitorAnalytics"})  # fmt: skip
        return rows

    # -- the drain ---------------------------------------------------------------------------------------------

    def drain(self) -> Row:
        """Whether the platform is asked to take no new work, by whom, why, until when, and when it saw that."""
        row = self._yields.drain()
        over = row["until"] is not None and row["until"] <= time.time()
        return {**row, "wanted": row["wanted"] and not over}

    def drained_until(self) -> float | None:
        """When the drain that stands ends by itself; None for never, and without one."""
        row = self.drain()
        return row["until"] if row["wanted"] else None

    def set_drain(self, wanted: bool, by: str, reason: str = "", until: float | None = None) -> Row:
        """Asks the platform to take no new work, or no more so; gives the drain as it is then."""
        if len(reason) > LONGEST_REASON:
            raise ConfigError(f"a reason has at most {LONGEST_REASON} characters")
        self._do(SetDrain(wanted, by, reason, until))
        self.write_drain()
        return self.drain()

    def write_drain(self) -> Path:
        """The same for those who read a file: platform/drain.json in the data folder, replaced at once."""
        file = private_folder(self.data / "platform") / DRAIN_FILE
        text = json.dumps(self.drain_record(), indent=1).encode()
        try:
            same = file.read_bytes() == text
        except OSError:
            same = False
        if not same:
            write_private(file, text)
        return file

    def drain_record(self) -> Row:
        """What the platform is told."""
        drain = self.drain()
        return {"drain": drain["wanted"], **{name: drain[name] for name in ("by", "at", "reason", "until")}}

    def asked_for_drain(self, by: str) -> Row:
        """What the platform is told when it asks; the first time since it was set is kept."""
        record, kept = self.drain_record(), self._yields.drain()
        if kept["at"] is not None and kept["seen"] is None:
            self._note_seen("", by)
        return record

    def asked_for_handoff(self, by: str) -> Row:
        """The newest handoff, signed; that the platform has it is kept. Raises `NotFound`."""
        signed = self.signed_handoff()
        seen = next((one["seen"] for one in self._yields.handoffs(5) if one["id"] == signed["id"]), None)
        if seen is None:
            self._note_seen(signed["id"], by)
        return signed

    def _note_seen(self, handoff: str, by: str) -> None:
        try:
            self._do(NoteSeen(handoff, by))
        except CallboardError:
            return  # it is noted when it asks again


def etag_of(row: Row) -> str:
    """What tells this content from any other, for If-None-Match."""
    return '"' + hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:32] + '"'


def rule_words(kind: str, rule: Rule) -> str:
    """The rule as a sentence."""
    if kind == QUIET:
        which = f"crew {' or '.join(rule.quiet_crews)}" if rule.quiet_crews else "a crew of the platform"
        count = "a workflow" if rule.quiet_workflows == 1 else f"{rule.quiet_workflows} workflows"
        words = f"Heavy tasks wait while {which} has {count} in flight"
    elif rule.yields:
        limits = []
        if rule.yield_p95_ms is not None:
            limits.append(f"the p95 of {' or '.join(rule.yield_endpoints)} is above {rule.yield_p95_ms:g} ms")
        if rule.yield_success is not None:
            limits.append(f"fewer than {rule.yield_success:g} % of the answers are good")
        words = f"Heavy tasks wait while {' or '.join(limits)}"
    else:
        return "Heavy tasks wait while the platform answers its users slowly"
    fine, most = lasting(rule.resume_after_s), lasting(rule.at_most_s)
    return f"{words}, until it has been fine for {fine}; none waits longer than {most} in all"


def heavy_words(rule: Rule) -> str:
    """Which tasks are heavy."""
    words = f"from {cpus(rule.heavy_cpus)} or {gib(rule.heavy_memory_mb)} on"
    words += f", and {', '.join(rule.heavy_jobs)}" if rule.heavy_jobs else ""
    return words + (f"; never {', '.join(rule.light_jobs)}" if rule.light_jobs else "")


def _endpoint(target: Target, now: Now, figures: Figures, rule: Rule) -> Row:
    failed = figures.failed
    limit = rule.yield_p95_ms if target.name in rule.yield_endpoints else None
    return {
        "name": target.name, "url": target.url, "p50": _round(now.p50), "p95": _round(now.p95), "success": _round(now.success),
        "last_failure": {"at": failed.at, "words": failed.trouble} if failed is not None else None,
        "n": now.n, "at": now.at or None, "trend": list(figures.trend), "limit_ms": limit, "paused": figures.paused,
        "by": "Callboard",
    }  # fmt: skip


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
