"""`Mcp-Param-*` fields for a client that speaks only stdio, where nobody repeats arguments: the tools' schemas name them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from yett.errors import UpstreamFault
from yett.gateway.streams import read_response
from yett.ports import Outbound, Upstream
from yett.protocol.lists import ToolDefinition, read_tools_list
from yett.protocol.messages import Message
from yett.protocol.parameter_fields import ParameterFields, parameter_fields, repeated
from yett.protocol.requests import tools_list_request

PAGES_MAX: Final = 100
"""Pages of a list; it is not followed further."""
REFRESH_S: Final = 1.0
"""The list is asked for again at most this often."""
_ID: Final = b'"yett-connect"'
_OF_THE_CALL: Final = (b"mcp-method", b"mcp-name")


@dataclass(slots=True)
class RepeatedArguments:
    """What the server's tools want repeated; asked for when a tool is called that no list has named so far."""

    _fields: dict[str, ParameterFields] = field(default_factory=dict)
    _asked_at_s: float = float("-inf")
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def fields_of(self, message: Message, call: Outbound, gateway: Upstream) -> Sequence[tuple[bytes, bytes]]:
        """The fields that go with a call; none where the list cannot be had, for the gateway says what it misses."""
        async with self._asking:
            now_s = asyncio.get_running_loop().time()
            if message.name not in self._fields and now_s - self._asked_at_s >= REFRESH_S:
                self._asked_at_s = now_s
                try:
                    await self._ask(message.version, call, gateway)
                except UpstreamFault:
                    return ()
        return repeated(self._fields.get(message.name, {}), message.arguments)

    async def _ask(self, version: str | None, call: Outbound, gateway: Upstream) -> None:
        headers = [(name, value) for name, value in call.headers if name not in _OF_THE_CALL]
        asking = replace(call, method="tools/list", id=_ID, headers=[*headers, (b"mcp-method", b"tools/list")])
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            answer = await gateway.exchange(replace(asking, body=tools_list_request(_ID, cursor, stateless_version=version)))
            tools, cursor = read_tools_list(await read_response(answer, _ID))
            self._fields.update((tool.name, _of(tool)) for tool in tools)
            if cursor is None:
                return


def _of(tool: ToolDefinition) -> ParameterFields:
    return {} if tool.input_schema is None else parameter_fields(tool.input_schema)
