"""One archive of texts without what could be a secret: bounded, with a list of hashes, the same for the same content."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from typing import Any

from callboard.desk.veil import MASK, veiled

LARGEST_PART = 2_000_000
LARGEST = 20_000_000
MOMENT = (1980, 1, 1, 0, 0, 0)
HASHES = "SHA256SUMS"
SECRET_KEY = re.compile(r"(?i)(?:^|[_-])(?:password|passwd|secret|token|api[_-]?key|private[_-]?key|credentials?)$")
# What looks drawn by lot, whatever it is called: long, of both cases, with several digits; commits and hashes have one case.
RANDOM = re.compile(
    r"(?<![\w/+=-])(?=[^\W_]*[a-z])(?=[^\W_]*[A-Z])(?=(?:[A-Za-z+/]*\d){3})(?:[A-Za-z0-9+]{32,200}|[A-Za-z0-9+/]{40})={0,2}(?![\w/+])"
)


def without_secrets(value: Any) -> Any:
    """Plain values whose texts hold nothing that looks like a secret."""
    if isinstance(value, str):
        return RANDOM.sub(MASK, "\n".join(veiled(value.split("\n"))))
    if isinstance(value, Mapping):
        return {
            str(key): MASK if isinstance(item, str) and item and SECRET_KEY.search(str(key)) else without_secrets(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [without_secrets(item) for item in value]
    return value


def packed(parts: Mapping[str, Any]) -> bytes:
    """A zip: texts, and anything else as JSON, veiled. What is too large is cut, and says so; hashes are in SHA256SUMS."""
    room, hashes = LARGEST, []
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:

        def put(name: str, content: bytes) -> None:
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.external_attr = 0o600 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)

        for name, value in parts.items():
            content = _content(name, value)
            if len(content) > room:
                content = b"left out: the archive would be too large\n"
                name = f"{name}.left-out.txt"
            room -= len(content)
            put(name, content)
            hashes.append(f"{hashlib.sha256(content).hexdigest()}  {name}")
        put(HASHES, ("\n".join(hashes) + "\n").encode())
    return held.getvalue()


def _content(name: str, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    bare = without_secrets(value)
    text = bare if isinstance(bare, str) else json.dumps(bare, indent=1, ensure_ascii=False, default=str) + "\n"
    content: bytes = text.encode("utf-8", "replace")
    if len(content) <= LARGEST_PART or not name.endswith((".txt", ".md", ".diff")):
        return content
    return content[:LARGEST_PART] + "\n… cut here: there is more\n".encode()
