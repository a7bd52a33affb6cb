"""Well-known servers, to pick from: data of ours, in `known_servers.json`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from yett.admin.errors import Invalid
from yett.admin.listing import SEARCH_MAX
from yett.admin.server_views import KnownList, KnownServer
from yett.site.known import known_slugs

FILE: Final = Path(__file__).with_name("known_servers.json")


@cache
def all_known() -> KnownList:
    """Everything in the file, by name."""
    known, shown = msgspec.json.decode(FILE.read_bytes(), type=KnownList), known_slugs()
    items = [replace(one, catalog=f"/catalog/{one.name}") if one.name in shown else one for one in known.items]
    return replace(known, items=items)


def known_servers(search: str = "") -> KnownList:
    """Those whose name, title, address or notes hold every word of `search`."""
    if len(search) > SEARCH_MAX:
        raise Invalid(f"`search` is longer than {SEARCH_MAX} characters", pointer="/search")
    known, words = all_known(), search.lower().split()
    return replace(known, items=[one for one in known.items if all(word in _text(one) for word in words)])


def find_known(name: str) -> KnownServer | None:
    """The one of this very name."""
    return next((one for one in all_known().items if one.name == name), None)


def _text(server: KnownServer) -> str:
    return "\n".join((server.name, server.title, server.url or "", server.command or "", server.notes)).lower()
