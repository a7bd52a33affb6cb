"""Asks the MCP registry that the settings name. No redirect is followed, and the answer is bounded."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from yett.egress.addresses import EgressRules
from yett.errors import OperatorFault, UpstreamFault
from yett.settings import Settings

WITHIN_S: Final = 10.0
BODY_BYTES_MAX: Final = 4 * 1024 * 1024
API: Final = "v0"
"""Of the API's versions, the one that is asked for where the base url names none."""
_VERSIONED: Final = re.compile(r"/v[0-9]+(\.[0-9]+)?/?$")


class HttpRegistry:
    """Implements `yett.admin.outside.RegistryClient`."""

    def __init__(self, base_url: str, rules: EgressRules) -> None:
        base = base_url.rstrip("/")
        self._base = base if _VERSIONED.search(base) else f"{base}/{API}"
        self._rules = rules

    def get(self, path: str, query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """See `RegistryClient.get`."""
        # Its HTTP client takes a tenth of a second to load, which most commands need not spend.
        from yett.egress.fetch import Egress, FetchLimits  # noqa: PLC0415 - as said above

        url = f"{self._base}{path}?{urlencode(query)}" if query else self._base + path
        limits = FetchLimits(within_s=WITHIN_S, body_bytes=BODY_BYTES_MAX)
        answer = asyncio.run(Egress(self._rules).fetch(url, headers={"accept": "application/json"}, limits=limits))
        if 300 <= answer.status < 400:
            raise UpstreamFault("the registry redirects; set `registry.url` to where it leads")
        return (answer.status, {}) if answer.status >= 400 else (answer.status, dict(answer.json_object()))


def registry_of(settings: Settings) -> HttpRegistry | None:
    """The registry of the settings, if they name one: its own host may be asked wherever it is. Errors: `OperatorFault`."""
    url = settings.registry.url
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise OperatorFault(f"`registry.url` (`{url}`) is no base url: write it as `https://HOST`")
    return HttpRegistry(url, EgressRules.parse([parts.hostname, *settings.egress.allow]))
