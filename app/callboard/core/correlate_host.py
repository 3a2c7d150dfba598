"""What the words of a failure say of the machine that it ran on, and of the services that it asked.

A condition of the host is one cause whatever stumbles over it. Where one tool names the port and another only says that an
address is taken, or that nobody answered, the latter is `vague`: it goes to the only one that is named, if it is the only one.
"""

import re
from collections.abc import Iterator

Token = tuple[str, str]
HOST = (
    (
        "disk", "the disk is full",
        re.compile(r"No space left on device|ENOSPC|\bdisk (?:is )?full|Disk quota exceeded|EDQUOT"),
    ),
    ("read-only", "a file system may only be read", re.compile(r"[Rr]ead-only file ?system|EROFS")),
    (
        "memory", "memory ran out",
        re.compile(
            r"\bMemoryError\b|[Oo]ut of memory|Cannot allocate memory|ENOMEM|memory limit|heap limit|\bOOM\b|std::bad_alloc"
            r"|\bexit(?:ed with)?(?: code| status)? 137\b|\bsignal 9\b|\bSIGKILL\b|^Killed$|: Killed$"
        ),
    ),
    (
        "lock", "a database is held by another program",
        re.compile(r"\bdatabase (?:table )?is locked\b|SQLITE_BUSY|Lock wait timeout exceeded|could not obtain lock on"),
    ),
    ("files", "too many files are open", re.compile(r"Too many open files|EMFILE|ENFILE")),
    (
        "processes", "no more processes or threads may be started",
        re.compile(r"can't start new thread|[Cc]annot fork|fork: (?:retry: )?Resource temporarily|pthread_create failed"),
    ),
    (
        "clock", "the clock is wrong, or a certificate is of another time",
        re.compile(
            r"certificate is not yet valid|CERT_NOT_YET_VALID|[Cc]lock skew|certificate has expired|CERT_HAS_EXPIRED"
            r"|is not yet valid \((?:iat|nbf)\)|Request(?:Time)?TooSkewed|Release file .{0,300}is not valid yet"
        ),
    ),
)  # fmt: skip
RULES = {("disk-low", "disk"), ("pressure", "memory"), ("task-memory", "memory")}
_NO_NETWORK = re.compile(
    r"[Tt]emporary failure in name resolution|[Nn]ame or service not known|nodename nor servname|getaddrinfo|ENOTFOUND|EAI_AGAIN"
    r"|[Nn]etwork is unreachable|ENETUNREACH|No address associated with hostname|[Cc]ould not resolve (?:host|proxy)"
    r"|[Nn]o route to host|EHOSTUNREACH|[Uu]nable to resolve host|bad address '|no such host\b|ERR_NAME_NOT_RESOLVED"
)
_PORT_TAKEN = re.compile(
    r"[Aa]ddress (?:is )?already in use|EADDRINUSE|port is already allocated|[Pp]ort \d+ is (?:already )?(?:in use|taken)"
)
_REFUSED = re.compile(
    r"[Cc]onnection refused|ECONNREFUSED|ConnectionRefusedError|[Ff]ailed to establish a new connection"
    r"|[Ff]ailed to connect to|[Cc]ould(?:n't| not) connect to server|[Cc]onnection timed out|ETIMEDOUT|(?:^|: )fetch failed\b"
)
_LATE = re.compile(
    r"\b[Rr]ead timed out\b|curl: \(28\)|\bReadTimeout\b|TimeoutError: (?:The read operation )?timed out\b"
    r"|socket\.timeout: timed out|operation was aborted due to timeout|\bUND_ERR_(?:HEADERS|BODY)_TIMEOUT\b|\bESOCKETTIMEDOUT\b"
    r"|\bClient\.Timeout exceeded\b|java\.net\.SocketTimeoutException"
)
_AWAY = re.compile(
    r"HTTP Error (50[234])\b|returned error: (50[234])\b|status code:? (50[234])\b|\b(50[234]) (?:Server Error"
    r"|Service Unavailable|Bad Gateway|Gateway Time-?out)|\bHTTP[ /](?:\d(?:\.\d)? )?(50[234])\b|\bE(50[234])\b"
)
_PORT = re.compile(
    r"\b[Pp]ort[ =:]+(\d{1,5})\b|(?:\]|:|localhost|[\w-]+(?:\.[\w-]+)+|\*|(?<![\w.)])):(\d{2,5})\b(?!:?\d|\w|\.\d)"
)
_PLACE = re.compile(
    r"\((?:in )?[^()\s]{1,400}:\d{1,7}\)"
    r"|[\w./-]{1,200}\.(?:pyi?|[mc]?[jt]sx?|rb|go|rs|java|kt|php|sh|sql|c|cc|cpp|h|lua|ex|vue):\d{1,7}(?::\d{1,7})?\b"
)
TAKEN, ANY_SERVICE, IN_TIME = ("host", "port"), ("service", ""), ("service", "in time")


def host_clues(kind: str, rule: str, text: str) -> Iterator[tuple[Token, str]]:
    """The tokens that name a condition of the host or a service, each with its words."""
    for name, words, pattern in HOST:
        if pattern.search(text) or (rule, name) in RULES:
            yield ("host", name), words
    port = port_of(text)
    away = _AWAY.search(text) if kind in ("task", "test") else None
    if _NO_NETWORK.search(text):
        yield ("host", "network"), "a name on the network is not found, or there is no network"
    elif _PORT_TAKEN.search(text):
        yield ("host", f"port {port}" if port else "port"), f"port {port} is taken" if port else "a port is taken"
    elif _REFUSED.search(text):
        if port:
            yield ("service", f"port {port}"), f"nobody answers at port {port}"
    elif away is not None:
        code = next(filter(None, away.groups()))
        yield ("service", f"answers {code}"), f"a service that is needed answers {code}"


def vague_of(text: str) -> tuple[Token, str] | None:
    """What the words tell of a service without saying which, with its meaning; None when they say it, or tell of none."""
    if _NO_NETWORK.search(text):
        return None
    if _LATE.search(text):
        return IN_TIME, "a service that is needed does not answer in time"
    if not _REFUSED.search(text) or port_of(text):
        return None
    return ANY_SERVICE, "nobody answers at an address"


def port_of(text: str) -> str:
    """The port that the words name, '' for none; lines of files are none."""
    found = _PORT.search(_PLACE.sub(" ", text))
    return (found[1] or found[2]) if found else ""
