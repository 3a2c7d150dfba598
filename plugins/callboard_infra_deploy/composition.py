"""What the compose files of one folder say together, and what in it cannot work or should not be."""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from callboard.api import Finding, Severity
from callboard_infra_deploy.published import Published, published_ports
from callboard_infra_deploy.yamlfile import Document, Path

VARIABLE = re.compile(r"\$\$|\$\{([A-Za-z_]\w*)(?:(:?[-?+])((?:[^${}]|\$\{[^}]*\})*))?\}|\$([A-Za-z_]\w*)")
SOCKETS = ("/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock")
REMOTE = re.compile(r"^(?:[a-z][a-z0-9+.-]*://|git@|github\.com/|\w+=)")
NAMED = {"volumes": "volume", "networks": "network", "secrets": "secret", "configs": "config"}


def interpolated(text: object) -> str | None:
    """The text with compose variables replaced by their defaults; None when one has no default."""
    known = True

    def value(match: re.Match[str]) -> str:
        nonlocal known
        if match.group(0) == "$$":
            return "$"
        if match.group(2) in ("-", ":-"):
            inner = interpolated(match.group(3) or "")
            if inner is not None:
                return inner
        known = False
        return ""

    result = VARIABLE.sub(value, str(text))
    return result if known else None


def table(value: object) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one: the schema check has already said so."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


class Composition:
    """The compose files of one folder: an override file may rely on what the others declare."""

    def __init__(
        self, workspace: FilePath, folder: str, documents: Mapping[str, Document], protected_ports: Collection[int]
    ) -> None:
        self._workspace = workspace
        self._folder = folder
        self._documents = documents
        self._protected = protected_ports
        self._open = any("include" in table(document.value) for document in documents.values())
        self._declared = {key: self._names(key) for key in ("services", *NAMED)}

    def _names(self, key: str) -> set[str]:
        return {name for document in self._documents.values() for name in table(table(document.value).get(key))}

    def faults(self) -> Iterator[Finding]:
        """What is wrong, file by file; a twin in another file of the folder is another finding."""
        for file, document in self._documents.items():
            services = table(table(document.value).get("services"))
            for name, service in services.items():
                if isinstance(service, Mapping):
                    yield from self._service(file, document, name, service)
            yield from self._ports(file, document, services)
            yield from self._circle(file, document, services)

    def _found(
        self, file: str, document: Document, path: Path, rule: str, severity: Severity, message: str, help: str
    ) -> Finding:
        return Finding(f"compose-{rule}", severity, message, file, document.line(path), help=help)

    def _service(self, file: str, document: Document, name: str, service: Mapping[str, Any]) -> Iterator[Finding]:
        at = ("services", name)
        yield from self._build(file, document, name, service)
        yield from self._env_files(file, document, name, service)
        yield from self._references(file, document, name, service)
        if service.get("privileged") is True:
            yield self._found(
                file, document, (*at, "privileged"), "privileged", Severity.HIGH,
                f"service '{name}' runs privileged: it has the host's devices and can leave its container",
                "drop 'privileged' and grant the one capability that is needed with 'cap_add'",
            )  # fmt: skip
        for key in ("pid", "network_mode", "ipc"):
            if service.get(key) == "host":
                yield self._found(
                    file, document, (*at, key), f"host-{key.split('_')[0]}", Severity.MEDIUM,
                    f"service '{name}' shares the host's {key.split('_')[0]} namespace",
                    f"drop '{key}: host'; publish the ports or share the volumes that are needed",
                )  # fmt: skip
        for index, volume in enumerate(items(service.get("volumes"))):
            source = table(volume).get("source") if isinstance(volume, Mapping) else str(volume).split(":")[0]
            if source in SOCKETS:
                yield self._found(
                    file, document, (*at, "volumes", index), "docker-socket", Severity.HIGH,
                    f"service '{name}' mounts {source}: whoever breaks into it is root on the host",
                    "drop the mount, or put a proxy in between that allows only the calls that are needed",
                )  # fmt: skip

    def _build(self, file: str, document: Document, name: str, service: Mapping[str, Any]) -> Iterator[Finding]:
        build = service.get("build")
        if build is None:
            return
        detail = table(build) if isinstance(build, Mapping) else {"context": build}
        context = interpolated(detail.get("context", "."))
        if context is None or REMOTE.match(context):
            return
        at: Path = ("services", name, "build")
        place = self._here(context)
        if place is None:
            return
        if not place.is_dir():
            yield self._found(
                file, document, (*at, "context"), "build-context", Severity.HIGH,
                f"service '{name}' is built from '{context}', which is not there",
                "correct the path; it is relative to the folder of the compose file",
            )  # fmt: skip
            return
        recipe = interpolated(detail.get("dockerfile", "Dockerfile"))
        if recipe is None or "dockerfile_inline" in detail:
            return
        names = [recipe] if "dockerfile" in detail else ["Dockerfile", "dockerfile", "Containerfile"]
        if not any((place / candidate).is_file() for candidate in names):
            yield self._found(
                file, document, (*at, "dockerfile"), "dockerfile", Severity.HIGH,
                f"service '{name}' is built with '{recipe}' in '{context}', which is not there",
                "add the Dockerfile or correct 'dockerfile'; it is relative to the build context",
            )  # fmt: skip

    def _here(self, path: str) -> FilePath | None:
        """The place of a path, None when it lies outside of the workspace and so cannot be judged."""
        place = (self._workspace / self._folder / path).resolve()
        return place if place.is_relative_to(self._workspace.resolve()) else None

    def _env_files(self, file: str, document: Document, name: str, service: Mapping[str, Any]) -> Iterator[Finding]:
        entries = service.get("env_file") or []
        for index, entry in enumerate(entries if isinstance(entries, list) else [entries]):
            if table(entry).get("required") is False:
                continue
            path = interpolated(table(entry).get("path", "") if isinstance(entry, Mapping) else entry)
            place = self._here(path) if path else None
            if place is None or place.is_file():
                continue
            examples = [
                c.name for e in ("example", "sample", "template", "dist") if (c := FilePath(f"{place}.{e}")).is_file()
            ]
            yield self._found(
                file, document, ("services", name, "env_file", index), "env-file",
                Severity.MEDIUM if examples else Severity.HIGH,
                f"service '{name}' reads '{path}', which is not there",
                f"copy {examples[0]} to it" if examples else "add it, correct the path, or mark it 'required: false'",
            )  # fmt: skip

    def _references(self, file: str, document: Document, name: str, service: Mapping[str, Any]) -> Iterator[Finding]:
        if self._open or "extends" in service:
            return
        for key, path in _wanted_services(service):
            if interpolated(key) == key and key not in self._declared["services"]:
                yield self._found(
                    file, document, ("services", name, *path), "depends-on", Severity.HIGH,
                    f"service '{name}' needs '{key}', which no compose file here declares",
                    f"declare it or correct the name; declared: {', '.join(sorted(self._declared['services']))}",
                )  # fmt: skip
        for kind, key, path in _wanted_things(service):
            if interpolated(key) == key and key not in self._declared[kind]:
                yield self._found(
                    file, document, ("services", name, *path), f"undeclared-{NAMED[kind]}", Severity.HIGH,
                    f"service '{name}' uses the {NAMED[kind]} '{key}', which is not declared under '{kind}:'",
                    f"add '{key}:' under '{kind}:' at the top level",
                )  # fmt: skip

    def _ports(self, file: str, document: Document, services: Mapping[str, Any]) -> Iterator[Finding]:
        taken: dict[tuple[str, int], list[Published]] = {}
        for name, service in services.items():
            for port in published_ports(name, table(service), interpolated):
                at = ("services", name, "ports", port.index)
                if port.port in self._protected:
                    yield self._found(
                        file, document, at, "protected-port", Severity.LOW,  # it may be the very program that has it
                        f"service '{name}' publishes port {port.port}, which the boundary protects: it cannot run beside the owner",
                        "if this is the owner, all is well; boundary.protected_ports in callboard.toml names the protected ones",
                    )  # fmt: skip
                key = (port.protocol, port.port)
                other = next((p for p in taken.get(key, []) if p.collides(port)), None)
                if other is not None:
                    yield self._found(
                        file, document, at, "port-collision", Severity.HIGH,
                        f"service '{name}' publishes port {port.port}/{port.protocol}, as '{other.service}' does",
                        "give one of them another published port; the second one cannot start",
                    )  # fmt: skip
                taken.setdefault(key, []).append(port)

    def _circle(self, file: str, document: Document, services: Mapping[str, Any]) -> Iterator[Finding]:
        needs = {
            n: {key for key, path in _wanted_services(table(s)) if path[0] == "depends_on"} for n, s in services.items()
        }
        done: set[str] = set()
        for start in needs:
            trail: list[str] = []
            circle = _circle_from(start, needs, done, trail)
            if circle:
                yield self._found(
                    file, document, ("services", circle[0], "depends_on"), "circle", Severity.HIGH,
                    f"services wait for each other in a circle: {' -> '.join([*circle, circle[0]])}",
                    "take one 'depends_on' out of the circle",
                )  # fmt: skip
                return


def _circle_from(name: str, needs: Mapping[str, set[str]], done: set[str], trail: list[str]) -> list[str]:
    if name in trail:
        return trail[trail.index(name) :]
    if name in done or name not in needs or len(trail) > 200:
        return []
    trail.append(name)
    for other in sorted(needs[name]):
        circle = _circle_from(other, needs, done, trail)
        if circle:
            return circle
    trail.pop()
    done.add(name)
    return []


def _wanted_services(service: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """The services that one needs, with the place in it that says so."""
    depends = service.get("depends_on")
    if isinstance(depends, list):
        yield from ((str(name), ("depends_on", index)) for index, name in enumerate(depends))
    for name, how in table(depends).items():
        if table(how).get("required", True) is not False:
            yield name, ("depends_on", name)
    mode = str(service.get("network_mode", ""))
    if mode.startswith("service:"):
        yield mode.removeprefix("service:"), ("network_mode",)


def _wanted_things(service: Mapping[str, Any]) -> Iterator[tuple[str, str, Path]]:
    """The named volumes, networks, secrets and configs that a service uses, with the place that says so."""
    for index, volume in enumerate(items(service.get("volumes"))):
        if isinstance(volume, Mapping):
            source = str(volume.get("source", "")) if volume.get("type", "volume") == "volume" else ""
        else:
            source = str(volume).split(":")[0] if ":" in str(volume) else ""
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]+", source):
            yield "volumes", source, ("volumes", index)
    networks = service.get("networks")
    for index, network in enumerate(items(networks)):
        if network != "default":
            yield "networks", str(network), ("networks", index)
    for network in table(networks):
        if network != "default":
            yield "networks", network, ("networks", network)
    for kind in ("secrets", "configs"):
        for index, entry in enumerate(items(service.get(kind))):
            yield kind, str(table(entry).get("source", "") if isinstance(entry, Mapping) else entry), (kind, index)
