"""One thing that a definition says its tool does, and where it says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from yett.catalog.model import Evidence, Place, RiskClass
from yett.catalog.quoting import quoted


@dataclass(frozen=True, slots=True)
class Act:
    """A verb found, and its class with its object."""

    place: Place
    risk: RiskClass
    word: str
    """The verb as it stands there."""
    quote: str
    shows: str
    certain: bool = True
    """Whether the verb with its object settles the class."""
    noun_too: bool = False
    vague: bool = False
    by_object: bool = False
    """Whether the object had a say in the class."""
    leads: bool = True
    """Whether it is what the sentence is about, and not one of several things it mentions."""

    def evidence(self) -> Evidence:
        """The quotation, and what it shows."""
        return Evidence(self.place, quoted(self.quote), f"`{quoted(self.word, 40)}` {self.shows}", self.risk)


def worst(acts: Iterable[Act]) -> Act | None:
    """The act of the highest class; of equals the first. None where there is none."""
    found: Act | None = None
    for act in acts:
        if found is None or act.risk.rank > found.risk.rank:
            found = act
    return found
