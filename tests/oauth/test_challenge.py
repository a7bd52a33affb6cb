"""What a server says with 401 and 403."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.oauth.challenge import CHARS_MAX, Challenge, read_challenge, scopes_of

URL = "https://server.example/.well-known/oauth-protected-resource"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (f'Bearer resource_metadata="{URL}"', Challenge(URL)),
        (f'bearer  Resource_Metadata="{URL}" , scope="a b"', Challenge(URL, ("a", "b"))),
        (
            f'Bearer error="insufficient_scope", scope="b a b", resource_metadata="{URL}"',
            Challenge(URL, ("b", "a"), "insufficient_scope"),
        ),
        (f'Basic realm="x", Bearer resource_metadata="{URL}"', Challenge(URL)),
        (f'Negotiate abc=, Bearer resource_metadata="{URL}"', Challenge(URL)),
        (f'Bearer realm="a \\"b, Bearer x=y", resource_metadata="{URL}"', Challenge(URL)),
        ("Bearer scope=one", Challenge(scopes=("one",))),
        ("Bearer", Challenge()),
        (f'DPoP resource_metadata="{URL}"', Challenge(URL, bound=True)),
        (f'Bearer scope="a", DPoP algs="ES256", resource_metadata="{URL}"', Challenge(None, ("a",), bound=True)),
        ('Digest resource_metadata="https://a.example/"', Challenge()),
        ('Bearer scope=""', Challenge()),
        ('Bearer scope="a  b"', Challenge()),
        ('Bearer scope="a\\"b"', Challenge()),
        ("", Challenge()),
        ("=,=,=", Challenge()),
    ],
)
def test_only_what_is_well_formed_counts(field: str, expected: Challenge) -> None:
    assert read_challenge(field) == expected


@given(st.text(max_size=200))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    read_challenge(text)
    read_challenge(f"Bearer {text}")


def test_a_long_field_is_read_to_its_bound_in_a_moment() -> None:
    assert read_challenge("Bearer " + 'a="b", ' * CHARS_MAX + f'resource_metadata="{URL}"').resource_metadata is None
    read_challenge('Bearer x="' + "\\" * 100_000)


def test_scopes_are_words() -> None:
    assert scopes_of("a b a") == ("a", "b")
    assert scopes_of(" a") == scopes_of("a\tb") == scopes_of("") == scopes_of("ä") == ()
