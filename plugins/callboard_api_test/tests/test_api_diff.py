"""What breaks callers: a table of changes and how each is judged, and `api.diff` between two commits."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_api_test import APITestAgent
from callboard_api_test.differences import differences

HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
Edit = Callable[[Any], Any]


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def shop() -> dict[str, Any]:
    """An API with one of everything: a tree that holds itself, variants, bounds, security."""
    item = {
        "type": "object",
        "required": ["id", "name"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "name": {"type": "string", "minLength": 1, "maxLength": 80},
            "kind": {"type": "string", "enum": ["book", "game"]},
            "price": {"type": "number", "minimum": 0},
            "secret": {"type": "string", "writeOnly": True},
            "made": {"type": "string", "format": "date"},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
            "owner": {"oneOf": [{"$ref": "#/components/schemas/Person"}, {"$ref": "#/components/schemas/Firm"}]},
        },
    }
    ref = {"schema": {"$ref": "#/components/schemas/Item"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "paths": {
            "/items": {
                "get": {
                    "operationId": "list_items",
                    "parameters": [
                        {"name": "q", "in": "query", "schema": {"type": "string", "maxLength": 50}},
                        {"name": "page", "in": "query", "required": True, "schema": {"type": "integer", "minimum": 1}},
                    ],
                    "responses": {
                        "200": {
                            "description": "all",
                            "content": {
                                "application/json": {"schema": {"type": "array", "items": ref["schema"]}},
                                "text/csv": {},
                            },
                        },
                        "404": {"description": "none"},
                    },
                },
                "post": {
                    "security": [{"key": []}, {"oauth": ["write"]}],
                    "requestBody": {"content": {"application/json": ref, "application/xml": ref}},
                    "responses": {"201": {"description": "made", "content": {"application/json": ref}}},
                },
            },
            "/items/{id}": {
                "delete": {
                    "deprecated": True,
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "responses": {"204": {"description": "gone"}},
                }
            },
        },
        "components": {
            "schemas": {
                "Item": item,
                "Person": {"type": "object", "properties": {"born": {"type": "string"}}},
                "Firm": {
                    "allOf": [{"type": "object", "properties": {"seat": {"type": "string"}}}, {"required": ["seat"]}]
                },
                "State": {"type": "object", "properties": {"town": {"type": "string"}}},
            },
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
                "oauth": {"type": "oauth2", "flows": {}},
            },
        },
    }


def changed(edit: Edit) -> set[tuple[str, Severity]]:
    after = shop()
    edit(after)
    json.dumps(after)
    return {(change.rule, change.severity) for change in differences(shop(), after).changes}


def listing(d: Any) -> Any:
    return d["paths"]["/items"]["get"]


def adding(d: Any) -> Any:
    return d["paths"]["/items"]["post"]


def properties(d: Any) -> Any:
    return d["components"]["schemas"]["Item"]["properties"]


def item(d: Any) -> Any:
    return d["components"]["schemas"]["Item"]


def page(d: Any) -> Any:
    return listing(d)["parameters"][1]


CASES: list[tuple[str, Edit, set[tuple[str, Severity]]]] = [
    ("nothing", lambda d: None, set()),
    ("words", lambda d: listing(d).update(summary="all items", tags=["x"]), set()),
    ("path gone", lambda d: d["paths"].pop("/items"), {("path-removed", HIGH)}),
    ("operation gone", lambda d: d["paths"]["/items"].pop("post"), {("operation-removed", HIGH)}),
    ("deprecated gone", lambda d: d["paths"].pop("/items/{id}"), {("deprecated-removed", MEDIUM)}),
    ("deprecated", lambda d: listing(d).update(deprecated=True), {("operation-deprecated", LOW)}),
    ("added", lambda d: d["paths"].update({"/new": {"get": {"responses": {"200": {}}}}}), set()),
    (
        "path parameter renamed",
        lambda d: d["paths"].update(
            {"/items/{key}": json.loads(json.dumps(d["paths"].pop("/items/{id}")).replace('"id"', '"key"'))}
        ),
        set(),
    ),
    (
        "new optional parameter",
        lambda d: listing(d)["parameters"].append({"name": "n", "in": "query", "schema": {"type": "string"}}),
        set(),
    ),
    (
        "new required parameter",
        lambda d: listing(d)["parameters"].append({"name": "n", "in": "header", "required": True, "schema": {}}),
        {("parameter-required", HIGH)},
    ),
    (
        "parameter becomes required",
        lambda d: listing(d)["parameters"][0].update(required=True),
        {("parameter-required", HIGH)},
    ),
    ("parameter becomes optional", lambda d: page(d).update(required=False), set()),
    ("parameter gone", lambda d: listing(d)["parameters"].pop(0), {("parameter-removed", MEDIUM)}),
    (
        "parameter's type",
        lambda d: page(d).update(schema={"type": "string"}),
        {("request-type-changed", HIGH)},
    ),
    ("parameter's type widened", lambda d: page(d).update(schema={"type": "number", "minimum": 1}), set()),
    ("bound narrowed", lambda d: page(d)["schema"].update(minimum=5), {("request-bound-narrowed", HIGH)}),
    ("bound widened", lambda d: page(d)["schema"].update(minimum=0), set()),
    ("bound added", lambda d: page(d)["schema"].update(maximum=9), {("request-bound-narrowed", HIGH)}),
    ("pattern added", lambda d: page(d)["schema"].update(pattern="^1"), {("request-pattern-changed", MEDIUM)}),
    ("answer gone", lambda d: listing(d)["responses"].pop("200"), {("response-removed", HIGH)}),
    ("error answer gone", lambda d: listing(d)["responses"].pop("404"), {("response-removed", LOW)}),
    (
        "answer's status by class",
        lambda d: listing(d).update(responses={"2XX": listing(d)["responses"]["200"], "404": {}}),
        set(),
    ),
    ("another success", lambda d: listing(d)["responses"].update({"206": {}}), {("response-added", MEDIUM)}),
    (
        "content type of an answer gone",
        lambda d: listing(d)["responses"]["200"]["content"].pop("text/csv"),
        {("response-content-type-removed", HIGH)},
    ),
    (
        "content type of a body gone",
        lambda d: adding(d)["requestBody"]["content"].pop("application/xml"),
        {("request-content-type-removed", HIGH)},
    ),
    ("body becomes required", lambda d: adding(d)["requestBody"].update(required=True), {("body-required", HIGH)}),
    ("body gone", lambda d: adding(d).pop("requestBody"), {("body-removed", MEDIUM)}),
    (
        "property gone",
        lambda d: properties(d).pop("price"),
        {("response-property-removed", MEDIUM), ("request-property-removed", LOW)},
    ),
    (
        "required property gone",
        lambda d: (properties(d).pop("name"), item(d)["required"].remove("name")),
        {("response-property-removed", HIGH), ("request-property-removed", LOW)},
    ),
    (
        "written only: gone from answers never",
        lambda d: properties(d).pop("secret"),
        {("request-property-removed", LOW)},
    ),
    ("read only: gone from bodies never", lambda d: properties(d).pop("id"), {("response-property-removed", HIGH)}),
    ("property added", lambda d: properties(d).update(new={"type": "string"}), set()),
    (
        "required property added",
        lambda d: (properties(d).update(new={"type": "string"}), item(d)["required"].append("new")),
        {("request-property-required", HIGH)},
    ),
    ("property becomes required", lambda d: item(d)["required"].append("kind"), {("request-property-required", HIGH)}),
    ("property becomes optional", lambda d: item(d)["required"].remove("name"), {("response-property-optional", HIGH)}),
    ("enum narrowed", lambda d: properties(d)["kind"].update(enum=["book"]), {("request-enum-narrowed", HIGH)}),
    (
        "enum widened",
        lambda d: properties(d)["kind"].update(enum=["book", "game", "film"]),
        {("response-enum-widened", MEDIUM)},
    ),
    ("enum gone", lambda d: properties(d)["kind"].pop("enum"), {("response-enum-widened", MEDIUM)}),
    (
        "type of a property",
        lambda d: properties(d).update(price={"type": "string"}),
        {("request-type-changed", HIGH), ("response-type-changed", HIGH), ("response-bound-widened", LOW)},
    ),
    (
        "number becomes integer",
        lambda d: properties(d)["price"].update(type="integer"),
        {("request-type-changed", HIGH)},
    ),
    (
        "format",
        lambda d: properties(d)["made"].update(format="date-time"),
        {("request-format-changed", HIGH), ("response-format-changed", HIGH)},
    ),
    ("format gone", lambda d: properties(d)["made"].pop("format"), {("response-format-changed", MEDIUM)}),
    ("never null any more", lambda d: properties(d).update(note={"type": "string"}), {("request-null", HIGH)}),
    ("null in another spelling", lambda d: properties(d).update(note={"type": ["string", "null"]}), set()),
    ("null as 3.0 spells it", lambda d: properties(d).update(note={"type": "string", "nullable": True}), set()),
    (
        "may be null",
        lambda d: properties(d)["price"].update(type=["number", "null"]),
        {("response-null", HIGH)},
    ),
    ("closed", lambda d: item(d).update(additionalProperties=False), {("request-closed", HIGH)}),
    (
        "variant gone",
        lambda d: properties(d)["owner"]["oneOf"].pop(),
        {("request-variants-changed", MEDIUM)},
    ),
    (
        "variant added",
        lambda d: properties(d)["owner"]["oneOf"].append({"$ref": "#/components/schemas/State"}),
        {("response-variant-added", MEDIUM)},
    ),
    (
        "inside of a variant",
        lambda d: d["components"]["schemas"]["Firm"]["allOf"][0]["properties"].update(seat={"type": "integer"}),
        {("request-type-changed", HIGH), ("response-type-changed", HIGH)},
    ),
    (
        "the same with allOf",
        lambda d: d["components"]["schemas"].update(Person={"allOf": [d["components"]["schemas"]["Person"]]}),
        set(),
    ),
    ("security added", lambda d: listing(d).update(security=[{"key": []}]), {("security-added", HIGH)}),
    ("security for all", lambda d: d.update(security=[{"key": []}]), {("security-added", HIGH)}),
    ("security optional", lambda d: listing(d).update(security=[{}, {"key": []}]), set()),
    ("security gone", lambda d: adding(d).update(security=[]), {("security-removed", MEDIUM)}),
    ("a way in gone", lambda d: adding(d)["security"].pop(0), {("security-changed", HIGH)}),
    ("a way in more", lambda d: adding(d)["security"].append({"basic": []}), set()),
    (
        "a scope more",
        lambda d: adding(d)["security"][1].update(oauth=["write", "admin"]),
        {("security-scope-added", HIGH)},
    ),
    ("operationId", lambda d: listing(d).update(operationId="all_items"), {("operation-id-changed", LOW)}),
    ("unjudged", lambda d: page(d)["schema"].update({"not": {"const": 3}}), {("request-schema-changed", LOW)}),
]


@pytest.mark.parametrize(("edit", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_change_is_judged_from_the_callers_side(edit: Edit, expected: set[tuple[str, Severity]]) -> None:
    assert changed(edit) == expected


def test_the_reverse_of_an_addition_breaks() -> None:
    wider = shop()
    wider["paths"]["/new"] = {"get": {"responses": {"200": {"description": "ok"}}}}
    assert differences(shop(), wider).added == ("GET /new",)
    assert [change.rule for change in differences(wider, shop()).changes] == ["path-removed"]
    assert differences(shop(), copy.deepcopy(shop())).same == 3


def test_a_change_of_a_shared_schema_is_told_once() -> None:
    after = shop()
    properties(after)["price"]["type"] = "string"
    found = [c for c in differences(shop(), after).changes if c.rule == "response-type-changed"]
    assert [(c.operation, c.message) for c in found] == [
        (
            "GET /items",
            "the answer 200[].price was number and is string (so is POST /items, which uses Item too)",
        )
    ]


def test_hostile_documents_end() -> None:
    deep: dict[str, Any] = {"type": "object"}
    for _ in range(60):
        deep = {"type": "object", "properties": {"a": deep, "b": deep}}
    loop = {"$ref": "#/components/schemas/Loop"}
    wild = {
        "openapi": "3.1.0",
        "paths": {
            "/a": {
                "post": {"requestBody": {"content": {"application/json": {"schema": deep}}}, "responses": {"200": 7}}
            }
        },
        "components": {"schemas": {"Loop": loop}},
    }
    other = copy.deepcopy(wild)
    other["paths"]["/a"]["post"]["requestBody"] = {"content": {"application/json": {"schema": loop}}}  # type: ignore[index]
    assert differences(wild, other).cut is False
    assert differences(wild, copy.deepcopy(wild)).cut is True
    differences(wild, wild)
    differences({"swagger": "2.0", "paths": {"/a": {"get": {"parameters": 5, "responses": []}}}}, wild)


def test_swagger_two_is_read_alike() -> None:
    body = {"name": "b", "in": "body", "schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}
    answer = {"200": {"description": "ok", "schema": {"type": "string"}}}
    old = {"swagger": "2.0", "basePath": "/v1", "paths": {"/a": {"post": {"parameters": [body], "responses": answer}}}}
    new = json.loads(json.dumps(old).replace('"integer"', '"string"'))
    assert {c.rule for c in differences(old, new).changes} == {"request-type-changed"}
    assert {c.rule for c in differences(old, {**old, "basePath": "/v2"}).changes} == {"path-removed"}


SOURCE = """\
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Item(BaseModel):
    name: str
    price: float = 0


@app.get("/items")
def items(limit: int = 10) -> list[Item]:
    return []


@app.get("/old")
def old() -> int:
    return 1
"""


def git(root: Path, *words: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, "-C", str(root), *words], check=True, capture_output=True)


def told(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


@pytest.mark.long
def test_the_working_tree_against_the_last_tag(tmp_path: Path) -> None:
    put(tmp_path, {"shop/__init__.py": "", "shop/main.py": SOURCE})
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    git(tmp_path, "tag", "v1")
    later = SOURCE.replace("limit: int = 10", "limit: int").replace("price: float = 0", "cost: float = 0")
    put(tmp_path, {"shop/main.py": later[: later.index('@app.get("/old")')], "more.txt": "x"})
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "two")
    outcome = run_action(APITestAgent(), "diff", tmp_path)
    found = {(f.rule, f.severity, f.path, f.line) for f in outcome.findings}
    assert found == {
        ("path-removed", HIGH, "shop/main.py", 4),
        ("parameter-required", HIGH, "shop/main.py", 12),
        ("response-property-removed", MEDIUM, "shop/main.py", 12),
    }
    verdict, words = told(outcome)
    assert verdict is Verdict.FAIL
    assert "1 operation of shop.main:app" in words
    assert "against v1 (" in words
    assert "2 breaking, 1 that may break, 0 slight changes, 0 operations added, 0 unchanged" in words
    assert outcome.metrics()["api.diff.breaking"] == 2
    shown = outcome.sections()["contract"]
    assert [row[0] for row in shown[2]["rows"]] == ["GET /items", "GET /old", "GET /items"]
    verdict, words = told(run_action(APITestAgent(), "diff", tmp_path, {"base": "HEAD"}))
    assert verdict is Verdict.PASS
    assert "0 breaking, 0 that may break, 0 slight changes, 0 operations added, 1 unchanged" in words
    for wrong in ("--output=x", "nothing-like-it"):
        assert "is no commit" in told(run_action(APITestAgent(), "diff", tmp_path, {"base": wrong}))[1]


def test_a_branch_is_compared_with_where_it_left_main_and_files_will_do(tmp_path: Path) -> None:
    put(tmp_path, {"openapi.json": json.dumps(shop(), indent=1)})
    assert told(run_action(APITestAgent(), "diff", tmp_path))[0] is Verdict.UNKNOWN
    git(tmp_path, "init")
    assert "no commit yet" in told(run_action(APITestAgent(), "diff", tmp_path))[1]
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    assert "one commit only" in told(run_action(APITestAgent(), "diff", tmp_path))[1]
    git(tmp_path, "checkout", "-b", "work")
    narrow = shop()
    page(narrow)["schema"]["minimum"] = 5
    put(tmp_path, {"openapi.json": json.dumps(narrow, indent=1)})
    git(tmp_path, "commit", "-am", "two")
    outcome = run_action(APITestAgent(), "diff", tmp_path)
    assert [(f.rule, f.path) for f in outcome.findings] == [("request-bound-narrowed", "openapi.json")]
    assert outcome.findings[0].line > 1
    assert "where this branch left main" in told(outcome)[1]


def test_a_former_application_that_no_longer_runs_is_unknown(tmp_path: Path) -> None:
    put(tmp_path, {"main.py": "import never_was\n" + SOURCE})
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    put(tmp_path, {"main.py": SOURCE})
    outcome = run_action(APITestAgent(), "diff", tmp_path)
    verdict, words = told(outcome)
    assert verdict is Verdict.UNKNOWN
    assert "the API of HEAD (" in words
    assert "never_was" in words
    assert outcome.findings == ()
