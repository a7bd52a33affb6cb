"""Which keys of a policy concern a message: what its target is called there, and what of a list they show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Protocol

from yett.policy.compile import CompiledPolicy
from yett.policy.decision import Surface
from yett.policy.evaluate import visible
from yett.policy.references import template_visible
from yett.protocol.lists import ToolDefinition
from yett.protocol.messages import Message
from yett.protocol.targets import refers_to_resource
from yett.protocol.tasks import TASK_STATES, TASKS_RESULT

_SURFACES: Final[Mapping[str, Surface]] = {
    "tools/call": Surface.TOOL,
    "prompts/get": Surface.PROMPT,
    "resources/read": Surface.RESOURCE,
    "resources/subscribe": Surface.RESOURCE,
    "resources/unsubscribe": Surface.RESOURCE,
    **dict.fromkeys((*sorted(TASK_STATES), TASKS_RESULT), Surface.TOOL),
}
"""Of judged methods; a completion has that of what it refers to, and what is about a task that of the call that made it."""


def surface_of(message: Message) -> Surface:
    """What kind of thing a judged message is about."""
    surface = _SURFACES.get(message.method)
    if surface is not None:
        return surface
    return Surface.RESOURCE if refers_to_resource(message.params) else Surface.PROMPT


def shown(policy: CompiledPolicy | None, method: str) -> Callable[[str], bool]:
    """Which items the answer to a request for a list may show; but for tools, which have classes."""
    return _SHOWN[method](policy)


class ListedTools(Protocol):
    """What is known of tools that a server lists."""

    def class_of(self, server: str, tool: ToolDefinition) -> str | None: ...

    def is_changed(self, server: str, tool: ToolDefinition) -> bool: ...


def shown_tools(policy: CompiledPolicy | None, tools: ListedTools, server: str) -> Callable[[ToolDefinition], bool]:
    """Which tools a list may show. Classes are asked for only where they make a difference.

    INVARIANT: a definition that nobody accepted is not shown: its text could do its harm without a call.
    """
    if policy is None or not policy.by_class:
        return lambda tool: visible(policy, Surface.TOOL, tool.name) and not tools.is_changed(server, tool)
    return lambda tool: (
        visible(policy, Surface.TOOL, tool.name, tools.class_of(server, tool)) and not tools.is_changed(server, tool)
    )


_SHOWN: Final[Mapping[str, Callable[[CompiledPolicy | None], Callable[[str], bool]]]] = {
    "resources/list": lambda policy: partial(visible, policy, Surface.RESOURCE),
    "resources/templates/list": lambda policy: partial(template_visible, policy),
    "prompts/list": lambda policy: partial(visible, policy, Surface.PROMPT),
}
