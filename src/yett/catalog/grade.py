"""One letter for a server: how much its tools could do if nobody held them. Pure, and explained with its terms.

The formula is `FORMULA`; A to D are about what its tools can do, F about a definition, or a whole server, that works against
whoever meets it: orders to the model, hidden characters, a name that imitates another, a possible impostor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from yett.catalog.model import Brief, RiskClass, ShownVerdict

Letter = Literal["A", "B", "C", "D", "F"]
LETTERS: Final[tuple[Letter, ...]] = ("A", "B", "C", "D", "F")
"""The best first."""
HOSTILE: Final = frozenset({"instructions", "hidden_text", "lookalike_name"})
DANGEROUS: Final = frozenset({RiskClass.EXECUTE, RiskClass.DESTRUCTIVE, RiskClass.FINANCIAL})
MANY: Final = 0.25
"""Share of dangerous tools from which a server is a D."""
FORMULA: Final = (
    "F if impostor or hostile > 0; else D if dangerous > 0 and dangerous / tools >= 0.25; else C if dangerous > 0;"
    " else B if writing > 0; else A"
)
"""Published: `hostile` counts definitions that work against the reader, `dangerous` tools of class Execute, Destructive or
Financial, `writing` those of class Write."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the formula is fed with."""

    tools: int
    hostile: int
    dangerous: int
    writing: int
    impostor: bool = False

    @property
    def letter(self) -> Letter:
        """The formula's answer."""
        if self.impostor or self.hostile:
            return "F"
        if self.dangerous:
            return "D" if self.dangerous >= MANY * self.tools else "C"
        return "B" if self.writing else "A"

    @property
    def shown(self) -> str:
        """The terms in one line, by the formula's names."""
        share = f"{self.dangerous / self.tools:.2f}" if self.tools else "0"
        counts = f"tools = {self.tools}, hostile = {self.hostile}, dangerous = {self.dangerous}, writing = {self.writing}"
        return f"{counts}, dangerous / tools = {share}, impostor = {'yes' if self.impostor else 'no'}"


@dataclass(frozen=True, slots=True)
class Grade:
    """The letter, and why."""

    letter: Letter
    why: str
    terms: Terms = Terms(0, 0, 0, 0)


def grade(tools: Sequence[ShownVerdict], impostor: str | None = None) -> Grade:
    """The grade of a server with these tools; `impostor` says why it may be one."""
    return graded([Brief(tool.verdict.name, "", tool.risk, tool.severity, tool.verdict.codes) for tool in tools], impostor)


def graded(tools: Sequence[Brief], impostor: str | None = None) -> Grade:
    """The same by what counts of each."""
    hostile = [tool.name for tool in tools if not HOSTILE.isdisjoint(tool.codes)]
    classes = Counter([tool.risk for tool in tools])
    terms = Terms(
        tools=len(tools),
        hostile=len(hostile),
        dangerous=sum(classes[risk] for risk in DANGEROUS),
        writing=classes[RiskClass.WRITE],
        impostor=impostor is not None,
    )
    return Grade(terms.letter, _why(terms, hostile, impostor), terms)


def _why(terms: Terms, hostile: Sequence[str], impostor: str | None) -> str:
    if impostor is not None:
        return f"it may be an impostor: {impostor}"
    if hostile:
        return f"the definition of `{hostile[0]}` works against whoever reads it"
    if terms.dangerous:
        return f"{terms.dangerous} of {terms.tools} tools run things, remove things or move money"
    if terms.writing:
        return "its tools read and write, and what they write can be undone"
    return "its tools only read" if terms.tools else "it has no tools"
