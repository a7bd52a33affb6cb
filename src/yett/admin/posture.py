"""How a server stands to whoever asks without a credential, by the last look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Literal

from yett.admin.outside import RATE_LIMITED, REFUSED
from yett.admin.probing import BARE
from yett.catalog.record import Auth, ServerPosture
from yett.stores.control.records import Look, Server

Posture = Literal["open", "asks", "with_credential", "rate_limited"]
IN_WORDS: Final[Mapping[Posture, str]] = MappingProxyType(
    {
        "open": "it answered without a credential",
        "asks": "it asked for a credential",
        "with_credential": "it answered with the credential that it was sent, and was not asked without",
        "rate_limited": "it answered that it was asked too often",
    }
)

_BARE: Final[Mapping[str, ServerPosture]] = MappingProxyType(
    {
        "answered": ServerPosture("open", evidence="it answered with its credential, and without one just as well"),
        "refused": ServerPosture("gated", evidence="it answered with its credential, and refused who had none"),
    }
)
"""Of a server that was also asked without its credential."""


def posture_of(server: Server, look: Look | None) -> Posture | None:
    """None for a program, which runs here, and where the server never answered."""
    if look is None or server.url is None:
        return None
    if look.problem is not None and look.problem.startswith((REFUSED, RATE_LIMITED)):
        return "asks" if look.problem.startswith(REFUSED) else "rate_limited"
    sent = look.said.get("credential")
    return None if not isinstance(sent, bool) else "with_credential" if sent else "open"


def record_posture(server: Server, look: Look | None) -> ServerPosture:
    """The same for its record: whom it lets in, and whether it was asked too often, each by the last answer that tells."""
    found = posture_of(server, look)
    if look is None:
        return ServerPosture(None)
    if server.url is None:
        return ServerPosture(None, evidence="it is a program of this host, which whoever may start it may use")
    if found is None:
        return ServerPosture(None, evidence="it did not answer yet")
    if found == "asks":
        return ServerPosture("asks", evidence=IN_WORDS[found])
    sent = look.said.get("credential")
    auth: Auth | None = None if not isinstance(sent, bool) else "gated" if sent else "open"
    said = ServerPosture(auth, evidence=IN_WORDS["with_credential" if sent else "open"])
    known = _BARE.get(look.said.get(BARE, ""), said) if sent is True else said
    if found == "rate_limited":
        return replace(known, rate_limited=True, evidence=IN_WORDS[found])
    return known
