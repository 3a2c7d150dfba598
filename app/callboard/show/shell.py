"""What stands there until the scripts run: the bar in the shape that it will have, and the outline of a page."""

from collections.abc import Mapping
from html import escape
from typing import Any

COUNTED = {"/inbox": "inbox", "/alerts": "alerts"}
BRAND = (
    '<svg viewBox="0 0 32 32"><rect x="2" y="2" width="28" height="28" rx="7" class="brand-back"/>'
    '<rect x="8" y="6.5" width="16" height="20" rx="2" class="brand-paper"/>'
    '<circle cx="16" cy="9.4" r="1.5" class="brand-back"/>'
    '<path d="M11.5 14.5h9M11.5 18h9M11.5 21.5h5.500" class="brand-lines"/></svg>'
)
SEEK = (
    '<svg viewBox="0 0 16 16"><path d="M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9zM10.5 10.5L14 14"/></svg>'
    '<span class="seek-word">Search</span><span class="seek-keys"><kbd>Ctrl</kbd><kbd>k</kbd></span>'
)


def shell(meta: Mapping[str, Any]) -> str:
    """The bar as markup, with the same classes and words as that of bar.js, so that nothing moves when that one comes."""
    links = "".join(_link(entry, meta) for entry in meta["nav"])
    workspace = meta["workspace"]
    place = (
        f'<span class="workspace"><span class="quiet">at</span> {_text(workspace["name"])}</span>' if workspace else ""
    )
    ghosts = "".join(f'<div class="ghost" style="height:{height}px"></div>' for height in (34, 168, 320))
    return (
        '<div class="cb-shell" id="cb-shell" aria-hidden="true"><div class="cb"><div class="top">'
        f'<span class="brand">{BRAND}<span class="brand-name">Callboard</span></span>'
        f'<nav>{links}<span class="nav-more">More</span></nav><div class="top-right">{place}'
        '<span class="link-state" data-link="connecting"><i></i><span>joining</span></span>'
        f'<span class="seek">{SEEK}</span><span class="icon theme"></span>'
        f'<span class="button primary start">Start a run</span></div></div><div class="ghosts">{ghosts}</div></div></div>'
    )


def _link(entry: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
    count = meta["counts"].get(COUNTED.get(entry["path"], ""), 0)
    badge = f'<b class="nav-count num">{"99+" if count > 99 else count}</b>' if count else ""
    here = ' aria-current="page"' if entry["path"] == meta["here"] else ""
    later = ' class="later"' if entry["later"] else ""
    return f'<a href="{entry["path"]}" tabindex="-1"{later}{here}>{entry["name"]}{badge}</a>'


def _text(name: str) -> str:
    return escape(name.encode("utf-8", "replace").decode())
