"""Tells which Python this is and what of the test tools it has, as one JSON object."""

# mypy: ignore-errors

import importlib.util
import json
import platform
from importlib import metadata


def version(module, name):
    if importlib.util.find_spec(module) is None:
        return None
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


tools = {"pytest": "pytest", "coverage": "coverage", "pytest-cov": "pytest_cov"}
print(json.dumps({"python": platform.python_version(), **{name: version(tools[name], name) for name in tools}}))
