"""APITestAgent: the API's schema checked, and its operations tried on a throw-away instance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from callboard.api import (
    Agent,
    Context,
    Effects,
    Job,
    Needs,
    Result,
    Section,
    Tool,
    Workspace,
    action,
    hookimpl,
    option,
)

FailOn = Literal["never", "info", "low", "medium", "high", "critical"]
Mode = Literal["all", "positive", "negative"]
Interpreter = Literal["auto", "workspace", "callboard", "kept"]
APP_HELP = "the application, such as 'shop.main:app' or 'shop:create_app()'; empty for the one that is found"
FOLDER_HELP = "the folder it runs in, such as 'backend'; empty for the top or where it is found"
INTERPRETER_HELP = (
    "whose Python runs it: the workspace's own, Callboard's, one that is made and kept, or the first that can (auto)"
)
ENV_HELP = "NAME=value for the instance; {scratch} stands for its private folder"
ALLOW_HELP = "host:port that the instance may connect to besides itself, such as a test database"
FAIL_ON_HELP = "the run fails for a finding at least this bad"


@dataclass(frozen=True, slots=True)
class SchemaOptions:
    """Which application or file describes the API."""

    app: str = option("", help=APP_HELP)
    folder: str = option("", help=FOLDER_HELP)
    schema: str = option("", help="a schema file in the workspace; empty for those that are found")
    url: str = option("", help="an address that serves the schema, on a test host; redirects are not followed")
    interpreter: Interpreter = option("auto", help=INTERPRETER_HELP)
    env: list[str] = option([], help=ENV_HELP)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class DocumentOptions:
    """Which schema files are checked."""

    schema: str = option("", help="a schema file in the workspace; empty for those that are found")
    folder: str = option("", help="only those in this folder; empty for all")
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class ContractOptions:
    """How the operations are tried."""

    app: str = option("", help=APP_HELP)
    folder: str = option("", help=FOLDER_HELP)
    schema: str = option("", help="a schema file, for an application that cannot say its own")
    interpreter: Interpreter = option("auto", help=INTERPRETER_HELP)
    env: list[str] = option([], help=ENV_HELP)
    allow: list[str] = option([], help=ALLOW_HELP)
    headers: list[str] = option([], help="'Name: value' sent with each request; only ever to the throw-away instance")
    max_examples: int = option(25, help="generated requests for each operation and phase", minimum=1, maximum=1000)
    seed: int = option(1, help="the same seed gives the same requests", minimum=1, maximum=2_000_000_000)
    operation: str = option("", help="only this one, such as 'GET /items/{id}'; empty for all")
    mode: Mode = option("all", help="positive: data that the schema allows; negative: data that it forbids; all: both")
    stateful: bool = option(True, help="also try sequences of operations")
    start_timeout: float = option(30.0, help="seconds until the instance must answer", minimum=1, maximum=600)
    timeout: float = option(300.0, help="seconds for all requests", minimum=5, maximum=7200)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """Which two states of the API are compared."""

    base: str = option(
        "", help="a commit, branch or tag; empty: where the branch left main, the last tag, or the commit before"
    )
    app: str = option("", help=APP_HELP)
    folder: str = option("", help=FOLDER_HELP)
    schema: str = option("", help="a schema file in both commits, in place of an application")
    interpreter: Interpreter = option("auto", help=INTERPRETER_HELP)
    env: list[str] = option([], help=ENV_HELP)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class LatencyOptions:
    """How the response times are taken."""

    app: str = option("", help=APP_HELP)
    folder: str = option("", help=FOLDER_HELP)
    schema: str = option("", help="a schema file, for an application that cannot say its own")
    interpreter: Interpreter = option("auto", help=INTERPRETER_HELP)
    env: list[str] = option([], help=ENV_HELP)
    allow: list[str] = option([], help=ALLOW_HELP)
    headers: list[str] = option([], help="'Name: value' sent with each request; only ever to the throw-away instance")
    requests: int = option(30, help="requests to each operation, one after the other", minimum=2, maximum=50)
    operation: str = option("", help="only this one, such as 'GET /items'; empty for all")
    accept_baseline: bool = option(False, help="forget how fast it was before; what is measured now is the new usual")
    slower_than_ms: float = option(0.0, help="a p95 above this is a finding; 0 for none", minimum=0)
    start_timeout: float = option(30.0, help="seconds until the instance must answer", minimum=1, maximum=600)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class AuthOptions:
    """Which application is asked for what it must refuse."""

    app: str = option("", help=APP_HELP)
    folder: str = option("", help=FOLDER_HELP)
    schema: str = option("", help="a schema file, for an application that cannot say its own")
    interpreter: Interpreter = option("auto", help=INTERPRETER_HELP)
    env: list[str] = option([], help=ENV_HELP)
    allow: list[str] = option([], help=ALLOW_HELP)
    headers: list[str] = option(
        [], help="'Name: value' sent with the account's requests; only to the throw-away instance"
    )
    start_timeout: float = option(30.0, help="seconds until the instance must answer", minimum=1, maximum=600)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class SocketOptions:
    """Which WebSockets are knocked at."""

    app: str = option("", help=APP_HELP)
    folder: str = option("", help=FOLDER_HELP)
    paths: list[str] = option([], help="paths such as '/ws'; empty for those that the application lists")
    interpreter: Interpreter = option("auto", help=INTERPRETER_HELP)
    env: list[str] = option([], help=ENV_HELP)
    allow: list[str] = option([], help=ALLOW_HELP)
    headers: list[str] = option(
        [], help="'Name: value' sent with the account's handshake; only to the throw-away instance"
    )
    start_timeout: float = option(30.0, help="seconds until the instance must answer", minimum=1, maximum=600)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How much is asked of a throw-away instance at once."""

    app: str = option("", help=APP_HELP)
    folder: str = option("", help=FOLDER_HELP)
    schema: str = option("", help="a schema file, for an application that cannot say its own")
    interpreter: Interpreter = option("auto", help=INTERPRETER_HELP)
    env: list[str] = option([], help=ENV_HELP)
    allow: list[str] = option([], help=ALLOW_HELP)
    headers: list[str] = option([], help="'Name: value' sent with each request; only ever to the throw-away instance")
    rate: float = option(
        10.0,
        help="requests a second, sent when they are due whether or not earlier ones are answered",
        minimum=0.5,
        maximum=50,
    )
    seconds: float = option(5.0, help="how long", minimum=1, maximum=30)
    concurrency: int = option(8, help="requests that may be open at one time", minimum=1, maximum=32)
    slower_than_ms: float = option(0.0, help="a p95 above this is a finding; 0 for none", minimum=0)
    start_timeout: float = option(30.0, help="seconds until the instance must answer", minimum=1, maximum=600)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class SmokeOptions:
    """How the routes of an application without a schema are tried."""

    app: str = option("", help=APP_HELP + "; for Django 'shop.settings:django'")
    folder: str = option("", help=FOLDER_HELP)
    interpreter: Interpreter = option("auto", help=INTERPRETER_HELP)
    env: list[str] = option([], help=ENV_HELP)
    allow: list[str] = option([], help=ALLOW_HELP)
    headers: list[str] = option([], help="'Name: value' sent with each request; only ever to the throw-away instance")
    slower_than_ms: float = option(1000.0, help="a second answer that takes longer is a finding; 0 for none", minimum=0)
    start_timeout: float = option(60.0, help="seconds until the instance must answer", minimum=1, maximum=600)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


class APITestAgent(Agent):
    """Checks what an API says of itself, and whether it keeps it."""

    name = "api"
    title = "APITestAgent"
    summary = "Schema, contract and response times of the API, on a throw-away instance of this machine only."
    version = "0.1.0"
    tools = (
        Tool(
            "schemathesis",
            covers="generated tests of every operation",
            provided_by="pip install 'callboard[tools]'",
            format="ndjson, junit",
            exit_codes={0: "clean", 1: "findings, or the instance did not answer"},
        ),
    )

    @action(
        "API schema",
        needs=Needs(cpus=1, memory_mb=160),
        options=SchemaOptions,
        time_limit=900,
        provides=("api-schema",),
    )
    def schema(self, ctx: Context, options: SchemaOptions) -> Result:
        """Finds or exports the OpenAPI schema and checks it for faults."""
        from callboard_api_test.schema import check_schema

        return check_schema(ctx, options)

    @action(
        "API schema files",
        needs=Needs(cpus=1, memory_mb=100),
        options=DocumentOptions,
        time_limit=120,
        effects=Effects(pure=True, reads=("**/openapi*", "**/swagger*")),
        provides=("api-schema",),
    )
    def document(self, ctx: Context, options: DocumentOptions) -> Result:
        """Checks the OpenAPI files alone; nothing is run."""
        from callboard_api_test.schema import check_documents

        return check_documents(ctx, options)

    @action(
        "API contract",
        needs=Needs(cpus=1, memory_mb=450),
        options=ContractOptions,
        time_limit=7800,
        tools=("schemathesis",),
        provides=("api-contract",),
    )
    def contract(self, ctx: Context, options: ContractOptions) -> Result:
        """Tries every operation of a throw-away instance with generated requests."""
        from callboard_api_test.contract import check_contract

        return check_contract(ctx, options)

    @action(
        "API changes that break callers",
        needs=Needs(cpus=1, memory_mb=160),
        options=DiffOptions,
        time_limit=900,
        provides=("api-contract-diff",),
    )
    def diff(self, ctx: Context, options: DiffOptions) -> Result:
        """Compares the API of the working tree with an earlier commit and says what breaks those who call it."""
        from callboard_api_test.diff import check_diff

        return check_diff(ctx, options)

    @action(
        "Access to the API",
        needs=Needs(cpus=1, memory_mb=160),
        options=AuthOptions,
        time_limit=1200,
        provides=("api-access",),
    )
    def auth(self, ctx: Context, options: AuthOptions) -> Result:
        """Asks each operation that needs credentials without, with wrong and with expired ones, on a throw-away instance."""
        from callboard_api_test.auth import check_auth

        return check_auth(ctx, options)

    @action(
        "WebSockets",
        needs=Needs(cpus=1, memory_mb=160),
        options=SocketOptions,
        time_limit=900,
        provides=("websockets",),
    )
    def websockets(self, ctx: Context, options: SocketOptions) -> Result:
        """Knocks at each WebSocket: with and without credentials, and as a page of a foreign origin."""
        from callboard_api_test.sockets import check_sockets

        return check_sockets(ctx, options)

    @action(
        "API under load",
        needs=Needs(cpus=1.5, memory_mb=160),
        options=LoadOptions,
        time_limit=900,
        provides=("api-load",),
    )
    def load(self, ctx: Context, options: LoadOptions) -> Result:
        """Sends a small, bounded number of requests a second to a throw-away instance and times them honestly."""
        from callboard_api_test.load import check_load

        return check_load(ctx, options)

    @action(
        "API response times",
        needs=Needs(cpus=1, memory_mb=160),
        options=LatencyOptions,
        time_limit=900,
        provides=("api-latency",),
    )
    def latency(self, ctx: Context, options: LatencyOptions) -> Result:
        """Takes the response times of the operations that need no parameters, on a throw-away instance."""
        from callboard_api_test.latency import check_latency

        return check_latency(ctx, options)

    @action(
        "Routes of a web application",
        needs=Needs(cpus=1, memory_mb=160),
        options=SmokeOptions,
        time_limit=1500,
        provides=("web-smoke",),
    )
    def smoke(self, ctx: Context, options: SmokeOptions) -> Result:
        """Asks for each route without parameters of an application that has no schema, on a throw-away instance."""
        from callboard_api_test.smoke import check_routes

        return check_routes(ctx, options)


@hookimpl
def callboard_agents() -> Sequence[Agent]:
    """The one agent of this package."""
    return [APITestAgent()]


@hookimpl
def callboard_sections() -> Sequence[Section]:
    """What the actions show on the agent's page."""
    return [
        Section(
            "operations",
            "api",
            "API operations",
            "filled by api.contract, api.auth and api.latency: each operation, whether it was tried, and how fast it is",
            trends=("api.p95.*", "api.requests*", "api.load.p95*"),
        ),
        Section(
            "contract",
            "api",
            "Contract",
            "filled by api.diff: what changed for callers since the last tag or the main branch",
            trends=("api.diff.breaking*", "api.operations*"),
        ),
    ]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """Jobs for the applications and schema files that are there; nothing of them is run."""
    from callboard_api_test.proposals import proposals

    return proposals(workspace)
