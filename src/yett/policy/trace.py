"""What the evaluation saw, step by step, for those who ask why. Filled by the evaluation itself, never by a second one."""

from __future__ import annotations

from dataclasses import dataclass, field

from yett.policy.json_value import JsonValue


@dataclass(frozen=True, slots=True)
class Seen:
    """One condition as it was judged."""

    condition: str
    """As a person reads it: `args.amount gt 100`, `any`, `not`."""
    outcome: int
    """One of the outcomes of `yett.policy.operators`."""
    values: tuple[JsonValue, ...] = ()
    """What the path led to; nothing where it led nowhere, several with `[*]`."""
    parts: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the evaluation."""

    number: int
    """As in section 5 of the language."""
    name: str
    rule: str | None
    result: str
    """What the step came to, in words."""
    denies: bool = False
    shadow: bool = False
    """Whether the rule is in shadow mode, so that its denial did not stop the call."""
    seen: tuple[Seen, ...] = ()


@dataclass(slots=True)
class Trace:
    """Collects the steps of one evaluation in order."""

    steps: list[Step] = field(default_factory=list)

    def add(self, step: Step) -> None:
        """Remember one step."""
        self.steps.append(step)

    def pass_or_deny(self, number: int, name: str, rule: str | None, problem: str | None, passed: str) -> None:
        """Remember a step that denies where there is a `problem`, and says `passed` where there is none."""
        self.add(Step(number, name, rule, passed if problem is None else problem, problem is not None))
