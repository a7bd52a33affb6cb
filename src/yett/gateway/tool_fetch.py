"""What the gateway itself asks a server: its whole list of tools, page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from yett.errors import UpstreamFault
from yett.gateway.calls import Calls
from yett.gateway.route import Credentials, Route
from yett.gateway.streams import read_response
from yett.ports import Outbound
from yett.protocol.capabilities import client_capabilities
from yett.protocol.eras import Era
from yett.protocol.lists import ToolDefinition, read_tools_list
from yett.protocol.messages import Message
from yett.protocol.requests import tools_list_request

PAGES_MAX: Final = 100
"""Pages of a tool list; a server whose cursor never ends is not followed further."""
_OWN: Final = {b"mcp-method": b"tools/list"}
_OURS: Final = frozenset({b"mcp-protocol-version", *_OWN})
"""Fields that go along. Whatever else the client of a call sends is about that call: the list is for all who call."""


class ToolFetch:
    """Reads lists of tools for those who call one."""

    def __init__(self, calls: Calls, credentials: Credentials, on_status: Callable[[Route, int], None]) -> None:
        """`on_status` is told of each error status: a session may be over."""
        self._calls = calls
        self._credentials = credentials
        self._on_status = on_status

    async def tools(self, route: Route, message: Message) -> list[ToolDefinition]:
        """The server's whole list, asked for in the era of `message`. Errors: `UpstreamFault`, `OperatorFault`."""
        definitions: list[ToolDefinition] = []
        cursor: str | None = None
        version = message.version if message.era is Era.STATELESS else None
        can = client_capabilities(message, route.kinds())
        for _ in range(PAGES_MAX):
            id = msgspec.json.encode(f"yett-{self._calls.request_id()}")
            body = tools_list_request(id, cursor, stateless_version=version, capabilities=can)
            asking = replace(route, headers=[(name, _OWN.get(name, value)) for name, value in route.headers if name in _OURS])
            outbound = outbound_of(asking, message, body, self._credentials(route.caller.server))
            answer = await route.upstream.exchange(replace(outbound, method="tools/list", id=id))
            if answer.status >= 400:
                await answer.aclose()
                self._on_status(route, answer.status)
                raise UpstreamFault(f"the server answered a request for its tools with HTTP {answer.status}; see its own log")
            page, cursor = read_tools_list(await read_response(answer, id))
            definitions.extend(page)
            if cursor is None:
                return definitions
        raise UpstreamFault(f"the server's list of tools has more than {PAGES_MAX} pages; it is not followed further")


def outbound_of(route: Route, message: Message, body: bytes, credential: Mapping[str, str]) -> Outbound:
    """A message of a client on its way to the server."""
    return Outbound(
        body=body,
        method=message.method,
        id=message.id,
        modern=message.era is Era.STATELESS,
        headers=route.headers,
        credential=credential,
        session=None if route.session is None else route.session.upstream,
        isolation=route.isolation,
    )
