"""Runs inside a foreign interpreter: which of the modules named on the command line it has, as JSON. Nothing is imported."""

import importlib.util
import json
import sys

found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.util.find_spec(name) is not None
    except Exception:
        found[name] = False
print(json.dumps(found))
