"""The programs that CodeRefactor wraps."""

import os

from callboard.api import Install, Tool

TOOLS_EXTRA = "pip install 'callboard[tools]'"
# the package of its engine for this machine; npm may leave out what is optional
JSCPD_ENGINES = {
    "Linux x86_64": "jscpd-linux-x64-gnu@5",
    "Linux aarch64": "jscpd-linux-arm64-gnu@5",
    "Darwin arm64": "jscpd-darwin-arm64@5",
    "Darwin x86_64": "jscpd-darwin-x64@5",
}


def _jscpd_packages() -> tuple[str, ...]:
    machine = os.uname()
    engine = JSCPD_ENGINES.get(f"{machine.sysname} {machine.machine}")
    return ("jscpd@5", engine) if engine else ("jscpd@5",)


TOOLS = (
    Tool(
        "complexipy",
        covers="cognitive complexity of Python functions",
        provided_by=TOOLS_EXTRA,
        format="json, sarif",
        exit_codes={0: "clean", 1: "findings, or a file that cannot be parsed"},
    ),
    Tool(
        "vulture",
        covers="unused Python code",
        provided_by=TOOLS_EXTRA,
        exit_codes={0: "clean", 1: "a file that cannot be parsed", 3: "findings"},
    ),
    Tool(
        "deptry",
        covers="unused, missing and transitive Python dependencies",
        provided_by=TOOLS_EXTRA,
        format="json",
        exit_codes={0: "clean", 1: "findings, or no declaration"},
    ),
    Tool(
        "ruff",
        covers="outdated syntax and safe fixes",
        provided_by=TOOLS_EXTRA,
        format="json, sarif",
        exit_codes={0: "clean", 1: "findings"},
    ),
    Tool(
        "jscpd",
        covers="duplicated code in all languages",
        provided_by="npm install --global jscpd",
        format="json, sarif",
        exit_codes={0: "clean or findings"},
        argv=("jscpd", "--config", "CONFIG"),
        install=Install("npm", _jscpd_packages(), size_mb=25),
    ),
    Tool(
        "symilar",
        covers="duplicated Python code, where jscpd is not there",
        provided_by=TOOLS_EXTRA,
        version_args=("--help",),
        exit_codes={0: "clean or findings"},
        argv=("symilar", "-i", "--ignore-docstrings", "-d", "LINES", "FILE…"),
        install=Install("pip", ("pylint>=4.1,<5",), size_mb=25),
    ),
    Tool(
        "knip",
        covers="unused files, exports and dependencies of npm projects",
        provided_by="npm install --save-dev knip",
        format="json",
        exit_codes={0: "clean", 1: "findings"},
        place="workspace",
        argv=("knip", "--reporter", "json", "--no-exit-code"),
        install=Install("npm", ("knip@6",), size_mb=40),
    ),
    Tool(
        "lint-imports",
        covers="contracts between modules, where the team has written some",
        provided_by=TOOLS_EXTRA,
        exit_codes={0: "kept", 1: "broken, or not configured well"},
        argv=("lint-imports", "--no-cache", "--config", "FILE"),
        install=Install("pip", ("import-linter>=2.17,<3",), size_mb=15),
    ),
)
