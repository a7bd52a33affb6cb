"""Slack's web API, as far as it is needed (https://api.slack.com/methods)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from yett.egress.fetch import Egress, FetchLimits, origin_of
from yett.errors import ClientFault, OperatorFault, UpstreamFault
from yett.protocol.strict_json import JsonValue

LIMITS: Final = FetchLimits(within_s=10.0, body_bytes=1024 * 1024)


class SlackFault(UpstreamFault):
    """Slack did not do what it was asked."""


@dataclass(frozen=True, slots=True)
class SlackApi:
    """Asks Slack as the app."""

    egress: Egress
    url: str
    token: Callable[[], str]
    """Read each time. Errors: `OperatorFault`."""

    async def ask(self, method: str, arguments: Mapping[str, Any]) -> dict[str, JsonValue]:
        """The answer to a method. Errors: `SlackFault`."""
        try:
            headers = {"authorization": f"Bearer {self.token()}", "content-type": "application/json; charset=utf-8"}
            body = json.dumps(arguments).encode()
            answer = await self.egress.fetch(f"{self.url}/{method}", method="POST", headers=headers, body=body, limits=LIMITS)
            told = answer.json_object()
        except (ClientFault, UpstreamFault, OperatorFault) as fault:
            raise SlackFault(str(fault)) from fault
        if answer.status != 200 or told.get("ok") is not True:
            raise SlackFault(f"{origin_of(self.url)} says to `{method}`: {told.get('error', answer.status)}")
        return told
