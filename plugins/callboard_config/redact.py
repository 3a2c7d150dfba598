"""Texts that might be secrets, wherever they stand: for what is kept or shown, one too many is better than one too few."""

import re

from callboard_config.secrecy import entropy

_TOKEN = re.compile(r"[A-Za-z0-9+/_=~.$!@%^&*-]{12,400}")
_PASSWORD_IN_ADDRESS = re.compile(r"://[^\s:/@\"']{0,80}:([^\s/@\"']{3,200})@")
MOST = 20_000


def suspicious(text: str) -> set[str]:
    """The tokens of a text that look made by a machine, and passwords in addresses."""
    found: set[str] = set()
    for match in _TOKEN.finditer(text):
        made = [part for part in re.split(r"[./=_:@-]+", match[0]) if len(part) >= 8 and _is_made(part)]
        if made or _is_long_mix(match[0]):
            found.update(
                [
                    match[0],
                    *made,
                    *(part for part in re.split(r"[./=]+", match[0]) if len(part) >= 8 and _is_made(part)),
                ]
            )
        if len(found) > MOST:
            break
    found.update(match[1] for match in _PASSWORD_IN_ADDRESS.finditer(text))
    return found


def masked(text: str) -> str:
    """The text with stars for what might be a secret."""
    for token in sorted(suspicious(text), key=len, reverse=True):
        text = text.replace(token, "***")
    return text


def _is_made(token: str) -> bool:
    digits = sum(char.isdigit() for char in token)
    letters = sum(char.isalpha() for char in token)
    if digits >= 2 and letters >= 2 and entropy(token) >= 2.5:
        return True
    return len(token) >= 16 and digits >= 1 and letters >= 2 and entropy(token) >= 3.3


def _is_long_mix(token: str) -> bool:
    """A long text of all kinds of letters in which slashes mean nothing, as base64 is."""
    kinds = any(c.islower() for c in token) and any(c.isupper() for c in token) and any(c.isdigit() for c in token)
    return kinds and len(token) >= 30 and "//" not in token and token.count(".") < 2 and entropy(token) >= 4.2
