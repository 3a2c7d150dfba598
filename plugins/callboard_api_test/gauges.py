"""The names under which numbers of an application are kept over time."""

from callboard.api import Context
from callboard_api_test.apps import App


def gauge(ctx: Context, app: App | None, what: str, value: float, unit: str = "", *, label: str = "") -> None:
    """A metric 'api.p95.GET /items'; where the workspace has several applications 'api.p95.backend-shop.main GET /items'."""
    place = "" if app is None or app.alone else app.place
    detail = " ".join(word for word in (place, label) if word)
    ctx.metric(f"api.{what}.{detail}" if detail else f"api.{what}", value, unit)
