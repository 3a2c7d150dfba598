"""What the words of a symptom say of its cause: tokens that another symptom of the same cause says too.

A token is a plain match of what tools say, never a guess by likeness. A strong token joins whatever says it; see
`callboard.core.correlate` for what joins the rest.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from callboard.core.case_facts import Symptom
from callboard.core.correlate_host import Token, host_clues, vague_of

LONGEST = 4_000
MOST_TOKENS = 12
MOST_QUOTED = 40
UNPARSABLE = ("unparsable", "syntax", "parse-error", "syntax-error", "invalid-syntax", "E999")

CAUSES = ("file", "module", "setting", "host", "service")
AT_START = ("test-start", "test-collection")

_TEST = re.compile(r"(?:^|[/._-])(?:tests?|spec|__tests__|conftest)(?:[/._-]|$)")

_ENDS = "py|pyi|js|mjs|cjs|jsx|ts|tsx|json|toml|ya?ml|ini|cfg|rb|go|rs|java|php|sh|sql|html?"
_SOURCE = rf"(?:[\w@.+-]+/)*[\w@+-][\w@.+-]*\.(?:{_ENDS})"
_INSIDE = re.compile(rf"\((?:in )?({_SOURCE}):(\d{{1,7}})\)")
_MODULE = (
    re.compile(r"No module named ['\"]?([A-Za-z_][\w.]{0,200})"),
    re.compile(r"Cannot find (?:module|package) ['\"]([^'\"\s]{1,200})['\"]"),
    re.compile(r"Can(?:no|')t resolve ['\"]([^'\"\s]{1,200})['\"]"),
    re.compile(r"(?:library stub|implementation or library stub) for module named ['\"]([\w.]{1,200})['\"]"),
    re.compile(r"\b(?:Import|Module) ['\"`]([\w.]{1,200})['\"`] (?:could not be resolved|not found)"),
    re.compile(r"^['\"]([\w.-]{1,200})['\"] imported but missing from the dependency definitions"),
    re.compile(r"No matching distribution found for ([A-Za-z0-9][\w.-]{0,200})"),
    re.compile(r"could not find a version (?:of|that satisfies the requirement) ['\"]?([A-Za-z0-9][\w.-]{0,200})", re.IGNORECASE),
    re.compile(r"\bneeds the package ([A-Za-z0-9][\w.-]{0,200})"),
)  # fmt: skip
_NAME = (
    re.compile(r"cannot import name ['\"](\w{1,200})['\"] from (?:partially initialized module )?['\"]([\w.]{1,200})['\"]"),
    re.compile(r"[Mm]odule ['\"]([\w.]{1,200})['\"] has no attribute ['\"](\w{1,200})['\"]"),
    re.compile(r"(?:type object )?['\"](?:type\[)?([\w.]{1,200})\]?['\"](?: object)? has no attribute ['\"](\w{1,200})['\"]"),
    re.compile(r"requested module ['\"]([^'\"]{1,200})['\"] does not provide an export named ['\"](\w{1,200})['\"]"),
    re.compile(r"has no exported member ['\"](\w{1,200})['\"]"),
)  # fmt: skip
_PIN = re.compile(
    r"requires a different Python: \S{1,40} not in ['\"]([^'\"]{1,100})['\"]|[Rr]equires[- ][Pp]ython:? ?([<>=!~][^\s;'\")]{1,60})"
)
_NO_FILE = (
    re.compile(r"No such file or directory:? (?:\(os error 2\):? )?['\"]?([^\s'\"():;,]{1,400})"),
    re.compile(r"ENOENT: no such file or directory, \w+ ['\"]([^'\"]{1,400})['\"]"),
    re.compile(r"Template(?:NotFound|DoesNotExist): ['\"]?([^\s'\":;]{1,300})"),
    re.compile(
        r"can(?:no|')t (?:open|stat|access|read) (?:file )?['\"‘]?([^\s'\"’:]{1,400})['\"’]?(?: for \w+)?:(?: \[Errno 2\])? No such"
    ),
    re.compile(r"(?:^|(?<!for)[\s:(])['\"‘]?([^\s'\"’‘:()]{2,400})['\"’]?: No such file or directory"),
    re.compile(r"spawn(?:Sync)? ([^\s'\":]{1,400}) ENOENT"),
)
_DENIED = (
    re.compile(r"Permission denied: (?:\w*Path\()?['\"]([^'\"]{1,400})['\"]"),
    re.compile(r"EACCES: permission denied, \w+ ['\"]([^'\"]{1,400})['\"]"),
    re.compile(r"spawn(?:Sync)? ([^\s'\":]{1,400}) EACCES"),
    re.compile(r"(?:^|[\s:(])['\"‘]?([^\s'\"’‘:()]{2,400})['\"’]?: Permission denied"),
    re.compile(r"cannot (?:open|create|execute) ['\"‘]?([^\s'\"’:]{1,400})['\"’]?: Permission denied"),
)
_PROGRAM = (
    re.compile(r"(?:\d|line \d+|sh|bash|[\w-]+\.sh): ([A-Za-z][\w.+-]{0,100}): (?:command )?not found\b"),
    re.compile(r"\b(?:command not found|zsh: command not found): ([A-Za-z][\w.+-]{0,100})"),
    re.compile(r"\benv: ['\"‘]?([A-Za-z][\w.+-]{0,100})['\"’]?: No such file"),
    re.compile(r"spawn(?:Sync)? ([A-Za-z][\w.+-]{0,100}) ENOENT"),
)
_UPPER = "[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
_SETTING = (
    re.compile(rf"KeyError: ['\"]({_UPPER})['\"]"),
    re.compile(rf"\bdoes not (?:set|define) ['\"`]({_UPPER})['\"`]"),
    re.compile(r"[Ee]nvironment variables?:? ['\"`]?([A-Z][A-Z0-9_]{2,100})"),
    re.compile(
        rf"\b['\"`]?({_UPPER})['\"`]? (?:is|was|must be) (?:not set|missing|required|unset|undefined|set\b)"
    ),
    re.compile(r"\b[Mm]issing (?:required )?(?:setting|variable|env(?:ironment)?)[\w ]*:? ['\"`]?([A-Z][A-Z0-9_]{2,100})"),
    re.compile(rf"['\"`]({_UPPER})['\"`]?.{{0,90}}?\b(?:no default|defined nowhere|nowhere (?:set|defined)|not defined)"),
    re.compile(r"setting ['\"`]([A-Z][\w.-]{2,100})['\"`]"),
    re.compile(r"The ([A-Z][A-Z0-9_]{2,100}) setting must"),
    re.compile(rf"(?:^|[\s:])(?:line )?\d+: ({_UPPER}): (?!(?:command )?not found)"),  # ${NAME:?words} of a shell
    re.compile(rf"({_UPPER}): (?:unbound variable|parameter (?:null or )?not set)"),
)  # fmt: skip
_MAKE = re.compile(
    r"(?:^|[\s:])((?:[\w.+-]+/)*(?:GNU)?[Mm]akefile|(?:[\w.+-]+/)*[\w.+-]+\.mk):\d+: \*\*\* "
    r"(?:missing|unterminated|mixed|empty|commands)"
)
_SHELL = re.compile(
    r"(?:^|: )((?:[\w@.+-]+/)*[\w@+-][\w@.+-]*): (?:line )?\d+: (?:((?:[\w@.+-]+/)*[\w@+-][\w@.+-]*): )?[Ss]yntax error\b"
)
_RAISED = re.compile(
    r"(?:^|[\s:;(])((?:[a-z_]\w*\.)*[A-Z]\w*"
    r"(?:Error|Exception|NotFound|Warning|Exit|Interrupt|Timeout|DoesNotExist|Refused)): ?(.*)",
    re.DOTALL,
)
_TABLE = re.compile(
    r"no such (table|column): ['\"]?([\w.]{1,200})|(relation|column|table) ['\"]([\w.]{1,200})['\"] (?:of .{1,200} )?"
    r"(?:does not|doesn't) exist",
    re.IGNORECASE,
)
_SERVER_ERROR = re.compile(r"\bstatus:? 5\d\d\b|\banswers? 5\d\d\b|\b[Ss]erver error\b|\bHTTP 5\d\d\b")
_ROUTE = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (/[^\s:;,]{0,300})")
_FIXTURE = re.compile(r"fixture ['\"](\w{1,200})['\"] not found")
_DECODE = (
    (
        "json",
        re.compile(
            r"JSONDecodeError|in JSON at position|is not valid JSON"
            r"|Unexpected (?:token|end|string|number|non-whitespace).{0,80}JSON"
        ),
    ),
    ("toml", re.compile(r"TOMLDecodeError|TomlDecodeError|toml(?:lib)?\.\w*Error")),
    ("yaml", re.compile(r"yaml\.(?:\w+\.)*\w*Error|YAMLException|while parsing a (?:flow|block)")),
    ("ini", re.compile(r"configparser\.\w+Error|MissingSectionHeaderError")),
)  # fmt: skip
_SUFFIX = {".json": "json", ".toml": "toml", ".yml": "yaml", ".yaml": "yaml", ".ini": "ini", ".cfg": "ini"}
_COMMITTED = re.compile(
    r"\b(?:env|secrets?|credentials?|environment)\b.{0,60}\b(?:is|are) (?:tracked by|committed to|checked in(?:to)?) git",
    re.IGNORECASE,
)
_TRIES = re.compile(r" \(failed in all of \d+ tries\)|; fails since [0-9a-f]{6,12}|; its quarantine ended on \S+")
_NOISE = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]{12,64}\b|\d+")
_QUOTED = re.compile(r"['\"`‘“]([A-Za-z_]\w{2,100})(?=['\"`’”])")
_ABSOLUTE = re.compile(r"(?:/[\w.@~+-]+){2,}/([\w.@~+-]+)")


@dataclass(frozen=True, slots=True)
class Clues:
    """What a symptom says of its cause.

    `strong` tokens join; `decodes` is the format that could not be read, `frames` are the places of the workspace that the words
    name besides the symptom's own, `raised` the type of the exception, `quoted` the names that stand in quotes, `vague` a token
    that says less than that of others, `said` what each token means in words.
    """

    strong: tuple[Token, ...] = ()
    decodes: str = ""
    frames: tuple[tuple[str, int], ...] = ()
    raised: str = ""
    quoted: frozenset[str] = frozenset()
    vague: Token | None = None
    said: dict[Token, str] = field(default_factory=dict)


@lru_cache(maxsize=60_000)  # of all that stands at once: with less room each turn would read every message anew
def _clues(kind: str, rule: str, path: str, line: int, message: str) -> Clues:
    text = _TRIES.sub("", message[:LONGEST])
    frames = tuple((found, int(number)) for found, number in _INSIDE.findall(text))
    said: dict[Token, str] = {}
    for token, words in _tokens(kind, rule, path, line, text, frames):
        if len(said) < MOST_TOKENS:
            said.setdefault(token, words)
    raised = _RAISED.search(text)
    decodes = next((name for name, pattern in _DECODE if pattern.search(text)), "")
    if any(token[0] == "file" for token in said):
        decodes = ""
    quoted = frozenset(_QUOTED.findall(text)[:MOST_QUOTED])
    vague = None if said and any(token[0] in CAUSES for token in said) else vague_of(text)
    found = tuple(said)
    if vague is not None:
        said[vague[0]] = vague[1]
    name = raised[1].rpartition(".")[2] if raised else ""
    return Clues(found, decodes, frames, name, quoted, vague[0] if vague else None, said)


def clues_of(symptom: Symptom) -> Clues:
    """The clues in a symptom's rule, place and message."""
    return _clues(symptom.kind, symptom.rule, symptom.path, symptom.line, symptom.message)


def is_server_error(text: str) -> bool:
    """Whether the words tell of an answer that is the server's own fault."""
    return _SERVER_ERROR.search(text) is not None


def format_of(path: str) -> str:
    """'json' for data/prices.json, '' for what holds no data."""
    dot = path.rfind(".")
    return _SUFFIX.get(path[dot:].lower(), "") if dot >= 0 else ""


def _tokens(
    kind: str, rule: str, path: str, line: int, text: str, frames: tuple[tuple[str, int], ...]
) -> Iterator[tuple[Token, str]]:
    broken = _broken(rule, path, text, frames)
    if broken:
        yield ("file", broken), f"{broken} cannot be read"
        return
    if path and kind in ("finding", "ingested") and _COMMITTED.search(text):
        yield ("committed", path), f"{path} is in git, where it should not be"
        return
    modules = list(_modules(text))
    yield from modules
    names = list(_names(text)) if not modules else []
    yield from names
    settings = dict.fromkeys(match[1] for pattern in _SETTING for match in pattern.finditer(text))
    for name in settings:
        yield ("setting", name), f"{name} is not set, or is called otherwise"
    pin = _PIN.search(text)
    if pin is not None:
        settings["requires-python"] = None
        yield ("setting", "requires-python"), f"the Python that is here does not fit {(pin[1] or pin[2])[:60]}"
    programs = list(_programs(text)) if kind == "task" and not modules else []
    yield from programs
    lacks = list(_lacks(text)) if not modules else []
    yield from lacks
    hosts = list(host_clues(kind, rule, text))
    yield from hosts
    table = _TABLE.search(text)
    if table:
        what, which = (table[1], table[2]) if table[1] else (table[3], table[4])
        yield ("table", which.lower()), f"the database has no {what.lower()} {which}"
    route = _ROUTE.search(text) if is_server_error(text) else None
    if route:
        yield ("route", f"{route[1]} {route[2]}"), f"{route[1]} {route[2]} ends in a server error"
    fixture = _FIXTURE.search(text)
    if fixture:
        yield ("fixture", fixture[1]), f"there is no fixture '{fixture[1]}'"
    if not (modules or names or settings or programs or hosts or table or fixture):
        yield from _same_place(kind, rule, path, line, text, frames)


def _broken(rule: str, path: str, text: str, frames: tuple[tuple[str, int], ...]) -> str:
    """The file that cannot be read as what it should be, '' for none."""
    if path and (rule in UNPARSABLE or rule.startswith("invalid-")):
        return path
    if re.search(r"\b(?:SyntaxError|IndentationError|TabError)\b", text) and not re.search(
        r"does not provide an export|JSON|Cannot use import statement", text
    ):
        return frames[-1][0] if frames else path
    make = _MAKE.search(text) if rule.startswith("task-") else None
    if make is not None:
        return make[1].removeprefix("./")
    shell = _SHELL.search(text) if rule.startswith("task-") else None
    return (shell[2] or shell[1]).removeprefix("./") if shell else ""


def _modules(text: str) -> Iterator[tuple[Token, str]]:
    for pattern in _MODULE:
        for match in pattern.finditer(text):
            name = match[1].rstrip(".")
            if name.startswith((".", "/")):  # a file of the workspace
                last = name.rpartition("/")[2]
                yield ("missing", last), f"{last} is not there, or may not be read"
                continue
            package = "/".join(name.split("/")[: 2 if name.startswith("@") else 1])
            yield ("module", package.lower().replace("-", "_")), f"the module {package} is not there"


def _programs(text: str) -> Iterator[tuple[Token, str]]:
    """Programs that a shell or a parent did not find."""
    for pattern in _PROGRAM:
        for match in pattern.finditer(text):
            yield ("module", match[1].lower().replace("-", "_")), f"the program {match[1]} is not there"
            yield ("missing", match[1]), f"{match[1]} is not there"


def _lacks(text: str) -> Iterator[tuple[Token, str]]:
    """Files that are not there, or may not be read, by their names."""
    for patterns, words in (
        (_NO_FILE, "is not there, or may not be read"),
        (_DENIED, "may not be read, written or run"),
    ):
        for pattern in patterns:
            for match in pattern.finditer(text):
                name = match[1].replace("\\", "/").rstrip("/.,").rpartition("/")[2]
                if name and not name.isdigit():
                    yield ("missing", name), f"{name} {words}"


def _names(text: str) -> Iterator[tuple[Token, str]]:
    for nth, pattern in enumerate(_NAME):
        for match in pattern.finditer(text):
            groups = match.groups()
            if nth == 4:
                name, owner = groups[0], ""
            else:
                name, owner = groups if nth == 0 else (groups[1], groups[0])
            last = re.sub(r"\.(?:[mc]?[jt]sx?|py)$", "", owner.rpartition("/")[2]).rpartition(".")[2] if owner else ""
            yield ("name", f"{last}.{name}"), f"{last or 'it'} has no {name}"


def _same_place(
    kind: str, rule: str, path: str, line: int, text: str, frames: tuple[tuple[str, int], ...]
) -> Iterator[tuple[Token, str]]:
    """The same exception with the same words at the same innermost place."""
    raised = _RAISED.search(text)
    name = raised[1].rpartition(".")[2] if raised is not None else ""
    place = frames[-1] if frames else None
    if (
        place is None
        and path
        and line
        and (kind != "test" or rule in AT_START or (not name and not _TEST.search(path)))
    ):
        place = (path, line)
    words = plain(_INSIDE.sub("", raised[2] if raised is not None else text.partition(": ")[2]))
    if place is None and rule == "test-error" and name not in ("", "AssertionError"):
        yield ("setup", f"{name}: {words}"), f"the setup of tests ends with {name}"
    if place is None or not words or name == "AssertionError" or (raised is None and kind != "test"):
        return
    yield ("raised", f"{words} at {place[0]}:{place[1]}"), f"{name or 'an error'} at {place[0]}:{place[1]}"


def plain(text: str) -> str:
    """The first line of a message without numbers, addresses and folders, for comparing."""
    first = text.strip().split("\n", 1)[0].split("; ", 1)[0]
    return _NOISE.sub("#", _ABSOLUTE.sub(r"…/\1", first)).strip()[:200]
