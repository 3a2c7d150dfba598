"""What to do next: the ranked list, a person's word about it, and the rules that act alone."""

import contextlib
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from callboard.config.rules import RuleTable
from callboard.core.advice import ACT, Stand, Standing
from callboard.core.advice_commands import (
    CALLBOARD,
    EndFiring,
    FireRule,
    JudgeTaking,
    NoteAdvice,
    OverruleAdvice,
    ReopenAdvice,
    Said,
    SnoozeAdvice,
    TakeAdvice,
    UndoFiring,
)
from callboard.core.state import State
from callboard.desk.advice_acting import perform
from callboard.desk.advice_measuring import AdviceMeasuring
from callboard.desk.advice_rows import DRY_DAYS, advice_row, past_row, rule_row
from callboard.errors import CallboardError, ConfigError, NotFound, Refused
from callboard.insight.advice_measures import judge, state_words
from callboard.insight.advice_rank import Advice, advise
from callboard.insight.advice_rules import act_by
from callboard.rows import Row
from callboard.work.finding import clean

DAY = 86_400.0
PATIENCE_S = DAY
FRESH_S = 2.0
MOST_TAKEN, MOST_PAST = 50, 100
LONGEST_REASON = 1_000
CUT = (
    "the program was ended while it was done, so nobody knows whether it was; look, and take it back by hand if need be"
)
UNSTEADY = ("concurrency-raise", "concurrency-lower", "give-away", "disk")  # come and go with the load
GONE_AFTER_S, UNSTEADY_GONE_AFTER_S = 20.0, 600.0


@dataclass(slots=True)
class _List:
    """The list as it was made last, and since when what was on it is not any more."""

    at: float = 0.0
    advice: list[Advice] = field(default_factory=list)
    absent: dict[str, float] = field(default_factory=dict)


class Advices(AdviceMeasuring):
    """Nothing here decides by itself: a person takes an advice, or a rule that the team wrote down does."""

    advice_watched = False
    advice_seq = 0

    @cached_property
    def _list(self) -> _List:
        return _List()

    @cached_property
    def _list_lock(self) -> threading.RLock:
        return threading.RLock()

    @cached_property
    def _rule_troubles(self) -> dict[str, str]:
        return {}

    # -- looking -----------------------------------------------------------------------------------------------

    def insights(self) -> Row:
        """`next` is what to do now, the highest score first; `taken` all that somebody had a word about; `rules` with what
        they did or would have done."""
        now = time.time()
        standing, kept = self._standings(), self._advised.standing(str(self.workspace))
        rows = []
        for advice in self._current():
            one = standing.get(advice.id)
            if _shown(one, now):
                first = kept.get(advice.id, {}).get("first") or now
                rows.append(advice_row(advice, one, first))
        return {
            "next": rows,
            "taken": self._past(kept),
            "rules": self.advice_rule_rows(),
            "seq": self.advice_seq,
            "at": now,
        }

    def advice_one(self, name: str) -> Row:
        """One advice by its id, or the beginning of it: as it stands, or as it is kept; raises `NotFound`."""
        found = self.insights()
        for row in (*found["next"], *found["taken"]):
            if name and row["id"].startswith(name):
                return dict(row)
        raise NotFound(f"there is no advice '{clean(name, 60)}'; see `callboard insights`")

    def _current(self) -> list[Advice]:
        """The list of the thread that watches, or one that is made now."""
        with self._list_lock:
            if not (self.advice_watched and self._list.at) and time.monotonic() - self._list.at > FRESH_S:
                self._list.advice, self._list.at = advise(self.advice_facts()), time.monotonic()
            return list(self._list.advice)

    def _standings(self) -> dict[str, Standing]:
        where = str(self.workspace)
        return self._engine.inspect(lambda state: {one.id: one for one in state.advised if one.workspace == where})

    def _past(self, kept: Mapping[str, Row]) -> list[Row]:
        """What was taken, then what is overruled or snoozed; the newest first."""
        where, now = str(self.workspace), time.time()
        rows = []
        for taking in self._advised.taken(where, most=MOST_TAKEN):
            about = kept.get(taking["id"]) or self._advised.advice(taking["id"]) or taking
            not_yet = ""
            if taking["judged"] is None:
                what = str(taking["measure"].get("what", ""))
                not_yet = state_words(what, self.measured_after(taking["measure"], taking["at"]), now - taking["at"])
            rows.append(past_row(about, taking, not_yet))
        said = [
            row
            for row in kept.values()
            if row["state"] == "overruled" or (row["state"] == "snoozed" and row["until"] > now)
        ]
        rows += [past_row(row) for row in said[:MOST_PAST]]
        return sorted(rows, key=lambda row: -row["at"])

    # -- a person's word ---------------------------------------------------------------------------------------

    def take_advice(self, advice: str, by: str, act: int = 0) -> Row:
        """Does what is advised, by its one call; without one it says that the person does it by hand. `act` chooses among several.

        Whoever is first does it; the second is refused with who was. Raises what the call itself raises, and then it is open again.
        """
        found = self._advice_named(advice)
        acts = found.draft.acts
        if act and not 0 < act < len(acts):
            raise ConfigError(f"there is no act {act} of '{found.draft.title}'; it has {len(acts)}")
        chosen = acts[act] if acts else None
        before = found.draft.measure.row(*self.measured_before(found.draft.measure))
        row = chosen.row() if chosen is not None else {}
        self._do(TakeAdvice(_said(self.workspace, found), secrets.token_hex(6), by, row, before))
        done = ""
        if chosen is not None:
            try:
                done, _ = perform(self, row, by)
            except CallboardError as error:
                self._do(
                    ReopenAdvice(
                        _said(self.workspace, found), CALLBOARD, f"it could not be done: {clean(str(error), 500)}"
                    )
                )
                raise
        self._told()
        return {**self._advice_row(found), "done": done or "you see to it by hand"}

    def overrule_advice(self, advice: str, reason: str, by: str) -> Row:
        """The same kind about the same thing stays away from now on, and the kind ranks lower when that happens often."""
        if not reason.strip():
            raise ConfigError("'reason' is needed: why is this not what to do?")
        found = self._advice_named(advice)
        self._do(OverruleAdvice(_said(self.workspace, found), by, clean(reason.strip(), LONGEST_REASON)))
        self._told()
        return self._advice_row(found)

    def snooze_advice(self, advice: str, until: float, by: str) -> Row:
        """It stays away until then."""
        found = self._advice_named(advice)
        self._do(SnoozeAdvice(_said(self.workspace, found), by, until))
        self._told()
        return self._advice_row(found)

    def reopen_advice(self, advice: str, reason: str, by: str) -> Row:
        """Takes an overrule or a snooze back."""
        kept = self._advised.standing(str(self.workspace))
        known = [row for id, row in kept.items() if advice and id.startswith(advice)]
        if len(known) != 1:
            raise NotFound(f"there is no word about an advice '{clean(advice, 60)}'; see `callboard insights`")
        row = known[0]
        said = Said(row["id"], str(self.workspace), row["kind"], row["about"], row["title"])
        self._do(ReopenAdvice(said, by, clean(reason.strip(), LONGEST_REASON)))
        self._told()
        return past_row(self._advised.standing(str(self.workspace))[row["id"]])

    def _advice_named(self, name: str) -> Advice:
        """The advice that stands and has this id, or begins so; raises `NotFound`."""
        for anew in (False, True):
            if anew:
                with self._list_lock:
                    self._list.advice, self._list.at = advise(self.advice_facts()), time.monotonic()
            found = [advice for advice in self._current() if name and advice.id.startswith(name)]
            if len(found) == 1:
                return found[0]
            if len(found) > 1:
                raise NotFound(f"more than one advice begins with '{clean(name, 60)}'; give more of its id")
        known = self._advised.beginning(str(self.workspace), name)
        if known is not None and known["state"] in ("taken", "overruled"):
            raise Refused(f"'{known['title']}' is {known['state']} already, by {known['by']}")
        if known is not None:
            raise Refused(f"'{known['title']}' is gone: what it was given for is not so any more")
        raise NotFound(f"there is no advice '{clean(name, 60)}'; see `callboard insights`")

    def _advice_row(self, advice: Advice) -> Row:
        kept = self._advised.standing(str(self.workspace)).get(advice.id, {})
        return advice_row(advice, self._standings().get(advice.id), kept.get("first") or time.time())

    def _told(self) -> None:
        self.advice_seq += 1
        self._feed.note("insights", self.advice_seq)

    # -- keeping the list, for the thread that watches ---------------------------------------------------------

    def advise_anew(self) -> bool:
        """Makes the list anew, keeps what came and went, lets rules act; whether the list is another than before."""
        facts = self.advice_facts()
        advice = advise(facts)
        with self._list_lock:
            before = [(one.id, one.score, one.draft.title) for one in self._list.advice]
            self._list.advice, self._list.at = advice, time.monotonic()
        standing = self._standings()
        given = tuple(_said(self.workspace, one) for one in advice if _is_new(standing.get(one.id), facts.now))
        gone = self._gone(advice, standing, facts.now)
        if given or gone:
            self._do(NoteAdvice(given, gone))
        acted = self._let_rules_act(advice)
        changed = before != [(one.id, one.score, one.draft.title) for one in advice] or bool(given or gone or acted)
        if changed:
            self._told()
        return changed

    def _gone(
        self, advice: Sequence[Advice], standing: Mapping[str, Standing], now: float
    ) -> tuple[tuple[str, str], ...]:
        """What is not on the list any more, for long enough that it is no flicker."""
        here = {one.id for one in advice}
        absent = self._list.absent
        found = []
        for id, one in standing.items():
            if id in here or one.state is Stand.OVERRULED:
                absent.pop(id, None)
                continue
            since = absent.setdefault(id, now)
            if now - since >= (UNSTEADY_GONE_AFTER_S if one.kind in UNSTEADY else GONE_AFTER_S):
                absent.pop(id, None)
                found.append((id, "what it was given for is not so any more"))
        for id in [id for id in absent if id not in standing]:
            del absent[id]
        return tuple(found)

    def judge_advice(self) -> int:
        """Says of what was taken whether it helped, where that is known now; how many were judged."""
        now, number = time.time(), 0
        for taking in self._advised.unjudged(str(self.workspace)):
            measure = taking["measure"]
            seen = self.measured_after(measure, taking["at"])
            word = judge(str(measure.get("what", "")), measure.get("before"), seen, now - taking["at"])
            if word is not None:
                self._do(
                    JudgeTaking(
                        taking["id"], taking["taking"], word.helped, word.words, word.before, word.after, word.n
                    )
                )
                number += 1
        return number

    # -- rules -------------------------------------------------------------------------------------------------

    def advice_rule_rows(self, name: str = "") -> list[Row]:
        """The rules of `callboard.toml`, or one of them."""
        rules = self.advice_rules()
        if not rules:
            return []
        now = time.time()
        firings = self._advised.firings(str(self.workspace), now - DRY_DAYS * DAY)
        current = self._current() if name else []
        rows = []
        for rule in rules.values():
            if name and rule.name != name:
                continue
            mine = [one for one in firings if one["rule"] == rule.name]
            lines = [
                f"now: {clean(one.draft.title, 200)}: {act.title}"
                for one in current
                if (act := act_by(rule, one)) is not None
            ]
            fired = self._engine.inspect(lambda state, rule=rule: state.advised.fired(rule.name, rule.mode, now))  # type: ignore[misc]
            left = max(0, rule.per_hour - fired)
            rows.append(rule_row(rule, mine, lines, self._rule_troubles.get(rule.name, ""), left, now))
        return rows

    def rule_dry_run(self, name: str, by: str) -> Row:
        """What the rule would do now and did or would have done before; nothing is done by asking."""
        rows = self.advice_rule_rows(self._advice_rule(name).name)
        return rows[0]

    def rule_undo(self, name: str, by: str, firing: str = "") -> Row:
        """Takes back what the rule did last, or that firing; raises `Refused` when there is nothing, or it cannot be."""
        where = str(self.workspace)
        found = [
            one for one in self._advised.firings(where)
            if one["rule"] == name and one["mode"] == ACT and (not firing or one["id"] == firing)
        ]  # fmt: skip
        if not found:
            raise Refused(
                f"rule '{clean(name, 60)}' has done nothing"
                + (f" that is called '{clean(firing, 40)}'" if firing else "")
            )
        one = next((row for row in found if row["undo"] and row["ok"] and row["undone"] is None), found[0])
        known = self._engine.inspect(lambda state: state.advised.firing(one["id"]))
        if known is None or known.undone is not None or not known.undo or not known.ok:
            who = (
                f"{known.by} has undone it already"
                if known is not None and known.undone is not None
                else "it cannot be undone"
            )
            raise Refused(f"rule '{name}', '{one['title']}': {who}")
        words, _ = perform(self, one["undo"], by)
        self._do(UndoFiring(one["id"], by, words))
        self._judge_taken_back(one, by)
        self._told()
        rows = self.advice_rule_rows(name)
        return {**rows[0], "done": words} if rows else {"name": name, "done": words}

    def _judge_taken_back(self, firing: Row, by: str) -> None:
        """What a person takes back did not help, whatever was measured of it before, and the advice is open again."""
        for taking in self._advised.taken(str(self.workspace), firing["at"]):
            if (taking["id"], taking["rule"], taking["at"]) == (firing["advice"], firing["rule"], firing["at"]):
                words = f"{by} took back what the rule had done"
                self._do(JudgeTaking(taking["id"], taking["taking"], False, words))
        standing = self._standings().get(firing["advice"])
        if standing is not None and standing.state is Stand.TAKEN and standing.rule == firing["rule"]:
            said = Said(firing["advice"], str(self.workspace), firing["kind"], firing["about"], firing["title"])
            self._do(ReopenAdvice(said, by, f"took back what rule {firing['rule']} had done"))

    def finish_firings(self) -> int:
        """What rules had begun when the program was ended is said to be unknown, and its advice is open again; how many."""
        where = str(self.workspace)
        known = self._engine.inspect(lambda state: {one.id for one in state.advised.firings() if one.done is None})
        left = [
            one
            for one in self._advised.firings(where)
            if one["mode"] == ACT and one["done"] is None and one["id"] in known
        ]
        for one in left:
            act = clean(str(one["act"].get("title") or "its act"), 200)
            self._do(EndFiring(one["id"], False, f"{act}: {CUT}"))
            said = Said(one["advice"], where, one["kind"], one["about"], one["title"])
            with contextlib.suppress(CallboardError):  # it is open, or gone
                self._do(ReopenAdvice(said, CALLBOARD, f"rule {one['rule']}: {CUT}"))
        return len(left)

    def _advice_rule(self, name: str) -> RuleTable:
        rules = self.advice_rules()
        if name not in rules:
            known = ", ".join(rules) or "none; write [rules.NAME] into callboard.toml"
            raise NotFound(f"there is no rule '{clean(name, 60)}'. Known: {known}")
        return rules[name]

    def _let_rules_act(self, advice: Sequence[Advice]) -> int:
        """Each rule about each advice that fits, as a dry run or in earnest; how often something came of it."""
        rules = self.advice_rules()
        if not rules or self._trust.why_not(self.workspace):
            return 0
        kept = self._advised.standing(str(self.workspace))
        number = 0
        for one in advice:
            row = kept.get(one.id)
            if row is None or row["state"] != "open":
                continue
            for rule in rules.values():
                act = act_by(rule, one)
                if act is not None and self._may_fire(rule, one, row["first"]):
                    number += 1
                    if self._fire_rule(rule, one, act.row(), row["first"]):
                        break
        return number

    def _may_fire(self, rule: RuleTable, advice: Advice, first: float) -> bool:
        def look(state: State) -> tuple[bool, str]:
            advised = state.advised
            return not advised.has_fired(rule.name, rule.mode, advice.id, first), advised.taken_back(
                rule.name, advice.id
            )

        may, who = self._engine.inspect(look)
        if who:
            self._rule_troubles[rule.name] = (
                f"'{advice.draft.title}' is left to a person: {who} took back what it had done"
            )
        return may

    def _fire_rule(self, rule: RuleTable, advice: Advice, act: Row, first: float) -> bool:
        """Writes down that it fires, and in earnest then does it; whether the advice is taken by it."""
        id, measure = secrets.token_hex(6), advice.draft.measure
        before = measure.row(*self.measured_before(measure)) if rule.mode == ACT else {}
        said = _said(self.workspace, advice)
        try:
            self._do(FireRule(id, rule.name, said, rule.mode, rule.per_hour, first, act, secrets.token_hex(6), before))
        except Refused as refused:
            self._rule_troubles[rule.name] = str(refused)
            return False
        if rule.mode != ACT:
            return False
        try:
            words, undo = perform(self, act, f"rule {rule.name}")
        except CallboardError as error:
            self._rule_troubles[rule.name] = f"'{advice.draft.title}' could not be done: {error}"
            self._do(EndFiring(id, False, clean(str(error), 500)))
            self._do(ReopenAdvice(said, CALLBOARD, f"rule {rule.name} could not do it: {clean(str(error), 500)}"))
            return True
        self._rule_troubles.pop(rule.name, None)
        self._do(EndFiring(id, True, words, undo))
        return True


def _said(workspace: object, advice: Advice) -> Said:
    draft = advice.draft
    return Said(
        advice.id, str(workspace), draft.kind, clean(draft.about, 500), clean(draft.title, 300), clean(draft.words, 1_000),
        advice.score, draft.href[:500],
    )  # fmt: skip


def _is_new(known: Standing | None, now: float) -> bool:
    """Whether it is to be written down as given: it was not there, a snooze is over, or it was taken long ago and is still so."""
    if known is None:
        return True
    if known.state is Stand.SNOOZED:
        return known.until is not None and known.until <= now
    return known.state is Stand.TAKEN and now - known.at >= PATIENCE_S


def _shown(known: Standing | None, now: float) -> bool:
    """Whether it stands on the list now."""
    return known is None or known.state is Stand.OPEN or _is_new(known, now)
