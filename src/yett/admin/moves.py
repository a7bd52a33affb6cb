"""Servers that come to be somewhere else: what was accepted and approved of them was of another server, and does not survive.

Another url (origin, path or query), another command, or another program or folder behind the same command is somewhere else.
Another name, other notes, another transport at the same url and another credential are not.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from yett.admin.approvals_orphans import withdraw_orphans
from yett.admin.desk import Desk
from yett.approvals.model import Exemption
from yett.approvals.shown import inert
from yett.errors import OperatorFault, StoreFault
from yett.stores.control.records import Change, Server
from yett.stores.control.transaction import Transaction, Whole

BY_ITSELF: Final = "yett"
"""Who stands in the admin log where nobody asked for it."""
_PORTS: Final = {"https": 443, "http": 80}

log = logging.getLogger("yett.pins")


def origin_of(url: str | None) -> tuple[str, str, int | None] | None:
    """Scheme, host and port: what a credential belongs to."""
    if url is None:
        return None
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)


def has_moved(before: Server, after: Server) -> bool:
    """Whether the server is somewhere else. A program that was never seen before is the one that it always was."""
    if _address_of(before) != _address_of(after):
        return True
    return None not in {before.program, after.program} and before.program != after.program


def _address_of(server: Server) -> tuple[object, ...]:
    parts = urlsplit(server.url or "")
    return origin_of(server.url), parts.path or "/", parts.query, server.command


def note_move(write: Transaction, before: Server, after: Server, *, by: str, at_ns: int) -> Server:
    """`after`, with all that was accepted of `before` void. To be called within the change by which it moves."""
    count = write.pins.void(after.id)
    change = Change(
        at_ns=at_ns,
        actor=by or BY_ITSELF,
        action="server.moved",
        subject=after.id,
        name=after.name,
        detail={"pins_void": str(count)},
        before=_place(before),
        after=_place(after),
    )
    write.log.add(change)
    return replace(after, moved_at_ns=at_ns)


def _place(server: Server) -> dict[str, Any]:
    return {"url": server.url} if server.url is not None else {"command": server.command, "program": server.program}


def ask_anew(desk: Desk, organisation: str, actor: str) -> None:
    """Have people be asked anew about calls to servers that have moved since. Errors: `StoreFault`."""
    withdraw_orphans(desk, organisation, actor)
    port = desk.environment.approvals
    if port is None:
        return
    now_ns = desk.environment.clock.now_ns()
    held = port.exemptions(organisation, now_ns)
    if not held:
        return
    moved = desk.look(lambda whole: _moved(whole, organisation))
    for one in held:
        if one.from_ns <= moved.get(one.server_id, -1) and port.end_exemption(one.id, actor, actor, now_ns) is not None:
            desk.write(lambda whole, one=one: _tell(whole, one, actor, now_ns))  # type: ignore[misc]  # bound now


def try_to_ask_anew(desk: Desk, organisation: str, actor: str) -> None:
    """`ask_anew` after a change that stands whatever comes of this: it is done again before any tool is accepted."""
    try:
        ask_anew(desk, organisation, actor)
    except StoreFault as fault:
        log.warning("what was approved before a server moved was not taken back: %s", fault)


def _moved(whole: Whole, organisation: str) -> dict[str, int]:
    servers = whole.of(organisation).servers.listed()
    return {server.id: server.moved_at_ns for server in servers if server.moved_at_ns is not None}


def _tell(whole: Whole, one: Exemption, actor: str, now_ns: int) -> None:
    change = Change(
        at_ns=now_ns,
        actor=actor,
        action="exemption.ended",
        subject=one.id,
        name=f"{one.server_name} {inert(one.target)}",
        detail={"grant": one.grant_id, "approval": one.approval, "reason": "its server moved"},
    )
    whole.of(one.organisation).log.add(change)


def note_programs(desk: Desk) -> None:
    """Find out which servers' programs are others by now. To be called when a control plane starts, before it publishes."""
    for organisation in desk.look(lambda whole: whole.organisations()):
        for server in desk.read(organisation.id, lambda read: read.servers.listed()):
            note_program(desk, organisation.id, server.id)
        try_to_ask_anew(desk, organisation.id, BY_ITSELF)


def note_program(desk: Desk, organisation: str, server_id: str, by: str = "") -> None:
    """Find out whether the program of a server's command is another one than it was. Errors: `StoreFault`."""
    server = desk.read(organisation, lambda read: read.servers.find(server_id))
    if server is None or server.command is None:
        return
    try:
        mark = desk.environment.mark(server.command)
    except OperatorFault:  # whoever wants to start it says why it cannot be read
        return
    if mark is None or mark == server.program:
        return

    def work(write: Transaction) -> bool:
        present = write.servers.find(server_id)
        if present is None or present.command != server.command or present.program == mark:
            return False
        after, moved = replace(present, program=mark), False
        if has_moved(present, after):
            after, moved = note_move(write, present, after, by=by, at_ns=desk.environment.clock.now_ns()), True
            write.servers.forget_look(server_id)
        write.servers.replace(after)
        return moved

    if desk.change(organisation, work)[0]:
        log.warning("the program of the server `%s` is another one: its tools wait until somebody accepts them", server.name)
        try_to_ask_anew(desk, organisation, by or BY_ITSELF)
