"""What the platform asks the fake desk: whether to drain, and for the newest handoff."""

from typing import Any

from callboard.errors import NotFound


class FakeCoordination:
    """Nothing was handed over; the drain is that of the fake crew."""

    drain: dict[str, Any]

    def signed_handoff(self, id: str = "") -> dict[str, Any]:
        raise NotFound("nothing was handed over yet")

    def asked_for_drain(self, by: str) -> dict[str, Any]:
        drain = self.drain
        return {"drain": drain["wanted"], **{name: drain[name] for name in ("by", "at", "reason", "until")}}

    def asked_for_handoff(self, by: str) -> dict[str, Any]:
        return self.signed_handoff()
