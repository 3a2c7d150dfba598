"""Applications whose framework only the project declares: run in a kept environment, with its own packages installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from callboard.api import Verdict
from callboard.testing import Outcome, run_action
from callboard_api_test import APITestAgent

FLASK = """\
from flask import Flask
from flask_smorest import Api, Blueprint
from flask_sock import Sock
from marshmallow import Schema, fields

sock = Sock()
items = Blueprint("items", "items", url_prefix="/items")


class Item(Schema):
    name = fields.String(required=True)


@items.route("/", methods=["GET"])
@items.response(200, Item(many=True))
def list_items():
    return [{"name": "x"}]


@sock.route("/echo")
def echo(ws):
    ws.send(ws.receive())


def create_app():
    app = Flask(__name__)
    app.config.update(API_TITLE="Shop", API_VERSION="1", OPENAPI_VERSION="3.0.3")
    Api(app).register_blueprint(items)
    sock.init_app(app)
    return app
"""
MANAGE = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_of.settings')\n"
SETTINGS = """\
SECRET_KEY = 'not-a-real-one'
ROOT_URLCONF = 'site_of.urls'
INSTALLED_APPS = [
    'django.contrib.contenttypes', 'django.contrib.auth', 'rest_framework', 'rest_framework.authtoken', 'drf_spectacular',
]
DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'live', 'HOST': '127.0.0.1'}}
REST_FRAMEWORK = {
    'DEFAULT_SCHEMA_CLASS': 'drf_spectacular.openapi.AutoSchema',
    'DEFAULT_AUTHENTICATION_CLASSES': ['rest_framework.authentication.TokenAuthentication'],
    'DEFAULT_PERMISSION_CLASSES': ['rest_framework.permissions.IsAuthenticated'],
}
"""
URLS = """\
from django.contrib.auth.models import User
from django.urls import include, path
from rest_framework import routers, serializers, viewsets
from rest_framework.authtoken.views import obtain_auth_token


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ['id', 'username']


class Users(viewsets.ReadOnlyModelViewSet):
    queryset = User.objects.order_by('id')
    serializer_class = UserSerializer


class Leaky(Users):
    permission_classes = []


router = routers.DefaultRouter()
router.register('users', Users)
router.register('leaky', Leaky, basename='leaky')
urlpatterns = [path('api/', include(router.urls)), path('token', obtain_auth_token)]
"""
MAKE_USER = """\
import os

from django.contrib.auth.models import User

User.objects.create_user(os.environ['CALLBOARD_USER'], password=os.environ['CALLBOARD_PASSWORD'])
"""


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def told(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


@pytest.mark.long
def test_flask_with_a_schema_and_websockets(tmp_path: Path) -> None:
    work = put(tmp_path / "work", {"backend/shop/__init__.py": FLASK})
    put(work, {"backend/requirements.txt": "flask\nflask-smorest\nflask-sock\n"})
    data = tmp_path / "data"
    verdict, words = told(run_action(APITestAgent(), "schema", work, data=data))
    if "no throw-away environment" in words:
        pytest.skip(words)
    assert (verdict, words.partition(" with flask")[0]) == (
        Verdict.PASS,
        "1 operation, 0 faults in the schema exported from shop:create_app()",
    )
    options = {"max_examples": 3, "stateful": False}
    assert "to 1 of 1 operation" in told(run_action(APITestAgent(), "contract", work, options, data=data))[1]
    verdict, words = told(run_action(APITestAgent(), "websockets", work, data=data))
    assert (verdict, words.split(",")[0]) == (Verdict.PASS, "1 WebSocket of shop:create_app(): 1 opened")
    (work / "backend/requirements.txt").write_text("flask\nflask-smorest\n")
    outcome = run_action(APITestAgent(), "schema", work, data=data)
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [
        ("app-not-importable", "backend/shop/__init__.py", 3)
    ]
    assert "declare what brings the module flask_sock in backend/pyproject.toml" in outcome.findings[0].message


@pytest.mark.long
def test_django_rest_with_an_account_of_its_own(tmp_path: Path) -> None:
    work = put(tmp_path / "work", {"manage.py": MANAGE, "site_of/__init__.py": "", "site_of/settings.py": SETTINGS})
    put(work, {"site_of/urls.py": URLS, "make_user.py": MAKE_USER})
    put(work, {"requirements.txt": "django\ndjangorestframework\ndrf-spectacular\n"})
    data = tmp_path / "data"
    auth = {
        "kind": "login",
        "setup": ["make_user.py"],
        "login": {
            "path": "/token",
            "form": {"username": "{user}", "password": "{password}"},
            "token": "token",
            "sends": "header",
            "prefix": "Token ",
        },
    }
    config = {"agents": {"api": {"auth": auth}}}
    outcome = run_action(APITestAgent(), "auth", work, data=data, config=config)
    if "no throw-away environment" in told(outcome)[1]:
        pytest.skip(told(outcome)[1])
    assert {f.message.split(" answers")[0] for f in outcome.findings if f.rule == "operation-open"} == {
        "GET /api/leaky/",
        "GET /api/leaky/{id}/",
    }
    assert "prove little" not in told(outcome)[1]
    times = run_action(APITestAgent(), "latency", work, {"requests": 3}, data=data, config=config)
    assert told(times)[0] is Verdict.PASS
    assert "api.p95.GET /api/users/" in times.metrics()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_what_can_be_installed_nowhere_says_so(tmp_path: Path) -> None:
    put(tmp_path, {"app.py": "from flask import Flask\nimport nowhere_at_all\napp = Flask(__name__)\n"})
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    verdict, words = told(run_action(APITestAgent(), "smoke", tmp_path))
    assert verdict is Verdict.UNKNOWN
    assert "declares no dependencies (pyproject.toml, requirements.txt), so none can be installed" in words
