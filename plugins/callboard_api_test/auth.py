"""Who is let in: every operation that needs credentials, asked without, with wrong and with expired ones."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callboard.api import BoundaryError, CallboardError, Context, Finding, Result, Severity, clean, unknown
from callboard_api_test import AuthOptions
from callboard_api_test.apps import App
from callboard_api_test.asking import Reply, ask
from callboard_api_test.cors import check_cors
from callboard_api_test.credentials import WRONG, Credentials, basic
from callboard_api_test.described import schemes, security
from callboard_api_test.found import let_in, schema_for, the_app
from callboard_api_test.gauges import gauge
from callboard_api_test.handlers import find_handlers, place_of
from callboard_api_test.importing import could_not
from callboard_api_test.instance import Instance
from callboard_api_test.judging import bad, counted, judged
from callboard_api_test.ledger import note
from callboard_api_test.openapi import Operation, operations
from callboard_api_test.recipe import Recipe, recipe_of
from callboard_api_test.samples import Sample, sample_of

MOST_OPERATIONS = 300
CHANGING = frozenset({"post", "put", "patch", "delete"})


@dataclass(slots=True)
class Access:
    """What came of one operation: 'refuses', 'open', 'unclear', or 'anybody' when nobody said that it needs credentials."""

    operation: Operation
    state: str
    how: str = ""
    status: int = 0
    path: str = ""
    line: int = 0


def check_auth(ctx: Context, options: AuthOptions) -> Result:
    """Failed for an operation that lets in whom it should not; UNKNOWN when no operation could be judged."""
    try:
        app = the_app(ctx, options)
        recipe = recipe_of(ctx, app)
        with let_in(ctx, app, options) as (instance, credentials):
            document = schema_for(ctx, instance, app, options.schema).document
            prober = Prober(ctx, instance, document, credentials, recipe)
            found: list[Access] = []
            # what is deleted could not be asked about any more
            every = sorted(operations(document), key=lambda operation: operation.method == "delete")
            for number, operation in enumerate(every[:MOST_OPERATIONS]):
                ctx.progress(number / len(every), operation.label)
                found.append(prober.access(operation))
                if not instance.alive:
                    return unknown(f"the instance died at {operation.label}: {instance.last_words}")
            cors = check_cors(ctx, instance, app, document)
            works = prober.works(found)
    except BoundaryError:
        raise
    except CallboardError as error:
        return could_not(ctx, error)
    return _judge(ctx, options, app, found, works, cors, recipe, len(every))


@dataclass(slots=True)
class Prober:
    """Asks an instance; nothing is sent twice to an operation that has let somebody in."""

    ctx: Context
    instance: Instance
    document: Mapping[str, Any]
    credentials: Credentials
    recipe: Recipe | None

    def access(self, operation: Operation) -> Access:
        sample = sample_of(self.document, operation)
        path = sample.target.partition("?")[0]
        excused = self.recipe is not None and self.recipe.leaves_open(operation.method, path)
        declared = bool(security(self.document, operation))
        if not excused and (declared or (self.recipe is not None and self.recipe.everywhere)):
            return self._refusing(operation, sample)
        if operation.method not in CHANGING or excused:
            return Access(operation, "anybody" if not excused else "meant to be open")
        reply = self._ask(operation, sample, {})
        return Access(operation, "anybody", "without credentials", reply.status if reply and reply.serves else 0)

    def _refusing(self, operation: Operation, sample: Sample) -> Access:
        unclear = Access(operation, "unclear", "no answer")
        clear = 0
        for how, headers in [("without credentials", {}), *self._wrong(operation)]:
            reply = self._ask(operation, sample, headers)
            if reply is None:
                continue
            if reply.serves:
                return Access(operation, "open", how, reply.status)
            if reply.refuses:
                clear += 1
            else:
                unclear = Access(operation, "unclear", how, reply.status)
        return unclear if unclear.status or not clear else Access(operation, "refuses")

    def _wrong(self, operation: Operation) -> Iterator[tuple[str, dict[str, str]]]:
        given = list(self.credentials.wrong()) if self.recipe is not None else []
        if given:
            yield from given
            return
        known = schemes(self.document)
        for way in security(self.document, operation)[:3]:
            for name in way:
                scheme = known.get(name, {})
                kind, place = str(scheme.get("type", "")), str(scheme.get("in", ""))
                if kind == "basic" or (kind == "http" and str(scheme.get("scheme", "")).lower() == "basic"):
                    yield "with a wrong password", {"Authorization": basic("callboard", WRONG)}
                elif kind == "apiKey" and place in ("header", "cookie"):
                    key = clean(str(scheme.get("name", "")), 100)
                    yield "with a wrong key", {key: WRONG} if place == "header" else {"Cookie": f"{key}={WRONG}"}
                elif kind in ("http", "oauth2", "openIdConnect"):
                    yield "with a wrong token", {"Authorization": f"Bearer {WRONG}"}

    def _ask(self, operation: Operation, sample: Sample, headers: Mapping[str, str]) -> Reply | None:
        try:
            return ask(self.instance, operation.method, sample.target, {**sample.headers, **headers}, sample.body)
        except CallboardError as error:
            self.ctx.log(str(error), "warning")
            return None

    def works(self, found: Sequence[Access]) -> bool | None:
        """Whether the account is let in anywhere that refuses others; None without an account or such an operation."""
        closed = [access for access in found if access.state == "refuses"]
        if self.recipe is None or not closed:
            return None
        for access in sorted(closed, key=lambda a: a.operation.method != "get")[:20]:
            reply = self._ask(access.operation, sample_of(self.document, access.operation), self.credentials.headers)
            if reply is not None and not reply.refuses:
                return True
        return False


def _judge(
    ctx: Context,
    options: AuthOptions,
    app: App,
    found: Sequence[Access],
    works: bool | None,
    cors: str,
    recipe: Recipe | None,
    total: int,
) -> Result:
    handlers = find_handlers(ctx.workspace, app.folder)
    names = {access.operation.label: access.operation.name for access in found}
    for access in found:
        path, line = place_of(handlers, access.operation.label, names)
        access.path, access.line = path or app.path, line or app.line
    closed = any(access.state in ("refuses", "open", "unclear") for access in found)
    for access in found:
        _report(ctx, access, closed)
    counts = Counter(access.state for access in found)
    changing = [access for access in found if access.state == "anybody" and access.status]
    if changing and not closed:
        message = "nothing says who may use this API, and "
        message += f"{counted(len(changing), 'operation')} that may change data answer anybody"
        message += (
            f" ({', '.join(access.operation.label for access in changing[:3])}); declare security, or write {OPEN}"
        )
        ctx.finding(Finding("api-unprotected", Severity.LOW, message, app.path, app.line))
    facts = {a.operation.label: {"auth": a.state, "path": a.path, "line": a.line} for a in found}
    note(ctx, app, facts)
    gauge(ctx, app, "open", counts["open"])
    asked = counts["refuses"] + counts["open"] + counts["unclear"]
    words = f"{counted(asked, 'operation')} of {app.shown} that {'needs' if asked == 1 else 'need'} credentials: "
    words += f"{counts['refuses']} refuse without and with wrong ones"
    words += f", {counts['open']} open" + (f", {counts['unclear']} not to be told" if counts["unclear"] else "")
    words += f"; {len(changing)} of {counts['anybody']} others change data for anybody; {cors}"
    words += f"; {total - len(found)} more were left out" if total > len(found) else ""
    if works is False:
        words += "; the recipe's own credentials are refused too, so the probes with wrong ones prove little"
    if not asked and not changing and not bad(ctx, options.fail_on):
        return unknown(
            f"{words}: no operation declares security{'' if recipe else ' and there is no [agents.api.auth]'}"
        )
    if (works is False or (asked and counts["unclear"] == asked)) and not bad(ctx, options.fail_on):
        return unknown(words)
    return judged(ctx, options.fail_on, words)


OPEN = 'open = ["…"] in [agents.api.auth] where it is meant'


def _report(ctx: Context, access: Access, closed: bool) -> None:
    label = access.operation.label
    repeat = f"curl -i -X {access.operation.method.upper()} http://127.0.0.1:8000{access.operation.path}"
    if access.state == "open":
        message = f"{label} answers {access.status} {access.how}; refuse with 401 or 403 before anything is done, or write {OPEN}"
        ctx.finding(Finding("operation-open", Severity.HIGH, message, access.path, access.line, help=repeat))
    elif access.state == "unclear" and access.status >= 500:
        message = f"{label} answers {access.status} {access.how}; refuse with 401 or 403 before anything is done"
        ctx.finding(Finding("operation-auth-error", Severity.MEDIUM, message, access.path, access.line, help=repeat))
    elif access.state == "anybody" and access.status and closed:
        message = f"{label} may change data and answers {access.status} to anybody, while others ask for credentials; "
        message += f"declare security, or write {OPEN}"
        ctx.finding(Finding("operation-unprotected", Severity.MEDIUM, message, access.path, access.line, help=repeat))
