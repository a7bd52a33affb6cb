"""The decision log's lines as values. Pure.

What is made for every call is a `Struct`: frozen as the others, and made in a fifth of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from msgspec import Struct

from yett.approvals.model import ApprovalRequest
from yett.policy.decision import Decision
from yett.quota.charge import Amount


class Refused(Enum):
    """Why a request was turned away before any policy was asked: the kinds of the security stream. Stable."""

    TOKEN = "token_refused"  # noqa: S105 - the name of a kind, no secret
    UNREADABLE = "unreadable"
    BATCH = "batch"
    ENVELOPE = "envelope"
    """Readable JSON that is no acceptable JSON-RPC message: look-alike keys, bad id, headers that disagree with the body."""
    METHOD = "method_refused"
    ORIGIN = "origin_refused"
    SESSION = "session_refused"
    SERVER_REQUEST = "server_request_refused"
    """What a server asked of a client and may not."""
    RESPONSE = "response_refused"
    """A client's answer to something that its server did not ask, or no longer asks."""
    STOPPED = "stopped"
    """Not a call, and people stopped what it would go to, or its grant."""
    NOT_READY = "not_ready"
    HTTP = "http_refused"
    """No well-formed HTTP request, or one past a limit."""


@dataclass(frozen=True, slots=True)
class SecurityRecord:
    """A request that never became a call. Holds no token material and no body, only a digest of it."""

    at_ns: int
    request_id: str
    kind: Refused
    reason: str
    """One sentence of ours, never the client's text."""
    server: str | None = None
    """The server named in the path, if it is one that exists."""
    grant_id: str | None = None
    client_ip: str | None = None
    body_digest: str | None = None
    body_bytes: int = 0


class CallRecord(Struct, frozen=True):
    """One judged call, as it is written before anything is forwarded. Values of arguments are never in it."""

    at_ns: int
    request_id: str
    grant_id: str
    grant_label: str
    session: str | None
    server_id: str
    server_name: str
    method: str
    target: str
    """Tool name, resource URI or prompt name."""
    policy: str | None
    policy_revision: str | None
    decision: Decision
    argument_keys: tuple[str, ...]
    """Sorted names of the top-level arguments."""
    arguments_digest: str
    """Keyed digest of the canonical arguments, in hex."""
    client_ip: str | None = None
    task: str | None = None
    """The task that it is about, which an earlier call made; as the server names it."""
    consent: str | None = None
    """Id of the approval that it spends, or of the exemption by which it need not be asked for."""
    asking: ApprovalRequest | None = None
    """What people are asked where no consent holds; kept apart from the log, which has no values of arguments."""
    otherwise: Decision | None = None
    """The decision where `consent` does not hold after all."""


class Reservation(Struct, frozen=True):
    """Units held on one counter, in the bucket in which they were reserved."""

    counter: str
    """`CounterKey.encode()`."""
    counter_id: int
    """Of this very counter: one that is emptied by hand gets another, so that nothing is given back to what came after."""
    bucket: int
    amount: Amount


class Result(Enum):
    """What became of a forwarded call. Stable."""

    OK = "ok"
    TOOL_ERROR = "tool_error"
    RPC_ERROR = "rpc_error"
    HTTP_ERROR = "http_error"
    NOT_SENT = "not_sent"
    """Connection refused, no credential, child not started: the request surely did not reach the server."""
    TIMED_OUT = "timed_out"
    LOST = "lost"
    """The connection broke after the request was sent; whether it ran is not known."""
    CLIENT_GONE = "client_gone"
    MALFORMED = "malformed"
    """The server answered something that cannot be relayed."""


class Outcome(Struct, frozen=True):
    """What a forwarded call came to, recorded after the fact."""

    result: Result
    at_ns: int
    http_status: int | None = None
    rpc_code: int | None = None
    latency_us: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    task: str | None = None
    """The task that the call was answered with."""

    @property
    def surely_did_not_run(self) -> bool:
        """Whether reservations are given back (policy language, section 4); every doubt keeps them."""
        return (
            self.result is Result.NOT_SENT
            or self.rpc_code in _RPC_NOT_RUN
            or (self.result is Result.HTTP_ERROR and self.http_status in _HTTP_NOT_RUN)
        )


_RPC_NOT_RUN = frozenset({-32700, -32600, -32601})
_HTTP_NOT_RUN = frozenset({401, 404, 405, 406, 413, 415, 429})
