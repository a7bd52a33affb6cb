"""One letter for a server: how much its tools could do if nobody held them. Pure, and explained with its reasons.

A: it only reads. B: it also writes, reversibly. C: some of its tools run things, remove things or move money. D: a quarter or
more of them do. F: something in its definitions works against whoever reads them: orders to the model, hidden characters, a name
that imitates another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from yett.catalog.model import RiskClass, ShownVerdict

Letter = Literal["A", "B", "C", "D", "F"]
HOSTILE: Final = frozenset({"instructions", "hidden_text", "lookalike_name"})
DANGEROUS: Final = frozenset({RiskClass.EXECUTE, RiskClass.DESTRUCTIVE, RiskClass.FINANCIAL})
MANY: Final = 0.25
"""Share of dangerous tools from which a server is a D."""


@dataclass(frozen=True, slots=True)
class Grade:
    """The letter, and why."""

    letter: Letter
    why: str


def grade(tools: Sequence[ShownVerdict]) -> Grade:
    """The grade of a server with these tools."""
    hostile = [tool.verdict.name for tool in tools if HOSTILE & set(tool.verdict.codes)]
    if hostile:
        return Grade("F", f"the definition of `{hostile[0]}` works against whoever reads it")
    dangerous = [tool for tool in tools if tool.risk in DANGEROUS]
    if dangerous:
        few = len(dangerous) < MANY * len(tools)
        share = f"{len(dangerous)} of {len(tools)} tools run things, remove things or move money"
        return Grade("C" if few else "D", share)
    if any(tool.risk is RiskClass.WRITE for tool in tools):
        return Grade("B", "its tools read and write, and what they write can be undone")
    return Grade("A", "its tools only read" if tools else "it has no tools")
