"""How people come in, as the settings say, and the link of the first admin."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.app.test_control_plane import SOON_S, settings_in
from yett.admin.listing import Listing
from yett.admin.people.client import RemotePeople
from yett.admin.people.views import NewInvitation
from yett.app import control_plane
from yett.app.desk import people_url
from yett.app.people import rules_of
from yett.app.people_control import all_members, connect_people
from yett.settings import load_settings
from yett.upstreams.credentials import Credentials, CredentialUnavailable

FULL = """
[control_plane]
port = 0
public_url = "https://yett.example/"
[sign_in]
mail = true
idle_hours = 1
[sign_in.providers.corp]
issuer = "https://id.example"
client_id = "yett"
client_secret = "env:CORP_SECRET"
domains = ["@Example.com"]
[smtp]
host = "mail.example"
sender = "yett@example.com"
"""


def test_rules_are_what_the_settings_say_and_secrets_are_read_when_they_are_used(tmp_path: Path) -> None:
    (tmp_path / "yett.toml").write_text(FULL)
    settings = load_settings(tmp_path / "yett.toml", {"YETT_STATE_DIRECTORY": str(tmp_path / "state")})
    variables: dict[str, str] = {}
    rules = rules_of(settings, 1234, Credentials(variables))
    corp = rules.providers["corp"]
    assert (rules.base_url, rules.secure, rules.magic_links, rules.idle_s) == ("https://yett.example", True, True, 3600.0)
    assert (corp.label, corp.domains) == ("corp", ("example.com",))
    assert corp.client_secret is not None
    with pytest.raises(CredentialUnavailable, match="CORP_SECRET"):
        corp.client_secret()
    variables["CORP_SECRET"] = "sesame"
    assert corp.client_secret() == "sesame"
    assert "sesame" not in repr(rules)


def test_without_a_public_url_pages_are_where_the_listener_is(tmp_path: Path) -> None:
    assert people_url(settings_in(tmp_path), 1234) == "http://127.0.0.1:1234"


@pytest.mark.anyio
async def test_the_first_admin_comes_in_by_the_printed_link_and_no_second_link_is_printed(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    links: asyncio.Queue[str] = asyncio.Queue()
    for number in range(2):
        stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
        async with asyncio.timeout(SOON_S), asyncio.TaskGroup() as parts:
            parts.create_task(control_plane.run(settings, ready=port.set_result, first=links.put_nowait, stop=stop))
            try:
                base = f"http://127.0.0.1:{await port}"
                if number == 0:
                    assert await become_admin(base, await links.get()) == 303
                await asyncio.to_thread(look_from_a_command, settings)
            finally:
                stop.set()
    assert links.empty()


async def become_admin(base: str, link: str) -> int:
    assert link.startswith(f"{base}/first/")
    async with httpx2.AsyncClient(base_url=base) as browser:
        page = (await browser.get(urlsplit(link).path)).text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        form = {"csrf": csrf, "organisation": "acme", "name": "Ada", "email": "ada@example.com"}
        secret = {"password": "correct horse battery", "again": "correct horse battery"}
        return (await browser.post(urlsplit(link).path, data=form | secret)).status_code


def look_from_a_command(settings: object) -> None:
    with connect_people(settings) as people:  # type: ignore[arg-type]  # the settings of above
        assert isinstance(people, RemotePeople)
        assert [one.email for one in all_members(people)] == ["ada@example.com"]


def test_commands_work_on_the_store_where_no_control_plane_runs(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with connect_people(settings) as people:
        assert people.invite(NewInvitation(email="ada@example.com", role="admin")).link.startswith("http://127.0.0.1:")
        assert people.members(Listing()).items == []
