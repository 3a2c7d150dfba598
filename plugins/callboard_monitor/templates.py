"""Log lines without what changes from one to the next, and without secrets."""

import re

SECRET = re.compile(
    r"(?i)((?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authorization|cookie|session[_-]?id)"
    r"[\"']?\s*[=:]\s*)(?:bearer\s+|basic\s+)?(?:\"[^\"]*\"|'[^']*'|[^\s,;&}]+)"
)
BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/_.=-]{8,}")
CREDENTIALS = re.compile(r"//[^/\s:@]*:[^/\s@]+@")
KNOWN = re.compile(
    r"\b(?:AKIA[0-9A-Z]{12,}|gh[pousr]_\w{20,}|sk-[\w-]{16,}|xox[abpr]-[\w-]{8,}|eyJ[\w-]{8,}\.[\w-]{4,}[\w.-]*)"
)
RANDOM = re.compile(r"(?=[A-Za-z0-9+/_=-]*\d)(?=[A-Za-z0-9+/_=-]*[A-Za-z])[A-Za-z0-9+_=-]{32,}")
EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")

MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (EMAIL, "<email>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<address>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<hex>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b"), "<hex>"),
    (re.compile(r"(?<![\w/.])(?:/[\w.@+-]+){2,}/?"), "<path>"),
    (re.compile(r"\d+(?:\.\d+)?"), "#"),
    (re.compile(r"(['\"])(?:(?!\1).){1,200}\1"), "<text>"),
)
LONGEST = 400


def safe(text: str) -> str:
    """The words without what looks like a secret: what was logged by mistake is not spread further."""
    text = text[: 8 * LONGEST]
    text = SECRET.sub(r"\1[hidden]", text)
    text = BEARER.sub(r"\1 [hidden]", text)
    text = CREDENTIALS.sub("//[hidden]@", text)
    text = KNOWN.sub("[hidden]", text)
    return RANDOM.sub("[hidden]", text)[:LONGEST]


def template(text: str) -> str:
    """The words with times, ids, addresses, paths, numbers and quoted texts masked: the kind of line that it is."""
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return " ".join(text.split())[:LONGEST]
