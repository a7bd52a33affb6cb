"""Issuers of access tokens, asked of a running control plane."""

from __future__ import annotations

from dataclasses import asdict

from yett.admin.issuer_views import IssuerChanged, IssuerView, NewIssuer
from yett.admin.remote import Remote, step


class RemoteIssuers(Remote):
    """The issuers' part of `yett.admin.control.Control`."""

    __slots__ = ()

    def issuers(self) -> list[IssuerView]:
        return self.get("/issuers", list[IssuerView])

    def issuer(self, reference: str) -> IssuerView:
        return self.get(f"/issuers/{step(reference)}", IssuerView)

    def add_issuer(self, new: NewIssuer) -> IssuerChanged:
        return self.send("POST", "/issuers", IssuerChanged, asdict(new))

    def change_issuer(self, reference: str, new: NewIssuer) -> IssuerChanged:
        return self.send("PUT", f"/issuers/{step(reference)}", IssuerChanged, asdict(new))

    def remove_issuer(self, reference: str) -> IssuerChanged:
        return self.send("DELETE", f"/issuers/{step(reference)}", IssuerChanged)
