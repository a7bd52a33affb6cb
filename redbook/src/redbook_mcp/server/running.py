"""A server that runs: opened from settings, on one transport, ended without losing a page that is being painted."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO, Final

from redbook_mcp.clock import SystemClock
from redbook_mcp.errors import RedBookError
from redbook_mcp.generation.asking import Labels, Rules
from redbook_mcp.generation.orders import House
from redbook_mcp.generation.references import References
from redbook_mcp.generation.service import Generation
from redbook_mcp.painters import open_painters, theme_names
from redbook_mcp.server.app import build_server
from redbook_mcp.server.http import Address, serve_http
from redbook_mcp.server.stdio import serve_stdio
from redbook_mcp.server.tools import Desk
from redbook_mcp.settings import RemoteSettings, Settings, SettingsError
from redbook_mcp.storage import FileProjects, import_legacy

_LOG: Final = logging.getLogger(__name__)
MARGIN_S: Final = 30.0
"""Beside a provider's time-outs: drawing, writing, waits between attempts."""


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """What the tools work with; at the end a page in flight is finished and kept.

    Errors: SettingsError for a theme that there is not; UPDATE_FAILED for a data folder that cannot be used.
    """
    themes = theme_names()
    if settings.theme is not None and settings.theme not in themes:
        raise SettingsError((f"REDBOOK_THEME: there is no theme {settings.theme}; there is {', '.join(themes)}",))
    clock = SystemClock()
    projects = FileProjects(settings.data_dir, clock)
    _take_over(settings, projects)
    house = House(projects, References(projects, settings.reference_dirs), clock, rules_of(settings))
    painters = open_painters(settings, clock)
    generation = Generation(house, painters)
    try:
        yield Desk(house, generation, painters, themes)
    finally:
        await generation.aclose()
        await painters.aclose()


def _take_over(settings: Settings, projects: FileProjects) -> None:
    """Projects of the original server in the same folder; without them the server runs as well."""
    try:
        import_legacy(settings.data_dir, projects)
    except RedBookError as error:
        _LOG.warning("the original server's projects are not taken over: %s", error.message)


def rules_of(settings: Settings) -> Rules:
    """What the settings say of painting."""
    return Rules(
        concurrency=settings.concurrency,
        pages_per_run=settings.pages_per_run,
        images_per_day=settings.images_per_day,
        theme=settings.theme,
        watermark=settings.watermark,
        watermark_corner=settings.watermark_corner,
        language=settings.language,
        local_labels=Labels(settings.visible_label(remote=False), settings.metadata_label(remote=False)),
        remote_labels=Labels(settings.visible_label(remote=True), settings.metadata_label(remote=True)),
        producer=settings.content_producer,
        shutdown_s=longest_page_s(settings.remote),
    )


def longest_page_s(remote: RemoteSettings | None) -> float:
    """How long a page in flight may take at most."""
    if remote is None:
        return MARGIN_S
    return remote.connect_timeout_s + remote.read_timeout_s + remote.download_timeout_s + MARGIN_S


async def run_stdio(settings: Settings, wire: BinaryIO) -> bool:
    """Serve one client on standard input and `wire`; says whether the process was told to stop before it left."""
    async with open_desk(settings) as desk:
        return await serve_stdio(build_server(desk), wire)


async def run_http(settings: Settings, address: Address) -> None:
    """Serve over HTTP until the process is told to stop."""
    async with open_desk(settings) as desk:
        await serve_http(build_server(desk), address, settings.http_token)
