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
TASK_IDS: Final = "taskIds"
"""Of the tasks extension."""
NAMED_MAX: Final = 1_000
"""Resources of one subscription, and tasks."""
_MEDIATED: Final = frozenset({*LIST_CHANGED.values(), RESOURCES, TASK_IDS})


def filter_fault(params: Mapping[str, JsonValue], id: bytes) -> Rejection | None:
    """What is wrong with the parameters of a `subscriptions/listen`."""
    wanted = params.get("notifications")
    if not isinstance(wanted, dict):
        return envelope("the member `params.notifications` must be an object", id, rpc_code=INVALID_PARAMS)
    for member, what in ((RESOURCES, "URIs"), (TASK_IDS, "ids of tasks")):
        named = wanted.get(member)
        if named is None:
            continue
        if not isinstance(named, list) or len(named) > NAMED_MAX or not all(isinstance(one, str) for one in named):
            message = f"the member `{member}` must be a list of at most {NAMED_MAX} {what}"
            return envelope(message, id, rpc_code=INVALID_PARAMS)
    return None


def cut(message: Message, shows: Callable[[str, str], bool]) -> bytes:
    """The request without what is not mediated, and without resources and tasks that are not shown; the same bytes where nothing
    goes. `shows` is asked with the member that names one."""
    wanted = message.params["notifications"]
    assert isinstance(wanted, dict), "`filter_fault` let it through"
    kept: dict[str, list[str]] = {}
    for member in (RESOURCES, TASK_IDS):
        named = wanted.get(member)
        if isinstance(named, list):
            kept[member] = [one for one in named if isinstance(one, str) and shows(member, one)]
    if wanted.keys() <= _MEDIATED and all(kept[member] == wanted[member] for member in kept):
        return message.body
    parts = members(message.body)
    params = members(parts["params"])
    left = {name: raw for name, raw in members(params["notifications"]).items() if name in _MEDIATED}
    for member, names in kept.items():
        left[member] = msgspec.Raw(msgspec.json.encode(names))
    if not kept.get(TASK_IDS, [""]):
        del left[TASK_IDS]  # what nobody has is nothing to ask for, least of all of a server without tasks
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
