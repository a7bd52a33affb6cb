"""The live ways to all configured servers: made when first used, closed when the configuration no longer has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from yett.app.host_secrets import sealed_words, unsealed
from yett.egress.addresses import EgressRules
from yett.egress.routes import LOOPBACK, Routes
from yett.errors import OperatorFault, UpstreamNotReached
from yett.gateway.snapshot import ServerEntry
from yett.ports import Answer, Clock, Outbound, Upstream
from yett.settings import Command, Settings
from yett.stores.commands import mark_of, read_commands
from yett.upstreams.bridge import Bridge
from yett.upstreams.child import ChildSpec
from yett.upstreams.credentials import Credentials
from yett.upstreams.http import HttpUpstream, HttpUpstreamLimits
from yett.upstreams.http1 import ClientLimits, Where
from yett.upstreams.proving import Proving
from yett.upstreams.renewing import Renewals, Renewing
from yett.upstreams.sse_2024 import SseUpstream
from yett.upstreams.stdio import StdioUpstream


class NoUpstream:
    """Stands for a server that cannot be started or reached as it is configured; says why to each who tries."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def exchange(self, message: Outbound) -> Answer:
        """Refuse: nothing was sent."""
        raise UpstreamNotReached(self._reason)

    async def listen(self, message: Outbound) -> Answer:
        """Refuse."""
        raise UpstreamNotReached(self._reason)

    async def end_session(self, message: Outbound) -> int:
        """There is none."""
        return 404

    async def aclose(self) -> None:
        """Nothing to close."""


OnMessage = Callable[[ServerEntry, str, bytes], None]
OnWarning = Callable[[str], None]


@dataclass(slots=True)
class Upstreams:
    """One `Upstream` for each configured server."""

    settings: Settings
    clock: Clock
    credentials: Credentials
    on_message: OnMessage
    """Told of messages that a server with a channel for each session sends of its own accord: server, isolation, JSON text."""
    on_warning: OnWarning
    renewals: Renewals | None = None
    """Where newer credentials come from, for servers whose credentials end."""
    where: Where | None = None
    """Which addresses urls may lead to; None for all, where whoever runs the program chose the url."""
    _live: dict[ServerEntry, Upstream] = field(default_factory=dict)

    def of(self, server: ServerEntry) -> Upstream:
        """The way to `server`. Never raises: what is wrong with it is said when it is used."""
        live = self._live.get(server)
        if live is None:
            try:
                live = self._live[server] = Bridge(
                    self._made(server), own_channels=server.one_to_one, monotonic=self.clock.monotonic
                )
            except OperatorFault as error:
                return NoUpstream(str(error))  # not remembered: the operator may mend it
        return live

    async def keep(self, servers: Iterable[ServerEntry]) -> None:
        """Close the ways to all other servers."""
        wanted = set(servers)
        gone = [self._live.pop(server) for server in list(self._live) if server not in wanted]
        for upstream in gone:
            await upstream.aclose()

    async def aclose(self) -> None:
        """Close all."""
        await self.keep(())

    def _made(self, server: ServerEntry) -> Upstream:
        """Errors: `OperatorFault` for a url, a command or a variable that cannot be used."""
        timeout_s = self.settings.data_plane.upstream_timeout_s
        limits = HttpUpstreamLimits(client=ClientLimits(where=self.where))
        if server.url is not None:
            if server.transport == "http":
                plain = HttpUpstream(server.url, clock=self.clock, timeout_s=timeout_s, limits=limits)
                if server.sealed != "oauth":
                    return plain
                proving = Proving(plain, server.url, self.clock.now_ns)
                return proving if self.renewals is None else Renewing(proving, server.id, self.renewals)
            return SseUpstream(
                server.url,
                clock=self.clock,
                timeout_s=timeout_s,
                on_message=lambda isolation, data: self.on_message(server, isolation, data),
                on_warning=self.on_warning,
                limits=limits,
            )
        command = commands_of(self.settings).get(server.command or "")
        if command is None:
            raise OperatorFault(f"the host lists no command `{server.command}`; add it with `yett server add`")
        if server.program is not None and mark_of(command) != server.program:
            raise OperatorFault(  # what people accepted was of another program
                f"the program of `{server.name}` is another one than its tools were accepted of, and is not started before the "
                f"control plane has seen that; have it look: `yett server look {server.name}`"
            )
        return StdioUpstream(
            self._program(server.command or "", command),
            clock=self.clock,
            timeout_s=timeout_s,
            on_message=lambda isolation, data: self.on_message(server, isolation, data),
            on_warning=self.on_warning,
        )

    def _program(self, name: str, command: Command) -> ChildSpec:
        """What is started. Whatever is sealed or a reference is opened or resolved when the server is first used."""
        argv, environment = unsealed(self.settings, name, command, self.credentials.resolve_if_reference)
        return ChildSpec(argv, environment, command.cwd, sealed_words(command))


def commands_of(settings: Settings) -> Mapping[str, Command]:
    """Programs that the configuration file lists, and those that the command line on this host added.

    Errors: `OperatorFault` where the latter cannot be read.
    """
    return {**read_commands(settings.state_dir), **settings.servers.commands}


def egress_rules(settings: Settings) -> EgressRules:
    """Where urls that people set may lead: public addresses, what `egress.allow` lists, and loopback where the control plane is
    for this machine only.

    Errors: `OperatorFault` for an entry that cannot be read.
    """
    own = LOOPBACK if _is_loopback(settings.control_plane.host) else ()
    return EgressRules.parse((*own, *settings.egress.allow))


def routes_of(settings: Settings) -> Routes:
    """The same for connections to servers."""
    return Routes(egress_rules(settings))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
