"""A policy document in canonical form: parsed, checked, without sugar. Frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

from yett.policy.json_value import JsonValue
from yett.policy.paths import Path
from yett.policy.vocabulary import TIMEOUT_DEFAULT_S
from yett.quota.charge import Amount
from yett.quota.windows import Window


class Mode(Enum):
    """Whether a rule's denials stop the call."""

    ENFORCE = "enforce"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One test of one path."""

    path: Path
    operator: str
    value: JsonValue
    match: str | None = None
    """`every` or `some` where the path has a `[*]`."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds if one of `conditions` (never empty) holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Swaps TRUE and FALSE of `condition`."""

    condition: Condition


Condition: TypeAlias = Leaf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Entry:
    """Conditions that are ANDed; none of them: always holds."""

    conditions: tuple[Condition, ...]
    on_deny: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalEntry(Entry):
    """An entry of `require_approval`."""

    timeout_s: int = TIMEOUT_DEFAULT_S
    approvers: tuple[str, ...] = ()
    """Empty: any `admin` or `policy_manager`."""
    quorum: int = 1


@dataclass(frozen=True, slots=True)
class Limit:
    """A quota."""

    counter: str
    window: Window
    """Carries `sliding`."""
    maximum: Amount
    scope: str = "grant"
    increment_from: Path | None = None
    increment_size_of: Path | None = None
    increment_default: Amount | None = None
    on_deny: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What a call must satisfy. An empty rule allows."""

    require: tuple[Entry, ...] = ()
    deny_if: tuple[Entry, ...] = ()
    require_approval: tuple[ApprovalEntry, ...] = ()
    limits: tuple[Limit, ...] = ()
    validate_arguments: bool | None = None
    mode: Mode | None = None


_NONE: Mapping[str, Rule] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class HiddenClass:
    """An element of `hide` that names a catalogue class."""

    risk: str


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy document. Maps keep the order of the document."""

    default_allows: bool
    hide: tuple[str | HiddenClass, ...] = ()
    hide_unpermitted: bool = False
    validate_arguments: bool = False
    all_tools: Rule | None = None
    tools: Mapping[str, Rule] = field(default_factory=lambda: _NONE)
    risk: Mapping[str, Rule] | None = None
    """None where the document has no `risk`, which is not the same as an empty one."""
    resources: Mapping[str, Rule] = field(default_factory=lambda: _NONE)
    prompts: Mapping[str, Rule] = field(default_factory=lambda: _NONE)
    server_requests: Mapping[str, bool] = field(default_factory=dict)
    """Kind → allowed."""
    mode: Mode = Mode.ENFORCE
    timezone: str = "UTC"
    description: str | None = None
    schema: str | None = None
    """The `$schema` of the document, kept for editors."""
