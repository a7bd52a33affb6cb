"""The use cases, asked of a running control plane over its admin API. Standard library and msgspec only: it starts fast."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from yett.admin.errors import BY_CODE, AdminFault
from yett.admin.listing import PAGE_MAX
from yett.admin.views import (
    Attachment,
    ChangeLine,
    GrantChanged,
    GrantMinted,
    GrantPage,
    GrantView,
    NewGrant,
    NewRevision,
    NewServer,
    PolicyChanged,
    PolicyPage,
    PolicyText,
    PolicyView,
    Problem,
    ServerChanged,
    ServerPage,
    ServerView,
    StatusView,
)
from yett.edge.tls import pinned
from yett.errors import OperatorFault

PREFIX: Final = "/api/v1"
TIMEOUT_S: Final = 15.0
"""Longer than a change waits for the data planes."""
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024

T = TypeVar("T")
Page = TypeVar("Page", ServerPage, GrantPage, PolicyPage)


class NotReached(OperatorFault):
    """Nobody listens there."""


def connection_to(host: str, port: int, certificate: str | None, *, timeout_s: float) -> http.client.HTTPConnection:
    """A connection to a listener of this host: over TLS if it shows a certificate, which then must be this one (PEM).

    Errors: `OperatorFault` for a text that is no certificate.
    """
    if certificate is None:
        return http.client.HTTPConnection(host, port, timeout=timeout_s)
    return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=pinned(certificate))


@dataclass(frozen=True, slots=True)
class RemoteControl:
    """Implements `yett.admin.control.Control`. Each call is one connection.

    Errors: `AdminFault` as the service raises it; `NotReached`; `OperatorFault` for an answer that makes no sense.
    """

    host: str
    port: int
    token: str = field(repr=False)
    actor: str = ""
    organisation: str | None = None
    """Whose things are meant, by name or id; the oldest one's by default."""
    certificate: str | None = None
    """What the control plane shows (PEM), where it speaks TLS; no other is trusted."""

    def status(self) -> StatusView:
        return self._get("/status", StatusView)

    def changes(self, limit: int = 100, before: int | None = None, search: str = "") -> list[ChangeLine]:
        return self._get("/changes", list[ChangeLine], limit=str(limit), before=before, search=search)

    def servers(self, search: str = "") -> list[ServerView]:
        return [item for page in self._pages("/servers", ServerPage, search=search) for item in page.items]

    def server(self, reference: str) -> ServerView:
        return self._get(f"/servers/{_step(reference)}", ServerView)

    def add_server(self, new: NewServer) -> ServerChanged:
        return self._send("POST", "/servers", ServerChanged, asdict(new))

    def remove_server(self, reference: str, *, with_grants: bool = False) -> ServerChanged:
        query = "?with_grants=true" if with_grants else ""
        return self._send("DELETE", f"/servers/{_step(reference)}{query}", ServerChanged)

    def grants(self, server: str | None = None, search: str = "") -> list[GrantView]:
        return [item for page in self._pages("/grants", GrantPage, server=server, search=search) for item in page.items]

    def grant(self, reference: str) -> GrantView:
        return self._get(f"/grants/{_step(reference)}", GrantView)

    def mint_grant(self, new: NewGrant) -> GrantMinted:
        return self._send("POST", "/grants", GrantMinted, asdict(new))

    def rotate_grant(self, reference: str) -> GrantMinted:
        return self._send("POST", f"/grants/{_step(reference)}/rotate", GrantMinted)

    def revoke_grant(self, reference: str) -> GrantChanged:
        return self._send("POST", f"/grants/{_step(reference)}/revoke", GrantChanged)

    def attach(self, reference: str, attachment: Attachment) -> GrantChanged:
        return self._send("PUT", f"/grants/{_step(reference)}/policy", GrantChanged, asdict(attachment))

    def policies(self, search: str = "") -> list[PolicyView]:
        return [item for page in self._pages("/policies", PolicyPage, search=search) for item in page.items]

    def policy(self, name: str, revision: int | None = None) -> PolicyText:
        return self._get(f"/policies/{_step(name)}", PolicyText, revision=revision)

    def set_policy(self, name: str, new: NewRevision) -> PolicyChanged:
        return self._send("PUT", f"/policies/{_step(name)}", PolicyChanged, asdict(new))

    def _pages(self, path: str, answer: type[Page], **query: str | None) -> Iterator[Page]:
        """Every page of a list."""
        after: str | None = ""
        while after is not None:
            page = self._get(path, answer, **query, after=after, limit=PAGE_MAX)
            yield page
            after = page.next

    def _get(self, path: str, answer: type[T], **query: str | int | None) -> T:
        """Ask for `path`; what of `query` is empty or None is left out."""
        said = {key: value for key, value in query.items() if value not in (None, "")}
        return self._send("GET", f"{path}?{urlencode(said)}" if said else path, answer)

    def _send(self, method: str, path: str, answer: type[T], body: Mapping[str, Any] | None = None) -> T:
        """Ask, and decode the answer or raise what it says."""
        content = None if body is None else json.dumps(body).encode()
        status, received = self._exchange(method, PREFIX + path, content)
        try:
            if status < 400:
                return msgspec.json.decode(received, type=answer)
            problem = msgspec.json.decode(received, type=Problem)
        except msgspec.DecodeError as failure:
            raise OperatorFault(f"{self._name} answered {status} with what no control plane says: {failure}") from failure
        kind = BY_CODE.get(problem.code)
        if kind is None:
            raise OperatorFault(f"{self._name}: {problem.detail}")
        raise kind(problem.detail, [asdict(error) for error in problem.errors])

    def _exchange(self, method: str, path: str, content: bytes | None) -> tuple[int, bytes]:
        connection = connection_to(self.host, self.port, self.certificate, timeout_s=TIMEOUT_S)
        fields = {"authorization": f"Bearer {self.token}", "yett-actor": self.actor, "content-type": "application/json"}
        if self.organisation is not None:
            fields["yett-organisation"] = self.organisation
        try:
            connection.request(method, path, body=content, headers=fields)
            answer = connection.getresponse()
            return answer.status, answer.read(ANSWER_BYTES_MAX)
        except ConnectionRefusedError as error:
            raise NotReached(f"{self._name} cannot be reached; start it with `yett up`") from error
        except ssl.SSLCertVerificationError as error:
            raise OperatorFault(
                f"{self._name} shows another certificate than it told: {error.verify_message}; restart the gateway"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise OperatorFault(
                f"{self._name} did not answer: {str(error) or type(error).__name__}; `yett doctor` looks closer"
            ) from error
        finally:
            connection.close()

    @property
    def _name(self) -> str:
        return f"the control plane at {self.host}:{self.port}"


def _step(text: str) -> str:
    """`text` as one step of a path."""
    if not text:
        raise AdminFault("a name or id must not be empty")
    return quote(text, safe="")
