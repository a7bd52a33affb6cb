"""A server's own credential as fields of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from yett.errors import UpstreamNotReached
from yett.upstreams.sealed import BoundFields

_FIELD_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_NEVER_A_CREDENTIAL: Final = frozenset(
    {"host", "connection", "content-length", "content-type", "transfer-encoding", "upgrade", "te", "trailer", "expect"}
)


def credential_fields(credential: Mapping[str, str], server: str) -> list[tuple[bytes, bytes]]:
    """The fields by lower-case name; `server` is what messages call the server. Errors: `UpstreamNotReached`."""
    if isinstance(credential, BoundFields):
        raise UpstreamNotReached(f"the token for {server} is bound to a key, which cannot be proved over this transport")
    fields = [(name.lower(), value) for name, value in credential.items()]
    for name, value in fields:
        if not _FIELD_NAME.fullmatch(name) or name in _NEVER_A_CREDENTIAL:
            raise UpstreamNotReached(f"the credential for {server} cannot be sent in a field `{name}`; name another one")
        if not value.isascii() or not value.isprintable():
            # The value goes into no message.
            raise UpstreamNotReached(f"the credential for {server} has characters that no field can hold; check it")
    return [(name.encode(), value.encode()) for name, value in fields]
