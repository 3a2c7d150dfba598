"""ConfigManage: settings and where they are told, secrets that are written down, configuration and its versions."""

from collections.abc import Sequence

from callboard.api import (
    Agent,
    Context,
    Effects,
    Fix,
    Install,
    Job,
    Needs,
    Result,
    Section,
    Symptom,
    Tool,
    Workspace,
    action,
    hookimpl,
)
from callboard_config.options import (
    Archive,
    Compare,
    Drift,
    Hardcoded,
    Inventory,
    MoveSecrets,
    OpenSpec,
    Restore,
    Rotation,
    Schema,
    Snapshot,
)

CONFIGURATION = (
    "**/*.json", "**/*.toml", "**/*.yml", "**/*.yaml", "**/*.ini", "**/*.cfg", "**/*.cff", "**/.coveragerc", "**/.flake8",
    "**/.pylintrc",
)  # fmt: skip


class ConfigManage(Agent):
    """Compares what the code wants to be told with what the team's files say."""

    name = "config"
    title = "ConfigManage"
    summary = (
        "Settings: missing, unused, drifting; hard-coded secrets and their move; configuration files and their versions"
    )
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
        Tool(
            "openspec",
            covers="OpenSpec's own validation, status and archive; the roadmap itself needs none of it",
            provided_by="npm install -D @fission-ai/openspec",
            format="json",
            exit_codes={0: "clean", 1: "findings"},
            cost="1 to 3 s and 100 MB a call",
            place="workspace",
            install=Install("npm", ("@fission-ai/openspec@1",), size_mb=60),
        ),
        Tool("git", covers="whether a file with secrets is tracked", provided_by="the system's packages"),
    )

    @action(
        "Settings",
        needs=Needs(1, 150),
        options=Inventory,
        time_limit=300,
        tools=("git",),
        provides=("settings-inventory",),
    )
    def inventory(self, ctx: Context, options: Inventory) -> Result:
        """Compares where settings are read with where they are defined; keeps names and places, never values."""
        from callboard_config.inventory import take

        return take(ctx, options)

    @action(
        "Environments", needs=Needs(1, 150), options=Drift, time_limit=300, tools=("git",), provides=("settings-drift",)
    )
    def drift(self, ctx: Context, options: Drift) -> Result:
        """Compares the files of several environments: missing names, other types, shared secrets, leftovers; shows no values."""
        from callboard_config.drift import compare

        return compare(ctx, options)

    @action(
        "Hard-coded secrets",
        needs=Needs(1, 150),
        options=Hardcoded,
        time_limit=600,
        tools=("git",),
        provides=("hard-coded-secrets",),
    )
    def hardcoded(self, ctx: Context, options: Hardcoded) -> Result:
        """Looks for passwords, tokens and keys that are written into code and configuration; never shows them."""
        from callboard_config.hardcoded import look

        return look(ctx, options)

    @action("Move secrets to settings", needs=Needs(1, 200), options=MoveSecrets, time_limit=600, tools=("git",))
    def move(self, ctx: Context, options: MoveSecrets) -> Result:
        """Proposes a patch that reads hard-coded secrets from settings; the patch is kept sealed, without the secrets."""
        from callboard_config.move import move

        return move(ctx, options)

    @action("Keep a version", needs=Needs(1, 150), options=Snapshot, time_limit=300, tools=("git",))
    def snapshot(self, ctx: Context, options: Snapshot) -> Result:
        """Keeps a version of the configuration; of secrets, and of files that hold some, only whether they changed."""
        from callboard_config.snapshots import take

        return take(ctx, options)

    @action("Compare versions", needs=Needs(1, 150), options=Compare, time_limit=300, tools=("git",))
    def diff(self, ctx: Context, options: Compare) -> Result:
        """Says which keys were added, removed and changed between two versions, or since one; never shows values."""
        from callboard_config.snapshots import compare

        return compare(ctx, options)

    @action("Bring a file back", needs=Needs(1, 150), options=Restore, time_limit=300, tools=("git",))
    def restore(self, ctx: Context, options: Restore) -> Result:
        """Proposes a patch that brings a configuration file back to a version or a commit."""
        from callboard_config.snapshots import restore

        return restore(ctx, options)

    @action("Secrets that are due", needs=Needs(1, 150), options=Rotation, time_limit=300, tools=("git",))
    def rotation(self, ctx: Context, options: Rotation) -> Result:
        """Reminds of secrets that were not changed for long, as far as history, versions and dates show it."""
        from callboard_config.rotation import remind

        return remind(ctx, options)

    @action(
        "Configuration files",
        needs=Needs(1, 200),
        options=Schema,
        time_limit=600,
        tools=("yamllint", "check-jsonschema"),
        provides=("configuration-syntax",),
        effects=Effects(pure=True, reads=CONFIGURATION),
    )
    def schema(self, ctx: Context, options: Schema) -> Result:
        """Parses JSON, TOML and YAML files, and checks those with a published schema against it."""
        from callboard_config.schema import check

        return check(ctx, options)

    @action(
        "OpenSpec's own checks",
        needs=Needs(1, 250),
        options=OpenSpec,
        time_limit=900,
        tools=("openspec",),
        provides=("openspec-validation",),
        effects=Effects(pure=True, reads=("openspec/**",)),
    )
    def openspec(self, ctx: Context, options: OpenSpec) -> Result:
        """Asks OpenSpec's command line what is invalid in changes and specs, and what each change still lacks."""
        from callboard_config.openspec import validate

        return validate(ctx, options)

    @action(
        "Archive a change",
        needs=Needs(1, 250),
        options=Archive,
        time_limit=600,
        tools=("openspec", "git"),
        effects=Effects(writes=("openspec/**",)),
    )
    def archive(self, ctx: Context, options: Archive) -> Result:
        """Proposes a patch that archives a finished change by OpenSpec's own command; it waits for a person's acceptance."""
        from callboard_config.openspec import archive

        return archive(ctx, options)


@hookimpl
def callboard_agents() -> Sequence[Agent]:
    """The one agent of this package."""
    return [ConfigManage()]


@hookimpl
def callboard_sections() -> Sequence[Section]:
    """What this agent shows on its page."""
    return [
        Section(
            "settings",
            "config",
            "Settings",
            "Run 'Settings' to see what the program wants to be told, and where it is told.",
            ("config.settings.*",),
        ),
        Section(
            "hardcoded",
            "config",
            "Hard-coded secrets",
            "Run 'Hard-coded secrets' to see which are written into code and configuration.",
            ("config.hardcoded",),
        ),
        Section(
            "environments",
            "config",
            "Environments",
            "Run 'Environments' to compare development, staging, production and the example.",
            ("config.drift",),
        ),
        Section(
            "history",
            "config",
            "Configuration history",
            "Run 'Keep a version' to see what changes from then on, and to bring files back.",
            ("config.changes",),
        ),
        Section(
            "openspec",
            "config",
            "OpenSpec",
            "Run 'OpenSpec's own checks' to see which changes and specs are invalid, and what each change lacks.",
            ("config.openspec.*",),
        ),
        Section(
            "rotation",
            "config",
            "Rotation of secrets",
            "Run 'Secrets that are due' to see which were not changed for long.",
            ("config.secrets.due",),
        ),
    ]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """Proposes what fits: settings that are read or defined, code, configuration files."""
    from callboard_config.detect import propose

    return propose(workspace)


@hookimpl
def callboard_fixes(symptom: Symptom) -> Sequence[Fix]:
    """Secrets that are written down are moved to settings."""
    from callboard_config.mends import mends

    return mends(symptom)
