"""Messages of many callers on one pipe: ids and progress tokens become our own on the way in, and theirs on the way back.

Only what is mapped is touched; everything else keeps its bytes. Pure.
"""

from __future__ import annotations

from typing import Final

import msgspec

from yett.errors import UpstreamFault
from yett.protocol.answers import Members, joined, members
from yett.protocol.eras import META_SUBSCRIPTION_ID

INITIALIZED: Final = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
TOOLS_CHANGED: Final = b'{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'

_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_LINE_BREAKS: Final = bytes.maketrans(b"\r\n", b"  ")
_integers: Final = msgspec.json.Decoder(int)


class Garbled(UpstreamFault):
    """A message looked like one at first sight, and is none."""


def one_line(body: bytes) -> bytes:
    """The same JSON without line breaks. Strict JSON has them only between tokens, where a blank means the same."""
    return body.translate(_LINE_BREAKS) if b"\n" in body or b"\r" in body else body


def numbered(body: bytes, number: int) -> tuple[bytes, bytes | None]:
    """The request as a line with `number` as its id and progress token, and the caller's own token if it has one."""
    own = msgspec.Raw(b"%d" % number)
    parts = members(body)
    parts["id"] = own
    if b'"progressToken"' not in body and b"\\u" not in body:
        return one_line(bytes(joined(parts))), None
    token = None
    params = _object(parts.get("params"))
    meta = _object(params.get("_meta")) if params is not None else None
    if params is not None and meta is not None and "progressToken" in meta:
        token = bytes(meta["progressToken"])
        meta["progressToken"] = own
        params["_meta"] = joined(meta)
        parts["params"] = joined(params)
    return one_line(bytes(joined(parts))), token


def renumbered(data: bytes, id: bytes) -> bytes:
    """The response with the caller's own id. Errors: `Garbled`."""
    parts = _members(data)
    parts["id"] = msgspec.Raw(id)
    return bytes(joined(parts))


def number_of(id: bytes | None) -> int | None:
    """Our number, from an id or token as the server wrote it; None if it is none of ours."""
    try:
        return None if id is None else _integers.decode(id)
    except _UNREADABLE:
        return None


def progress_number(data: bytes) -> int | None:
    """The number that a progress notification is about."""
    params = _object(_members(data).get("params"))
    return None if params is None or "progressToken" not in params else number_of(bytes(params["progressToken"]))


def with_token(data: bytes, token: bytes) -> bytes:
    """The progress notification with the caller's own token. Errors: `Garbled`."""
    parts = _members(data)
    params = _object(parts.get("params")) or {}
    params["progressToken"] = msgspec.Raw(token)
    parts["params"] = joined(params)
    return bytes(joined(parts))


def subscription_number(data: bytes) -> int | None:
    """The number of the `subscriptions/listen` that a notification belongs to."""
    if b"subscriptionId" not in data and b"\\u" not in data:
        return None
    params = _object(_members(data).get("params"))
    meta = None if params is None else _object(params.get("_meta"))
    return None if meta is None or META_SUBSCRIPTION_ID not in meta else number_of(bytes(meta[META_SUBSCRIPTION_ID]))


def with_subscription(data: bytes, id: bytes, *, within: str) -> bytes:
    """The message with the caller's own id as its subscription, in the `_meta` of `params` or `result`; as it is without one.

    Errors: `Garbled`.
    """
    parts = _members(data)
    holder = _object(parts.get(within))
    meta = None if holder is None else _object(holder.get("_meta"))
    if holder is None or meta is None or META_SUBSCRIPTION_ID not in meta:
        return data
    meta[META_SUBSCRIPTION_ID] = msgspec.Raw(id)
    holder["_meta"] = joined(meta)
    parts[within] = joined(holder)
    return bytes(joined(parts))


def cancelled_id(body: bytes) -> bytes | None:
    """The id that a cancellation names. Errors: `Garbled`."""
    params = _object(_members(body).get("params"))
    return None if params is None or "requestId" not in params else bytes(params["requestId"])


def cancelling(body: bytes, id: bytes) -> bytes:
    """A cancellation as a line that names another id."""
    parts = _members(body)
    params = _object(parts.get("params")) or {}
    params["requestId"] = msgspec.Raw(id)
    parts["params"] = joined(params)
    return one_line(bytes(joined(parts)))


def cancellation(number: int, reason: str) -> bytes:
    """Our own cancellation of a request that nobody waits for any more."""
    params = {"requestId": number, "reason": reason}
    return b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":%b}' % msgspec.json.encode(params)


def _members(data: bytes) -> Members:
    try:
        return members(data)
    except _UNREADABLE as error:
        raise Garbled("the server sent a message that cannot be read") from error


def _object(raw: msgspec.Raw | None) -> Members | None:
    """The members of what may be an object."""
    try:
        return None if raw is None else members(raw)
    except _UNREADABLE:
        return None
