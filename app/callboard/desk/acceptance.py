"""Accepting a finding for a while, by a person's word, in the workspace's `callboard.toml`."""

from pathlib import Path

from callboard.config.accepted import accept
from callboard.config.reading import CONFIG_NAME
from callboard.desk.room import Room
from callboard.errors import NotFound
from callboard.rows import Row


class Acceptance(Room):
    """What the team lives with until a day."""

    def accept_finding(self, finding: str, reason: str, until: str, owner: str, by: str) -> Row:
        """Appends a table `[[accepted]]` for the finding ('f12') to the `callboard.toml` of its workspace; it counts from the next
        run on. A workspace that is trusted stays so. Raises `NotFound`, and `CallboardError` for what would be wrong there.
        """
        found = self._history.finding(int(finding[1:])) if finding[:1] == "f" and finding[1:].isdecimal() else None
        run = self._history.run(found["run"]) if found is not None else None
        if found is None or run is None:
            raise NotFound(
                f"there is no finding '{finding[:40]}'; `callboard findings --json` lists them with their ids"
            )
        workspace = Path(run.workspace)
        was_trusted = not self._trust.why_not(workspace)
        accepted = accept(workspace / CONFIG_NAME, found, reason, until, owner or by)
        if was_trusted:
            self._trust.grant(workspace, by)
        return {**found, "accepted": accepted.words}
