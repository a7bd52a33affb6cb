"""Asking a language model for a second opinion on tools, at any endpoint that speaks the chat completions of OpenAI.

An endpoint that fails leaves every verdict as it was, and the opinion says why there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from yett.catalog.model import Opinion, ToolDefinition
from yett.catalog.opinion import opinion_request, read_opinion
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress, FetchLimits
from yett.errors import OperatorFault, YettError

TIMEOUT_S: Final = 60.0
ANSWER_BYTES_MAX: Final = 1024 * 1024
FAILURES_MAX: Final = 3
"""So many failures in a row, and nothing more is asked: an endpoint that is away must not hold up a long list."""
_PATH: Final = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where opinions are asked for."""

    url: str
    """With or without `/chat/completions`."""
    model: str
    key: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The URL that is asked."""
        base = self.url.rstrip("/")
        return base if base.endswith(_PATH) else base + _PATH


def second_opinions(tools: Iterable[ToolDefinition], endpoint: Endpoint) -> list[Opinion]:
    """An opinion on each tool, in order. Errors: `OperatorFault` for a URL without a host."""
    host = urlsplit(endpoint.url).hostname
    if host is None:
        raise OperatorFault(f"`{endpoint.url}` is no url of an endpoint; write it as https://HOST/v1")
    egress = Egress(EgressRules.parse([host]))  # the operator has just named it
    return asyncio.run(_ask_all(list(tools), endpoint, egress))


async def _ask_all(tools: list[ToolDefinition], endpoint: Endpoint, egress: Egress) -> list[Opinion]:
    opinions: list[Opinion] = []
    failures = 0
    for tool in tools:
        if failures >= FAILURES_MAX:
            opinions.append(Opinion(endpoint.model, failure=f"not asked: the endpoint failed {FAILURES_MAX} times in a row"))
            continue
        opinion = await _ask(tool, endpoint, egress)
        failures = failures + 1 if opinion.failure is not None else 0
        opinions.append(opinion)
    return opinions


async def _ask(tool: ToolDefinition, endpoint: Endpoint, egress: Egress) -> Opinion:
    headers = {"content-type": "application/json", "accept": "application/json"}
    if endpoint.key:
        headers["authorization"] = f"Bearer {endpoint.key}"
    try:
        answer = await egress.fetch(
            endpoint.address,
            method="POST",
            headers=headers,
            body=opinion_request(tool, endpoint.model),
            limits=FetchLimits(within_s=TIMEOUT_S, body_bytes=ANSWER_BYTES_MAX),
        )
        if answer.status != 200:
            return Opinion(endpoint.model, failure=f"the endpoint answered with HTTP status {answer.status}")
        return read_opinion(answer.json_object(), endpoint.model)
    except YettError as failure:
        return Opinion(endpoint.model, failure=str(failure))
