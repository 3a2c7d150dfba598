"""The token of the platform's crew: good for telling what the crew does and for two questions, and for nothing else.

Kept as its hash in the data folder, so that it works across restarts and cannot be read back.
"""

import hashlib
import hmac
import json
import re
import secrets
import time
from pathlib import Path

from callboard.guard.running import private_folder, read_private, write_private

NAME = "crew-token.json"
MARK = "crew_"
DIGEST = re.compile(r"[0-9a-f]{64}")
ALLOWED = frozenset({
    ("POST", "/api/v1/crew/events"),
    ("POST", "/api/v1/otlp/v1/traces"),
    ("POST", "/v1/traces"),
    ("GET", "/api/v1/crew/drain"),
    ("GET", "/api/v1/crew/handoff"),
})  # fmt: skip


class CrewToken:
    """The one crew token of a data folder, if there is one; what another process changes is seen at once."""

    def __init__(self, data: Path) -> None:
        self._file = data / NAME

    def is_token(self, token: str) -> bool:
        """Whether this is it; compares in constant time."""
        kept = self._kept()
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
        return kept is not None and hmac.compare_digest(digest, kept[0])

    def made_at(self) -> float | None:
        """When the one that is good was made, None when there is none."""
        kept = self._kept()
        return kept[1] if kept is not None else None

    def new(self) -> str:
        """Another token, which takes the place of the one before; it is shown here once and kept nowhere."""
        token = MARK + secrets.token_urlsafe(32)
        private_folder(self._file.parent)
        said = {"sha256": hashlib.sha256(token.encode()).hexdigest(), "at": time.time()}
        write_private(self._file, json.dumps(said).encode())
        return token

    def revoke(self) -> bool:
        """From now on none is good; False when there was none."""
        there = self._file.exists()
        self._file.unlink(missing_ok=True)
        return there

    def _kept(self) -> tuple[str, float] | None:
        raw = read_private(self._file)
        try:
            found = json.loads(raw) if raw is not None else None
            if not isinstance(found, dict):
                return None
            digest, at = str(found["sha256"]), float(found["at"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        return (digest, at) if DIGEST.fullmatch(digest) else None
