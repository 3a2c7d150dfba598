"""What single tests and broken modules become: findings, each with the cause and the mend."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from callboard.api import Context, Environment, Finding, Severity, TestCase, TestOutcome, unparsable
from callboard_quality.causes import NO_MODULE, Cause, Causes, first_line, modules_words
from callboard_quality.history import History
from callboard_quality.options import TestOptions
from callboard_quality.quarantine import Entry, Quarantine
from callboard_quality.retried import Tried
from callboard_quality.stream import Told
from callboard_quality.suite import SuiteRun

MANY = 4
BAD = (TestOutcome.FAILED, TestOutcome.ERROR)
NO_PLUGIN = re.compile(
    r"(?:Error importing plugin|while parsing|in warning).{0,300}?No module named ['\"]([\w.]+)['\"]", re.DOTALL
)
CONFTEST = re.compile(r"ImportError while loading conftest '([^']+)'|(?:Error|error).*?in ([^\s'\"]*conftest\.py)")


def address(name: str) -> tuple[str, str]:
    """The classname and name that pytest's JUnit file gives to a node id."""
    path, bracket, rest = name.partition("[")
    names = path.split("::")
    names[0] = re.sub(r"\.py$", "", names[0].replace("/", "."))
    names[-1] += bracket + rest
    return ".".join(names[:-1]), names[-1]


def is_collection(case: TestCase) -> bool:
    """Whether it is no test, but a module that could not be collected."""
    return case.outcome is TestOutcome.ERROR and not case.classname


@dataclass(slots=True)
class Noted:
    """What was noted while findings were made: by kind, the ids of the failed tests."""

    flaky: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    aside: list[tuple[str, Entry]] = field(default_factory=list)
    expired: list[tuple[str, Entry]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


class Cases:
    """Makes the findings of one run of the tests; `noted` is filled while they are made, `causes` are known at once."""

    def __init__(
        self,
        ctx: Context,
        environment: Environment,
        options: TestOptions,
        suite: SuiteRun,
        tried: Mapping[str, Tried],
        quarantine: Quarantine,
        history: History,
    ) -> None:
        self._ctx = ctx
        self._environment = environment
        self._options = options
        self._suite = suite
        self._tried = tried
        self._quarantine = quarantine
        self._history = history
        self._here = environment.base / options.folder
        self.noted = Noted()
        finder = Causes(ctx.workspace, environment, options.folder, self.relative)
        self._finder = finder
        self.causes = finder.grouped(list(suite.story.collect.values()))
        self.start = self._start(finder)

    def findings(self) -> Iterator[Finding]:
        """All of them: what could not be collected first, then tests, then an end in disorder."""
        for cause in self.causes:
            yield self._of_cause(cause, "test-collection")
        if self.start is not None:
            yield self._of_cause(self.start, "test-start")
        yield from self._cases()
        yield from self._end()

    def _of_cause(self, cause: Cause, rule: str) -> Finding:
        path = self.relative(cause.path)
        if cause.kind == "syntax" and path:
            return unparsable(path, cause.words, line=cause.line, tool=self._suite.framework)
        count = len(cause.members)
        who = modules_words(cause.members)
        if rule == "test-start":
            message = f"pytest could not start: {cause.words}"
        elif count == 1:
            message = f"{who} cannot be collected: {cause.words}"
        else:
            message = f"{count} modules cannot be collected, all for the same reason: {cause.words} ({who})"
        is_lack = cause.kind == "environment" and self._environment.is_throw_away
        place = Told(cause.words, "error", cause.path, cause.line)
        return self._made(
            rule,
            Severity.MEDIUM if is_lack else Severity.HIGH,
            f"{message}; {cause.mend}",
            place,
            cause.mend,
            cause.words,
        )

    def _start(self, finder: Causes) -> Cause | None:
        """Why pytest could not start: the workspace's own conftest.py, or a module that is missing; None for another reason."""
        suite = self._suite
        if (
            suite.fault
            or suite.run.timed_out
            or suite.story.collect
            or suite.story.tests
            or suite.framework != "pytest"
        ):
            return None
        tail = f"{suite.story.internal}\n{suite.run.stderr}\n{suite.run.stdout[-20_000:]}".strip()
        match = CONFTEST.search(tail) if suite.run.code == 4 else None
        if match is not None:
            path = match[1] or match[2] or ""
            whole = path if path.startswith("/") else str(self._here / path)
            return finder.of(Told("conftest.py", "error", whole, 0, "", tail))
        lacks = NO_MODULE.search(tail) or NO_PLUGIN.search(tail)
        if lacks is None:
            return None
        return finder.of(
            Told("pytest", "error", "", 0, "", f"{tail}\nModuleNotFoundError: No module named '{lacks[1]}'")
        )

    def _cases(self) -> Iterator[Finding]:
        """One for each failed test; tests that could not be set up for the same reason, MANY or more, are one."""
        alike: dict[str, list[tuple[Told, TestOutcome, str]]] = {}
        for told, outcome, message in self._failed():
            key = self.words(told, message) if outcome is TestOutcome.ERROR else told.id
            alike.setdefault(key, []).append((told, outcome, message))
        for words, group in alike.items():
            plain = [one for one in group if self._is_plain(one[0])]
            if len(plain) < MANY:
                yield from (self._finding(*one) for one in group)
                continue
            yield from (self._finding(*one) for one in group if one not in plain)
            first = plain[0][0]
            self.noted.broken += [told.id for told, _, _ in plain]
            who = ", ".join(told.id.rpartition("/")[2] for told, _, _ in plain[:3])
            reason = f"{words}{self._inside(first)}"
            message = f"{len(plain)} tests cannot be set up, all for the same reason: {reason} ({who} and {len(plain) - 3} more)"
            mend = f"mend that one cause; try it with {self._suite.framework}: {first.id}"
            yield self._made("test-error", Severity.HIGH, message, first, mend, words)

    def _is_plain(self, told: Told) -> bool:
        """Whether nothing more is known of a failed test than that it failed."""
        names, tried = self.names(told), self._tried.get(told.id)
        aside = self._quarantine.holding(*names) or self._quarantine.expired(*names)
        return aside is None and (tried is None or tried.kind == "broken")

    def _failed(self) -> Iterator[tuple[Told, TestOutcome, str]]:
        story = self._suite.story
        by_address: dict[tuple[str, str], list[str]] = {}
        for name in story.tests:
            by_address.setdefault(address(name), []).append(name)
        told_of: set[str] = set()
        for case in self._suite.report.cases if self._suite.report else ():
            if case.outcome in BAD and not is_collection(case):
                names = by_address.get((case.classname, case.name)) or [f"{case.classname}.{case.name}"]
                name = next((n for n in names if n not in told_of), names[0])
                told_of.add(name)
                told = story.tests.get(name) or Told(name, case.outcome, text=case.text)
                yield told, case.outcome, case.message or case.text
        if self._suite.report is None:
            for told in story.tests.values():
                if told.outcome in ("failed", "error"):
                    yield told, TestOutcome(told.outcome), told.message or told.text

    def names(self, told: Told) -> tuple[str, ...]:
        """The ways a person may name a test: its id, and the same from the top of the workspace."""
        root = self.relative(self._suite.story.root) if self._suite.story.root else self._options.folder
        return (told.id, f"{root}/{told.id}") if root not in ("", ".") else (told.id,)

    def _finding(self, told: Told, outcome: TestOutcome, message: str) -> Finding:
        rule, severity = ("test-failed" if outcome is TestOutcome.FAILED else "test-error"), Severity.HIGH
        words = self.words(told, message) + self._inside(told)
        mend = f"run it alone with {self._suite.framework}: {told.id}"
        tried = self._tried.get(told.id)
        names = self.names(told)
        held, over = self._quarantine.holding(*names), self._quarantine.expired(*names)
        if held is not None:
            rule, severity = "test-quarantined", Severity.LOW
            words = f"set aside {held.words}; {words}"
            self.noted.aside.append((told.id, held))
        elif tried is not None and tried.kind == "flaky":
            rule, severity = "test-flaky", Severity.MEDIUM
            words = f"passed when it was run again; {self._rate(told.id, tried)}; at first: {words}"
            mend = f"mend it, or set it aside for a while: callboard do quality.quarantine -o test={names[-1]}"
            self.noted.flaky.append(told.id)
        elif tried is not None and tried.kind == "order":
            rule = "test-order"
            after = f", when {tried.after} ran before it" if tried.after else ", when others ran before it"
            words = f"passes alone ({tried.passed} of {tried.tries}) and fails in the suite{after}: {words}"
            mend = "find what the other test leaves behind: global state, files, the environment"
            self.noted.order.append(told.id)
        else:
            self.noted.broken.append(told.id)
            if tried is not None and tried.tries > 1:
                words += f" (failed in all of {tried.tries + 1} tries)"
        if over is not None and held is None:
            words += f"; its quarantine ended on {over.until}"
            self.noted.expired.append((told.id, over))
        record = self._history.tests.get(told.id)
        if rule in ("test-failed", "test-error") and record is not None and record.since and record.since[1]:
            words += f"; fails since {record.since[1][:8]}"
        return self._made(rule, severity, f"{told.id.rpartition('/')[2]}: {words}", told, mend, told.id)

    def words(self, told: Told, message: str) -> str:
        """What went wrong with a test, in one line, with paths as the workspace has them."""
        said = [line[1:].strip() for line in told.text.splitlines() if line.startswith("E ")]
        setup = said[:1] if message.startswith("failed on setup") else []
        words = first_line(told.message, *setup, message) or "no reason was given"
        return words.replace(f"{self._environment.base.resolve()}/", "").replace(f"{self._environment.base}/", "")

    def _inside(self, told: Told) -> str:
        """' (in shop/cart.py:7)', the innermost place of the workspace where that is another file than the test's own."""
        path, line = self._finder.innermost(told, told.text)
        place = self.relative(path)
        return f" (in {place}:{line})" if place and line and place != self.relative(told.path) else ""

    def _rate(self, name: str, tried: Tried) -> str:
        """'fails 3 of 20 tries (15 %)', over what is remembered, this run and its tries."""
        record = self._history.tests.get(name)
        bad, count = record.tries if record is not None else (0, 0)
        bad, count = bad + 1 + tried.failed, count + 1 + tried.tries
        return f"fails {bad} of {count} tries ({100 * bad / count:.0f} %)"

    def _end(self) -> Iterator[Finding]:
        """A finding when the process died or hung with a test."""
        suite, story = self._suite, self._suite.story
        running = next(reversed(story.running), "")
        if not running or suite.report is not None or story.ended:
            return
        path = running.split("::")[0]
        where = Told(running, "error", str((Path(story.root) if story.root else self._here) / path), 1)
        if suite.run.timed_out:
            words = f"{running} still ran when the time limit of {self._options.timeout:.0f} s was reached"
            yield self._made("test-timeout", Severity.MEDIUM, words, where, "mend the test or raise 'timeout'", running)
        else:
            words = f"the process of the tests died in {running} ({self.ended()})"
            yield self._made("test-crash", Severity.HIGH, words, where, "run it alone", running)

    def _made(self, rule: str, severity: Severity, message: str, told: Told, help: str, identity: str) -> Finding:
        """A finding whose identity is the test and not the line, so that it is the same while the test is edited."""
        mark = "\x1f".join((rule, self._options.folder, identity))
        path = self.relative(told.path)
        return Finding(
            rule=rule,
            severity=severity,
            message=message,
            path=path,
            line=told.line if path else 0,
            help=help,
            tool=self._suite.framework,
            tool_version=self._environment.has.get(self._suite.framework) or self._environment.has.get("python") or "",
            fingerprint=hashlib.sha256(mark.encode("utf-8", "replace")).hexdigest()[:16],
        )

    def relative(self, path: str) -> str:
        """A place in the environment as the workspace calls it, '' for one outside of it."""
        if not path:
            return ""
        try:
            found = (self._here / path).resolve().relative_to(self._environment.base.resolve()).as_posix()
        except (ValueError, OSError):
            return ""
        return "" if found.split("/")[0] in (".venv", "venv", "env") else found

    def ended(self) -> str:
        """'exit code 4', 'signal 9'."""
        code = self._suite.run.code
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
