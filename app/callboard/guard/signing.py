"""Signs what is handed to the platform, with Ed25519 (RFC 8032), and checks such signatures.

What is signed is the canonical JSON of a record: UTF-8, keys in order, no blanks, whole numbers only.
"""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callboard.errors import CallboardError
from callboard.guard.running import private_folder, read_private

NAME = "handoff-key"
ALGORITHM = "Ed25519"
LONGEST_FILE = 1_000_000


def canonical(record: Mapping[str, Any]) -> bytes:
    """The one way to write the record down; raises ValueError for what JSON has no form for."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode(
        "utf-8"
    )


def id_of(record: Mapping[str, Any]) -> str:
    """A short name for it: the beginning of its SHA-256."""
    return hashlib.sha256(canonical(record)).hexdigest()[:16]


class Signer:
    """The key of a data folder: made when it is needed for the first time, readable for its owner alone."""

    def __init__(self, data: Path) -> None:
        self._file = data / "platform" / NAME

    def public(self, *, make: bool = False) -> str:
        """The public key in base64; '' while there is none and none is to be made."""
        if not make and not self._file.exists():
            return ""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = Ed25519PrivateKey.from_private_bytes(self._secret())
        return base64.b64encode(key.public_key().public_bytes_raw()).decode("ascii")

    def sign(self, record: Mapping[str, Any]) -> str:
        """The signature of the record's canonical form, in base64."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = Ed25519PrivateKey.from_private_bytes(self._secret())
        return base64.b64encode(key.sign(canonical(record))).decode("ascii")

    def _secret(self) -> bytes:
        private_folder(self._file.parent)
        try:
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "wb") as file:
                file.write(base64.b64encode(os.urandom(32)))
                file.flush()
                os.fsync(file.fileno())
        raw = read_private(self._file)
        try:
            secret = base64.b64decode(raw or b"", validate=True)
        except binascii.Error:
            secret = b""
        if len(secret) != 32:
            raise CallboardError(
                f"the key in {self._file} is damaged, or others may read it; put it aside, and a new one is made"
            )
        return secret


def why_not(record: Any, signature: str, key: str) -> str:
    """Why the signature does not prove that the holder of the key signed this very record; '' when it does."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
        signed = base64.b64decode(signature, validate=True)
        text = canonical(record) if isinstance(record, dict) else b""
    except (binascii.Error, ValueError, TypeError, RecursionError):
        return "it is no signed record"
    if not text:
        return "it is no signed record"
    try:
        public.verify(signed, text)
    except InvalidSignature:
        return "the record was changed after it was signed, or another key signed it"
    return ""
