"""Tells what was installed from folders under the one whose address is the first argument: name, editable, folder, files."""

# mypy: ignore-errors

import json
import os
import sys
from importlib import metadata
from urllib.parse import unquote

top = sys.argv[1].rstrip("/")
told = []
for distribution in metadata.distributions():
    try:
        direct = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        continue
    url = direct.get("url", "").rstrip("/")
    if url == top or url.startswith(top + "/"):
        files = [os.path.abspath(distribution.locate_file(path)) for path in distribution.files or ()]
        told.append(
            {
                "name": distribution.metadata["Name"],
                "editable": bool(direct.get("dir_info", {}).get("editable")),
                "folder": unquote(url[len(top) :].strip("/")),
                "files": files,
                "compiled": any(path.endswith((".so", ".pyd", ".dylib")) for path in files),
            }
        )
print(json.dumps(told))
