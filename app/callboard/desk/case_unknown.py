"""What checks said that knew nothing: no case of its own, but what comes later in the same run may show the cause of both."""

from collections.abc import Sequence

from callboard.core.case_facts import Symptom
from callboard.core.correlate_scene import UNKNOWN
from callboard.learn.symptoms import Look, Seen

MOST_RUNS = 20
MOST_OF_A_RUN = 200


class UnknownLooks:
    """Keeps them by run, of the newest runs. A program that starts anew has none: then they are told by themselves again."""

    def __init__(self) -> None:
        self._by_run: dict[int, dict[str, Symptom]] = {}

    def before(self, looks: Sequence[tuple[Look, Seen]]) -> tuple[Symptom, ...]:
        """What was said before these looks in their runs; what they say themselves is kept for those that come after."""
        runs = dict.fromkeys(look.run for look, _ in looks)
        found = tuple(symptom for run in runs for symptom in self._by_run.get(run, {}).values())
        for look, seen in looks:
            for symptom in seen.symptoms:
                if symptom.rule != UNKNOWN:
                    continue
                kept = self._by_run.setdefault(look.run, {})
                if len(kept) < MOST_OF_A_RUN:
                    kept[symptom.key] = symptom
        while len(self._by_run) > MOST_RUNS:
            self._by_run.pop(min(self._by_run))
        return found
