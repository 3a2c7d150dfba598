"""What a plugin is shown of a case, and the fix that it may offer for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that one check saw, as the hook `callboard_fixes` gets it.

    `check` is the job that saw it, `action` what that job does ('' for a command of the team), `options` what it was asked with.
    `kind` is finding, test, task, alert, slow or ingested. Of a finding there are `rule`, `severity`, `message`, `path`, `line`,
    `help` and `tool`, as it was reported; of a test also its id in `tests`. `verdict` is what running it again said: 'broken',
    'flaky', 'gone', 'environment', or '' while nobody knows; `words` says how that is known.
    """

    check: str
    kind: str = "finding"
    action: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    severity: str = ""
    message: str = ""
    path: str = ""
    line: int = 0
    help: str = ""
    tool: str = ""
    fingerprint: str = ""
    tests: tuple[str, ...] = ()
    verdict: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """An action that ends in a proposed patch which should mend the symptom; nothing of the workspace is changed by it.

    `action` is its full name ('refactor.fixes'); it must be idempotent and change nothing outside of the workspace. `words` says
    in one sentence what it would do. `tests` names jobs that show whether it worked, besides the checks that saw the case.
    """

    action: str
    options: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    tests: tuple[str, ...] = ()
