"""The control plane's process: the store, the feed to the data planes, the policy files, and the admin API."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec
import uvicorn

from yett.admin.approvals_mending import mend_admin_log
from yett.admin.desk import Desk
from yett.admin.health import HealthRounds
from yett.admin.issuer_keys import IssuerKeys
from yett.admin.moves import note_programs
from yett.admin.permissions import operator
from yett.admin.policy_files import PolicyFiles
from yett.admin.publish import Publisher
from yett.admin.service import Service
from yett.admin.uses import Uses
from yett.admin.wanted_looks import WantedLooks
from yett.admin.webhook_rounds import WebhookRounds
from yett.app.address import Address, admin_token, forget_address, reachable, read_address, write_address
from yett.app.approval_notices import notice_rounds, slack_decisions
from yett.app.credentials import keeping_credentials
from yett.app.desk import open_desk
from yett.app.process import announce, announce_first, calm_collector, certificate_of, run_part, stop_on_signals, tell_certificate
from yett.app.upstreams import egress_rules
from yett.edge.certificate import Certificate
from yett.egress.fetch import Egress
from yett.errors import OperatorFault
from yett.gateway.feed import SNAPSHOT_FILE, SOCKET_FILE
from yett.settings import Settings
from yett.stores.control.lock import ControlBusy

PATIENCE_S: Final = 5.0
"""How long to wait for a command that works on the store to finish."""
PAUSE_S: Final = 0.1
GRACE_S: Final = 3
"""How long requests in work may take after the signal to stop."""
BACKLOG: Final = 128

log = logging.getLogger("yett.control_plane")


async def run(
    settings: Settings,
    *,
    ready: Callable[[int], None] | None = None,
    first: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until `stop` is set, or SIGTERM or SIGINT comes. `ready` is told the port, and `first` the link of the first admin,
    while there is none.

    Errors: `OperatorFault` where the port is taken, the store is held by another process, or a file cannot be used.
    """
    stop = stop or stop_on_signals()
    certificate = certificate_of(settings)
    listener = bind(settings.control_plane.host, settings.control_plane.port)
    with contextlib.closing(listener):
        uses = Uses()
        publisher = Publisher(settings.state_dir / SNAPSHOT_FILE, on_used=uses)
        desk = uses.desk = await _open(settings, publisher, listener.getsockname()[1])
        try:
            await asyncio.to_thread(mend_admin_log, desk)
            feed = publisher.listening(settings.state_dir / SOCKET_FILE)
            kept = keeping_credentials(settings, desk)
            port = listener.getsockname()[1]
            rounds = _rounds(settings, desk, publisher, port) | _certificate(settings, certificate)
            async with feed, _policies(settings, desk), kept, _going_on(rounds):
                await _serve(settings, desk, _Door(listener, certificate, ready, first), stop)
        finally:
            forget_address(settings.state_dir)
            await asyncio.to_thread(desk.close)


async def _open(settings: Settings, publisher: Publisher, port: int) -> Desk:
    """The desk, once nobody else has the store."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while True:
        try:
            return await asyncio.to_thread(open_desk, settings, publisher, port)
        except ControlBusy:
            if loop.time() > deadline:
                raise
        await asyncio.sleep(PAUSE_S)


@asynccontextmanager
async def _policies(settings: Settings, desk: Desk) -> AsyncIterator[None]:
    """Publish what there is, policy files first, and follow the files while the block lasts."""
    files = PolicyFiles(Service(desk, operator("settings", desk.first_organisation(), kind="settings")), settings.policies)
    await asyncio.to_thread(files.release_others)
    await asyncio.to_thread(files.poll)
    await asyncio.to_thread(note_programs, desk)
    await asyncio.to_thread(desk.begin)
    async with _going_on({"yett policy files": files.watch}):
        yield


Watch: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""Goes on without end, or ends where there is nothing to do."""


@asynccontextmanager
async def _going_on(watches: Mapping[str, Watch]) -> AsyncIterator[None]:
    """Have all of these, by name, go on while the block lasts."""
    async with asyncio.TaskGroup() as parts:
        tasks = [parts.create_task(watch(), name=name) for name, watch in watches.items()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


def _rounds(settings: Settings, desk: Desk, publisher: Publisher, port: int) -> dict[str, Watch]:
    """What the control plane does by itself: keys of issuers, looks at servers, and word to webhooks and people."""
    keys, looks = IssuerKeys(desk, Egress(egress_rules(settings))), WantedLooks(desk)
    publisher.key_wanted, publisher.look_wanted = keys.wanted, looks.wanted
    rounds: dict[str, Watch] = {
        "yett issuer keys": keys.watch,
        "yett health": HealthRounds(desk, interval_s=settings.health.interval_s, at_once=settings.health.at_once).watch,
        "yett wanted looks": looks.watch,
        "yett webhooks": WebhookRounds(desk, Egress(egress_rules(settings))).watch,
    }
    notices = notice_rounds(settings, desk, port)
    return rounds if notices is None else rounds | {"yett notices": notices.watch}


@dataclass(frozen=True, slots=True)
class _Door:
    """Where people come in."""

    listener: socket.socket
    certificate: Certificate | None
    ready: Callable[[int], None] | None
    first: Callable[[str], None] | None


def _certificate(settings: Settings, certificate: Certificate | None) -> dict[str, Watch]:
    """Following the certificate's files, and telling commands which one to trust; nothing where there is none."""
    if certificate is None:
        return {}
    shown = certificate

    def tell() -> None:
        tell_certificate(log, shown)
        address = read_address(settings.state_dir)
        if address is not None:
            write_address(settings.state_dir, msgspec.structs.replace(address, certificate=shown.shown))

    return {"yett certificate": lambda: shown.watch(tell)}


async def _serve(settings: Settings, desk: Desk, door: _Door, stop: asyncio.Event) -> None:
    # The data planes have their snapshot by now; the web framework, half a second of imports, is loaded beside them.
    api = await asyncio.to_thread(importlib.import_module, "yett.admin.api")
    people = await asyncio.to_thread(importlib.import_module, "yett.app.people")
    port, host = door.listener.getsockname()[1], reachable(settings.control_plane.host)
    doors = people.doors_of(settings, desk, port)
    slack = slack_decisions(settings, desk)
    app = api.build_api(desk, admin_token(settings.state_dir), settings.control_plane.host, doors, slack)
    (await asyncio.to_thread(importlib.import_module, "yett.app.own_server")).mount(app, settings)
    certificate, proxies = door.certificate, list(settings.control_plane.trusted_proxies)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_S,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
            ssl_context_factory=None if certificate is None else lambda *_: certificate.context,
        )
    )
    async with asyncio.TaskGroup() as parts:
        parts.create_task(server.serve(sockets=[door.listener]), name="yett admin API")
        shown = None if certificate is None else certificate.shown
        write_address(settings.state_dir, Address(pid=os.getpid(), host=host, port=port, certificate=shown))
        if door.ready is not None:
            door.ready(port)
        link = await asyncio.to_thread(people.first_link, desk)
        if link is not None and door.first is not None:
            door.first(link)
        await stop.wait()
        server.should_exit = True


class _Server(uvicorn.Server):
    """uvicorn, but signals are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Errors: `OperatorFault`, naming the port and the setting that chooses another."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise OperatorFault(f"port {port} at {host} is taken; set `control_plane.port` to another") from error
        raise OperatorFault(f"cannot listen at {host}:{port}: {error.strerror}; set `control_plane.host`") from error


def main() -> int:
    """Entry point of the process that `yett up` supervises."""
    for talkative in ("uvicorn", "alembic"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    return run_part("control plane", lambda settings: asyncio.run(run(settings, ready=_announce, first=announce_first)))


def _announce(port: int) -> None:
    calm_collector()
    announce(port)


if __name__ == "__main__":
    sys.exit(main())
