"""The kinds of alerts: how grave each is, when one is raised, and when it is resolved by itself."""

from collections.abc import Mapping
from dataclasses import dataclass

MOST_EACH = 10
LOW_DISK_GB, ENOUGH_DISK_GB = 1.0, 1.5
PRESSED_S = CALM_S = 30.0


@dataclass(frozen=True, slots=True)
class Rule:
    """How grave alerts of a kind are, and in words for people when one is raised and when it is resolved."""

    kind: str
    severity: str
    raised: str
    resolved: str


RULES: Mapping[str, Rule] = {
    rule.kind: rule
    for rule in (
        Rule("undo-failed", "critical", "what a job did was to be taken back, and that failed: it may be half done",
             "an undo of the same job succeeds, or the job itself"),
        Rule("finding-critical", "critical", "a task reports a critical finding that nobody accepted",
             "the job looks again and does not report it, or it is accepted"),
        Rule("findings-critical", "critical", f"a task reports more than {MOST_EACH} of them: one alert with the count",
             f"the job looks again and reports {MOST_EACH} or fewer"),
        Rule("disk-low", "critical", f"less than {LOW_DISK_GB:g} GiB is free where Callboard keeps its data",
             f"{ENOUGH_DISK_GB:g} GiB or more are free"),
        Rule("task-broken", "high", "a job of a pipeline failed, timed out or was lost, after its last try",
             "its next pass, or an earlier pass that stands for it"),
        Rule("run-broken", "high", f"more than {MOST_EACH} jobs of a run broke: one alert with the count",
             f"a run of more than {MOST_EACH} jobs of the same pipeline ends with {MOST_EACH} or fewer of them broken"),
        Rule("agent-error", "high", "an agent's action crashed or could not be started, after its last try",
             "the same action comes to an orderly end, whatever its verdict"),
        Rule("task-lost", "high", "nobody knows whether a task did its work, and it must not simply run again",
             "a person decides, or cancels it"),
        Rule("endpoint-down", "high", "MonitorAnalytics finds that an address of yours does not answer as expected",
             "it looks again and gets an answer"),
        Rule("plugin-broken", "high", "an agent's package cannot be loaded", "it can be loaded again, or is gone"),
        Rule("crew-failed", "high", "a workflow of a crew of the platform failed: at which task, whose, with what error",
             "a later workflow of that crew succeeds"),
        Rule("crew-silent", "medium", "nothing is heard of a running workflow for too long: 2 min where its program says regularly"
             " that it goes on, else 30 min", "something is heard of that crew again"),
        Rule("crew-slow", "medium", "an agent of a crew took much longer than it used to, three times in a row, or is at one"
             " piece of work for twice that already; told from ten earlier pieces on", "what it does takes no longer than usual"),
        Rule("schedule-missed", "medium", "a schedule was due and started nothing; outside of its quiet hours",
             "it starts a run when it is due"),
        Rule("pressure", "medium", f"memory was so short for {PRESSED_S:g} s that nothing new was started",
             f"there was enough for {CALM_S:g} s"),
        Rule("schedule-late", "low", "a schedule was due while Callboard did not run, or while its last run still went on",
             "it starts a run when it is due"),
    )
}  # fmt: skip
