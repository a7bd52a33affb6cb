"""Use cases about policies: texts are checked, kept as immutable revisions, and never changed afterwards."""

from __future__ import annotations

import uuid
from dataclasses import asdict

from yett.admin.checks import check_name, check_text
from yett.admin.errors import Conflict, NotFound, PolicyRefused
from yett.admin.grants import GrantCases
from yett.admin.lookup import find_policy, revision_line
from yett.admin.records import ControlTransaction, Policy, Revision
from yett.admin.views import GrantView, NewRevision, PolicyChanged, PolicyText, PolicyView
from yett.policy import model
from yett.policy.canonical import canonical_json, revision_digest
from yett.policy.document import read_policy
from yett.policy.errors import PolicyErrors


class PolicyCases(GrantCases):
    """The policies part of `yett.admin.views.Control`."""

    __slots__ = ()

    def policies(self) -> list[PolicyView]:
        return self.desk.read(lambda read: self.show_policies(read, read.policies()))

    def policy(self, name: str, revision: int | None = None) -> PolicyText:
        def look(read: ControlTransaction) -> PolicyText:
            policy = find_policy(read, name)
            revisions = read.revisions(policy.id)
            shown = [found for found in revisions if revision in (None, found.number)]
            if not shown:
                raise NotFound(f"the policy `{name}` has no revision {revision}; the last one is {revisions[0].number}")
            return PolicyText(
                policy=self.show_policy(read, policy),
                revision=revision_line(shown[0]),
                document=shown[0].document,
                revisions=[revision_line(found) for found in revisions],
            )

        return self.desk.read(look)

    def set_policy(self, name: str, new: NewRevision) -> PolicyChanged:
        checked = _parsed(name, new.document.encode("utf-8", "surrogatepass"), yaml=new.yaml)
        message = check_text("the message", new.message)

        def work(write: ControlTransaction) -> tuple[PolicyView, bool, list[GrantView]]:
            policy = self._policy_for(write, name)
            if policy.source is not None:
                raise Conflict(
                    f"the policy `{name}` follows the file `{policy.source}`; edit that, or take it out of the settings"
                )
            changed = self._revise(write, policy, checked, message)
            attached = [self.attach_within(write, reference, policy) for reference in new.grants]
            return self.show_policy(write, policy), changed, attached

        (view, changed, attached), answer = self.desk.change(work)
        return PolicyChanged(policy=view, changed=changed, attached=attached, applied=answer.applied, note=answer.note)

    def follow_file(self, name: str, source: str, data: bytes, *, yaml: bool) -> bool:
        """Publish what the policy file `source` says now; whether that was news. Errors: `Invalid`, `PolicyRefused`."""
        checked = _parsed(name, data, yaml=yaml)

        def known(read: ControlTransaction) -> bool:
            for policy in read.policies():
                if policy.name == name:
                    last = read.last_revision(policy.id)
                    return last is not None and last.digest == revision_digest(checked) and policy.source == source
            return False

        def work(write: ControlTransaction) -> None:
            policy = self._policy_for(write, name)
            if policy.source != source:
                write.follow(policy.id, source)
                self.log(write, "policy.followed", policy.id, policy.name, source=source)
            self._revise(write, policy, checked, f"from {source}"[-256:])

        if self.desk.read(known):
            return False
        self.desk.change(work)
        return True

    def unfollow_except(self, names: set[str]) -> None:
        """Policies that followed a file which the settings name no more are set by command from now on."""

        def look(read: ControlTransaction) -> list[Policy]:
            return [policy for policy in read.policies() if policy.source is not None and policy.name not in names]

        def work(write: ControlTransaction) -> None:
            for policy in look(write):
                write.follow(policy.id, None)
                self.log(write, "policy.unfollowed", policy.id, policy.name, source=policy.source or "")

        if self.desk.read(look):
            self.desk.change(work)

    def _policy_for(self, write: ControlTransaction, name: str) -> Policy:
        """The policy of this name, made if there is none."""
        for policy in write.policies():
            if policy.name == name:
                return policy
        policy = Policy(id=str(uuid.uuid4()), name=name, created_at_ns=self.now_ns())
        write.add_policy(policy)
        return policy

    def _revise(self, write: ControlTransaction, policy: Policy, checked: model.Policy, message: str) -> bool:
        """Add a revision, unless the last one says the same; whether one was added."""
        last, fingerprint = write.last_revision(policy.id), revision_digest(checked)
        if last is not None and last.digest == fingerprint:
            return False
        revision = Revision(
            policy_id=policy.id,
            number=last.number + 1 if last else 1,
            digest=fingerprint,
            document=canonical_json(checked),
            author=self.actor,
            message=message,
            created_at_ns=self.now_ns(),
        )
        write.add_revision(revision)
        self.log(write, "policy.set", policy.id, policy.name, revision=revision.name, message=message)
        return True


def _parsed(name: str, data: bytes, *, yaml: bool) -> model.Policy:
    """The policy that `data` means. Errors: `Invalid` for the name, `PolicyRefused` with every error of the text."""
    check_name("policy", name)
    try:
        return read_policy(data, yaml=yaml)
    except PolicyErrors as error:
        count = "1 error" if len(error.errors) == 1 else f"{len(error.errors)} errors"
        raise PolicyRefused(f"the policy `{name}` has {count}", [asdict(found) for found in error.errors]) from error
