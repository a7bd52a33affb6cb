"""From rows to views. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import fields
from typing import Final, Literal

from yett.admin.checks import show_moment
from yett.admin.views import ChangeLine, GrantView, HealthView, PolicyView, RevisionLine, ServerView
from yett.stores.control.policies import Summary
from yett.stores.control.records import Change, Look, NamedGrant, Policy, Revision, Server

REVISION_DIGITS: Final = 16
_SAID_OF_SERVERS: Final = [
    one.name for one in fields(Server) if one.name not in {"stopped_at_ns", "created_at_ns", "program", "moved_at_ns"}
]


def server_view(server: Server, look: Look | None, grants: int, endpoint: Callable[[str], str]) -> ServerView:
    """`grants`: how many live ones it has."""
    return ServerView(
        id=server.id,
        name=server.name,
        notes=server.notes,
        url=server.url,
        transport=_transport(server),
        command=server.command,
        credential=server.credential,
        credential_header=server.credential_header,
        credential_scheme=server.credential_scheme,
        endpoint=endpoint(server.name),
        endpoint_by_id=endpoint(server.id),
        revision=server_revision(server),
        created_at=show_moment(server.created_at_ns),
        stopped_at=moment(server.stopped_at_ns),
        health=health_view(look),
        grants=grants,
    )


def health_view(look: Look | None) -> HealthView | None:
    """How the last look at a server went."""
    return None if look is None else HealthView(at=show_moment(look.at_ns), problem=look.problem)


def server_revision(server: Server) -> str:
    """A name for what people set of a server: the same one for the same values. The kill switch does not change it."""
    said = {name: getattr(server, name) for name in _SAID_OF_SERVERS}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:REVISION_DIGITS]


def _transport(server: Server) -> Literal["http", "sse", "stdio"]:
    if server.url is None:
        return "stdio"
    return "sse" if server.transport == "sse" else "http"


def grant_view(found: NamedGrant, now_ns: int, endpoint: Callable[[str], str]) -> GrantView:
    """A grant, without anything that its token could be guessed from."""
    grant = found.grant
    overlaps = grant.previous_until_ns is not None and now_ns < grant.previous_until_ns
    return GrantView(
        id=grant.id,
        label=grant.label,
        owner=grant.owner,
        owner_id=grant.owner_id,
        tags=grant.tags,
        reason=grant.reason,
        server=found.server,
        policy=found.policy,
        status=_status(found, now_ns),
        endpoint=endpoint(found.server),
        created_at=show_moment(grant.created_at_ns),
        expires_at=moment(grant.expires_at_ns),
        rotated_at=moment(grant.rotated_at_ns),
        previous_until=moment(grant.previous_until_ns) if overlaps else None,
        revoked_at=moment(grant.revoked_at_ns),
        stopped_at=moment(grant.stopped_at_ns),
        used_at=moment(grant.used_at_ns),
        revealable=found.kept,
    )


def _status(found: NamedGrant, now_ns: int) -> Literal["live", "expired", "revoked", "stopped"]:
    if found.grant.revoked_at_ns is not None:
        return "revoked"
    if not found.grant.is_live(now_ns):
        return "expired"
    return "live" if found.grant.stopped_at_ns is None else "stopped"


def policy_view(policy: Policy, summary: Summary, grants: int) -> PolicyView:
    """`grants`: how many live ones have it."""
    last, revision = summary.last, summary.published or summary.last
    return PolicyView(
        id=policy.id,
        name=policy.name,
        server=summary.server,
        revision=revision.name,
        number=revision.number,
        status="draft" if policy.published is None else "published",
        draft=last.number if last.number > revision.number else None,
        source=policy.source,
        author=revision.author,
        message=revision.message,
        created_at=show_moment(revision.created_at_ns),
        grants=grants,
    )


def revision_line(revision: Revision, published: int | None) -> RevisionLine:
    """A revision without its text."""
    return RevisionLine(
        revision=revision.name,
        number=revision.number,
        published=revision.number == published,
        author=revision.author,
        message=revision.message,
        created_at=show_moment(revision.created_at_ns),
    )


def change_line(change: Change) -> ChangeLine:
    """A line of the admin log for people."""
    return ChangeLine(
        number=change.sequence,
        at=show_moment(change.at_ns),
        actor=change.actor,
        action=change.action,
        subject=change.subject,
        name=change.name,
        detail=change.detail,
        before=change.before,
        after=change.after,
        address=change.address,
    )


def moment(ns: int | None) -> str | None:
    """RFC 3339, to the second; None for what did not happen."""
    return None if ns is None else show_moment(ns)
