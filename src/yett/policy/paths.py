"""Paths of conditions: `args.items[*].price`, `args["odd.key"]`, `grant.tags.team`, `now.hour`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from yett.policy.errors import nearest
from yett.policy.vocabulary import CONTEXT_PATHS


class Every(Enum):
    """The step `[*]`: each element of a list."""

    ELEMENT = "[*]"


Step: TypeAlias = str | int | Every


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path. `root` is `args`, `grant.tags` or one of the context paths; only the first two have steps."""

    text: str
    """As written; part of rule ids."""
    root: str
    steps: tuple[Step, ...] = ()

    @property
    def wildcard(self) -> bool:
        """Whether it has a `[*]`."""
        return Every.ELEMENT in self.steps


class PathError(ValueError):
    """Not a path; the message says why."""


_KEY: Final = r"[A-Za-z_$][A-Za-z0-9_$-]*"
_STEP: Final = re.compile(rf'\.({_KEY})|\[(0|[1-9][0-9]*)\]|\[(\*)\]|\[("(?:[^"\\\x00-\x1f]|\\.)*")\]')


def parse_path(text: str) -> Path:
    """Read a path; `PathError` if it is none."""
    if text in CONTEXT_PATHS:
        return Path(text, text)
    for root in ("args", "grant.tags"):
        if text.startswith((f"{root}.", f"{root}[")):
            steps = _steps(text, len(root))
            if root == "grant.tags" and (len(steps) != 1 or not isinstance(steps[0], str)):
                raise PathError("`grant.tags` is followed by one key")
            return Path(text, root, steps)
    if text == "args":
        raise PathError("bare `args` is not a path; name an argument, as in `args.amount`")
    hint = nearest(text, [*CONTEXT_PATHS, "args.", "grant.tags."])
    raise PathError("a path starts with `args.`, `grant.`, `session.`, `server.`, `tool.`, `client.` or `now.`; " + (hint or ""))


def _steps(text: str, position: int) -> tuple[Step, ...]:
    steps: list[Step] = []
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise PathError(f'cannot read `{text[position:]}`; write `.key`, `[0]`, `[*]` or `["odd key"]`')
        steps.append(_step(match))
        position = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    bare, index, every, quoted = match.groups()
    if bare is not None:
        return str(bare)
    if index is not None:
        if len(index) > 15:
            raise PathError(f"index `{index}` is too large")
        return int(index)
    if every is not None:
        return Every.ELEMENT
    try:
        key = json.loads(quoted)
    except ValueError as error:
        raise PathError(f"`{quoted}` is not a JSON string") from error
    return str(key)
