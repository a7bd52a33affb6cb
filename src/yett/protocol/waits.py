"""How a client is told that a person has to act first: URL elicitation, in the form of its revision. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from yett.protocol.eras import META_CLIENT_CAPABILITIES
from yett.protocol.replies import Denial, error, meta_of_denial
from yett.protocol.rounds import INPUT_REQUIRED, STATE
from yett.protocol.server_messages import shows_links
from yett.protocol.strict_json import JsonValue

URL_ELICITATION_REQUIRED: Final = -32042
"""The error of revision 2025-11-25 by which a client learns that its user has to open a link first."""
INPUT_KEY: Final = "approval"
SMALL: Final = 1e-6

_encode: Final = msgspec.json.Encoder().encode


def shows_links_now(params: dict[str, JsonValue]) -> bool:
    """The same for what a stateless request declares."""
    meta = params.get("_meta")
    return isinstance(meta, dict) and shows_links(meta.get(META_CLIENT_CAPABILITIES))


def declines_link(params: dict[str, JsonValue]) -> bool:
    """Whether a stateless request comes back because its user does not want to open the link."""
    answers = params.get("inputResponses")
    said = answers.get(INPUT_KEY) if isinstance(answers, dict) else None
    return isinstance(said, dict) and said.get("action") in {"decline", "cancel"}


def link_first(id: bytes, denial: Denial, state: str) -> bytes:
    """The result of the stateless revision that asks for a link to be opened, and for the same call after it."""
    assert denial.approval is not None and denial.approval.url is not None, "the caller has a link"
    asked = {"mode": "url", "message": _message(denial), "url": denial.approval.url}
    result = {
        "resultType": INPUT_REQUIRED,
        "inputRequests": {INPUT_KEY: {"method": "elicitation/create", "params": asked}},
        STATE: state,
        "_meta": meta_of_denial(denial),
    }
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (id, _encode(result))


def link_required(id: bytes, denial: Denial) -> bytes:
    """The error of revision 2025-11-25 that does the same."""
    assert denial.approval is not None and denial.approval.url is not None, "the caller has a link"
    asked: JsonValue = {
        "mode": "url",
        "elicitationId": denial.approval.id,
        "message": _message(denial),
        "url": denial.approval.url,
    }
    data: dict[str, JsonValue] = {"elicitations": [asked], **meta_of_denial(denial)}
    return error(id, URL_ELICITATION_REQUIRED, denial.approval.told, data)


def link_done(approval: str) -> bytes:
    """The notification of revision 2025-11-25 that the person has acted."""
    params = {"elicitationId": approval}
    return _encode({"jsonrpc": "2.0", "method": "notifications/elicitation/complete", "params": params})


def still_waits(token: str | int, waited_s: float, denial: Denial) -> bytes:
    """The progress report of a call that waits for people. Its numbers grow, and stay below the server's."""
    assert denial.approval is not None, "a call that waits"
    params = {"progressToken": token, "progress": waited_s * SMALL, "message": _message(denial)}
    return _encode({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})


def _message(denial: Denial) -> str:
    assert denial.approval is not None, "a call that waits"
    asked = denial.approval
    return f"A person must approve this call first: request {asked.id}, open until {asked.expires_at}."
