"""The platform's side, as far as it is measured: the endpoints that the workspace declares, by MonitorAnalytics' last figures."""

import re

from callboard.config import read_config
from callboard.desk.evidence import Evidence
from callboard.errors import ConfigError
from callboard.rows import Row

MOST = 12
FIGURES = ("success", "p50", "p95")


class Platform(Evidence):
    """What the team builds is observed only."""

    def platform(self) -> Row | None:
        """The last figures of each declared endpoint; None when nothing was ever measured.

        `success` in percent, `p50` and `p95` in milliseconds; `trend` are the newest values of p95, oldest first.
        """
        try:
            declared = read_config(self.workspace).endpoints
        except ConfigError:
            return None
        rows = []
        for name, table in list(declared.items())[:MOST]:
            base = f"monitor.endpoint.{slug(name)}"
            found = {figure: self._news.last_value(str(self.workspace), f"{base}.{figure}") for figure in FIGURES}
            known = [value for value in found.values() if value is not None]
            if not known:
                continue
            newest = max(known, key=lambda value: value["at"])
            same = {
                key: value["value"] if value and value["task"] == newest["task"] else None
                for key, value in found.items()
            }
            trend = [point[1] for point in self._history.series(str(self.workspace), f"{base}.p95")["points"][-40:]]
            rows.append(
                {"name": name, "url": str(table.get("url", "")), "max_ms": table.get("max_ms"), **same, "at": newest["at"],
                 "task": newest["task"], "trend": trend}
            )  # fmt: skip
        return {"endpoints": rows} if rows else None


def slug(name: str) -> str:
    """The name as MonitorAnalytics writes it into the names of its metrics."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "unnamed"
