"""Who the client is when a proxy speaks for it. Pure.

Only what a proxy that the operator named has written counts: each such proxy adds, on the right, the address that it was reached
from, so that reading from the right, the first address that is no such proxy is the client. What stands further left may be
the client's own invention and is not read. Where that address cannot be told for sure, nobody guesses: the answer is None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from yett.errors import OperatorFault

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
Fields: TypeAlias = Sequence[tuple[bytes, bytes]]
Hops: TypeAlias = Sequence[str | None]
"""Who a request came through, the last proxy's word last; None for one that is not named."""

X_FORWARDED_FOR: Final = b"x-forwarded-for"
FORWARDED: Final = b"forwarded"
HOPS_MAX: Final = 32
"""Proxies that one request may have passed; more is no real chain."""

_PORT: Final = r"(?::[0-9]{1,5})?"
_NODE: Final = re.compile(
    rf"(?:(?P<v4>[0-9.]{{7,15}}){_PORT}|\[(?P<v6>[0-9A-Fa-f:.]{{2,45}})\]{_PORT}|(?P<bare>[0-9A-Fa-f:.]{{2,45}}))"
)
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - the grammar's word
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_PAIR: Final = re.compile(rf"({_TOKEN})=({_TOKEN}|{_QUOTED})")
_BLANKS: Final = " \t"


class TrustedProxies:
    """The proxies whose word about the client is taken."""

    __slots__ = ("_networks",)

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    @classmethod
    def of(cls, texts: Iterable[str]) -> TrustedProxies:
        """From addresses and CIDR blocks as they stand in the configuration. Errors: `OperatorFault`, naming the bad one."""
        return cls([_network(text) for text in texts])

    def __bool__(self) -> bool:
        return bool(self._networks)

    def trusts(self, peer: str | None) -> bool:
        """Whether the address that a connection comes from is one of these proxies."""
        address = None if peer is None else _address(peer.partition("%")[0])
        return address is not None and self._has(address)

    def client_of(self, fields: Fields) -> str | None:
        """The client's address by the fields of a request that one of these proxies sent; None where that is not certain.

        Two fields that name different clients are no certainty: one of them may have come from the client through a proxy
        that writes only the other.
        """
        told = [_hops_of(fields, name, read) for name, read in ((X_FORWARDED_FOR, _listed), (FORWARDED, _elements))]
        clients = {self._client_in(hops) for hops in told if hops is not None}
        client = clients.pop() if len(clients) == 1 else None
        return None if client is None else str(client)

    def _client_in(self, hops: Hops) -> Address | None:
        """The rightmost address that is no trusted proxy. With none, a proxy did not say for whom it asks."""
        for hop in reversed(hops[-HOPS_MAX:]):
            address = None if hop is None else _node(hop)
            if address is None or not self._has(address):
                return address
        return None

    def _has(self, address: Address) -> bool:
        return any(address in network for network in self._networks if network.version == address.version)


NOBODY: Final = TrustedProxies(())


def _network(text: str) -> Network:
    try:
        network = ip_network(text)
    except ValueError as error:
        raise OperatorFault(
            f"`{text}` in `data_plane.trusted_proxies` is no address and no block: {error}; write it like `10.0.0.0/24` or `::1`"
        ) from error
    if network.prefixlen == 0:
        raise OperatorFault(
            f"`{text}` in `data_plane.trusted_proxies` trusts everybody: any client could claim any address; name the proxies"
        )
    return network


def _hops_of(fields: Fields, name: bytes, read: Callable[[str], Hops]) -> Hops | None:
    """What all lines of one field say together, in order; None where there is none."""
    lines = [value.decode("latin-1") for field, value in fields if field == name]
    return read(",".join(lines)) if lines else None


def _listed(text: str) -> Hops:
    return [hop.strip(_BLANKS) for hop in text.split(",")]


def _elements(text: str) -> Hops:
    """The `for` of each element of a `Forwarded` field (RFC 7239); None for an element without one.

    Read from the left, since only so a comma in a quoted text is known for one; a single error makes all of it unreadable.
    """
    hops: list[str | None] = [None]
    at, seen = 0, set[str]()
    while at < len(text):
        if text[at] in _BLANKS:
            at += 1
        elif text[at] in ",;":
            if text[at] == ",":
                hops.append(None)
                seen = set()
            at += 1
        elif (pair := _PAIR.match(text, at)) and (name := pair[1].lower()) not in seen:
            seen.add(name)
            if name == "for":
                hops[-1] = _unquoted(pair[2])
            at = pair.end()
            if at < len(text) and text[at] not in " \t,;":
                return [None]
        else:
            return [None]
    return hops


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


@lru_cache(maxsize=1024)
def _node(text: str) -> Address | None:
    """The address of one hop, with or without a port; None for a name, `unknown`, or anything else."""
    match = _NODE.fullmatch(text)
    return None if match is None else _address(match["v4"] or match["v6"] or match["bare"])


def _address(text: str) -> Address | None:
    """An address; one that maps IPv4 into IPv6 as what it maps."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
