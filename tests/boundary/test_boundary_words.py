"""Commands, variables and options that would take a port of the platform, or that name what is live."""

import pytest

from callboard.core.boundary import Boundary
from callboard.errors import BoundaryError

B = Boundary(live_hosts=("db.live.example",))
WORDS = [
    "uvicorn app:app --port 6770", "uvicorn app:app --port=6770", "flask run -p 6770", "flask run -p6770", "flask run --port 06770",
    "python -m http.server 6770", "python manage.py runserver 0.0.0.0:6770", "gunicorn -b 127.0.0.1:6770 app",
    "gunicorn -b :6770 app",
    "gunicorn --bind=[::]:6770 app", "docker run -p 6770:80 shop", "docker run -p 127.0.0.1:5173:80 shop",
    "docker run --publish=6770:80/tcp x",
    "env PORT=6770 npm start", "env UVICORN_PORT=6_770 x", "sh -c uvicorn__app:app__--port__6770",
    "bash -lc exec__vite__--port__5173",
    "npx vite", "vite dev", "./node_modules/.bin/vite --host", "npm run dev -- --port 5173",
    "schemathesis run --url http://127.0.0.1:6770",
    "schemathesis run http://localhost:6770/openapi.json", "pytest --base-url=http://localhost:6770",
    "curl http://2130706433:6770/",
    "psql postgres://u:p@db.live.example/shop", "socat TCP-LISTEN:6770,fork TCP:localhost:80", "serve 5173",
    "x --server-port ６７７０",
    "k6 run -e BASE=http://[::1]:6770/", "caddy --listen :6770", "uvicorn x --port 0x1A72",
]  # fmt: skip


def words(text: str) -> list[str]:
    """A command line; '__' is a blank within one word."""
    return [word.replace("__", " ") for word in text.split()]


@pytest.mark.parametrize("line", WORDS)
def test_a_command_is_refused(line: str) -> None:
    with pytest.raises(BoundaryError) as refused:
        B.check_words(words(line))
    assert refused.value.rule in ("boundary.protected_ports", "boundary.live_reads", "boundary.live_hosts")


@pytest.mark.parametrize(
    "line",
    ["uvicorn app:app --port 6771", "pytest --timeout 6770", "pytest -k 6770", "ruff check a.py:6770", "git show 6770abc",
    "vite build",
     "vite --port 5199", "pytest tests/test_a.py::test[6770]", "docker run -p 8080:6770 shop", "head -n 5173 x", "echo 6770",
     "a b=6770",
     "pytest --seed=5173", "curl http://localhost:8000/", "pip download http://example.org/x.tar.gz", "vitest run",
     "mysql --host db.example",
     "python -c x=6770", "pytest --maxfail 6770", "sleep 5173", ""],
)  # fmt: skip
def test_a_command_that_only_has_the_number_in_it_is_free(line: str) -> None:
    B.check_words(words(line))


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [("PORT", "5173", "protected_ports"), ("UVICORN_PORT", " 6770", "protected_ports"), ("VITE_PORT", "5173", "protected_ports"),
     ("FLASK_RUN_PORT", "6770", "protected_ports"), ("port", "6770.0", "protected_ports"), ("API_URL", "http://localhost:6770",
     "live_reads"),
     ("DATABASE_URL", "postgresql+asyncpg://u:p@db.live.example:5432/x", "live_hosts"), ("PGHOST", "db.live.example", "live_hosts"),
     ("DB_HOST", "u@db.live.example", "live_hosts"), ("REDIS_URL", "redis://DB.live.example.:6379/0", "live_hosts"),
     ("CACHE", "a=1;url=http://127.1:6770/", "live_reads"), ("DB_SERVER", "db.live.example:5432", "live_hosts")],
)  # fmt: skip
def test_a_variable_is_refused(name: str, value: str, rule: str) -> None:
    with pytest.raises(BoundaryError) as refused:
        B.check_environment({"A": "b", name: value})
    assert refused.value.rule == f"boundary.{rule}"
    assert name in str(refused.value)


def test_other_variables_are_free() -> None:
    B.check_environment(
        {
            "PORT": "8000",
            "HOST": "0.0.0.0",
            "REPORT": "6770",
            "TIMEOUT": "6770",
            "DATABASE_URL": "sqlite:///x.db",
            "PGHOST": "db",
        }
    )


@pytest.mark.parametrize("name", ["GIT_DIR", "git_work_tree", "GIT_INDEX_FILE"])
def test_nobody_leads_git_elsewhere_by_what_is_written_down(name: str) -> None:
    with pytest.raises(BoundaryError, match="leads git out of the workspace"):
        B.check_written_environment({name: "/elsewhere"})


@pytest.mark.parametrize(
    "options",
    [{"url": "http://127.0.0.1:6770"}, {"url": "http://0x7f.1:6770/openapi.json"}, {"port": 6770}, {"port": "6770"},
    {"ports": [1, 5173]},
     {"args": ["--port", "6770"]}, {"args": ["-q", "--base-url=http://localhost:6770"]}, {"env": ["PORT=6770"]},
     {"env": ["DATABASE_URL=postgres://db.live.example/x"]}, {"env": ["GIT_DIR=/x"]}, {"urls": ["http://a",
     "http://localhost:5173"]},
     {"http_port": 6770.0}],
)  # fmt: skip
def test_options_of_an_action_given_by_hand(options: dict[str, object]) -> None:
    with pytest.raises(BoundaryError):
        B.check_options(options)


def test_options_that_have_nothing_to_do_with_it_are_free() -> None:
    B.check_options(
        {"limit": 6770, "seed": 5173, "names": ["a"], "url": "http://localhost:8000", "on": True, "nothing": None}
    )


def test_reading_is_allowed_where_the_team_says_so_but_no_database() -> None:
    reads = Boundary(live_hosts=("db.live.example",), live_reads=True)
    reads.check_options({"url": "http://127.0.0.1:6770"})
    with pytest.raises(BoundaryError, match="by postgres"):
        reads.check_words(["psql", "postgres://db.live.example/x"])
