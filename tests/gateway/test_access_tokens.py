"""Access tokens of issuers: whose are taken, and which grant they act as."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import jwt
import pytest

from tests.support.issuer import TestIssuer
from yett.gateway.access_tokens import AccessTokens, NotTaken, issuers_of
from yett.gateway.active import ActiveSnapshot, Snapshot
from yett.gateway.snapshot import GrantEntry, IssuerEntry, RuleEntry, ServerEntry, SnapshotData

NOW_S = 1_800_000_000
NOW_NS = NOW_S * 1_000_000_000
AUDIENCE = "http://gate/mcp/files"
ISSUER = TestIssuer()
GOOD: dict[str, Any] = {"aud": AUDIENCE, "exp": NOW_S + 60, "sub": "ada", "groups": ["eng", "ops"], "scope": "read write"}


def rule(grant: str, **claims: Any) -> RuleEntry:
    return RuleEntry(claims={key.replace("__", "."): value for key, value in claims.items()}, grant=grant)


def entry(**changes: Any) -> IssuerEntry:
    known: dict[str, Any] = {
        **{"id": "i", "organisation": "o", "issuer": ISSUER.name, "algorithms": ["ES256"], "keys": [ISSUER.jwk()]},
        "rules": [rule("g-ada", sub="ada")],
    }
    return IssuerEntry(**{**known, **changes})


def snapshot(*issuers: IssuerEntry) -> Snapshot:
    """Two organisations with a server of one name."""
    active = ActiveSnapshot()
    active.apply(
        SnapshotData(
            revision=1,
            origin="x",
            servers=[
                ServerEntry(id="s", organisation="o", name="files", url="http://u/"),
                ServerEntry(id="t", organisation="o", name="mail", url="http://u/"),
                ServerEntry(id="other", organisation="p", name="files", url="http://u/"),
            ],
            grants=[
                GrantEntry(id="g-ada", organisation="o", digest="1", server="s"),
                GrantEntry(id="g-ops", organisation="o", digest="2", server="s"),
                GrantEntry(id="g-mail", organisation="o", digest="3", server="t"),
                GrantEntry(id="g-other", organisation="p", digest="4", server="other"),
                GrantEntry(id="g-over", organisation="o", digest="5", server="s", expires_at_ns=NOW_NS),
            ],
            issuers=list(issuers),
        )
    )
    current = active.current()
    assert current is not None
    return current


def taken(
    token: str, *issuers: IssuerEntry, reference: str = "files", now_ns: int = NOW_NS, tokens: AccessTokens | None = None
) -> str:
    """The grant and when the token is over."""
    access = tokens or AccessTokens("http://gate", lambda _: None)
    grant, server, mark = access.grant_of(snapshot(*(issuers or (entry(),))), reference, token.encode(), token, now_ns)
    assert server.id == grant.server
    return f"{grant.id} {mark}"


def test_a_good_token_acts_as_the_grant_that_its_claims_map_to() -> None:
    until = (NOW_S + 90) * 1_000_000_000
    for reference in ("files", "s"):
        assert taken(ISSUER.token(GOOD), reference=reference) == f"g-ada until {until} i"
    (grant,) = [one for one in snapshot().grants_by_id.values() if one.id == "g-ada"]
    assert grant.until_ns(f"until {until} i") == until


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256", "EdDSA"])
def test_every_asymmetric_algorithm_that_is_allowed_is_read(algorithm: str) -> None:
    issuer = TestIssuer(algorithm=algorithm)
    assert taken(issuer.token(GOOD), entry(algorithms=[algorithm], keys=[issuer.jwk()])).startswith("g-ada")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": NOW_S - 31}, "has expired"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "when it is over"),
        ({"exp": True}, "when it is over"),
        ({"exp": 1e300}, "when it is over"),
        ({"nbf": NOW_S + 31}, "not valid yet"),
        ({"aud": None}, "aud"),
        ({"aud": "http://gate/mcp/mail"}, "[Aa]udience"),
        ({"aud": ["http://elsewhere"]}, "[Aa]udience"),
        ({"iss": "https://evil.example"}, "unknown or revoked token"),
        ({"iss": None}, "unknown or revoked token"),
        ({"iss": ["https://issuer.example"]}, "unknown or revoked token"),
        ({"sub": "eve"}, "no rule maps"),
        ({"sub": None}, "no rule maps"),
    ],
)
def test_a_token_that_is_not_for_us_now_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotTaken, match=reason):
        taken(raw(ISSUER, {**{"iss": ISSUER.name}, **GOOD, **changes}))


def raw(issuer: TestIssuer, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    """Signed whatever it says: the library would not sign every nonsense."""
    said = {key: value for key, value in claims.items() if value is not None}
    body = json.dumps(said).encode()
    return jwt.api_jws.encode(body, issuer.key, issuer.algorithm, headers={"kid": issuer.kid, **(header or {})})


def test_clocks_may_differ_by_the_leeway_and_not_more() -> None:
    token = ISSUER.token({**GOOD, "exp": NOW_S - 29, "nbf": NOW_S + 29})
    assert taken(token).startswith("g-ada")
    with pytest.raises(NotTaken):
        taken(token, entry(leeway_s=5))


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        "x" * 20_000,
        f"{part({'alg': 'none'})}.{part({**GOOD, 'iss': ISSUER.name})}.",
        f"{part({'alg': 'none'})}.{part({**GOOD, 'iss': ISSUER.name})}.AA",
        f"{part({'alg': 'ES256', 'kid': 'k1'})}.{part({**GOOD, 'iss': ISSUER.name})}.AAAA",
        f"{part({'alg': 'ES256', 'kid': ['k1']})}.{part({**GOOD, 'iss': ISSUER.name})}.AAAA",
        f"{part({'alg': ['ES256']})}.{part({**GOOD, 'iss': ISSUER.name})}.AAAA",
        f"{part([])}.{part({})}.AA",
        f"{part({'alg': 'ES256'})}.{part([1])}.AA",
    ],
)
def test_what_is_no_token_is_refused_without_a_fault(token: str) -> None:
    with pytest.raises(NotTaken):
        taken(token)


@pytest.mark.parametrize(
    ("algorithm", "changes"),
    [
        ("ES256", {"kty": "RSA"}),
        ("ES256", {"kty": None}),
        ("ES256", {"crv": "P-384"}),
        ("ES256", {"crv": None}),
        ("RS256", {"kty": "oct"}),
        ("EdDSA", {"kty": "EC"}),
        ("EdDSA", {"crv": "X25519"}),
    ],
)
def test_a_key_of_another_kind_or_curve_does_not_serve_an_algorithm(algorithm: str, changes: dict[str, Any]) -> None:
    issuer, wanted = TestIssuer(algorithm=algorithm), list[str]()
    key = {name: value for name, value in issuer.jwk(**changes).items() if value is not None}
    access = AccessTokens("http://gate", wanted.append)
    with pytest.raises(NotTaken, match="signed with a key that its issuer does not publish"):
        taken(issuer.token(GOOD), entry(algorithms=[algorithm], keys=[key]), tokens=access)
    assert wanted == ["i"]


def test_an_algorithm_that_nobody_knows_has_no_key_even_where_an_issuer_is_allowed_it() -> None:
    key = {name: value for name, value in ISSUER.jwk().items() if name not in {"kty", "alg"}}
    header = {"alg": "XX256", "kid": "k1"}
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in (header, {"iss": ISSUER.name})]
    with pytest.raises(NotTaken, match="does not publish"):
        taken(f"{parts[0]}.{parts[1]}.AAAA", entry(algorithms=["XX256"], keys=[key]))


def test_a_public_key_never_serves_as_a_secret() -> None:
    signed = f"{part({'alg': 'HS256', 'kid': 'k1'})}.{part({'iss': ISSUER.name, **GOOD})}"
    mac = hmac.digest(json.dumps(ISSUER.jwk()).encode(), signed.encode(), "sha256")
    token = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    for allowed in (["ES256"], ["ES256", "HS256"]):
        with pytest.raises(NotTaken):
            taken(token, entry(algorithms=allowed))


@pytest.mark.parametrize(
    "header",
    [{"typ": "id+jwt"}, {"typ": 7}, {"crit": ["exp"]}, {"kid": "../k1"}, {"kid": "k2"}, {"alg": "ES512"}],
)
def test_a_header_that_asks_for_anything_else_is_refused(header: dict[str, Any]) -> None:
    if "alg" in header:
        token = ISSUER.token(GOOD)
        head, body, signature = token.split(".")
        token = f"{part({**json.loads(base64.urlsafe_b64decode(head + '==')), **header})}.{body}.{signature}"
    else:
        token = raw(ISSUER, {"iss": ISSUER.name, **GOOD}, header)
    with pytest.raises(NotTaken):
        taken(token)


def test_an_address_of_keys_in_the_token_is_not_looked_at() -> None:
    other = TestIssuer()
    token = other.token(GOOD, {"jku": "http://evil.example/keys", "jwk": other.jwk()})
    with pytest.raises(NotTaken, match="not valid"):
        taken(token)


def test_an_unknown_key_is_told_so_that_it_can_be_fetched() -> None:
    told: list[str] = []
    access = AccessTokens("http://gate", told.append)
    with pytest.raises(NotTaken, match="does not publish"):
        taken(ISSUER.token(GOOD, {"kid": "new"}), tokens=access)
    assert told == ["i"]


def test_a_key_is_used_only_for_what_it_says() -> None:
    for wrong in ({"use": "enc"}, {"alg": "ES384"}):
        with pytest.raises(NotTaken, match="does not publish"):
            taken(ISSUER.token(GOOD), entry(keys=[ISSUER.jwk(**wrong)]))


@pytest.mark.parametrize(
    ("claims", "fits"),
    [
        ({}, True),
        ({"sub": "ada"}, True),
        ({"groups": "ops"}, True),
        ({"groups": "op"}, False),
        ({"scope": "read"}, True),
        ({"scope": "rea"}, False),
        ({"sub": "a"}, False),
        ({"sub": "ada", "groups": "hr"}, False),
        ({"level": 1}, True),
        ({"level": True}, False),
        ({"realm__roles": "admin"}, True),
        ({"realm__roles__x": "admin"}, False),
        ({"missing": "x"}, False),
    ],
)
def test_a_rule_fits_if_every_claim_is_so(claims: dict[str, Any], fits: bool) -> None:
    token = ISSUER.token({**GOOD, "level": 1, "realm": {"roles": ["admin"]}})
    issuer = entry(rules=[rule("g-ops", **claims)])
    if fits:
        assert taken(token, issuer).startswith("g-ops")
    else:
        with pytest.raises(NotTaken, match="no rule"):
            taken(token, issuer)


def test_the_first_rule_for_the_server_of_the_path_counts() -> None:
    rules = [rule("g-mail"), rule("gone"), rule("g-ops", sub="ada"), rule("g-ada", sub="ada")]
    assert taken(ISSUER.token(GOOD), entry(rules=rules)).startswith("g-ops")
    token = ISSUER.token({**GOOD, "aud": "http://gate/mcp/mail"})
    assert taken(token, entry(rules=rules), reference="mail").startswith("g-mail")


def test_an_expired_grant_stays_expired_whoever_vouches() -> None:
    with pytest.raises(NotTaken, match="the grant has expired"):
        taken(ISSUER.token(GOOD), entry(rules=[rule("g-over")]))


def test_an_issuer_speaks_for_its_own_organisation_only() -> None:
    foreign = entry(organisation="p", rules=[rule("g-ada"), rule("g-other")])
    assert taken(ISSUER.token(GOOD), foreign).startswith("g-other")
    with pytest.raises(NotTaken):
        taken(ISSUER.token(GOOD), foreign, reference="s")
    assert issuers_of(snapshot(foreign), "s") == []
    assert issuers_of(snapshot(foreign), "files") == [ISSUER.name]
    assert issuers_of(snapshot(foreign), "none") == []


def test_other_audiences_take_the_place_of_the_address() -> None:
    issuer = entry(audiences=["api://yett"])
    assert taken(ISSUER.token({**GOOD, "aud": ["api://yett", "x"]}), issuer).startswith("g-ada")
    with pytest.raises(NotTaken):
        taken(ISSUER.token(GOOD), issuer)


def test_a_token_is_checked_once_and_expires_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    access, token, issuer, checked = AccessTokens("http://gate", lambda _: None), ISSUER.token(GOOD), entry(), []
    decode = jwt.decode

    def counting(*args: Any, **keywords: Any) -> Any:
        if keywords.get("algorithms"):
            checked.append(1)
        return decode(*args, **keywords)

    monkeypatch.setattr(jwt, "decode", counting)
    known = snapshot(issuer)
    for _ in range(3):
        access.grant_of(known, "files", token.encode(), token, NOW_NS)
    assert len(checked) == 1
    with pytest.raises(NotTaken, match="has expired"):
        access.grant_of(known, "files", token.encode(), token, NOW_NS + 91 * 10**9)


def test_a_remembered_token_is_judged_anew_when_its_issuer_changes() -> None:
    access, token = AccessTokens("http://gate", lambda _: None), ISSUER.token(GOOD)
    access.grant_of(snapshot(entry()), "files", token.encode(), token, NOW_NS)
    for later in ((), (entry(algorithms=["RS256"]),), (entry(keys=[]),), (entry(audiences=["x"]),)):
        with pytest.raises(NotTaken):
            access.grant_of(snapshot(*later), "files", token.encode(), token, NOW_NS)


def test_a_remembered_token_of_one_server_says_nothing_of_another() -> None:
    access, token = AccessTokens("http://gate", lambda _: None), ISSUER.token(GOOD)
    known = snapshot(entry(rules=[rule("g-ada"), rule("g-mail")]))
    access.grant_of(known, "files", token.encode(), token, NOW_NS)
    with pytest.raises(NotTaken, match=r"[Aa]udience"):
        access.grant_of(known, "mail", token.encode(), token, NOW_NS)


def test_what_an_issuer_vouched_for_ends_with_it() -> None:
    mark = taken(ISSUER.token(GOOD)).partition(" ")[2]
    assert snapshot(entry()).vouches(mark)
    assert not snapshot().vouches(mark)
    assert not snapshot(entry(id="another")).vouches(mark)
    assert snapshot().vouches("0123abcd")
