"""What goes in and out about policies beside `views`: histories, differences, who has them, findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

from yett.admin.views import STRICT, GrantView, PolicyView, RevisionLine

REFERENCES_MAX: Final = 1_000
"""Grants that one change attaches or detaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionPage:
    items: list[RevisionLine]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which two revisions differ."""

    path: str
    """The id of a rule's part as it stands in the decision log (`/tools/pay/limits/day`), or a place in the document."""
    kind: Literal["added", "removed", "changed"]
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDiff:
    """How one revision differs from another."""

    earlier: RevisionLine | None
    """Null for nothing, which the first revision is compared with."""
    later: RevisionLine
    changes: list[Difference]
    """Empty where only the order of keys differs."""
    text: str
    """A unified diff of the canonical texts; empty where they are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEdit:
    """What is to change of a policy beside its text; what is left out stays."""

    __pydantic_config__: ClassVar = STRICT
    name: str | None = None
    server: str | None = None
    """The server whose grants alone may have it; empty for any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoring:
    """An old text is to become the newest."""

    __pydantic_config__: ClassVar = STRICT
    message: str = ""
    """`restores revision N`, if empty."""
    draft: bool = False
    base: int | None = None
    """The newest revision that one knows of; if there is a newer one, nothing happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """Which revision is to judge."""

    __pydantic_config__: ClassVar = STRICT
    number: int | None = None
    """The newest, if left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpublishing:
    __pydantic_config__: ClassVar = STRICT
    force: bool = False
    """Also while live grants have it: every call of theirs is denied then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantList:
    """Several grants, by id or label."""

    __pydantic_config__: ClassVar = STRICT
    grants: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantsChanged:
    grants: list[GrantView]
    applied: bool
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRemoved:
    policy: PolicyView
    """As it was."""
    applied: bool
    note: str | None = None
