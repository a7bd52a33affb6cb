"""The performance: sets up the gate as an operator would, sends the agents, and tells what happens as it happens."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final, Protocol

from yett.admin.approvals_views import CallApproval, CallDenial
from yett.admin.control import Control
from yett.admin.views import GrantMinted, NewGrant, NewRevision, NewServer
from yett.app.control import connect
from yett.app.data_plane import STATE_FILE
from yett.demo import story
from yett.demo.agent import Agent, Reply, Seen, Witness, connected, witnessing
from yett.demo.note import PAGES
from yett.demo.stage import Stage
from yett.demo.story import Scenario, Scene
from yett.errors import OperatorFault
from yett.policy.json_value import JsonValue
from yett.ports import Clock
from yett.stores.commands import Command, add_command
from yett.stores.state_reader import LogEntry, LogFilter, StateReader

MINUTE_S: Final = 60
ROOM_S: Final = 20
"""So much of a minute must be left for calls that are counted by the minute."""
NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Shown:
    """One scene as it went: what the agent got, what the decision log says, and what the server holds."""

    scenario: Scenario
    scene: Scene
    reply: Reply
    entry: LogEntry | None
    failures: tuple[str, ...]

    @property
    def as_promised(self) -> bool:
        """Whether the decision and its effect were those that the story states."""
        return not self.failures


@dataclass(frozen=True, slots=True)
class Played:
    """What came of the whole performance."""

    scenes: tuple[Shown, ...]
    tools: Mapping[str, tuple[str, ...]]
    """By policy: what its agent was shown."""
    project_id: str
    """Of the first note."""

    @property
    def hidden(self) -> bool:
        """Whether the hidden tool was out of sight where it should be, and the list was not just empty."""
        tools = self.tools.get(story.ARGUMENTS.policy, ())
        return bool(tools) and story.HIDDEN_TOOL not in tools

    @property
    def wrong(self) -> int:
        """How much was not as promised."""
        return sum(not shown.as_promised for shown in self.scenes) + (not self.hidden)


class Audience(Protocol):
    """Who is told, and when."""

    def begin(self, scenario: Scenario) -> None:
        """The next scenario begins."""

    def wait(self, seconds: int) -> None:
        """So long nothing will happen: the clock must reach a new minute."""

    def see(self, shown: Shown) -> None:
        """One scene is over."""


def set_up(stage: Stage, tell: Callable[[str], None]) -> Mapping[str, GrantMinted]:
    """Register the server, publish the policies, mint a grant for each; every step with the command that does the same."""
    with connect(stage.settings) as control:
        tell(f"yett server add {story.SERVER} -- redbook-mcp")
        command = Command(argv=stage.server, env=dict(stage.server_environment))
        add_command(stage.settings.state_dir, story.SERVER, command)
        control.add_server(NewServer(name=story.SERVER, command=story.SERVER))
        return {scenario.policy: _granted(control, scenario, tell) for scenario in story.SCENARIOS}


def _granted(control: Control, scenario: Scenario, tell: Callable[[str], None]) -> GrantMinted:
    tell(f"yett policy set {scenario.policy} {scenario.policy}.json")
    control.set_policy(scenario.policy, NewRevision(document=json.dumps(scenario.document), message="demonstration"))
    tell(f"yett grant mint --server {story.SERVER} --policy {scenario.policy} --label {shlex.quote(scenario.grant)}")
    minted = control.mint_grant(NewGrant(server=story.SERVER, label=scenario.grant, policy=scenario.policy))
    if not minted.applied:
        raise OperatorFault(f"the gate did not take the grant in time: {minted.note}")
    return minted


async def play(stage: Stage, grants: Mapping[str, GrantMinted], audience: Audience, clock: Clock) -> Played:
    """Send the agents through all scenarios."""
    url = f"{stage.data_plane}/mcp/{story.SERVER}"
    reader = StateReader(stage.settings.state_dir / STATE_FILE)
    scenes: list[Shown] = []
    tools: dict[str, tuple[str, ...]] = {}
    project_id = ""
    async with AsyncExitStack() as stack:
        witness = await stack.enter_async_context(witnessing(stage))
        for scenario in story.SCENARIOS:
            agent = await stack.enter_async_context(connected(url, grants[scenario.policy].token))
            tools[scenario.policy] = tuple(await agent.tools())
            audience.begin(scenario)
            if scenario.counts_minutes and (left_s := seconds_to_wait(clock.now_ns())):
                audience.wait(left_s)
                await asyncio.sleep(left_s)
            run = _Run(stage, scenario, agent, witness, reader)
            for scene in scenario.scenes:
                scenes.append(await run.scene(scene))
                audience.see(scenes[-1])
            project_id = project_id or run.project_id
    return Played(tuple(scenes), tools, project_id)


def seconds_to_wait(now_ns: int) -> int:
    """How long until a UTC minute with enough room for calls that are counted by the minute; 0 where this one has it."""
    left_s = MINUTE_S - now_ns // NS % MINUTE_S
    return left_s if left_s < ROOM_S else 0


@dataclass(slots=True)
class _Run:
    """One agent on its way through a scenario."""

    stage: Stage
    scenario: Scenario
    agent: Agent
    witness: Witness
    reader: StateReader
    project_id: str = ""

    async def scene(self, scene: Scene) -> Shown:
        """Make the call, read the decision back from the log, and look at what the server holds."""
        if scene.person is not None:
            await asyncio.to_thread(decide, self.stage, approve=scene.person == "approves")
        before = self.reader.newest()
        known: dict[str, JsonValue] = {"projectId": self.project_id} if self.project_id else {}
        reply = await self.agent.call(scene.tool, {**known, **scene.arguments} if scene.tool != story.HIDDEN_TOOL else {})
        entry = await asyncio.to_thread(self.reader.wait_for, LogFilter(after=before, tool=scene.tool))
        self.project_id = self.project_id or str(reply.value.get("projectId", ""))
        seen = await self.witness.look(self.project_id)
        return Shown(self.scenario, scene, reply, entry, tuple(failures_of(scene, reply, entry, seen)))


def decide(stage: Stage, *, approve: bool) -> None:
    """Do what a person does about the call that waits. Errors: `OperatorFault` where none does."""
    with connect(stage.settings) as control:
        waiting = control.approvals("pending")
        if not waiting:
            raise OperatorFault("no call waits for a person")
        if approve:
            control.approve_call(waiting[0].id, CallApproval())
        else:
            control.deny_call(waiting[0].id, CallDenial(reason=story.REASON))


def failures_of(scene: Scene, reply: Reply, entry: LogEntry | None, seen: Seen) -> list[str]:
    """What was not as the story states."""
    failures = []
    if entry is None:
        failures.append("the decision log has no record of it")
    elif (entry.decision, entry.code) != (scene.decision, scene.code):
        failures.append(f"the log says {entry.decision} {entry.code or ''}".strip())
    if reply.refused is not (scene.decision != "allow"):
        failures.append("the agent was answered otherwise")
    if seen.pages != PAGES:
        failures.append(f"the server holds a note of {seen.pages} pages")
    if seen.drawn != scene.drawn:
        failures.append(f"the server holds pictures of pages {sorted(seen.drawn)}")
    return failures


def client_configuration(stage: Stage, minted: GrantMinted) -> str:
    """What a user pastes into the configuration of an MCP client."""
    entry = {
        "type": "http",
        "url": f"{stage.data_plane}/mcp/{story.SERVER}",
        "headers": {"Authorization": f"Bearer {minted.token}"},
    }
    return json.dumps({"mcpServers": {story.SERVER: entry}}, indent=2)
