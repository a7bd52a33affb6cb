"""The use cases about policies as a Protocol."""

from __future__ import annotations

from typing import Protocol

from yett.admin.listing import Listing
from yett.admin.policy_views import (
    GrantList,
    GrantsChanged,
    PolicyDiff,
    PolicyEdit,
    PolicyRemoved,
    Publishing,
    Restoring,
    RevisionPage,
    Unpublishing,
)
from yett.admin.views import GrantPage, NewRevision, PolicyChanged, PolicyText, PolicyView


class PolicyControl(Protocol):
    """Texts, their history, which one judges, and who has it."""

    def policies(self, search: str = "", server: str | None = None) -> list[PolicyView]: ...

    def policy(self, name: str, revision: int | None = None) -> PolicyText: ...

    def set_policy(self, name: str, new: NewRevision) -> PolicyChanged: ...

    def policy_revisions(self, reference: str, listing: Listing) -> RevisionPage: ...

    def policy_diff(self, reference: str, earlier: int | None = None, later: int | None = None) -> PolicyDiff: ...

    def restore_policy(self, reference: str, number: int, wanted: Restoring) -> PolicyChanged: ...

    def publish_policy(self, reference: str, wanted: Publishing) -> PolicyChanged: ...

    def unpublish_policy(self, reference: str, wanted: Unpublishing) -> PolicyChanged: ...

    def policy_uses(self, reference: str, listing: Listing) -> GrantPage: ...

    def attach_all(self, reference: str, wanted: GrantList) -> GrantsChanged: ...

    def detach_all(self, reference: str, wanted: GrantList) -> GrantsChanged: ...

    def edit_policy(self, reference: str, edit: PolicyEdit) -> PolicyChanged: ...

    def remove_policy(self, reference: str) -> PolicyRemoved: ...
