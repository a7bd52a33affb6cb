"""Cookies, links and API tokens."""

from __future__ import annotations

from yett.admin.people import handles
from yett.gateway import tokens

KEY = bytes(32)


def test_every_handle_is_new_and_of_one_form() -> None:
    made = {handles.new_handle() for _ in range(100)}
    assert len(made) == 100
    assert all(handles.is_handle(one) for one in made)
    assert not any(handles.is_handle(one) for one in ("", "x" * 42, "x" * 44, "é" * 43, "x" * 42 + "\n"))


def test_an_api_token_is_known_by_its_form_and_is_no_grants_token() -> None:
    token, grant = handles.new_api_token(), tokens.mint()
    assert token.startswith("yett_api_")
    assert handles.is_api_token(token)
    assert not tokens.is_well_formed(token)
    assert not handles.is_api_token(grant)
    assert not handles.is_api_token(token[:-1] + ("0" if token[-1] != "0" else "1"))


def test_the_digest_of_one_kind_is_nothing_for_another_kind_or_another_key() -> None:
    digests = {handles.digest(kind, "x", KEY) for kind in ("session", "link", "api token", "flow")}
    digests |= {handles.digest("session", "x", bytes(31) + b"1"), tokens.digest("x", KEY)}
    assert len(digests) == 6


def test_secrets_are_compared_whatever_they_hold() -> None:
    assert handles.same("a\udcff", "a\udcff")
    assert not handles.same("a", "b")
