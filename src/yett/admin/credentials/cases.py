"""Use cases about servers' credentials, and about what seals them. Only an admin sees or changes any; nobody sees a value."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import msgspec

from yett.admin.cases import Cases
from yett.admin.checks import check_credential, show_moment
from yett.admin.credentials.config import check_values, config_of, read_new, stored
from yett.admin.credentials.port import CredentialKeeper, absent
from yett.admin.credentials.records import CLIENT, HEADERS, IDENTITY, SUBJECT, UNATTENDED, Sealing
from yett.admin.credentials.views import (
    ConnectStarted,
    CredentialChanged,
    CredentialView,
    NewCredential,
    SecretsRotated,
    SecretsView,
)
from yett.admin.errors import Conflict, Forbidden, Invalid
from yett.admin.permissions import Permission
from yett.egress.fetch import origin_of
from yett.errors import OperatorFault, UpstreamFault
from yett.oauth.client import Client
from yett.sealing.box import version_of
from yett.stores.control.credentials import StoredCredential
from yett.stores.control.records import Server
from yett.stores.control.transaction import Transaction

START: Final = "/oauth/start/"
_FIRST_STATE: Final = {"headers": "ready", "authorization_code": "unconnected"}


class CredentialCases(Cases):
    """The credentials part of `yett.admin.control.Control`."""

    __slots__ = ()

    def credential(self, server: str) -> CredentialView:
        """How the gateway proves itself to a server, without any value."""
        self.require(Permission.MANAGE_CREDENTIALS)

        def look(read: Transaction) -> CredentialView:
            found = self.find_server(read, server)
            return credential_view(found, read.credentials.find(found.id))

        return self.read(look)

    def set_credential(self, server: str, new: NewCredential) -> CredentialChanged:
        """Have the gateway prove itself so, in place of what was before. Errors: `Invalid`, `OperatorFault`."""
        self.require(Permission.MANAGE_CREDENTIALS)
        keeper = self._keeper()
        if keeper.problem is not None:
            raise OperatorFault(keeper.problem)

        def work(write: Transaction) -> tuple[str, CredentialView]:
            found = self.find_server(write, server)
            before = credential_view(found, write.credentials.find(found.id))
            after = self._replaced(write, keeper, found, new)
            self.log(write, "credential.set", (found.id, found.name), before=before, after=after)
            return found.id, after

        (server_id, view), answer = self.change(work)
        problem = keeper.changed(self.principal.organisation, server_id)
        if new.kind in UNATTENDED:
            view = self.credential(server_id)
        return CredentialChanged(credential=view, applied=answer.applied and problem is None, note=problem or answer.note)

    def connect(self, server: str) -> ConnectStarted:
        """Begin to connect a server: where a person goes to allow it. Errors: `Conflict`, also where a server does not answer."""
        self.require(Permission.MANAGE_CREDENTIALS)
        found = self.read(lambda read: self.find_server(read, server))
        keeper = self._keeper()
        try:
            begun = keeper.connect(self.principal.organisation, found.id, self.principal.name)
        except UpstreamFault as fault:
            raise Conflict(f"the server `{found.name}` cannot be connected: {fault}") from fault
        url = keeper.page(f"{START}{begun.ticket}")
        return ConnectStarted(url=url, issuer=begun.issuer, expires_at=show_moment(begun.expires_at_ns))

    def secrets(self) -> SecretsView:
        """How the sealing of this installation stands."""
        self._require_operator()
        keeper = self._keeper()
        sealed = self.desk.sealed_secrets()
        try:
            ring = keeper.vault.reload()
        except OperatorFault as fault:
            place = keeper.vault.source.name
            return SecretsView(place=place, version=None, versions=[], secrets=len(sealed), behind=0, problem=str(fault))
        return SecretsView(
            place=keeper.vault.source.name,
            version=ring.current,
            versions=ring.versions,
            secrets=len(sealed),
            behind=sum(version_of(secret.blob) != ring.current for secret in sealed),
            problem=keeper.problem,
        )

    def rotate_secrets(self) -> SecretsRotated:
        """Seal everything with a new master key, while everything goes on. Errors: `OperatorFault`."""
        self._require_operator()
        keeper = self._keeper()
        done = keeper.rotate()
        detail = {"version": str(done.version), "resealed": str(done.resealed)}
        self.change(lambda write: self.log(write, "secrets.rotated", (write.organisation, "master key"), **detail))
        note = None
        if done.retired and not keeper.vault.source.changeable:
            versions = ", ".join(map(str, done.retired))
            note = f"nothing is sealed with version {versions} any more; remove it from {keeper.vault.source.name}"
        return SecretsRotated(
            version=done.version, resealed=done.resealed, retired=done.retired, finished_earlier=done.finished_earlier, note=note
        )

    def _keeper(self) -> CredentialKeeper:
        keeper = self.desk.credentials
        if keeper is None:
            raise absent()
        return keeper

    def _require_operator(self) -> None:
        if self.principal.kind != "operator":
            raise Forbidden("the master key belongs to the whole installation; only who runs it may look at it or rotate it")

    def _replaced(self, write: Transaction, keeper: CredentialKeeper, server: Server, new: NewCredential) -> CredentialView:
        """Put `new` in place of everything that was there."""
        if server.url is None and new.kind != "none":
            raise Invalid("a command gets its secrets from its environment; a credential goes with a url only", pointer="/kind")
        if (new.kind == "reference") != (new.reference is not None):
            raise Invalid("a reference goes with the kind `reference`, and with no other one", pointer="/reference")
        reference = None if new.reference is None else self._permitted(new.reference, "/reference")
        if new.subject_reference is not None:
            self._permitted(new.subject_reference, "/subject_reference")
        config = None if new.kind == "none" else read_new(new, origin_of(server.url or ""))
        header, scheme = (
            (server.credential_header, server.credential_scheme) if config is None else (config.header, config.scheme)
        )
        placed = replace(server, credential=reference, credential_header=header, credential_scheme=scheme)
        if placed != server:
            write.servers.replace(placed)
        write.secrets.drop(server.id)
        write.connect_flows.drop(server.id)
        if config is None or new.kind == "reference":
            if write.credentials.find(server.id) is not None:
                write.credentials.remove(server.id)
            return credential_view(placed, None)
        now_ns = self.now_ns()
        self._seal(Sealing(write, keeper.vault, server.id, now_ns), new)
        state = _FIRST_STATE.get(new.kind, "failing")
        credential = StoredCredential(
            server_id=server.id, kind=new.kind, config=stored(config), state=state, changed_at_ns=now_ns
        )
        write.credentials.put(credential)
        return credential_view(placed, credential)

    def _permitted(self, reference: str, pointer: str) -> str:
        """`reference`, if the principal may use it. Errors: `Invalid`, `Forbidden`."""
        checked = check_credential(reference)
        refusal = self.desk.environment.references.refusal(checked, operator=self.principal.kind == "operator")
        if refusal is not None:
            raise Invalid(refusal, pointer=pointer)
        return checked

    def _seal(self, sealing: Sealing, new: NewCredential) -> None:
        if new.kind == "headers":
            sealing.keep(HEADERS, msgspec.json.encode(check_values(new.headers)))
        if new.client_id is not None and new.issuer is not None:
            client = Client(
                id=new.client_id,
                issuer=new.issuer,
                secret=new.client_secret,
                private_key=new.private_key,
                algorithm=new.algorithm,
                key_id=new.key_id,
                method=new.client_auth,
            )
            sealing.keep(CLIENT, msgspec.json.encode(client))
        if new.subject_token is not None:
            sealing.keep(SUBJECT, new.subject_token.encode())
        if new.identity_provider is not None and new.identity_client_id is not None:
            known = Client(id=new.identity_client_id, issuer=new.identity_provider, secret=new.identity_client_secret)
            sealing.keep(IDENTITY, msgspec.json.encode(known))


def credential_view(server: Server, found: StoredCredential | None) -> CredentialView:
    """A server's credential without any value."""
    if found is None and server.credential is None:
        return CredentialView(server=server.name, kind="none", state="none")
    if found is None:
        return CredentialView(server=server.name, kind="reference", state="ready", header_names=[server.credential_header])
    config = config_of(found.config)
    return msgspec.convert(
        {
            "server": server.name,
            "kind": found.kind,
            "state": found.state,
            "problem": found.problem,
            "header_names": list(config.names) or [config.header],
            "issuer": config.issuer or (None if config.server is None else config.server.identifier),
            "client_id": config.client_id,
            "scopes": list(config.asked or config.scopes),
            "expires_at": None if found.expires_at_ns is None else show_moment(found.expires_at_ns),
            "changed_at": show_moment(found.changed_at_ns),
        },
        CredentialView,
    )
