"""What a person is sent to, and what may come back with them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from yett.oauth.authorization import CODE_CHARS_MAX, Flow, begin, challenge_of, choose_scopes, code_of
from yett.oauth.challenge import Challenge
from yett.oauth.client import Client
from yett.oauth.discovery import Found
from yett.oauth.errors import OAuthFault, Refused
from yett.oauth.metadata import Issuer, Resource

CALLBACK = "https://gate.example/oauth/callback"
CLIENT = Client(id="us", issuer="https://i.example")
NOTHING = Challenge()


def found(challenge: Challenge = NOTHING, scopes: tuple[str, ...] | None = None, **fields: object) -> Found:
    known = {
        "identifier": "https://i.example",
        "token_endpoint": "https://i.example/token",
        "authorization_endpoint": "https://i.example/authorize?tenant=1",
        "code_challenge_methods": ("S256",),
    }
    issuer = Issuer(**{**known, **fields})  # type: ignore[arg-type]  # as a test says
    return Found(Resource("https://server.example/mcp", ("https://i.example",), scopes), issuer, challenge)


def flow(**fields: object) -> Flow:
    return begin(found(**fields), CLIENT, CALLBACK, ("read",))  # type: ignore[arg-type]  # as a test says


def test_a_person_is_sent_with_everything_that_binds_the_answer() -> None:
    begun = flow()
    query = parse_qs(urlsplit(begun.url).query)
    assert query["code_challenge"] == [challenge_of(begun.verifier)]
    assert query["code_challenge_method"] == ["S256"]
    assert query["resource"] == ["https://server.example/mcp"]
    assert (query["state"], query["redirect_uri"], query["tenant"]) == ([begun.state], [CALLBACK], ["1"])
    assert begun.verifier not in begun.url
    assert flow().state != begun.state


def test_the_challenge_is_that_of_rfc_7636() -> None:
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    "fields", [{"code_challenge_methods": None}, {"code_challenge_methods": ("plain",)}, {"authorization_endpoint": None}]
)
def test_without_s256_nobody_is_sent(fields: dict[str, object]) -> None:
    with pytest.raises(OAuthFault):
        flow(**fields)


def test_a_client_of_another_issuer_is_not_sent() -> None:
    with pytest.raises(OAuthFault, match="not shown"):
        begin(found(), Client(id="us", issuer="https://other.example"), CALLBACK, ())


def test_scopes_are_chosen_in_order_and_never_lost() -> None:
    said = Challenge(scopes=("challenged",))
    assert choose_scopes(found(said, ("listed",)), ("set",)) == ("set",)
    assert choose_scopes(found(said, ("listed",))) == ("challenged",)
    assert choose_scopes(found(scopes=("listed",))) == ("listed",)
    assert choose_scopes(found()) == ()
    assert choose_scopes(found(said), held=("read",)) == ("read", "challenged")
    assert choose_scopes(found(said, **{"scopes": None})) == ("challenged",)


def test_a_refresh_token_is_asked_for_where_it_is_to_be_had() -> None:
    issuer = Issuer(identifier="https://i.example", token_endpoint="https://i.example/t", scopes=("read", "offline_access"))
    offering = Found(Resource("https://server.example/mcp", (), ("read",)), issuer, Challenge())
    assert choose_scopes(offering) == ("read", "offline_access")


def test_the_answer_of_this_flow_has_a_code() -> None:
    begun = flow()
    assert code_of(begun, {"state": begun.state, "code": "c"}) == "c"
    assert code_of(begun, {"state": begun.state, "code": "c", "iss": "https://i.example"}) == "c"


@pytest.mark.parametrize(
    "change",
    [
        {"state": ""},
        {"state": "other"},
        {"iss": "https://evil.example"},
        {"iss": "https://i.example/"},
        {"iss": ""},
        {"code": ""},
        {"code": "c" * (CODE_CHARS_MAX + 1)},
    ],
)
def test_any_other_answer_is_refused(change: dict[str, str]) -> None:
    begun = flow()
    with pytest.raises(OAuthFault):
        code_of(begun, {"state": begun.state, "code": "c", **change})


def test_an_issuer_that_always_names_itself_must() -> None:
    begun = flow(names_itself=True)
    with pytest.raises(OAuthFault, match="does not say"):
        code_of(begun, {"state": begun.state, "code": "c"})


@pytest.mark.parametrize(
    ("error", "shown"), [("access_denied", "access_denied"), ("<script>", "an error"), ("x" * 100, "an error")]
)
def test_a_no_is_told_without_what_else_was_written(error: str, shown: str) -> None:
    begun = flow()
    with pytest.raises(Refused, match=shown):
        code_of(begun, {"state": begun.state, "error": error, "error_description": "<script>"})
