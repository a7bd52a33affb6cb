"""What is wrong with a policy, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from yett.errors import ClientFault


@dataclass(frozen=True, slots=True)
class PolicyError:
    """One defect: where (JSON Pointer), what, and what to write instead if that is known."""

    pointer: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        place = f"at `{self.pointer}`: " if self.pointer else ""
        return f"{place}{self.message}" + (f"; {self.hint}" if self.hint else "")


class PolicyErrors(ClientFault):
    """A policy was refused; `errors` holds every defect in document order."""

    def __init__(self, errors: Sequence[PolicyError]) -> None:
        self.errors = tuple(errors)
        more = f" (and {len(self.errors) - 1} more)" if len(self.errors) > 1 else ""
        super().__init__(f"policy refused: {self.errors[0]}{more}")


def pointer_join(pointer: str, *steps: str | int) -> str:
    """`pointer` extended by reference tokens, escaped as RFC 6901 says."""
    return pointer + "".join(f"/{escape_token(str(step))}" for step in steps)


def escape_token(token: str) -> str:
    """One reference token of a JSON Pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def nearest(word: str, known: Sequence[str]) -> str | None:
    """A hint that names the known word most like `word`, or the known words where few."""
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean `{close[0]}`?"
    return "known are " + ", ".join(f"`{name}`" for name in known) if len(known) <= 16 else None


class LiteralError(ValueError):
    """A literal of an operator cannot be used; `index` is the element of a list of literals, or None."""

    def __init__(self, index: int | None, message: str) -> None:
        super().__init__(message)
        self.index = index
