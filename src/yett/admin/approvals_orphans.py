"""Requests whose call cannot run any more: their grant was revoked, their server removed, or either was stopped. Nobody is asked
about them any longer, and who looks sees why."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from yett.admin.desk import Desk
from yett.approvals.model import Approval
from yett.approvals.shown import inert
from yett.errors import StoreFault
from yett.stores.control.records import Change
from yett.stores.control.transaction import Whole

_log: Final = logging.getLogger("yett.approvals")


def withdraw_orphans(desk: Desk, organisation: str, actor: str) -> None:
    """To be called after a change was committed. Never raises: the change stands, and such a call is denied when it comes."""
    port = desk.environment.approvals
    if port is None:
        return
    now_ns = desk.environment.clock.now_ns()
    try:
        waiting = port.open_of(organisation, now_ns)
        if not waiting:
            return
        reasons = desk.look(lambda whole: _reasons(whole, organisation, waiting))
        told = {id: f"{why} by {actor}" for id, why in reasons.items()}
        ended = [one for one in waiting if one.id in told and _withdrawn(port.withdraw(one.id, told[one.id], actor, now_ns))]
        if ended:
            desk.write(lambda whole: _tell(whole, organisation, actor, now_ns, ended, told))
    except StoreFault as fault:
        _log.warning("requests for approval whose call cannot run any more were not withdrawn: %s", fault)


def _withdrawn(after: object) -> bool:
    return isinstance(after, Approval)


def _reasons(whole: Whole, organisation: str, waiting: list[Approval]) -> dict[str, str]:
    """By id, why the call of a request cannot run."""
    found = {one.id: _reason(whole, organisation, one) for one in waiting}
    return {id: why for id, why in found.items() if why is not None}


def _reason(whole: Whole, organisation: str, approval: Approval) -> str | None:
    if whole.stopped_at_ns() is not None:
        return "everything was stopped"
    if whole.organisation(organisation).stopped_at_ns is not None:
        return "the organisation was stopped"
    read = whole.of(organisation)
    server, grant = read.servers.find(approval.request.server_id), read.grants.find(approval.request.grant_id)
    if server is None or grant is None:
        return "its server was removed"
    if grant.grant.revoked_at_ns is not None:
        return "its grant was revoked"
    if server.moved_at_ns is not None and approval.created_ns <= server.moved_at_ns:
        return "its server was moved elsewhere"
    if server.stopped_at_ns is not None:
        return "its server was stopped"
    return "its grant was stopped" if grant.grant.stopped_at_ns is not None else None


def _tell(whole: Whole, organisation: str, actor: str, now_ns: int, ended: list[Approval], told: Mapping[str, str]) -> None:
    log = whole.of(organisation).log
    for one in ended:
        request = one.request
        log.add(
            Change(
                at_ns=now_ns,
                actor=actor,
                action="approval.withdrawn",
                subject=one.id,
                name=f"{request.server_name} {inert(request.target)}",
                detail={"grant": request.grant_id, "reason": told[one.id]},
                before=None,
                after=None,
                address=None,
            )
        )
