"""`subscriptions/listen`: what a client wants to hear, cut to what it may, and what belongs to which subscription. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from yett.protocol.answers import joined, members
from yett.protocol.eras import META_SUBSCRIPTION_ID
from yett.protocol.messages import Message
from yett.protocol.rejection import INVALID_PARAMS, Rejection, envelope
from yett.protocol.server_messages import Key, Said, key_of
from yett.protocol.strict_json import JsonValue

LIST_CHANGED: Final[Mapping[str, str]] = {
    "tools": "toolsListChanged",
    "prompts": "promptsListChanged",
    "resources": "resourcesListChanged",
}
"""Kinds of lists → what a filter calls their changes."""
RESOURCES: Final = "resourceSubscriptions"
RESOURCES_MAX: Final = 1_000
"""Resources of one subscription."""
_MEDIATED: Final = frozenset({*LIST_CHANGED.values(), RESOURCES})


def filter_fault(params: Mapping[str, JsonValue], id: bytes) -> Rejection | None:
    """What is wrong with the parameters of a `subscriptions/listen`."""
    wanted = params.get("notifications")
    if not isinstance(wanted, dict):
        return envelope("the member `params.notifications` must be an object", id, rpc_code=INVALID_PARAMS)
    uris = wanted.get(RESOURCES)
    if uris is None:
        return None
    if not isinstance(uris, list) or len(uris) > RESOURCES_MAX or not all(isinstance(uri, str) for uri in uris):
        message = f"the member `{RESOURCES}` must be a list of at most {RESOURCES_MAX} URIs"
        return envelope(message, id, rpc_code=INVALID_PARAMS)
    return None


def cut(message: Message, shows: Callable[[str], bool]) -> bytes:
    """The request without what is not mediated and without resources that are not shown; the same bytes where nothing goes."""
    wanted = message.params["notifications"]
    assert isinstance(wanted, dict), "`filter_fault` let it through"
    uris = wanted.get(RESOURCES)
    kept = [uri for uri in uris if isinstance(uri, str) and shows(uri)] if isinstance(uris, list) else None
    if wanted.keys() <= _MEDIATED and kept == uris:
        return message.body
    parts = members(message.body)
    params = members(parts["params"])
    left = {name: raw for name, raw in members(params["notifications"]).items() if name in _MEDIATED}
    if kept is not None:
        left[RESOURCES] = msgspec.Raw(msgspec.json.encode(kept))
    params["notifications"] = joined(left)
    parts["params"] = joined(params)
    return bytes(joined(parts))


def subscription_of(said: Said) -> Key | None:
    """The subscription that a notification belongs to."""
    meta = said.params.get("_meta")
    return key_of(meta.get(META_SUBSCRIPTION_ID)) if isinstance(meta, dict) else None


def acknowledged(said: Said) -> frozenset[str]:
    """The kinds of notifications that the server agreed to send."""
    agreed = said.params.get("notifications")
    return frozenset(name for name, value in agreed.items() if value) if isinstance(agreed, dict) else frozenset()


def list_changed(kind: str, *, subscription: bytes | None = None) -> bytes:
    """The gateway's own word that a list of this kind is another one now."""
    params = b"" if subscription is None else b',"params":{"_meta":{"%b":%b}}' % (META_SUBSCRIPTION_ID.encode(), subscription)
    return b'{"jsonrpc":"2.0","method":"notifications/%b/list_changed"%b}' % (kind.encode(), params)


def subscription_ended(id: bytes) -> bytes:
    """The response that ends a subscription in good order."""
    meta = b'{"%b":%b}' % (META_SUBSCRIPTION_ID.encode(), id)
    return b'{"jsonrpc":"2.0","id":%b,"result":{"resultType":"complete","_meta":%b}}' % (id, meta)
