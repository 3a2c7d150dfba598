"""What a command or a ready-made action of CI is for, by the names that the tools have everywhere."""

from collections.abc import Mapping

from callboard.link.github.commands import Command

SETUP = "setup"
PURPOSES: Mapping[str, tuple[str, ...]] = {
    purpose: tuple(tools.split())
    for purpose, tools in {
        "tests": "pytest unittest nose2 tox nox jest vitest mocha ava karma behave robot ctest go-test"
        " cargo-test bats django-test",
        "browser tests": "playwright cypress nightwatch puppeteer wdio testcafe",
        "API tests": "schemathesis newman dredd k6 tavern",
        "lint": "ruff flake8 pylint pycodestyle pydocstyle black isort autopep8 yapf eslint prettier oxlint biome stylelint xo"
        " standard pre-commit prek djlint codespell markdownlint markdownlint-cli2 vale taplo golangci-lint clippy djhtml"
        " interrogate pyupgrade",
        "types": "mypy pyright basedpyright tsc pytype pyre ty vue-tsc",
        "security": "bandit pip-audit safety semgrep trivy gitleaks grype osv-scanner snyk trufflehog kingfisher detect-secrets"
        " cyclonedx-py pip-licenses syft codeql checkov tfsec",
        "structure": "vulture deptry lint-imports import-linter radon xenon complexipy knip jscpd depcheck",
        "files": "hadolint shellcheck yamllint zizmor actionlint check-jsonschema dclint openspec",
        "coverage": "coverage codecov coveralls diff-cover nyc c8",
        "build": "build hatch flit cibuildwheel maturin vite webpack rollup esbuild docker-build sphinx-build mkdocs make gradle"
        " mvn cmake",
        "deploy": "twine kubectl helm terraform ansible-playbook flyctl vercel netlify gcloud serverless docker-push"
        " semantic-release gh-pages wrangler",
    }.items()
}
OF_TOOL = {tool: purpose for purpose, tools in PURPOSES.items() for tool in tools}
SETTING_UP = frozenset(
    (
        "pip pip3 uv poetry pdm pipenv conda mamba apt apt-get brew choco apk dnf yum echo printf cd mkdir cp mv rm ls cat export"
        " set source . git curl wget tar unzip chmod which pwd env sleep true tee grep sed awk find touch test [ [[ virtualenv venv"
        " corepack nvm rustup pipx exit jq gh pushd popd head tail df free xargs ensurepip systemctl service"
    ).split()
)
SCRIPT_WORDS = (
    ("browser tests", ("e2e", "cypress", "playwright")),
    ("tests", ("test", "spec", "vitest", "jest")),
    ("types", ("type", "tsc")),
    ("lint", ("lint", "format", "prettier", "check", "stylelint")),
    ("build", ("build", "bundle", "compile", "package")),
    ("deploy", ("deploy", "release", "publish")),
)
READY_MADE = tuple(
    (part, purpose, tool)
    for purpose, pairs in {
        "security": "codeql-action=codeql trivy=trivy gitleaks=gitleaks dependency-review=dependency-review snyk=snyk"
        " scorecard=scorecard semgrep=semgrep trufflehog=trufflehog pip-audit=pip-audit",
        "files": "zizmor=zizmor hadolint=hadolint shellcheck=shellcheck actionlint=actionlint",
        "lint": "ruff-action=ruff pre-commit=pre-commit prek=prek super-linter=super-linter golangci-lint=golangci-lint"
        " psf/black=black",
        "coverage": "codecov=codecov coveralls=coveralls",
        "build": "docker/build-push-action=docker-build cibuildwheel=cibuildwheel build-and-inspect-python-package=build",
        "deploy": "gh-action-pypi-publish=twine action-gh-release=release deploy-pages=pages gh-pages=gh-pages helm=helm"
        " azure/webapps-deploy=azure amazon-ecs-deploy=ecs",
        "browser tests": "cypress-io=cypress",
    }.items()
    for part, _, tool in (pair.partition("=") for pair in pairs.split())
)


def purpose_of_command(command: Command) -> tuple[str, str]:
    """The purpose of a command and the tool that serves it: ('tests', 'pytest'); SETUP where it only prepares, and ('', program)
    where the name tells nothing."""
    program, words = command.program, command.words
    first = next((word for word in words if not word.startswith("-")), "")
    if program == "npm":
        return _of_script(words)
    if program in ("docker", "podman", "docker-compose"):
        if first in ("build", "buildx", "push"):
            tool = "docker-push" if first == "push" else "docker-build"
            return OF_TOOL[tool], tool
        return SETUP, program
    if program in ("go", "cargo", "mvn", "gradle", "dotnet") and "test" in words[:2]:
        return "tests", f"{program}-test"
    if program == "python":
        if first.endswith("manage.py") and "test" in words:
            return "tests", "django-test"
        if first.endswith("setup.py"):
            return "build", "setup.py"
        return ("", first or "python") if first else (SETUP, "python")
    if program in ("hatch", "poetry", "pdm", "uv", "flit") and first in ("build", "publish"):
        return ("deploy" if first == "publish" else "build"), program
    if program == "hatch" and first in ("test", "fmt"):
        return ("tests" if first == "test" else "lint"), "hatch"
    if program == "coverage" and first in ("report", "xml", "html", "combine", "lcov", "json", "erase"):
        return "coverage", "coverage"
    if program in SETTING_UP:
        return SETUP, program
    if program == "make":
        purpose, _ = _of_script(words)
        return (purpose if purpose != SETUP else "build"), f"make {first}".strip()
    return OF_TOOL.get(program, ""), program


def _of_script(words: tuple[str, ...]) -> tuple[str, str]:
    name = next((word for word in words if not word.startswith("-")), "")
    if name in ("ci", "install", "i", "cache", "config", "version", "link", "add"):
        return SETUP, "npm"
    if name in OF_TOOL:
        return OF_TOOL[name], name
    if name == "audit":
        return "security", "npm audit"
    if name in ("publish",):
        return "deploy", "npm publish"
    found = next((purpose for purpose, parts in SCRIPT_WORDS if any(part in name.lower() for part in parts)), "")
    return found, f"npm {name}".strip()


def purpose_of_action(uses: str) -> tuple[str, str]:
    """The same for a ready-made action, such as 'github/codeql-action/analyze@v3'; nothing is known of those without a name here,
    and those of GitHub itself (`actions/…`) prepare."""
    name = uses.partition("@")[0].strip().lower()
    found = next(((purpose, tool) for part, purpose, tool in READY_MADE if part in name), None)
    if found is not None:
        return found
    prepares = (
        name.startswith("actions/") or "setup" in name or "cache" in name or "login" in name or "checkout" in name
    )
    return (SETUP, name) if prepares else ("", name)
