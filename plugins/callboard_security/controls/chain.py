"""Controls over containers and pipelines."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from callboard.api import counted
from callboard_security.controls.control import Judgement, broken, held, open_
from callboard_security.controls.scene import Evidence, Scene

DOCKERFILES = ("Dockerfile", "Dockerfile.*", "*.Dockerfile", "Containerfile", "*.dockerfile")
COMPOSE = ("compose*.yml", "compose*.yaml", "docker-compose*.yml", "docker-compose*.yaml")
WORKFLOWS = (".github/workflows/*.yml", ".github/workflows/*.yaml")
FIRST_PARTY = ("actions/", "github/")


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """(line, instruction, rest) of a Dockerfile, continued lines joined."""
    held_, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or (line.startswith("#")):
            continue
        start = start or number
        if line.endswith("\\"):
            held_ += line[:-1] + " "
            continue
        word, _, rest = (held_ + line).partition(" ")
        yield start, word.upper(), rest.strip()
        held_, start = "", 0


def container_user(scene: Scene) -> Judgement:
    """No container runs as root."""
    paths = scene.files(*DOCKERFILES)
    if not paths:
        return open_("there is no Dockerfile", "nothing to do while there are no containers")
    good, bad, unread = list[Evidence](), list[Evidence](), list[Evidence]()
    for path in paths:
        user, line, base, first = "", 0, "", 0
        for number, word, rest in _instructions(scene.workspace.text(path)):
            if word == "FROM":
                user, line, base, first = "", 0, rest, number
            elif word == "USER":
                user, line = rest.split("#")[0].strip(), number
        if not base:
            unread.append(Evidence("has no FROM: it cannot be read", path))
        elif user and not re.match(r"(root|0)(:|$)", user):
            good.append(Evidence(f"USER {user}", path, line))
        elif not user and re.search(r"nonroot|unprivileged", base):
            good.append(Evidence(f"FROM {base}", path, first))
        else:
            bad.append(Evidence(f"USER {user}" if user else "the last stage names no USER", path, line or first))
    if bad:
        return broken(f"{len(bad)} of {counted(len(paths), 'image')} without a user of their own", bad)
    if unread:
        return open_("a Dockerfile cannot be read", "mend it", unread)
    return held(f"{counted(len(good), 'image')} with a user of their own", good)


def images_pinned(scene: Scene) -> Judgement:
    """Every image has a fixed tag or digest."""
    good, bad, unread = list[Evidence](), list[Evidence](), list[Evidence]()
    for path in scene.files(*DOCKERFILES):
        stages: set[str] = set()
        given: dict[str, str] = {}
        for number, word, rest in _instructions(scene.workspace.text(path)):
            if word == "ARG" and "=" in rest:
                key, _, value = rest.partition("=")
                given[key.strip()] = value.strip().strip("\"'")
            elif word == "FROM":
                words = [part for part in rest.split() if not part.startswith("--")]
                image = _filled(words[0], given) if words else ""
                if len(words) > 2 and words[1].lower() == "as":
                    stages.add(words[2].lower())
                if image and image != "scratch" and image.lower() not in stages:
                    (good if is_fixed(image) else bad).append(Evidence(f"FROM {image}", path, number))
    for path in scene.files(*COMPOSE):
        for number, line in enumerate(scene.workspace.text(path).splitlines(), 1):
            match = re.match(r"\s+image:\s*['\"]?([^'\"\s#]+)", line)
            if match is not None:
                image = re.sub(r"\$\{\w+:?-([^}]*)\}", r"\1", match[1])
                if not _IMAGE.fullmatch(image):
                    unread.append(Evidence("names no image that can be read", path, number))
                elif "$" not in image:
                    (good if is_fixed(image) else bad).append(Evidence(f"image: {image}", path, number))
    if bad:
        return broken(f"{counted(len(bad), 'image')} that may change from one day to the next", bad)
    if unread:
        return open_("a name of an image cannot be read", "mend it", unread)
    if not good:
        return open_("no image is named", "nothing to do while there are no containers")
    digests = sum("@sha256:" in place.text for place in good)
    return held(f"{counted(len(good), 'image')} with a fixed tag, {digests} of them with a digest", good)


def _filled(image: str, given: Mapping[str, str]) -> str:
    """The name with what ARG lines give for its variables."""
    return re.sub(r"\$\{?(\w+)(?::-([^}]*))?\}?", lambda match: given.get(match[1], match[2] or ""), image)


_IMAGE = re.compile(r"[A-Za-z0-9$][\w.${}:/@+-]*")


def is_fixed(image: str) -> bool:
    """Whether an image has a digest, or a tag with a number in it that is not only a major one."""
    if re.search(r"@sha256:[0-9a-f]{64}$", image):
        return True
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    return bool(re.search(r"\d+[.-]\d+|\d{6,}|[0-9a-f]{7,}", tag)) and tag not in ("latest", "stable", "edge")


def workflows(scene: Scene) -> tuple[dict[str, Any], list[Evidence]]:
    read, unread = {}, []
    for path in scene.files(*WORKFLOWS):
        try:
            table = scene.yaml(path)
            if not isinstance(table, dict):
                raise ValueError("it is no table")
            read[path] = table
        except ValueError as error:
            unread.append(Evidence(str(error), path))
    return read, unread


def actions_pinned(scene: Scene) -> Judgement:
    """Steps of others are taken by the digest of a commit; GitHub's own may have a version."""
    good, bad = list[Evidence](), list[Evidence]()
    paths = scene.files(*WORKFLOWS, ".github/actions/*/action.yml", ".github/actions/*/action.yaml")
    for path in paths:
        for number, line in enumerate(scene.workspace.text(path).splitlines(), 1):
            match = re.match(r"\s*-?\s*['\"]?uses['\"]?:\s*['\"]?([^'\"\s#]+)", line)
            if match is None or match[1].startswith(("./", "docker://")):
                continue
            name, _, version = match[1].partition("@")
            fixed = re.fullmatch(r"[0-9a-f]{40}", version) or (
                name.startswith(FIRST_PARTY) and re.fullmatch(r"v?\d+(\.\d+)*", version)
            )
            (good if fixed else bad).append(Evidence(f"uses {match[1]}", path, number))
    if bad:
        return broken(f"{counted(len(bad), 'step')} of others that can be changed under the same name", bad)
    unread = workflows(scene)[1]
    if unread:
        return open_("a workflow cannot be read", "mend it", unread)
    if not good:
        return open_("no workflow uses a step of others", "nothing to do while there is none")
    return held(f"{counted(len(good), 'step')} with a fixed version", good)


def least_permissions(scene: Scene) -> Judgement:
    """Every workflow says what its token may do, and none may do everything."""
    read, unread = workflows(scene)
    good, bad = list[Evidence](), list[Evidence]()
    for path, table in read.items():
        jobs = table.get("jobs")
        jobs = jobs if isinstance(jobs, dict) else {}
        said = [table.get("permissions"), *(job.get("permissions") for job in jobs.values() if isinstance(job, dict))]
        line = scene.grep([path], r"^\s*permissions\s*:", most=1)
        if "write-all" in said:
            bad.append(Evidence("permissions: write-all", path, line[0].line if line else 0))
        elif said[0] is not None or (
            jobs and all(isinstance(job, dict) and job.get("permissions") is not None for job in jobs.values())
        ):
            good.append(Evidence("says its permissions", path, line[0].line if line else 0))
        else:
            bad.append(Evidence("does not say its permissions", path))
    if bad:
        return broken(f"{len(bad)} of {counted(len(read), 'workflow')} with more rights than they say", bad)
    if unread:
        return open_("a workflow cannot be read", "mend it", unread)
    return (
        held(f"{counted(len(good), 'workflow')} with permissions that are said", good)
        if good
        else open_("there are no GitHub workflows", "judge the rights of the pipeline's token where it runs")
    )
