"""A person's wish to have a case looked into: all of it, or one step."""

from collections.abc import Sequence

from callboard.core.case_steps import Next, Step
from callboard.core.cases import Case
from callboard.desk.case_scene import fix_key, offer_row
from callboard.desk.case_work import CaseWork
from callboard.errors import ConfigError, Refused
from callboard.record.case_work import CaseRun
from callboard.rows import Row

WHAT = ("auto", "reproduce", "narrow", "bisect", "fix", "verify")
WORDS = {
    "reproduce": "it is run again, to tell broken from flaky",
    "narrow": "the smallest that fails is looked for",
    "bisect": "the commit that broke it is looked for",
    "verify": "every check that saw it looks again",
}


class Investigations(CaseWork):
    """What persons ask for is not counted against the limits of what starts by itself."""

    def investigate_case(self, number: int, what: str, by: str) -> Row:
        """Starts a step for the case as a run; with 'auto' the next one, and those that follow from it go on by themselves.

        Gives `run`, `words` and the page of the case. Raises `Refused` with why nothing can be started, `NotFound`.
        """
        if what not in WHAT:
            raise ConfigError(f"'{what[:40]}' is none of {', '.join(WHAT)}")
        case = self.case_of(number)
        if not case.is_open:
            raise Refused(f"{case.name} is closed ({case.words}); reopen it first")
        self.require_trust()
        runs = self.case_work.case_runs().get(number, [])
        busy = next((one for one in runs if not one.over), None)
        if busy is not None:
            raise Refused(f"run {busy.run} ({busy.step}) is under way for {case.name}, by {busy.by}; wait for it")
        self.case_collect(case, runs)
        case = self.case_of(number)
        following = self._wished(case, runs, what)
        if following.step is None:
            raise Refused(following.words)
        run = self.case_start(case, following, self.case_again(case), by, goes_on=what == "auto")
        return {
            "ok": True,
            "run": run,
            "step": str(following.step),
            "words": following.words,
            **self.case(number),
        }

    def _wished(self, case: Case, runs: Sequence[CaseRun], what: str) -> Next:
        mine = [one for one in runs if one.submitted >= case.opened]
        if what == "auto":
            return self.case_next(case, mine, person=True)[0]
        if what == "fix":
            offered = self.case_offers(case)
            fresh = [offer for offer in offered if not self._history.run_by_key(fix_key(case, offer))]
            if not offered:
                return Next(None, "no plugin knows a fix for it")
            chosen = (fresh or offered)[0]
            row = offer_row(chosen, fix_key(case, chosen))
            return Next(Step.FIX, f"a fix is made as a patch: {row['words']}", facts=row)
        if what == "verify":
            tried = self.state_of_patch(self.case_patch(case)) == "proposed"
            words = "the proposed patch is tried in a copy" if tried else WORDS[what]
            return Next(Step.TRY if tried else Step.VERIFY, words)
        again = self.case_again(case)
        if isinstance(again, str):
            return Next(None, f"it cannot be run again: {again}")
        return Next(Step(what), WORDS[what])
