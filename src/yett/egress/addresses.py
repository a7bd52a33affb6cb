"""Which addresses a URL from outside may lead to: public ones, and what the operator lists. Pure.

The tables are IANA's special-purpose registries, written out: the standard library's `is_global` has changed its mind between
versions, and counts addresses that translators turn into private ones as public.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from yett.errors import OperatorFault
from yett.policy.errors import LiteralError
from yett.policy.network import HostSet

Address: TypeAlias = IPv4Address | IPv6Address
Block: TypeAlias = IPv4Network | IPv6Network

_KINDS_V4: Final = tuple(
    (ip_network(block), kind)
    for block, kind in (
        ("0.0.0.0/8", "an address of this host"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "an address behind a carrier's translator"),
        ("127.0.0.0/8", "a loopback address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "a documentation address"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "a benchmarking address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)
_KINDS_V6: Final = tuple(
    (ip_network(block), kind)
    for block, kind in (
        ("::1/128", "a loopback address"),
        ("::/128", "an address of this host"),
        ("::ffff:0:0/96", "an IPv4 address in IPv6 clothes"),
        ("64:ff9b:1::/48", "a local translator's address"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("ff00::/8", "a multicast address"),
        ("2001::/23", "a tunnel's or a reserved address"),
        ("2001:db8::/32", "a documentation address"),
        ("2002::/16", "a 6to4 address"),
        ("3fff::/20", "a documentation address"),
    )
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")
"""All that is given out; whatever is neither in it nor named above is reserved."""
_NAT64: Final = IPv6Network("64:ff9b::/96")
"""The last 32 bits are the IPv4 address that a translator will connect to (RFC 6052)."""
_METADATA: Final = frozenset(
    ip_address(text)
    for text in (
        *(
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "169.254.0.23",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
        ),
        *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42"),
    )
)
"""Where clouds hand out the machine's own credentials. A block that the operator lists does not open them; each must be named."""


@dataclass(frozen=True, slots=True)
class EgressRules:
    """What the operator allows beside public addresses over https."""

    hosts: HostSet
    """Host names whose addresses are not judged."""
    blocks: tuple[Block, ...]

    @classmethod
    def parse(cls, entries: Iterable[str] = ()) -> EgressRules:
        """The rules of `egress.allow`: host names, `*.example.com`, addresses, CIDR blocks. Errors: `OperatorFault`."""
        names: list[str] = []
        blocks: list[Block] = []
        for entry in entries:
            block = _block(entry)
            if block is None:
                names.append(entry)
            else:
                blocks.append(block)
        try:
            return cls(HostSet.parse(names), tuple(blocks))
        except LiteralError as error:
            raise OperatorFault(
                f"`egress.allow`: {error}; write host names, `*.example.com`, addresses or CIDR blocks"
            ) from error

    def refusal(self, address: Address, *, host_is_listed: bool) -> str | None:
        """What kind of address this is, if nothing may be sent there; None if it may."""
        if isinstance(address, IPv6Address) and address in _NAT64:
            refused = self.refusal(IPv4Address(int(address) & 0xFFFF_FFFF), host_is_listed=host_is_listed)
            return None if refused is None or self._lists(address) else f"{refused} behind a translator"
        plain = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
        if plain in _METADATA:
            return None if self._names(plain) else "a cloud's metadata address"
        if host_is_listed or self._lists(address):
            return None
        return _kind(address)

    def _lists(self, address: Address) -> bool:
        return any(address in block for block in self.blocks)

    def _names(self, address: Address) -> bool:
        return any(block.prefixlen == block.max_prefixlen and address in block for block in self.blocks)


def _block(entry: str) -> Block | None:
    """The block that an entry is; None if it is a name. Errors: `OperatorFault` for a block with host bits."""
    text = entry[1:-1] if entry.startswith("[") and entry.endswith("]") else entry
    try:
        return ip_network(text)
    except ValueError:
        if "/" not in text:
            return None
        raise OperatorFault(f"`egress.allow`: `{entry}` is no CIDR block; write it as `10.0.0.0/8`") from None


def _kind(address: Address) -> str | None:
    """Why an address is not public; None if it is."""
    if isinstance(address, IPv4Address):
        return next((kind for block, kind in _KINDS_V4 if address in block), None)
    kind = next((kind for block, kind in _KINDS_V6 if address in block), None)
    return kind or (None if address in _GLOBAL_V6 else "a reserved address")
