"""From a kind of service to a painter that asks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from redbook_mcp.ports import Clock, Order
from redbook_mcp.providers.chat import Chat
from redbook_mcp.providers.config import Kind, RemoteConfig, base_of
from redbook_mcp.providers.dashscope import DashScope
from redbook_mcp.providers.dialect import Dialect
from redbook_mcp.providers.downloads import Downloads
from redbook_mcp.providers.gemini import Gemini
from redbook_mcp.providers.openai_images import OpenAIImages
from redbook_mcp.providers.painter import RemotePainter
from redbook_mcp.providers.seedream import Seedream
from redbook_mcp.providers.service import Service
from redbook_mcp.providers.transport import Transport

_DIALECTS: Final[Mapping[Kind, Callable[[Service], Dialect]]] = {
    "openai": OpenAIImages,
    "gemini": Gemini,
    "chat": Chat,
    "seedream": Seedream,
    "dashscope": DashScope,
}


def remote_painter(
    kind: Kind, config: RemoteConfig, *, clock: Clock, prompt: Callable[[Order], str], rng: Random
) -> RemotePainter:
    """A painter for one service; opens no connection yet. `prompt` writes what is asked, `rng` spreads the waits.

    One painter holds one pool of connections and one cap on concurrency: keep it, and `aclose()` it at the end.
    Errors: INVALID_INPUT for a configuration that cannot work.
    """
    config.check()
    service = Service(kind, config, base_of(kind, config.base_url), clock, rng)
    dialect = _DIALECTS[kind](service)
    transport = Transport(service, headers=dialect.headers())
    return RemotePainter(service, dialect, transport, Downloads(service), prompt)
