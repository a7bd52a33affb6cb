"""Use cases of grants for a while: somebody asks, an admin says yes or no, and the one who asked gets the token, once.

The token is made when it is collected, so that nothing has to keep it until then, and nobody else ever sees it.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Final, Literal

from yett.admin.checks import NS, check_text, duration_ns, show_moment
from yett.admin.errors import Conflict, Forbidden, Invalid, NotFound
from yett.admin.grant_views import Approval, Denial, NewRequest, RequestChanged, RequestPage, RequestStatus, RequestView
from yett.admin.grants import GrantCases, fits
from yett.admin.kept_tokens import keep_token, token_vault
from yett.admin.listing import Listing, place_of, read_grant_place
from yett.admin.permissions import Permission
from yett.admin.showing import moment
from yett.admin.views import GrantMinted, GrantView
from yett.gateway.tokens import digest, mint
from yett.stores.control.grant_requests import by, is_open
from yett.stores.control.records import Grant, GrantRequest, NamedRequest, Policy
from yett.stores.control.transaction import Transaction

DURATION_NS_MAX: Final = 30 * 86_400 * NS
"""How long a grant for a while may live."""
OPEN_NS: Final = 24 * 3_600 * NS
"""How long a request waits to be decided."""
OPEN_MAX: Final = 20
"""Requests of one person that wait."""

Wanted = Literal["open", "all"]


class GrantRequestCases(GrantCases):
    """The part of `yett.admin.control.Control` for grants that are asked for."""

    __slots__ = ()

    def request_grant(self, new: NewRequest) -> RequestView:
        """Ask for a grant that lives for a while. Errors: `Conflict` where too many of one's own wait already."""
        self.require(Permission.REQUEST_GRANTS)
        seconds = duration_ns("duration", new.duration, DURATION_NS_MAX) // NS
        reason = check_text("the reason", new.reason, "/reason").strip()
        if not reason:
            raise Invalid("say what the grant is for", pointer="/reason")
        label = check_text("the label", new.label, "/label")

        def work(write: Transaction) -> RequestView:
            now_ns, server = self.now_ns(), self.find_server(write, new.server)
            policy = self.find_policy(write, new.policy) if new.policy is not None else None
            if policy is not None:
                fits(policy, server)
            if write.grant_requests.count_open(self.principal.user_id, now_ns) >= OPEN_MAX:
                raise Conflict(f"{OPEN_MAX} of your requests wait already; withdraw one, or wait until they are decided")
            request = GrantRequest(
                id=f"r-{secrets.token_hex(6)}",
                server_id=server.id,
                policy_id=None if policy is None else policy.id,
                requester=self.principal.name,
                requester_id=self.principal.user_id,
                label=label,
                reason=reason,
                seconds=seconds,
                created_at_ns=now_ns,
                expires_at_ns=now_ns + OPEN_NS,
            )
            write.grant_requests.add(request)
            view = self._show_stored_request(write, request.id)
            self.log(write, "request.made", (request.id, label), after=view, server=server.name, reason=reason)
            return view

        return self.change(work)[0]

    def request_page(self, listing: Listing, wanted: Wanted = "open") -> RequestPage:
        """Some of them, oldest first: those that wait, or all; of others only for who may decide."""
        self.require(Permission.VIEW)
        after = read_grant_place(listing.after)
        where = [is_open(self.now_ns())] if wanted == "open" else []
        if not self.principal.may(Permission.MANAGE_GRANTS):
            where += by(self.principal.user_id, self._named())

        def look(read: Transaction) -> RequestPage:
            only, limit = self.principal.servers, listing.limit + 1
            found = read.grant_requests.listed(*where, search=listing.search, after=after, limit=limit, only=only)
            shown = found[: listing.limit]
            last = shown[-1].request if len(found) > len(shown) else None
            following = None if last is None else place_of(last.created_at_ns, last.id)
            return RequestPage(items=[self._show_request(one) for one in shown], next=following)

        return self.read(look)

    def approve_request(self, request_id: str, approval: Approval) -> RequestChanged:
        """Mint the grant, which lives from now on for as long as was asked; its token waits for the requester.

        Errors: `Forbidden` for one's own, unless the organisation has one member; `Conflict` where it is decided or over.
        """
        self.require(Permission.MANAGE_GRANTS)
        note = check_text("the note", approval.note, "/note")

        def work(write: Transaction) -> RequestView:
            found = self._open_request(write, request_id)
            self._check_other(write, found.request)
            self._check_requester(write, found.request)
            policy = self._policy_for_request(write, found, approval.policy)
            seconds = self._seconds_of_request(found.request, approval.duration)
            grant = self._grant_for_request(write, found, policy, seconds)
            return self._decide_request(write, found, "approved", note, grant=grant.id)

        view, answer = self.change(work)
        return RequestChanged(request=view, applied=answer.applied, note=answer.note)

    def deny_request(self, request_id: str, denial: Denial) -> RequestChanged:
        """Refuse it."""
        self.require(Permission.MANAGE_GRANTS)
        note = check_text("the note", denial.note, "/note")
        view, answer = self.change(
            lambda write: self._decide_request(write, self._open_request(write, request_id), "denied", note)
        )
        return RequestChanged(request=view, applied=answer.applied, note=answer.note)

    def withdraw_request(self, request_id: str) -> RequestChanged:
        """Take one's own back."""
        self.require(Permission.REQUEST_GRANTS)

        def work(write: Transaction) -> RequestView:
            found = self._open_request(write, request_id)
            self._check_mine(found.request)
            return self._decide_request(write, found, "withdrawn", "")

        view, answer = self.change(work)
        return RequestChanged(request=view, applied=answer.applied, note=answer.note)

    def collect_grant(self, request_id: str) -> GrantMinted:
        """The token of the grant that was approved, for the one who asked, this once.

        Errors: `Conflict` where it was not approved, was collected, or the grant is over.
        """
        self.require(Permission.REQUEST_GRANTS)
        vault, token = token_vault(self.desk), mint()

        def work(write: Transaction) -> GrantView:
            now_ns, found = self.now_ns(), self._find_request(write, request_id)
            request = found.request
            self._check_mine(request)
            if request.decision != "approved" or request.grant_id is None:
                raise Conflict(f"the request `{request_id}` is {_status(request, now_ns)}; there is no token to show")
            if request.collected_at_ns is not None:
                at = show_moment(request.collected_at_ns)
                raise Conflict(f"the token was shown once, at {at}; if it is lost, ask an admin to rotate `{request.grant_id}`")
            grant = self.find_live_grant(write, request.grant_id)
            if not grant.grant.is_live(now_ns):
                raise Conflict(f"the grant `{request.grant_id}` has expired; ask for another one")
            write.grants.replace(replace(grant.grant, digest=digest(token, self.desk.environment.token_key)))
            keep_token(write, vault, grant.grant.id, token, now_ns)
            write.grant_requests.replace(replace(request, collected_at_ns=now_ns))
            before, after = self._show_request(found), self._show_stored_request(write, request.id)
            subject = request.id, request.label
            self.log(write, "request.collected", subject, before=before, after=after, grant=grant.grant.id)
            return self.show_stored_grant(write, grant.grant)

        view, answer = self.change(work)
        return GrantMinted(grant=view, token=token, applied=answer.applied, note=answer.note)

    # --- finding and checking -----------------------------------------------------------------------------------------------

    def _find_request(self, read: Transaction, request_id: str) -> NamedRequest:
        """Errors: `NotFound`, also for another's, to one who may not decide, and out of reach."""
        found, unknown = read.grant_requests.find(request_id), f"there is no request `{request_id}`"
        if found is None or not (self._is_mine(found.request) or self.principal.may(Permission.MANAGE_GRANTS)):
            raise NotFound(unknown)
        self.principal.require_reach(found.request.server_id, unknown)
        return found

    def _open_request(self, read: Transaction, request_id: str) -> NamedRequest:
        found = self._find_request(read, request_id)
        if not found.request.is_open(self.now_ns()):
            raise Conflict(f"the request `{request_id}` is {_status(found.request, self.now_ns())} already")
        return found

    def _is_ours(self, request: GrantRequest) -> bool:
        """Whether it is the principal's, or of a program of theirs, or of whom the principal is a program.

        Whoever runs the installation has no user, whatever name they give.
        """
        return request.requester_id == self.principal.user_id

    def _named(self) -> str | None:
        """Under which name alone the principal may have asked; None for any name of theirs."""
        return self.principal.name if self.principal.kind == "token" else None

    def _is_mine(self, request: GrantRequest) -> bool:
        """INVARIANT: an API token gets what it asked for, and nothing that its maker, or another one's token, asked for."""
        return self._is_ours(request) and self._named() in {None, request.requester}

    def _check_mine(self, request: GrantRequest) -> None:
        if not self._is_mine(request):
            raise Forbidden("only the one who asked for it may do that")

    def _check_other(self, read: Transaction, request: GrantRequest) -> None:
        if self._is_ours(request) and len(read.members.listed(limit=2)) > 1:
            raise Forbidden("nobody approves what they asked for themselves; another admin has to")

    def _check_requester(self, read: Transaction, request: GrantRequest) -> None:
        """Somebody who left, or whose role no longer reaches the server, gets nothing."""
        if request.requester_id is None:
            return
        found = read.members.find(request.requester_id)
        if found is None:
            raise Conflict(f"{request.requester} is no member any more; deny the request")
        if found.member.servers is not None and request.server_id not in found.member.servers:
            raise Conflict(f"the role of {request.requester} does not reach the server any more; deny the request")

    def _policy_for_request(self, read: Transaction, found: NamedRequest, wanted: str | None) -> Policy:
        reference = wanted or found.request.policy_id
        if reference is None:
            raise Invalid("name the policy that is to judge its calls; none was asked for", pointer="/policy")
        if wanted is None and read.policies.find(reference) is None:
            raise Conflict(f"the policy `{found.policy}` that was asked for is gone; name another one", pointer="/policy")
        policy = self.find_policy(read, reference)
        fits(policy, self.find_server(read, found.request.server_id))
        return policy

    def _seconds_of_request(self, request: GrantRequest, wanted: str | None) -> int:
        if wanted is None:
            return request.seconds
        seconds = duration_ns("duration", wanted, DURATION_NS_MAX) // NS
        if seconds > request.seconds:
            raise Invalid("that is longer than what was asked for", pointer="/duration")
        return seconds

    # --- writing ------------------------------------------------------------------------------------------------------------

    def _grant_for_request(self, write: Transaction, found: NamedRequest, policy: Policy, seconds: int) -> Grant:
        """The grant, with a token that nobody knows until the requester collects another one."""
        request, now_ns = found.request, self.now_ns()
        owner, owner_id = self.owner_of(write, request.requester_id or request.requester)
        grant = Grant(
            id=f"g-{secrets.token_hex(6)}",
            server_id=request.server_id,
            policy_id=policy.id,
            digest=digest(mint(), self.desk.environment.token_key),
            label=request.label,
            owner=owner,
            owner_id=owner_id,
            reason=request.reason,
            created_at_ns=now_ns,
            expires_at_ns=now_ns + seconds * NS,
        )
        write.grants.add(grant)
        view = self.show_stored_grant(write, grant)
        said = {"server": found.server, "policy": policy.name, "request": request.id}
        self.log(write, "grant.minted", (grant.id, grant.label), after=view, **said)
        return grant

    def _decide_request(
        self, write: Transaction, found: NamedRequest, decision: RequestStatus, note: str, *, grant: str | None = None
    ) -> RequestView:
        before, request = self._show_request(found), found.request
        by_whom = self.principal.name
        decided = replace(request, decision=decision, decided_by=by_whom, note=note, decided_at_ns=self.now_ns(), grant_id=grant)
        write.grant_requests.replace(decided)
        view = self._show_stored_request(write, request.id)
        self.log(write, f"request.{decision}", (request.id, request.label), before=before, after=view, note=note)
        return view

    def _show_stored_request(self, read: Transaction, request_id: str) -> RequestView:
        found = read.grant_requests.find(request_id)
        assert found is not None, "a request that was just written"
        return self._show_request(found)

    def _show_request(self, found: NamedRequest) -> RequestView:
        request = found.request
        return RequestView(
            id=request.id,
            server=found.server,
            policy=found.policy,
            requester=request.requester,
            mine=self._is_mine(request),
            label=request.label,
            reason=request.reason,
            duration_s=request.seconds,
            status=_status(request, self.now_ns()),
            created_at=show_moment(request.created_at_ns),
            expires_at=show_moment(request.expires_at_ns),
            decided_at=moment(request.decided_at_ns),
            decided_by=request.decided_by,
            note=request.note,
            grant=request.grant_id,
            collected_at=moment(request.collected_at_ns),
        )


def _status(request: GrantRequest, now_ns: int) -> RequestStatus:
    match request.decision:
        case "approved" | "denied" | "withdrawn" as decided:
            return decided
        case _:
            return "open" if request.is_open(now_ns) else "expired"
