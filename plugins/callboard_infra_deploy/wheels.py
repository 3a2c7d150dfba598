"""Building a project's wheel in a copy of the workspace, with pip as the user has configured it."""

import re
import sys
import tomllib
from pathlib import Path

from callboard.api import CallboardError, Context, Finding, Severity, ToolRun, clean
from callboard_infra_deploy.copied import copied
from callboard_infra_deploy.judge import Looked, torn
from callboard_infra_deploy.publishable import Publishable
from callboard_infra_deploy.wheel_contents import report_wheel

LARGEST_KEPT = 20_000_000
# what is amiss with this machine or its way to an index, not with the project
ELSEWHERE = re.compile(
    r"Could not find a version that satisfies|No matching distribution found|NewConnectionError|ConnectTimeout|"
    r"ReadTimeout|Max retries exceeded|name resolution|Network is unreachable|requires a different Python|"
    r"unable to detect version|Error getting the version|No space left on device|"
    r"(?:gcc|cc|c\+\+|clang|cargo|rustc|rustup|cmake|ninja|node|npm|git)\S*['\"]?:? (?:failed: )?"
    r"(?:No such file|not found|command not found)|Microsoft Visual C\+\+|Rust not found|Python\.h: No such file"
)


def check_wheel(ctx: Context, project: Publishable, looked: Looked, timeout: float) -> None:
    """Builds the wheel and reports what is wrong with it; a build that breaks is a finding, one that cannot be tried is not.

    A pyproject.toml that is no TOML is told as such, and nothing is built.
    """
    settings = f"{project.folder}/pyproject.toml" if project.folder else "pyproject.toml"
    if (ctx.workspace.path / settings).is_file():
        try:
            tomllib.loads((ctx.workspace.path / settings).read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            torn(ctx, looked, settings, f"it is no TOML: {error}", tool="pip")
            return
    target = ctx.scratch / "wheels"
    target.mkdir()
    try:
        with copied(ctx) as copy:
            ctx.progress(0.1, "builds the wheel")
            run = _build(ctx, copy / project.folder, project.folder, target, timeout)
    except CallboardError as error:
        looked.unchecked.append(f"the wheel of {project.file}: {error}")
        return
    wheels = sorted(target.glob("*.whl"))
    if wheels:
        looked.count += 1
        wheel = max(wheels, key=lambda path: path.stat().st_size)
        size = wheel.stat().st_size
        ctx.metric("wheel size", round(size / 1024, 1), "KiB")
        if size <= LARGEST_KEPT:
            ctx.artifact(wheel)
        looked.named.append(f"{wheel.name}, {size / 1024:,.0f} KiB, {report_wheel(ctx, project, wheel)} files")
        return
    told = run.stdout[-60_000:] + "\n" + run.stderr
    if run.timed_out:
        looked.unchecked.append(f"the wheel of {project.file} was not built within {timeout:.0f} s")
    elif run.code is None or (run.code != 0 and ELSEWHERE.search(told)):
        looked.unchecked.append(
            f"the wheel of {project.file} cannot be built here: {_why(told, ELSEWHERE) or run.trouble}"
        )
    else:
        looked.count += 1
        ctx.finding(
            Finding(
                "wheel-build",
                Severity.HIGH,
                f"the wheel cannot be built: {_why(told) or run.trouble or f'pip ended with code {run.code}'}",
                project.file,
                help=f"pip wheel --no-deps {project.folder or '.'}",
                tool="pip",
            )
        )


def _build(ctx: Context, source: Path, folder: str, target: Path, timeout: float) -> ToolRun:
    words = ["wheel", "--no-deps", "--no-input", "--retries", "1", "--progress-bar", "off", "--wheel-dir", str(target)]
    env = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    env |= {"TMPDIR": str(ctx.scratch), "GIT_OPTIONAL_LOCKS": "0"}
    return ctx.run_tool([*_pip(ctx, folder), *words, "./"], cwd=source, env=env, timeout=timeout)


def _pip(ctx: Context, folder: str) -> list[str]:
    """pip of the workspace's own Python, else of Callboard's, else of a throw-away environment."""
    own = ctx.python_of(folder)
    for python in [*([str(own)] if own else []), sys.executable]:
        if ctx.run_tool([python, "-m", "pip", "--version"], cwd=ctx.scratch, timeout=60).code == 0:
            return [python, "-m", "pip"]
    made = ctx.scratch / "pip"
    ctx.run_tool([sys.executable, "-m", "venv", str(made)], cwd=ctx.scratch, timeout=120)
    return [str(made / "bin" / "python"), "-m", "pip"]


def _why(told: str, wanted: re.Pattern[str] | None = None) -> str:
    """The lines that say why: those that fit, else the exception and the errors that the build ended with."""
    lines = [line.strip(" ╰─>│×\t") for line in told.splitlines()]
    if wanted is not None:
        fit = [line for line in lines if wanted.search(line)]
        return clean("; ".join(dict.fromkeys(fit[:2])), 400)
    said = re.compile(r"(?:[A-Za-z_][\w.]*(?:Error|Exception|Invalid\w*)|error|ERROR): ")
    noise = re.compile(
        r"Failed (?:to build|building)|did not run successfully|error: (?:backend-un|subprocess-ex)|This error orig"
    )
    errors = [line for line, raw in zip(lines, told.splitlines(), strict=True) if said.match(line) or "╰─> C" in raw]
    return clean("; ".join(dict.fromkeys(line for line in errors if not noise.search(line))), 500)
