"""The sections of the configuration about what is outside: where urls may lead, who is asked there, and what seals the
credentials for it. Read by `yett.settings`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from yett.settings_people import Text


class EgressSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[egress]`: where URLs that come from outside may lead, beside public addresses over https."""

    allow: tuple[Text, ...] = ()
    """Host names, `*.example.com`, addresses and CIDR blocks. A listed loopback address may be asked over plain http."""


class SecretsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[secrets]`: what seals the credentials of servers."""

    master_key: Literal["file", "environment", "keyring"] = "file"
    """Where the master key is: `master.key` in the state directory, the variable `YETT_MASTER_KEY` (which wins wherever it is
    set), or the system's key ring."""


class OAuthSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[oauth]`: the gateway as a client of servers' authorization servers."""

    client_metadata_url: Text | None = None
    """Where its client ID metadata document is, if not at `/oauth/client.json` of an https `control_plane.public_url`."""


class HealthSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[health]`: how often the control plane asks servers whether they are well."""

    interval_s: Annotated[float, msgspec.Meta(ge=0)] = 300.0
    """Between two looks at one server, give or take a tenth; 0 for never."""
    at_once: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    """Servers that are asked at once."""


class RegistrySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[registry]`: the MCP registry from which servers can be imported."""

    url: Text | None = None
    """Its base url; none is asked by default."""
