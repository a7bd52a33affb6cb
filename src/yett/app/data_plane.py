"""The data plane's process: wires edge, gateway, ledger and upstreams, and nothing of the control plane."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import logging
import secrets
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Final

from yett.app.clock import SystemClock
from yett.app.fault_log import FaultLog
from yett.app.process import announce, run_part, stop_on_signals
from yett.app.upstreams import Upstreams
from yett.audit.mode import AuditMode
from yett.audit.record import Refused, SecurityRecord
from yett.edge.limits import EdgeLimits
from yett.edge.server import EdgeServer, serve
from yett.edge.shared import Reports
from yett.errors import OperatorFault
from yett.gateway.active import ActiveSnapshot
from yett.gateway.admission import Guard, InFlight
from yett.gateway.calls import Calls
from yett.gateway.dispatch import Dispatcher
from yett.gateway.feed import SNAPSHOT_FILE, SOCKET_FILE, follow
from yett.gateway.http import HttpFront, Parts
from yett.gateway.sessions import Sessions
from yett.gateway.snapshot import ServerEntry
from yett.gateway.tokens import digest, token_key
from yett.gateway.tools import ToolBook
from yett.protocol.peek import peek_response
from yett.settings import Settings
from yett.stores.state import StateStore
from yett.upstreams.credentials import Credentials

STATE_FILE: Final = "state.db"
GRACE_S: Final = 10.0
"""How long calls in work may take after the signal to stop."""
HOUSEKEEPING_S: Final = 30.0
COLLECT_AFTER: Final = 20_000
"""New objects between two looks for garbage in cycles. A call makes some two hundred and leaves hardly any cycle, so that the
default of 700 would look after every third call; what was loaded at the start is never looked at again."""

log = logging.getLogger("yett.data_plane")


@dataclass(slots=True)
class Core:
    """The gate without a transport: what the HTTP listener and `yett run` share."""

    clock: SystemClock
    active: ActiveSnapshot
    ledger: StateStore
    calls: Calls
    tools: ToolBook
    sessions: Sessions
    dispatcher: Dispatcher
    credentials: Credentials
    body_digest_key: bytes


def build_core(settings: Settings, key: bytes) -> Core:
    """Open the ledger and put the gate together. Errors: `StoreFault`."""
    clock = SystemClock()
    mode = AuditMode(settings.audit.mode)
    ledger = StateStore.open(settings.state_dir / STATE_FILE, clock=clock, mode=mode, fsync=settings.audit.fsync)
    tools, sessions, credentials = ToolBook(clock), Sessions(clock), Credentials()
    calls = Calls(
        ledger,
        clock,
        digest_key=derived_key(key, b"arguments"),
        run_id=secrets.token_hex(5),
        on_fault=FaultLog(clock.monotonic),
    )
    dispatcher = Dispatcher(calls, tools, sessions, credentials.headers_of)
    return Core(clock, ActiveSnapshot(), ledger, calls, tools, sessions, dispatcher, credentials, derived_key(key, b"bodies"))


def derived_key(key: bytes, purpose: bytes) -> bytes:
    """A key for one purpose, from the installation's own."""
    return hashlib.blake2b(purpose, digest_size=32, key=key, person=b"yett derive").digest()


async def run(
    settings: Settings, *, ready: Callable[[EdgeServer], None] | None = None, stop: asyncio.Event | None = None
) -> None:
    """Serve until `stop` is set, or SIGTERM or SIGINT comes; then finish what is in work.

    Errors: `OperatorFault` where the port is taken or the state directory cannot be used.
    """
    key = token_key(settings.state_dir)
    core = build_core(settings, key)
    stop = stop or stop_on_signals()
    upstreams = Upstreams(settings, core.clock, core.credentials, _list_changes(core.tools), log.warning)
    try:
        front = HttpFront(_parts(settings, core, upstreams, key))
        server = await _listen(settings, core, front)
        if ready is not None:
            ready(server)
        await _serve_until(stop, settings, core, upstreams, f"http://{settings.data_plane.host}:{server.port}")
        await server.aclose(GRACE_S)
    finally:
        await upstreams.aclose()
        await core.ledger.aclose()


async def _listen(settings: Settings, core: Core, front: HttpFront) -> EdgeServer:
    try:
        return await serve(
            front.handle,
            host=settings.data_plane.host,
            port=settings.data_plane.port,
            limits=EdgeLimits(body_bytes=settings.data_plane.body_bytes_max),
            monotonic=core.clock.monotonic,
            reports=Reports(_refusals(core), log_failure),
        )
    except OperatorFault as error:
        raise OperatorFault(f"{error} (`data_plane.host`, `data_plane.port`)") from error


async def _serve_until(stop: asyncio.Event, settings: Settings, core: Core, upstreams: Upstreams, listening: str) -> None:
    async with asyncio.TaskGroup() as parts:
        socket, snapshot = settings.state_dir / SOCKET_FILE, settings.state_dir / SNAPSHOT_FILE
        feed = parts.create_task(follow(socket, snapshot, core.active.apply, listening=listening), name="yett snapshot feed")
        housekeeping = parts.create_task(_housekeeping(core, upstreams), name="yett housekeeping")
        await stop.wait()
        feed.cancel()
        housekeeping.cancel()


async def _housekeeping(core: Core, upstreams: Upstreams) -> None:
    """Forget idle sessions, and close the ways to servers that are no longer configured."""
    while True:
        await asyncio.sleep(HOUSEKEEPING_S)
        for session in core.sessions.expired():
            core.tools.forget((session.server_id, session.id))
        snapshot = core.active.current()
        if snapshot is not None:
            await upstreams.keep(snapshot.servers.values())


def _parts(settings: Settings, core: Core, upstreams: Upstreams, key: bytes) -> Parts:
    plane = settings.data_plane
    return Parts(
        active=core.active,
        dispatcher=core.dispatcher,
        calls=core.calls,
        sessions=core.sessions,
        clock=core.clock,
        guard=Guard.of(plane.host, plane.allowed_hosts, plane.allowed_origins),
        upstream_of=upstreams.of,
        token_digest=lambda token: digest(token, key),
        body_digest_key=core.body_digest_key,
        in_flight=InFlight(),
        ledger_fault=lambda: None if core.ledger.fault is None else str(core.ledger.fault),
        public_url=(plane.public_url or f"http://{plane.host}:{plane.port}").rstrip("/"),
    )


def _list_changes(tools: ToolBook) -> Callable[[ServerEntry, str, bytes], None]:
    def notice(server: ServerEntry, isolation: str, data: bytes) -> None:
        peek = peek_response(data)
        if peek is not None and peek.method == "notifications/tools/list_changed":
            tools.changed((server.id, isolation))

    return notice


def _refusals(core: Core) -> Callable[[str, str | None], None]:
    def note(reason: str, client_ip: str | None) -> None:
        request_id = core.calls.request_id()
        core.calls.note(SecurityRecord(core.clock.now_ns(), request_id, Refused.HTTP, reason, client_ip=client_ip))

    return note


def log_failure(error: BaseException) -> None:
    """A fault of ours: the client was told nothing of it."""
    log.error("a request failed inside the gateway", exc_info=error)


def run_loop(main: Callable[[], Coroutine[object, object, None]]) -> None:
    """Run a coroutine function on the fastest loop there is."""
    try:
        import uvloop  # noqa: PLC0415 - absent on Windows
    except ImportError:
        asyncio.run(main())
        return
    uvloop.run(main())


def main() -> int:
    """Entry point of the process that `yett up` supervises."""
    return run_part("data plane", lambda settings: run_loop(lambda: run(settings, ready=_announce)))


def _announce(server: EdgeServer) -> None:
    """Start-up is over: calm the collector, and tell the supervisor."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 50)
    announce(server.port)


if __name__ == "__main__":
    sys.exit(main())
