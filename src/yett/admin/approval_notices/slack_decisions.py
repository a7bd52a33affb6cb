"""What members do in Slack with the buttons of a request: judged as over the API, as the member who they are there."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from yett.admin.approval_notices.slack_api import SlackApi, SlackFault
from yett.admin.approval_notices.slack_blocks import APPROVE, DENY, REASON, decided, reason_asked
from yett.admin.approval_notices.slack_signature import SlackSignature
from yett.admin.approval_notices.texts import call_of
from yett.admin.approvals_port import ApprovalsPort, Attempt
from yett.admin.approvals_views import CallApproval, CallDenial
from yett.admin.desk import Desk
from yett.admin.errors import AdminFault
from yett.admin.people.principals import member_principal
from yett.admin.permissions import Principal
from yett.admin.service import Service
from yett.approvals.model import Approval, State
from yett.errors import OperatorFault, StoreFault
from yett.stores.control.transaction import Whole

CANNOT: Final = "You cannot decide on this call here."
"""What is said to whoever is no member, and about whatever is no request of theirs."""
NOT_OURS: Final = ("is_stranger", "deleted", "is_bot")
"""What Slack says of users whose address another workspace vouches for, or nobody (`is_stranger`: of a shared channel)."""
BODY_MAX: Final = 256 * 1024
ID_MAX: Final = 64

_log: Final = logging.getLogger("yett.slack")


@dataclass(frozen=True, slots=True)
class Click:
    """A member's decision, as Slack tells it."""

    user: str
    approval: str
    approve: bool
    channel: str
    message: str
    """The message whose button it was, by its time."""
    trigger: str = ""
    reason: str | None = None


@dataclass(slots=True)
class SlackDecisions:
    """Takes what Slack sends. `take` for any thread, `act` on the loop."""

    desk: Desk
    api: SlackApi
    signing_secret: Callable[[], str]
    """Read each time. Errors: `OperatorFault`."""
    members: Mapping[str, str]
    _signature: SlackSignature = field(default_factory=SlackSignature)

    def take(self, timestamp: str, signature: str, body: bytes) -> Click | None:
        """What a request asks for; None for one that is not taken, whatever is wrong with it, which is written down."""
        now_ns = self.desk.environment.clock.now_ns()
        try:
            problem = self._signature.problem(self.signing_secret(), timestamp, signature, body, now_ns // 1_000_000_000)
        except OperatorFault as fault:
            _log.error("what Slack sends cannot be checked: %s", fault)
            return None
        if problem is not None:
            self._refused("slack", "slack", "", f"a request in the name of Slack was refused: {problem}")
            return None
        return read_click(body)

    async def act(self, click: Click) -> None:
        """Do what was asked, and tell in Slack what came of it. Never raises what it can name."""
        try:
            if not click.approve and click.reason is None:
                where = json.dumps({"approval": click.approval, "channel": click.channel, "message": click.message})
                await self.api.ask("views.open", {"trigger_id": click.trigger, "view": reason_asked(where)})
                return
            address = self.members.get(click.user) or await self._address(click.user)
            told, done = await asyncio.to_thread(self._decide, click, address)
            await self._tell(click, told, done=done)
        except (SlackFault, StoreFault) as fault:
            _log.warning("a decision in Slack came to nothing: %s", fault)

    async def _address(self, user: str) -> str | None:
        told = await self.api.ask("users.info", {"user": user})
        about = told.get("user")
        if not isinstance(about, dict) or any(about.get(word) is True for word in NOT_OURS):
            return None
        profile = about.get("profile") if about.get("is_email_confirmed") is not False else None
        address = profile.get("email") if isinstance(profile, dict) else None
        return address if isinstance(address, str) else None

    async def _tell(self, click: Click, told: str, *, done: bool) -> None:
        if done:
            await self.api.ask("chat.update", {"channel": click.channel, "ts": click.message, **decided(told)})
        else:
            await self.api.ask("chat.postEphemeral", {"channel": click.channel, "user": click.user, **decided(told)})

    def _decide(self, click: Click, address: str | None) -> tuple[str, bool]:
        """What to say, and whether the request needs nobody any more."""
        port = self.desk.environment.approvals
        assert port is not None, "Slack is for whoever keeps requests"
        found = port.get(click.approval, self.desk.environment.clock.now_ns())
        principal = None if found is None or address is None else self._principal(found.request.organisation, address)
        if principal is None:
            self._refused(
                "approve" if click.approve else "deny", f"slack:{click.user}", click.approval, "no member, or no request"
            )
            return CANNOT, False
        service = Service(self.desk, principal)
        try:
            if click.approve:
                view = service.approve_call(click.approval, CallApproval(), via="slack")
            else:
                view = service.deny_call(click.approval, CallDenial(reason=click.reason or ""), via="slack")
        except AdminFault as fault:
            return f"Not done: {fault}", False
        after = port.get(click.approval, self.desk.environment.clock.now_ns())
        assert after is not None, "it was decided on"
        return _outcome(after, principal.name), view.state != State.PENDING.value

    def _principal(self, organisation: str, address: str) -> Principal | None:
        """The member of this address, as they are now."""

        def look(whole: Whole) -> Principal | None:
            user = whole.people.with_email(address.lower())
            own = (
                [] if user is None else [one for one in whole.people.memberships(user.id) if one.organisation_id == organisation]
            )
            return member_principal(user, own[0], None) if user is not None and own else None

        return self.desk.look(look)

    def _refused(self, act: str, actor: str, id: str, why: str) -> None:
        port: ApprovalsPort | None = self.desk.environment.approvals
        if port is not None:
            now_ns = self.desk.environment.clock.now_ns()
            attempt = Attempt(at_ns=now_ns, actor=actor, organisation="", act=act, approval=id[:ID_MAX], why=why)
            port.refused(attempt)


def _outcome(after: Approval, name: str) -> str:
    if after.state is State.PENDING:
        return f"{name} approved {call_of(after)}; {sum(after.missing.values())} more must."
    reason = f": {after.votes[-1].reason}" if after.votes and after.votes[-1].reason else ""
    return f"{name} {'denied' if after.state is State.DENIED else 'approved'} {call_of(after)}{reason}"


def read_click(body: bytes) -> Click | None:
    """What Slack's form says; None for what is none of our buttons."""
    if len(body) > BODY_MAX:
        return None
    try:
        said = json.loads(parse_qs(body.decode(), max_num_fields=4).get("payload", [""])[0])
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    try:
        return _submitted(said) if said.get("type") == "view_submission" else _clicked(said)
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _clicked(said: dict[str, Any]) -> Click | None:
    action = said["actions"][0]
    if said["type"] != "block_actions" or action["action_id"] not in {APPROVE, DENY}:
        return None
    return Click(
        user=str(said["user"]["id"]),
        approval=str(action["value"])[:ID_MAX],
        approve=action["action_id"] == APPROVE,
        channel=str(said["channel"]["id"]),
        message=str(said["message"]["ts"]),
        trigger=str(said.get("trigger_id", "")),
    )


def _submitted(said: dict[str, Any]) -> Click | None:
    view = said["view"]
    if view["callback_id"] != DENY:
        return None
    where = json.loads(view["private_metadata"])
    reason = str(view["state"]["values"][REASON][REASON]["value"] or "")
    user, channel, message = str(said["user"]["id"]), str(where["channel"]), str(where["message"])
    return Click(user, str(where["approval"])[:ID_MAX], False, channel, message, reason=reason)
