"""The performance: sets up the gate as an operator would, sends the agent, and tells what happens as it happens."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass

from yett.admin.views import Control, GrantMinted, NewGrant, NewRevision, NewServer
from yett.app.control import connect
from yett.app.data_plane import STATE_FILE
from yett.demo import story
from yett.demo.agent import Agent, Reply, connected
from yett.demo.stage import Stage
from yett.demo.story import Effect, Scene
from yett.errors import OperatorFault
from yett.stores.commands import Command, add_command
from yett.stores.state_reader import LogEntry, LogFilter, StateReader


@dataclass(frozen=True, slots=True)
class Shown:
    """One scene as it went: what the agent got, what the decision log says, and what the repository holds."""

    scene: Scene
    reply: Reply
    entry: LogEntry | None
    failures: tuple[str, ...]

    @property
    def as_promised(self) -> bool:
        """Whether the decision and its effect were those that the story states."""
        return not self.failures


Tell = Callable[[str], None]


def set_up(stage: Stage, tell: Tell) -> GrantMinted:
    """Register the server, publish the policy, mint the grant; each step with the command that does the same."""
    settings = stage.settings
    argv = (sys.executable, "-m", "mcp_server_git", "--repository", str(stage.repository))
    with connect(settings) as control:
        tell(f"yett server add {story.SERVER} -- {shlex.join(('mcp-server-git', *argv[3:]))}")
        add_command(settings.state_dir, story.SERVER, Command(argv=argv))
        control.add_server(NewServer(name=story.SERVER, command=story.SERVER))
        tell(f"yett policy set {story.POLICY} policy.json")
        document = json.dumps(story.policy(stage.repository))
        control.set_policy(story.POLICY, NewRevision(document=document, message="demonstration"))
        tell(f"yett grant mint --server {story.SERVER} --policy {story.POLICY} --label {shlex.quote(story.GRANT)}")
        return _minted(control)


def _minted(control: Control) -> GrantMinted:
    minted = control.mint_grant(NewGrant(server=story.SERVER, label=story.GRANT, policy=story.POLICY))
    if not minted.applied:
        raise OperatorFault(f"the gate did not take the grant in time: {minted.note}")
    return minted


async def play(stage: Stage, minted: GrantMinted, each: Callable[[Shown], None]) -> list[str]:
    """Send the agent through all scenes; returns the tools that it was shown."""
    url = f"{stage.data_plane}/mcp/{story.SERVER}"
    reader = StateReader(stage.settings.state_dir / STATE_FILE)
    async with connected(url, minted.token) as agent:
        tools = await agent.tools()
        for scene in story.SCENES:
            each(await _shown(stage, agent, reader, scene))
    return tools


async def _shown(stage: Stage, agent: Agent, reader: StateReader, scene: Scene) -> Shown:
    before = reader.newest()
    reply = await agent.call(scene.tool, {"repo_path": str(stage.repository), **scene.arguments})
    entry = await asyncio.to_thread(reader.wait_for, LogFilter(after=before, tool=scene.tool))
    return Shown(scene, reply, entry, tuple(_failures(stage, scene, reply, entry)))


def _failures(stage: Stage, scene: Scene, reply: Reply, entry: LogEntry | None) -> list[str]:
    failures = []
    if entry is None:
        failures.append("the decision log has no record of it")
    elif (entry.decision, entry.code) != (scene.decision, scene.code):
        failures.append(f"the log says {entry.decision} {entry.code or ''}".strip())
    if reply.refused is not (scene.decision != "allow"):
        failures.append("the agent was answered otherwise")
    if scene.effect is not None:
        failures.extend(_wrong_effects(stage, scene.effect))
    return failures


def _wrong_effects(stage: Stage, effect: Effect) -> list[str]:
    failures = []
    if effect.branch is not None and stage.has_branch(effect.branch) is not effect.exists:
        failures.append(f"branch {effect.branch} {'is missing' if effect.exists else 'exists'}")
    if effect.staged and not stage.still_staged():
        failures.append("the staged file was touched")
    return failures


def client_configuration(stage: Stage, minted: GrantMinted) -> str:
    """What a user pastes into the configuration of an MCP client."""
    entry = {
        "type": "http",
        "url": f"{stage.data_plane}/mcp/{story.SERVER}",
        "headers": {"Authorization": f"Bearer {minted.token}"},
    }
    return json.dumps({"mcpServers": {story.SERVER: entry}}, indent=2)
