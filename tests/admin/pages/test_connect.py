"""The pages of connecting a server, over a real socket: no script, nothing that is not escaped, one browser."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.listener import Listener, listen
from tests.admin.service import open_office
from yett.admin.credentials.port import Begun, Departure
from yett.admin.pages.connect import ANSWER_CHARS_MAX
from yett.oauth.client import Identity
from yett.oauth.errors import OAuthFault
from yett.sealing.keys import KEY_FILE, FileKeys
from yett.sealing.rotation import Rotated
from yett.sealing.vault import Vault


class Keeper:
    """Implements `CredentialKeeper`: knows one ticket and one cookie."""

    problem: str | None = None

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.arrived: list[tuple[dict[str, str], str]] = []

    def identity(self) -> Identity:
        return Identity("https://gate.example/oauth/callback", "https://gate.example/oauth/client.json")

    def page(self, path: str) -> str:
        return path

    def changed(self, organisation: str, server_id: str) -> str | None:
        return None

    def connect(self, organisation: str, server_id: str, actor: str) -> Begun:
        raise NotImplementedError

    def depart(self, ticket: str) -> Departure:
        if ticket != "good":
            raise OAuthFault("this connection is over")
        return Departure("<b>shop", "acme", "ada", "https://i.example", ("read",), 'https://i.example/a?x="><script>', "cookie-1")

    def arrive(self, answer: dict[str, str], cookie: str) -> str:
        self.arrived.append((answer, cookie))
        if cookie != "cookie-1":
            raise OAuthFault("<script>another browser")
        return "<b>shop"

    def rotate(self) -> Rotated:
        raise NotImplementedError


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[tuple[Listener, Keeper]]:
    with open_office(tmp_path) as office:
        keeper = Keeper(Vault(FileKeys(tmp_path / KEY_FILE)))
        office.service.desk.credentials = keeper
        with listen(office) as listener:
            yield listener, keeper


def get(listener: Listener, path: str, cookie: str = "") -> tuple[int, str, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=10)
    try:
        connection.request("GET", path, headers={"cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()


def test_the_start_binds_the_browser_and_says_what_is_about_to_happen(gate: tuple[Listener, Keeper]) -> None:
    status, text, fields = get(gate[0], "/oauth/start/good")
    assert status == 200
    cookie = next(value for value in fields.get_all("set-cookie", []) if value.startswith("yett-connect="))
    assert "cookie-1" in cookie
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "&lt;b&gt;shop" in text
    assert "acme" in text
    assert "ada" in text
    assert "<script" not in text
    assert "no-store" in str(fields["cache-control"])
    assert "default-src 'none'" in str(fields["content-security-policy"])


def test_a_ticket_that_is_none_says_so(gate: tuple[Listener, Keeper]) -> None:
    status, text, _ = get(gate[0], "/oauth/start/other")
    assert (status, "over" in text) == (400, True)


def test_coming_back_finishes_it_in_the_same_browser_only(gate: tuple[Listener, Keeper]) -> None:
    listener, keeper = gate
    status, text, fields = get(listener, "/oauth/callback?state=s&code=c", "yett-connect=cookie-1")
    assert (status, "&lt;b&gt;shop is connected" in text) == (200, True)
    assert keeper.arrived == [({"state": "s", "code": "c"}, "cookie-1")]
    assert 'yett-connect=""' in str(fields.get_all("set-cookie"))
    status, text, _ = get(listener, "/oauth/callback?state=s&code=c")
    assert status == 400
    assert "<script" not in text


@pytest.mark.parametrize("query", ["state=s&code=c&code=d", "state=s&state=t", f"state={'s' * ANSWER_CHARS_MAX}"])
def test_an_answer_that_reads_in_two_ways_is_not_looked_at(gate: tuple[Listener, Keeper], query: str) -> None:
    status, _, _ = get(gate[0], f"/oauth/callback?{query}", "yett-connect=cookie-1")
    assert (status, gate[1].arrived) == (400, [])


def test_the_metadata_document_is_open_to_all_and_names_itself(gate: tuple[Listener, Keeper]) -> None:
    status, said = gate[0].ask("GET", "/oauth/client.json", token=None)
    assert status == 200
    assert (said["client_id"], said["redirect_uris"]) == (
        "https://gate.example/oauth/client.json",
        ["https://gate.example/oauth/callback"],
    )


def test_without_a_keeper_nothing_is_begun(gate: tuple[Listener, Keeper]) -> None:
    gate[0].office.service.desk.credentials = None
    assert get(gate[0], "/oauth/start/good")[0] == 400
    assert get(gate[0], "/oauth/callback?state=s&code=c")[0] == 400


def test_values_never_come_out_of_the_api(gate: tuple[Listener, Keeper]) -> None:
    listener, keeper = gate
    FileKeys(Path(str(keeper.vault.source.name).strip("`"))).create()
    listener.ask("POST", "/api/v1/servers", {"name": "shop", "url": "http://127.0.0.1:9/mcp"})
    body = {"kind": "headers", "headers": {"X-Key": "hidden"}}
    status, said = listener.ask("PUT", "/api/v1/servers/shop/credential", body)
    assert (status, said["credential"]["header_names"]) == (200, ["x-key"])
    assert "hidden" not in str(said)
    assert "hidden" not in str(listener.ask("GET", "/api/v1/servers/shop/credential"))
    assert "hidden" not in str(listener.ask("GET", "/api/v1/changes"))
    for wrong in (
        {"kind": "headers", "headers": {"X-Key": "hidden\n"}},
        {"kind": "hidden"},
        {"kind": "headers", "headers": "hidden"},
    ):
        status, said = listener.ask("PUT", "/api/v1/servers/shop/credential", wrong)
        assert status == 422
        assert "hidden" not in str(said).replace("kind", "")
    assert listener.ask("GET", "/api/v1/servers/shop/credential", token=None)[0] == 401
