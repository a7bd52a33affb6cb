"""Use cases about policies: texts are checked, kept as immutable revisions, and never changed afterwards."""

from __future__ import annotations

import uuid
from dataclasses import asdict, replace

from yett.admin.checks import check_name, check_text
from yett.admin.errors import Conflict, NotFound, PolicyRefused
from yett.admin.listing import Listing
from yett.admin.permissions import Permission
from yett.admin.servers import ServerCases
from yett.admin.showing import revision_line
from yett.admin.views import GrantView, NewRevision, PolicyChanged, PolicyPage, PolicyText, PolicyView
from yett.policy import model
from yett.policy.canonical import canonical_json, revision_digest
from yett.policy.document import read_policy
from yett.policy.errors import PolicyErrors
from yett.stores.control.records import Policy, Revision
from yett.stores.control.transaction import Transaction


class PolicyCases(ServerCases):
    """The policies part of `yett.admin.control.Control`."""

    __slots__ = ()

    def policies(self, search: str = "") -> list[PolicyView]:
        """All within reach, by name."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> list[PolicyView]:
            return self.show_policies(read, read.policies.listed(search=search, only=self.principal.servers))

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
            revisions = read.policies.revisions(policy.id)
            wanted = revision or policy.published or revisions[0].number
            shown = next((found for found in revisions if found.number == wanted), None)
            if shown is None:
                raise NotFound(f"the policy `{name}` has no revision {revision}; the last one is {revisions[0].number}")
            return PolicyText(
                policy=self.show_policy(read, policy),
                revision=revision_line(shown, policy.published),
                document=shown.document,
                revisions=[revision_line(found, policy.published) for found in revisions],
            )

        return self.read(look)

    def set_policy(self, name: str, new: NewRevision) -> PolicyChanged:
        """Save a text, and publish it unless it is said to be a draft."""
        self.require(Permission.EDIT_POLICIES)
        checked = parsed(name, new.document.encode("utf-8", "surrogatepass"), yaml=new.yaml)
        message = check_text("the message", new.message, "/message")

        def work(write: Transaction) -> tuple[PolicyView, bool, list[GrantView]]:
            policy = self.policy_for(write, name)
            if policy.source is not None:
                raise Conflict(
                    f"the policy `{name}` follows the file `{policy.source}`; edit that, or take it out of the settings"
                )
            changed = self.revise(write, policy, checked, message, publish=not new.draft)
            stored = self.find_policy(write, policy.id)
            attached = [self.attach_within(write, reference, stored) for reference in new.grants]
            return self.show_policy(write, stored), changed, attached

        (view, changed, attached), answer = self.change(work)
        return PolicyChanged(policy=view, changed=changed, attached=attached, applied=answer.applied, note=answer.note)

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
                policy = replace(policy, source=source)
                write.policies.replace(policy)
                self.log(write, "policy.followed", (policy.id, policy.name), source=source)
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
                    self.log(write, "policy.unfollowed", (policy.id, policy.name), source=policy.source or "")

        self.change(work)

    def policy_for(self, write: Transaction, name: str) -> Policy:
        """The policy of this name, made if there is none. Errors: `Forbidden` where it would be out of the principal's reach."""
        if write.policies.find(name) is not None:
            policy = self.find_policy(write, name)
            if policy.server_id is None:
                self.principal.require_everywhere(Permission.EDIT_POLICIES)
            return policy
        self.principal.require_everywhere(Permission.EDIT_POLICIES)
        policy = Policy(id=str(uuid.uuid4()), name=name, created_at_ns=self.now_ns())
        write.policies.add(policy)
        return policy

    def revise(self, write: Transaction, policy: Policy, checked: model.Policy, message: str, *, publish: bool) -> bool:
        """Add a revision, unless the last one says the same, and have it judge if that is wanted; whether anything changed."""
        last, fingerprint = write.policies.last_revision(policy.id), revision_digest(checked)
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
            write.policies.add_revision(last)
            self.log(write, "policy.set", (policy.id, policy.name), revision=last.name, message=message)
        if publish and policy.published != last.number:
            self.publish_within(write, policy, last)
            return True
        return added

    def publish_within(self, write: Transaction, policy: Policy, revision: Revision) -> None:
        """Have this revision judge, from the next call on."""
        before = write.policies.revision(policy.id, policy.published)
        write.policies.replace(replace(policy, published=revision.number))
        self.log(
            write,
            "policy.published",
            (policy.id, policy.name),
            before=None if before is None else {"revision": before.name, "document": before.document},
            after={"revision": revision.name, "document": revision.document},
        )


def parsed(name: str, data: bytes, *, yaml: bool) -> model.Policy:
    """The policy that `data` means. Errors: `Invalid` for the name, `PolicyRefused` with every error of the text."""
    check_name("policy", name)
    try:
        return read_policy(data, yaml=yaml)
    except PolicyErrors as error:
        count = "1 error" if len(error.errors) == 1 else f"{len(error.errors)} errors"
        raise PolicyRefused(f"the policy `{name}` has {count}", [asdict(found) for found in error.errors]) from error
