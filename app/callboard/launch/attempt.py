"""One attempt as the engine's side knows it, and the facts that its end makes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from callboard.core.facts import Ended, How
from callboard.core.task import AttemptKey, Process, TaskSpec, Usage, Verdict
from callboard.launch.forks import ForkServer
from callboard.launch.intake import Intake
from callboard.launch.tail import Tail
from callboard.work.finding import clean
from callboard.work.messages import MESSAGES


@dataclass(slots=True, eq=False)
class Attempt:
    """`process` is None until it began; `wish` is why it is to be stopped; `exit` its exit record."""

    key: AttemptKey
    spec: TaskSpec
    folder: str
    cookie: bytes
    frame: bytes = b""
    server: ForkServer | None = None
    process: Process | None = None
    began_at: float = 0.0
    wish: str | None = None
    tail: Tail | None = None
    intake: Intake | None = None
    exit: Mapping[str, Any] | None = None
    is_ending: bool = False
    timers: list[Any] = field(default_factory=list)

    def listen(self, wall: Callable[[], float], told: Mapping[str, int] | None = None) -> None:
        """From now on what it says is read, from the beginning but for what was told before; a command says nothing."""
        if not self.spec.argv and self.tail is None:
            self.tail = Tail(f"{self.folder}/{MESSAGES}")
            self.intake = Intake(self.key, self.folder, wall, told)


def ended(attempt: Attempt, record: Mapping[str, Any], at: float) -> Ended:
    """The fact that follows from the exit record and from what the attempt said."""
    try:
        how = How(str(record.get("how")))
    except ValueError:
        return Ended(attempt.key, at, How.LOST, "its exit record cannot be read")
    reason = clean(str(record.get("reason", "")), 500)
    verdict: Verdict | None = None
    age: float | None = None
    outputs: Mapping[str, Any] = {}
    intake = attempt.intake
    if how is How.EXITED and intake is not None:
        if intake.result is None:
            how, reason = How.CRASHED, f"its result cannot be used: {intake.trouble or 'there is none'}"
        else:
            verdict, reason = intake.result["verdict"], intake.result["summary"]
            age, outputs = intake.result["data_age_days"], intake.result["outputs"]
    if attempt.wish is not None and how in (How.EXITED, How.CRASHED):
        how, reason, verdict = How.STOPPED, attempt.wish, None
    said = intake.added if intake is not None and how is How.EXITED else None
    code = record.get("code")
    return Ended(
        key=attempt.key,
        at=at,
        how=how,
        reason=reason,
        code=code if isinstance(code, int) else None,
        verdict=verdict,
        data_age_days=age,
        outputs=outputs,
        never_ran=record.get("never_ran") is True,
        jobs=tuple(said.jobs) if said is not None else (),
        unfit=said.unfit if said is not None else "",
        usage=Usage(*(_number(record, name) for name in ("cpu_s", "peak_mb", "read_mb", "written_mb", "wall_s"))),
    )


def _number(record: Mapping[str, Any], name: str) -> float:
    value = record.get(name, 0.0)
    return float(value) if isinstance(value, (int, float)) else 0.0
