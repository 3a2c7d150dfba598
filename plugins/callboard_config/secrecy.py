"""Which names hold secrets, and which values look like real ones."""

import math
import re
from collections import Counter

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
SINGLE = frozenset(
    [
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "secret",
        "secrets",
        "token",
        "apikey",
        "secretkey",
        "accesskey",
        "privatekey",
        "authtoken",
        "accesstoken",
        "clientsecret",
        "credential",
        "credentials",
        "passcode",
    ]
)
PAIRS = frozenset(
    [
        "api key",
        "secret key",
        "access key",
        "private key",
        "signing key",
        "encryption key",
        "auth key",
        "master key",
        "jwt key",
        "hmac key",
        "shared key",
        "account key",
        "storage key",
        "session key",
        "license key",
        "service key",
        "deploy key",
        "crypt key",
        "webhook key",
    ]
)
PASSWORDS = frozenset({"password", "passwd", "pwd", "passphrase", "passcode"})
PUBLIC = frozenset(
    {"public", "publishable", "csrf", "placeholder", "fake", "dummy", "example", "test", "mock", "forgot", "reset"}
)
_REFERENCE = re.compile(
    r"\$\{|\$\(|\{\{|<%|%\(|%\{|^\$|^<|^\[|^#|^!|^@|^env[:.(]|secrets?[./]|vault:|arn:|^ref\+|^op://|^sops|^file:|^/run/secrets|process\.env|os\.environ",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"change|replace|example|sample|placeholder|insert|todo|fixme|dummy|fake|redacted|xxx|\*\*\*|\.\.\.|"
    r"undefined|optional|required|123456789|abcdefg|foobar|lorem|insecure|unsafe|some-?secret|my-?secret|"
    r"super-?secret-?key|keyboard cat|not-a-|do-?not|deadbeef|"
    r"(?<![a-z])(?:your|enter|none|null|default|here|mock|test|demo|temp|local|dev|develop)|"
    r"(?:here|test|mock|demo|local|dev|default)(?![a-z])",
    re.IGNORECASE,
)
_PLAIN = frozenset(
    [
        "password",
        "secret",
        "token",
        "key",
        "user",
        "admin",
        "root",
        "guest",
        "postgres",
        "foo",
        "bar",
        "baz",
        "string",
        "text",
        "hidden",
        "hash",
    ]
)


def is_secret_name(name: str) -> bool:
    """Whether a name, in whatever style it is written, ends as names of secrets do ('DB_PASSWORD', 'apiKey')."""
    words = [word.lower() for word in _WORD.findall(name)]
    while words and (words[-1].isdigit() or words[-1] in ("value", "default", "base64", "b64", "str", "string", "raw")):
        words.pop()
    if not words or PUBLIC & set(words):
        return False
    return words[-1] in SINGLE or " ".join(words[-2:]) in PAIRS


def looks_real(name: str, value: str) -> bool:
    """Whether a value under a secret's name looks like a secret: no placeholder, reference, word, path or sentence."""
    value = value.strip()
    if not 6 <= len(value) <= 4096 or any(char.isspace() for char in value):
        return False
    if _REFERENCE.search(value) or _PLACEHOLDER.search(value) or len(set(value)) < 5:
        return False
    if re.match(r"[a-z][a-z0-9+.-]*://", value, re.IGNORECASE) or re.match(r"\.{0,2}/|~/|[A-Za-z]:\\", value):
        return False
    letters = re.sub(r"[^a-z]", "", value.lower())
    has_digit, has_letter = any(c.isdigit() for c in value), any(c.isalpha() for c in value)
    if (letters in _PLAIN and not has_digit) or value.lower() == name.lower():
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    if PASSWORDS & set(words):
        special = any(not c.isalnum() and c not in "_-./:" for c in value)
        return has_letter and (has_digit or special) and entropy(value) >= 2.5
    if len(value) < 10:
        return False
    if has_letter and has_digit:
        return entropy(value) >= 3.0 and not _is_versioned_word(value)
    return len(value) >= 20 and entropy(value) >= 4.0 and _is_mixed(value)


def is_placeholder(value: str) -> bool:
    """Whether it only stands for what belongs there ('changeme', '<your token>')."""
    value = value.strip()
    return bool(_PLACEHOLDER.search(value)) or bool(re.fullmatch(r"<.*>|\{\{.*\}\}|\*+|-+|_+|\?+", value))


def is_strong(value: str) -> bool:
    """Whether it was most likely made by a machine."""
    return len(value) >= 16 and entropy(value) >= 3.3


def entropy(value: str) -> float:
    """Shannon's entropy in bits for each character."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) if value else 0.0


def _is_mixed(value: str) -> bool:
    """Lower and upper case in no order of words: 'tZqWvB…', not 'ResetPasswordToken'."""
    return bool(re.search(r"[a-z]", value)) and bool(re.search(r"[A-Z]{2}[a-z]|[a-z][A-Z][a-z]?[A-Z]", value))


def _is_versioned_word(value: str) -> bool:
    """Words with at most a number behind: 'access-token-v2', 'oauth2_token'."""
    parts = [part for part in re.split(r"[-_.:/]", value) if part]
    return all(
        re.fullmatch(r"[a-z]*\d{0,2}[a-z]*|[A-Z]*\d{0,2}[A-Z]*|[A-Z]?[a-z]+\d{0,2}", part) for part in parts
    ) and all(len(part) < 16 for part in parts)


_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,80}:([^\s:/@]{4,200})@([^\s/:?#]{1,200})", re.IGNORECASE)


def url_password(value: str) -> str | None:
    """The password between name and host of an address; None for none, a placeholder, or this machine."""
    match = _ADDRESS.search(value[:10_000])
    if match is None or match[2].lower() in ("localhost", "127.0.0.1", "db", "postgres", "redis", "host"):
        return None
    if match[2].lower().endswith((".test", ".invalid", ".localhost", "example.com", "example.org", "example.net")):
        return None
    return match[1] if looks_real("password", match[1]) else None
