"""From what a person wrote to the row that is meant, and from rows to views."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from yett.admin.checks import show_moment
from yett.admin.desk import is_live
from yett.admin.errors import Conflict, NotFound
from yett.admin.records import Change, ControlTransaction, Grant, Policy, Revision, Server
from yett.admin.views import ChangeLine, GrantView, PolicyView, RevisionLine, ServerView


def find_server(transaction: ControlTransaction, reference: str) -> Server:
    """The server of this name or id."""
    server = transaction.server(reference)
    if server is None:
        raise NotFound(f"there is no server `{reference}`; `yett server list` shows all")
    return server


def find_grant(transaction: ControlTransaction, reference: str) -> Grant:
    """The grant with this id, or the one live or revoked grant with this label."""
    grants = transaction.grants()
    by_id = [grant for grant in grants if grant.id == reference]
    labelled = [grant for grant in grants if reference and grant.label == reference]
    found = by_id or [grant for grant in labelled if grant.revoked_at_ns is None] or labelled
    if not found:
        raise NotFound(f"there is no grant `{reference}`; `yett grant list` shows all")
    if len(found) > 1:
        ids = ", ".join(grant.id for grant in found)
        raise Conflict(f"{len(found)} grants are labelled `{reference}`; name one by its id: {ids}")
    return found[0]


def find_policy(transaction: ControlTransaction, name: str) -> Policy:
    """The policy of this name."""
    for policy in transaction.policies():
        if policy.name == name:
            return policy
    raise NotFound(f"there is no policy `{name}`; publish one with `yett policy set {name} FILE`")


def live_grant(transaction: ControlTransaction, reference: str) -> Grant:
    """As `find_grant`, but a revoked one is refused: nothing of it changes any more."""
    grant = find_grant(transaction, reference)
    if grant.revoked_at_ns is not None:
        raise Conflict(f"the grant `{reference}` is revoked; mint another one")
    return grant


def grant_view(
    grant: Grant, servers: Mapping[str, str], policies: Mapping[str, str], now_ns: int, endpoint: Callable[[str], str]
) -> GrantView:
    """`servers` and `policies` map ids to names."""
    return GrantView(
        id=grant.id,
        label=grant.label,
        owner=grant.owner,
        tags=grant.tags,
        server=servers[grant.server_id],
        policy=policies[grant.policy_id] if grant.policy_id else None,
        status="revoked" if grant.revoked_at_ns is not None else "live" if is_live(grant, now_ns) else "expired",
        endpoint=endpoint(servers[grant.server_id]),
        created_at=show_moment(grant.created_at_ns),
        expires_at=_moment(grant.expires_at_ns),
        rotated_at=_moment(grant.rotated_at_ns),
        revoked_at=_moment(grant.revoked_at_ns),
    )


def server_view(server: Server, grants: Sequence[Grant], now_ns: int, endpoint: Callable[[str], str]) -> ServerView:
    """`grants` may be those of all servers."""
    return ServerView(
        id=server.id,
        name=server.name,
        url=server.url,
        transport=_transport(server),
        command=server.command,
        credential=server.credential,
        credential_header=server.credential_header,
        credential_scheme=server.credential_scheme,
        endpoint=endpoint(server.name),
        created_at=show_moment(server.created_at_ns),
        grants=sum(grant.server_id == server.id and is_live(grant, now_ns) for grant in grants),
    )


def _transport(server: Server) -> Literal["http", "sse", "stdio"]:
    if server.url is None:
        return "stdio"
    return "sse" if server.transport == "sse" else "http"


def policy_view(policy: Policy, revision: Revision, grants: Sequence[Grant], now_ns: int) -> PolicyView:
    """`grants` may be all there are."""
    return PolicyView(
        name=policy.name,
        revision=revision.name,
        number=revision.number,
        source=policy.source,
        author=revision.author,
        message=revision.message,
        created_at=show_moment(revision.created_at_ns),
        grants=sum(grant.policy_id == policy.id and is_live(grant, now_ns) for grant in grants),
    )


def revision_line(revision: Revision) -> RevisionLine:
    """A revision without its text."""
    return RevisionLine(
        revision=revision.name,
        number=revision.number,
        author=revision.author,
        message=revision.message,
        created_at=show_moment(revision.created_at_ns),
    )


def change_line(change: Change) -> ChangeLine:
    """A line of the admin log for people."""
    return ChangeLine(
        at=show_moment(change.at_ns),
        actor=change.actor,
        action=change.action,
        subject=change.subject,
        name=change.name,
        detail=change.detail,
    )


def _moment(ns: int | None) -> str | None:
    return None if ns is None else show_moment(ns)
