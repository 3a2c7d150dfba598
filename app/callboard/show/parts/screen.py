"""A page's one element: a Vue component that is born with its first data and keeps itself live."""

import json
from typing import Any

from nicegui import ui


class Screen(ui.element):
    """Shows `first`, the rows it starts with, and `meta`, what the frame shows.

    Both travel as ASCII JSON inside a string: a lone surrogate in the name of a file becomes an escape instead of an
    error of the page, and the framework neither watches nor walks the rows. A subclass names its component.
    """

    def __init__(self, first: Any, meta: dict[str, Any]) -> None:
        super().__init__()
        self.props["first"] = json.dumps(first, default=str)
        self.props["meta"] = json.dumps(meta, default=str)
