"""The action `quality.bisect`: the commit that broke a test, by `git bisect` in a worktree of its own."""

import hashlib
import itertools
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from callboard.api import CallboardError, Context, Result, Worktree
from callboard_quality.blamed import blame
from callboard_quality.commits import Repository, Search
from callboard_quality.grounds import Ground
from callboard_quality.investigated import told
from callboard_quality.judged_commit import Judge, Judgement
from callboard_quality.odds import Tally
from callboard_quality.options import BisectOptions
from callboard_quality.searched import Finder
from callboard_quality.target import Target, listed, target

MOST_LEARNED = 2_000
LEARNED_S = 60 * 86_400.0
KEY = "bisect.untestable"
NEARBY = 6  # commits around a proposed good one that are tried when it cannot be tested
MOST_MISSED = 0.01
ROUNDS = 8
MOST_UNDONE = 3
SURE = 4  # further runs at the commit that was found, none of which may pass; half of them before it
SURE_AT_BAD = 15  # further runs at the bad commit, when one of those did
SLOW_S = 30.0  # a run that takes longer is not done again to be surer


class Ended(CallboardError):
    """The search ends without a commit; the words say why. `kind` is what the case calls it."""

    def __init__(self, words: str, kind: str = "unknown") -> None:
        self.kind = kind
        super().__init__(words)


class Bisection:
    """One search. `steps` are the commits that were judged, in this order."""

    def __init__(self, ctx: Context, options: BisectOptions, what: Target, tree: Path) -> None:
        self._ctx = ctx
        self._options = options
        self._what = what
        self._repository = Repository(ctx.workspace.path)
        self._search = Search(tree)
        self._tree = tree / self._repository.prefix
        self._until = time.monotonic() + options.limit
        self.bad = self._repository.commit(options.bad or "HEAD")
        self.good = ""
        self.steps: dict[str, Judgement] = {}
        self.notes: list[str] = []
        self._longest = 0.0
        self._ground = Ground(ctx, what, options.interpreter, options.install_limit)
        source = self.bad if options.bad else ""
        self.judge = Judge(ctx, what, self._ground, self._repository, source, options.times, self._until)
        self.judge.bring = options.bring_tests
        self._learned = self._known("tests")
        self._faulty = self._known("install")
        self._trees: dict[str, Judgement] = {}
        self._finder = Finder(self._repository, self._search, self.steps, self._at, self._is_late, self.notes)
        self._finder.untestable = self._learned

    def case(self) -> dict[str, Any]:
        """Searches, and tells what was found; raises `Ended` when there is nothing to be found."""
        self._see_bad()
        self._see_good()
        found = self._finder.found(self.bad, self.good)
        for _ in range(ROUNDS):
            if not found.culprit or not found.certain or not self._is_to_search_again(found.culprit):
                break
            found = self._finder.found(self.bad, self.good)
        else:
            found = replace(found, certain=False)
        if found.is_late:
            self.notes.append(f"the time limit of {self._options.limit:.0f} s was reached")
        certain = found.certain
        log = self._search.log()
        missed = max((one.missed for one in self.steps.values()), default=0.0)
        if missed > MOST_MISSED:
            certain = False
            self.notes.append(
                f"it fails in {100 * self.judge.failure.rate:.0f} % of runs, and a commit called good may be bad with "
                f"{100 * missed:.0f} % chance; more 'times' make it surer"
            )
        self._keep_log(log)
        return self._told(found.culprit, certain, found.left)

    def _is_to_search_again(self, culprit: str) -> bool:
        """Whether what was found does not hold: it was taken back and came again, or passes too when it is run more often."""
        for commit in self._repository.undoing(culprit, self.bad)[:MOST_UNDONE]:
            if commit != self.good and not self._is_late() and self._at(commit).says == "good":
                self.notes.append(f"{culprit[:8]} made it fail too, and {commit[:8]} mended that")
                self.good = commit
                return True
        if self.judge.failure.rate < 1 or self.judge.seconds > SLOW_S:
            return False
        doubt = culprit != self.bad and self._counted(culprit, SURE).passed > 0
        parents = self._repository.about(culprit)["parents"] if not doubt else []
        was_good = [one for one in parents if one in self.steps and self.steps[one].says == "good"]
        unsteady = [one for one in was_good[:2] if self._counted(one, SURE // 2).failed]
        if not doubt and not unsteady:
            return False
        tally = self._counted(self.bad, SURE_AT_BAD)
        if tally.passed:
            self.judge.failure.rate = (self.judge.failure.runs + tally.failed) / (self.judge.failure.runs + tally.runs)
            self._forget()
            self._see_good()
            return True
        self.judge.again = SURE
        if doubt:
            self.steps[culprit] = Judgement("good", "fails now and then there, not always")
            self._trees[self._repository.tree(culprit)] = self.steps[culprit]
        return doubt

    def _counted(self, commit: str, runs: int) -> Tally:
        """How often it fails in further runs at a commit; none when there is no time."""
        if self._is_late():
            return Tally()
        self._ctx.progress(0.96, f"runs it again at {commit[:8]}")
        self._search.checkout(commit)
        return self.judge.counted(self._tree, runs, self._faulty.get(commit, ""))

    def close(self) -> None:
        """Gives back what is held."""
        self._ground.close()

    def _see_bad(self) -> None:
        self._search.checkout(self.bad)
        self._ctx.progress(0.02, f"runs {self._what.words} at {self.bad[:8]}")
        seen = self._timed(lambda: self.judge.at_bad(self._tree))
        self.steps[self.bad] = seen
        if self._ground.note:
            self.notes.append(self._ground.note)
        if self._repository.has_submodules:
            self.notes.append("submodules are left empty in every commit")
        changed = [] if self._options.bad else self._repository.changed
        if seen.says == "skip":
            raise Ended(f"{self._what.words} cannot be run at {self.bad[:8]}: {seen.words}")
        if seen.says == "good" and changed:
            raise Ended(
                f"{self._what.words} passes at {self.bad[:8]} ({seen.words}): what makes it fail is not committed yet, in "
                f"{len(changed)} changed files such as {changed[0]}; quality.narrow with files = true tells in which of them",
                "uncommitted",
            )
        if seen.says == "good":
            raise Ended(f"{self._what.words} does not fail at {self.bad[:8]}: {seen.words}", "gone")
        if changed:
            self.notes.append(f"{len(changed)} files that are not committed were left out, as it fails without them")

    def _see_good(self) -> None:
        """Finds a commit that passes; one that fails now and then is not given up for one failure."""
        usual, self.judge.again = self.judge.again, max(SURE, self.judge.again)
        try:
            self._seek_good()
        finally:
            self.judge.again = usual

    def _seek_good(self) -> None:
        """The one that is named, the last green one, or by going back in ever longer steps."""
        named = self._repository.commit(self._options.good)
        if self._options.good and not named:
            raise Ended(f"'{self._options.good}' is no commit of this repository")
        green = self._repository.commit(self._what.green)
        green = green if green and green != self.bad and self._repository.is_ancestor(green, self.bad) else ""
        chosen = named or green
        if named and not self._repository.is_ancestor(named, self.bad):
            chosen = self._repository.common(named, self.bad)
            self.notes.append(f"{named[:8]} is not in the history of {self.bad[:8]}; counted from where they parted")
            if not chosen:
                raise Ended(f"{named[:8]} and {self.bad[:8]} have no history in common")
        if chosen and chosen != self.bad and self._try_good(chosen):
            return
        if chosen:
            said = self.steps.get(chosen, Judgement("skip")).says
            self.notes.append(
                f"{chosen[:8]} was said to be good, but {'fails too' if said != 'skip' else 'cannot be tested'}"
            )
        self._go_back(chosen)

    def _go_back(self, start: str) -> None:
        line = self._repository.back(self.bad, self._options.back)
        first = line.index(start) if start in line else 0
        distance, oldest = max(1, first), first
        while oldest < len(line) - 1:
            place = min(len(line) - 1, first + distance)
            if self._try_good(line[place]):
                return
            oldest, distance = place, distance * 2
        tried = [place for place, commit in enumerate(line) if commit in self.steps]
        between = [line[(one + other) // 2] for one, other in itertools.pairwise(tried) if other - one > 1]
        for path in {name.partition("::")[0] for name in self.judge.failure.tests}:
            between += self._repository.touching(self.bad, path, NEARBY)
        for commit in dict.fromkeys(between[: 2 * NEARBY]):
            if commit != self.bad and self._try_good(commit):
                return
        if self._leave_out(start, line):
            return
        if self._repository.is_shallow:
            words = "the history is cut off there (a shallow clone); 'git fetch --unshallow' brings the rest"
        elif len(line) > self._options.back:
            words = "that far it was gone back ('back')"
        else:
            words = "that is where the history begins"
        bad = [commit for commit, one in self.steps.items() if one.says in ("bad", "otherwise")]
        last = self.steps.get(line[-1], Judgement("skip"))
        how = "fails" if last.says != "skip" else "cannot be tested"
        raise Ended(
            f"no commit was found at which {self._what.words} passes: it {how} at {line[-1][:8]} too "
            f"({last.words[:200]}), and {words}; "
            f"{len(bad)} of {len(self.steps)} tried commits have the failure",
            "never",
        )

    def _leave_out(self, start: str, line: Sequence[str]) -> bool:
        """Whether a commit is good without those of several tests that fail there as well, which began to fail earlier, if ever."""
        for commit in (start, *reversed(line)):
            passing = self.judge.passing.get(commit, ())
            if commit not in self.steps or not passing or len(passing) == len(self.judge.failure.tests):
                continue
            older = [name for name in self.judge.failure.tests if name not in passing]
            self.notes.append(
                f"{listed(older)} failed at {commit[:8]} already, and {'is' if len(older) == 1 else 'are'} left out"
            )
            self.judge.keep(passing)
            self._forget()
            if self._try_good(commit):
                return True
        return False

    def _forget(self) -> None:
        """What was judged counts no more, as other tests or another rule decide now."""
        kept = {commit: one for commit, one in self.steps.items() if one.says == "skip" or commit == self.bad}
        self.steps.clear()
        self.steps.update(kept)
        self._trees.clear()

    def _try_good(self, commit: str) -> bool:
        """Whether the commit passes; where it cannot be tested, its neighbours towards the older ones are tried."""
        for one in self._repository.back(commit, NEARBY):
            seen = self._at(one)
            if seen.says == "good":
                self.good = one
                return True
            if seen.says != "skip" or self._left() <= 0:
                return False
        return False

    def _at(self, commit: str) -> Judgement:
        """The judgement of a commit; each is judged once, and what is known to be no use is not tried at all."""
        if commit in self.steps:
            return self.steps[commit]
        if commit in self._learned:
            self.steps[commit] = Judgement("skip", f"known from before: {self._learned[commit]}")
            return self.steps[commit]
        tree = self._repository.tree(commit)
        if tree in self._trees:
            self.steps[commit] = self._trees[tree]
            return self.steps[commit]
        if self._is_late() and not self.good:
            raise Ended(f"the time limit of {self._options.limit:.0f} s was reached before a good commit was found")
        if self._search.current != commit:
            self._search.checkout(commit)
        seen = self._trees[tree] = self._judge(commit)
        return seen

    def _judge(self, commit: str) -> Judgement:
        done = len(self.steps)
        self._ctx.progress(min(0.95, done / (done + self._finder.guess)), f"step {done + 1}: {commit[:8]}")
        known = self._faulty.get(commit, "")
        seen = self._timed(lambda: self.judge.at(self._tree, known))
        self.judge.passing[commit] = seen.passing
        self.steps[commit] = seen
        self._ctx.log(f"{commit[:10]} {seen.says}: {seen.words}")
        if seen.is_lasting and seen.own_fault and not known:
            self._learn(commit, "install", seen.own_fault)
        if seen.is_lasting and seen.says == "skip":
            self._learn(commit, seen.kind or "tests", seen.words)
        return seen

    def _timed(self, judge: Callable[[], Judgement]) -> Judgement:
        begun = time.monotonic()
        seen = judge()
        self._longest = max(self._longest, (time.monotonic() - begun) / max(1, seen.runs))
        return seen

    def _left(self) -> float:
        return self._until - time.monotonic()

    def _is_late(self) -> bool:
        return self._left() < min(self._longest, self.judge.most_s + 60)

    def _known(self, kind: str) -> dict[str, str]:
        """What was learned of commits that cannot be tested, or that cannot be installed, as far as it holds for this target."""
        if self._options.forget:
            return {}
        kept = self._ctx.memory.get(KEY, {})
        wanted = self._mark(kind)
        found = {}
        for commit, entry in kept.items() if isinstance(kept, dict) else ():
            match entry:
                case [str(mark), str(words), int() | float() as at] if mark == wanted and time.time() - at < LEARNED_S:
                    found[str(commit).partition(" ")[0]] = words
        return found

    def _mark(self, kind: str) -> str:
        """What it depends on that a commit cannot be tested: for an installation the project and Python, else the tests too."""
        parts = [kind, platform.python_version(), self._what.kind, self._what.folder, self._options.interpreter]
        if kind != "install":
            parts += [self._what.key, str(self._options.bring_tests)]
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:12]

    def _learn(self, commit: str, kind: str, words: str) -> None:
        mark = self._mark(kind)

        def changed(former: Any) -> dict[str, Any]:
            kept = former if isinstance(former, dict) else {}
            kept = {**kept, f"{commit} {mark}": [mark, words[:300], round(time.time())]}
            return dict(list(kept.items())[-MOST_LEARNED:])

        try:
            self._ctx.memory.update(KEY, changed, {})
        except (CallboardError, OSError) as error:
            self._ctx.log(f"what cannot be tested is not remembered: {error}", "warning")

    def _keep_log(self, log: str) -> None:
        path = self._ctx.scratch / "bisect.log"
        path.write_text(log, "utf-8", "replace")
        self._ctx.artifact(path, kind="text")

    def _told(self, culprit: str, certain: bool, left: Sequence[str]) -> dict[str, Any]:
        failure = self.judge.failure
        about = self._repository.about(culprit) if culprit else {**NOTHING}
        if culprit:
            doubt = "" if certain else ", probably"
            words = f'{self._what.words} fails since {culprit[:8]}{doubt}: "{about["subject"]}" by {about["author"]}'
            words += f" ({failure.went.message or failure.went.way})" if certain else ""
        else:
            words = (
                f"{self._what.words} fails since one of {len(left)} commits, from {left[-1][:8]} to {left[0][:8]}"
                if left
                else ""
            )
            words = words or f"no commit was found since which {self._what.words} fails"
        tested = [one for one in self.steps.values() if one.says != "skip"]
        skipped = {commit: one for commit, one in self.steps.items() if one.says == "skip"}
        words += f"; good at {self.good[:8]}, {len(tested)} commits tested"
        if skipped:
            words += f", {len(skipped)} left out that cannot be ({next(iter(skipped.values())).words[:160]})"
        borrowed = [one for one in tested if one.own_fault]
        if borrowed:
            words += f"; {len(borrowed)} of them were run in the environment of {self.bad[:8]}, as none of their own could be made"
            words += f" ({borrowed[0].own_fault[:160]})"
        brought = sum(one.brought for one in tested)
        if brought:
            words += f"; in {brought} of them the test did not exist as it is now, and its file was brought along"
        if self.judge.scope != "alone":
            whole = "the whole suite" if self.judge.scope == "suite" else "all tests of its file"
            words += f"; it passes alone, so {whole} ran at each commit; quality.narrow tells which others it takes"
        if failure.rate < 1:
            words += f"; it fails in {100 * failure.rate:.0f} % of runs, so each commit was run up to {self._options.times} times"
        there = [commit for commit in (self.bad,) if failure.went.places]
        lines = blame(self._ctx.workspace.path, failure.went.places, there[0]) if there else []
        files = set(about["files"])
        return {
            **about,
            "good": self.good,
            "bad": self.bad,
            "tested": len(tested),
            "skipped": len(skipped),
            "certain": certain,
            "range": [culprit] if culprit and certain else list(left) or ([culprit] if culprit else []),
            "words": "; ".join([words, *self.notes]),
            "rate": round(failure.rate, 4),
            "symptom": failure.went.symptom,
            "tests": list(failure.tests),
            "blame": {
                "lines": [{**line, "is_it": line["commit"] == culprit or line["path"] in files} for line in lines]
            },
            "steps": [[commit, one.says, one.words[:200]] for commit, one in list(self.steps.items())[-60:]],
        }


NOTHING: dict[str, Any] = {"commit": "", "subject": "", "author": "", "at": 0, "parents": [], "files": []}


def bisect(ctx: Context, options: BisectOptions) -> Result:
    """Searches, and says which commit it is, or why that cannot be said."""
    what = target(ctx, options)
    if isinstance(what, Result):
        return what
    search: Bisection | None = None
    try:
        with Worktree(ctx.workspace.path, ctx.scratch, with_changes=False) as tree:
            search = Bisection(ctx, options, what, tree.path)
            if not search.bad:
                raise Ended(f"'{options.bad}' is no commit of this repository")
            try:
                case = search.case()
            finally:
                search.close()
    except CallboardError as error:
        kind = error.kind if isinstance(error, Ended) else "unknown"
        notes = search.notes if search is not None else []
        case = {**NOTHING, "good": "", "bad": search.bad if search else "", "tested": 0, "skipped": 0, "certain": False}
        case |= {"range": [], "blame": {"lines": []}, "why": kind, "words": "; ".join([str(error), *notes])}
        if search is not None:
            case["tested"] = sum(one.says != "skip" for one in search.steps.values())
            case["skipped"] = len(search.steps) - case["tested"]
            case["steps"] = [[commit, one.says, one.words[:200]] for commit, one in list(search.steps.items())[-60:]]
            if kind == "uncommitted":
                case["files"] = Repository(ctx.workspace.path).changed[:200]
        return told(ctx, "bisect", what.words, case, is_told=kind in ("uncommitted",), state="unknown")
    return told(
        ctx, "bisect", what.words, case, is_told=bool(case["commit"]), state="named" if case["certain"] else "unknown"
    )
