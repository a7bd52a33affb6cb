"""Use cases about policies: texts are checked, kept as immutable revisions, and never changed afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from yett.admin.approvals_showing import exemption_view
from yett.admin.checks import check_name, check_text, show_moment
from yett.admin.errors import Conflict, Invalid, NotFound, PolicyRefused
from yett.admin.exemption_views import ExemptionView
from yett.admin.listing import PAGE_MAX, Listing
from yett.admin.permissions import Permission
from yett.admin.policy_lint import tool_shapes, warnings
from yett.admin.policy_views import REFERENCES_MAX
from yett.admin.servers import ServerCases
from yett.admin.showing import revision_line
from yett.admin.views import GrantView, NewRevision, PolicyChanged, PolicyPage, PolicyText, PolicyView, PolicyWarning
from yett.policy import model
from yett.policy.canonical import canonical_json, revision_digest
from yett.policy.document import read_policy
from yett.policy.errors import PolicyErrors
from yett.stores.control.grants import live
from yett.stores.control.records import Look, NamedGrant, Policy, Revision
from yett.stores.control.tables import grants
from yett.stores.control.transaction import Transaction

GRANTS_NAMED_MAX: Final = 5
"""Grants that a refusal names."""
SERVERS_LINTED_MAX: Final = 10
"""Servers whose tools a policy is compared with when it is saved."""


class PolicyCases(ServerCases):
    """The policies part of `yett.admin.control.Control`."""

    __slots__ = ()

    def policies(self, search: str = "", server: str | None = None) -> list[PolicyView]:
        """All within reach, by name, or those that grants of one server may have."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> list[PolicyView]:
            bound = None if server is None else self.find_server(read, server).id
            return self.show_policies(read, read.policies.listed(search=search, server_id=bound, only=self.principal.servers))

        return self.read(look)

    def policy_page(self, listing: Listing, server: str | None = None) -> PolicyPage:
        """Some of them: all, or those that grants of one server may have."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> PolicyPage:
            bound = None if server is None else self.find_server(read, server).id
            found = read.policies.listed(
                search=listing.search,
                server_id=bound,
                only=self.principal.servers,
                after=listing.after,
                limit=listing.limit + 1,
            )
            shown = found[: listing.limit]
            return PolicyPage(items=self.show_policies(read, shown), next=shown[-1].name if len(found) > len(shown) else None)

        return self.read(look)

    def policy(self, name: str, revision: int | None = None) -> PolicyText:
        """One with a text: the published one, else the last draft, else the one asked for."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> PolicyText:
            policy = self.find_policy(read, name)
            view = self.show_policy(read, policy)
            shown = find_revision(read, policy, revision or view.number)
            revisions = read.policies.revisions(policy.id, limit=PAGE_MAX)
            return PolicyText(
                policy=view,
                revision=revision_line(shown, policy.published),
                document=shown.document,
                revisions=[revision_line(found, policy.published) for found in revisions],
            )

        shown = self.read(look)
        return replace(shown, exemptions=self._exemptions_of(shown.policy.name))

    def _exemptions_of(self, policy: str) -> list[ExemptionView]:
        """Calls within reach that its rules do not ask for meanwhile."""
        port = self.desk.environment.approvals
        held = [] if port is None else port.exemptions(self.principal.organisation, self.now_ns(), policy)
        return [exemption_view(one) for one in held if self.principal.reaches(one.server_id)]

    def set_policy(self, name: str, new: NewRevision) -> PolicyChanged:
        """Save a text, and publish it unless it is said to be a draft."""
        self.require(Permission.EDIT_POLICIES)
        if new.grants:
            self.require(Permission.ATTACH_POLICIES)
        checked = parsed(name, new.document.encode("utf-8", "surrogatepass"), yaml=new.yaml)
        message = check_text("the message", new.message, "/message")
        if len(new.grants) > REFERENCES_MAX:
            raise Invalid(f"at most {REFERENCES_MAX:,} grants are attached at once", pointer="/grants")

        def work(write: Transaction) -> tuple[PolicyView, bool, list[GrantView], _Linting]:
            policy = self._policy_to_save(write, name, new)
            check_free(policy)
            check_base(write, policy, new.base)
            before = write.policies.revision(policy.id, policy.published)
            changed = self.revise(write, policy, checked, message, publish=not new.draft)
            stored = self.find_policy(write, policy.id)
            attached = [self.attach_within(write, reference, stored) for reference in new.grants]
            return self.show_policy(write, stored), changed, attached, _Linting(before, self._looks_for(write, stored))

        (view, changed, attached, linting), answer = self.change(work)
        return PolicyChanged(
            policy=view,
            changed=changed,
            attached=attached,
            warnings=linting.warnings(checked),
            applied=answer.applied,
            note=answer.note,
        )

    def _policy_to_save(self, write: Transaction, name: str, new: NewRevision) -> Policy:
        """The policy of this name, made or bound as `new` says."""
        if write.policies.find(name) is None and new.server:
            server = self.find_server(write, new.server)
            policy = Policy(id=str(uuid.uuid4()), name=name, server_id=server.id, created_at_ns=self.now_ns())
            write.policies.add(policy)
            return policy
        policy = self.policy_for(write, name)
        return policy if new.server is None else self.bind_within(write, policy, new.server)

    def bind_within(self, write: Transaction, policy: Policy, reference: str) -> Policy:
        """Have only grants of this server have the policy; of any, for an empty reference.

        Errors: `Conflict` where a live grant of another server has it.
        """
        server = self.find_server(write, reference) if reference else None
        if policy.server_id == (None if server is None else server.id):
            return policy
        if server is None:
            self.principal.require_everywhere(Permission.EDIT_POLICIES)
        else:
            elsewhere = [grants.c.policy_id == policy.id, grants.c.server_id != server.id, live(self.now_ns())]
            others = write.grants.listed(*elsewhere, limit=GRANTS_NAMED_MAX + 1)
            if others:
                raise Conflict(
                    f"the policy `{policy.name}` cannot be for `{server.name}` alone: {named(others)} of other servers "
                    f"have it; detach it first with `yett policy detach {policy.name} GRANT`",
                    pointer="/server",
                )
        bound = replace(policy, server_id=None if server is None else server.id)
        if write.policies.last_revision(policy.id) is None:  # it is being made, and has nothing to show yet
            write.policies.replace(bound)
            return bound
        before = self.show_policy(write, policy)
        write.policies.replace(bound)
        after = self.show_policy(write, bound)
        name = "" if server is None else server.name
        self.log(write, "policy.bound", (policy.id, policy.name), before=before, after=after, server=name)
        return bound

    def remove_policy_within(self, write: Transaction, policy: Policy) -> PolicyView:
        """Take a policy away, as part of a larger change. Errors: `Conflict` where a live grant has it."""
        having = grants.c.policy_id == policy.id
        users = write.grants.listed(having, live(self.now_ns()), limit=GRANTS_NAMED_MAX + 1)
        if users:
            raise Conflict(
                f"the policy `{policy.name}` is in use: {named(users)} {'has' if len(users) == 1 else 'have'} it; detach it "
                f"first, `yett policy uses {policy.name}` shows from whom"
            )
        view = self.show_policy(write, policy)
        for expired in write.grants.listed(having, grants.c.revoked_at_ns.is_(None)):
            self.attach_within(write, expired.grant.id, None)  # its expiry may be put off, and it is to say then what it may do
        write.policies.remove(policy.id, self.now_ns())
        self.log(write, "policy.removed", (policy.id, policy.name), before=view)
        return view

    def _looks_for(self, read: Transaction, policy: Policy) -> dict[str, Look]:
        """The last looks at the servers whose tools the policy is about, within reach, by name."""
        if policy.server_id is not None:
            ids = [policy.server_id]
        else:
            ids = read.grants.servers_with(policy.id, self.now_ns())[:SERVERS_LINTED_MAX]
        found = {}
        for server_id in ids:
            server = read.servers.find(server_id) if self.principal.reaches(server_id) else None
            look = None if server is None else read.servers.look(server.id)
            if server is not None and look is not None:
                found[server.name] = look
        return found

    def follow_file(self, name: str, source: str, data: bytes, *, yaml: bool) -> bool:
        """Publish what the policy file `source` says now; whether that was news. Errors: `Invalid`, `PolicyRefused`."""
        checked = parsed(name, data, yaml=yaml)

        def known(read: Transaction) -> bool:
            policy = read.policies.find(name)
            text = None if policy is None else read.policies.revision(policy.id, policy.published)
            return policy is not None and policy.source == source and text is not None and text.digest == revision_digest(checked)

        def work(write: Transaction) -> None:
            policy = self.policy_for(write, name)
            if policy.source != source:
                subject, before, after = (policy.id, policy.name), {"source": policy.source}, {"source": source}
                policy = replace(policy, source=source)
                write.policies.replace(policy)
                self.log(write, "policy.followed", subject, before=before, after=after, source=source)
            self.revise(write, policy, checked, f"from {source}"[-256:], publish=True)

        if self.read(known):
            return False
        self.change(work)
        return True

    def unfollow_except(self, names: set[str]) -> None:
        """Policies that followed a file which the settings name no more are set by command from now on."""

        def work(write: Transaction) -> None:
            for policy in write.policies.following():
                if policy.name not in names:
                    write.policies.replace(replace(policy, source=None))
                    subject, before, after = (policy.id, policy.name), {"source": policy.source}, {"source": None}
                    self.log(write, "policy.unfollowed", subject, before=before, after=after, source=policy.source or "")

        self.change(work)

    def editable_policy(self, write: Transaction, reference: str, *, followed: bool = False) -> Policy:
        """The policy of this name or id, to be changed; one that follows a file only if `followed`.

        Errors: `NotFound`; `Forbidden` where it reaches further than the principal; `Conflict` where it follows a file.
        """
        policy = self.find_policy(write, reference)
        if policy.server_id is None:
            self.principal.require_everywhere(Permission.EDIT_POLICIES)
        if not followed:
            check_free(policy)
        return policy

    def policy_for(self, write: Transaction, name: str) -> Policy:
        """The policy of this name, made if there is none. Errors: `Forbidden` where it would be out of the principal's reach."""
        if write.policies.find(name) is not None:
            return self.editable_policy(write, name, followed=True)
        self.principal.require_everywhere(Permission.EDIT_POLICIES)
        policy = Policy(id=str(uuid.uuid4()), name=name, created_at_ns=self.now_ns())
        write.policies.add(policy)
        return policy

    def revise(self, write: Transaction, policy: Policy, checked: model.Policy, message: str, *, publish: bool) -> bool:
        """Add a revision, unless the last one says the same, and have it judge if that is wanted; whether anything changed."""
        last, fingerprint = write.policies.last_revision(policy.id), revision_digest(checked)
        earlier = last
        added = last is None or last.digest != fingerprint
        if last is None or last.digest != fingerprint:
            last = Revision(
                policy_id=policy.id,
                number=last.number + 1 if last else 1,
                digest=fingerprint,
                document=canonical_json(checked),
                author=self.principal.name,
                message=message,
                created_at_ns=self.now_ns(),
            )
            before = None if earlier is None else {"revision": earlier.name}
            write.policies.add_revision(last)
            subject = policy.id, policy.name
            after = {"revision": last.name}
            self.log(write, "policy.set", subject, before=before, after=after, revision=last.name, message=message)
        if publish and policy.published != last.number:
            self.publish_within(write, policy, last)
            return True
        return added

    def publish_within(self, write: Transaction, policy: Policy, revision: Revision) -> None:
        """Have this revision judge, from the next call on."""
        before = write.policies.revision(policy.id, policy.published)
        write.policies.replace(replace(policy, published=revision.number))
        self.log(write, "policy.published", (policy.id, policy.name), before=judging(before), after=judging(revision))


@dataclass(frozen=True, slots=True)
class _Linting:
    """What the linter is told beside the text; it runs once the store is free again."""

    before: Revision | None
    looks: Mapping[str, Look]

    def warnings(self, checked: model.Policy) -> list[PolicyWarning]:
        previous = None if self.before is None else read_policy(self.before.document.encode(), yaml=False)
        shapes = {server: tool_shapes(look.said) for server, look in self.looks.items()}
        return warnings(checked, previous, {server: tools for server, tools in shapes.items() if tools is not None})


def judging(revision: Revision | None) -> dict[str, str] | None:
    """What judges, for the admin log."""
    return None if revision is None else {"revision": revision.name, "document": revision.document}


def find_revision(read: Transaction, policy: Policy, number: int) -> Revision:
    """The revision of this number. Errors: `NotFound`."""
    found = read.policies.revision(policy.id, number)
    if found is None:
        last = read.policies.last_revision(policy.id)
        end = "" if last is None else f"; the last one is {last.number}"
        raise NotFound(f"the policy `{policy.name}` has no revision {number}{end}")
    return found


def check_free(policy: Policy) -> None:
    """Errors: `Conflict` where the policy is what a file says."""
    if policy.source is not None:
        raise Conflict(
            f"the policy `{policy.name}` follows the file `{policy.source}`; edit that, or take it out of the settings"
        )


def check_base(read: Transaction, policy: Policy, base: int | None) -> None:
    """Errors: `Conflict`, naming who changed it and when, where there is a newer revision than `base`; None knows of all."""
    last = read.policies.last_revision(policy.id)
    newest = 0 if last is None else last.number
    if base is None or base == newest:
        return
    if last is None or base > newest:
        raise Conflict(f"the policy `{policy.name}` has no revision {base}; the last one is {newest}", pointer="/base")
    raise Conflict(
        f"the policy `{policy.name}` was changed meanwhile: {last.author} made revision {last.number} at "
        f"{show_moment(last.created_at_ns)}; look at it with `yett policy diff {policy.name} {base or ''}`, and save again",
        pointer="/base",
    )


def named(found: Sequence[NamedGrant]) -> str:
    """Some grants, for a sentence."""
    told = [f"{one.grant.id} ({one.grant.label})" if one.grant.label else one.grant.id for one in found[:GRANTS_NAMED_MAX]]
    return ", ".join(told) + (" and more" if len(found) > GRANTS_NAMED_MAX else "")


def parsed(name: str, data: bytes, *, yaml: bool) -> model.Policy:
    """The policy that `data` means. Errors: `Invalid` for the name, `PolicyRefused` with every error of the text."""
    check_name("policy", name)
    try:
        return read_policy(data, yaml=yaml)
    except PolicyErrors as error:
        count = "1 error" if len(error.errors) == 1 else f"{len(error.errors)} errors"
        raise PolicyRefused(f"the policy `{name}` has {count}", [asdict(found) for found in error.errors]) from error
