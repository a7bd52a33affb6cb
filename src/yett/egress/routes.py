"""Where connections may go: every address of a host is judged, here and nowhere else.

`Routes` are for configured servers. Anybody who may add one chooses its URL, so a URL must not be a way into the gateway's own
network. Unlike in `yett.egress.fetch`, plain http is not refused: whether a listed server speaks TLS is the operator's choice.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import Final, TypeAlias

from yett.egress.addresses import Address, EgressRules
from yett.errors import UpstreamNotReached

ADDRESSES_MAX: Final = 16
"""Addresses of one name that are looked at; a name with more is refused."""

LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
"""What is allowed beside the operator's list where the control plane itself listens on loopback: a gateway for one machine."""

Resolve: TypeAlias = Callable[[str, int], Awaitable[list[Address]]]
"""All addresses of a host. Errors: `OSError`."""


class EgressRefused(UpstreamNotReached):
    """Nothing was sent: this URL may not be asked."""


async def resolve(host: str, port: int) -> list[Address]:
    """What the system says of a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


async def addresses_of(host: str, port: int, rules: EgressRules, resolve: Resolve) -> list[Address]:
    """Where a host is, every address of it judged. INVARIANT: a connection goes to one of these, so that a name cannot lead
    elsewhere a moment later.

    Errors: `EgressRefused` where one of them may not be asked, `UpstreamNotReached` where the name is not known.
    """
    found = list(dict.fromkeys(await _looked_up(host, port, resolve)))
    if not 0 < len(found) <= ADDRESSES_MAX:
        raise EgressRefused(f"the host `{host}` has {len(found)} addresses, which is no number to work with")
    listed = rules.hosts.judge(f"https://{bracketed(host)}") is True
    for address in found:
        refused = rules.refusal(address, host_is_listed=listed)
        if refused is not None:
            raise EgressRefused(
                f"the host `{host}` has {refused} ({address}), so it is not asked; list it under `egress.allow` if it is yours"
            )
    return found


async def _looked_up(host: str, port: int, resolve: Resolve) -> list[Address]:
    try:
        return [ip_address(host)]
    except ValueError:
        pass
    try:
        return await resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise UpstreamNotReached(f"the host `{host}` is not known; check the url") from error


def bracketed(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


class Routes:
    """One for a process; keeps no state."""

    def __init__(self, rules: EgressRules, *, resolve: Resolve = resolve) -> None:
        self.rules = rules
        self._resolve = resolve

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses to connect to, in turn. Errors: as `addresses_of`."""
        return [str(address) for address in await addresses_of(host, port, self.rules, self._resolve)]
