"""What the demonstration shows: an agent that makes image notes, under four policies, and what must come of each call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from yett.demo.note import OUTLINE, PAGES, THEME
from yett.policy.json_value import JsonValue

SERVER: Final = "redbook"
CALLS_A_MINUTE: Final = 10
PAGES_A_DAY: Final = 6
PAGES_A_CALL: Final = 3
PAGES_UNASKED: Final = 2
REASON: Final = "two pages at a time are enough for today"
"""Why the person says no."""
HIDDEN_TOOL: Final = "list_all_projects"

Document = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Scene:
    """One call of the agent, and what is promised of it."""

    what: str
    tool: str
    arguments: Mapping[str, JsonValue] = field(default_factory=dict)
    """Without `projectId`, which the agent learns from its first call and sends with every later one."""
    decision: str = "allow"
    code: str | None = None
    drawn: frozenset[int] = frozenset()
    """The pages of the project that the server must hold pictures of afterwards, no more and no fewer."""
    person: Literal["approves", "denies"] | None = None
    """What a person does just before about the call that waits."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One policy, one grant that it governs, and what the agent tries with it."""

    title: str
    policy: str
    document: Document
    scenes: tuple[Scene, ...]
    counts_minutes: bool = False
    """Whether all its calls must fall into one UTC minute."""

    @property
    def grant(self) -> str:
        """Label of the grant: each scenario has an agent of its own."""
        return f"{self.policy} agent"


def _write() -> Scene:
    return Scene("write a note of seven pages", "generate_outline", {"theme": THEME, "outline": OUTLINE})


def _draw(what: str, pages: tuple[int, ...], drawn: frozenset[int], *denial: str) -> Scene:
    decision, code = ("deny", denial[0]) if denial else ("allow", None)
    return Scene(what, "generate_images", {"pages": list(pages)}, decision, code, drawn)


def _draw_asking(what: str, pages: tuple[int, ...], drawn: frozenset[int]) -> Scene:
    return Scene(what, "generate_images", {"pages": list(pages)}, "approval", "approval_required", drawn)


def _up_to(page: int) -> frozenset[int]:
    return frozenset(range(1, page + 1))


_ALL: Final = _up_to(PAGES)

CALLS: Final = Scenario(
    title=f"The documented rule: everything denied but three tools, and generate_images at most {CALLS_A_MINUTE} times a minute",
    policy="redbook-calls",
    document={
        "version": "1",
        "default": "deny",
        "tools": {
            "generate_images": {
                "limits": [{"counter": "generate_images_rate", "window": "minute", "max": CALLS_A_MINUTE, "scope": "grant"}]
            },
            "generate_outline": {
                "limits": [{"counter": "generate_outline_rate", "window": "minute", "max": 30, "scope": "grant"}]
            },
            "get_project": {},
        },
    },
    counts_minutes=True,
    scenes=(
        _write(),
        _draw("draw the cover", (1,), _up_to(1)),
        _draw("draw pages in the cover's style", (2, 3), _up_to(3)),
        _draw("and more", (4, 5), _up_to(5)),
        _draw("and the last two", (6, 7), _ALL),
        *(_draw("try another picture", (page,), _ALL) for page in (2, 3, 4, 5, 6, 7)),
        _draw("the eleventh within the minute", (2,), _ALL, "limit_exceeded"),
        Scene("open the project", "get_project", drawn=_ALL),
        Scene(
            "rewrite it, which no rule allows",
            "update_outline",
            {"outline": [{"type": "cover", "content": "Anything at all"}]},
            "deny",
            "not_listed",
            _ALL,
        ),
    ),
)

BUDGET: Final = Scenario(
    title=f"Pages cost money, calls do not: at most {PAGES_A_DAY} pages a day, however they are split",
    policy="redbook-pages",
    document={
        "version": "1",
        "default": "deny",
        "tools": {
            "generate_images": {
                "limits": [
                    {
                        "counter": "pages",
                        "window": "day",
                        "sliding": True,
                        "max": PAGES_A_DAY,
                        "scope": "grant",
                        "increment_size_of": "args.pages",
                    }
                ]
            },
            "generate_outline": {},
        },
    },
    scenes=(
        _write(),
        _draw("three pages", (1, 2, 3), _up_to(3)),
        _draw("two more", (4, 5), _up_to(5)),
        _draw("two, where one is left", (6, 7), _up_to(5), "limit_exceeded"),
        _draw("the one that is left", (6,), _up_to(6)),
        Scene("all pages, without a number", "generate_images", {}, "deny", "require_failed", _up_to(6)),
    ),
)

ARGUMENTS: Final = Scenario(
    title=f"Arguments count: at most {PAGES_A_CALL} pages in one call, and the list of projects is out of sight",
    policy="redbook-arguments",
    document={
        "version": "1",
        "default": "deny",
        "hide": [HIDDEN_TOOL],
        "tools": {
            "generate_images": {
                "require": [
                    {
                        "conditions": [{"path": "args.pages", "op": "size_lte", "value": PAGES_A_CALL}],
                        "on_deny": f"Name the pages, and at most {PAGES_A_CALL} of them.",
                    }
                ]
            },
            "generate_outline": {},
        },
    },
    scenes=(
        _write(),
        _draw("four pages at once", (1, 2, 3, 4), frozenset(), "require_failed"),
        _draw("three", (1, 2, 3), _up_to(3)),
        Scene("look for other people's notes", HIDDEN_TOOL, {}, "deny", "hidden", _up_to(3)),
    ),
)

APPROVALS: Final = Scenario(
    title=f"A person decides: more than {PAGES_UNASKED} pages in one call wait for an approval, good for that call, once",
    policy="redbook-approvals",
    document={
        "version": "1",
        "default": "deny",
        "tools": {
            "generate_images": {
                "require": [
                    {"conditions": [{"path": "args.pages", "op": "exists", "value": True}], "on_deny": "Name the pages."}
                ],
                "require_approval": [
                    {
                        "conditions": [{"path": "args.pages", "op": "size_gte", "value": PAGES_UNASKED + 1}],
                        "on_deny": f"More than {PAGES_UNASKED} pages at once take a person's word.",
                        "timeout": "30m",
                    }
                ],
            },
            "generate_outline": {},
        },
    },
    scenes=(
        _write(),
        _draw("two pages, which nobody is asked about", (1, 2), _up_to(2)),
        _draw_asking("three more", (3, 4, 5), _up_to(2)),
        replace(_draw("the same call, after a person has approved it", (3, 4, 5), _up_to(5)), person="approves"),
        _draw_asking("once more: the approval is used up", (3, 4, 5), _up_to(5)),
        replace(
            _draw("and after a person has said no", (3, 4, 5), _up_to(5), "approval_denied"),
            person="denies",
        ),
    ),
)

SCENARIOS: Final = (CALLS, BUDGET, ARGUMENTS, APPROVALS)
