"""What an agent proposes after a look at a workspace."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callboard.core.resources import Needs


@dataclass(frozen=True, slots=True)
class Job:
    """An action with its options, and what it depends on.

    `name` is unique in the pipeline; by custom it is the action's full name, with a folder behind it where there are
    several ('quality.tests:backend'). `needs_jobs` must have succeeded before it starts, `after` must only have ended. Both may
    hold patterns ('quality.tests*') and name jobs that nobody proposes: those are left out of a proposal (in
    `callboard.toml` they are errors).
    `because` is the evidence: what was seen in the workspace. `stage` orders the proposal for the eye
    ('check', 'test', 'verify', 'deploy'). `needs` overrides the action's own.
    """

    name: str
    action: str
    because: str
    options: Mapping[str, Any] = field(default_factory=dict)
    needs_jobs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    needs: Needs | None = None
    stage: str = "check"
    estimate: float = 0.0
