"""What the linter says. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How sure it is that the policy does not mean what its author wants."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """For comparing: higher is worse."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a policy surely, or probably, does not mean."""

    code: str
    """Stable, of `CODES` in `yett.policy.lint`."""
    severity: Severity
    pointer: str
    """Where, in the document as it was written."""
    message: str
    hint: str | None = None


def warning(code: str, pointer: str, message: str, hint: str | None = None) -> Finding:
    """A finding of the usual severity."""
    return Finding(code, Severity.WARNING, pointer, message, hint)


def note(code: str, pointer: str, message: str, hint: str | None = None) -> Finding:
    """A finding that may well be meant."""
    return Finding(code, Severity.NOTE, pointer, message, hint)
