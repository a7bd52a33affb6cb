"""The control plane's side of a wrapped entry: server, credential, policy, grant. Each step may be done again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Final

from msgspec.structs import replace

from yett.admin.catalogue_views import ServerVerdict
from yett.admin.control import Control
from yett.admin.credentials.views import NewCredential
from yett.admin.server_views import ToolList
from yett.admin.views import GrantView, NewGrant, NewRevision, NewServer, ServerView
from yett.app.host_secrets import taken_apart, unsealed
from yett.app.wrap_plan import Planned, token_file
from yett.errors import YettError
from yett.gateway.tokens import token_key
from yett.private_files import read_private, write_private
from yett.sealing.host_file import HostSecrets
from yett.sealing.vault import Vault
from yett.settings import Settings, prepare_directory
from yett.stores.commands import add_command, read_commands, remove_command
from yett.stores.wrapped import Wrapped
from yett.wrap.launching import Address, Program
from yett.wrap.naming import free_name, slug_of
from yett.wrap.policies import by_class, observing

TAG: Final = "wrapped"
RECOMMENDED: Final = "recommended"
OBSERVE: Final = "observe"
LOOKS_AT_ONCE: Final = 6
"""Fewer than the control plane takes from all people together."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was made for an entry."""

    server: str
    grant: str
    policy: str
    new_policy: bool
    tools: Mapping[str, int] | None
    """How many tools of each class there are; None where they are not known."""
    hidden: tuple[str, ...]
    attention: tuple[str, ...]
    """What a person should know, or do next."""


@dataclass(slots=True)
class Servers:
    """What is wrapped, on the control plane that `control` is."""

    settings: Settings
    control: Control
    vault: Vault
    policy: str = RECOMMENDED
    """`recommended`, `observe`, or the name of a policy that is there."""
    path: str = ""
    """Where programs find what they need, wherever the gateway is started: the PATH of whoever wraps them."""
    secrets: HostSecrets = field(init=False)

    def __post_init__(self) -> None:
        self.secrets = HostSecrets(self.settings.state_dir)

    def meaning(self, launch: Program | Address) -> str:
        """The same for entries that say the same, keyed: what it is made of is secret."""
        if isinstance(launch, Program):
            parts: list[object] = [list(launch.argv), dict(launch.env), launch.cwd]
        else:
            parts = [launch.url, launch.transport, dict(launch.headers)]
        text = json.dumps(parts, sort_keys=True).encode()
        return blake2b(text, key=token_key(self.settings.state_dir)[:64], digest_size=20).hexdigest()

    def name_for(self, entry: Planned, meaning: str, records: Collection[Wrapped]) -> tuple[str, bool]:
        """What the server of an entry is called, and whether it is there for such entries only."""
        assert entry.launch is not None, "only what can be launched is named"
        same = next((record for record in records if record.meaning == meaning), None)
        if same is not None:
            return same.server, same.made
        there = {server.name: server for server in self.control.servers()}
        present = there.get(slug_of(entry.name))
        if present is not None and self._is(entry.launch, present):
            return present.name, False
        taken = {*there, *read_commands(self.settings.state_dir), *self.settings.servers.commands}
        return free_name(entry.name, entry.client, taken | {record.server for record in records}), True

    def _is(self, launch: Program | Address, server: ServerView) -> bool:
        """Whether a server that is there is what an entry says."""
        if isinstance(launch, Address):
            kind = self.control.credential(server.name).kind
            return server.url == launch.url and server.transport == launch.transport and kind in {"none", "headers"}
        command = read_commands(self.settings.state_dir).get(server.command or "")
        if command is None or command.cwd != launch.cwd:
            return False
        argv, env = unsealed(self.settings, server.command or "", command)
        mine = env if "PATH" in launch.env else {name: value for name, value in env.items() if name != "PATH"}
        return (argv, mine) == (_argv(launch), dict(launch.env))

    def prepare(self, id: str, entry: Planned, server: str, remarks: Sequence[str] = ()) -> Prepared:
        """Have a policy and the entry's grant be there. Errors: `AdminFault`, `OperatorFault`."""
        verdict = self.control.catalogue(server)
        policy, new = self._policy(server, verdict)
        grant = self._grant(id, entry, server, policy)
        counts: dict[str, int] = {}
        for tool in verdict.tools:
            counts[tool.risk] = counts.get(tool.risk, 0) + 1
        known = verdict.seen_at is not None
        hidden = tuple(tool.name for tool in verdict.tools if tool.rule is None)
        return Prepared(server, grant, policy, new, counts if known else None, hidden, tuple(remarks))

    def look(self, servers: Collection[str], *, now: bool) -> dict[str, str]:
        """Ask servers for their tools, several at once, but for those that told them already; what is not known, and why."""
        unknown = [server for server in sorted(servers) if self._problem(self.control.server_tools(server)) is not None]
        if not now:
            return {server: f"its tools are not known yet: `yett server look {server}` asks it" for server in unknown}
        with ThreadPoolExecutor(LOOKS_AT_ONCE, "yett wrap") as pool:
            found = list(pool.map(self._look, unknown))
        return {server: f"its tools are not known: {why}" for server, why in zip(unknown, found, strict=True) if why is not None}

    def _look(self, server: str) -> str | None:
        try:
            return self._problem(self.control.look_server(server))
        except YettError as fault:
            return str(fault)

    def _problem(self, told: ToolList) -> str | None:
        return "it was not asked" if told.health is None else told.health.problem

    def place(self, launch: Program | Address, name: str) -> list[str]:
        """Have the server be there, with what it is sent; what a person has to do next. Errors: `AdminFault`, `OperatorFault`."""
        there = self._find(name)
        if isinstance(launch, Program):
            self._list_program(launch, name)
            if there is None:
                self.control.add_server(NewServer(name=name, command=name, look=False))
            return []
        if there is None:
            self.control.add_server(NewServer(name=name, url=launch.url, transport=launch.transport, look=False))
        if launch.headers:
            self.control.set_credential(name, NewCredential(kind="headers", headers=dict(launch.headers)))
            return []
        if launch.oauth:
            return [f"its client signed in there by OAuth: `yett server credential {name} --kind authorization_code`"]
        return []

    def _list_program(self, launch: Program, name: str) -> None:
        """Secrets first: a list without them starts nothing, and they without a list are found again."""
        command, secrets = taken_apart(_argv(launch), launch.secret_words, launch.env, launch.cwd)
        self.secrets.replace(self.vault, name, secrets)
        if self.path and "PATH" not in command.env:
            command = replace(command, env={**command.env, "PATH": self.path})
        add_command(self.settings.state_dir, name, command)

    def _policy(self, server: str, verdict: ServerVerdict) -> tuple[str, bool]:
        """The policy of the entry's grant; whether it was made now. One that is there may be a person's, and stays."""
        there = {policy.name for policy in self.control.policies()}
        if self.policy not in {RECOMMENDED, OBSERVE}:
            return self.policy, False
        if server in there:
            return server, False
        document = verdict.policy if verdict.tools else by_class()
        if self.policy == OBSERVE:
            document = observing(document)
        message = f"{self.policy} when its first client was wrapped"
        self.control.set_policy(server, NewRevision(document=json.dumps(document), message=message))
        return server, True

    def _grant(self, id: str, entry: Planned, server: str, policy: str) -> str:
        """The id of the entry's one grant, whose token is in its file."""
        path = token_file(self.settings, id)
        own = self.grants(id)
        kept = entry.record.grant if entry.record is not None else None
        for grant in own:
            if grant.id == kept and grant.server == server and read_private(path):
                return grant.id
        for grant in own:
            self.control.revoke_grant(grant.id)
        label = f"{entry.client.value} {slug_of(entry.name)}"
        minted = self.control.mint_grant(
            NewGrant(server=server, policy=policy, label=label, tags={TAG: id}, reason="an entry of a client's configuration")
        )
        prepare_directory(path.parent)
        write_private(path, minted.token.encode())
        return minted.grant.id

    def grants(self, id: str) -> list[GrantView]:
        """The live grants of an entry."""
        return [grant for grant in self.control.grants() if grant.tags.get(TAG) == id and grant.status == "live"]

    def retire(self, id: str, record: Wrapped, others: Collection[Wrapped], *, keep: bool) -> str | None:
        """Take away what was made for an entry: its grant, and its server where nobody else uses that; what stays, if so."""
        for grant in self.grants(id):
            self.control.revoke_grant(grant.id)
        token_file(self.settings, id).unlink(missing_ok=True)
        if keep or not record.made or any(other.server == record.server for other in others):
            return f"the server `{record.server}` stays" if keep else None
        server = self._find(record.server)
        if server is not None and server.grants:
            return f"the server `{record.server}` stays: others have grants for it"
        if server is not None:
            self.control.remove_server(record.server)
        remove_command(self.settings.state_dir, record.server)
        self.secrets.drop(record.server)
        return None

    def _find(self, name: str) -> ServerView | None:
        return next((server for server in self.control.servers() if server.name == name), None)


def _argv(launch: Program) -> tuple[str, ...]:
    """With a program that is found from anywhere."""
    program = launch.argv[0]
    return (str(PurePosixPath(launch.cwd, program)) if "/" in program else program, *launch.argv[1:])
