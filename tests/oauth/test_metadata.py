"""What servers and authorization servers say of themselves, checked before it is used."""

from __future__ import annotations

import pytest

from yett.oauth.errors import OAuthFault
from yett.oauth.metadata import Document, check_address, covers, read_issuer, read_resource, same_issuer

SERVER = "https://server.example/mcp/one"
ISSUER = "https://issuer.example/tenant"
GOOD: Document = {"issuer": ISSUER, "token_endpoint": "https://issuer.example/token"}


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        (SERVER, True),
        ("https://server.example/mcp", True),
        ("https://server.example/", True),
        ("https://server.example", True),
        ("HTTPS://Server.Example/mcp/", True),
        ("https://server.example/mcp/on", False),
        ("https://server.example/mcp/one/more", False),
        ("https://server.example:8443/mcp/one", False),
        ("http://server.example/mcp/one", False),
        ("https://evil.example/mcp/one", False),
        ("https://server.example.evil.example/mcp/one", False),
        ("https://server.example/mcp?x=y", False),
        ("javascript:alert(1)", False),
    ],
)
def test_a_token_is_asked_for_this_server_only(identifier: str, expected: bool) -> None:
    assert covers(identifier, SERVER) is expected


def test_a_resource_is_taken_as_it_calls_itself() -> None:
    found = read_resource(
        {"resource": "https://server.example/mcp", "authorization_servers": [ISSUER], "scopes_supported": ["a"]}, SERVER
    )
    assert (found.identifier, found.issuers, found.scopes) == ("https://server.example/mcp", (ISSUER,), ("a",))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"resource": "https://evil.example/mcp"},
        {"resource": 5},
        {"resource": SERVER, "authorization_servers": "https://issuer.example"},
        {"resource": SERVER, "authorization_servers": ["javascript:alert(1)"]},
        {"resource": SERVER, "authorization_servers": ["http://10.0.0.1/"]},
        {"resource": SERVER, "authorization_servers": [5]},
        {"resource": SERVER, "scopes_supported": ["a\r\nb"]},
        {"resource": SERVER, "scopes_supported": ["a"] * 257},
    ],
)
def test_anothers_or_malformed_metadata_is_refused(document: Document) -> None:
    with pytest.raises(OAuthFault):
        read_resource(document, SERVER)


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://issuer.example"},
        {"issuer": "https://issuer.example/tenant/"},
        {"issuer": "https://issuer.example/Tenant"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": "http://issuer.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://10.0.0.1/authorize"},
        {"registration_endpoint": "ftp://issuer.example/"},
        {"token_endpoint": "https://user:password@issuer.example/token"},
        {"token_endpoint": "https://issuer.example\\@evil.example/token"},
        {"code_challenge_methods_supported": {"S256": True}},
    ],
)
def test_an_issuer_that_calls_itself_otherwise_or_leads_astray_is_refused(change: Document) -> None:
    assert read_issuer(GOOD, ISSUER).identifier == ISSUER
    with pytest.raises(OAuthFault):
        read_issuer({**GOOD, **change}, ISSUER)


def test_an_origin_is_one_issuer_with_and_without_its_slash() -> None:
    assert same_issuer("https://a.example", "https://a.example/")
    assert not same_issuer("https://a.example/x", "https://a.example/x/")
    assert not same_issuer("https://a.example", "https://a.example//")
    assert read_issuer({**GOOD, "issuer": "https://a.example"}, "https://a.example/").identifier == "https://a.example"


def test_plain_http_is_for_this_machine_only() -> None:
    assert check_address("http://127.0.0.1:9/x", "endpoint")
    assert check_address("http://localhost:9/x", "endpoint")
    with pytest.raises(OAuthFault, match="not https"):
        check_address("http://192.168.1.1/x", "endpoint")
