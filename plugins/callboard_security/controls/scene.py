"""What controls look at: files, facts about the code, git, and what other tasks said."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import yaml

from callboard.api import Context, Upstream, Workspace, counted, root_cause
from callboard_security.controls.excerpts import redacted
from callboard_security.controls.javascript import javascript_facts
from callboard_security.controls.python_code import python_facts
from callboard_security.environments import SAMPLE
from callboard_security.history import git
from callboard_security.remembered import Last, recall
from callboard_security.static import is_test

LARGEST_SOURCE = 500_000
LARGEST_YAML = 1_000_000
MOST_EVIDENCE = 60
SCRIPTS = ("*.js", "*.mjs", "*.cjs", "*.ts", "*.mts", "*.cts", "*.jsx", "*.tsx", "*.vue", "*.svelte")
_ASIDE = re.compile(
    r"(^|/)(docs?|examples?|samples?|demo|migrations|benchmarks?|scripts?/dev)/|\.(test|spec|stories|min)\.[cm]?[jt]sx?$"
)
UNREAD = re.compile(r"[\d,]+ files? that cannot be parsed")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen: a place in a file, or a task; `text` is redacted."""

    text: str
    path: str = ""
    line: int = 0
    task: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path or self.task
        return f"{place}: {self.text}" if place else self.text


class Scene:
    """The workspace of an attempt, with what was found out about it once for all controls."""

    def __init__(self, ctx: Context, max_age_days: float, now: datetime | None = None) -> None:
        self.ctx = ctx
        self.workspace: Workspace = ctx.workspace
        self.max_age_days = max_age_days
        self.now = now or datetime.now(UTC)
        self.unread: list[str] = []
        self.django: dict[str, Mapping[str, tuple[Any, int]]] = {}

    @cached_property
    def python(self) -> list[str]:
        """The Python files of the product: not tests, examples, docs, templates."""
        return self._product(self.workspace.matching("*.py"))

    @cached_property
    def scripts(self) -> list[str]:
        """The JavaScript and TypeScript files of the product."""
        return self._product(self.workspace.matching(*SCRIPTS))

    def _product(self, paths: Iterable[str]) -> list[str]:
        return [path for path in paths if not is_test(path) and not SAMPLE.search(path) and not _ASIDE.search(path)]

    @cached_property
    def facts(self) -> Mapping[str, list[Evidence]]:
        """By kind ('sql.built', 'cors.open', …) where it was seen in the product's code; at most MOST_EVIDENCE places each."""
        found: dict[str, list[Evidence]] = {}

        def note(kind: str, path: str, line: int, text: str) -> None:
            places = found.setdefault(kind, [])
            if len(places) < MOST_EVIDENCE:
                places.append(Evidence(redacted(text), path, line))

        for path in self.python:
            text = self.source(path)
            if text is None:
                continue
            try:
                settings = python_facts(text, lambda kind, line, said, path=path: note(kind, path, line, said))  # type: ignore[misc]
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                cause = root_cause(self.workspace, path)
                if cause is None or not cause.is_meant:
                    self.unread.append(path)
                continue
            if settings is not None:
                self.django[path] = settings
        for path in self.scripts:
            text = self.source(path)
            if text is not None:
                javascript_facts(text, lambda kind, line, said, path=path: note(kind, path, line, said))  # type: ignore[misc]
        return found

    def unread_words(self) -> str:
        """'2 files that cannot be parsed'."""
        return f"{counted(len(self.unread), 'file')} that cannot be parsed"

    def source(self, path: str) -> str | None:
        """The text; None for what is too large or too wide to be written by hand."""
        text = self.workspace.text(path, LARGEST_SOURCE + 1)
        if len(text) > LARGEST_SOURCE or (len(text) > 50_000 and len(text) > 2_000 * (text.count("\n") + 1)):
            return None
        return text

    def seen(self, *kinds: str) -> list[Evidence]:
        """All places of these kinds."""
        return [place for kind in kinds for place in self.facts.get(kind, [])]

    def grep(self, paths: Iterable[str], pattern: str, most: int = 20) -> list[Evidence]:
        """The lines that fit, redacted."""
        found, wanted = [], re.compile(pattern, re.IGNORECASE)
        for path in paths:
            for number, line in enumerate((self.source(path) or "").splitlines(), 1):
                if len(line) < 2_000 and wanted.search(line):
                    found.append(Evidence(redacted(line.strip()), path, number))
                    if len(found) >= most:
                        return found
        return found

    def yaml(self, path: str) -> Any:
        """What a YAML file says; raises ValueError for one that cannot be read."""
        text = self.workspace.text(path, LARGEST_YAML + 1)
        if len(text) > LARGEST_YAML or text.count("*") > 2_000:
            raise ValueError(f"{path} is too large to be read")
        try:
            return yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ValueError(f"{path} cannot be read as YAML: {str(error).splitlines()[0][:120]}") from error

    def task(self, action: str) -> Upstream | None:
        """The task of this run that did the action, the worst of several."""
        tasks = [task for task in self.ctx.upstream.values() if task.action == action and task.verdict is not None]
        order = {"fail": 0, "unknown": 1, "pass": 2}
        return min(tasks, key=lambda task: order[str(task.verdict)]) if tasks else None

    def last(self, action: str) -> Last | None:
        """What an action of this agent said last."""
        return recall(self.ctx, action)

    @cached_property
    def checkout(self) -> bool:
        """Whether git answers about the workspace itself."""
        return self.git("rev-parse", "--git-dir") is not None

    def git(self, *words: str) -> str | None:
        """What git says, None when it fails or this is no checkout."""
        return git(self.ctx, *words)

    def files(self, *patterns: str) -> list[str]:
        """Files by pattern, those of test data and templates left out."""
        return [path for path in self.workspace.matching(*patterns) if not SAMPLE.search(path)]

    def at(self, paths: Sequence[str], text: str = "is there") -> list[Evidence]:
        """The files as evidence."""
        return [Evidence(text, path) for path in paths]
