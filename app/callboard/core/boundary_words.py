"""What the words of a command and the variables of an environment say about ports and hosts."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,30}://[^\s\"'<>]{1,2000}")
ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,200})=(.*)", re.DOTALL)
PORTS = re.compile(r"(?:^|[-_.])(?:ports?|bind|listen|publish|expose|addr(?:ess)?|serve|host-?port)$", re.IGNORECASE)
SHORT = frozenset({"-p", "-b", "-l", "-P", "-S"})
PORT_NAME = re.compile(r"(?:^|_|^PG)PORTS?$", re.IGNORECASE)
HOST_NAME = re.compile(r"(?:^|_|^PG|^MYSQL)(?:HOST|HOSTNAME|SERVER|ENDPOINT|ADDR|ADDRESS)$", re.IGNORECASE)
HERE = re.compile(r"(?:|\*|0\.0\.0\.0|localhost|127(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\])$")
GIT_NAMES = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
     "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_CONFIG_GLOBAL", "GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND"}
)  # fmt: skip
SERVERS = {"vite": 5173}
OTHER_VITE = frozenset({"build", "optimize", "preview", "--version", "-v", "--help", "-h"})
MOST_WORDS = 2_000
LONGEST_WORD = 20_000


def port_of(value: object) -> int | None:
    """The port that a value means, however it is written; None when it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    text = unicodedata.normalize("NFKC", str(value)).strip().replace("_", "")
    try:
        if re.fullmatch(r"\+?\d{1,9}(?:\.0+)?", text):
            return int(float(text))
        return int(text, 16) if re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", text) else None
    except ValueError:
        return None


def ports_in(text: str) -> Iterator[int]:
    """The ports of 'PORT', 'HOST:PORT' and 'HOST:PORT:INNER' where the host is this machine; of the last two the outer one."""
    port = port_of(text)
    if port is not None:
        yield port
        return
    mapping = text.partition("/")[0]
    host, sign, rest = mapping.rpartition(":")
    if not sign:
        return
    outer_host, inner_sign, outer = host.rpartition(":")
    if not HERE.match(host) and (HERE.match(outer_host) or not inner_sign) and port_of(outer) is not None:
        yield port_of(outer) or 0  # as Docker publishes: [HOST:]OUTER:INNER
    elif HERE.match(host) and port_of(rest) is not None:
        yield port_of(rest) or 0


def bound_ports(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Ports that a command would listen on, as far as its words tell, each with the words that say so."""
    former = ""
    for place, word in enumerate(words[:MOST_WORDS]):
        word = word[:LONGEST_WORD]
        option, sign, value = word.partition("=")
        if word.startswith("-") and sign and PORTS.search(option):
            yield from ((port, word) for port in ports_in(value))
        elif former.startswith("-") and not word.startswith("-"):
            if PORTS.search(former) or former in SHORT:
                yield from ((port, f"{former} {word}") for port in ports_in(word))
        elif word[:2] in SHORT and word[2:3].isdigit():
            yield from ((port, word) for port in ports_in(word[2:]))
        elif place and not word.startswith("-") and former in ("http.server", "runserver", "serve", "listen"):
            yield from ((port, f"{former} {word}") for port in ports_in(word))
        elif ASSIGNED.fullmatch(word):
            name, _, given = word.partition("=")
            yield from ((port, word) for port in named_ports(name, given))
        if word.startswith(("TCP-LISTEN:", "TCP4-LISTEN:", "TCP6-LISTEN:")):
            yield from ((port, word) for port in ports_in(word.partition(":")[2].partition(",")[0]))
        former = word
    yield from _silent(words)
    yield from ((port, text) for inner in _shell(words) for port, text in bound_ports(inner))


def named_ports(name: str, value: object) -> Iterator[int]:
    """Ports that a variable or an option of that name holds."""
    if PORT_NAME.search(name) or PORTS.search(name):
        values = value if isinstance(value, list | tuple) else [value]
        for one in values:
            yield from ports_in(str(one)) if isinstance(one, str) else filter(None, [port_of(one)])


def _silent(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Servers that listen on a port of their own when none is named."""
    for place, word in enumerate(words[:3]):
        program = word.rsplit("/", 1)[-1].removesuffix(".js")
        rest = words[place + 1 :]
        if program in SERVERS and not OTHER_VITE & set(rest[:1]) and not any(w.startswith("--port") for w in rest):
            yield SERVERS[program], f"{program} without --port"


def _shell(words: Sequence[str]) -> Iterator[list[str]]:
    """The commands inside of `sh -c '…'`."""
    for place, word in enumerate(words[:-1]):
        shell = words[0].rsplit("/", 1)[-1] in ("sh", "bash", "dash", "zsh", "ksh", "env")
        if shell and re.fullmatch(r"-[a-z]*c", word):
            inner = words[place + 1][:LONGEST_WORD]
            for part in re.split(r"[;&|\n]+", inner):
                yield [piece.strip("\"'") for piece in part.split()]


def addresses(text: str) -> Iterator[str]:
    """Addresses with a scheme that stand in a text."""
    yield from (
        match[0].rstrip(").,;]}") if "[" not in match[0] else match[0]
        for match in ADDRESS.finditer(text[:LONGEST_WORD])
    )


def hosts_named(given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Variables that name a host, each with the host."""
    for name, value in given.items():
        if HOST_NAME.search(name) and value and "://" not in value:
            yield name, value.strip().rpartition("@")[2]
