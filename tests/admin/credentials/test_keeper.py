"""Servers' credentials kept alive, on a real store and before a real authorization server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.admin.credentials.stage import Kept, Pair, keeping, machine
from tests.support.oauth import EXCHANGE, running_pair
from yett.admin.credentials.keeper import FRESH_S, renewal_at_ns
from yett.admin.credentials.records import TOKENS, Sealing
from yett.admin.credentials.views import NewCredential
from yett.errors import OperatorFault
from yett.gateway.credential_feed import CredentialLink
from yett.oauth.tokens import ACCESS_TOKEN_TYPE, NS, Tokens
from yett.sealing.host_file import HostSecrets
from yett.sealing.keys import KEY_FILE, FileKeys, new_ring
from yett.sealing.vault import Vault
from yett.stores.control.transaction import Transaction
from yett.upstreams.sealed import SealedCredentials

pytestmark = pytest.mark.anyio
PERSON = NewCredential(kind="authorization_code")


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with running_pair() as running:
        yield running


async def test_static_fields_are_handed_over_and_never_shown(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        view = await kept.add(
            "https://server.example/mcp", NewCredential(kind="headers", headers={"X-Key": "hidden", "X-Tenant": "7"})
        )
        assert (view.kind, view.state, view.header_names) == ("headers", "ready", ["x-key", "x-tenant"])
        handed = kept.handed_over()
        assert handed is not None
        assert handed.fields == {"x-key": "hidden", "x-tenant": "7"}
        assert "hidden" not in str(view)
        assert not any(b"hidden" in content for content in contents(tmp_path))
        await asyncio.to_thread(kept.office.service.set_credential, "s", NewCredential(kind="none"))
        assert (await kept.view()).state == "none"


async def test_a_token_without_a_person_is_there_at_once_and_renewed_before_it_ends(tmp_path: Path, pair: Pair) -> None:
    provider, server = pair
    async with keeping(tmp_path) as kept:
        view = await kept.add(server.url, machine(provider))
        assert (view.state, view.problem, view.scopes) == ("ready", None, ["read"])
        first = kept.opened().tokens
        assert first is not None
        assert first.expires_at_ns is not None
        kept.office.clock.ns = renewal_at_ns(first) or 0
        asked = provider.counts()["client_credentials"]
        await kept.keeper.renew_due()
        second = kept.opened().tokens
        assert second is not None
        assert second.access_token != first.access_token
        assert provider.counts()["client_credentials"] == asked + 1


async def test_a_person_connects_and_fifty_renewals_at_once_are_one_request(tmp_path: Path, pair: Pair) -> None:
    provider, server = pair
    async with keeping(tmp_path) as kept:
        assert (await kept.add(server.url, PERSON)).state == "unconnected"
        assert await kept.connect() == "s"
        before = kept.opened().tokens
        assert before is not None
        asked = provider.counts().get("refresh_token", 0)
        answers = [asyncio.ensure_future(kept.refused()) for _ in range(50)]
        await asyncio.wait(answers)
        assert {answer.result() for answer in answers} == {None}
        assert provider.counts()["refresh_token"] == asked + 1
        after = kept.opened().tokens
        assert after is not None
        assert after.refresh_token != before.refresh_token
        handed = kept.handed_over()
        assert handed is not None
        assert handed.fields == {"authorization": f"Bearer {after.access_token}"}
        assert before.refresh_token is not None
        assert before.refresh_token not in str(handed.fields)


async def test_a_refresh_token_that_is_spent_needs_a_person_and_says_so(tmp_path: Path, pair: Pair) -> None:
    _, server = pair
    async with keeping(tmp_path) as kept:
        await kept.add(server.url, PERSON)
        await kept.connect()
        opened = kept.opened()
        assert opened.tokens is not None
        assert await kept.refused() is None
        # Somebody else's copy is spent by now: put it back, as a restored backup would.
        await put_back(kept, opened.tokens)
        kept.office.clock.advance(FRESH_S)
        told = await kept.refused()
        assert told is not None
        assert "connect the server again" in told
        view = await kept.view()
        assert (view.state, view.problem) == ("unconnected", told)
        await kept.connect()
        assert ((await kept.view()).state, (await kept.view()).problem) == ("ready", None)


async def test_a_token_is_exchanged_for_one_of_the_server(tmp_path: Path, pair: Pair) -> None:
    provider, server = pair
    async with keeping(tmp_path) as kept:
        await kept.add(server.url, machine(provider), "first")
        subject = kept.opened("first").tokens
        assert subject is not None
        (tmp_path / "subject").write_text(subject.access_token + "\n")
        new = machine(provider, kind="token_exchange", subject_token=subject.access_token, subject_type=ACCESS_TOKEN_TYPE)
        view = await kept.add(server.url, new)
        assert (view.kind, view.state, view.problem) == ("token_exchange", "ready", None)
        assert provider.counts()[EXCHANGE] >= 1
        assert subject.access_token not in str(view)


async def test_a_server_that_refuses_one_token_after_the_other_causes_no_storm(tmp_path: Path, pair: Pair) -> None:
    provider, server = pair
    async with keeping(tmp_path) as kept:
        await kept.add(server.url, machine(provider))
        asked = provider.counts()["client_credentials"]
        assert await kept.refused() is None
        for _ in range(5):
            assert "just obtained" in (await kept.refused() or "")
        assert provider.counts()["client_credentials"] == asked + 1
        kept.office.clock.advance(FRESH_S)
        assert await kept.refused() is None


async def test_tokens_that_cannot_be_kept_are_not_asked_for_twice(
    tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, server = pair
    async with keeping(tmp_path) as kept:
        await kept.add(server.url, PERSON)
        await kept.connect()
        asked = provider.counts().get("refresh_token", 0)
        change = kept.office.service.desk.change

        def full(*_: object) -> None:
            raise OperatorFault("no space left")

        monkeypatch.setattr(kept.office.service.desk, "change", full)
        assert await kept.refused() == "no space left"
        monkeypatch.setattr(kept.office.service.desk, "change", change)
        assert await kept.refused() is None
        assert provider.counts()["refresh_token"] == asked + 1
        kept.office.clock.advance(FRESH_S)
        assert await kept.refused() is None  # the rotated token was kept


async def test_without_the_right_key_everything_stays_sealed_until_it_is_back(tmp_path: Path) -> None:
    new = NewCredential(kind="headers", headers={"x-key": "hidden"})
    async with keeping(tmp_path) as kept:
        await kept.add("https://server.example/mcp", new)
    good = (tmp_path / KEY_FILE).read_bytes()
    (tmp_path / KEY_FILE).write_text(new_ring().text())
    async with keeping(tmp_path) as kept:
        assert "stay sealed" in (kept.keeper.problem or "")
        assert "stay sealed" in str(kept.office.service.desk.problems())
        with pytest.raises(OperatorFault, match="stay sealed"):
            await asyncio.to_thread(kept.office.service.set_credential, "s", new)
        with pytest.raises(OperatorFault, match="stay sealed"):
            await kept.keeper.rotate()
        plane = SealedCredentials(Vault(FileKeys(tmp_path / KEY_FILE)), kept.office.clock.now_ns)
        link = CredentialLink(plane.take)
        following = asyncio.ensure_future(link.follow(tmp_path / "c", tmp_path / "none"))
        await until(lambda: bool(plane.problems()))  # it has what it had, and is not ready
        (tmp_path / KEY_FILE).write_bytes(good)
        await kept.keeper.open()
        await until(lambda: plane.problems() == [])
        following.cancel()
        await asyncio.wait([following])
        assert kept.keeper.problem is None
        assert kept.office.service.desk.problems() == []
        assert kept.handed_over() is not None


async def test_a_rotation_reseals_everything_and_hands_it_over_anew(tmp_path: Path, pair: Pair) -> None:
    provider, server = pair
    async with keeping(tmp_path) as kept:
        await kept.add(server.url, machine(provider))
        old = (tmp_path / KEY_FILE).read_bytes()
        done = await asyncio.to_thread(kept.office.service.rotate_secrets)
        assert (done.version, done.retired, done.resealed >= 2) == (2, [1], True)
        assert (tmp_path / KEY_FILE).read_bytes() != old
        handed, opened = kept.handed_over(), kept.opened()
        assert handed is not None
        assert opened.fields == handed
        view = await asyncio.to_thread(kept.office.service.secrets)
        assert (view.version, view.versions, view.behind, view.problem) == (2, [2], 0, None)


async def test_a_rotation_reseals_what_the_host_keeps_too(tmp_path: Path) -> None:
    host = HostSecrets(tmp_path)
    async with keeping(tmp_path) as kept:
        desk = kept.office.service.desk
        desk.environment = replace(desk.environment, host_secrets=host)
        host.replace(kept.keeper.tools.vault, "files", {"variable TOKEN": b"hidden"})
        done = await asyncio.to_thread(kept.office.service.rotate_secrets)
        assert (done.resealed, done.retired) == (1, [1])
        assert host.open(Vault(FileKeys(tmp_path / KEY_FILE)), "files", "variable TOKEN") == b"hidden"
        assert (await asyncio.to_thread(kept.office.service.secrets)).secrets == 1


async def test_a_credential_is_not_sent_where_the_servers_url_has_come_to_lead(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await kept.add("https://server.example/mcp", NewCredential(kind="headers", headers={"x-key": "hidden"}))
        opened = kept.opened()
        assert opened.fields is not None
        moved = msgspec.structs.replace(opened.config, origin="https://other.example")
        assert type(opened)(**{**{name: getattr(opened, name) for name in opened.__slots__}, "config": moved}).fields is None


def test_tokens_are_renewed_before_they_end() -> None:
    def at(life_s: int | None) -> int | None:
        expires = None if life_s is None else life_s * NS
        return renewal_at_ns(Tokens(access_token="t", issuer="i", resource="r", obtained_at_ns=0, expires_at_ns=expires))

    assert (at(3600), at(60), at(0), at(None)) == (3300 * NS, 48 * NS, 0, None)


async def put_back(kept: Kept, tokens: Tokens) -> None:
    opened = kept.opened()

    def work(write: Transaction) -> None:
        Sealing(write, kept.keeper.tools.vault, opened.server.id, 1).keep(TOKENS, msgspec.json.encode(tokens))

    await asyncio.to_thread(kept.office.service.desk.change, opened.organisation, work)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for comes over a socket
            await asyncio.sleep(0.01)


def contents(directory: Path) -> list[bytes]:
    """All that is on disk."""
    return [path.read_bytes() for path in directory.iterdir() if path.is_file()]
