"""ConfigManage: where settings are read and defined, secrets that are written down, configuration that cannot be read."""

from collections.abc import Sequence

from callboard.api import Agent, Context, Job, Needs, Result, Tool, Workspace, action, hookimpl
from callboard_config.options import Hardcoded, Inventory, Schema


class ConfigManage(Agent):
    """Compares what the code wants to be told with what the team's files say."""

    name = "config"
    title = "ConfigManage"
    summary = "Settings: missing, undocumented, unused, drifting; hard-coded secrets; broken configuration files"
    version = "1.0"
    tools = (
        Tool(
            "yamllint",
            covers="the syntax of YAML files",
            provided_by="pip install yamllint",
            exit_codes={0: "clean", 1: "findings", 2: "warnings"},
        ),
        Tool(
            "check-jsonschema",
            covers="configuration files with a published schema",
            provided_by="pip install check-jsonschema",
            format="json",
            exit_codes={0: "clean", 1: "findings"},
        ),
        Tool("git", covers="whether a file with secrets is tracked", provided_by="the system's packages"),
    )

    @action("Settings", needs=Needs(1, 150), options=Inventory, time_limit=300, tools=("git",))
    def inventory(self, ctx: Context, options: Inventory) -> Result:
        """Compares where settings are read with where they are defined; keeps names and places, never values."""
        from callboard_config.inventory import take

        return take(ctx, options)

    @action("Hard-coded secrets", needs=Needs(1, 150), options=Hardcoded, time_limit=600)
    def hardcoded(self, ctx: Context, options: Hardcoded) -> Result:
        """Looks for passwords, tokens and keys that are written into code and configuration; never shows them."""
        from callboard_config.hardcoded import look

        return look(ctx, options)

    @action(
        "Configuration files",
        needs=Needs(1, 200),
        options=Schema,
        time_limit=600,
        tools=("yamllint", "check-jsonschema"),
    )
    def schema(self, ctx: Context, options: Schema) -> Result:
        """Parses JSON, TOML and YAML files, and checks those with a published schema against it."""
        from callboard_config.schema import check

        return check(ctx, options)


@hookimpl
def callboard_agents() -> Sequence[Agent]:
    """The one agent of this package."""
    return [ConfigManage()]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """Proposes what fits: settings that are read or defined, code, configuration files."""
    from callboard_config.detect import propose

    return propose(workspace)
