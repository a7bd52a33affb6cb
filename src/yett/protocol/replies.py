"""Answers that the gateway gives itself, as JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from yett.protocol.eras import META_PREFIX
from yett.protocol.rejection import INVALID_PARAMS, Rejection
from yett.protocol.strict_json import JsonValue

DECISION_KEY: Final = "dev.yett/decision"
"""The member of a denial's `_meta` that says which rule denied."""
RELATED_TASK: Final = META_PREFIX + "related-task"
"""The member of `_meta` that says which task a message belongs to."""
DENIED_PREFIX: Final = "[POLICY DENIED] "

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class Pending:
    """A request that people have to decide on before the call may run."""

    id: str
    url: str | None
    """The page on which they decide; None where there is none."""
    expires_at: str
    told: str
    """What to do about it, for the model."""


@dataclass(frozen=True, slots=True)
class Denial:
    """What the client is told about a denied call."""

    message: str
    code: str
    rule: str
    request_id: str
    policy_revision: str | None = None
    retry_after_s: int | None = None
    approval: Pending | None = None


def denied(id: bytes, denial: Denial, *, stateless: bool, task: str | None = None) -> bytes:
    """A denial is a tool's result, so that the model reads the reason and can do better. `task`: whose result it stands for."""
    meta: dict[str, JsonValue] = meta_of_denial(denial)
    if task is not None:
        meta[RELATED_TASK] = {"taskId": task}
    told = [DENIED_PREFIX + denial.message] if denial.approval is None else [DENIED_PREFIX + denial.message, denial.approval.told]
    result: dict[str, JsonValue] = {
        "content": [{"type": "text", "text": text} for text in told],
        "isError": True,
        "_meta": meta,
    }
    if stateless:
        result["resultType"] = "complete"
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (id, _encode(result))


def denied_request(id: bytes, code: int, denial: Denial) -> bytes:
    """A denial of what has no result that could say so: an error, with the decision as its data."""
    return error(id, code, DENIED_PREFIX + denial.message, meta_of_denial(denial))


def meta_of_denial(denial: Denial) -> dict[str, JsonValue]:
    """What a denial says of itself, under its key."""
    return {DECISION_KEY: _decision(denial)}


def _decision(denial: Denial) -> dict[str, JsonValue]:
    decision: dict[str, JsonValue] = {"code": denial.code, "rule": denial.rule, "request_id": denial.request_id}
    if denial.policy_revision is not None:
        decision["policy_revision"] = denial.policy_revision
    if denial.retry_after_s is not None:
        decision["retry_after_s"] = denial.retry_after_s
    if denial.approval is not None:
        asked = denial.approval
        decision["approval"] = {"id": asked.id, "url": asked.url, "expires_at": asked.expires_at}
    return decision


def unknown_tool(id: bytes, name: str) -> bytes:
    """What a server answers to a call of a tool that it does not have; hidden tools are answered alike."""
    return error(id, INVALID_PARAMS, f"Unknown tool: {name}")


def unknown_resource(id: bytes, code: int, uri: str) -> bytes:
    """What a server answers to a request for a resource that it does not have, with the code of the revision."""
    return error(id, code, "Resource not found", {"uri": uri})


def unknown_prompt(id: bytes, name: str) -> bytes:
    """What a server answers to a request for a prompt that it does not have."""
    return error(id, INVALID_PARAMS, f"Unknown prompt: {name}")


def error(id: bytes | None, code: int, message: str, data: Mapping[str, JsonValue] | None = None) -> bytes:
    """A JSON-RPC error; `id` None is `null`."""
    fault: dict[str, object] = {"code": code, "message": message}
    if data is not None:
        fault["data"] = data
    return b'{"jsonrpc":"2.0","id":%b,"error":%b}' % (b"null" if id is None else id, _encode(fault))


def rejected(rejection: Rejection) -> bytes:
    """The error that answers a message that is not accepted."""
    return error(rejection.id, rejection.rpc_code, rejection.message, rejection.data)


def empty_result(id: bytes, *, stateless: bool = False) -> bytes:
    """Done, with nothing to say: the answer to `ping`."""
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (id, b'{"resultType":"complete"}' if stateless else b"{}")
