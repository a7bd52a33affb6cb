"""Policies, asked of a running control plane."""

from __future__ import annotations

from dataclasses import asdict

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
from yett.admin.remote import Remote, step
from yett.admin.views import GrantPage, NewRevision, PolicyChanged, PolicyPage, PolicyText, PolicyView


class RemotePolicies(Remote):
    """The policies' part of `yett.admin.control.Control`."""

    __slots__ = ()

    def policies(self, search: str = "", server: str | None = None) -> list[PolicyView]:
        return [item for page in self.pages("/policies", PolicyPage, search=search, server=server) for item in page.items]

    def policy(self, name: str, revision: int | None = None) -> PolicyText:
        return self.get(_path(name), PolicyText, revision=revision)

    def set_policy(self, name: str, new: NewRevision) -> PolicyChanged:
        return self.send("PUT", _path(name), PolicyChanged, asdict(new))

    def policy_revisions(self, reference: str, listing: Listing) -> RevisionPage:
        return self.get(f"{_path(reference)}/revisions", RevisionPage, limit=listing.limit, after=listing.after)

    def policy_diff(self, reference: str, earlier: int | None = None, later: int | None = None) -> PolicyDiff:
        return self.get(f"{_path(reference)}/diff", PolicyDiff, **{"from": earlier, "to": later})

    def restore_policy(self, reference: str, number: int, wanted: Restoring) -> PolicyChanged:
        return self.send("POST", f"{_path(reference)}/revisions/{number}/restore", PolicyChanged, asdict(wanted))

    def publish_policy(self, reference: str, wanted: Publishing) -> PolicyChanged:
        return self.send("POST", f"{_path(reference)}/publish", PolicyChanged, asdict(wanted))

    def unpublish_policy(self, reference: str, wanted: Unpublishing) -> PolicyChanged:
        return self.send("POST", f"{_path(reference)}/unpublish", PolicyChanged, asdict(wanted))

    def policy_uses(self, reference: str, listing: Listing) -> GrantPage:
        place = f"{_path(reference)}/uses"
        return self.get(place, GrantPage, search=listing.search, limit=listing.limit, after=listing.after)

    def attach_all(self, reference: str, wanted: GrantList) -> GrantsChanged:
        return self.send("POST", f"{_path(reference)}/attach", GrantsChanged, asdict(wanted))

    def detach_all(self, reference: str, wanted: GrantList) -> GrantsChanged:
        return self.send("POST", f"{_path(reference)}/detach", GrantsChanged, asdict(wanted))

    def edit_policy(self, reference: str, edit: PolicyEdit) -> PolicyChanged:
        return self.send("PATCH", _path(reference), PolicyChanged, asdict(edit))

    def remove_policy(self, reference: str) -> PolicyRemoved:
        return self.send("DELETE", _path(reference), PolicyRemoved)


def _path(reference: str) -> str:
    return f"/policies/{step(reference)}"
