"""Reads `.github/workflows` without running or trusting any of it."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from callboard.work.finding import clean

FOLDER = Path(".github", "workflows")
MOST_FILES = 100
LARGEST = 1_000_000
MOST_NODES = 60_000
MOST_JOBS = 200
MOST_STEPS = 200
MOST_VALUES = 40


@dataclass(frozen=True, slots=True)
class Step:
    """A step: `run` is its script, `uses` a ready-made action; `line` counts from 1."""

    name: str
    line: int
    run: str = ""
    uses: str = ""
    folder: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class CiJob:
    """A job of a workflow. `matrix` are its axes with their values, `calls` another workflow that it stands for."""

    id: str
    name: str
    line: int
    needs: tuple[str, ...] = ()
    runs_on: str = ""
    when: str = ""
    calls: str = ""
    matrix: tuple[tuple[str, tuple[str, ...]], ...] = ()
    services: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """What could not be read: where, what is wrong, what mends it."""

    path: str
    line: int
    words: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """One file: when it runs ('push: main', 'schedule: 0 3 * * *') and its jobs, in the order of the file."""

    path: str
    name: str
    triggers: tuple[str, ...]
    jobs: tuple[CiJob, ...]
    trouble: tuple[Trouble, ...] = field(default=())


class _Budget:
    """Bounds what aliases can blow up."""

    def __init__(self) -> None:
        self.left = MOST_NODES

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise ValueError("it unfolds into too much; take its aliases out")


def read_workflows(workspace: Path) -> tuple[list[Workflow], list[Trouble]]:
    """The workflows by path, and what could not be read. Raises nothing for whatever the files hold."""
    folder = workspace / FOLDER
    found: list[Workflow] = []
    trouble: list[Trouble] = []
    for path in _files(folder, trouble):
        shown = clean((FOLDER / path.name).as_posix(), 300)
        try:
            text = _text(path, workspace)
            found.append(_workflow(shown, text))
        except yaml.MarkedYAMLError as error:
            line = (error.problem_mark.line + 1) if error.problem_mark else 0
            trouble.append(Trouble(shown, line, clean(f"it is no YAML: {error.problem or error}", 300)))
        except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
            words = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            trouble.append(Trouble(shown, 0, clean(words, 300)))
    return found, trouble


def _files(folder: Path, trouble: list[Trouble]) -> list[Path]:
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith((".yml", ".yaml")))
    except OSError:
        return []
    if len(names) > MOST_FILES:
        trouble.append(Trouble(FOLDER.as_posix(), 0, f"{len(names) - MOST_FILES:,} more files are not read"))
    return [folder / name for name in names[:MOST_FILES]]


def _text(path: Path, workspace: Path) -> str:
    if not path.resolve().is_relative_to(workspace.resolve()):
        raise ValueError("it is a link that leads out of the workspace, and is not read")
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no file")
        told = file.read(LARGEST + 1)
    if len(told) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1_000_000} MB")
    return told.decode("utf-8-sig")


def _workflow(path: str, text: str) -> Workflow:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise ValueError("it is no workflow: there is no mapping at its top")
    budget = _Budget()
    top = dict(_entries(root, budget))
    trouble: list[Trouble] = []
    jobs: list[CiJob] = []
    node = top.get("jobs")
    if not isinstance(node, yaml.MappingNode):
        trouble.append(Trouble(path, _line(node or root), "it has no jobs"))
    else:
        for key, value in list(_entries(node, budget))[:MOST_JOBS]:
            if isinstance(value, yaml.MappingNode):
                jobs.append(_job(key, value, _key_line(node, key), budget))
            else:
                trouble.append(Trouble(path, _line(value), f"job '{key}' is no mapping"))
    return Workflow(
        path, _scalar(top.get("name")), tuple(_triggers(top.get("on"), budget)), tuple(jobs), tuple(trouble)
    )


def _job(key: str, node: yaml.MappingNode, line: int, budget: _Budget) -> CiJob:
    own = dict(_entries(node, budget))
    matrix: list[tuple[str, tuple[str, ...]]] = []
    strategy = own.get("strategy")
    axes = dict(_entries(strategy, budget)).get("matrix") if isinstance(strategy, yaml.MappingNode) else None
    if isinstance(axes, yaml.MappingNode):
        for axis, values in _entries(axes, budget):
            if axis not in ("include", "exclude"):
                matrix.append((axis, tuple(_words(values, budget)[:MOST_VALUES])))
    elif axes is not None:
        matrix.append(("matrix", (_scalar(axes),)))
    services = own.get("services")
    steps = own.get("steps")
    return CiJob(
        id=key,
        name=_scalar(own.get("name")) or key,
        line=line,
        needs=tuple(_words(own.get("needs"), budget)),
        runs_on=" ".join(_words(own.get("runs-on"), budget)),
        when=_scalar(own.get("if")),
        calls=_scalar(own.get("uses")),
        matrix=tuple(matrix),
        services=tuple(name for name, _ in _entries(services, budget))
        if isinstance(services, yaml.MappingNode)
        else (),
        steps=tuple(_steps(steps, own, budget)) if isinstance(steps, yaml.SequenceNode) else (),
    )


def _steps(node: yaml.SequenceNode, job: dict[str, yaml.Node], budget: _Budget) -> Iterator[Step]:
    usual = ""
    defaults = job.get("defaults")
    if isinstance(defaults, yaml.MappingNode):
        of_run = dict(_entries(defaults, budget)).get("run")
        if isinstance(of_run, yaml.MappingNode):
            usual = _scalar(dict(_entries(of_run, budget)).get("working-directory"))
    for step in node.value[:MOST_STEPS]:
        if not isinstance(step, yaml.MappingNode):
            continue
        own = dict(_entries(step, budget))
        run = _raw(own.get("run"))
        uses = _scalar(own.get("uses"))
        if not run and not uses:
            continue
        name = _scalar(own.get("name")) or uses or " ".join(run.split())[:80]
        yield Step(
            name=clean(name, 200), line=_line(own["run"] if run else own["uses"]), run=run, uses=uses,
            folder=_scalar(own.get("working-directory")) or usual, when=_scalar(own.get("if")),
        )  # fmt: skip


def _triggers(node: yaml.Node | None, budget: _Budget) -> Iterator[str]:
    if not isinstance(node, yaml.MappingNode):
        yield from _words(node, budget)
        return
    for event, what in _entries(node, budget):
        parts: list[str] = []
        if isinstance(what, yaml.MappingNode):
            for key, value in _entries(what, budget):
                if key in ("branches", "tags", "paths", "types", "branches-ignore", "paths-ignore"):
                    parts.append(f"{'' if key == 'branches' else key + ' '}{', '.join(_words(value, budget)[:6])}")
        elif isinstance(what, yaml.SequenceNode):
            for entry in what.value[:MOST_VALUES]:
                if isinstance(entry, yaml.MappingNode):
                    parts += [_scalar(value) for _, value in _entries(entry, budget)]
        yield clean(f"{event}: {'; '.join(parts)}" if parts else event, 200)


def _entries(node: yaml.Node, budget: _Budget) -> Iterator[tuple[str, yaml.Node]]:
    for key, value in node.value:
        budget.spend()
        if isinstance(key, yaml.ScalarNode):
            yield clean(str(key.value), 200), value


def _words(node: yaml.Node | None, budget: _Budget) -> list[str]:
    if isinstance(node, yaml.ScalarNode):
        return [clean(str(node.value), 200)] if node.value else []
    if isinstance(node, yaml.SequenceNode):
        found: list[str] = []
        for entry in node.value[:MOST_VALUES]:
            budget.spend()
            found.append(_scalar(entry) if isinstance(entry, yaml.ScalarNode) else "…")
        return found
    if isinstance(node, yaml.MappingNode):
        return [word for _, value in _entries(node, budget) for word in _words(value, budget)][:MOST_VALUES]
    return []


def _raw(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:null" else ""


def _scalar(node: yaml.Node | None) -> str:
    return clean(_raw(node), 300)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _key_line(node: yaml.MappingNode, name: str) -> int:
    return next((_line(key) for key, _ in node.value if str(getattr(key, "value", "")) == name), _line(node))
