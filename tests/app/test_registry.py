"""Asking a real registry over HTTP, well-behaved and hostile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.admin.service import Office, open_office
from tests.app.registry_server import Registry, entry, reply, serving_registry
from yett.admin.errors import Conflict, Invalid, NotFound
from yett.admin.server_views import Import
from yett.app.registry import BODY_BYTES_MAX, HttpRegistry, registry_of
from yett.errors import OperatorFault, UpstreamFault
from yett.settings import RegistrySettings, Settings

WEATHER = "io.github.somebody/weather"
REMOTE = {"remotes": [{"type": "streamable-http", "url": "https://weather.example/mcp"}]}
PROGRAM = {"packages": [{"registryType": "npm", "identifier": "weather-mcp", "version": "1.0.0"}]}


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serving_registry(
        entry(WEATHER, **REMOTE),
        entry("io.github.somebody/old", remotes=[{"type": "sse", "url": "https://old.example/sse"}]),
        entry("io.github.somebody/program", **PROGRAM),
        entry("io.github.somebody/inner", remotes=[{"type": "streamable-http", "url": "http://10.0.0.1/mcp"}]),
        entry("io.github.somebody/script", remotes=[{"type": "streamable-http", "url": "javascript:alert(1)"}]),
    ) as running:
        yield running


def settings_of(folder: Path, url: str | None) -> Settings:
    return Settings(config_path=None, state_dir=folder, registry=RegistrySettings(url=url))


def client(url: str) -> HttpRegistry:
    found = registry_of(settings_of(Path("/nonexistent"), url))
    assert found is not None
    return found


@pytest.fixture
def office(tmp_path: Path, registry: Registry) -> Iterator[Office]:
    with open_office(tmp_path, registry=client(registry.url)) as opened:
        opened.lookout.refused["http://10.0.0.1/mcp"] = "the host `10.0.0.1` has a private address"
        yield opened


def test_pages_are_walked_by_the_registrys_own_cursors(office: Office, registry: Registry) -> None:
    names, cursor = [], ""
    while True:
        page = office.service.registry_servers(cursor=cursor)
        names += [one.name.rpartition("/")[2] for one in page.items]
        if page.next is None:
            break
        cursor = page.next
    assert names == ["inner", "old", "program", "script", "weather"]
    assert registry.asked[0] == "/v0/servers?limit=50&version=latest"
    assert len(registry.asked) == 3


def test_a_search_is_the_registrys(office: Office, registry: Registry) -> None:
    assert [one.name for one in office.service.registry_servers("wea").items] == [WEATHER]
    assert registry.asked == ["/v0/servers?limit=50&version=latest&search=wea"]


def test_a_remote_server_is_imported_and_asked(office: Office, registry: Registry) -> None:
    changed = office.service.import_server(Import(name=WEATHER))
    assert (changed.server.name, changed.server.url, changed.server.transport) == (
        "weather",
        "https://weather.example/mcp",
        "http",
    )
    assert changed.server.notes.startswith(f"From the registry: {WEATHER}, version 1.0.0.")
    assert [server.url for server in office.lookout.asked] == ["https://weather.example/mcp"]
    assert registry.asked == ["/v0/servers/io.github.somebody%2Fweather/versions/latest"]
    old = office.service.import_server(Import(name="io.github.somebody/old", version="1.0.0", slug="older"))
    assert (old.server.name, old.server.transport) == ("older", "sse")


def test_a_program_is_never_imported_but_told_as_a_command_for_the_host(office: Office) -> None:
    with pytest.raises(
        Conflict, match=r"on the gateway's host only; run there: yett server add program -- npx -y weather-mcp@1\.0\.0"
    ):
        office.service.import_server(Import(name="io.github.somebody/program"))
    assert office.service.servers() == []


@pytest.mark.parametrize(("name", "kind"), [("inner", Invalid), ("script", Conflict)])
def test_a_hostile_address_is_not_imported(office: Office, name: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        office.service.import_server(Import(name=f"io.github.somebody/{name}"))
    assert office.service.servers() == []


def test_what_the_registry_does_not_have_is_not_found(office: Office) -> None:
    for wanted in (Import(name="io.github.somebody/none"), Import(name=WEATHER, version="9.9.9")):
        with pytest.raises(NotFound, match="the registry has no"):
            office.service.import_server(wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        Import(name="../../admin"),
        Import(name="a/b/c"),
        Import(name="a/b?x=1"),
        Import(name=WEATHER, version="../x"),
        Import(name=WEATHER, slug="Bad Name"),
    ],
)
def test_names_that_are_none_are_not_asked_for(office: Office, wanted: Import) -> None:
    with pytest.raises(Invalid):
        office.service.import_server(wanted)
    assert office.service.servers() == []


def test_an_entry_that_answers_for_another_is_refused(office: Office, registry: Registry) -> None:
    registry.entries[WEATHER] = entry("io.github.evil/other", **REMOTE)
    with pytest.raises(UpstreamFault, match="another entry than it was asked for"):
        office.service.import_server(Import(name=WEATHER))


def test_a_deleted_entry_is_not_imported_and_a_deprecated_one_is_remarked(office: Office, registry: Registry) -> None:
    meta = registry.entries[WEATHER]["_meta"]["io.modelcontextprotocol.registry/official"]
    meta["status"] = "deleted"
    with pytest.raises(Conflict, match="was deleted"):
        office.service.import_server(Import(name=WEATHER))
    meta["status"] = "deprecated"
    assert "the registry calls it deprecated" in office.service.import_server(Import(name=WEATHER)).remarks


def test_fields_that_the_server_wants_are_remarked(office: Office, registry: Registry) -> None:
    registry.entries[WEATHER]["server"]["remotes"][0]["headers"] = [{"name": "X-Api-Key", "isSecret": True}]
    assert (
        "it wants the header field `X-Api-Key`; give it a credential"
        in office.service.import_server(Import(name=WEATHER)).remarks
    )


Misbehaviour = Callable[[BaseHTTPRequestHandler], None]


@pytest.mark.parametrize(
    ("instead", "message"),
    [
        (lambda handler: reply(handler, 500, b"{}"), "HTTP status 500"),
        (lambda handler: reply(handler, 301, b"", location="http://10.0.0.1/"), "redirects"),
        (lambda handler: reply(handler, 302, b"", location="file:///etc/passwd"), "redirects"),
        (lambda handler: reply(handler, 200, b"[]"), "no JSON object"),
        (lambda handler: reply(handler, 200, b'{"servers":[],"servers":[]}'), "cannot be read"),
        (lambda handler: reply(handler, 200, b"<html>"), "cannot be read"),
        (lambda handler: reply(handler, 200, b'{"servers":' + b"[" * 99 + b"]" * 99 + b"}"), "cannot be read"),
        (lambda handler: reply(handler, 200, b" " * (BODY_BYTES_MAX + 1)), "is longer than"),
        (lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"), "broke off"),
    ],
)
def test_a_registry_that_misbehaves_is_told_from_an_empty_one(
    office: Office, registry: Registry, instead: Misbehaviour, message: str
) -> None:
    registry.instead = instead
    with pytest.raises(UpstreamFault, match=message):
        office.service.registry_servers()
    with pytest.raises(UpstreamFault, match=message):
        office.service.import_server(Import(name=WEATHER))
    assert len(registry.asked) == 2


def test_without_a_registry_in_the_settings_none_is_asked(tmp_path: Path) -> None:
    assert registry_of(settings_of(tmp_path, None)) is None
    with open_office(tmp_path) as office, pytest.raises(Conflict, match=r"`registry\.url`"):
        office.service.registry_servers()


@pytest.mark.parametrize("url", ["ftp://x", "https://", "https://x/?a=1", "registry"])
def test_a_base_url_that_is_none_stops_the_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(OperatorFault, match=r"`registry\.url`"):
        registry_of(settings_of(tmp_path, url))


def test_a_base_url_may_name_the_version_of_the_api(registry: Registry) -> None:
    client(f"{registry.url}/v0.1/").get("/servers", {})
    client(f"{registry.url}/registry").get("/servers", {"search": "a b"})
    assert registry.asked == ["/v0.1/servers", "/registry/v0/servers?search=a+b"]
