"""Credentials as fields."""

from __future__ import annotations

import pytest

from yett.errors import UpstreamNotReached
from yett.upstreams.http_credential import credential_fields


def test_names_are_sent_in_lower_case_and_values_as_they_are() -> None:
    assert credential_fields({"X-Key": "a B", "authorization": "Bearer x"}, "s") == [
        (b"x-key", b"a B"),
        (b"authorization", b"Bearer x"),
    ]
    assert credential_fields({}, "s") == []


@pytest.mark.parametrize("name", ["Host", "content-length", "a b", "a:", "", "\n", "transfer-encoding"])
def test_a_field_that_would_change_the_request_is_none_for_a_credential(name: str) -> None:
    with pytest.raises(UpstreamNotReached, match="the credential for shop cannot be sent in a field"):
        credential_fields({name: "x"}, "shop")


@pytest.mark.parametrize("value", ["a\r\nx: y", "\0", "\u00e4secret"])
def test_a_value_that_no_field_can_hold_is_not_repeated(value: str) -> None:
    with pytest.raises(UpstreamNotReached, match="has characters that no field can hold") as refused:
        credential_fields({"x-key": value}, "shop")
    assert "secret" not in str(refused.value)
