"""What is to be done about a refusal."""

from __future__ import annotations

import pytest

from yett.oauth.errors import Refused


@pytest.mark.parametrize(
    ("code", "expected"), [("invalid_grant", True), ("access_denied", True), ("invalid_client", False), ("", False)]
)
def test_some_refusals_only_a_person_can_mend(code: str, expected: bool) -> None:
    assert Refused("no", code).needs_person is expected
