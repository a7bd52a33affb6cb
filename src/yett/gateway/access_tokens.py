"""The data plane as an OAuth resource server: access tokens of configured issuers, and the grants that their claims map to.

An access token (a JWT, RFC 9068) gives no right of its own: a rule maps its claims to a grant, and everything else is as if that
grant's own token had been shown. Keys come with the snapshot; nothing is fetched here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from yett.gateway.active import Snapshot
from yett.gateway.snapshot import GrantEntry, IssuerEntry, ServerEntry, until_mark

if TYPE_CHECKING:
    from jwt import PyJWK

TOKEN_CHARS_MAX: Final = 16_384
REMEMBERED_MAX: Final = 10_000
"""Tokens whose signature was checked; checking one takes a quarter of a millisecond."""
CANDIDATES_MAX: Final = 16
"""Organisations with a server of one name that are looked at."""
TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
NS: Final = 1_000_000_000
_FORM: Final = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

_CURVES: Final = frozenset({("ES256", "P-256"), ("ES384", "P-384"), ("ES512", "P-521"), ("EdDSA", "Ed25519"), ("EdDSA", "Ed448")})
_KINDS: Final[Mapping[str, tuple[str, frozenset[tuple[str, object]]]]] = MappingProxyType(
    {"RS": ("RSA", frozenset()), "PS": ("RSA", frozenset()), "ES": ("EC", _CURVES), "Ed": ("OKP", _CURVES)}
)
"""What kind of key checks signatures of an algorithm (RFC 7518, RFC 8037), by how that begins, and on which curve."""

UnknownKey = Callable[[str], None]
"""Told the id of an issuer that signed with a key which the snapshot does not have. Must not block."""


class NotTaken(Exception):
    """Why an access token is not taken: for the log only."""


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token whose signature and claims were checked, by what was configured then."""

    issuer: IssuerEntry
    claims: Mapping[str, Any]
    until_ns: int


@dataclass(slots=True)
class AccessTokens:
    """Checks access tokens. One for a data plane."""

    public_url: str
    """Where clients reach the listener: the audience is the address of a server there, unless an issuer names others."""
    unknown_key: UnknownKey
    _verified: dict[str, _Verified] = field(default_factory=dict)
    _keys: dict[tuple[str, str], tuple[IssuerEntry, PyJWK]] = field(default_factory=dict)

    def grant_of(
        self, snapshot: Snapshot, reference: str, token: bytes, shown: str, now_ns: int
    ) -> tuple[GrantEntry, ServerEntry, str]:
        """The grant that the claims of `token` map to, the server of the path, and what stands for the token from now on.

        `shown` is the digest of the token. Errors: `NotTaken`.
        """
        if len(token) > TOKEN_CHARS_MAX or _FORM.fullmatch(token) is None:
            raise NotTaken("unknown or revoked token")
        for server in _candidates(snapshot, reference):
            verified = self._check(snapshot, server, token, f"{server.id} {shown}", now_ns)
            if verified is None:
                continue
            for rule in verified.issuer.rules:
                grant = snapshot.grants_by_id.get(rule.grant)
                if grant is not None and grant.server == server.id and _fits(rule.claims, verified.claims):
                    if grant.expires_at_ns is not None and grant.expires_at_ns <= now_ns:
                        raise NotTaken("the grant has expired")
                    return grant, server, until_mark(verified.until_ns, verified.issuer.id)
            raise NotTaken("no rule maps the access token to a grant of this server")
        raise NotTaken("unknown or revoked token")

    def _check(self, snapshot: Snapshot, server: ServerEntry, token: bytes, key: str, now_ns: int) -> _Verified | None:
        """What the token says, checked for this server; None where none of its organisation's issuers made it."""
        known = self._verified.get(key)
        if known is not None and any(known.issuer is issuer for issuer in snapshot.issuers):
            _check_times(known.claims, known.issuer, now_ns)
            return known
        said = _unverified(token)
        for issuer in snapshot.issuers:
            if issuer.organisation == server.organisation and issuer.issuer == said.get("iss"):
                verified = self._verify(issuer, server, token, now_ns)
                if len(self._verified) >= REMEMBERED_MAX:
                    del self._verified[next(iter(self._verified))]
                self._verified[key] = verified
                return verified
        return None

    def _verify(self, issuer: IssuerEntry, server: ServerEntry, token: bytes, now_ns: int) -> _Verified:
        import jwt  # noqa: PLC0415 - five megabytes that only installations with issuers need

        algorithm, key = self._key_of(issuer, jwt.get_unverified_header(token))
        audiences = issuer.audiences or [f"{self.public_url}/mcp/{name}" for name in (server.name, server.id)]
        try:
            # Times are checked apart: by a clock that does not go back.
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=audiences,
                issuer=issuer.issuer,
                options={
                    "require": ["exp", "iss", "aud"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "strict_aud": False,
                },
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise NotTaken(f"the access token is not valid: {error}") from error
        until_ns = _check_times(claims, issuer, now_ns)
        return _Verified(issuer, claims, until_ns)

    def _key_of(self, issuer: IssuerEntry, header: Mapping[str, Any]) -> tuple[str, PyJWK]:
        """The algorithm and the key that the header names, if the issuer is allowed the one and has the other."""
        algorithm, type_, kid = header.get("alg"), header.get("typ", "JWT"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in issuer.algorithms:
            raise NotTaken("the access token is signed with an algorithm that its issuer is not allowed")
        if not isinstance(type_, str) or type_.lower() not in TYPES or "crit" in header:
            raise NotTaken("it is no access token")
        fitting = [key for key in issuer.keys if _serves(key, algorithm) and (kid is None or key.get("kid") == kid)]
        if len(fitting) != 1:
            self.unknown_key(issuer.id)
            raise NotTaken("the access token is signed with a key that its issuer does not publish")
        return algorithm, self._read_key(issuer, fitting[0], algorithm)

    def _read_key(self, issuer: IssuerEntry, key: Mapping[str, Any], algorithm: str) -> PyJWK:
        import jwt  # noqa: PLC0415 - as above

        place = (issuer.id, f"{key.get('kid')} {algorithm}")
        known = self._keys.get(place)
        if known is not None and known[0] is issuer:
            return known[1]
        try:
            read = jwt.PyJWK(dict(key), algorithm=algorithm)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise NotTaken(f"the issuer publishes a key that cannot be read: {error}") from error
        self._keys[place] = (issuer, read)
        return read


def issuers_of(snapshot: Snapshot, reference: str) -> list[str]:
    """Whose access tokens are taken for the server of this id or name."""
    owners = {server.organisation for server in _candidates(snapshot, reference)}
    return sorted({issuer.issuer for issuer in snapshot.issuers if issuer.organisation in owners})


def _candidates(snapshot: Snapshot, reference: str) -> Iterator[ServerEntry]:
    """The servers that a path may mean: one by its id, or one in each organisation by name."""
    server = snapshot.servers.get(reference)
    if server is not None:
        yield server
        return
    for id in sorted(snapshot.named.get(reference, ()))[:CANDIDATES_MAX]:
        yield snapshot.servers[id]


def _unverified(token: bytes) -> Mapping[str, Any]:
    """What the token says of itself; believed only as far as it chooses who is asked."""
    import jwt  # noqa: PLC0415 - as above

    try:
        said: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
        jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise NotTaken("unknown or revoked token") from error
    return said


def _serves(key: Mapping[str, Any], algorithm: str) -> bool:
    """Whether a key may check signatures of this algorithm, as far as it says."""
    if key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm:
        return False
    kind, curves = _KINDS.get(algorithm[:2], (None, frozenset()))
    return kind is not None and key.get("kty") == kind and (not curves or (algorithm, key.get("crv")) in curves)


def _check_times(claims: Mapping[str, Any], issuer: IssuerEntry, now_ns: int) -> int:
    """When the token is over. Errors: `NotTaken` for one that is over, not begun, or says neither."""
    leeway_ns = issuer.leeway_s * NS
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    if not _is_moment(expires) or not _is_moment(begins):
        raise NotTaken("the access token does not say when it is over")
    until_ns = int(expires * NS) + leeway_ns
    if until_ns <= now_ns:
        raise NotTaken("the access token has expired")
    if int(begins * NS) - leeway_ns > now_ns:
        raise NotTaken("the access token is not valid yet")
    return until_ns


def _is_moment(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**33


def _fits(wanted: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """Whether each claim that a rule names is what it says, or holds it: a list, or the words of `scope`."""
    return all(_holds(_claim(claims, path), value, words=path in {"scope", "scp"}) for path, value in wanted.items())


def _claim(claims: Mapping[str, Any], path: str) -> object:
    """The claim of this name, or the member at this dotted path where there is none."""
    if path in claims:
        return claims[path]
    found: object = claims
    for step in path.split("."):
        if not isinstance(found, Mapping) or step not in found:
            return None
        found = found[step]
    return found


def _holds(found: object, wanted: object, *, words: bool) -> bool:
    if isinstance(found, str) and words:
        return wanted in found.split()
    if isinstance(found, Sequence) and not isinstance(found, str):
        return any(_same(one, wanted) for one in found)
    return found is not None and _same(found, wanted)


def _same(one: object, other: object) -> bool:
    """Equal, and of one kind: true is not 1."""
    return type(one) is type(other) and one == other
