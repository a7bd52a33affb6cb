"""The reasons of a verdict as sentences, with the words that they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from yett.catalog.model import Evidence, Place, RiskClass, Severity, ToolDefinition

_WHERE: Final = {
    Place.NAME: "in the name",
    Place.TITLE: "in the title",
    Place.DESCRIPTION: "in the description",
    Place.SCHEMA: "in the input schema",
    Place.ANNOTATIONS: "in the server's hints",
    Place.SIBLINGS: "by its server's other tools",
}
_QUOTED_MAX: Final = 3
"""Pieces of evidence that are quoted."""


def rationale(
    tool: ToolDefinition, risk: RiskClass, severity: Severity, evidence: Sequence[Evidence], raised: str | None, *, unsure: bool
) -> str:
    """Why the tool is of this class: the class, the quotations, and what is missing."""
    told = [piece for piece in evidence if piece.risk in {risk, None}][:_QUOTED_MAX]
    sentences = [f"{risk}: {_sentence(told[0])}." if told else f"{risk}: nothing says what it does."]
    sentences += [f"Also {_sentence(piece)}." for piece in told[1:]]
    against = next((piece for piece in evidence if piece.risk is not None and piece.risk is not risk), None)
    if against is not None:
        sentences.append(
            f"Against it, {_sentence(against)} ({against.risk}); the worse counts, and the server's words lower nothing."
        )
    if not tool.description.strip():
        sentences.append(
            "There is no description: this rests on the name" + (" and the schema." if tool.input_schema else " alone.")
        )
    if raised is not None:
        sentences.append(f"The severity is {severity} because {raised}.")
    if unsure:
        sentences.append(
            "This is unsure: where the evidence leaves two classes open, the stricter is given; have a person look at it."
        )
    return " ".join(sentences)


def _sentence(piece: Evidence) -> str:
    quote = f" (“{piece.quote}”)" if piece.quote else ""
    return f"{piece.shows}, {_WHERE[piece.place]}{quote}"
