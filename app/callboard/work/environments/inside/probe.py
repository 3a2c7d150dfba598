"""Tells which Python this is and the versions of all that is installed, as one JSON object; None for what is missing."""

# mypy: ignore-errors

import importlib.util
import json
import platform
import re
from importlib import metadata

has = {}
for name, module in {"pytest": "pytest", "coverage": "coverage", "pytest-cov": "pytest_cov"}.items():
    has[name] = None if importlib.util.find_spec(module) is None else ""
for distribution in metadata.distributions():
    name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"] or "").lower()
    if name and has.get(name, "") == "":
        has[name] = distribution.version
print(json.dumps({**has, "python": platform.python_version()}))
