"""The notices of the fake desk: two channels and a delivery log, with a payload in every text."""

from typing import Any

from callboard.errors import NotFound

HOSTILE = '<img src=x onerror="window.pwned=1">{{ window.pwned=1 }}'


def _notice(id: str, state: str, words: str = "") -> dict[str, Any]:
    return {
        "id": id, "channel": "chat", "kind": "alert", "severity": "high", "title": HOSTILE, "body": HOSTILE,
        "link": "/alerts", "made": 1_000.0, "due": 1_000.0, "state": state, "tries": 1, "tried": 1_001.0, "words": words,
        "by": "",
    }  # fmt: skip


class FakeNotices:
    """One channel that works, one whose variable is not set."""

    def notices(self, channel: str = "", state: str = "", limit: int = 100) -> dict[str, Any]:
        base = {
            "kinds": ["alert", "case"], "level": "high", "levels": ["critical", "high"], "quiet": "22:00-06:00",
            "per_hour": 20, "waiting": 0, "sent": 3, "failed": 1, "last": 1_001.0,
        }  # fmt: skip
        return {
            "channels": [
                {**base, "name": "chat", "where": "json://127.0.0.1", "state": "ready", "why": ""},
                {**base, "name": HOSTILE, "where": "MAIL (not set)", "state": "unset", "why": HOSTILE},
            ],
            "notices": [_notice("0123456789ab", "sent"), _notice("0123456789ac", "failed", HOSTILE)],
            "why": "",
            "how": "",
        }

    def test_notice(self, channel: str, by: str) -> dict[str, Any]:
        if channel != "chat":
            raise NotFound(f"there is no channel '{channel}'")
        return _notice("0123456789ab", "sent")

    def renew_notice(self, id: str, by: str) -> dict[str, Any]:
        return _notice(id, "waiting")
