"""The form of what people enter about credentials: refused with the place, and without showing a value."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from yett.admin.credentials.config import HEADERS_MAX, VALUE_CHARS_MAX, check_values, config_of, read_new, stored
from yett.admin.credentials.views import NewCredential
from yett.admin.errors import Invalid
from yett.oauth.metadata import Issuer

ORIGIN = "https://server.example"
CLIENT: dict[str, Any] = {"issuer": "https://i.example", "client_id": "us", "client_secret": "hidden"}

SUBJECT: dict[str, Any] = {"subject_token": "hidden"}
IDP = "https://people.example"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"kind": "headers"}, "/headers"),
        ({"kind": "headers", "headers": {"a": "hidden\r\nb: c"}}, "/headers/a"),
        ({"kind": "headers", "headers": {"a": " hidden"}}, "/headers/a"),
        ({"kind": "headers", "headers": {"a": ""}}, "/headers/a"),
        ({"kind": "headers", "headers": {"a": "hidden" * VALUE_CHARS_MAX}}, "/headers/a"),
        ({"kind": "headers", "headers": {"a": "1", "A": "2"}}, "/headers"),
        ({"kind": "headers", "headers": {f"h{n}": "hidden" for n in range(HEADERS_MAX + 1)}}, "/headers"),
        ({"kind": "client_credentials"}, "/client_id"),
        ({"kind": "authorization_code", "client_secret": "hidden"}, "/client_id"),
        ({"kind": "client_credentials", "client_id": "us", "client_secret": "hidden"}, "/issuer"),
        ({"kind": "client_credentials", **CLIENT, "issuer": "http://10.0.0.1/"}, "/issuer"),
        ({"kind": "client_credentials", **CLIENT, "issuer": "javascript:alert(1)"}, "/issuer"),
        ({"kind": "client_credentials", **CLIENT, "private_key": "hidden"}, "/private_key"),
        ({"kind": "client_credentials", **CLIENT, "algorithm": "none"}, "/algorithm"),
        ({"kind": "client_credentials", **CLIENT, "client_id": "a\nb"}, "/client_id"),
        ({"kind": "client_credentials", **CLIENT, "scopes": ["a b"]}, "/scopes"),
        ({"kind": "client_credentials", **CLIENT, "scopes": ["a"] * 100}, "/scopes"),
        ({"kind": "token_exchange", **CLIENT}, "/subject_token"),
        ({"kind": "token_exchange", **CLIENT, "subject_token": "hidden", "subject_reference": "env:A"}, "/subject_token"),
        ({"kind": "token_exchange", **CLIENT, "subject_token": ""}, "/subject_token"),
        ({"kind": "jwt_bearer", **CLIENT}, "/subject_token"),
        ({"kind": "jwt_bearer", "subject_token": "hidden"}, "/client_id"),
        ({"kind": "jwt_bearer", **CLIENT, **SUBJECT, "identity_client_id": "we"}, "/identity_provider"),
        ({"kind": "jwt_bearer", **CLIENT, **SUBJECT, "identity_provider": IDP}, "/identity_client_id"),
        (
            {"kind": "jwt_bearer", **CLIENT, **SUBJECT, "identity_provider": "ftp://x", "identity_client_id": "we"},
            "/identity_provider",
        ),
        ({"kind": "jwt_bearer", **CLIENT, **SUBJECT, "identity_provider": IDP, "identity_client_id": "ä"}, "/identity_client_id"),
        ({"kind": "token_exchange", **CLIENT, **SUBJECT, "identity_provider": IDP}, "/identity_provider"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_new(NewCredential(**fields), ORIGIN)
    assert [detail["pointer"] for detail in refused.value.details] == [pointer]
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("name", ["host", "Content-Length", "mcp-session-id", "a b", "a:b", ""])
def test_fields_that_the_gateway_writes_are_not_credentials(name: str) -> None:
    with pytest.raises(Invalid):
        check_values({name: "x"})


def test_what_is_kept_holds_no_secret_and_comes_back_whole() -> None:
    config = read_new(
        NewCredential(kind="token_exchange", subject_token="hidden", audience="a", scopes=["x", "x"], **CLIENT), ORIGIN
    )
    assert "hidden" not in str(stored(config))
    assert config_of(stored(config)) == config
    assert (config.own_client, config.scopes, config.audience) == (True, ("x",), "a")
    issuer = Issuer(identifier="https://i.example", token_endpoint="https://i.example/t", token_methods=("none",))
    seen = msgspec.structs.replace(config, server=issuer)
    assert config_of(stored(seen)) == seen


def test_a_new_credential_shows_no_secret() -> None:
    new = NewCredential(
        kind="headers", headers={"a": "hidden"}, client_secret="hidden", private_key="hidden", subject_token="hidden"
    )
    assert "hidden" not in repr(new)
