"""Asking a running control plane over its admin API. Standard library and msgspec only: it starts fast."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from yett.admin.errors import BY_CODE, AdminFault
from yett.admin.listing import PAGE_MAX
from yett.admin.views import Problem
from yett.edge.tls import pinned
from yett.errors import OperatorFault

PREFIX: Final = "/api/v1"
REGISTRY_PREFIX: Final = "/v0"
"""Of what is known of servers; it stands for itself, and not below the other."""
TIMEOUT_S: Final = 15.0
"""Longer than a change waits for the data planes."""
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
NO_FIELDS: Final[Mapping[str, str]] = {}

T = TypeVar("T")


class Paged(Protocol):
    """A page of a list."""

    @property
    def next(self) -> str | None: ...


Page = TypeVar("Page", bound=Paged)


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
class Remote:
    """A control plane that runs elsewhere. Each call is one connection.

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

    def pages(self, path: str, answer: type[Page], **query: str | None) -> Iterator[Page]:
        """Every page of a list."""
        after: str | None = ""
        while after is not None:
            page = self.get(path, answer, **query, after=after, limit=PAGE_MAX)
            yield page
            after = page.next

    def get(self, path: str, answer: type[T], **query: str | int | None) -> T:
        """Ask for `path`; what of `query` is empty or None is left out."""
        said = {key: value for key, value in query.items() if value not in (None, "")}
        return self.send("GET", f"{path}?{urlencode(said)}" if said else path, answer)

    def send(
        self,
        method: str,
        path: str,
        answer: type[T],
        body: Mapping[str, Any] | None = None,
        *,
        fields: Mapping[str, str] = NO_FIELDS,
        timeout_s: float = TIMEOUT_S,
    ) -> T:
        """Ask, with header `fields` beside the usual ones, and decode the answer or raise what it says."""
        content = None if body is None else json.dumps(body).encode()
        connection = connection_to(self.host, self.port, self.certificate, timeout_s=timeout_s)
        status, received = self._exchange(connection, method, whole_path(path), content, fields)
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

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        content: bytes | None,
        more: Mapping[str, str],
    ) -> tuple[int, bytes]:
        own = {"authorization": f"Bearer {self.token}", "yett-actor": self.actor, "content-type": "application/json"}
        fields = {**more, **own}
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


def whole_path(path: str) -> str:
    """Where on the listener `path` is."""
    return path if path.startswith(f"{REGISTRY_PREFIX}/") else PREFIX + path


def step(text: str) -> str:
    """`text` as one step of a path."""
    if not text:
        raise AdminFault("a name or id must not be empty")
    return quote(text, safe="")
