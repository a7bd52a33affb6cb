"""Use cases about API tokens: keys for programs that use the admin API."""

from __future__ import annotations

import secrets

from yett.admin.checks import check_text, expiry_ns, show_moment
from yett.admin.errors import Conflict, Forbidden, Invalid, NotFound
from yett.admin.people.handles import digest, new_api_token
from yett.admin.people.members import MemberCases
from yett.admin.people.views import NewToken, TokenMade, TokenView
from yett.admin.permissions import Permission
from yett.admin.showing import moment
from yett.stores.control.people_records import ApiToken
from yett.stores.control.transaction import Transaction


class TokenCases(MemberCases):
    """The part of `yett.admin.people.control.PeopleControl` about API tokens."""

    __slots__ = ()

    def tokens(self) -> list[TokenView]:
        """All, oldest first; revoked and expired ones too."""
        self.principal.require_everywhere(Permission.MANAGE_MEMBERS)
        return self.read(lambda read: [self._show(read, token) for token in read.api_tokens.listed()])

    def make_token(self, new: NewToken) -> TokenMade:
        """Make one; the answer holds it, this once. Errors: `Forbidden` for a scope that its maker has not."""
        self.principal.require_everywhere(Permission.MANAGE_MEMBERS)
        label, text = check_text("the label", new.label, "/label"), new_api_token()
        if not label:
            raise Invalid("an API token has a label, by which it is found again", pointer="/label")
        scopes = self._checked_scopes(new.scopes)

        def work(write: Transaction) -> TokenView:
            now_ns = self.now_ns()
            token = ApiToken(
                id=f"t-{secrets.token_hex(6)}",
                label=label,
                digest=digest("api token", text, self.desk.environment.token_key),
                scopes=scopes,
                servers=self.checked_servers(write, new.servers),
                maker_id=self.principal.user_id,
                created_by=self.principal.name,
                created_at_ns=now_ns,
                expires_at_ns=expiry_ns(new.expires, now_ns) if new.expires is not None else None,
            )
            write.api_tokens.add(token)
            view = self._show(write, token)
            self.log(write, "token.made", (token.id, token.label), after=view)
            return view

        return TokenMade(token_view=self.change(work)[0], token=text)

    def revoke_token(self, reference: str) -> TokenView:
        """End one, by id or label."""
        self.principal.require_everywhere(Permission.MANAGE_MEMBERS)

        def work(write: Transaction) -> TokenView:
            token = self._find(write, reference)
            before = self._show(write, token)
            write.api_tokens.revoke(token.id, self.now_ns())
            after = self._show(write, self._find(write, token.id, revoked=True))
            self.log(write, "token.revoked", (token.id, token.label), before=before, after=after)
            return after

        return self.change(work)[0]

    def _checked_scopes(self, scopes: list[str]) -> tuple[str, ...]:
        known = {one.value for one in Permission}
        for scope in scopes:
            if scope not in known:
                raise Invalid(f"`{scope}` is no scope; there are {', '.join(sorted(known))}", pointer="/scopes")
            if not self.principal.may(Permission(scope)):
                raise Forbidden(f"`{scope}` is not allowed to {self.principal.name}, so it cannot be given on")
        if not scopes:
            raise Invalid("a token without scopes opens nothing; name at least one", pointer="/scopes")
        return tuple(sorted(set(scopes)))

    def _find(self, read: Transaction, reference: str, *, revoked: bool = False) -> ApiToken:
        found = read.api_tokens.find(reference)
        labelled = read.api_tokens.labelled(reference) if found is None else [found]
        usable = [token for token in labelled if revoked or token.revoked_at_ns is None]
        if not usable:
            raise NotFound(f"there is no API token `{reference}` that is not revoked; `yett token list` shows all")
        if len(usable) > 1:
            ids = ", ".join(token.id for token in usable)
            raise Conflict(f"{len(usable)} API tokens are labelled `{reference}`; name one by its id: {ids}")
        return usable[0]

    def _show(self, read: Transaction, token: ApiToken) -> TokenView:
        ended_ns, over_ns = token.revoked_at_ns, token.expires_at_ns
        is_revoked = ended_ns is not None and (over_ns is None or ended_ns < over_ns)
        return TokenView(
            id=token.id,
            label=token.label,
            scopes=list(token.scopes),
            servers=self.server_names(read, token.servers),
            created_by=token.created_by,
            created_at=show_moment(token.created_at_ns),
            expires_at=moment(token.expires_at_ns),
            used_at=moment(token.used_at_ns),
            status="revoked" if is_revoked else "live" if token.is_live(self.now_ns()) else "expired",
        )
