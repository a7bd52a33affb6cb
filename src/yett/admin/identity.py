"""Who the servers of this installation seem to be: by their address or their package, as `yett scan` judges entries of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from yett.admin.picker import all_known
from yett.catalog.record import Confidence, ServerIdentity, Verification
from yett.scan.formats import Entry
from yett.scan.identity import WellKnown, identify, well_known
from yett.scan.model import Client, ConfigFile, FoundServer, Identity, Package, Standing
from yett.scan.servers import found_server
from yett.site.known import known_packages

_NOWHERE: Final = ConfigFile(Client.ANY, Path())
_VERIFICATION: Final[Mapping[Standing, Verification]] = MappingProxyType(
    {
        Standing.KNOWN: Verification.OFFICIAL,
        Standing.KNOWN_HOST: Verification.WELL_KNOWN,
        Standing.LOCAL: Verification.UNKNOWN,
        Standing.UNKNOWN: Verification.UNKNOWN,
        Standing.IMPOSTOR: Verification.IMPOSTOR,
    }
)


@cache
def known_list() -> tuple[WellKnown, ...]:
    """The well-known servers that come with Yett, and behind them those packages of the catalogue that are not among them."""
    named = [well_known(one.name, one.title, one.auth, url=one.url, command=one.command) for one in all_known().items]
    packages = {one.package for one in named}
    for slug, name, listed in known_packages():
        package = Package(listed.ecosystem, listed.name)
        if package not in packages:
            named.append(WellKnown(slug, name, "", None, package))
    return tuple(named)


def entry_of(name: str, *, url: str | None = None, argv: Sequence[str] = ()) -> FoundServer:
    """A server as an entry of a configuration file would describe it."""
    value: dict[str, Any] = {"url": url} if url is not None else {"command": argv[0], "args": list(argv[1:])} if argv else {}
    return found_server(_NOWHERE, Entry(name, value))


def standing_of(found: FoundServer) -> Identity:
    """Who it seems to be, as the scan says it: the catalogue vouches for less than the list of well-known servers."""
    identity = identify(found, known_list())
    if identity.standing is Standing.KNOWN and identity.name not in {one.name for one in all_known().items}:
        return Identity(Standing.KNOWN_HOST, identity.name, f"{identity.why}, which the catalogue lists")
    return identity


def identity_of(found: FoundServer) -> ServerIdentity:
    """Who it seems to be."""
    return as_record(standing_of(found), found)


def as_record(identity: Identity, found: FoundServer) -> ServerIdentity:
    """What the scan says of an identity, as records say it."""
    verification = _VERIFICATION[identity.standing]
    if verification is Verification.UNKNOWN:
        confidence = Confidence.NONE
    elif verification is Verification.IMPOSTOR:
        confidence = Confidence.SUSPECTED
    else:
        confidence = Confidence.LIKELY if found.host is None else Confidence.VERIFIED
    return ServerIdentity(verification, confidence, identity.why, identity.name)
