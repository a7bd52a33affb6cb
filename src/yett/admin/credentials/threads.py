"""The keeper for threads that are not its loop: the use cases run on such."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as Late
from typing import Any, Final, TypeVar

from yett.admin.credentials.connecting import Connector
from yett.admin.credentials.keeper import Keeper
from yett.admin.credentials.port import Begun, Departure
from yett.errors import OperatorFault, UpstreamTimedOut
from yett.oauth.client import Identity
from yett.sealing.rotation import Rotated
from yett.sealing.vault import Vault

T = TypeVar("T")
WAIT_S: Final = 60.0
"""For a person who waits: discovery, registration and a token request, each with its own shorter bound."""


class FromThreads:
    """Implements `yett.admin.credentials.port.CredentialKeeper`."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._connector = Connector(keeper)
        self._loop = asyncio.get_running_loop()

    @property
    def vault(self) -> Vault:
        return self._keeper.tools.vault

    @property
    def problem(self) -> str | None:
        return self._keeper.problem

    def identity(self) -> Identity:
        return self._keeper.tools.identity()

    def page(self, path: str) -> str:
        return self._keeper.tools.page(path)

    def changed(self, organisation: str, server_id: str) -> str | None:
        if self.problem is not None:
            return self.problem
        try:
            return self._run(self._keeper.changed(organisation, server_id))
        except OperatorFault as fault:
            return str(fault)

    def connect(self, organisation: str, server_id: str, actor: str) -> Begun:
        return self._run(self._connector.connect(organisation, server_id, actor))

    def depart(self, ticket: str) -> Departure:
        return self._connector.depart(ticket)

    def arrive(self, answer: dict[str, str], cookie: str) -> str:
        return self._run(self._connector.arrive(answer, cookie))

    def rotate(self) -> Rotated:
        return self._run(self._keeper.rotate())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        if self.problem is not None:
            work.close()
            raise OperatorFault(self.problem)
        running = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return running.result(WAIT_S)
        except Late:
            running.cancel()
            raise UpstreamTimedOut(f"the other side did not answer within {WAIT_S:g} s; try again") from None
