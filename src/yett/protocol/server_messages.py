"""What a server says of its own accord, read strictly: nothing goes on that two readers may take differently. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from yett.protocol.answers import DEPTH_MAX
from yett.protocol.envelope import echo
from yett.protocol.keys import has_look_alike
from yett.protocol.strict_json import JsonValue, Unreadable, read

KIND_OF: Final[Mapping[str, str]] = {
    "sampling/createMessage": "sampling",
    "elicitation/create": "elicitation",
    "roots/list": "roots",
}
"""Requests of a server → what the policy, and the client's capabilities, call them."""
URL_ELICITATION: Final = "elicitation/url"
"""What a client that can show links declares, as this program names it."""
KINDS: Final = frozenset(KIND_OF.values())

Key = str | int
"""An id or token as a value: `1` and `"1"` are two."""


class Said(msgspec.Struct, frozen=True):
    """A request or notification of a server."""

    method: str
    id: bytes | None
    """JSON text, for the answer; None for a notification."""
    key: Key | None
    """The same as a value."""
    params: Mapping[str, JsonValue]

    @property
    def progress_token(self) -> Key | None:
        """Of a request: what its progress is reported under. Of a progress notification: what it is about."""
        meta = self.params.get("_meta")
        holder = self.params if self.id is None else meta if isinstance(meta, dict) else {}
        return key_of(holder.get("progressToken"))

    @property
    def cancelled(self) -> Key | None:
        """Of a cancellation: the request that it names."""
        return key_of(self.params.get("requestId"))


def read_said(data: bytes) -> Said | None:
    """The message, or None where it is none that every reader takes for the same."""
    try:
        value = read(data, depth_max=DEPTH_MAX)
    except Unreadable:
        return None
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0" or has_look_alike(value.keys()):
        return None
    method, params = value.get("method"), value.get("params", {})
    if not isinstance(method, str) or not isinstance(params, dict) or has_look_alike(params.keys()):
        return None
    if "result" in value or "error" in value:
        return None
    id = echo(value.get("id"))
    if "id" in value and id is None:
        return None
    return Said(method, id, key_of(value.get("id")), params)


def key_of(value: JsonValue) -> Key | None:
    """An id or token as a value, or None if it is none that may be used."""
    return None if echo(value) is None else value  # type: ignore[return-value]  # `echo` lets only these two through


_TASK_OF: Final[Mapping[str, str]] = {"sampling": "createMessage", "elicitation": "create"}
"""What a server may ask as a task → what the client's capability calls it."""


def shows_links(capabilities: JsonValue) -> bool:
    """Whether these capabilities of a client hold URL elicitation."""
    elicitation = capabilities.get("elicitation") if isinstance(capabilities, dict) else None
    return isinstance(elicitation, dict) and isinstance(elicitation.get("url"), dict)


def declared_kinds(params: Mapping[str, JsonValue]) -> frozenset[str]:
    """What the client of an `initialize` says that it can be asked; as `as_task` names it, too, where it takes that as a task."""
    capabilities = params.get("capabilities")
    if not isinstance(capabilities, dict):
        return frozenset()
    kinds = KINDS & {name for name, value in capabilities.items() if isinstance(value, dict)}
    if shows_links(capabilities):
        kinds |= {URL_ELICITATION}
    tasks = capabilities.get("tasks")
    requests = tasks.get("requests") if isinstance(tasks, dict) else None
    own = requests if isinstance(requests, dict) else {}
    return kinds | {
        as_task(kind) for kind, name in _TASK_OF.items() if isinstance(value := own.get(kind), dict) and name in value
    }


def as_task(kind: str) -> str:
    """What a kind is called where the client takes it as a task."""
    return f"{kind} as a task"
