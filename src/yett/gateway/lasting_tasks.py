"""Tasks that outlive this process: what is written of them, sealed where it is a client's own, and what is found again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from yett.gateway.route import Route
from yett.gateway.snapshot import ServerEntry
from yett.ports import StoredTask, TaskStore
from yett.sealing.box import Place, seal, unseal
from yett.sealing.keys import KeyRing

SEALED_BYTES_MAX: Final = 8 * 1024 * 1024
"""More than any message has."""
_NS: Final = 1_000_000_000


class Found(Struct, frozen=True):
    """A task of this grant, as it is written."""

    tool: str
    arguments: bytes
    covers: frozenset[str]
    asked: tuple[str, ...]
    age_s: float
    left_s: float
    collected: bool
    contested: bool


class LastingTasks:
    """Tasks as they stand in the state that all processes of this installation share.

    Errors of all methods: `StoreFault`; `OperatorFault` where the key is another one.
    """

    def __init__(self, store: TaskStore, *, key: bytes, run: str, now_ns: Callable[[], int]) -> None:
        self._store = store
        self._key = key
        self._ring = KeyRing({1: key})
        self._run = run
        self._now_ns = now_ns

    def find(self, route: Route, id: str) -> Found | None:
        """The task, if this grant made it at this server and it is still where it was; another's is as if it were not there."""
        server, child, run = route.caller.server, child_of(route), self._run_of(route)
        upstream = self._upstream(server)
        for task in self._store.find(server.id, id, route.caller.grant.id):
            if (task.child, task.run, task.upstream) == (child, run, upstream):
                return self._found(server, task)
        return None

    def has_ended(self, route: Route, id: str) -> bool:
        """Whether this grant had the task in a program, or on a connection, that is not there any more."""
        server, now_ns = route.caller.server, self._now_ns()
        upstream, here = self._upstream(server), (child_of(route), self._run_of(route))
        return any(
            server.one_to_one and task.upstream == upstream and (task.child, task.run) != here and task.until_ns > now_ns
            for task in self._store.find(server.id, id, route.caller.grant.id)
        )

    def keep(self, route: Route, id: str, found: Found) -> bool:
        """Have it written; False where another grant has a task of this id, and then neither has it."""
        server, grant_id, child, now_ns = route.caller.server, route.caller.grant.id, child_of(route), self._now_ns()
        task = StoredTask(
            server_id=server.id,
            id=id,
            grant_id=grant_id,
            child=child,
            upstream=self._upstream(server),
            run=self._run_of(route),
            tool=found.tool,
            arguments=seal(self._ring, _place(server, grant_id, child, id), found.arguments, SEALED_BYTES_MAX),
            covers=tuple(sorted(found.covers)),
            asked=found.asked,
            made_ns=now_ns - int(found.age_s * _NS),
            until_ns=now_ns + int(found.left_s * _NS),
            collected=found.collected,
            contested=found.contested,
        )
        taken = self._store.is_taken(task)
        self._store.keep(msgspec.structs.replace(task, contested=found.contested or taken))
        return not taken

    def _found(self, server: ServerEntry, task: StoredTask) -> Found:
        place, now_ns = _place(server, task.grant_id, task.child, task.id), self._now_ns()
        return Found(
            task.tool,
            unseal(self._ring, place, task.arguments),
            frozenset(task.covers),
            task.asked,
            (now_ns - task.made_ns) / _NS,
            (task.until_ns - now_ns) / _NS,
            task.collected,
            task.contested,
        )

    def _upstream(self, server: ServerEntry) -> str:
        """Mark of what the server is: at another address, or with another program, its ids mean something else."""
        text = msgspec.json.encode((server.url, server.transport, server.command))
        return hashlib.blake2b(text, digest_size=16, key=self._key, person=b"yett upstream").hexdigest()

    def _run_of(self, route: Route) -> str:
        return self._run if route.caller.server.one_to_one else ""


def child_of(route: Route) -> str:
    """Whose channel to the server it is on this way, where each session or grant has one of its own."""
    return route.isolation if route.caller.server.one_to_one else ""


def _place(server: ServerEntry, grant_id: str, child: str, id: str) -> Place:
    return Place(server.organisation, server.id, msgspec.json.encode(("task", grant_id, child, id)).decode())
