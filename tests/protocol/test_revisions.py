"""The revision that a handshake settles (reference row 3.3: `initialize`, intersect versions)."""

from __future__ import annotations

import pytest

from yett.protocol.eras import HANDSHAKE_REVISIONS
from yett.protocol.revisions import contradicts, negotiated


@pytest.mark.parametrize("revision", HANDSHAKE_REVISIONS)
def test_the_answer_to_a_handshake_settles_its_revision(revision: str) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"result":{"capabilities":{},"protocolVersion":"%b"}}' % revision.encode()
    assert negotiated(body) == revision


@pytest.mark.parametrize("body", [b"", b"[]", b'{"error":{}}', b'{"result":{}}', b'{"result":{"protocolVersion":"1999-01-01"}}'])
def test_what_names_no_known_revision_settles_none(body: bytes) -> None:
    assert negotiated(body) is None


@pytest.mark.parametrize(
    ("version", "revision", "refused"),
    [
        ("2025-06-18", "2025-11-25", True),
        ("2025-11-25", "2025-06-18", True),
        ("2025-11-25", "2025-11-25", False),
        (None, "2025-11-25", False),
        ("2025-11-25", "2025-03-26", False),
        ("2025-11-25", "2024-11-05", False),
        ("2025-11-25", None, False),
    ],
)
def test_a_field_contradicts_only_a_session_whose_revision_has_it(version: str | None, revision: str, *, refused: bool) -> None:
    assert contradicts(version, revision) is refused
