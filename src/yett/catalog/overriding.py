"""Whose class counts: the classifier's, an administrator's, and what a language model said beside it."""

from __future__ import annotations

from yett.catalog.model import Opinion, Override, Severity, ShownVerdict, Verdict
from yett.catalog.severity import BASE


def shown(verdict: Verdict, override: Override | None = None, opinion: Opinion | None = None) -> ShownVerdict:
    """The verdict as it is shown and enforced.

    An administrator's word is final, up and down. Without one, an opinion counts where it is the higher class: it can only raise.
    """
    if override is not None:
        return ShownVerdict(verdict, override.risk, override.severity or BASE[override.risk], override, opinion)
    if opinion is not None and opinion.risk is not None and opinion.risk.rank > verdict.risk.rank:
        return ShownVerdict(verdict, opinion.risk, _higher(BASE[opinion.risk], verdict.severity), None, opinion)
    return ShownVerdict(verdict, verdict.risk, verdict.severity, None, opinion)


def _higher(first: Severity, second: Severity) -> Severity:
    return first if first.rank >= second.rank else second
