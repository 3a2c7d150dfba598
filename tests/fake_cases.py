"""Cases of the fake desk: fourteen in all states, by the rules of the core; what is done to them is really granted."""

import time
from collections.abc import Sequence
from typing import Any

from callboard.core.case_batch import Opening
from callboard.core.case_commands import CaseCommand, MergeCases, MoveCase, NoteCase, SplitCase
from callboard.core.case_facts import CaseState, Cause
from callboard.core.case_known import resolved
from callboard.core.case_owner import owner_of
from callboard.core.case_priority import Blocks
from callboard.core.cases import Case
from callboard.desk.case_acts import end_of, person_of
from callboard.desk.case_page import may, suggestions
from callboard.desk.case_rows import case_row, ranked, symptom_row
from callboard.desk.case_timeline import attempts, timeline
from callboard.errors import ConfigError, NotFound, Refused
from callboard.record.cases import Remedy
from case_story import SHOP, Story, symptom

HOSTILE = '<img src=x onerror="window.pwned=1">{{ window.pwned=1 }}'
RTL = "‮evil‬ \u200bzero"
DAY = 86_400.0
HOUR = 3_600.0
WHERE = "/home/ann/work/a-very-long-folder-name-for-a-workspace/" + "deep/" * 12 + "shop"


class FakeCases:
    """The rows as the real ones are; `no_cases` is a workspace in which nothing is wrong."""

    no_cases = False
    calls: list[tuple[str, tuple[Any, ...]]]

    @property
    def case_story(self) -> Story:
        made: Story | None = getattr(self, "_case_story", None)
        if made is None:
            made = Story() if self.no_cases else _story()
            self._case_story = made
        return made

    def _all(self) -> list[Case]:
        cases = self.case_story.state.cases
        return [*cases.open(), *cases.closed()]

    def _case(self, number: int) -> Case:
        found = self.case_story.state.cases.get(number)
        if found is None:
            raise NotFound(f"there is no case C{number}; see `callboard cases`")
        return found

    def cases(
        self,
        state: str = "",
        severity: str = "",
        agent: str = "",
        workspace: str = "",
        text: str = "",
        kind: str = "",
        assignee: str = "",
        limit: int = 200,
    ) -> dict[str, Any]:
        now = time.time()
        every = [case_row(case, _blocks(case), now) for case in self._all()]
        rows = [
            row
            for row in every
            if (not state or row["state"] in state.split(",") or (state == "open" and row["state"] != "closed"))
            and (not severity or row["severity"] in severity.split(","))
            and (not agent or agent in row["agents"])
            and (not workspace or workspace in (row["workspace"], row["workspace_name"]))
            and (not kind or kind == row["cause"]["kind"] or kind in row["kinds"])
            and (not assignee or _has(row, assignee))
            and text.lower() in f"{row['name']} {row['title']} {row['cause']['words']} {row['path']}".lower()
        ]
        counts = {one.value: sum(row["state"] == one for row in every) for one in CaseState}
        return {
            "cases": ranked(rows)[:limit],
            "counts": counts,
            "open": len(every) - counts["closed"],
            "left_out": max(0, len(rows) - limit),
            "seq": self.case_story.state.cases.moves,
        }

    def case_count(self) -> int:
        return len(self.case_story.state.cases)

    def case(self, number: int) -> dict[str, Any]:
        case = self._case(number)
        steps = [
            (seq, event)
            for seq, event in enumerate(self.case_story.events, 1)
            if number in (getattr(event, "case", 0), getattr(event, "into", 0))
        ]
        families = {one.family for one in case.symptoms.values()}
        remedies = [one for one in self._remedies() if one.family in families]
        related = [
            {
                "id": other.id,
                "title": other.title,
                "state": other.state.value,
                "why": "it has symptoms of the same kind",
            }
            for other in self._all()
            if other.id != number and families & {one.family for one in other.symptoms.values()}
        ]
        place = case_row(case, _blocks(case), time.time())
        lines = [
            f"line {n} of {place['path']}: total = price * {n}  # {HOSTILE if n == 12 else ''}" for n in range(7, 18)
        ]
        return {
            "case": place,
            "symptoms": [symptom_row(one) for one in case.symptoms.values()],
            "symptoms_left_out": case.left_out,
            "timeline": timeline(steps),
            "source": [{"path": place["path"], "start": 7, "lines": lines, "at_line": 12}] if place["path"] else [],
            "attempts": attempts(steps, {21: "succeeded", 22: "running", 23: "failed"}),
            "suggestions": suggestions(case, remedies),
            "related": related[:10],
            "bundle": f"/api/v1/cases/{number}/bundle",
            "may": may(case),
        }

    def _remedies(self) -> list[Remedy]:
        found: dict[tuple[str, str, str], Remedy] = {}
        story = self.case_story
        for event in story.events:
            case = story.state.cases.get(getattr(event, "case", 0))
            for one in resolved(case, event) if case is not None else ():
                key = (one.family, one.kind, one.what)
                known = found.get(key)
                tried, worked = (known.tried, known.worked) if known else (2, 1)
                found[key] = Remedy(*key, one.words, tried + 1, worked + one.worked, one.at, (one.case,))
        return list(found.values())

    def knowledge(self, text: str = "", limit: int = 50) -> dict[str, Any]:
        families: dict[str, list[Remedy]] = {}
        for one in self._remedies():
            families.setdefault(one.family, []).append(one)
        rows = []
        for family, remedies in families.items():
            title = family.replace("\x1f", " · ")
            if text.lower() in title.lower():
                resolutions = [
                    {
                        "words": one.words,
                        "what": one.what,
                        "kind": one.kind,
                        "tried": one.tried,
                        "worked": one.worked,
                        "last": one.last,
                        "cases": list(one.cases),
                    }
                    for one in remedies
                ]
                rows.append({"family": family, "title": title, "n": len(remedies), "resolutions": resolutions})
        return {"families": rows[:limit]}

    # -- acts ----------------------------------------------------------------------------------------------------

    def _told(self, name: str, command: CaseCommand, *given: Any) -> None:
        self.case_story.now = max(self.case_story.now, time.time() - 10)
        self.case_story.do(command)
        self.calls.append((name, given))

    def triage_case(self, number: int, by: str, reason: str = "", turn: int | None = None) -> dict[str, Any]:
        self._case(number)
        self._told("triage_case", MoveCase(number, "triaged", by, reason=reason, turn=turn), number, reason, by)
        return self.case(number)

    def assign_case(
        self, number: int, to: str, by: str, reason: str = "", turn: int | None = None, *, instead: bool = False
    ) -> dict[str, Any]:
        case = self._case(number)
        if to in ("", "auto"):
            owner = owner_of(case, {"quality": "", "config": "", "refactor": ""}, (), by)
            kind, name, words = owner.kind, owner.name, owner.why
        elif to.startswith("@"):
            kind, name, words = "person", person_of(to[1:], by), f"{by} gave it"
        else:
            kind, name, words = "agent", to, f"{by} gave it"
        command = MoveCase(number, "assigned", by, words, reason, kind, name, turn=turn, instead=instead)
        self._told("assign_case", command, number, to, reason, by)
        return self.case(number)

    def accept_case(
        self, number: int, reason: str, until: str | float, by: str, turn: int | None = None
    ) -> dict[str, Any]:
        self._case(number)
        moment = end_of(until, time.time())
        self._told(
            "accept_case",
            MoveCase(number, "accepted", by, reason=reason, until=moment, turn=turn),
            number,
            reason,
            until,
            by,
        )
        return self.case(number)

    def close_case(self, number: int, reason: str, by: str, turn: int | None = None) -> dict[str, Any]:
        self._case(number)
        if not reason.strip():
            raise ConfigError("'reason' is needed: how do you know that it is gone?")
        self._told("close_case", MoveCase(number, "closed", by, reason=reason, turn=turn), number, reason, by)
        return self.case(number)

    def reopen_case(self, number: int, reason: str, by: str, turn: int | None = None) -> dict[str, Any]:
        case = self._case(number)
        if case.is_open and case.state is not CaseState.ACCEPTED:
            raise Refused(f"{case.name} is open: it is {case.state}")
        self._told("reopen_case", MoveCase(number, "new", by, reason=reason, turn=turn), number, reason, by)
        return self.case(number)

    def merge_case(self, number: int, into: int, reason: str, by: str, turn: int | None = None) -> dict[str, Any]:
        self._case(number)
        self._case(into)
        self._told("merge_case", MergeCases(number, into, by, reason, turn), number, into, reason, by)
        return self.case(into)

    def split_case(
        self, number: int, symptoms: Sequence[str], reason: str, by: str, turn: int | None = None
    ) -> dict[str, Any]:
        self._case(number)
        self._told(
            "split_case", SplitCase(number, tuple(symptoms), by, reason, turn), number, list(symptoms), reason, by
        )
        return self.case(self.case_story.state.cases.last)

    def comment_case(self, number: int, text: str, by: str) -> dict[str, Any]:
        self._case(number)
        self._told("comment_case", NoteCase(number, "comment", text, by), number, text, by)
        return self.case(number)


def _has(row: dict[str, Any], assignee: str) -> bool:
    held = row["assignee"]
    if assignee == "nobody" or held is None:
        return (assignee == "nobody") is (held is None)
    return bool(assignee == (f"@{held['name']}" if held["kind"] == "person" else held["name"]))


def _blocks(case: Case) -> Blocks:
    if case.id == 1:
        return Blocks(3, True, ("infra.deploy:staging",), ("infra",))
    if case.id == 2:
        return Blocks(2)
    return Blocks()


def _story() -> Story:
    """Six checks stumble over one file; a flaky test; a proposed fix; what is accepted; what is closed, and what came back."""
    story = Story()
    now = time.time()
    story.now = now - 9 * DAY

    def at(before: float) -> None:
        story.now = max(story.now, now - before)

    def opened(title: str, severity: str, cause: Cause, *symptoms: Any, workspace: str = SHOP) -> Case:
        story.tell([Opening(title, severity, cause, symptoms)], workspace=workspace)
        return story.state.cases.case(story.state.cases.last)

    broken = [
        symptom(
            check,
            f"p{n}",
            kind="finding",
            rule=rule,
            severity="high" if n else "critical",
            path="shop/cart.py",
            line=12,
            title=f"{check} cannot read shop/cart.py",
            message="'(' was never closed (shop/cart.py, line 12)",
            witnesses=((tool, "1.4.2"),),
            task=f"20.{n}",
            run=20,
            why="it names the same file, which cannot be parsed",
        )
        for n, (check, rule, tool) in enumerate(
            (
                ("quality.tests", "unparsable", "pytest"),
                ("quality.lint", "invalid-syntax", "ruff"),
                ("quality.types", "syntax", "mypy"),
                ("quality.coverage", "unparsable", "coverage"),
                ("security.code", "unparsable", "bandit"),
                ("refactor.complexity", "unparsable", "radon"),
            )
        )
    ]
    at(5 * HOUR)
    cause = Cause("file", "shop/cart.py", "shop/cart.py cannot be parsed: six checks stumbled over it")
    one = opened("shop/cart.py cannot be parsed", "critical", cause, *broken)
    story.do(
        NoteCase(
            one.id,
            "blamed",
            "Line 12 was last changed in 4f2a91c by Ben: Round half up",
            facts={"commit": "4f2a91c0d1e2f3a4", "subject": "Round half up", "author": "Ben", "at": now - 6 * HOUR},
        )
    )
    story.do(
        NoteCase(
            one.id,
            "bisected",
            "4f2a91c is the first commit at which it fails: 14 commits, 4 tested",
            in_run=21,
            facts={"commit": "4f2a91c0d1e2f3a4", "subject": "Round half up", "author": "Ben", "at": now - 6 * HOUR},
        )
    )
    story.see(one.id, *broken[:3])

    flaky = symptom(
        fingerprint="fl1",
        severity="medium",
        title="tests/test_pay.py::test_retry fails now and then",
        path="tests/test_pay.py",
        line=41,
        message="TimeoutError: no answer within 0.2 s",
        task="18.4",
        run=18,
    )
    two = opened(
        "tests/test_pay.py::test_retry fails now and then",
        "medium",
        Cause("single", "tests/test_pay.py", "one test"),
        flaky,
    )
    story.part(two.id, flaky, code="c1")
    story.do(MoveCase(two.id, "reproducing", "Callboard", "its test runs again at low priority", in_run=22))
    story.do(
        NoteCase(
            two.id,
            "reproduced",
            "It failed 4 of 20 times: flaky, 20 % (7 to 42 %)",
            in_run=22,
            facts={"verdict": "flaky", "failed": 4, "runs": 20, "rate": 0.2, "low": 0.07, "high": 0.42},
        )
    )

    lint = symptom(
        "quality.lint",
        "l1",
        kind="finding",
        rule="F401",
        severity="low",
        path="shop/billing.py",
        line=3,
        title="'os' is imported but not used",
        message="`os` imported but unused",
        witnesses=(("ruff", "0.14.6"),),
        task="19.1",
        run=19,
    )
    three = opened("'os' is imported but not used", "low", Cause("single", "shop/billing.py", "one finding"), lint)
    fix = {"patch": 14, "what": "ruff --fix F401", "words": "ruff removes the import"}
    story.do(NoteCase(three.id, "fix-proposed", "ruff removes the import in shop/billing.py", facts=fix))
    story.do(MoveCase(three.id, "fix-proposed", "Callboard", "patch 14 was verified in a copy: all 143 tests pass"))

    four = opened(
        "An AWS key is in the source",
        "critical",
        Cause("single", "config/settings.py", "one finding"),
        symptom(
            "security.secrets",
            "s1",
            kind="finding",
            rule="aws-access-token",
            severity="critical",
            path="config/settings.py",
            line=12,
            title="An AWS key is in the source",
            message="AKIA… in config/settings.py",
            witnesses=(("gitleaks", "8.30.0"),),
            task="20.7",
            run=20,
        ),
    )
    story.do(
        MoveCase(
            four.id, "assigned", "ann", "only a person can revoke the key", "please revoke it today", "person", "ben"
        )
    )

    five = opened(
        f"The endpoint /pay is slow {HOSTILE}",
        "high",
        Cause("host", "api.example.com", f"p95 doubled {HOSTILE}"),
        symptom(
            "monitor.probe",
            "m1",
            kind="slow",
            rule="slow-down",
            severity="high",
            path="",
            line=0,
            title=f"GET /pay took 2.1 s {HOSTILE}",
            message=f"p95 1.9 s, was 0.8 s {HOSTILE} {RTL}",
            witnesses=(("httpx", HOSTILE),),
            code="",
            task="17.2",
            run=17,
        ),
    )
    story.do(NoteCase(five.id, "comment", f"I see it too {HOSTILE}\n\nsecond line {RTL}", "ben"))
    story.do(MoveCase(five.id, "triaged", "ben", reason=f"looks real {HOSTILE}"))

    six = opened(
        "flask 2.0.1 has a known hole",
        "high",
        Cause("dependency", "flask", "two checks name flask 2.0.1"),
        symptom(
            "security.dependencies",
            "d1",
            kind="finding",
            rule="CVE-2023-30861",
            severity="high",
            path="requirements.txt",
            line=4,
            title="flask 2.0.1: CVE-2023-30861",
            message="fixed in 2.2.5",
            witnesses=(("pip-audit", "2.10.0"),),
            task="20.8",
            run=20,
        ),
    )
    story.do(
        MoveCase(
            six.id,
            "accepted",
            "ann",
            reason="we do not use permanent sessions; the upgrade is planned",
            until=now + 6 * DAY,
        )
    )

    seven = opened(
        "integration tests need a database",
        "medium",
        Cause("setup", "postgres", "nobody could connect to it"),
        *(
            symptom(
                "quality.tests",
                f"db{n}",
                severity="medium",
                title=f"tests/test_db.py::test_{n} errors",
                path="tests/test_db.py",
                line=n,
                message="connection refused: localhost:5432",
                task="20.0",
                run=20,
            )
            for n in range(9)
        ),
    )
    story.do(
        MoveCase(
            seven.id,
            "cannot-reproduce",
            "Callboard",
            "20 reruns here all passed: it needs the database of the CI",
            in_run=23,
        )
    )

    eight = opened(
        "Coverage fell below 80 %",
        "low",
        Cause("commit", "9c1d22e", "it began with 9c1d22e"),
        symptom(
            "quality.coverage",
            "c1",
            kind="finding",
            rule="coverage",
            severity="low",
            path="shop/tax.py",
            line=0,
            title="shop/tax.py is covered to 41 %",
            message="41 % of 120 lines",
            witnesses=(("coverage", "7.12"),),
            task="20.3",
            run=20,
        ),
    )
    story.do(
        MoveCase(
            eight.id, "assigned", "Callboard", "quality's checks saw 1 of 1 symptoms", to_kind="agent", to="quality"
        )
    )

    nine = opened(
        "settings.toml and .env disagree",
        "medium",
        Cause("setting", "PAYMENT_URL", "two files give it two values"),
        symptom(
            "config.drift",
            "k1",
            kind="finding",
            rule="drift",
            severity="medium",
            path=".env",
            line=4,
            title="PAYMENT_URL differs",
            message="http://… in .env, https://… in settings.toml",
            witnesses=(("callboard", "1.0"),),
            task="20.6",
            run=20,
        ),
    )
    story.do(
        NoteCase(
            nine.id,
            "fix-tried",
            "the value of .env was moved to settings.toml",
            facts={"ok": True, "patch": 3, "what": "move the setting", "href": "/patches/3"},
        )
    )
    story.do(
        MoveCase(nine.id, "verifying", "Callboard", "patch 3 was accepted by ann; config.drift looks again", in_run=22)
    )

    ten = opened(
        "shop/old.py: unused function 'legacy'",
        "info",
        Cause("single", "shop/old.py", "one finding"),
        symptom(
            "refactor.unused",
            "u1",
            kind="finding",
            rule="V101",
            severity="info",
            path="shop/old.py",
            line=7,
            title="'legacy' is unused",
            message="unused function 'legacy'",
            witnesses=(("vulture", "2.14"),),
            task="16.1",
            run=16,
        ),
    )
    story.do(
        NoteCase(
            ten.id,
            "fix-tried",
            "the function was removed",
            facts={"ok": True, "patch": 2, "what": "remove what is unused"},
        )
    )
    story.part(ten.id, *ten.symptoms.values(), code="c2", commit="77ab01c9", subject="Remove legacy")

    again = symptom(
        fingerprint="r1",
        title="tests/test_tax.py::test_rates fails",
        path="tests/test_tax.py",
        line=8,
        message="assert 19 == 16",
        task="15.0",
        run=15,
    )
    eleven = opened(
        "tests/test_tax.py::test_rates fails", "high", Cause("single", "tests/test_tax.py", "one test"), again
    )
    story.part(eleven.id, again, code="c2", commit="31fe77d0", subject="New rates")
    story.see(eleven.id, again)
    story.part(eleven.id, again, code="c3", commit="5e5e5e5e", subject="Rates of 2027")
    story.see(eleven.id, again)
    story.tell(missing=[(eleven.id, "quality.tests")])

    twelve = opened(
        "Two checks of one import",
        "low",
        Cause("family", "F401", "the same rule"),
        symptom(
            "quality.lint",
            "l9",
            kind="finding",
            rule="F401",
            severity="low",
            path="shop/pay.py",
            line=1,
            title="'sys' is unused",
            message="`sys` imported but unused",
            witnesses=(("ruff", "0.14.6"),),
            task="20.1",
            run=20,
        ),
    )
    story.do(MergeCases(twelve.id, three.id, "ann", "the same unused imports"))

    opened(
        "Agent monitor crashed",
        "high",
        Cause("upstream", "monitor", "it cannot be loaded"),
        symptom(
            "monitor.health",
            "a1",
            kind="alert",
            rule="agent-error",
            severity="high",
            path="",
            line=0,
            title="monitor.health crashed",
            message="ModuleNotFoundError: No module named 'psutil'",
            witnesses=(("callboard", ""),),
            code="",
            task="20.9",
            run=20,
        ),
        workspace=WHERE,
    )
    fourteen = opened(
        "A report of the CI names 240 findings",
        "medium",
        Cause("family", "E501", "one rule, 240 places"),
        *(
            symptom(
                "ci.sarif",
                f"i{n}",
                kind="ingested",
                rule="E501",
                severity="low",
                path=f"shop/part{n % 17}.py",
                line=n + 1,
                title=f"Line too long (line {n + 1})",
                message="Line too long",
                witnesses=(("flake8", "7.1"),),
                task="14.0",
                run=14,
            )
            for n in range(240)
        ),
    )
    story.do(MoveCase(fourteen.id, "closed", "ben", reason="we follow 132 columns, the CI is set to 79"))
    return story
