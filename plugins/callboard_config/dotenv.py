"""The form of .env files: which names they set, on which lines."""

import re
from dataclasses import dataclass

EXAMPLE = re.compile(r"example|sample|template|dist\b|defaults?|skel|schema", re.IGNORECASE)
_SETTING = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*(?:=\s*(.*)|:\s+(.*))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name with its line; `value` stays in memory and is never shown or kept."""

    name: str
    line: int
    value: str


@dataclass(frozen=True, slots=True)
class EnvText:
    """What a file sets, and the lines that say nothing that could be understood."""

    entries: tuple[Entry, ...]
    bad_lines: tuple[int, ...]


def is_env_name(name: str) -> bool:
    """Whether a file's name is that of an env file: .env, .env.production, prod.env, env.example."""
    return (
        name in (".env", ".flaskenv", "env.example", "env.sample", "env.template", "dotenv.example")
        or (
            name.startswith(".env.")
            and not name.endswith((".py", ".js", ".ts", ".md", ".enc", ".gpg", ".vault", ".age"))
        )
        or (name.endswith(".env") and not name.startswith("."))
        or name in (".env-example", ".env-sample", ".env_example", ".env_sample", ".env-template")
        or (name.endswith((".env.example", ".env.sample", ".env.template")))
    )


def is_example(name: str) -> bool:
    """Whether it documents settings and does not hold them."""
    return EXAMPLE.search(name) is not None


def parse(text: str) -> EnvText:
    """The settings of an env file: comments, `export`, quotes over several lines; later ones win, all are kept."""
    entries: list[Entry] = []
    bad: list[int] = []
    lines = text.removeprefix("\ufeff").splitlines()
    at = 0
    while at < len(lines):
        number, line = at + 1, lines[at]
        at += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _SETTING.match(line)
        if match is None:
            bad.append(number)
            continue
        if match[2] is None and match[3] is None and not line.lstrip().startswith("export "):
            bad.append(number)
            continue
        value = (match[2] or match[3] or "").strip()
        if value[:1] in ("'", '"'):
            quote, value = value[0], value[1:]
            while quote not in value and at < len(lines):
                value += "\n" + lines[at]
                at += 1
            value = value.split(quote, 1)[0]
        else:
            value = re.split(r"\s#", value, maxsplit=1)[0].strip()
            value = "" if value.startswith("#") else value
        entries.append(Entry(match[1], number, value))
    return EnvText(tuple(entries), tuple(bad))
