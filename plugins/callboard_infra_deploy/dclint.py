"""Compose files, checked with dclint where it is installed: what their schema allows and experience advises against."""

import json
from collections.abc import Iterable
from typing import Any

from callboard.api import Context, Finding, Severity
from callboard_infra_deploy.judge import Looked, batches

SEVERITY = {"critical": Severity.HIGH, "major": Severity.MEDIUM, "minor": Severity.LOW, "info": Severity.INFO}
# what InfraDeploy says by itself, with more certainty
SAID_ALREADY = frozenset({"invalid-yaml", "invalid-schema", "no-duplicate-exported-ports"})
CONFIGS = (".dclintrc", ".dclintrc.json", ".dclintrc.yaml", ".dclintrc.yml")
HOME = "https://github.com/zavoloklom/docker-compose-linter/blob/main/docs/rules/"


def check_dclint(ctx: Context, files: Iterable[str], looked: Looked) -> None:
    """A finding for each message; the workspace's own configuration counts when it is no program."""
    if ctx.program("dclint") is None:
        return
    own = next((name for name in CONFIGS if name in ctx.workspace.files), "")
    config = ctx.scratch / "dclint.json"
    config.write_text("{}", "utf-8")
    chosen = str(ctx.workspace.path / own) if own else str(config)
    for batch in batches(list(files)):
        argv = ["dclint", "--formatter", "json", "--config", chosen, *(f"./{path}" for path in batch)]
        run = ctx.run_tool(argv, timeout=120, env={"NO_COLOR": "1"})
        try:
            found = [
                _finding(report["filePath"], message)
                for report in json.loads(run.stdout)
                for message in report["messages"]
                if message["rule"] not in SAID_ALREADY
            ]
        except (ValueError, KeyError, TypeError):
            looked.unchecked.append(f"dclint: {run.trouble or f'exit {run.code}'}")
            continue
        for finding in found:
            ctx.finding(finding)


def _finding(path: str, message: dict[str, Any]) -> Finding:
    rule = str(message["rule"])
    return Finding(
        rule=f"dclint-{rule}",
        severity=SEVERITY.get(str(message.get("severity")), Severity.LOW),
        message=str(message["message"]),
        path=path.removeprefix("./"),
        line=int(message.get("line", 0)),
        column=int(message.get("column", 0)),
        help=f"{HOME}{rule}-rule.md",
        tool="dclint",
    )
