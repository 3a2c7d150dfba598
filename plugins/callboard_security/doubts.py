"""Why something with the form of a secret may be none: placeholders, words that everybody guesses, samples, test data."""

import re
from collections.abc import Mapping
from typing import Any

from callboard_security.static import is_test

TESTS = "it lies in test code"
_FIXTURE = re.compile(r"(^|/)(__)?(fixtures?|testdata|test[_-]data|mocks?)(__)?/|\.(test|spec)\.[cm]?[jt]sx?$")
_SAMPLE = re.compile(r"\.(example|sample|template|dist|tmpl)$|(^|/)[^/]*\.(example|sample|template)\.[a-z]+$")
_PLACEHOLDER = re.compile(
    r"example|sample|dummy|fake|change[-_ ]?(me|this|it)|place[-_ ]?holder|your[-_ ]?|insert[-_ ]|replace[-_ ]?(me|this|with)|"
    r"todo|redacted|not[-_ ]?(a|the)?[-_ ]?real|x{4,}|\*{4,}|(?P<same>.)(?P=same){5,}|"
    r"0123456|1234567|abcdef|<[^>]*>|\$\{|\$\(|\{\{|%\(",
    re.IGNORECASE,
)
_DEFAULTS = frozenset(
    "password passwd secret postgres mysql root admin user guest rabbitmq redis test mongo letmein".split()
)


def doubt(path: str, text: str, found: Mapping[str, Any]) -> str:
    """The reason in words that hold nothing of the secret, '' for none. `text` is the line, '' when it is not at hand."""
    start, end = max(0, int(found.get("column_start", 1)) - 1), int(found.get("column_end", 0))
    value = text[start:end]
    if value and _PLACEHOLDER.search(value):
        return "it reads like a placeholder"
    if value.strip("'\"").lower() in _DEFAULTS:
        return "it is a word that everybody guesses, as defaults of development are"
    if _SAMPLE.search(path):
        return "it lies in a sample file"
    return TESTS if is_test(path) or _FIXTURE.search(path) else ""
