"""What persons do to agents and tasks by their own hand: drain, stop, restart; take over, finish, give back."""

from callboard.agents.catalogue import scan
from callboard.core.commands import DrainAgent, FinishTask, ReleaseTask, StopAgent, TakeTask
from callboard.core.state import State
from callboard.core.task import TaskKey
from callboard.desk.wishes import Wishes
from callboard.errors import Refused
from callboard.record.told import told
from callboard.rows import Row


class Control(Wishes):
    """Wishes about who works; the engine grants or refuses them."""

    def drain_agent(self, agent: str, reason: str, by: str) -> Row:
        """The agent finishes what it has, takes nothing of later runs, and is then paused. Gives its row as it is then."""
        self._do(DrainAgent(agent, by, reason))
        return self._told_row(agent)

    def stop_agent(self, agent: str, reason: str, by: str) -> Row:
        """The agent is paused and what it does is ended. Gives its row, and what becomes of each attempt in `ended`."""
        self._do(StopAgent(agent, by, reason))
        return {**self._told_row(agent), "ended": self._ended(agent)}

    def restart_agent(self, agent: str, reason: str, by: str) -> Row:
        """What the agent does is ended and tried again with its plugin as it lies on the disk now; a paused one resumes.

        Gives its row with what happened: `ended`, the versions, and the tools as they were looked at again. Raises `Refused`
        when the plugin cannot be used as it is now; then nothing is ended.
        """
        before = next((a for a in self._catalogue.agents if a.name == agent), None)
        found = scan(self.data, rescan=True)
        after = next((a for a in found.agents if a.name == agent), None)
        if after is None and before is not None:
            trouble = next(
                (p.error for p in found.plugins if p.name == before.plugin and p.error), "it is not installed any more"
            )
            raise Refused(
                f"agent '{agent}' cannot be restarted, nothing was ended: plugin '{before.plugin}': {trouble}"
            )
        self._catalogue = found
        if self._engine.loop is not None:
            self.name_agents()
        self._do(StopAgent(agent, by, reason, restart=True))
        with self._looking:
            tools = self._look().get(agent, [])
        changed = before is not None and after is not None and before != after
        return {
            **self._told_row(agent),
            "ended": self._ended(agent),
            "version": {"before": before.version if before else None, "now": after.version if after else None},
            "described_anew": changed,
            "tools": tools,
        }

    def agent_history(self, agent: str) -> list[Row]:
        """What was told to the agent and by whom, the newest first; raises `NotFound` for one that nobody ever heard of."""
        rows = told(self._history.database, agent)
        if not rows:
            self.agent(agent)
        return rows

    def _told_row(self, agent: str) -> Row:
        """What the agent is now, by its changing side."""
        return self._engine.inspect(lambda state: self._feed.agent_row(agent)) or {}

    def _ended(self, agent: str) -> list[Row]:
        """What the newest stop or restart ended, and what becomes of each."""
        newest = next(
            (row for row in told(self._history.database, agent, 20) if row["what"] in ("stop", "restart")), None
        )

        def look(state: State) -> list[Row]:
            rows = []
            for attempt in newest["attempts"] if newest else ():
                run, _, place = attempt.partition("#")[0].partition(".")
                spec = state.task(TaskKey(int(run), int(place))).spec
                then = "tried again" if spec.idempotent else "a person decides whether it runs again"
                rows.append({"attempt": attempt, "task": f"{run}.{place}", "name": spec.name, "then": then})
            return rows

        return self._engine.inspect(look)

    def take_task(self, task_id: str, reason: str, by: str) -> Row:
        """The person takes the task over: nobody starts it; an attempt under way is ended. Gives the task's row."""
        key = self.key(task_id)
        self._require_run(key.run)
        self._revive(key.run)
        self._do(TakeTask(key.run, key.task, by, reason))
        return self._row_of(key)

    def finish_task(self, task_id: str, done: bool, note: str, by: str) -> Row:
        """The person who has the task says what became of it; what waits for it goes on or is skipped. Gives the task's row."""
        key = self.key(task_id)
        self._require_run(key.run)
        self._revive(key.run)
        self._do(FinishTask(key.run, key.task, by, done, note))
        return self._row_of(key)

    def release_task(self, task_id: str, reason: str, by: str) -> Row:
        """The person who has the task gives it back. Gives the task's row."""
        key = self.key(task_id)
        self._require_run(key.run)
        self._revive(key.run)
        self._do(ReleaseTask(key.run, key.task, by, reason))
        return self._row_of(key)

    def _row_of(self, key: TaskKey) -> Row:
        return self._engine.inspect(lambda state: self._feed.task_row(state.task(key)))
