"""Connecting a server with a person's consent: one ticket, one browser, one answer, in time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from tests.admin.credentials.stage import PAGES, Kept, Pair, keeping, machine
from tests.support.oauth import Browser, running_pair
from yett.admin.credentials.connecting import FLOW_S
from yett.admin.credentials.port import Departure
from yett.admin.credentials.views import NewCredential
from yett.admin.errors import Conflict
from yett.oauth.errors import OAuthFault, Refused

pytestmark = pytest.mark.anyio
PERSON = NewCredential(kind="authorization_code")


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with running_pair() as running:
        yield running


async def departed(kept: Kept) -> Departure:
    opened = kept.opened()
    begun = await kept.connector.connect(opened.organisation, opened.server.id, "ada")
    return kept.connector.depart(begun.ticket)


async def back(going: Departure) -> dict[str, str]:
    """What a person brings back."""
    with Browser() as browser:
        address = await asyncio.to_thread(browser.visit, going.url, until=f"{PAGES}/oauth/callback")
    return dict(parse_qsl(address.partition("?")[2]))


async def test_a_person_sees_what_they_allow_and_to_whom(tmp_path: Path, pair: Pair) -> None:
    async with keeping(tmp_path) as kept:
        await kept.add(pair[1].url, PERSON)
        going = await departed(kept)
        assert (going.server, going.organisation, going.actor, going.issuer) == ("s", "default", "ada", pair[0].issuer)
        assert "read" in going.scopes


async def test_a_ticket_and_an_answer_are_good_once(tmp_path: Path, pair: Pair) -> None:
    async with keeping(tmp_path) as kept:
        await kept.add(pair[1].url, PERSON)
        opened = kept.opened()
        begun = await kept.connector.connect(opened.organisation, opened.server.id, "ada")
        going = kept.connector.depart(begun.ticket)
        with pytest.raises(OAuthFault):
            kept.connector.depart(begun.ticket)
        answer = await back(going)
        assert await kept.connector.arrive(answer, going.cookie) == "s"
        with pytest.raises(OAuthFault):
            await kept.connector.arrive(answer, going.cookie)


async def test_another_browser_does_not_come_back(tmp_path: Path, pair: Pair) -> None:
    async with keeping(tmp_path) as kept:
        await kept.add(pair[1].url, PERSON)
        going = await departed(kept)
        answer = await back(going)
        with pytest.raises(OAuthFault, match="another browser"):
            await kept.connector.arrive(answer, "")
        with pytest.raises(OAuthFault):  # and neither does the right one afterwards
            await kept.connector.arrive(answer, going.cookie)
        assert (await kept.view()).state == "unconnected"


async def test_who_takes_too_long_begins_again(tmp_path: Path, pair: Pair) -> None:
    async with keeping(tmp_path) as kept:
        await kept.add(pair[1].url, PERSON)
        going = await departed(kept)
        kept.office.clock.advance(FLOW_S)
        with pytest.raises(OAuthFault, match="over"):
            await kept.connector.arrive(await back(going), going.cookie)


async def test_an_answer_of_nobody_is_refused(tmp_path: Path, pair: Pair) -> None:
    async with keeping(tmp_path) as kept:
        await kept.add(pair[1].url, PERSON)
        for answer in ({}, {"state": "x", "code": "y"}, {"state": "\ud800"}):
            with pytest.raises(OAuthFault):
                await kept.connector.arrive(answer, "c")


async def test_who_says_no_leaves_the_server_unconnected(tmp_path: Path, pair: Pair) -> None:
    async with keeping(tmp_path) as kept:
        await kept.add(pair[1].url, PERSON)
        going = await departed(kept)
        answer = {**await back(going), "error": "access_denied"}
        with pytest.raises(Refused, match="access_denied"):
            await kept.connector.arrive(answer, going.cookie)
        assert (await kept.view()).state == "unconnected"


async def test_an_answer_for_a_credential_that_was_replaced_meanwhile_changes_nothing(tmp_path: Path, pair: Pair) -> None:
    async with keeping(tmp_path) as kept:
        await kept.add(pair[1].url, PERSON)
        going = await departed(kept)
        answer = await back(going)
        kept.office.clock.advance(1)
        await asyncio.to_thread(kept.office.service.set_credential, "s", PERSON)
        with pytest.raises(OAuthFault):
            await kept.connector.arrive(answer, going.cookie)
        assert kept.opened().tokens is None


async def test_the_gateway_registers_once_and_is_known_the_next_time(tmp_path: Path, pair: Pair) -> None:
    async with keeping(tmp_path) as kept:
        await kept.add(pair[1].url, PERSON)
        await kept.connect()
        first = kept.opened().client
        await kept.connect()
        again = kept.opened().client
        assert first is not None
        assert again is not None
        assert first.id == again.id


async def test_what_needs_no_person_is_not_connected(tmp_path: Path, pair: Pair) -> None:
    async with keeping(tmp_path) as kept:
        await kept.add(pair[1].url, machine(pair[0]))
        with pytest.raises(Conflict, match="nobody has to"):
            await departed(kept)
