"""Finding applications and schemas, and the faults of a schema."""

import json
import sys
from pathlib import Path

import pytest

from callboard.api import CallboardError, Verdict, Workspace
from callboard.testing import Outcome, run_action
from callboard_api_test import APITestAgent, callboard_detect
from callboard_api_test.apps import find_apps
from callboard_api_test.handlers import find_handlers, place_of
from callboard_api_test.openapi import faults, parsed

APP = """\
from fastapi import FastAPI

app = FastAPI(title="Shop")


@app.get("/items/{item_id}")
def item(item_id: int) -> dict[str, int]:
    return {"id": item_id}


@app.post("/items")
def add(name: str) -> str:
    return name
"""


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def result(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def good_schema() -> dict[str, object]:
    item = {"schema": {"$ref": "#/components/schemas/Item"}}
    get = {
        "operationId": "read",
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
        "responses": {"200": {"description": "it", "content": {"application/json": item}}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "paths": {"/items/{id}": {"get": get}},
        "components": {"schemas": {"Item": {"type": "object", "example": {"$ref": "#/not/a/reference"}}}},
    }


def test_apps_are_found_in_the_text_alone(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "backend/requirements.txt": "fastapi\n",
            "backend/app/__init__.py": "",
            "backend/app/main.py": "raise SystemExit('imported')\nfrom fastapi import FastAPI\napi = FastAPI()\n",
            "backend/app/make.py": "import fastapi\ndef create_app(debug=False):\n    return fastapi.FastAPI()\n",
            "backend/app/needs.py": "import fastapi\ndef create_app(debug):\n    return fastapi.FastAPI()\n",
            "backend/tests/test_app.py": "from fastapi import FastAPI\napp = FastAPI()\n",
            "flaskr/__init__.py": "from flask import Flask\ndef create_app():\n    return Flask(__name__)\n",
            "broken.py": "app = FastAPI(\n",
        },
    )
    found = [(app.shown, app.folder, app.root, app.kind) for app in find_apps(Workspace(tmp_path))]
    assert found == [
        ("app.main:api", "backend", "backend", "fastapi"),
        ("flaskr:create_app()", "", "", "flask"),
        ("app.make:create_app()", "backend", "backend", "fastapi"),
    ]
    jobs = {job.name: job for job in callboard_detect(Workspace(tmp_path))}
    assert len(jobs) == 7
    assert jobs["api.smoke:top-flaskr"].options == {"app": "flaskr:create_app()", "folder": ""}
    assert jobs["api.contract:backend-app.main"].options == {"app": "app.main:api", "folder": "backend"}
    assert jobs["api.contract:backend-app.main"].because == "backend/app/main.py:3 makes a FastAPI application"


def test_nothing_is_proposed_where_there_is_no_api(tmp_path: Path) -> None:
    put(tmp_path, {"main.py": "print('hello')\n"})
    assert list(callboard_detect(Workspace(tmp_path))) == []
    put(tmp_path, {"docs/openapi.yaml": "openapi: 3.1.0\n"})
    assert [job.name for job in callboard_detect(Workspace(tmp_path))] == ["api.document"]


def test_the_schema_is_exported_from_the_app(tmp_path: Path) -> None:
    put(tmp_path, {"shop/__init__.py": "", "shop/main.py": APP})
    outcome = run_action(APITestAgent(), "schema", tmp_path)
    assert result(outcome)[0] == Verdict.PASS
    assert result(outcome)[1].startswith(
        "2 operations, 0 faults in the schema exported from shop.main:app with fastapi "
    )
    assert set(json.loads(outcome.artifacts["openapi.json"].read_text())["paths"]) == {"/items/{item_id}", "/items"}
    assert not list(tmp_path.rglob("__pycache__"))


def test_a_duplicate_operation_id_is_found_at_its_handler(tmp_path: Path) -> None:
    twice = APP.replace('"/items/{item_id}")', '"/items/{item_id}", operation_id="x")')
    twice = twice.replace('app.post("/items")', 'app.post("/items", operation_id="x")')
    outcome = run_action(APITestAgent(), "schema", put(tmp_path, {"shop/__init__.py": "", "shop/main.py": twice}))
    assert [(f.rule, f.path, f.line, f.severity) for f in outcome.findings] == [
        ("duplicate-operation-id", "shop/main.py", 11, "medium")
    ]


def test_a_committed_schema_that_the_app_has_left_behind(tmp_path: Path) -> None:
    stale = {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "paths": {
            "/items": {"post": {"responses": {"200": {"description": "ok"}}}},
            "/carts": {"get": {"responses": {"200": {"description": "ok"}}}},
        },
    }
    put(tmp_path, {"shop/__init__.py": "", "shop/main.py": APP, "openapi.json": json.dumps(stale, indent=1)})
    outcome = run_action(APITestAgent(), "schema", tmp_path)
    assert {(f.rule, f.path, f.message.split(" is ")[0].split(" but ")[0]) for f in outcome.findings} == {
        ("operation-gone", "openapi.json", "GET /carts"),
        ("operation-undocumented", "openapi.json", "the application has GET /items/{item_id}"),
    }
    assert next(f.line for f in outcome.findings if f.rule == "operation-gone") > 1


def test_an_import_that_fails_is_unknown_with_its_last_line(tmp_path: Path) -> None:
    put(tmp_path, {"main.py": "import no_such_module_here\n" + APP})
    verdict, summary = result(run_action(APITestAgent(), "schema", tmp_path))
    assert verdict == Verdict.UNKNOWN
    assert "No module named 'no_such_module_here'" in summary


def test_an_environment_without_fastapi_is_unknown_and_named(tmp_path: Path) -> None:
    put(tmp_path, {"main.py": APP})
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    (tmp_path / ".venv/bin/python").chmod(0o755)
    verdict, summary = result(run_action(APITestAgent(), "schema", tmp_path, {"interpreter": "workspace"}))
    assert verdict == Verdict.UNKNOWN
    assert "the workspace's environment .venv has no fastapi" in summary


def test_neither_app_nor_schema_is_unknown(tmp_path: Path) -> None:
    assert result(run_action(APITestAgent(), "schema", tmp_path))[0] == Verdict.UNKNOWN
    assert result(run_action(APITestAgent(), "schema", tmp_path, {"app": "no such"}))[0] == Verdict.UNKNOWN
    put(tmp_path, {"openapi.json": '{"openapi": "3.1.0", "info": {"title": "a", "version": "1"}, "paths": {}}'})
    assert result(run_action(APITestAgent(), "schema", tmp_path))[0] == Verdict.UNKNOWN


def test_a_schema_file_that_cannot_be_read_is_the_finding_that_everybody_gives(tmp_path: Path) -> None:
    put(tmp_path, {"openapi.json": json.dumps(good_schema()), "swagger.yaml": "swagger: [2\n"})
    outcome = run_action(APITestAgent(), "schema", tmp_path)
    assert [(f.rule, f.path) for f in outcome.findings] == [("unparsable", "swagger.yaml")]
    assert result(outcome)[0] == Verdict.FAIL


def test_a_sound_schema_has_no_fault() -> None:
    assert faults(good_schema()) == []
    swagger = {"swagger": "2.0", "info": {"title": "a", "version": "1"}, "paths": {}}
    assert faults(swagger) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (("#/components/schemas/Item", "#/components/schemas/Gone"), "broken-reference"),
        (('"required": true', '"required": false'), "optional-path-parameter"),
        (('"name": "id"', '"name": "other"'), "undeclared-path-parameter"),
        (('"200"', '"2000"'), "bad-status"),
        (('"3.1.0"', '"4"'), "unknown-version"),
        (('"/items/{id}"', '"items/{id}"'), "bad-path"),
        (('"title": "Shop"', '"name": "Shop"'), "no-info"),
        (('"responses": {', '"replies": {'), "no-responses"),
    ],
)
def test_each_planted_fault_is_found(change: tuple[str, str], rule: str) -> None:
    document = json.loads(json.dumps(good_schema()).replace(*change))
    assert rule in {fault.rule for fault in faults(document)}


def test_hostile_schemas_are_refused_or_read_in_time() -> None:
    bomb = "openapi: 3.1.0\na0: &a0 [x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    assert "no-paths" in {fault.rule for fault in faults(parsed(bomb, "openapi.yaml"))}
    many = "openapi: 3.1.0\na: &a x\nb: [" + ", ".join(["*a"] * 2_000) + "]\n"
    for text, name in (
        (many, "openapi.yaml"),
        ("[" * 100_000, "openapi.json"),
        ("[" * 100_000, "openapi.yaml"),
        ("{" + '"a":{' * 50_000, "openapi.json"),
        ("!!python/object/apply:os.system ['true']", "openapi.yaml"),
        ("just words", "openapi.yaml"),
        ("", "openapi.json"),
    ):
        with pytest.raises(CallboardError):
            parsed(text, name)


def test_handlers_are_told_apart_by_method_prefix_and_name(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "a.py": "@router.get('/')\ndef list_a(): ...\n\n\n@router.post('/')\nasync def add_a(): ...\n",
            "b.py": "@router.get('/')\ndef list_b(): ...\n",
            "c.py": "@bp.route('/x/<int:number>', methods=['PUT'])\ndef put_x(number): ...\n",
        },
    )
    handlers = find_handlers(Workspace(tmp_path), "")
    names = {"GET /a/": "list_a_a__get", "GET /b/": "list_b_b__get"}
    assert place_of(handlers, "GET /a/", names) == ("a.py", 1)
    assert place_of(handlers, "GET /b/", names) == ("b.py", 1)
    assert place_of(handlers, "POST /a/", names) == ("a.py", 5)
    assert place_of(handlers, "PUT /x/{number}", {}) == ("c.py", 1)
    assert place_of(handlers, "GET /c/", {}) == ("", 0)


def test_a_monorepo_gets_jobs_for_each_application(tmp_path: Path) -> None:
    secured = APP.replace(
        "from fastapi import FastAPI\n", "from fastapi import FastAPI\nfrom fastapi.security import HTTPBearer\n"
    )
    secured += "\n\n@app.websocket('/ws')\nasync def ws(socket) -> None: ...\n"
    put(
        tmp_path,
        {
            "one/pyproject.toml": "",
            "one/main.py": secured,
            "two/requirements.txt": "",
            "two/main.py": APP,
            "site/manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_of.settings')\n",
            "site/site_of/settings.py": "INSTALLED_APPS = ['drf_spectacular']\n",
            "front/package.json": "{}",
        },
    )
    jobs = {job.name: job for job in callboard_detect(Workspace(tmp_path))}
    one = {name for name in jobs if name.endswith(":one-main")}
    assert {name.partition(":")[0] for name in one} == {
        "api.schema", "api.contract", "api.auth", "api.latency", "api.websockets",
    }  # fmt: skip
    assert "api.auth:two-main" not in jobs
    assert "api.schema:site-site_of.settings" in jobs
    assert jobs["api.contract:one-main"].after == ("api.schema:one-main",)
    assert all(job.options["folder"] in ("one", "two", "site") for job in jobs.values())


def test_files_alone_are_judged_without_running_anything(tmp_path: Path) -> None:
    put(tmp_path, {"docs/openapi.yaml": "openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths:\n  /a:\n    get: {}\n"})
    put(tmp_path, {"main.py": "raise SystemExit('imported')\nfrom fastapi import FastAPI\napp = FastAPI()\n"})
    outcome = run_action(APITestAgent(), "document", tmp_path)
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [("no-responses", "docs/openapi.yaml", 5)]
    assert result(outcome)[0] == Verdict.PASS
    assert APITestAgent().actions()["document"].effects.pure
    put(tmp_path, {"docs/openapi.yaml": "openapi: 3.1.0\n  paths: [\n"})
    outcome = run_action(APITestAgent(), "document", tmp_path)
    assert [(f.rule, f.line) for f in outcome.findings] == [("unparsable", 2)]
    assert result(outcome)[0] == Verdict.UNKNOWN


def test_a_module_with_relative_imports_is_part_of_a_package(tmp_path: Path) -> None:
    put(tmp_path, {"backend/main.py": "from .parts import NAME\n" + APP, "backend/parts.py": "NAME = 'x'\n"})
    assert [(app.target, app.root) for app in find_apps(Workspace(tmp_path))] == [("backend.main:app", "")]
    assert result(run_action(APITestAgent(), "schema", tmp_path))[0] == Verdict.PASS
