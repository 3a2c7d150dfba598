"""The first commit that has a failure: along the main line first, then in the branch that a merge brought it with."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from callboard_quality.commits import MOST_RANGE, Repository, Search
from callboard_quality.judged_commit import Judgement

ANY = {"good": "good", "bad": "bad", "otherwise": "bad"}  # any failure counts
SAME = {"good": "good", "bad": "bad", "otherwise": "good"}  # only one in the manner of the bad commit
MOST_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Found:
    """The commit, '' for none; `left` are those that may be it then. `certain`: it was tested, and what was before it passes."""

    culprit: str = ""
    left: Sequence[str] = ()
    certain: bool = False
    is_late: bool = False


class Finder:
    """Halves ranges of commits. `at` judges one, `is_late` says that there is no time for another, `steps` are those judged."""

    def __init__(
        self,
        repository: Repository,
        search: Search,
        steps: MutableMapping[str, Judgement],
        at: Callable[[str], Judgement],
        is_late: Callable[[], bool],
        notes: list[str],
    ) -> None:
        self._repository = repository
        self._search = search
        self._steps = steps
        self._at = at
        self._is_late = is_late
        self._notes = notes
        self.untestable: Mapping[str, str] = {}
        self.guess = 12

    def found(self, bad: str, good: str) -> Found:
        """The commit since which it fails as it does at `bad`; where it failed otherwise right before, the first that failed."""
        first = self._first(bad, good, ANY)
        culprit = first.culprit
        if not culprit or self._steps.get(culprit, Judgement("bad")).says != "otherwise":
            return first
        self._notes.append(f"at {culprit[:8]} it failed in another manner ({self._steps[culprit].words[:200]})")
        later = self._first(bad, culprit, SAME).culprit
        if not later or later == culprit:
            return Found(culprit)
        says = {self._at(parent).says for parent in self._repository.about(later)["parents"]}
        if says == {"good"}:
            self._notes.append("that was mended in between, and is another failure")
            return Found(later, certain=True)
        self._notes.append(f"since {later[:8]} it fails as it does now, and there was no pass in between")
        return Found(culprit, certain="skip" not in says)

    def _first(self, bad: str, good: str, as_what: Mapping[str, str]) -> Found:
        """The first commit of the main line, and as long as that is a merge of a branch that fails, the first one of that branch.

        So a branch that began before the test, or a mend, was there is not taken for what broke it.
        """
        found = self._halved(bad, good, as_what, main=True)
        for _ in range(MOST_DEPTH):
            if found.is_late:
                return found
            if not found.culprit:
                return self._halved(bad, good, as_what)
            trunk, *others = self._repository.about(found.culprit)["parents"] or [""]
            side, known = "", ""
            for parent in others:
                known = as_what.get(self._at(parent).says, "skip")
                side = parent
                if known != "good":
                    break
            if known not in ("bad", "skip"):
                return found
            base = self._repository.common(trunk, side)
            before = as_what.get(self._at(base).says, "skip") if base else "skip"
            if known == "bad" and before == "bad":
                self._notes.append(
                    f"the branch that {found.culprit[:8]} merges failed before it left, at {base[:8]}, and {trunk[:8]} passes"
                )
                return found
            if known == "skip" or before == "skip":
                return self._halved(found.culprit, trunk, as_what)
            bad, good = side, base
            found = self._halved(bad, good, as_what, main=True)
        return found

    def _halved(self, bad: str, good: str, as_what: Mapping[str, str], *, main: bool = False) -> Found:
        """Runs `git bisect` to its end."""
        search, steps = self._search, self._steps
        search.start(bad, good, main=main)
        inside = self._repository.between(good, bad)
        for commit in inside:
            if commit in self.untestable and commit != bad and commit not in steps:
                steps[commit] = Judgement("skip", f"known from before: {self.untestable[commit]}")
        skips = [c for c in inside if c != bad and c in steps and steps[c].says == "skip"]
        if skips and not search.is_over:
            search.mark("skip", skips)
        self.guess = max(1, len(inside).bit_length() + len(skips) // 2)
        while not search.is_over:
            commit = search.current
            if commit not in steps and self._is_late():
                return Found(left=search.remaining()[:MOST_RANGE], is_late=True)
            self.guess = max(1, len(search.remaining()).bit_length())
            seen = steps.get(commit) or self._at(commit)
            search.mark(as_what.get(seen.says, "skip"), [commit])
        return Found(search.culprit, search.left[:MOST_RANGE], certain=bool(search.culprit))
