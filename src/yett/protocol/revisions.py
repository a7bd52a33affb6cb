"""Which revision a handshake settled, and what follows from it for the messages of its session."""

from __future__ import annotations

from typing import Final

import msgspec

from yett.protocol.eras import HANDSHAKE_REVISIONS

BATCHING: Final = "2025-03-26"
"""The only revision whose sessions may send several messages as one array."""
WITH_TASKS: Final = "2025-11-25"
"""The only handshake revision that has tasks."""
POLLING: Final = "2025-11-25"
"""The only handshake revision whose clients are to take up a stream that ends before its answer, by `GET`."""
_STATING: Final = frozenset({"2025-06-18", "2025-11-25"})
"""Handshake revisions in which every later request states the revision in `MCP-Protocol-Version`."""


class _Result(msgspec.Struct, rename="camel"):
    protocol_version: str = ""


class _Answer(msgspec.Struct):
    result: _Result


_answers: Final = msgspec.json.Decoder(_Answer)


def negotiated(answer: bytes) -> str | None:
    """The revision that the answer to `initialize` settles; None where it names none that is known."""
    try:
        revision = _answers.decode(answer).result.protocol_version
    except msgspec.MsgspecError:
        return None
    return revision if revision in HANDSHAKE_REVISIONS else None


def contradicts(version: str | None, revision: str | None) -> bool:
    """Whether a request's version field names another revision than its session's, where that has the field at all."""
    return version is not None and states_revision(revision) and version != revision


def states_revision(revision: str | None) -> bool:
    """Whether requests of a session of this revision have the version field."""
    return revision in _STATING
