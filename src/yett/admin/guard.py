"""What every request to the control plane must pass before it is routed: the right host, and a body of a sane size."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from yett.admin.errors import AdminFault, Misdirected, TooLarge
from yett.admin.problems import MEDIA_TYPE, problem_of

BODY_BYTES_MAX: Final = 1024 * 1024
"""Four times the largest policy: its text may be escaped in JSON."""

_MARKS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """ASGI middleware."""

    def __init__(self, app: App, *hosts: str) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            check_host(_header(scope, b"host"), *self._hosts)
            declared = _header(scope, b"content-length")
            if declared.isdecimal() and int(declared) > BODY_BYTES_MAX:
                raise _too_large()
        except AdminFault as error:
            await _refuse(send, error)
            return
        await self._guarded(scope, receive, send)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, but break off a body that grows too long on its way, and say so whatever the application makes of that."""
        received, begun, broken_off = 0, False, False

        async def counting() -> Message:
            nonlocal received, broken_off
            message = await receive()
            received += len(message.get("body", b""))
            if received > BODY_BYTES_MAX:
                broken_off = True
                raise _too_large()
            return message

        async def noting(message: Message) -> None:
            nonlocal begun
            if broken_off and not begun:
                return  # the framework takes the break for a body that it cannot parse
            begun = True
            await send(_marked(message))

        try:
            await self._app(scope, counting, noting)
        except TooLarge:
            if begun:
                raise
        if broken_off and not begun:
            await _refuse(send, _too_large())


def check_host(header: str, *own_hosts: str) -> None:
    """Refuse a name that is not ours: a page of some other origin may have it point here (DNS rebinding).

    An address cannot be rebound, so any address is fine. Errors: `Misdirected`.
    """
    name = header.rpartition(":")[0] if header.rpartition(":")[2].isdecimal() else header
    if name.lower() in {"localhost", *(own.lower() for own in own_hosts)} or _is_address(name):
        return
    raise Misdirected(f"this listener does not answer for the host `{header[:100]}`; use its address")


def _is_address(name: str) -> bool:
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _header(scope: Scope, name: bytes) -> str:
    """The field's value; empty if it is absent or there are several."""
    values: list[bytes] = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def _marked(message: Message) -> Message:
    """The answer, marked as nobody's to keep or to take for something else, unless it says how long it may be kept."""
    if message["type"] != "http.response.start":
        return message
    fields = list(message.get("headers", ()))
    names = {name.lower() for name, _ in fields}
    fields += [(name, value) for name, value in _MARKS if name not in names]
    return {**message, "headers": fields}


def _too_large() -> TooLarge:
    return TooLarge(f"the body is longer than {BODY_BYTES_MAX:,} bytes")


async def _refuse(send: Send, error: AdminFault) -> None:
    body = json.dumps(problem_of(error)).encode()
    fields = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": error.status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
