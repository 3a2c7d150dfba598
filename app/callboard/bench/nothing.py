"""An agent whose action does nothing, to measure what an attempt costs."""

from callboard.api import Agent, Context, Result, action, hookimpl, passed


class Nothing(Agent):
    """Does nothing."""

    name = "nothing"
    title = "Nothing"

    @action("Nothing")
    def nothing(self, ctx: Context, options: object) -> Result:
        """Does nothing."""
        return passed("nothing was done")


@hookimpl
def callboard_agents() -> list[Agent]:
    """The agent."""
    return [Nothing()]
