"""Importing servers, with a registry that answers at once; over HTTP: tests/app/test_registry.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.admin.service import Office, open_office
from yett.admin.errors import Conflict, Invalid
from yett.admin.registry import CURSOR_MAX
from yett.admin.server_imports import PAGE, ImportCases
from yett.admin.server_views import Import
from yett.errors import UpstreamFault

NAME = "io.github.a/weather"
REMOTE = {"name": NAME, "version": "1", "remotes": [{"type": "sse", "url": "https://w.example/sse"}]}


@dataclass
class KeptRegistry:
    """Implements `yett.admin.outside.RegistryClient`."""

    status: int = 200
    body: dict[str, Any] = field(default_factory=lambda: {"server": REMOTE})
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def get(self, path: str, query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        self.asked.append((path, query))
        return self.status, self.body


@pytest.fixture
def registry() -> KeptRegistry:
    return KeptRegistry()


@pytest.fixture
def office(tmp_path: Path, registry: KeptRegistry) -> Iterator[Office]:
    with open_office(tmp_path, registry=registry) as opened:
        yield opened


def test_names_and_versions_are_quoted_as_single_steps_of_the_path(office: Office, registry: KeptRegistry) -> None:
    registry.body = {"server": {**REMOTE, "version": "1.0+b"}}
    assert isinstance(office.service, ImportCases)
    assert office.service.import_server(Import(name=NAME, version="1.0+b")).server.transport == "sse"
    assert registry.asked == [("/servers/io.github.a%2Fweather/versions/1.0%2Bb", {})]


def test_a_page_is_asked_for_with_what_was_said_and_no_more(office: Office, registry: KeptRegistry) -> None:
    registry.body = {"servers": []}
    office.service.registry_servers("x", "next page")
    limit = {"limit": str(PAGE), "version": "latest"}
    assert registry.asked == [("/servers", {**limit, "search": "x", "cursor": "next page"})]


def test_a_search_or_a_cursor_past_its_bound_is_not_sent(office: Office, registry: KeptRegistry) -> None:
    for arguments in (("x" * 201, ""), ("", "x" * (CURSOR_MAX + 1))):
        with pytest.raises(Invalid):
            office.service.registry_servers(*arguments)
    assert registry.asked == []


def test_an_entry_of_another_version_than_was_asked_for_is_refused(office: Office, registry: KeptRegistry) -> None:
    with pytest.raises(UpstreamFault, match="another entry than it was asked for"):
        office.service.import_server(Import(name=NAME, version="2"))
    assert office.service.servers() == []


def test_an_entry_without_address_or_package_says_so(office: Office, registry: KeptRegistry) -> None:
    registry.body = {"server": {"name": NAME, "version": "1"}}
    with pytest.raises(Conflict, match="names neither an address nor a package that Yett can run"):
        office.service.import_server(Import(name=NAME))


def test_a_name_that_is_taken_here_takes_another_slug(office: Office) -> None:
    office.service.import_server(Import(name=NAME))
    with pytest.raises(Conflict, match="there is a server `weather` already"):
        office.service.import_server(Import(name=NAME))
    assert office.service.import_server(Import(name=NAME, slug="weather2")).server.name == "weather2"
