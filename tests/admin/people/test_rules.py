"""Addresses and paths that people write."""

from __future__ import annotations

import pytest

from yett.admin.errors import Invalid
from yett.admin.people.rules import Rules, check_email, local_path


@pytest.mark.parametrize("text", ["/", "/account", "/a/b?c=d%20e&f=g", "/invitation/abc-_~"])
def test_a_path_of_ours_is_followed(text: str) -> None:
    assert local_path(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/a\r\nset-cookie: x", "/a\n", "a",
     "\t//evil.example", "/ä", "/a#b", "/" + "a" * 1_000, "/\t/evil.example"],
)  # fmt: skip
def test_what_leads_elsewhere_is_not_followed(text: str) -> None:
    assert local_path(text) == "/account"


def test_an_address_is_kept_in_lower_case() -> None:
    assert check_email(" Ada@Example.COM ") == "ada@example.com"
    assert check_email("ada@localhost") == "ada@localhost"


@pytest.mark.parametrize(
    "text", ["", "ada", "@example.com", "a b@example.com", "a@b@c", "a\n@example.com", "ä@example.com", "a@" + "b" * 300]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="no mail address"):
        check_email(text)


def test_the_origin_is_that_of_the_base_url() -> None:
    assert Rules(base_url="https://gate.example:8443/x").origin == "https://gate.example:8443"
    assert Rules(base_url="https://gate.example").secure
    assert not Rules(base_url="http://127.0.0.1:8701").secure
