"""Looks at servers on behalf of the control plane: few at once, for a bounded time, each in a thread with a loop of its own.

So neither the API's loop nor whoever holds the store waits for a server.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from yett.admin.outside import RATE_LIMITED, WANTS_CREDENTIAL, Seen
from yett.app.probe import Asking, RateLimited, WantsCredential, ask
from yett.app.upstreams import routes_of
from yett.egress.routes import EgressRefused, Routes
from yett.errors import YettError
from yett.gateway.snapshot import ServerEntry
from yett.settings import Settings
from yett.upstreams.credentials import Credentials, CredentialUnavailable
from yett.upstreams.http_endpoint import endpoint_of

LOOK_S: Final = 10.0
"""A server that needs longer to start and to tell its tools is looked at again later."""
PATIENT_S: Final = 30.0
"""Where a person asks for it: a package may be downloaded first."""
AT_ONCE: Final = 8
"""For people, beside those that the control plane asks by itself."""
WAIT_S: Final = 5.0
"""How long a look may wait for its turn."""
RESOLVE_S: Final = 5.0
END_S: Final = 2.0
"""For what is left to do when a look is over."""
PROBLEM_MAX: Final = 500
"""Characters of a problem; a server's own words may be in it."""
RESERVED: Final = frozenset({"example", "invalid", "test"})
"""Names under these are nobody's (RFC 6761), so nobody is asked for their address."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")

T = TypeVar("T")


class ServerLookout:
    """Implements `yett.admin.outside.Lookout`. For any number of threads."""

    def __init__(self, settings: Settings, routes: Routes | None = None) -> None:
        self._settings = settings
        self._routes = routes_of(settings) if routes is None else routes
        self._turns = ThreadPoolExecutor(AT_ONCE + settings.health.at_once, "yett look")
        self._lock = threading.Lock()
        self._running: set[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = set()
        self._closed = False

    def refusal(self, url: str) -> str | None:
        """See `Lookout.refusal`."""
        try:
            endpoint = endpoint_of(url)
        except YettError as fault:
            return str(fault)
        if _is_reserved(url):
            return None
        return self._run(self._refusal(endpoint.host, endpoint.port), None)

    def look(self, server: ServerEntry, fields: Mapping[str, str] | None = None, *, patient: bool = False) -> Seen:
        """See `Lookout.look`."""
        if server.url is not None and _is_reserved(server.url):
            return Seen(None, "its name is reserved for examples (RFC 6761), so nobody has it")
        within_s = PATIENT_S if patient else LOOK_S
        ending = Seen(None, "it was not asked: the control plane ends")
        try:
            seen = self._turns.submit(lambda: self._run(self._look(server, fields, within_s), ending))
        except RuntimeError:  # closed
            return ending
        try:
            return seen.result(within_s + WAIT_S)
        except (TimeoutError, CancelledError):
            seen.cancel()
            return Seen(None, "too many servers were asked at once; look again")

    def close(self) -> None:
        """Begin no further look, and break off those in work."""
        with self._lock:
            self._closed = True
            for loop, task in self._running:
                loop.call_soon_threadsafe(task.cancel)
        self._turns.shutdown(wait=False, cancel_futures=True)

    def _run(self, work: Coroutine[Any, Any, T], broken_off: T) -> T:
        """What comes of `work`, in a loop of this thread's own; `broken_off` if `close` came first."""
        loop = asyncio.new_event_loop()
        task = loop.create_task(work)
        entry = (loop, task)
        with self._lock:
            self._running.add(entry)
            if self._closed:
                task.cancel()
        try:
            return loop.run_until_complete(task)
        except asyncio.CancelledError:
            return broken_off
        finally:
            with self._lock:
                self._running.discard(entry)
            _end(loop)

    async def _refusal(self, host: str, port: int) -> str | None:
        try:
            async with asyncio.timeout(RESOLVE_S):
                await self._routes(host, port)
        except EgressRefused as refused:
            return str(refused)
        except (YettError, TimeoutError):
            return None  # not known now; it is judged again with each connection
        return None

    async def _look(self, server: ServerEntry, fields: Mapping[str, str] | None, within_s: float) -> Seen:
        asking = Asking(self._settings, Credentials(sealed=lambda _: _present(fields)), self._routes)
        try:
            async with asyncio.timeout(within_s):
                said: dict[str, Any] = await ask(asking, server)
        except WantsCredential as fault:
            return Seen(None, _line(f"{WANTS_CREDENTIAL}: {fault}"))
        except RateLimited as fault:
            return Seen(None, _line(f"{RATE_LIMITED}: {fault}"))
        except YettError as fault:
            return Seen(None, _line(str(fault)))
        except TimeoutError:
            return Seen(None, f"it did not tell its tools within {within_s:g} s")
        return Seen(said, None)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop, without waiting for what blocks a thread of it: the system may take minutes to look up a name."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=END_S))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _present(fields: Mapping[str, str] | None) -> Mapping[str, str]:
    if fields is None:
        raise CredentialUnavailable(f"{WANTS_CREDENTIAL}: the one that it is to have is not there yet; connect it")
    return fields


def _is_reserved(url: str) -> bool:
    return (urlsplit(url).hostname or "").lower().rpartition(".")[2] in RESERVED


def _line(text: str) -> str:
    """One line without anything that a terminal or a page would act upon."""
    return _CONTROL.sub(" ", text)[:PROBLEM_MAX]
