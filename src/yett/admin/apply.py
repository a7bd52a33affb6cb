"""Use cases of policy as code: documents say what things are to be like, and one transaction makes them so."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Final, cast

from yett.admin.apply_plan import Documents, name_of, naming, places_of, plan_digest, read_documents, steps_between
from yett.admin.apply_views import (
    ApplyResult,
    ApplyWanted,
    Document,
    Exported,
    GrantDocument,
    MintedToken,
    PolicyDocument,
    ServerDocument,
    Step,
)
from yett.admin.checks import check_tags, check_text, expiry_ns, show_moment
from yett.admin.errors import Conflict, Invalid
from yett.admin.grants import fits
from yett.admin.kept_tokens import token_vault
from yett.admin.moves import origin_of, try_to_ask_anew
from yett.admin.permissions import Permission
from yett.admin.pin_views import Mode
from yett.admin.pins import hold_within
from yett.admin.policies import PolicyCases, parsed
from yett.admin.server_looks import target_of
from yett.admin.views import NewGrant, NewServer
from yett.errors import StoreFault
from yett.policy.canonical import canonical_json
from yett.sealing.vault import Vault
from yett.stores.control.grants import live
from yett.stores.control.pins import STRICT
from yett.stores.control.records import NamedGrant, Policy
from yett.stores.control.tables import grants
from yett.stores.control.transaction import Transaction

NEEDED = frozenset(
    {
        *(Permission.MANAGE_SERVERS, Permission.MANAGE_CREDENTIALS, Permission.EDIT_POLICIES),
        *(Permission.ATTACH_POLICIES, Permission.MANAGE_GRANTS),
    }
)
"""To apply documents, whatever they change: a plan that half of may be done is no plan."""


LOOKS_MAX: Final = 16
"""New servers that are asked for their tools before the answer; the others when it is their turn."""
LOOKS_AT_ONCE: Final = 8
_SERVER_FIELDS = tuple(one.name for one in fields(ServerDocument) if one.name not in {"kind", "pins"})


class _Undone(Exception):
    """Carries a plan out of a transaction that must leave nothing."""

    def __init__(self, result: ApplyResult) -> None:
        self.result = result


@dataclass(frozen=True, slots=True)
class _Marks:
    """Ids of servers with which something is to be done when all is committed."""

    moved: set[str] = field(default_factory=set)
    """Gone, or at another origin: no credential is kept alive for them."""
    places: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Which document of those that were sent each is."""
    unseen: dict[str, str] = field(default_factory=dict)
    """New or another one now, so that nobody knows their tools; with their names."""


@dataclass(frozen=True, slots=True)
class _Present:
    """What there is, as documents and as rows."""

    documents: Documents
    grants: dict[str, NamedGrant]
    """By `server/label`."""
    left_out: list[str]
    vault: Vault | None = None
    """What seals the tokens of new grants, if they are kept."""
    marks: _Marks = field(default_factory=_Marks)


class ApplyCases(PolicyCases):
    """The part of `yett.admin.control.Control` for policy as code."""

    __slots__ = ()

    def export(self) -> Exported:
        """Everything as documents, which `apply` finds unchanged."""
        self.require(Permission.VIEW)
        present = self.read(self._present)
        return Exported(documents=list(present.documents.values()), left_out=present.left_out)

    def apply(self, wanted: ApplyWanted) -> ApplyResult:
        """Make things as the documents say, all or nothing; or only tell the steps.

        Errors: `Invalid` naming the document, `PolicyRefused`, `Conflict` where the plan is no longer the one agreed to.
        """
        for permission in sorted(NEEDED):
            self.principal.require_everywhere(permission)
        check_text("the message", wanted.message, "/message")
        documents, places = read_documents(wanted.documents), places_of(wanted.documents)
        for key, document in documents.items():
            with naming(document, places[key]):
                documents[key] = _canonical(document)
        self._check_new_urls(documents, places)

        vault, marks = token_vault(self.desk), _Marks(places=places)

        def work(write: Transaction) -> ApplyResult:
            present = replace(self._present(write), vault=vault, marks=marks)
            steps, unchanged = steps_between(documents, present.documents, prune=wanted.prune)
            plan = plan_digest(steps)
            if wanted.plan is not None and wanted.plan != plan:
                raise Conflict("things have changed since the plan was made; look at it anew", pointer="/plan")
            tokens = [token for step in steps for token in self._do(write, step, documents, present, wanted.message)]
            self._check_bindings(write, documents)
            result = ApplyResult(
                steps=steps, unchanged=unchanged, plan=plan, done=not wanted.dry_run, tokens=tokens, applied=False
            )
            if wanted.dry_run:
                raise _Undone(replace(result, tokens=[]))
            return result

        try:
            result, answer = self.change(work)
        except _Undone as undone:
            return undone.result
        return replace(result, applied=answer.applied, note=answer.note, remarks=self._followed(marks))

    def _followed(self, marks: _Marks) -> list[str]:
        """What comes after: credentials of servers that are elsewhere are let go, new servers are asked for their tools."""
        if self.desk.credentials is not None:
            for server_id in marks.moved:
                self.desk.credentials.changed(self.principal.organisation, server_id)
        if marks.unseen:
            try_to_ask_anew(self.desk, self.principal.organisation, self.principal.name)
        asked = sorted(marks.unseen.items(), key=lambda one: one[1])
        with ThreadPoolExecutor(LOOKS_AT_ONCE, "yett apply") as looks:
            problems = looks.map(self._looked, [server_id for server_id, _ in asked[:LOOKS_MAX]])
            found = zip((name for _, name in asked), problems, strict=False)
            remarks = [f"the server `{name}` did not tell its tools: {problem}" for name, problem in found if problem]
        left = len(asked) - LOOKS_MAX
        return [*remarks, *([f"{left} more servers are asked for their tools in the next round of health"] if left > 0 else [])]

    def _looked(self, server_id: str) -> str | None:
        """Why a server did not tell its tools. What was applied is told whatever comes of this: it may hold tokens."""
        try:
            return self.look_now(server_id)
        except StoreFault as fault:
            return str(fault)

    def _check_new_urls(self, documents: Documents, places: Mapping[tuple[str, str], int]) -> None:
        """Errors: `Invalid` for a url that may not be asked. Before the transaction: hosts are looked up for it."""
        known = {server.url for server in self.read(lambda read: read.servers.listed())}
        for key, document in documents.items():
            if isinstance(document, ServerDocument) and document.url is not None and document.url not in known:
                with naming(document, places[key]):
                    self.check_reachable(document.url)

    def _present(self, read: Transaction) -> _Present:
        documents: Documents = {}
        left_out, modes = [], read.pins.modes()
        names = {server.id: server.name for server in read.servers.listed(only=self.principal.servers)}
        for server in read.servers.listed(only=self.principal.servers):
            said = {name: getattr(server, name) for name in _SERVER_FIELDS}
            pins = cast("Mode", modes.get(server.id, STRICT))
            documents["server", server.name] = ServerDocument(kind="server", **said, pins=pins)
        for policy, revision in read.policies.published():
            if policy.server_id is not None and policy.server_id not in names:
                continue
            if policy.source is not None:
                left_out.append(f"the policy `{policy.name}` follows the file `{policy.source}`")
                continue
            bound = names[policy.server_id] if policy.server_id else None
            document = PolicyDocument(kind="policy", name=policy.name, server=bound, document=revision.document)
            documents["policy", policy.name] = document
        grants = self._present_grants(read, documents, left_out)
        return _Present(documents, grants, left_out)

    def _present_grants(self, read: Transaction, documents: Documents, left_out: list[str]) -> dict[str, NamedGrant]:
        grants: dict[str, NamedGrant] = {}
        for found in read.grants.listed(live(self.now_ns()), only=self.principal.servers):
            grant = found.grant
            document = GrantDocument(
                kind="grant",
                server=found.server,
                label=grant.label,
                policy=found.policy,
                owner=grant.owner,
                tags=grant.tags,
                reason=grant.reason,
                expires=None if grant.expires_at_ns is None else show_moment(grant.expires_at_ns),
            )
            name = name_of(document)
            if not grant.label:
                left_out.append(f"the grant {grant.id} of `{found.server}` has no label")
            elif name in grants:
                left_out.append(f"the grant {grant.id} of `{found.server}` has the label of another one, `{grant.label}`")
            else:
                grants[name], documents["grant", name] = found, document
        return grants

    def _do(
        self,
        write: Transaction,
        step: Step,
        documents: Documents,
        present: _Present,
        message: str,
    ) -> list[MintedToken]:
        """One step; the tokens that came of it."""
        if step.action == "unmanaged":
            return []
        if step.action == "remove":
            self._remove(write, step, present)
            return []
        key = step.kind, step.name
        with naming(documents[key], present.marks.places[key]):
            match documents[key]:
                case ServerDocument() as document:
                    self._put_server(write, document, present.marks)
                case PolicyDocument() as document:
                    self._put_policy(write, document, message)
                case GrantDocument() as document:
                    return self._put_grant(write, document, present.grants.get(step.name), present.vault)
        return []

    def _remove(self, write: Transaction, step: Step, present: _Present) -> None:
        now_ns = self.now_ns()
        if step.kind == "grant":
            self.revoke_within(write, present.grants[step.name])
        elif step.kind == "policy":
            policy = self.find_policy(write, step.name)
            users = write.grants.live_by_policy(now_ns, [policy.id]).get(policy.id, 0)
            if users:
                raise Conflict(f"the policy `{policy.name}` is no document any more, but {users} live grants have it")
            self.remove_policy_within(write, policy)
        else:
            server = self.find_server(write, step.name)
            users = write.grants.live_by_server(now_ns, [server.id]).get(server.id, 0)
            if users:
                raise Conflict(f"the server `{server.name}` is no document any more, but it has {users} live grants")
            bound = [policy.name for policy in write.policies.listed(server_id=server.id) if policy.server_id == server.id]
            if bound:
                raise Conflict(f"the server `{server.name}` is no document any more, but the policy `{bound[0]}` is for it")
            self.remove_server_within(write, server, step.before)
            present.marks.moved.add(server.id)

    def _put_server(self, write: Transaction, document: ServerDocument, marks: _Marks) -> None:
        said = {name: getattr(document, name) for name in _SERVER_FIELDS}
        new, old = self._checked_server(NewServer(**said)), write.servers.find(document.name)
        if old is None:
            write.servers.add(new)
            self.log(write, "server.added", (new.id, new.name), after=self.show_server(write, new))
            hold_within(self, write, new, document.pins)
            marks.unseen[new.id] = new.name
            return
        untold = {name: getattr(old, name) for name in ("id", "created_at_ns", "stopped_at_ns", "moved_at_ns")}
        kept = replace(new, **untold)
        if origin_of(kept.url) != origin_of(old.url):
            marks.moved.add(old.id)
        if target_of(kept) != target_of(old) or kept.credential != old.credential:
            marks.unseen[old.id] = old.name
        if kept != old:
            self.replace_server_within(write, old, kept, given=True)
        hold_within(self, write, kept, document.pins)

    def _put_policy(self, write: Transaction, document: PolicyDocument, message: str) -> None:
        server = self.find_server(write, document.server) if document.server else None
        policy = write.policies.find(document.name)
        if policy is None:
            policy = Policy(
                id=str(uuid.uuid4()), name=document.name, server_id=server.id if server else None, created_at_ns=self.now_ns()
            )
            write.policies.add(policy)
        elif policy.source is not None:
            raise Conflict(f"the policy `{policy.name}` follows the file `{policy.source}`; leave it out of the documents")
        elif policy.server_id != (server.id if server else None):
            policy = replace(policy, server_id=server.id if server else None)
            write.policies.replace(policy)
            self.log(write, "policy.bound", (policy.id, policy.name), server=server.name if server else "")
        checked = parsed(document.name, document.document.encode(), yaml=False)
        self.revise(write, policy, checked, message, publish=True)

    def _check_bindings(self, write: Transaction, documents: Mapping[tuple[str, str], Document]) -> None:
        """When all is done, no grant has a policy that is for another server. Errors: `Conflict`."""
        for document in documents.values():
            if isinstance(document, PolicyDocument) and document.server:
                policy = self.find_policy(write, document.name)
                elsewhere = (grants.c.policy_id == policy.id, grants.c.server_id != policy.server_id, live(self.now_ns()))
                others = write.grants.listed(*elsewhere, limit=1)
                if others:
                    raise Conflict(
                        f"the policy `{policy.name}` is for `{document.server}`, but the grant"
                        f" `{others[0].grant.label or others[0].grant.id}` of `{others[0].server}` has it"
                    )

    def _put_grant(
        self, write: Transaction, document: GrantDocument, old: NamedGrant | None, vault: Vault | None
    ) -> list[MintedToken]:
        server = self.find_server(write, document.server)
        policy = self.find_policy(write, document.policy) if document.policy else None
        if policy is not None:
            fits(policy, server)
        said = {key: value for key, value in asdict(document).items() if key != "kind"}
        if old is None:
            view, token = self.mint_within(write, NewGrant(**said), vault)
            return [MintedToken(grant=name_of(document), id=view.id, token=token)]
        owner, owner_id = self.owner_of(write, document.owner)
        after = replace(
            old.grant,
            policy_id=None if policy is None else policy.id,
            owner=owner,
            owner_id=owner_id,
            tags=check_tags(document.tags),
            reason=check_text("the reason", document.reason, "/reason"),
            expires_at_ns=None if document.expires is None else expiry_ns(document.expires, self.now_ns()),
        )
        self.replace_within(write, old, "grant.edited", after)
        return []


def _canonical(document: Document) -> Document:
    """The one way to say what `document` says: canonical policies, moments to the second."""
    match document:
        case PolicyDocument(name=name, document=text):
            return replace(document, document=canonical_json(parsed(name, text.encode("utf-8", "surrogatepass"), yaml=False)))
        case GrantDocument(expires=str(expires)):
            if expires[-1:] in tuple("smhdw"):
                raise Invalid(f"`{expires}` is a duration; write a day or a moment", pointer="/expires")
            return replace(document, expires=show_moment(expiry_ns(expires, 0)))
        case ServerDocument():
            return replace(document, credential_header=document.credential_header.lower())
    return document
