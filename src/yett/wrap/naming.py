"""What a wrapped entry is called here."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Final

from yett.scan.model import Client

NAME_MAX: Final = 48
"""Characters; the control plane allows a few more, for a number at the end."""
_UNFIT: Final = re.compile(r"[^a-z0-9._-]+")


def slug_of(text: str) -> str:
    """`text` as a name of the control plane; `server` where nothing of it can stand in one."""
    return _UNFIT.sub("-", text.lower())[:NAME_MAX].strip("-._") or "server"


def client_slug(client: Client) -> str:
    """How a client is named on the command line."""
    return slug_of(client.value)


def free_name(name: str, client: Client, taken: Collection[str]) -> str:
    """A name for the server of the entry `name`: its own, else with its client's, else with a number."""
    slug = slug_of(name)
    for candidate in (slug, f"{slug[:32]}-{client_slug(client)}"[:58]):
        if candidate not in taken:
            return candidate
    return next(found for number in range(2, len(taken) + 3) if (found := f"{slug}-{number}") not in taken)


def entry_id(file: str, place: Sequence[str | int]) -> str:
    """The same for the same place of the same file, and for no other."""
    return blake2b(json.dumps([file, *place]).encode(), digest_size=10).hexdigest()
