"""`yett run`: one stdio server behind a policy file, without any daemon."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yett.app.clock import SystemClock
from yett.app.data_plane import Core, build_core, list_changes, log_failure
from yett.app.local_classes import LocalClasses
from yett.app.local_pins import LocalPins, PinFile
from yett.app.pipes import stdin_lines, stdout_writer
from yett.app.policy_file import ORGANISATION, Loaded, PolicyFile
from yett.audit.record import Refused, SecurityRecord
from yett.errors import OperatorFault
from yett.gateway.snapshot import GrantEntry, ServerEntry, SnapshotData
from yett.gateway.stdio import StdioFront, StdioParts
from yett.gateway.tokens import token_key
from yett.ports import Upstream
from yett.protocol.lines import Noise
from yett.settings import Settings
from yett.stores.commands import Command, mark_of
from yett.upstreams.bridge import Bridge
from yett.upstreams.child import ChildSpec
from yett.upstreams.stdio import StdioUpstream

RELOAD_S: Final = 1.0
"""How often the policy file is looked at."""

log = logging.getLogger("yett.run")


@dataclass(frozen=True, slots=True)
class LocalRun:
    """What `yett run` was asked to do."""

    policy_path: Path
    name: str
    """The local grant acts under this name, so that neither a restart nor a second client gets a fresh quota."""
    argv: Sequence[str]
    environment: Mapping[str, str]
    pinned: bool = True
    """Whether its tools are held to what was accepted."""

    @property
    def grant(self) -> GrantEntry:
        """The local grant."""
        id = f"local:{self.name}"
        return GrantEntry(id=id, organisation=ORGANISATION, digest="", server=self.server.id, label=self.name, policy=self.name)

    @property
    def program(self) -> str:
        """By which the command is known again. One that is named by a path is another one in another folder."""
        first = self.argv[0]
        path = str(Path.cwd() / first) if "/" in first else first
        return mark_of(Command(argv=(path, *self.argv[1:])))

    @property
    def server(self) -> ServerEntry:
        """The server that the command is."""
        return ServerEntry(id=f"local:{self.name}", organisation=ORGANISATION, name=self.name, command=self.name)


@dataclass(frozen=True, slots=True)
class _Local:
    """What goes on while the client is served."""

    core: Core
    run: LocalRun
    file: PolicyFile
    classes: LocalClasses
    pins: LocalPins | None


async def run_local(settings: Settings, run: LocalRun) -> None:
    """Serve the client on stdin and stdout until it closes its end or a signal comes.

    Errors: `OperatorFault` where there is no policy to judge by, or the state directory cannot be used.
    """
    file = PolicyFile(run.policy_path, run.name, settings.state_dir)
    file.changed()
    loaded = file.load()
    clock = SystemClock()
    pins = LocalPins(PinFile(settings.state_dir, run.name), clock.now_ns, run.program) if run.pinned else None
    core = build_core(settings, token_key(settings.state_dir))
    upstream = _upstream(settings, run, core)
    core.tools.classify = classes = LocalClasses(run.name)
    core.tools.pinned = pins
    local = _Local(core, run, file, classes, pins)
    try:
        _apply(local, loaded, 1)
        front = StdioFront(_parts(core, run, upstream), await stdout_writer())
        await _serve(front, local)
    finally:
        await upstream.aclose()
        await core.ledger.aclose()


async def _serve(front: StdioFront, local: _Local) -> None:
    serving = asyncio.current_task()
    assert serving is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    async with asyncio.TaskGroup() as parts:
        reload = parts.create_task(_reload(local), name="yett policy reload")
        try:
            await front.serve(stdin_lines(lambda noise: _note(local.core, local.run, noise)))
        finally:
            reload.cancel()


async def _reload(local: _Local) -> None:
    revision = 1
    while True:
        await asyncio.sleep(RELOAD_S)
        if local.pins is not None and local.pins.changed():
            local.core.tools.read_again(local.run.server.id)
        if local.file.changed():
            revision += 1
            try:
                _apply(local, local.file.load(), revision)
            except OperatorFault as fault:
                log.warning("%s; the policy in force stays", fault)


def _apply(local: _Local, loaded: Loaded, revision: int) -> None:
    core, run = local.core, local.run
    problems = [] if loaded.problem is None else [loaded.problem]
    core.active.apply(
        SnapshotData(
            revision=revision,
            origin=ORGANISATION,
            servers=[run.server],
            grants=[run.grant],
            policies=[loaded.entry],
            problems=problems,
        )
    )
    if local.classes.policy(loaded.entry):
        core.tools.read_again(run.server.id)
    for problem in problems:
        log.warning(problem)


def _upstream(settings: Settings, run: LocalRun, core: Core) -> Upstream:
    notice = list_changes(core.tools)
    environment = {name: value for name, value in run.environment.items() if not name.startswith("YETT_")}
    program = StdioUpstream(
        ChildSpec(tuple(run.argv), environment, str(Path.cwd())),
        clock=core.clock,
        timeout_s=settings.data_plane.upstream_timeout_s,
        on_message=lambda isolation, data: notice(run.server, isolation, data),
        on_warning=log.warning,
    )
    return Bridge(program, own_channels=False, monotonic=core.clock.monotonic)


def _parts(core: Core, run: LocalRun, upstream: Upstream) -> StdioParts:
    return StdioParts(
        active=core.active,
        dispatcher=core.dispatcher,
        calls=core.calls,
        sessions=core.sessions,
        clock=core.clock,
        upstream=upstream,
        grant=run.grant,
        server=run.server,
        body_digest_key=core.body_digest_key,
        on_failure=log_failure,
    )


def _note(core: Core, run: LocalRun, noise: Noise) -> None:
    core.calls.note(
        SecurityRecord(
            at_ns=core.clock.now_ns(),
            request_id=core.calls.request_id(),
            kind=Refused.UNREADABLE,
            reason=noise.reason,
            server=run.name,
            grant_id=run.grant.id,
        )
    )


def environment() -> Mapping[str, str]:
    """The environment that the client gave: a local server needs what its entry in the client's configuration sets."""
    return dict(os.environ)
