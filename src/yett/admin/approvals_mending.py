"""Lines of the admin log about decisions that a crash swallowed: a vote is one transaction of state.db, and its line is another
one of control.db. The decision log has both, so what is missing is written at the next start."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from yett.admin.approvals_port import STEPS, LoggedStep
from yett.admin.checks import NS
from yett.admin.desk import Desk
from yett.approvals.shown import inert
from yett.errors import StoreFault
from yett.stores.control.records import Change
from yett.stores.control.transaction import Transaction, Whole

LOOKED_AT_NS: Final = 30 * 86_400 * NS
"""How far back is looked: far longer than any crash takes to be noticed."""
ACTIONS: Final = {step: step.replace("_", ".", 1) for step in STEPS}
LATE: Final = "written at a later start, from the decision log"

_log: Final = logging.getLogger("yett.approvals")


def mend_admin_log(desk: Desk) -> int:
    """Write the lines that are missing; how many. Never raises for a store that fails: the decisions stand."""
    port = desk.environment.approvals
    if port is None:
        return 0
    since_ns = desk.environment.clock.now_ns() - LOOKED_AT_NS
    try:
        steps = [step for step in port.steps_since(since_ns) if "because" not in step.detail]  # those have no line of their own
        missing = desk.look(lambda whole: _missing(whole, steps, since_ns))
        if missing:
            desk.write(lambda whole: _write(whole, missing))
            _log.warning("%d lines of the admin log were missing, and were written from the decision log", len(missing))
    except StoreFault as fault:
        _log.warning("whether the admin log lacks decisions could not be seen: %s", fault)
        return 0
    return len(missing)


def _missing(whole: Whole, steps: list[LoggedStep], since_ns: int) -> list[LoggedStep]:
    found: list[LoggedStep] = []
    for organisation in whole.organisations():
        ours = [step for step in steps if step.detail.get("organisation") == organisation.id]
        known = whole.of(organisation.id).log.lines_since(since_ns, ACTIONS.values()) if ours else set()
        found += [step for step in ours if (ACTIONS[step.action], _subject(step), step.at_ns) not in known]
    return found


def _write(whole: Whole, missing: list[LoggedStep]) -> None:
    for step in missing:
        write = whole.of(step.detail["organisation"])
        write.log.add(
            Change(
                at_ns=step.at_ns,
                actor=_actor(write, step),
                action=ACTIONS[step.action],
                subject=_subject(step),
                name=_name(step.detail),
                detail={**_told(step.detail), "late": LATE},
            )
        )


def _subject(step: LoggedStep) -> str:
    return str(step.detail[step.action.partition("_")[0]])


def _actor(read: Transaction, step: LoggedStep) -> str:
    """A member's address, as the admin log has it; whoever is no member any more by what the event says."""
    if step.actor.startswith("local:"):
        return step.actor
    found = read.members.find(step.actor)
    return found.email if found is not None else str(step.detail.get("approver") or step.actor)


def _name(detail: Mapping[str, Any]) -> str:
    if "delegation" in detail:
        return str(detail["to"])
    return f"{detail.get('server', '')} {inert(str(detail.get('target', '')))}"


def _told(detail: Mapping[str, Any]) -> dict[str, str]:
    words = {name: detail.get(name) for name in ("grant", "approval", "via", "on_behalf", "reason", "by")}
    words["reason"] = words["reason"] or detail.get("why")
    words["exempt_for"] = f"{detail['exempt_s']} s" if detail.get("exempt_s") else None
    words["free"] = ", ".join(inert(name) for name in detail.get("free") or ())
    if "exemption" not in detail:
        del words["approval"]  # the subject
    return {name: str(word) for name, word in words.items() if word}
