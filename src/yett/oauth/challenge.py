"""What a server says with 401 and 403: the `WWW-Authenticate` field of RFC 9110, of which `Bearer` and `DPoP` count. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

CHARS_MAX: Final = 8_192
_SCHEMES: Final = frozenset({"bearer", "dpop"})
SCOPE_CHARS_MAX: Final = 2_048

_TOKEN: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 - a pattern
_PARAMETER: Final = re.compile(rf"\s*({_TOKEN})\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|({_TOKEN}))\s*(?:,|$)")
_SCHEME: Final = re.compile(rf"\s*,?\s*({_TOKEN})(?:\s+|\s*,|$)")
_TOKEN68: Final = re.compile(r"\s*[A-Za-z0-9._~+/-]+=*\s*(?:,|$)")
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")


@dataclass(frozen=True, slots=True)
class Challenge:
    """What of a challenge is used."""

    resource_metadata: str | None = None
    """Where the server says that its metadata is (RFC 9728). From outside."""
    scopes: tuple[str, ...] | None = None
    error: str | None = None
    bound: bool = False
    """Whether it takes tokens that are bound to a key (RFC 9449)."""


def scopes_of(text: str) -> tuple[str, ...]:
    """The scopes of a space-separated list, each once; none where it is no such list."""
    if len(text) > SCOPE_CHARS_MAX or _SCOPE.fullmatch(text) is None:
        return ()
    return tuple(dict.fromkeys(text.split(" ")))


def read_challenge(field: str) -> Challenge:
    """The first `Bearer` or `DPoP` challenge of a field value; an empty one where there is none that can be read."""
    ours = [(scheme.lower(), said) for scheme, said in _challenges(field[:CHARS_MAX]) if scheme.lower() in _SCHEMES]
    if not ours:
        return Challenge()
    parameters = ours[0][1]
    scope = parameters.get("scope")
    return Challenge(
        resource_metadata=parameters.get("resource_metadata"),
        scopes=None if scope is None else scopes_of(scope) or None,
        error=parameters.get("error"),
        bound=any(scheme == "dpop" for scheme, _ in ours),
    )


def _challenges(field: str) -> list[tuple[str, dict[str, str]]]:
    """Scheme and parameters of each challenge; what cannot be read ends the list."""
    found: list[tuple[str, dict[str, str]]] = []
    place = 0
    while scheme := _SCHEME.match(field, place):
        place = scheme.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(field, place):
            name, quoted, plain = parameter.groups()
            parameters.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if plain is None else plain)
            place = parameter.end()
        if not parameters and (token := _TOKEN68.match(field, place)) is not None and "=" in token[0]:
            place = token.end()
        found.append((scheme[1], parameters))
    return found
