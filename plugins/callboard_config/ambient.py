"""Settings that the system, the shell, the CI or a well-known program brings or takes by itself."""

import fnmatch

BROUGHT = frozenset(
    [
        "HOME",
        "PATH",
        "USER",
        "USERNAME",
        "LOGNAME",
        "SHELL",
        "PWD",
        "OLDPWD",
        "TERM",
        "COLORTERM",
        "COLUMNS",
        "LINES",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMP",
        "TEMP",
        "TMPDIR",
        "EDITOR",
        "VISUAL",
        "PAGER",
        "DISPLAY",
        "HOSTNAME",
        "CI",
        "NO_COLOR",
        "FORCE_COLOR",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "APPDATA",
        "LOCALAPPDATA",
        "PROGRAMDATA",
        "PROGRAMFILES",
        "SYSTEMROOT",
        "WINDIR",
        "COMSPEC",
        "USERPROFILE",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "SSLKEYLOGFILE",
        "NETRC",
        "NODE_ENV",
        "NODE_OPTIONS",
        "PORT",
        "SOURCE_DATE_EPOCH",
        "KUBERNETES_SERVICE_HOST",
        "KUBERNETES_PORT",
        "VERCEL",
        "NETLIFY",
        "DYNO",
        "TRAVIS",
        "APPVEYOR",
        "CIRCLECI",
        "GITLAB_CI",
        "JENKINS_URL",
        "TOX_ENV_NAME",
        "EMAIL",
        "MSYSTEM",
        "OS",
        "XPC_SERVICE_NAME",
        "SHLVL",
        "PS1",
        "MAKEFLAGS",
        "WERKZEUG_RUN_MAIN",
        "WERKZEUG_SERVER_FD",
        "DEBUG",
        "COV_CORE_SOURCE",
    ]
)
BROUGHT_PATTERNS = (
    "LC_*", "XDG_*", "GITHUB_*", "RUNNER_*", "CI_*", "PYTHON*", "PYTEST_*", "PIP_*", "SSH_*", "SUDO_*", "npm_*", "NPM_CONFIG_*",
    "VERCEL_*", "RENDER_*", "RAILWAY_*", "HEROKU_*", "CODESPACE*", "DBUS_*", "SYSTEMD_*", "NOTIFY_SOCKET", "INVOCATION_ID",
    "CALLBOARD_*", "CONDA_*", "UV_*", "READTHEDOCS*", "GIT_*", "DOCKER_*", "COMPOSE_*", "BUILDKITE*", "TF_BUILD", "K_SERVICE",
    "FUNCTION_*",
)  # fmt: skip
TAKEN_PATTERNS = (
    "FLASK_*", "DJANGO_*", "UVICORN_*", "GUNICORN_*", "WEB_CONCURRENCY", "POSTGRES_*", "PG*", "MYSQL_*", "MARIADB_*", "MONGO_*",
    "REDIS_*", "RABBITMQ_*", "NODE_*", "AWS_*", "GOOGLE_*", "AZURE_*", "GCP_*", "OTEL_*", "SENTRY_*", "DD_*", "NEW_RELIC_*",
    "CELERY_*", "OPENAI_*", "ANTHROPIC_*", "LANGCHAIN_*", "LANGSMITH_*", "HF_*", "KAFKA_*", "ELASTIC_*", "MINIO_*", "GF_*",
    "KEYCLOAK_*", "KC_*", "VITE_*", "NEXT_*", "NUXT_*", "REACT_APP_*", "STREAMLIT_*", "GRADIO_*", "CREWAI_*", "PUID", "PGID",
    "DATABASE_URL", "DOMAIN", "HOST", "STACK_NAME", "TAG", "VERSION",
)  # fmt: skip


def is_brought(name: str) -> bool:
    """Whether it is there, or rightly absent, without the team's doing."""
    return name in BROUGHT or any(fnmatch.fnmatchcase(name, pattern) for pattern in BROUGHT_PATTERNS)


def is_taken(name: str) -> bool:
    """Whether a library or another program is known to read it by itself."""
    return is_brought(name) or any(fnmatch.fnmatchcase(name, pattern) for pattern in TAKEN_PATTERNS)
