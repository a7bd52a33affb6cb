"""The method table: every method of every revision, and what this gateway does with it.

What is not in the table does not exist here. What is in it and is not mediated yet is refused, never relayed unjudged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from yett.protocol.eras import HANDSHAKE_REVISIONS, META_PREFIX, REVISIONS, STATELESS_REVISIONS, Era, era_of


class Direction(Enum):
    """Who sends it."""

    TO_SERVER = "to_server"
    TO_CLIENT = "to_client"


class MethodKind(Enum):
    """Whether it is answered."""

    REQUEST = "request"
    NOTIFICATION = "notification"


class Handling(Enum):
    """What becomes of a message."""

    JUDGED = "judged"
    """A policy decides; only then it is forwarded."""
    OF_TASK = "of_task"
    """About a task: judged as the call that the task is of, and forwarded only for the grant that made it."""
    FILTERED = "filtered"
    """Forwarded; the answer is edited before the client sees it."""
    RELAYED = "relayed"
    """Forwarded as it is: nothing in it concerns a policy."""
    LISTENED = "listened"
    """Opens a long stream of what the server says of its own accord, cut to what a policy shows."""
    ASKED = "asked"
    """A request of a server: a policy decides; the client's answer goes back, and is accepted once."""
    DROPPED = "dropped"
    """A notification that is acknowledged and goes no further."""
    REFUSED = "refused"
    """Not mediated yet: answered with -32601, never forwarded."""


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One method in one direction."""

    name: str
    direction: Direction
    kind: MethodKind
    revisions: frozenset[str]
    handling: Handling
    name_key: str | None = None
    """The member of `params` that the header `Mcp-Name` repeats."""
    eras: frozenset[Era | None] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "eras", frozenset(map(era_of, self.revisions)))


CALL: Final = "tools/call"
LISTEN: Final = "subscriptions/listen"

_ALL: Final = frozenset(REVISIONS)
_HANDSHAKE: Final = frozenset(HANDSHAKE_REVISIONS)
_STATELESS: Final = frozenset(STATELESS_REVISIONS)
_FROM_2025_06: Final = frozenset({"2025-06-18", "2025-11-25"})
_2025_11: Final = frozenset({"2025-11-25"})
_TASKS: Final = frozenset({"2025-11-25", *STATELESS_REVISIONS})
"""Core in 2025-11-25, an extension since."""


def _to_server() -> tuple[MethodRow, ...]:
    to_server, request, notification = Direction.TO_SERVER, MethodKind.REQUEST, MethodKind.NOTIFICATION
    relayed = Handling.RELAYED
    judged, filtered, of_task = Handling.JUDGED, Handling.FILTERED, Handling.OF_TASK
    return (
        MethodRow("initialize", to_server, request, _HANDSHAKE, filtered),
        MethodRow("notifications/initialized", to_server, notification, _HANDSHAKE, relayed),
        MethodRow("ping", to_server, request, _HANDSHAKE, relayed),
        MethodRow("server/discover", to_server, request, _STATELESS, filtered),
        MethodRow("tools/list", to_server, request, _ALL, filtered),
        MethodRow(CALL, to_server, request, _ALL, judged, "name"),
        MethodRow("notifications/cancelled", to_server, notification, _ALL, relayed),
        MethodRow("logging/setLevel", to_server, request, _HANDSHAKE, relayed),
        MethodRow("resources/list", to_server, request, _ALL, filtered),
        MethodRow("resources/templates/list", to_server, request, _ALL, filtered),
        MethodRow("resources/read", to_server, request, _ALL, judged, "uri"),
        MethodRow("resources/subscribe", to_server, request, _HANDSHAKE, judged),
        MethodRow("resources/unsubscribe", to_server, request, _HANDSHAKE, judged),
        MethodRow("prompts/list", to_server, request, _ALL, filtered),
        MethodRow("prompts/get", to_server, request, _ALL, judged, "name"),
        MethodRow("completion/complete", to_server, request, _ALL, judged),
        MethodRow(LISTEN, to_server, request, _STATELESS, Handling.LISTENED),
        MethodRow("tasks/get", to_server, request, _TASKS, of_task, "taskId"),
        MethodRow("tasks/result", to_server, request, _2025_11, of_task, "taskId"),
        MethodRow("tasks/list", to_server, request, _2025_11, filtered),
        MethodRow("tasks/cancel", to_server, request, _TASKS, of_task, "taskId"),
        MethodRow("tasks/update", to_server, request, _STATELESS, of_task, "taskId"),
        # Only on behalf of what the server asks: progress of an open request, roots where it may ask for them, its own tasks.
        MethodRow("notifications/progress", to_server, notification, _HANDSHAKE, relayed),
        MethodRow("notifications/roots/list_changed", to_server, notification, _HANDSHAKE, relayed),
        MethodRow("notifications/tasks/status", to_server, notification, _2025_11, relayed),
    )


def _to_client() -> tuple[MethodRow, ...]:
    to_client, request, notification = Direction.TO_CLIENT, MethodKind.REQUEST, MethodKind.NOTIFICATION
    refused, relayed = Handling.REFUSED, Handling.RELAYED
    return (
        MethodRow("notifications/progress", to_client, notification, _ALL, relayed),
        MethodRow("notifications/message", to_client, notification, _ALL, relayed),
        MethodRow("notifications/cancelled", to_client, notification, _ALL, relayed),
        MethodRow("notifications/tools/list_changed", to_client, notification, _ALL, relayed),
        MethodRow("notifications/prompts/list_changed", to_client, notification, _ALL, relayed),
        MethodRow("notifications/resources/list_changed", to_client, notification, _ALL, relayed),
        MethodRow("notifications/resources/updated", to_client, notification, _ALL, relayed),
        MethodRow("notifications/elicitation/complete", to_client, notification, _2025_11, relayed),
        MethodRow("notifications/subscriptions/acknowledged", to_client, notification, _STATELESS, relayed),
        MethodRow("notifications/tasks/status", to_client, notification, _2025_11, relayed),
        MethodRow("notifications/tasks", to_client, notification, _STATELESS, relayed),
        MethodRow("ping", to_client, request, _HANDSHAKE, relayed),
        MethodRow("sampling/createMessage", to_client, request, _HANDSHAKE, Handling.ASKED),
        MethodRow("elicitation/create", to_client, request, _FROM_2025_06, Handling.ASKED),
        MethodRow("roots/list", to_client, request, _HANDSHAKE, Handling.ASKED),
        MethodRow("tasks/get", to_client, request, _2025_11, Handling.ASKED),
        MethodRow("tasks/result", to_client, request, _2025_11, Handling.ASKED),
        MethodRow("tasks/list", to_client, request, _2025_11, refused),  # it would tell of other servers' tasks
        MethodRow("tasks/cancel", to_client, request, _2025_11, Handling.ASKED),
    )


ROWS: Final = (*_to_server(), *_to_client())

TO_SERVER: Final = {row.name: row for row in ROWS if row.direction is Direction.TO_SERVER}
TO_CLIENT: Final = {row.name: row for row in ROWS if row.direction is Direction.TO_CLIENT}


def handling_to_client(method: str, *, is_request: bool) -> Handling:
    """What becomes of a message that a server sent of its own accord; what is not known goes no further."""
    row = TO_CLIENT.get(method)
    if row is None or (row.kind is MethodKind.REQUEST) is not is_request:
        return Handling.REFUSED if is_request else Handling.DROPPED
    return row.handling


ENVELOPE_META_KEYS: Final = frozenset(
    META_PREFIX + name for name in ("protocolVersion", "clientCapabilities", "clientInfo", "logLevel")
)
"""Members of `params._meta` that only a request of the stateless era may carry."""
