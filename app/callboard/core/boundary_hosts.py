"""How a host may be spelled, and which spellings mean the same one. No name is looked up here."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost"})
NUMBER = re.compile(r"(?:0x[0-9a-f]*|0[0-7]*|[1-9]\d*)$")
NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Host:
    """A host as one name in small ASCII letters, or as an address; `is_odd` when it was not written plainly."""

    name: str
    address: Address | None = None
    is_odd: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine, by its name or its address."""
        if self.address is not None:
            return self.address.is_loopback
        return self.name in LOOPBACK_NAMES or self.name.endswith(".localhost")

    @property
    def is_here(self) -> bool:
        """The same, or the address 'any', which leads here too."""
        return self.is_loopback or (self.address is not None and self.address.is_unspecified)


def host_of(text: str) -> Host:
    """The host that a text names: a name (also punycode, a dot at its end), an IP in any of the spellings that resolvers take."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    bare = plain.strip("[]").partition("%")[0].rstrip(".")
    found = _address(bare)
    if found is not None:
        inner = _inner(found)
        return Host(str(inner), inner, inner != found or str(found) != text.strip("[]").lower())
    try:
        name = bare.encode("idna").decode("ascii") if not bare.isascii() else bare
    except UnicodeError:
        name = bare
    return Host(name, None, "%" in plain or plain != text.lower())


def _address(bare: str) -> Address | None:
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        pass
    words = bare.split(".")
    if not 1 <= len(words) <= 4 or not all(NUMBER.match(word) for word in words):
        return None
    values = [
        int(word[2:] or "0", 16) if word[:2] == "0x" else int(word, 8 if word[0] == "0" else 10) for word in words
    ]
    if any(value > 255 for value in values[:-1]) or values[-1] >= 256 ** (5 - len(values)):
        return None
    number = values[-1]
    for place, value in enumerate(values[:-1]):
        number += value << (8 * (3 - place))
    return ipaddress.IPv4Address(number)


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    number = int(address)
    if address in NAT64 or (number >> 32 == 0 and number > 1):
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    return address


def is_listed(host: Host, known: Iterable[str]) -> bool:
    """Whether a list has the host: by its name, by an address, or by '*.example.org' for all below."""
    return any(_is_same(host, entry) for entry in known)


def _is_same(host: Host, entry: str) -> bool:
    if entry.startswith("*."):
        return host.name.endswith(host_of(entry[2:]).name.join((".", "")))
    other = host_of(entry)
    return host.name == other.name or (host.is_loopback and other.is_loopback)
