"""Prints the extras of the distribution that was installed from the folder whose address is the first argument."""

# mypy: ignore-errors

import sys
from importlib import metadata

for distribution in metadata.distributions():
    if sys.argv[1] in (distribution.read_text("direct_url.json") or ""):
        print("\n".join(distribution.metadata.get_all("Provides-Extra") or []))
