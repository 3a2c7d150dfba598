"""What persons do with the roadmap: assign, withdraw, say that something is done, tick, place, look again."""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from callboard.agents.crew import Catalogue
from callboard.config import single
from callboard.config.fields import near
from callboard.core.roadmap import LAYERS, Assignment, Placing, Stage, circle_words, find_circle
from callboard.core.roadmap_commands import AssignTask, NoteTick, PlaceChange, RoadmapCommand, TaskDoneBy, WithdrawTask
from callboard.desk.roadmap import RoadmapDesk, split_refs
from callboard.desk.roadmap_book import Reading, arranged
from callboard.desk.roadmap_matching import NOBODY, Suggestion
from callboard.desk.roadmap_view import assignment_row
from callboard.errors import BoundaryError, CallboardError, ConfigError, NotFound, Refused
from callboard.link.openspec import Task
from callboard.link.openspec.ticking import tick as tick_line
from callboard.rows import Row
from callboard.work.finding import clean

MOST_AT_ONCE = 500
LONGEST_NAME = 60
ANSWER_S = 60.0
OFF = "[roadmap] write is not set in callboard.toml, so Callboard does not write; `callboard roadmap tick` does it by your word"


class RoadmapActs(RoadmapDesk):
    """One word wins: who comes second is told who was first."""

    @cached_property
    def _ticking(self) -> threading.Lock:
        return threading.Lock()

    def roadmap_assign(
        self,
        refs: Sequence[str],
        to: str = "auto",
        action: str = "",
        options: Mapping[str, Any] | None = None,
        reason: str = "",
        by: str = "",
        *,
        instead: bool = False,
    ) -> Row:
        """Gives tasks to an agent, to '@person', or with 'auto' to whoever can do them; gives `assigned` and `refused`.

        With `instead` a former assignment that does not run makes room. Raises `Refused` when none could be assigned,
        `NotFound` and `ConfigError` for names and options that are none.
        """
        wanted = split_refs(refs)
        if not wanted:
            raise ConfigError("name at least one task, such as add-login#1.2; `callboard roadmap CHANGE` lists them")
        if len(wanted) > MOST_AT_ONCE:
            raise ConfigError(f"{len(wanted):,} tasks at once are too many; {MOST_AT_ONCE} are the most")
        reading = self.book.look(anew=True)
        self.name_agents()
        wishes: list[AssignTask] = []
        faults: dict[str, CallboardError] = {}
        tasks = {
            task.ref: task
            for change in {ref.partition("#")[0] for ref in wanted}
            for task in _tasks_of(reading, change)
        }
        for ref in wanted:
            try:
                task = tasks.get(ref) or self.roadmap_task_named(reading, ref)
                wishes.append(self._wish(reading, task, to, action, options or {}, reason, by, instead))
            except (Refused, NotFound, ConfigError) as error:
                faults[ref] = error
        for wish, refusal in zip(wishes, self._tell_all(wishes), strict=True):
            if refusal is not None:
                faults[wish.ref] = refusal
        made = [wish.id for wish in wishes if wish.ref not in faults]
        if faults and not made:
            first = next(iter(faults.values()))
            raise (
                first
                if len(faults) == 1
                else Refused(f"none of the {len(faults)} tasks could be assigned; the first: {first}")
            )
        scene = self.roadmap_scene()
        here = {one.id: one for one in scene.standing.assignments}
        known = [here.get(id) or self.roadmap_record.assignment(id) for id in made]
        refused = [{"ref": clean(ref, 200), "why": str(faults[ref])} for ref in wanted if ref in faults]
        return {"assigned": [assignment_row(scene, one) for one in known if one is not None], "refused": refused}

    def _wish(
        self,
        reading: Reading,
        task: Task,
        to: str,
        action: str,
        options: Mapping[str, Any],
        reason: str,
        by: str,
        instead: bool,
    ) -> AssignTask:
        if task.done:
            raise Refused(f"{task.ref} is ticked already; there is nothing to assign")
        found = self._chosen(reading, task, to, action, options, by)
        taken = {**found.options, **options}
        if found.kind == "agent":  # says what is wrong with the options
            single(reading.config, self._catalogue, action=found.action, options=taken)
        return AssignTask(
            secrets.token_hex(6), str(self.workspace), task.ref, clean(task.text, 500), found.to, found.kind, found.action,
            found.why, by, clean(reason, 1_000), taken, instead,
        )  # fmt: skip

    def _tell_all(self, wishes: Sequence[RoadmapCommand]) -> list[CallboardError | None]:
        """Tells the engine all of them at once, so that one step serves many; gives why each was refused, or None."""
        loop = self._engine.loop
        if loop is None or len(wishes) < 2:
            return [self._refusal(lambda wish=wish: self._tell(wish)) for wish in wishes]  # type: ignore[misc]
        answers = [asyncio.run_coroutine_threadsafe(self._engine.ask(wish), loop) for wish in wishes]
        return [self._refusal(lambda answer=answer: answer.result(ANSWER_S)) for answer in answers]  # type: ignore[misc]

    def _refusal(self, act: Callable[[], object]) -> CallboardError | None:
        try:
            act()
        except (Refused, NotFound) as error:
            return error
        except TimeoutError as error:
            raise CallboardError(
                f"the engine did not answer within {ANSWER_S:.0f} s; see `callboard doctor`"
            ) from error
        return None

    def _chosen(
        self, reading: Reading, task: Task, to: str, action: str, options: Mapping[str, Any], by: str
    ) -> Suggestion:
        """Who it is, with which action, and why; raises what is wrong with that choice."""
        change = task.ref.partition("#")[0]
        if to.startswith("@"):
            if action or options:
                raise ConfigError("a person takes no action and no options; leave them out, or name an agent")
            return Suggestion(_person(to[1:], by), "person")
        matching = self.roadmap_matching(reading.config)
        if to in ("", "auto") and not action:
            found = matching.suggest(change, task.section, task.text)
            if not found.to:
                raise Refused(f"{task.ref}: {found.why or NOBODY}, such as --to @{by or 'ann'}")
            if found.kind == "person" and options:
                raise ConfigError(f"{found.to} is a person, who takes no options")
            return found
        if action:
            return _with_action(self._catalogue, to, action)
        _known_agent(self._catalogue, to)
        table = reading.config.agents.get(to)
        if table is not None and not table.enabled:
            raise Refused(f"agent '{to}' is switched off in callboard.toml")
        return matching.of_agent(to, change, task.section, task.text)

    def roadmap_withdraw(self, id: str, reason: str, by: str) -> Row:
        """Takes an assignment back, by its id or its task; a run of it is cancelled. Gives it as it is then."""
        one = self._standing_of(id)
        self._tell(WithdrawTask(one.id, by, clean(reason, 1_000)))
        return self.roadmap_assignment(one.id)

    def roadmap_done(self, ref: str, note: str, by: str) -> Row:
        """A person's word that a task is done; the note is the evidence. Gives the assignment."""
        reading = self.book.look(anew=True)
        task = self.roadmap_task_named(reading, ref)
        id = secrets.token_hex(6)
        self._tell(TaskDoneBy(str(self.workspace), task.ref, clean(note, 2_000), by, id, clean(task.text, 500)))
        one = self._standing_of(task.ref)
        if reading.config.roadmap.roadmap.write and not self.roadmap_watched and not task.done:
            self.roadmap_tick_one(one, "Callboard")
        return self.roadmap_assignment(one.id)

    def roadmap_tick(self, ref: str, by: str) -> Row:
        """Ticks the line of a task that has evidence, by a person's word; raises `Refused` with why not, which is kept too."""
        one = self._standing_of(ref)
        if one.state is not Stage.DONE:
            raise Refused(
                f"nothing shows that {one.ref} is done; let its job pass, or say how it was done: "
                f'`callboard roadmap done "{one.ref}" --note …`'
            )
        why = self.roadmap_tick_one(one, by, asked=True)
        if why:
            raise Refused(why)
        return self.roadmap_assignment(one.id)

    def roadmap_tick_one(self, one: Assignment, by: str, *, asked: bool = False) -> str:
        """Ticks the line of an assignment that is done, and keeps what came of it; returns '' or why it was not ticked.

        `asked` is a person's word for this line, which counts also where Callboard does not write by itself.
        """
        with self._ticking:
            return self._tick(one, by, asked=asked)

    def _tick(self, one: Assignment, by: str, *, asked: bool) -> str:
        if not any(each.id == one.id for each in self.roadmap_standing().assignments):
            return f"{one.ref} was ticked, or withdrawn, by somebody else just now"
        reading = self.book.look(anew=asked)
        task = reading.roadmap.task(one.ref)
        outcome, why = "refused", ""
        if task is not None and task.done:
            outcome, why = "ticked", "it was ticked in the file already"
        elif not asked and not reading.config.roadmap.roadmap.write:
            outcome, why = "off", OFF
        elif task is None:
            why = f"{one.ref} is not in the files any more"
        elif one.text and clean(task.text, 500) != one.text:
            why = f"the task reads otherwise than when it was given away: '{clean(one.text, 120)}'"
        else:
            try:
                self._trust.require(self.workspace)
                done = tick_line(self.workspace, task, reading.config.boundary.check_path)
                outcome, why = "ticked", f"line {done.line} of {done.path}"
            except (Refused, BoundaryError) as error:
                why = str(error)
        if outcome != one.tick or why != one.tick_why:
            self._tell(NoteTick(one.id, outcome, clean(why, 1_000), by))
        if asked:
            self.book.look(anew=True)
        return "" if outcome == "ticked" else why

    def roadmap_place(
        self,
        change: str,
        layer: str | None = None,
        rank: int | None = None,
        after: Sequence[str] | None = None,
        reason: str = "",
        by: str = "",
    ) -> Row:
        """Puts a change into a layer ('' for that of the rules), at a rank there (−1 for its usual one), or after others.

        Gives the change's row. Raises `Refused` for a circle, with its path, and `NotFound` for names that are none.
        """
        reading = self.book.look(anew=True)
        found = self._roadmap_change_named(reading, change)
        if layer is None and rank is None and after is None:
            raise ConfigError("say where it belongs: a layer, a rank, or what it comes after")
        if layer not in (None, "", *LAYERS):
            raise ConfigError(
                f"'{clean(layer, 40)}' is no layer.{near(clean(layer, 40), LAYERS)} The layers: {', '.join(LAYERS)}"
            )
        before = None if after is None else tuple(split_refs(after))
        if before is not None:
            self._check_after(reading, found.id, before)
        self._tell(PlaceChange(str(self.workspace), found.id, by, layer, rank, before, clean(reason, 1_000)))
        scene = self.roadmap_scene()
        return self._roadmap_row(scene, found)

    def _check_after(self, reading: Reading, change: str, before: tuple[str, ...]) -> None:
        archived = {old.id for old in reading.roadmap.archived}
        for name in before:
            if name not in archived:
                self._roadmap_change_named(reading, name)
        placed = dict(self.roadmap_standing().placed)
        known = placed.get(change, Placing())
        placed[change] = Placing(known.layer, known.rank, before, known.by, time.time())
        circle = find_circle(arranged(reading, placed).waiting)
        if circle and change in circle:
            raise Refused(f"{change} cannot come after {', '.join(before)}: {circle_words(circle, change)}")

    def roadmap_refresh(self) -> Row:
        """Reads the folder again now; gives the roadmap."""
        self.book.look(anew=True)
        return self.roadmap()

    def _tell(self, command: RoadmapCommand) -> None:
        self._do(command)


def _tasks_of(reading: Reading, change: str) -> tuple[Task, ...]:
    found = reading.roadmap.change(change)
    return found.tasks if found is not None else ()


def _person(name: str, by: str) -> str:
    said = clean(name, 200).strip()
    if said in ("me", ""):
        said = by
    if not said or len(said) > LONGEST_NAME or any(sign in said for sign in "/\\#@\n"):
        raise ConfigError(f"'@{said[:LONGEST_NAME]}' is no name of a person; write it as @ann, or @me")
    return said


def _known_agent(catalogue: Catalogue, name: str) -> None:
    known = [agent.name for agent in catalogue.agents]
    if name not in known:
        raise NotFound(
            f"there is no agent '{clean(name, 60)}'.{near(clean(name, 60), known)} The agents: {', '.join(known) or 'none'}; "
            "a person is written @name"
        )


def _with_action(catalogue: Catalogue, to: str, action: str) -> Suggestion:
    """The named action, of the named agent if one is named."""
    info = catalogue.action(action)
    if info is None:
        hint = near(clean(action, 80), [one.name for one in catalogue.actions])
        raise NotFound(f"nobody offers an action '{clean(action, 80)}'.{hint} See `callboard actions`")
    if to not in ("", "auto", info.agent):
        _known_agent(catalogue, to)
        raise Refused(f"agent '{to}' cannot do {action}: that is an action of agent '{info.agent}'")
    return Suggestion(info.agent, "agent", info.name)
