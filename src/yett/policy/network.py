"""Hosts and addresses: what `host_in` and `cidr_in` see in a URL and in an address. Pure.

Two programs that read one text differently are an attack: the gate judges one host, the server connects to another. So a text is
judged only if every careful reader agrees on it; any other is ILL (`None` here).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from types import ModuleType
from typing import Final, TypeAlias

from yett.policy.errors import LiteralError

HOST_CHARS_MAX: Final = 1_000
"""Longest host text that is looked into: UTS 46 may drop characters, DNS ends at 253, and punycode takes quadratic time."""
_NAME_CHARS_MAX: Final = 253
_PORT_MAX: Final = 65_535

_UNSAFE: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\\]")
_URL: Final = re.compile(r"[hH][tT][tT][pP][sS]?://([^/?#]+)")
_AUTHORITY: Final = re.compile(r"(\[[^\[\]]*\]|[^\[\]:@%]+)(?::([0-9]{0,5}))?")
_LABEL: Final = re.compile(r"[a-z0-9_-]{1,63}")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")

_Block: TypeAlias = tuple[int, int, int]
"""IP version, network address, and mask."""


def canonical_ip(address: IPv4Address | IPv6Address) -> str:
    """The one text of an address that counts: dotted decimal, or RFC 5952 (IPv4-mapped as `::ffff:a.b.c.d`)."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return f"::ffff:{address.ipv4_mapped}"
    return str(address)


def parse_ip(text: str) -> IPv4Address | IPv6Address | None:
    """The address that `text` is the canonical form of, IPv4-mapped ones as IPv4; None for everything else."""
    try:
        address = IPv6Address(text) if ":" in text else IPv4Address(text)
    except ValueError:
        return None
    if canonical_ip(address) != text or "%" in text:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _idna() -> ModuleType:
    """The IDNA tables, loaded when the first name outside ASCII is met: few policies need them."""
    import idna  # noqa: PLC0415 - 5 MB of tables

    return idna


def _ascii_name(text: str) -> str | None:
    """`text` after UTS 46 (non-transitional) as lower-case ASCII labels without the root dot; None where it is not valid."""
    if len(text) > HOST_CHARS_MAX:
        return None
    try:
        mapped = text.lower() if text.isascii() else str(_idna().uts46_remap(text, std3_rules=False))
        labels = mapped.removesuffix(".").split(".")
        name = ".".join(_ascii_label(label) for label in labels)
    except ValueError:  # idna's errors are ValueErrors too
        return None
    return name if 0 < len(name) <= _NAME_CHARS_MAX else None


def _ascii_label(label: str) -> str:
    """The label as it goes into DNS; ValueError where it may not."""
    if not label.isascii() or label.startswith("xn--"):
        label = str(_idna().alabel(label), "ascii")
    if _LABEL.fullmatch(label) is None:
        raise ValueError("not a label of a host name")
    return label


def _parse_host(text: str) -> str | None:
    """The one text that stands for this host: an ASCII name, or an address; None where it is neither, or not in normal form."""
    if text.startswith("["):
        address = parse_ip(text[1:-1]) if ":" in text else None
        return None if address is None else str(address)
    name = _ascii_name(text)
    if name is None:
        return None
    if _NUMBER.fullmatch(name.rpartition(".")[2]) is None:
        return name
    # Readers take `0x7f.1`, `2130706433` and full-width digits for addresses: only the one plain form is judged.
    return name if name == text.removesuffix(".") and parse_ip(name) is not None else None


def host_of(url: str) -> str | None:
    """The host that every client would connect to for this absolute http(s) URL; None where that is in doubt."""
    head = _URL.match(url)
    if head is None or _UNSAFE.search(url) is not None:
        return None
    parts = _AUTHORITY.fullmatch(head[1])
    if parts is None or int(parts[2] or 0) > _PORT_MAX:
        return None
    return _parse_host(parts[1])


@dataclass(frozen=True, slots=True)
class HostSet:
    """The literal of `host_in`: exact hosts, and domains whose names below them count."""

    hosts: frozenset[str]
    domains: frozenset[str]
    """Of `*.example.com`: `example.com`."""

    @classmethod
    def parse(cls, literals: Iterable[str]) -> HostSet:
        """The set of these literals; `LiteralError` names the first that is neither a host nor `*.` and a host name."""
        hosts, domains = set(), set()
        for index, literal in enumerate(literals):
            if literal.startswith("*."):
                domains.add(_literal_domain(index, literal))
            else:
                hosts.add(_literal_host(index, literal))
        return cls(frozenset(hosts), frozenset(domains))

    def judge(self, url: str) -> bool | None:
        """Whether the URL's host is in the set; None for everything that is not plainly an absolute http(s) URL."""
        host = host_of(url)
        if host is None:
            return None
        return host in self.hosts or (bool(self.domains) and self._is_below(host))

    def _is_below(self, host: str) -> bool:
        dot = host.find(".")
        while dot != -1:
            if host[dot + 1 :] in self.domains:
                return True
            dot = host.find(".", dot + 1)
        return False


def _literal_host(index: int, literal: str) -> str:
    bracketed = f"[{literal}]" if ":" in literal and not literal.startswith("[") else literal
    host = _parse_host(bracketed)
    if host is None:
        raise LiteralError(index, _why_no_host(literal))
    return host


def _literal_domain(index: int, literal: str) -> str:
    domain = _parse_host(literal[2:])
    if domain is None or parse_ip(domain) is not None:
        raise LiteralError(index, _why_no_host(literal))
    return domain


def _why_no_host(literal: str) -> str:
    if "://" in literal or "/" in literal:
        return f"`{literal}` is not a host: write the host alone, without scheme and path"
    if re.fullmatch(r".*[^:]:[0-9]+|\[.*\]:[0-9]*", literal):
        return f"`{literal}` is not a host: leave the port out, it is ignored"
    if "*" in literal:
        return f"`{literal}` is not a host pattern: `*` stands only in front, as in `*.example.com`"
    return f"`{literal}` is not a host name or an address in canonical form"


@dataclass(frozen=True, slots=True)
class CidrSet:
    """The literal of `cidr_in`: blocks of addresses."""

    blocks: tuple[_Block, ...]

    @classmethod
    def parse(cls, literals: Iterable[str]) -> CidrSet:
        """The set of these blocks; `LiteralError` names the first that is no block or has host bits."""
        return cls(tuple(_parse_block(index, literal) for index, literal in enumerate(literals)))

    def judge(self, text: str) -> bool | None:
        """Whether the address is in a block; None for everything that is not an address in canonical form."""
        address = parse_ip(text)
        if address is None:
            return None
        version, number = address.version, int(address)
        return any(version == kind and number & mask == network for kind, network, mask in self.blocks)


_BLOCK: Final = re.compile(r"[0-9A-Fa-f:.]+/(0|[1-9][0-9]{0,2})")
_MAPPED_BITS: Final = 96


def _parse_block(index: int, literal: str) -> _Block:
    if _BLOCK.fullmatch(literal) is None:
        hint = "an address needs its length, as in `10.0.0.1/32`" if parse_ip(literal) else "write it as `10.0.0.0/8`"
        raise LiteralError(index, f"`{literal}` is not a CIDR block: {hint}")
    try:
        block = ip_network(literal, strict=False)
    except ValueError:
        raise LiteralError(index, f"`{literal}` is not a CIDR block: write it as `10.0.0.0/8`") from None
    if block.network_address != ip_address(literal.partition("/")[0]):
        raise LiteralError(index, f"`{literal}` has host bits: write `{block}`")
    network, mask = int(block.network_address), int(block.netmask)
    mapped = block.network_address.ipv4_mapped if isinstance(block.network_address, IPv6Address) else None
    if mapped is not None and block.prefixlen >= _MAPPED_BITS:  # such addresses are judged as IPv4, so is the block
        return 4, int(mapped), mask & 0xFFFF_FFFF
    return block.version, network, mask
