"""The data plane's process: wires edge, gateway, ledger and upstreams, and nothing of the control plane."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import secrets
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from yett.app.address import read_address, url_of
from yett.app.clock import SystemClock
from yett.app.fault_log import FaultLog
from yett.app.process import (
    announce,
    calm_collector,
    certificate_of,
    raise_file_limit,
    run_part,
    stop_on_signals,
    tell_certificate,
)
from yett.app.upstreams import Upstreams, routes_of
from yett.approvals.masking import masks
from yett.audit.mode import AuditMode
from yett.audit.record import Refused, SecurityRecord
from yett.edge.certificate import Certificate
from yett.edge.forwarded import TrustedProxies
from yett.edge.limits import EdgeLimits
from yett.edge.server import EdgeServer, Place, listen
from yett.edge.shared import Reports
from yett.errors import OperatorFault
from yett.gateway.active import ActiveSnapshot, Snapshot, Touched
from yett.gateway.admission import Guard, InFlight
from yett.gateway.asking import Asker, no_link
from yett.gateway.calls import Calls
from yett.gateway.credential_feed import CredentialLink
from yett.gateway.dispatch import Dispatcher
from yett.gateway.feed import SNAPSHOT_FILE, SOCKET_FILE, Notes, follow
from yett.gateway.http import HttpFront, Parts
from yett.gateway.kept_answers import KeptAnswers, Terms
from yett.gateway.lasting_tasks import LastingTasks
from yett.gateway.sessions import Sessions
from yett.gateway.snapshot import ServerEntry
from yett.gateway.standing import present
from yett.gateway.tokens import digest, token_key
from yett.gateway.tools import ToolBook
from yett.protocol.peek import peek_response
from yett.sealing.handover import CREDENTIALS_FILE, CREDENTIALS_SOCKET
from yett.sealing.keys import key_source
from yett.sealing.vault import Vault
from yett.settings import Settings
from yett.stores.state import StateStore
from yett.upstreams.credentials import Credentials
from yett.upstreams.renewing import Renewals
from yett.upstreams.sealed import SealedCredentials

STATE_FILE: Final = "state.db"
FAREWELL_S: Final = 1.0
"""How long a connection on which nothing is asked may still bring a request after the signal to stop: one may be on its way."""
FILES_BESIDE: Final = 2048
"""Open files beside one for each client and one for each request in work: streams of servers, pipes of children, databases."""
HOUSEKEEPING_S: Final = 30.0
FILES_FEW: Final = 64
"""Connections that are taken even where the system allows hardly any open files."""

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
    sealed: SealedCredentials
    body_digest_key: bytes
    notes: Notes
    """What the control plane is to be told."""
    kept: KeptAnswers
    """What clients may take up again."""


def build_core(settings: Settings, key: bytes, link: Callable[[str], str | None] = no_link) -> Core:
    """Open the ledger and put the gate together. `link`: where people decide on a request of this id. Errors: `StoreFault`."""
    clock = SystemClock()
    mode = AuditMode(settings.audit.mode)
    file, pending_max = settings.state_dir / STATE_FILE, settings.approvals.pending_per_grant
    ledger = StateStore.open(file, clock=clock, mode=mode, fsync=settings.audit.fsync, pending_max=pending_max)
    sealed = SealedCredentials(Vault(key_source(settings.secrets.master_key, settings.state_dir, os.environ)), clock.now_ns)
    tools, sessions, credentials = ToolBook(clock), Sessions(clock), Credentials(sealed=sealed.fields_of)
    run_id = secrets.token_hex(5)
    calls = Calls(
        ledger,
        clock,
        digest_key=derived_key(key, b"arguments"),
        run_id=run_id,
        on_fault=FaultLog(clock.monotonic),
        asker=Asker(derived_key(key, b"approvals"), masks(settings.approvals.mask), link),
    )
    dispatcher = Dispatcher(calls, tools, sessions, credentials.headers_of, hold_s=settings.approvals.hold_s)
    kept_key = derived_key(key, b"tasks")
    dispatcher.task_book.lasting = LastingTasks(ledger.tasks, key=kept_key, run=run_id, now_ns=clock.now_ns)
    active = ActiveSnapshot()
    dispatcher.waits.renew = partial(present, active.current, clock.now_ns)
    active.follow(tools.follow)
    active.follow(dispatcher.live.follow)
    notes = Notes()
    tools.on_changed = notes.changed_servers.add
    plane, bodies = settings.data_plane, derived_key(key, b"bodies")
    kept = KeptAnswers(clock.monotonic, Terms(plane.resume_s, plane.quiet_stream_s, plane.resume_bytes_max))
    return Core(clock, active, ledger, calls, tools, sessions, dispatcher, credentials, sealed, bodies, notes, kept)


def derived_key(key: bytes, purpose: bytes) -> bytes:
    """A key for one purpose, from the installation's own."""
    return hashlib.blake2b(purpose, digest_size=32, key=key, person=b"yett derive").digest()


def approval_link(settings: Settings) -> Callable[[str], str | None]:
    """Where people decide on a request: at the control plane, where one says how it is reached."""

    def link(id: str) -> str | None:
        base = settings.control_plane.public_url
        if base is None:
            try:
                address = read_address(settings.state_dir)
            except OperatorFault:  # whoever writes it says so; people can decide without a link
                return None
            if address is None:
                return None
            base = url_of(address.host, address.port, "http" if address.certificate is None else "https")
        return f"{base.rstrip('/')}/approvals/{id}"

    return link


async def run(
    settings: Settings, *, ready: Callable[[EdgeServer], None] | None = None, stop: asyncio.Event | None = None
) -> None:
    """Serve until `stop` is set, or SIGTERM or SIGINT comes; then finish what is in work.

    Errors: `OperatorFault` where the port is taken or the state directory cannot be used.
    """
    key = token_key(settings.state_dir)
    core = build_core(settings, key, approval_link(settings))
    stop = stop or stop_on_signals()
    link = CredentialLink(core.sealed.take)
    renewals = Renewals(core.sealed, link.ask)
    core.sealed.on_expired(lambda server: renewals.begin(server, b""))
    upstreams = Upstreams(
        settings, core.clock, core.credentials, list_changes(core.tools), log.warning, renewals, routes_of(settings)
    )
    try:
        certificate = certificate_of(settings)
        front = HttpFront(_parts(settings, core, upstreams, key, certificate))
        server = await _listen(settings, core, front, certificate)
        if ready is not None:
            ready(server)
        await _serve_until(stop, settings, _Running(core, upstreams, server, certificate, link))
    finally:
        await renewals.aclose()
        await upstreams.aclose()
        await core.ledger.aclose()


@dataclass(frozen=True, slots=True)
class _Running:
    """What goes on while the data plane serves."""

    core: Core
    upstreams: Upstreams
    server: EdgeServer
    certificate: Certificate | None
    link: CredentialLink


async def _listen(settings: Settings, core: Core, front: HttpFront, certificate: Certificate | None) -> EdgeServer:
    plane = settings.data_plane
    place = Place(
        plane.host,
        plane.port,
        tls=None if certificate is None else certificate.context,
        reuse_port=plane.reuse_port,
        proxies=TrustedProxies.of(plane.trusted_proxies),
    )
    limits = EdgeLimits(body_bytes=plane.body_bytes_max, connections=_connections(plane.connections_max, plane.in_flight_max))
    try:
        reports, at_once = Reports(_refusals(core), log_failure), front.plain_calls.begin
        return await listen(front.handle, place, limits, core.clock.monotonic, reports, at_once)
    except OperatorFault as error:
        raise OperatorFault(f"{error} (`data_plane.host`, `data_plane.port`)") from error


def _connections(wanted: int, in_flight: int) -> int:
    """As many connections as wanted, or as this process may have open files for."""
    beside = in_flight + FILES_BESIDE
    files = raise_file_limit(wanted + beside)
    possible = max(files - beside, min(wanted, FILES_FEW))
    if possible < wanted:
        log.warning(
            "the system allows this process %d open files, enough for %d connections and not the %d of"
            " `data_plane.connections_max`; raise the limit (`ulimit -n`, `LimitNOFILE=`)",
            *(files, possible, wanted),
        )
    return min(possible, wanted)


async def _serve_until(stop: asyncio.Event, settings: Settings, running: _Running) -> None:
    """Serve until told to stop, then finish what is in work. Revocations count until the last call is answered."""
    core, upstreams, server = running.core, running.upstreams, running.server
    socket, snapshot = settings.state_dir / SOCKET_FILE, settings.state_dir / SNAPSHOT_FILE
    scheme = "http" if running.certificate is None else "https"
    listening = url_of(settings.data_plane.host, server.port, scheme)
    async with asyncio.TaskGroup() as parts:
        beside = [
            parts.create_task(
                follow(socket, snapshot, core.active.take, listening=listening, notes=core.notes),
                name="yett snapshot feed",
            ),
            parts.create_task(
                running.link.follow(settings.state_dir / CREDENTIALS_SOCKET, settings.state_dir / CREDENTIALS_FILE),
                name="yett credentials",
            ),
            parts.create_task(_housekeeping(core, upstreams), name="yett housekeeping"),
        ]
        if (certificate := running.certificate) is not None:
            watch = certificate.watch(lambda: tell_certificate(log, certificate))
            beside.append(parts.create_task(watch, name="yett certificate"))
        await stop.wait()
        await server.stop_listening()
        core.dispatcher.live.end_all()
        await server.aclose(settings.data_plane.drain_s, FAREWELL_S)
        for task in beside:
            task.cancel()


async def _housekeeping(core: Core, upstreams: Upstreams) -> None:
    """Forget idle sessions, and close the ways to servers that are no longer configured, or stopped: soon after that changed."""
    changed = asyncio.Event()
    core.active.follow(lambda snapshot, touched: changed.set() if _closes_ways(snapshot, touched) else None)
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(HOUSEKEEPING_S):
                await changed.wait()
            await asyncio.sleep(FAREWELL_S)  # sessions are being ended at their servers
        changed.clear()
        for session in core.sessions.expired():
            core.tools.forget((session.server_id, session.id))
        core.kept.expire()
        snapshot = core.active.current()
        if snapshot is not None:
            await upstreams.keep(snapshot.running())


def _closes_ways(snapshot: Snapshot, touched: Touched) -> bool:
    """Whether a server may be gone or stopped now. One that is only configured otherwise may finish what it has in work."""
    servers = [snapshot.servers.get(id) for id in touched.servers]
    return touched.everything or any(server is None or server.stopped for server in servers)


def _parts(settings: Settings, core: Core, upstreams: Upstreams, key: bytes, certificate: Certificate | None) -> Parts:
    plane = settings.data_plane
    scheme = "http" if certificate is None else "https"

    def warnings() -> Sequence[str]:
        return () if certificate is None or certificate.fault is None else (certificate.fault,)

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
        in_flight=InFlight(plane.in_flight_per_grant_max, plane.in_flight_max),
        ledger_fault=lambda: next(iter(core.sealed.problems()), None) if core.ledger.fault is None else str(core.ledger.fault),
        kept=core.kept,
        public_url=(plane.public_url or f"{scheme}://{plane.host}:{plane.port}").rstrip("/"),
        warnings=warnings,
        uses=core.notes.uses,
        unknown_key=core.notes.unknown_keys.add,
    )


def list_changes(tools: ToolBook) -> Callable[[ServerEntry, str, bytes], None]:
    """Takes note of what a program says of its own accord, whether or not a client hears it."""

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
    calm_collector()
    announce(server.port)


if __name__ == "__main__":
    sys.exit(main())
