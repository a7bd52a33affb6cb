"""Keeps servers' credentials alive: hands them to the data planes, renews them before they end, and when a server refuses one.

For each server there is one renewal at a time; whoever asks meanwhile waits for it. What cannot be renewed stays as it is until
it ends, and says why.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from yett.admin.credential_feed import CredentialFeed
from yett.admin.credentials.config import stored
from yett.admin.credentials.records import TOKENS, UNATTENDED, Opened, Sealing, open_credential
from yett.admin.credentials.renewal import Renewed, renew
from yett.admin.credentials.tools import Tools
from yett.errors import OperatorFault
from yett.gateway.credential_feed import Wanted
from yett.oauth.tokens import NS, Tokens
from yett.sealing.handover import Handover, hand_over
from yett.sealing.rotation import Rotated, rotate
from yett.sealing.vault import SealedSecret, problem_of
from yett.stores.control.transaction import Transaction, Whole

T = TypeVar("T")
TICK_S: Final = 5.0
MARGIN_S_MAX: Final = 300
"""Renewed this long before the end, or when four fifths of a shorter life are over."""
PAUSE_S: Final = 30
"""After a renewal that failed."""
FRESH_S: Final = 10
"""A server that refuses two tokens within this time refuses them for another reason than their age."""
SOURCE: Final = "secrets"
"""Under which the desk knows that nothing opens."""

_log: Final = logging.getLogger("yett.credentials")


@dataclass(frozen=True, slots=True)
class _Due:
    """When a server's tokens are to be renewed."""

    organisation: str
    at_ns: int


class Keeper:
    """One for a control plane, on its loop."""

    def __init__(self, tools: Tools, feed: CredentialFeed) -> None:
        self.tools = tools
        self.problem: str | None = "the secrets were not looked at yet"
        self._feed = feed
        self._last_number = 0
        self._numbers: dict[str, int] = {}
        self._due: dict[str, _Due] = {}
        self._refused_at_ns: dict[str, int] = {}
        """When a server last refused a credential, so that it was renewed."""
        self._unsaved: dict[str, Renewed] = {}
        """Tokens that could not be kept: the ones before may be spent, so these are tried to be kept until that works."""
        self._under_way: dict[str, asyncio.Task[str | None]] = {}

    @asynccontextmanager
    async def keeping(self, socket: Path) -> AsyncIterator[None]:
        """Hand over what there is, and keep it alive while the block lasts. Errors: `OperatorFault`."""
        try:
            self._feed.resume()
        except OperatorFault as fault:
            _log.warning("%s", fault)
        await self.open()
        async with self._feed.listening(socket, self.wanted), asyncio.TaskGroup() as parts:
            watching = parts.create_task(self._watch(), name="yett credentials")
            try:
                yield
            finally:
                watching.cancel()
                for task in tuple(self._under_way.values()):
                    task.cancel()

    async def open(self) -> None:
        """Look whether the master key opens everything; if so, hand over all that there is."""
        self.problem = await self._in_thread(lambda: problem_of(self.tools.vault, self.tools.desk.sealed_secrets))
        if self.tools.desk.report(SOURCE, self.problem):
            await self._in_thread(self.tools.desk.spread)
        if self.problem is not None:
            return
        everything = await self._in_thread(lambda: self.tools.desk.look(self._everything))
        handovers = [handover for opened in everything if (handover := self._handover(opened)) is not None]
        await self._feed.offer(handovers, whole=True)
        for opened in everything:
            self._plan(opened)

    async def changed(self, organisation: str, server_id: str) -> str | None:
        """Hand over what the server has now; where a token has first to be obtained without a person, obtain it.

        Why that did not work, if so.
        """
        self._unsaved.pop(server_id, None)
        opened = await self._opened(organisation, server_id)
        self._due.pop(server_id, None)
        if opened is None or opened.fields is None:
            await self._feed.offer([], gone=[server_id])
        else:
            await self._offer(opened)
        if opened is not None and opened.tokens is None and opened.stored.kind in UNATTENDED:
            return await self.renewed(organisation, server_id, None)
        return None

    async def wanted(self, wanted: Wanted) -> str | None:
        """A data plane's server refused a credential: bring a newer one, or say why there is none."""
        if self.problem is not None:
            return self.problem
        try:
            organisation = await self._in_thread(lambda: self.tools.desk.look(lambda whole: whole.sealed.owner_of(wanted.server)))
            if organisation is None:
                return "there is no such server"
            if wanted.number < self._numbers.get(wanted.server, 0) and await self._offered_again(organisation, wanted.server):
                return None
        except OperatorFault as fault:
            return str(fault)
        return await self.renewed(organisation, wanted.server, wanted.challenge)

    async def renewed(self, organisation: str, server_id: str, challenge: str | None) -> str | None:
        """Renew the server's tokens, or wait for whoever does; why there are none, if so. Never raises."""
        task = self._under_way.get(server_id)
        if task is None:
            work = self._renew(organisation, server_id, challenge)
            task = self._under_way[server_id] = asyncio.get_running_loop().create_task(work, name="yett renewal")
            task.add_done_callback(lambda _: self._under_way.pop(server_id, None))
        await asyncio.wait([task])
        return "the control plane is stopping" if task.cancelled() else task.result()

    async def save(self, opened: Opened, renewed: Renewed) -> None:
        """Keep what a renewal brought, and hand it over. Errors: `OperatorFault`, after which it is kept later."""
        server_id = opened.server.id
        if renewed.tokens is not None:
            self._unsaved[server_id] = renewed
        await self._in_thread(
            lambda: self.tools.desk.change(opened.organisation, lambda write: self._keep(write, opened, renewed))
        )
        self._unsaved.pop(server_id, None)
        fresh = await self._opened(opened.organisation, server_id)
        if fresh is not None and renewed.tokens is not None:
            await self._offer(fresh)

    async def rotate(self) -> Rotated:
        """Seal everything with a new master key. Errors: `OperatorFault`."""
        if self.problem is not None:
            raise OperatorFault(self.problem)
        loop = asyncio.get_running_loop()

        def spread() -> None:
            asyncio.run_coroutine_threadsafe(self.open(), loop).result()

        return await self._in_thread(lambda: rotate(self.tools.vault, _Store(self.tools), spread))

    async def _renew(self, organisation: str, server_id: str, challenge: str | None) -> str | None:
        try:
            opened = await self._opened(organisation, server_id)
            if opened is None:
                return "the server has no credential"
            again = challenge is not None and self._refused_again(server_id)
            renewed = self._unsaved.get(server_id) or await renew(self.tools, opened, challenge, again=again)
            await self.save(opened, renewed)
        except OperatorFault as fault:
            _log.error("a credential could not be renewed or kept: %s", fault)
            self._postpone(organisation, server_id)
            return str(fault)
        if renewed.tokens is None:
            _log.warning("the credential of `%s`: %s", opened.server.name, renewed.problem)
            self._postpone(organisation, server_id)
        return renewed.problem

    def _refused_again(self, server_id: str) -> bool:
        """Whether the server refused another credential a moment ago; a storm of renewals would help nobody."""
        now_ns = self.tools.now_ns()
        last_ns = self._refused_at_ns.get(server_id, 0)
        self._refused_at_ns[server_id] = now_ns
        return now_ns - last_ns < FRESH_S * NS

    def _keep(self, write: Transaction, opened: Opened, renewed: Renewed) -> None:
        """INVARIANT: nothing is kept for a credential that was replaced meanwhile."""
        now = write.credentials.find(opened.server.id)
        if now is None or now.changed_at_ns != opened.stored.changed_at_ns:
            return
        tokens = renewed.tokens
        if tokens is not None:
            sealing = Sealing(write, self.tools.vault, opened.server.id, self.tools.now_ns())
            sealing.keep(TOKENS, msgspec.json.encode(tokens))
        write.credentials.put(
            replace(
                opened.stored,
                config=stored(renewed.config),
                state=renewed.state,
                problem=renewed.problem,
                expires_at_ns=opened.stored.expires_at_ns if tokens is None else tokens.expires_at_ns,
            )
        )

    async def _watch(self) -> None:
        """Renew what is due; look again for a master key that is missing."""
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await (self.renew_due() if self.problem is None else self.open())
            except OperatorFault as fault:
                _log.error("credentials could not be looked at or handed over: %s", fault)

    async def renew_due(self) -> None:
        """Renew what is due."""
        now_ns = self.tools.now_ns()
        due = [(server, due) for server, due in self._due.items() if due.at_ns <= now_ns]
        async with asyncio.TaskGroup() as renewals:
            for server_id, one in due:
                del self._due[server_id]
                renewals.create_task(self.renewed(one.organisation, server_id, None), name="yett due renewal")

    async def _offered_again(self, organisation: str, server_id: str) -> bool:
        """Hand over what there is once more; whether there is something."""
        opened = await self._opened(organisation, server_id)
        if opened is None or opened.fields is None:
            return False
        await self._offer(opened)
        return True

    async def _offer(self, opened: Opened) -> None:
        handover = self._handover(opened)
        if handover is not None:
            await self._feed.offer([handover])
        self._plan(opened)

    def _handover(self, opened: Opened) -> Handover | None:
        fields = opened.fields
        if fields is None:
            return None
        number = self._last_number = max(self.tools.now_ns(), self._last_number + 1)
        self._numbers[opened.server.id] = number
        return hand_over(self.tools.vault, opened.organisation, opened.server.id, number, fields)

    def _plan(self, opened: Opened) -> None:
        renewable = opened.stored.kind != "authorization_code" or (opened.tokens is not None and opened.tokens.refresh_token)
        if opened.tokens is not None and renewable and opened.stored.state != "unconnected":
            at_ns = renewal_at_ns(opened.tokens)
            if at_ns is not None:
                self._due[opened.server.id] = _Due(opened.organisation, at_ns)

    def _postpone(self, organisation: str, server_id: str) -> None:
        self._due[server_id] = _Due(organisation, self.tools.now_ns() + PAUSE_S * NS)

    def _everything(self, whole: Whole) -> list[Opened]:
        parts = [whole.of(organisation.id) for organisation in whole.organisations()]
        found = [open_credential(part, one.server_id, self.tools.vault) for part in parts for one in part.credentials.listed()]
        return [opened for opened in found if opened is not None]

    async def _opened(self, organisation: str, server_id: str) -> Opened | None:
        return await self._in_thread(
            lambda: self.tools.desk.read(organisation, lambda read: open_credential(read, server_id, self.tools.vault))
        )

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work)


@dataclass(frozen=True, slots=True)
class _Store:
    """Implements `yett.sealing.rotation.SealedStore` over the desk, and what the host keeps sealed beside it."""

    tools: Tools

    def sealed_secrets(self) -> list[SealedSecret]:
        return self.tools.desk.sealed_secrets()

    def reseal(self, work: Callable[[SealedSecret], bytes | None]) -> int:
        host = self.tools.desk.environment.host_secrets
        count = 0 if host is None else host.reseal(work)
        return count + self.tools.desk.write(lambda whole: whole.sealed.reseal(work))


def renewal_at_ns(tokens: Tokens) -> int | None:
    """When tokens are to be renewed; None for those that do not end."""
    if tokens.expires_at_ns is None:
        return None
    life_ns = max(tokens.expires_at_ns - tokens.obtained_at_ns, 0)
    return tokens.expires_at_ns - min(MARGIN_S_MAX * NS, life_ns // 5)
