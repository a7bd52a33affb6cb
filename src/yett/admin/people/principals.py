"""From a person, or a token, to what they may now: roles count as they are at this very request."""

from __future__ import annotations

from collections.abc import Sequence

from yett.admin.permissions import ALLOWED, Permission, Principal, Role
from yett.stores.control.people_records import ApiToken, Membership, User
from yett.stores.control.transaction import Whole

NOTHING: frozenset[Permission] = frozenset()


def allowed_to(role: str) -> frozenset[Permission]:
    """What a role may; nothing, for one that is none."""
    return ALLOWED.get(Role(role), NOTHING) if role in {one.value for one in Role} else NOTHING


def member_principal(user: User, membership: Membership, address: str | None) -> Principal:
    """A person at work in one organisation."""
    member = membership.member
    return Principal(
        kind="member",
        name=user.email,
        organisation=membership.organisation_id,
        permissions=allowed_to(member.role),
        servers=None if member.servers is None else frozenset(member.servers),
        user_id=user.id,
        address=address,
    )


def token_principal(whole: Whole, organisation: str, token: ApiToken, address: str | None) -> Principal | None:
    """A program at work; None if whoever made its token does not belong there any more.

    INVARIANT: it never may more than its maker may now.
    """
    permissions = frozenset(Permission(scope) for scope in token.scopes if scope in {one.value for one in Permission})
    servers = None if token.servers is None else frozenset(token.servers)
    if token.maker_id is not None:
        found = whole.of(organisation).members.find(token.maker_id)
        if found is None:
            return None
        permissions &= allowed_to(found.member.role)
        servers = both(servers, found.member.servers)
    return Principal(
        kind="token",
        name=f"token:{token.label}",
        organisation=organisation,
        permissions=permissions,
        servers=servers,
        user_id=token.maker_id,
        address=address,
    )


def both(one: frozenset[str] | None, other: Sequence[str] | frozenset[str] | None) -> frozenset[str] | None:
    """The servers that are in both; None is all."""
    if one is None:
        return None if other is None else frozenset(other)
    return one if other is None else one & frozenset(other)
