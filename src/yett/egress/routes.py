"""Where connections to configured servers may go: every address of their host is judged, by the same rules as `fetch`.

Anybody who may add a server chooses its URL, so a URL must not be a way into the gateway's own network. Unlike there, plain http
is not refused: whether a listed server speaks TLS is the operator's choice.
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


class Routes:
    """One for a process; keeps no state."""

    def __init__(self, rules: EgressRules, *, resolve: Resolve = resolve) -> None:
        self.rules = rules
        self._resolve = resolve

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses to connect to, in turn. INVARIANT: a connection goes to one of these, so that a name cannot lead
        elsewhere a moment later.

        Errors: `EgressRefused` where one of them may not be asked, `UpstreamNotReached` where the name is not known.
        """
        found = list(dict.fromkeys(await self._addresses(host, port)))
        if not 0 < len(found) <= ADDRESSES_MAX:
            raise EgressRefused(f"the host `{host}` has {len(found)} addresses, which is no number to work with")
        listed = self.rules.hosts.judge(f"http://{f'[{host}]' if ':' in host else host}") is True
        for address in found:
            refused = self.rules.refusal(address, host_is_listed=listed)
            if refused is not None:
                raise EgressRefused(
                    f"the host `{host}` has {refused} ({address}), so it is not asked;"
                    " list it under `egress.allow` if it is yours"
                )
        return [str(address) for address in found]

    async def _addresses(self, host: str, port: int) -> list[Address]:
        try:
            return [ip_address(host)]
        except ValueError:
            pass
        try:
            return await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise UpstreamNotReached(f"the host `{host}` is not known; check the url") from error
