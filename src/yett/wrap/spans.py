"""Values of a file as places in its text, so that only what is meant to change does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Step = str | int


@dataclass(frozen=True, slots=True)
class Node:
    """A value from `start` to `end`, a character after its last one. Scalars have neither members nor items."""

    start: int
    end: int
    members: tuple[Member, ...] | None = None
    items: tuple[Node, ...] | None = None

    def below(self, way: Sequence[Step]) -> Node | None:
        """The value at the end of `way`: keys of objects, and numbers in lists."""
        node: Node | None = self
        for step in way:
            if node is None:
                return None
            if isinstance(step, int):
                node = node.items[step] if node.items is not None and step < len(node.items) else None
            else:
                node = next((member.value for member in node.members or () if member.key == step), None)
        return node


@dataclass(frozen=True, slots=True)
class Member:
    """A key with its value; ends where the value does."""

    key: str
    start: int
    value: Node
    comma: int | None = None
    """Where the comma after it is, if there is one."""

    @property
    def end(self) -> int:
        """A character after its last one."""
        return self.value.end


def line_start(text: str, at: int) -> int:
    """Where the line of `at` begins."""
    return text.rfind("\n", 0, at) + 1


def line_of(text: str, at: int) -> int:
    """The number of the line, from 1."""
    return text.count("\n", 0, at) + 1


def line_break(text: str) -> str:
    """What ends lines in `text`."""
    return "\r\n" if "\r\n" in text else "\n"
