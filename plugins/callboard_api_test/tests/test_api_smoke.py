"""`api.smoke`: the routes of applications without a schema, on real instances."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from callboard.api import Severity, Verdict, Workspace
from callboard.testing import Outcome, run_action
from callboard_api_test import APITestAgent, callboard_detect
from callboard_api_test.apps import find_django
from callboard_api_test.stage import django_routes

STARLETTE = """\
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route


async def home(request):
    return PlainTextResponse("hello")


async def broken(request):
    return PlainTextResponse(str(1 / 0))


async def hidden(request):
    return PlainTextResponse("no", 403)


inner = [Route("/broken", broken), Route("/hidden", hidden), Route("/item/{id}", home), Route("/send", home, methods=["POST"])]
app = Starlette(routes=[Route("/", home), Mount("/inner", routes=inner)])
"""
FLASK = """\
from flask import Flask


def create_app():
    app = Flask(__name__)

    @app.get("/")
    def home():
        return "hello"

    @app.route("/broken")
    def broken():
        raise ValueError("planted")

    @app.get("/item/<int:number>")
    def item(number):
        return str(number)

    return app
"""
MANAGE = """\
import os
import sys

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_of.settings')
from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""
SETTINGS = """\
SECRET_KEY = 'not-a-real-one'
ROOT_URLCONF = 'site_of.urls'
INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth', 'django.contrib.sessions']
MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware']
DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'live', 'HOST': '127.0.0.1'}}
"""
URLS = """\
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import include, path, re_path


def home(request):
    return HttpResponse(f"{User.objects.count()} users")


def broken(request):
    raise ValueError("planted")


urlpatterns = [
    path("", home),
    re_path(r"^old/$", home),
    path("more/", include([path("broken", broken), path("item/<int:number>", home)])),
]
"""
needs_flask = pytest.mark.skipif(find_spec("flask") is None, reason="Flask is not installed")
needs_django = pytest.mark.skipif(find_spec("django") is None, reason="Django is not installed")


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def smoke(root: Path, **options: object) -> Outcome:
    return run_action(APITestAgent(), "smoke", root, options)


def told(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def test_a_server_error_is_found_under_a_mount_and_goes_with_its_mend(tmp_path: Path) -> None:
    outcome = smoke(put(tmp_path, {"main.py": STARLETTE}))
    assert [(f.rule, f.severity, f.path) for f in outcome.findings] == [
        ("not_a_server_error", Severity.HIGH, "main.py")
    ]
    assert outcome.findings[0].message.startswith("GET /inner/broken answers 500")
    verdict, words = told(outcome)
    assert verdict is Verdict.FAIL
    assert words.startswith("3 routes of main:app (starlette")
    assert "1 answered well, 1 with a 4xx, 1 with a server error" in words
    verdict, words = told(smoke(put(tmp_path, {"main.py": STARLETTE.replace("1 / 0", "1 / 1")})))
    assert verdict is Verdict.PASS
    assert "2 answered well, 1 with a 4xx" in words


def test_an_error_for_want_of_tables_does_not_count(tmp_path: Path) -> None:
    wanting = "__import__('sqlite3').connect(':memory:').execute('select * from post')"
    outcome = smoke(put(tmp_path, {"main.py": STARLETTE.replace("1 / 0", wanting)}))
    assert [(f.rule, f.severity) for f in outcome.findings] == [("not_a_server_error", Severity.INFO)]
    assert "no such table: post" in outcome.findings[0].message
    verdict, words = told(outcome)
    assert verdict is Verdict.PASS
    assert "1 answered well, 1 with a 4xx; 1 route not really tried" in words


def test_slow_answers_are_low(tmp_path: Path) -> None:
    slow = STARLETTE.replace("1 / 0", "__import__('time').sleep(0.05)")
    outcome = smoke(put(tmp_path, {"main.py": slow}), slower_than_ms=45)
    assert [(f.rule, f.severity) for f in outcome.findings] == [("slow-answer", Severity.LOW)]
    assert told(outcome)[0] is Verdict.PASS


def test_an_application_that_nobody_may_look_at_is_unknown(tmp_path: Path) -> None:
    closed = STARLETTE.replace("1 / 0", "1").replace('"hello"', '"no", 401').replace("str(1)", '"no", 401')
    verdict, words = told(smoke(put(tmp_path, {"main.py": closed})))
    assert verdict is Verdict.UNKNOWN
    assert "3 with a 4xx" in words


def test_what_does_not_start_or_has_no_route_is_unknown(tmp_path: Path) -> None:
    verdict, words = told(smoke(put(tmp_path, {"main.py": "import absent_module\n" + STARLETTE})))
    assert verdict is Verdict.UNKNOWN
    assert "absent_module" in words
    put(tmp_path, {"main.py": "from starlette.applications import Starlette\napp = Starlette()\n"})
    verdict, words = told(smoke(tmp_path))
    assert verdict is Verdict.UNKNOWN
    assert "lists no route" in words
    put(tmp_path, {"main.py": "print(1)\n"})
    assert told(smoke(tmp_path))[0] is Verdict.UNKNOWN


def test_a_route_that_ends_the_application_is_critical(tmp_path: Path) -> None:
    outcome = smoke(put(tmp_path, {"main.py": STARLETTE.replace("1 / 0", "__import__('os')._exit(3)")}))
    assert [(f.rule, f.severity) for f in outcome.findings] == [("instance-died", Severity.CRITICAL)]
    assert told(outcome)[0] is Verdict.FAIL


@needs_flask
def test_a_flask_factory(tmp_path: Path) -> None:
    outcome = smoke(put(tmp_path, {"shop/__init__.py": FLASK}))
    assert [(f.message.split(";")[0], f.line) for f in outcome.findings] == [
        ("GET /broken answers 500 to a plain request", 11)
    ]
    assert told(outcome)[1].startswith("2 routes of shop:create_app()")


@needs_django
def test_a_django_project_runs_on_fresh_databases(tmp_path: Path) -> None:
    put(
        tmp_path,
        {"manage.py": MANAGE, "site_of/__init__.py": "", "site_of/settings.py": SETTINGS, "site_of/urls.py": URLS},
    )
    outcome = smoke(tmp_path)
    assert [f.message.split(";")[0] for f in outcome.findings] == ["GET /more/broken answers 500 to a plain request"]
    assert told(outcome)[1].startswith("3 routes of site_of.settings:django (django")


def test_a_smoke_test_is_proposed_where_nothing_says_the_operations(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "web/manage.py": MANAGE,
            "web/requirements.txt": "django\n",
            "shop/app.py": "from flask import Flask\napp = Flask(__name__)\n",
            "tests/manage.py": MANAGE,
            "tool/manage.py": "print('no Django at all')\n",
        },
    )
    jobs = {job.name: job for job in callboard_detect(Workspace(tmp_path))}
    assert sorted(jobs) == ["api.smoke:shop-app", "api.smoke:web-site_of.settings"]
    assert jobs["api.smoke:web-site_of.settings"].options == {"app": "site_of.settings:django", "folder": "web"}
    assert [(a.target, a.folder, a.line) for a in find_django(Workspace(tmp_path))] == [
        ("site_of.settings:django", "web", 4)
    ]
    put(tmp_path, {"shop/docs.py": "from flasgger import Swagger\n"})
    names = {job.action for job in callboard_detect(Workspace(tmp_path))}
    assert names == {"api.schema", "api.contract", "api.latency", "api.smoke"}


class RegexPattern:
    """Named as Django's own."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


class Entry:
    """A route as Django has it."""

    def __init__(self, pattern: object) -> None:
        self.pattern = pattern


def test_of_regular_expressions_only_plain_text_is_asked() -> None:
    patterns = [Entry(RegexPattern(text)) for text in ("^old/$", r"^v1\.0/a\-b$", r"^(?P<n>\d+)/$", "^a|b$")]
    assert list(django_routes([*patterns, Entry("plain/"), Entry("<int:n>/")], "/", 0)) == [
        "/old/",
        "/v1.0/a-b",
        "/plain/",
    ]
