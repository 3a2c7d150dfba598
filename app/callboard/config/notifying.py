"""The tables `[notify.NAME]`: channels that are told what happens, and what each wants to hear."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from callboard.config.fields import Field, Source
from callboard.config.times import wrong_quiet
from callboard.core.notices import KINDS, SEVERITIES, Channel

PLAIN = (
    "json", "jsons", "xml", "xmls", "form", "forms", "ntfy", "ntfys", "mailto", "mailtos", "dbus", "gnome", "macosx", "windows",
    "syslog",
)  # fmt: skip
LOCAL_FILES = ("template", "attach", "cert", "key", "keyfile", "certfile")
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")


def wrong_url(value: Any) -> str:
    """What is wrong with an address that stands in the file for all to read, '' if nothing."""
    parts = _parts(str(value))
    if parts is None or not parts.scheme:
        return "write it as apprise does: 'json://host/path', 'mailto://host?to=team@example.org'"
    if parts.scheme.lower() not in PLAIN:
        return (
            f"'{parts.scheme}://' carries a secret; put the address into an environment variable of the server and name "
            "that: url_env = 'CALLBOARD_CHAT'"
        )
    if parts.password or (parts.username and not parts.scheme.startswith("mailto")):
        return "it carries a password; put the address into an environment variable and name that: url_env = 'NAME'"
    return wrong_query(str(value))


def wrong_query(url: str) -> str:
    """What is wrong with an address wherever it stands: nothing in it may read a file of this machine."""
    parts = _parts(url)
    if parts is None:
        return "it cannot be read as an address"
    names = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    bad = sorted(names & set(LOCAL_FILES))
    return f"'{bad[0]}=' would read a file of this machine; that is not done" if bad else ""


def _parts(url: str) -> Any:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _wrong_variable(value: Any) -> str:
    return "" if VARIABLE.fullmatch(str(value)) else "it must be the name of a variable, such as 'CALLBOARD_CHAT'"


def _wrong_kinds(value: Any) -> str:
    wrong = [word for word in value if word not in KINDS]
    return f"'{wrong[0][:40]}' is none of {', '.join(KINDS)}" if wrong else "" if value else "it names nothing"


NOTIFY: Mapping[str, Field] = {
    "url": Field(
        "text", "where notices go, as apprise writes addresses, if nobody must keep it secret: 'json://host/hook', "
        "'ntfy://topic', 'mailto://host?to=team@example.org'", check=wrong_url,
    ),
    "url_env": Field(
        "text", "the environment variable of the server that holds the address: for slack://, msteams://, tgram://, "
        "discord://, mailto:// with a password and the hundred others of apprise", check=_wrong_variable,
    ),
    "on": Field("texts", f"what is told: {', '.join(KINDS)}; left out: all of them", check=_wrong_kinds),
    "level": Field("text", "told from this severity on; left out: high", one_of=SEVERITIES),
    "quiet": Field("text", "hours in which only what is critical is told, by the server's clock: 22:00-06:00; the rest "
                   "comes after them, as one message", check=wrong_quiet),
    "per_hour": Field("whole", "most messages an hour; what is more comes later, as one; left out: 20", 1, 1_000),
    "enabled": Field("flag", "false: nothing is sent; left out: true"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NotifyTable:
    """`[notify.NAME]`: a channel and where its address is found; never the secret itself."""

    channel: Channel
    url: str = ""
    url_env: str = ""
    enabled: bool = True


def notify_of(source: Source, tables: Mapping[str, Mapping[str, Any]]) -> dict[str, NotifyTable]:
    """The checked tables; raises `ConfigError` for one that has no address, or two."""
    found = {}
    for name, table in tables.items():
        if ("url" in table) == ("url_env" in table):
            raise source.fault(f"[notify.{name}] needs an address: either url or url_env", "notify", name)
        channel = Channel(
            name,
            frozenset(table.get("on", KINDS)),
            table.get("level", "high"),
            table.get("per_hour", 20),
            table.get("quiet", ""),
        )
        found[name] = NotifyTable(channel, table.get("url", ""), table.get("url_env", ""), table.get("enabled", True))
    return found
