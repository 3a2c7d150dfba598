"""The cases behind the runs of the fake desk: one, of its linter and of the finding with this fingerprint."""

from typing import Any

from callboard.errors import NotFound

HOSTILE = '<img src=x onerror="window.pwned=1">{{ window.pwned=1 }}'


class FakeCaseNear:
    """The same for every run; the fake desk knows its runs."""

    _runs: dict[int, dict[str, Any]]

    def run_cases(self, run: int) -> dict[str, Any]:
        if run not in self._runs:
            raise NotFound(f"there is no run {run}")
        row = {
            "id": 1,
            "name": "C1",
            "title": f"shop/cart.py {HOSTILE}",
            "state": "new",
            "severity": "high",
            "href": "/cases/1",
        }
        return {"cases": [row], "findings": {"same" * 4: 1}, "jobs": {"quality.lint": [1]}}
