"""The kinds of advice: when each is given, and by which measure of `advice_measures` it is judged later whether it helped."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One written rule, in words."""

    when: str
    measure: str


KINDS: Mapping[str, Kind] = {
    "halted": Kind("the engine starts no new work", "gone"),
    "case-fix": Kind("a patch waits for a word and mends a case", "case"),
    "case-flaky": Kind("of 5 or more runs of the same code 2 to 90 % failed", "case-quiet"),
    "case-investigate": Kind("a case that can be run again is new, nobody has it and nothing has looked at it", "case"),
    "case-mend": Kind("an agent was asked and offers a fix for a case, and nobody has it", "case"),
    "case-look": Kind("no agent offers a fix for a case that cannot be run again; or one that blocks work is looked into", "case"),
    "case-more": Kind("2 or more cases of one advice, severity and agent stand beyond the first 3", "gone"),
    "case-assign": Kind("a case was looked at and nobody has it", "case"),
    "case-stuck": Kind("a case that somebody works on has not moved for a day", "case"),
    "case-unclear": Kind("a case could not be reproduced", "case"),
    "case-expiring": Kind("an accepted case counts again within 3 days", "case"),
    "case-person": Kind("a case asks a person", "gone"),
    "decide": Kind("a task needs a decision", "gone"),
    "answer": Kind("an agent asks a question", "gone"),
    "stuck": Kind("nobody can do a task, or no room is ever enough", "gone"),
    "patch": Kind("a patch waits for a word", "gone"),
    "trust": Kind("the workspace is not trusted, so nothing runs", "gone"),
    "by-hand": Kind("a person has taken a task over", "gone"),
    "roadmap-hand": Kind("a task of the roadmap is assigned to a person", "gone"),
    "schedule-missed": Kind("a schedule's due time started nothing", "gone"),
    "retry": Kind("a task crashed, was lost or hit a limit, and its job has not run since", "task"),
    "alert": Kind("an alert that no case speaks for is open: critical or of a broken task at once, others after 10 min", "alert"),
    "schedule-failing": Kind("the newest 2 or more runs of a schedule went wrong", "schedule"),
    "expiring": Kind("an accepted finding or a quarantined test counts again within 3 days", "gone"),
    "roadmap-next": Kind("others wait for a change, and nobody has its next task; or its milestone would be missed", "change"),
    "milestone-late": Kind("a change of layer medium or low would be done after its milestone's day, at 80 %", "change"),
    "unchecked": Kind("commits or changed files that no run has looked at", "run"),
    "handoff": Kind("a deploy is green, others were handed over, and this one was not", "gone"),
    "drain": Kind("the platform has been asked to drain for an hour, without an end", "gone"),
    "disk": Kind("less than 5 GiB are free", "gone"),
    "resume": Kind("an agent is paused and work waits for it", "gone"),
    "concurrency-raise": Kind("an agent is overloaded, and the real admission would start more with a higher limit", "wait"),
    "concurrency-lower": Kind("memory is short and an agent runs several things at once", "wait"),
    "give-away": Kind("an agent is overloaded and another one that offers the same has room", "task"),
    "bottleneck": Kind("waits for one cause took 10 min and a tenth of all waiting in a week", "wait"),
    "need": Kind("a job was ended at its memory limit; or it is `fixed` and never used half of what it declares", "job-good"),
    "drift": Kind("a job takes a quarter longer than it did, and 5 s", "job-time"),
    "flaky-cost": Kind("further tries of unsteady work took a minute in a week", "job-good"),
    "reads": Kind("a command ran 10 times in a week, 9 of 10 good, took 5 min, and does not say which files it reads", "job-cost"),
    "rule": Kind("a kind was taken 5 times by hand, helped 5 times and was never overruled", "gone"),
}  # fmt: skip
