"""Calls that people must approve: what they are asked, and what the caller is told meanwhile. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from yett.approvals.binding import binding, members
from yett.approvals.masking import Masks, masked
from yett.approvals.model import ApprovalRequest, Asked, Charged, Ticket
from yett.gateway.surfaces import surface_of
from yett.policy.decision import Decision, ToolFacts
from yett.protocol.messages import Message
from yett.protocol.replies import Pending
from yett.protocol.strict_json import JsonValue, canonical
from yett.protocol.targets import COMPLETE

if TYPE_CHECKING:
    from yett.gateway.calls import Caller

ARGUMENTS_MAX: Final = 256 * 1024
"""Bytes of arguments that people may be asked about: nobody reads more, and all of it is kept until they have decided."""


def no_link(_: str) -> str | None:
    """Where nobody decides on a page."""
    return None


class Asker(Struct, frozen=True):
    """How requests are made, and where people find them."""

    key: bytes = b""
    """Of the digests to which an approval is bound."""
    masks: Masks = ()
    """Arguments that nobody may see, beside those whose names say so."""
    link: Callable[[str], str | None] = no_link
    """The page of a request; None where there is none."""

    def request(
        self, caller: Caller, message: Message, tool: ToolFacts, decision: Decision, digest: str
    ) -> ApprovalRequest | None:
        """What is asked. `decision` is the one with all approvals at hand, `digest` that of the arguments in the log.

        None where it is too much to be read by anybody.
        """
        arguments = _asked_about(message)
        text = canonical(masked(arguments, self.masks))
        if len(text) > ARGUMENTS_MAX:
            return None
        grant, server, policy = caller.grant, caller.server, caller.policy
        surface = surface_of(message).value
        name, revision = (None, None) if policy is None else (policy.name, policy.revision)
        where = (grant.organisation, grant.id, server.id, message.method, surface, message.name, tool.definition, name, revision)
        return ApprovalRequest(
            binding=binding(where, arguments, self.key),
            organisation=grant.organisation,
            grant_id=grant.id,
            grant_label=grant.label,
            owner=grant.owner,
            server_id=server.id,
            server_name=server.name,
            surface=surface,
            target=message.name,
            definition=tool.definition,
            risk=tool.risk,
            policy=name,
            policy_revision=revision,
            asks=tuple(Asked(ask.rule, ask.quorum, ask.approvers, ask.message) for ask in decision.asks),
            arguments=text.decode(),
            members=members(arguments, self.key),
            arguments_digest=digest,
            timeout_s=min((ask.timeout_s for ask in decision.asks), default=0),
            charges=tuple(
                Charged(charge.key.encode(), charge.rule, str(charge.amount), str(charge.maximum)) for charge in decision.charges
            ),
            method=message.method,
        )

    def pending(self, ticket: Ticket) -> Pending:
        """What the caller is told of a request: what it is called, where people decide, until when."""
        link, until = self.link(ticket.id), datetime.fromtimestamp(ticket.expires_ns // 1_000_000_000, UTC)
        expires_at = until.isoformat().replace("+00:00", "Z")
        where = f"open {link} or run `yett approvals show {ticket.id}`" if link else f"run `yett approvals show {ticket.id}`"
        told = (
            f"Nothing was run. A person was asked to approve exactly this call (request {ticket.id}, open until {expires_at}). "
            f"Tell the user: to decide, {where}. Once it is approved, make the same call again with the same arguments; "
            "it then runs once."
        )
        return Pending(ticket.id, link, expires_at, told)


def _asked_about(message: Message) -> dict[str, JsonValue]:
    """What people are shown and what an approval is bound to. Of a completion, also what is to be completed."""
    if message.method != COMPLETE:
        return message.arguments
    return {
        "argument": message.params.get("argument"),
        "context": message.params.get("context"),
        "ref": message.params.get("ref"),
    }


TOO_LONG: Final = "a person must approve this call first, and its arguments are too long for a person to judge; call with less"
