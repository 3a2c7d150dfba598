"""What waits for a person at the fake desk, and what happened since they looked."""

import time
from collections.abc import Mapping
from typing import Any

from callboard.errors import NotFound, Refused

DIGEST = "0" * 64


class FakeInbox:
    """The questions, as rows of the inbox; `more_waits` are rows that a test adds."""

    calls: list[tuple[str, tuple[Any, ...]]]
    _questions: list[dict[str, Any]]

    def __init__(self) -> None:
        super().__init__()
        self.more_waits: list[dict[str, Any]] = []
        self.news: list[dict[str, Any]] = []

    def inbox(self) -> list[dict[str, Any]]:
        return [*(_waiting(question) for question in list(self._questions)), *self.more_waits]

    def inbox_item(self, item: str) -> dict[str, Any]:
        for row in self.inbox():
            if row["id"] == item:
                return {**row, "evidence": self._evidence(row)}
        raise NotFound("this does not wait for anybody any more: it was decided, or is over")

    def _evidence(self, row: Mapping[str, Any]) -> dict[str, Any]:
        facts = [
            {"name": "what", "text": row["text"], "href": ""},
            {"name": "attempt", "text": "1 of 2", "href": row["href"]},
        ]
        log = (
            {"task": row["task"], "attempt": 1, "text": f"{row['text']}\nError: two", "size": 20}
            if row["task"]
            else None
        )
        return {"facts": facts, "log": log, "files": [], "lines": []}

    def catchup(self, by: str, since: float | None = None) -> dict[str, Any]:
        mark = self.person(by)["looked"]  # type: ignore[attr-defined]
        begin = since if since is not None else mark if mark is not None else 0.0
        words = ", ".join(group["title"] for group in self.news) or "nothing happened"
        return {
            "since": begin, "until": time.time(), "mark": mark, "seq": 1, "waiting": len(self.inbox()), "words": words,
            "counts": {group["kind"]: group["count"] for group in self.news}, "groups": self.news,
        }  # fmt: skip

    def seen(self, by: str, until: float | None = None) -> dict[str, Any]:
        return dict(self.set_person(by, {"looked": until or time.time()}))  # type: ignore[attr-defined]

    def trust_workspace(self, digest: str, by: str) -> None:
        if digest != DIGEST:
            raise Refused("callboard.toml has changed since you looked at it; look again")
        self.calls.append(("trust", (digest, by)))


def _waiting(question: Mapping[str, Any]) -> dict[str, Any]:
    task, decision = question["task"], question["question"] == "decision"
    path = f"/tasks/{task}/{'decide' if decision else 'answer'}"
    kind = "decision" if decision else "question"
    acts = [
        {
            "label": choice,
            "post": {
                "path": path,
                "body": {"choice": choice} | ({} if decision else {"question": question["question"]}),
            },
            "danger": choice == "give up",
        }
        for choice in question["choices"]
    ]
    return {
        "id": f"{kind}:{task}" + ("" if decision else f":{question['question']}"), "kind": kind,
        "title": f"What becomes of {task}?", "text": question["text"], "since": question["since"],
        "run": int(task.partition(".")[0]), "task": task, "name": task, "question": question["question"], "patch": None,
        "href": f"/tasks/{task}", "choices": list(question["choices"]), "acts": acts, "rank": 2,
    }  # fmt: skip
