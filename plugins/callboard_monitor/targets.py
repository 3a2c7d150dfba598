"""Which addresses there are to watch: written down in callboard.toml, or told by the workspace's own files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from callboard.api import Workspace
from callboard_monitor.settings import SettingError, fault

ANY_BUT_ERROR = frozenset(range(100, 500))
HTTP_PORTS = frozenset({80, 3000, 4000, 4173, 4200, 5000, 5173, 8000, 8001, 8008, 8080, 8081, 8088, 8888, 9000, 9090})
COMPOSE = ("docker-compose*.yml", "docker-compose*.yaml", "compose*.yml", "compose*.yaml")
LARGEST_YAML = 300_000
SERVERS = re.compile(
    r"\b(?:uvicorn|gunicorn|hypercorn|granian|flask|vite|next|waitress-serve|daphne|http\.server|runserver)\b"
)
PORT = re.compile(r"(?:--port[= ]|-p[= ]|--bind[= ]\S*?:|-b[= ]\S*?:|--listen[= ]\S*?:|runserver \S*?:)(\d{2,5})\b")
VITE_PORT = re.compile(r"\bserver\s*:\s*\{[^}]*?\bport\s*:\s*(\d{2,5})\b", re.DOTALL)
MOST_FOUND = 20
CONFIG = "callboard.toml"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is asked, and which answers are right; `max_ms` 0: any speed will do.

    `found` is '' for one that is written down, else where its port was told: nobody promised that it runs.
    """

    name: str
    url: str
    method: str = "GET"
    expect: frozenset[int] = frozenset({200})
    max_ms: float = 0.0
    found: str = ""


def declared(config: Mapping[str, Any], settings: Mapping[str, Any], names: Sequence[str]) -> list[Endpoint]:
    """The endpoints of `[endpoints]`, of `endpoints` in `[agents.monitor]`, and of services and environments with port and health.

    All or the named. Raises `SettingError` that names what is wrong.
    """
    table = {name: _endpoint(name, entry) for name, entry in config.get("endpoints", {}).items()}
    for endpoint in (*_plain(settings), *_started(config)):
        if endpoint.url not in {known.url for known in table.values()}:
            table.setdefault(endpoint.name, endpoint)
    missing = [name for name in names if name not in table]
    if missing:
        known = ", ".join(table) or "none"
        raise SettingError(f"callboard.toml declares no endpoint '{missing[0]}'; declared: {known}")
    return [endpoint for name, endpoint in table.items() if not names or name in names]


def _endpoint(name: str, entry: object) -> Endpoint:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("url"), str):
        raise SettingError(f"[endpoints.{name}] needs 'url', such as 'http://127.0.0.1:8000/health'")
    expect = entry.get("expect", 200)
    codes = expect if isinstance(expect, (list, tuple)) else [expect]
    if not codes or not all(isinstance(code, int) for code in codes):
        raise SettingError(f"[endpoints.{name}] has expect {expect!r}; use a status such as 200, or a list of them")
    method = str(entry.get("method", "GET")).upper()
    return Endpoint(name, entry["url"], method, frozenset(codes), float(entry.get("max_ms", 0)))


def _plain(settings: Mapping[str, Any]) -> list[Endpoint]:
    """`endpoints = ["http://…"]` or `{name = "http://…"}`; any status of 2xx and 3xx is right."""
    given = settings.get("endpoints", ())
    pairs: list[tuple[object, object]] = (
        list(given.items()) if isinstance(given, Mapping) else [(_short(url), url) for url in _listed(given)]
    )
    found = []
    for name, url in pairs:
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise fault(
                "", f"has the endpoint {name!r} = {url!r}; use an address such as 'http://127.0.0.1:8000/health'"
            )
        found.append(Endpoint(str(name), url, expect=frozenset(range(200, 400))))
    return found


def _listed(given: object) -> Sequence[object]:
    if not isinstance(given, (list, tuple)):
        raise fault("", f"has endpoints = {given!r}; use a list of addresses, or a table of names and addresses")
    return given


def _short(url: object) -> str:
    return re.sub(r"^https?://", "", str(url)).split("?")[0].rstrip("/")[:80]


def _started(config: Mapping[str, Any]) -> list[Endpoint]:
    """Services and environments that tell port and health: nobody promised that they run now."""
    found = []
    for table in ("services", "environments"):
        entries = config.get(table, {})
        for name, entry in entries.items() if isinstance(entries, Mapping) else ():
            if not isinstance(entry, Mapping):
                continue
            port, health, expect = entry.get("port"), entry.get("health"), frozenset(range(200, 400))
            if isinstance(health, Mapping):
                status = health.get("status", ())
                codes = status if isinstance(status, (list, tuple)) else [status]
                expect = frozenset(code for code in codes if isinstance(code, int)) or expect
                health = health.get("url")
            if not isinstance(health, str) or (not port and ("{port}" in health or not health.startswith("http"))):
                continue
            url = health.replace("{port}", str(port))
            if not url.startswith(("http://", "https://")):
                url = f"http://127.0.0.1:{port}/{url.lstrip('/')}"
            found.append(Endpoint(str(name), url, expect=expect, found=CONFIG))
    return found


def detected(workspace: Workspace) -> list[Endpoint]:
    """Ports on which the workspace's own files say that something speaks HTTP; whether it runs is not known."""
    ports: dict[int, tuple[str, str]] = {}
    for path in workspace.matching(*COMPOSE)[:10]:
        for service, port in compose_ports(workspace.text(path, LARGEST_YAML)):
            ports.setdefault(port, (service, path))
    for path in workspace.matching("Procfile", "Makefile", "justfile", "package.json", "Dockerfile*")[:50]:
        text = workspace.text(path, LARGEST_YAML)
        for line in text.splitlines():
            if SERVERS.search(line[:2_000]) and (match := PORT.search(line[:2_000])):
                ports.setdefault(int(match[1]), (_folder(path), path))
    for path in workspace.matching("vite.config.*")[:20]:
        match = VITE_PORT.search(workspace.text(path, LARGEST_YAML))
        ports.setdefault(int(match[1]) if match else 5173, (_folder(path), path))
    return [
        Endpoint(f"{name}:{port}", f"http://127.0.0.1:{port}/", "GET", ANY_BUT_ERROR, 0.0, path)
        for port, (name, path) in sorted(ports.items())[:MOST_FOUND]
        if 0 < port < 65_536
    ]


def _folder(path: str) -> str:
    return path.rsplit("/", 2)[-2] if "/" in path else "web"


def compose_ports(text: str) -> list[tuple[str, int]]:
    """The published ports of services that by their own port speak HTTP; [] for what is no compose file."""
    if text.count("&") > 200 or text.count("*") > 2_000:
        return []
    try:
        tree = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return []
    services = tree.get("services") if isinstance(tree, dict) else None
    found = []
    for name, service in services.items() if isinstance(services, dict) else ():
        rows = service.get("ports") if isinstance(service, dict) else None
        for row in rows if isinstance(rows, list) else ():
            pair = _published(row)
            if pair and pair[1] in HTTP_PORTS:
                found.append((str(name), pair[0]))
    return found


def _published(row: object) -> tuple[int, int] | None:
    """Host port and container port of a row of `ports`."""
    if isinstance(row, dict):
        parts = [str(row.get("published", "")), str(row.get("target", ""))]
    else:
        parts = str(row).split("/")[0].rsplit(":", 2)[-2:]
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        return None
    return int(parts[0]), int(parts[1])


def listening_ports() -> set[int]:
    """The TCP ports of this machine that somebody listens on; none where the system does not tell."""
    import psutil

    try:
        rows = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return set()
    return {row.laddr.port for row in rows if row.status == psutil.CONN_LISTEN and row.laddr}
