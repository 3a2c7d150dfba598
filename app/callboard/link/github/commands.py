"""The commands of a step's script, as far as they can be told without running a shell."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

MOST_COMMANDS = 60
MOST_LETTERS = 20_000
LONGEST = 300
ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
APART = re.compile(r"&&|\|\||[;|\n]")
SCRIPTS = frozenset(("npm", "pnpm", "yarn", "bun"))
# Words that run the command behind them: how many words of their own they take besides options.
RUNNERS = {
    ("uv", "run"): 2, ("poetry", "run"): 2, ("pdm", "run"): 2, ("hatch", "run"): 2, ("pipenv", "run"): 2, ("rye", "run"): 2,
    ("pipx", "run"): 2, ("uvx",): 1, ("npx",): 1, ("bunx",): 1, ("pnpm", "exec"): 2, ("pnpm", "dlx"): 2, ("yarn", "exec"): 2,
    ("npm", "exec"): 2, ("bundle", "exec"): 2, ("coverage", "run"): 2, ("xvfb-run",): 1, ("sudo",): 1, ("time",): 1, ("env",): 1,
    ("exec",): 1,
}  # fmt: skip
VALUED = frozenset(("--with", "--group", "--extra", "--python", "-p", "--package", "--from", "--source", "--rcfile"))
PYTHON = re.compile(r"(?:.*/)?python(?:\d(?:\.\d+)?)?")
BRANCHES = frozenset(("if", "then", "else", "elif", "fi", "do", "done", "while", "for", "case", "esac", "!", "{", "}"))


@dataclass(frozen=True, slots=True)
class Command:
    """One command: the `program` that does the work, the words behind it, and how the file writes it.

    Runners are taken off: `poetry run pytest -x` and `python -m pytest -x` are both `pytest` with ('-x',). A script of a
    package.json is the program 'npm' with its name, whoever runs it.
    """

    program: str
    words: tuple[str, ...]
    text: str


def commands_of(script: str) -> list[Command]:
    """The commands of a script, in order, at most MOST_COMMANDS; what cannot be taken apart is one command as it stands."""
    found: list[Command] = []
    for line in _lines(EXPRESSION.sub("EXPRESSION", script[:MOST_LETTERS])):
        if len(found) >= MOST_COMMANDS:
            break
        text = " ".join(line.split())[:LONGEST]
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            words = line.split()
        program, rest = _unwrapped(words)
        if program:
            found.append(Command(program, tuple(rest), text))
    return found


def _lines(script: str) -> Iterator[str]:
    """The script cut at line ends and operators that stand outside of quotes; the body of a here-document is left out."""
    joined = re.sub(r"\\\r?\n", " ", script)
    ending = ""
    for line in joined.splitlines():
        if ending:
            ending = "" if line.strip() == ending else ending
            continue
        here = re.search(r"<<-?\s*(['\"]?)([A-Za-z_]\w*)\1", line)
        if here is not None:
            ending = here.group(2)
            line = line[: here.start()]
        yield from _pieces(line)


def _pieces(line: str) -> Iterator[str]:
    quote, start, place = "", 0, 0
    while place < len(line):
        letter = line[place]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "#" and (place == 0 or line[place - 1].isspace()):
            break
        elif (cut := APART.match(line, place)) is not None:
            if line[start:place].strip():
                yield line[start:place].strip()
            start = cut.end()
            place = cut.end() - 1
        place += 1
    if line[start:place].strip():
        yield line[start:place].strip()


def _unwrapped(words: list[str]) -> tuple[str, list[str]]:
    rest = list(words)
    for _ in range(8):
        while rest and (ASSIGNED.match(rest[0]) or rest[0] in BRANCHES):
            rest.pop(0)
        if not rest:
            return "", []
        taken = next((n for runner, n in RUNNERS.items() if tuple(_name(w) for w in rest[: len(runner)]) == runner), 0)
        if taken:
            rest = _without_options(rest[taken:])
            continue
        if PYTHON.fullmatch(rest[0]):
            if len(rest) > 2 and rest[1] == "-m":
                rest = rest[2:]
                continue
            return "python", rest[1:]
        break
    name = _name(rest[0])
    if name in SCRIPTS:
        return _script(name, rest[1:])
    return name, rest[1:]


def _name(word: str) -> str:
    return word.rstrip("/").rpartition("/")[2].removesuffix(".exe") or word


def _without_options(words: list[str]) -> list[str]:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "--":
            break
        if option == "-m":
            return ["python", "-m", *rest]
        if option in VALUED and rest:
            rest.pop(0)
    return rest


def _script(name: str, words: list[str]) -> tuple[str, list[str]]:
    """`yarn lint`, `pnpm run lint` and `npm run lint` are the same script; installing is 'npm' with 'ci' or 'install'."""
    rest = list(words)
    folder: list[str] = []
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in ("--prefix", "-C", "--cwd", "--filter", "-F", "-w", "--workspace") and rest:
            folder = [rest.pop(0)]
    if rest and rest[0] in ("run", "run-script", "workspace", "workspaces"):
        rest.pop(0)
        while rest and rest[0].startswith("-"):
            rest.pop(0)
    if not rest:
        return "npm", ["install", *folder]
    if name != "npm" and rest[0] in ("add", "i"):
        rest[0] = "install"
    return "npm", rest
