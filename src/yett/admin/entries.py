"""What data planes are told of the control plane's rows: all of them at start, and afterwards what changed."""

from __future__ import annotations

from yett.catalog.model import RiskClass
from yett.gateway.snapshot import (
    EVERYTHING,
    ClassesEntry,
    GrantEntry,
    IssuerEntry,
    PinsEntry,
    PolicyEntry,
    RuleEntry,
    ServerEntry,
    SnapshotData,
    SnapshotDelta,
    ToolClass,
)
from yett.stores.control.grants import live
from yett.stores.control.pins import OFF
from yett.stores.control.records import Grant, Issuer, Policy, Revision, Server
from yett.stores.control.transaction import Transaction, Whole


def build_snapshot(whole: Whole, now_ns: int, problems: list[str]) -> SnapshotData:
    """All that is needed to judge: live grants, present servers, the published revision of each policy."""
    parts = [whole.of(organisation.id) for organisation in whole.organisations()]
    return SnapshotData(
        origin=whole.origin(),
        revision=whole.revision(),
        servers=[entry for part in parts for entry in _server_entries(part)],
        grants=[grant_entry(part.organisation, found.grant) for part in parts for found in part.grants.listed(live(now_ns))],
        policies=[policy_entry(part.organisation, *found) for part in parts for found in part.policies.published()],
        issuers=issuers_of(whole),
        classes=[entry for part in parts for entry in class_entries(part)],
        pins=[entry for part in parts for entry in pin_entries(part)],
        stopped=stopped(whole),
        problems=problems,
    )


def build_delta(whole: Whole, transaction: Transaction | None, now_ns: int, problems: list[str]) -> SnapshotDelta:
    """What `transaction` changed; of what it touched, that which no longer counts is gone."""
    revision = whole.revision()
    delta = SnapshotDelta(
        origin=whole.origin(),
        revision=revision,
        previous=revision - 1,
        issuers=issuers_of(whole) if transaction is not None and transaction.touched.issuers else None,
        stopped=stopped(whole),
        problems=problems,
    )
    if transaction is None:
        return delta
    organisation, touched = transaction.organisation, transaction.touched
    for server_id in touched.servers:
        server = transaction.servers.find(server_id)
        if server is None:
            delta.servers_gone.append(server_id)
        else:
            delta.servers.append(server_entry(organisation, server, _kind_of(transaction, server_id)))
    _add_tools(delta, transaction)
    for grant_id in touched.grants:
        found = transaction.grants.find(grant_id)
        if found is None or not found.grant.is_live(now_ns):
            delta.grants_gone.append(grant_id)
        else:
            delta.grants.append(grant_entry(organisation, found.grant))
    for policy_id in touched.policies:
        policy = transaction.policies.find(policy_id)
        revision_now = None if policy is None else transaction.policies.revision(policy_id, policy.published)
        if policy is None or revision_now is None:
            delta.policies_gone.append(policy_id)
        else:
            delta.policies.append(policy_entry(organisation, policy, revision_now))
    return delta


def _add_tools(delta: SnapshotDelta, transaction: Transaction) -> None:
    """What the transaction changed of tools of servers that are still there."""
    gone, touched = set(delta.servers_gone), transaction.touched
    for server_id in touched.classes - gone:
        delta.classes.extend(class_entries(transaction, server_id) or [ClassesEntry(server=server_id)])
    for server_id in touched.pins - gone:
        delta.pins.extend(pin_entries(transaction, server_id) or [PinsEntry(server=server_id)])


def issuers_of(whole: Whole) -> list[IssuerEntry]:
    """All of them; they are few."""
    parts = [whole.of(organisation.id) for organisation in whole.organisations()]
    return [issuer_entry(part.organisation, issuer) for part in parts for issuer in part.issuers.listed()]


def issuer_entry(organisation: str, issuer: Issuer) -> IssuerEntry:
    """An issuer for the data planes."""
    return IssuerEntry(
        id=issuer.id,
        organisation=organisation,
        issuer=issuer.issuer,
        audiences=list(issuer.audiences),
        algorithms=list(issuer.algorithms),
        keys=[dict(key) for key in issuer.keys],
        rules=[RuleEntry(claims=dict(rule.claims), grant=rule.grant_id) for rule in issuer.rules],
        leeway_s=issuer.leeway_s,
    )


def stopped(whole: Whole) -> list[str]:
    """Ids of the organisations whose calls are all refused; `*` for every one."""
    everything = [EVERYTHING] if whole.stopped_at_ns() is not None else []
    return everything + [one.id for one in whole.organisations() if one.stopped_at_ns is not None]


def _server_entries(part: Transaction) -> list[ServerEntry]:
    kinds = part.credentials.kinds()
    return [server_entry(part.organisation, server, kinds.get(server.id)) for server in part.servers.listed()]


def class_entries(part: Transaction, only: str | None = None) -> list[ClassesEntry]:
    """The classes of the tools of all servers that have any, or of `only` this one: an admin's word above the classifier's."""
    judged, given = part.servers.classes(only), part.tool_classes.risks(only)
    entries = []
    for server_id in sorted(judged.keys() | given.keys()):
        tools = {name: ToolClass(RiskClass(risk).value, of) for name, (risk, of) in judged.get(server_id, {}).items()}
        tools |= {name: ToolClass(RiskClass(risk).value) for name, risk in given.get(server_id, {}).items()}
        if tools:
            entries.append(ClassesEntry(server=server_id, tools=tools))
    return entries


def pin_entries(part: Transaction, only: str | None = None) -> list[PinsEntry]:
    """What the tools of all servers that are held to their pins are held to, or those of `only` this one."""
    marks = part.pins.marks(only)
    return [
        PinsEntry(server=server_id, tools={tool: " ".join(one) for tool, one in marks.get(server_id, {}).items()})
        for server_id, mode in sorted(part.pins.held(only).items())
        if mode != OFF
    ]


def _kind_of(transaction: Transaction, server_id: str) -> str | None:
    credential = transaction.credentials.find(server_id)
    return None if credential is None else credential.kind


def server_entry(organisation: str, server: Server, credential: str | None = None) -> ServerEntry:
    """A server for the data planes; `credential` is the kind of its sealed one, if it has one."""
    return ServerEntry(
        id=server.id,
        organisation=organisation,
        name=server.name,
        url=server.url,
        transport="sse" if server.transport == "sse" else "http",
        command=server.command,
        program=None if server.command is None else server.program,
        credential=server.credential,
        credential_header=server.credential_header,
        credential_scheme=server.credential_scheme,
        sealed=None if credential is None else "headers" if credential == "headers" else "oauth",
        stopped=server.stopped_at_ns is not None,
    )


def grant_entry(organisation: str, grant: Grant) -> GrantEntry:
    """A grant for the data planes."""
    return GrantEntry(
        id=grant.id,
        organisation=organisation,
        digest=grant.digest,
        previous_digest=grant.previous_digest,
        previous_until_ns=grant.previous_until_ns,
        server=grant.server_id,
        label=grant.label,
        owner=grant.owner,
        tags=grant.tags,
        expires_at_ns=grant.expires_at_ns,
        policy=grant.policy_id,
        stopped=grant.stopped_at_ns is not None,
    )


def policy_entry(organisation: str, policy: Policy, revision: Revision) -> PolicyEntry:
    """A policy for the data planes, with the text that judges."""
    return PolicyEntry(
        id=policy.id, organisation=organisation, name=policy.name, revision=revision.name, document=revision.document
    )
