"""What the demonstration shows: an agent in a git repository, which calls pass, and what must come of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from yett.policy.json_value import JsonValue

SERVER: Final = "repository"
POLICY: Final = "agent-in-repository"
GRANT: Final = "demo agent"
STAGED_FILE: Final = "draft.txt"
HIDDEN_TOOL: Final = "git_reset"


def policy(repository: Path) -> dict[str, JsonValue]:
    """The policy of the demonstration: read freely, branch below `agent/` twice an hour, never reset or commit."""
    return {
        "version": "1",
        "default": "deny",
        "description": "An agent may look around and propose branches. It cannot touch anything else.",
        "hide": [HIDDEN_TOOL],
        "all_tools": {
            "require": [
                {
                    "conditions": [{"path": "args.repo_path", "op": "path_within", "value": [str(repository)]}],
                    "on_deny": "Only this repository is open to agents.",
                }
            ]
        },
        "tools": {
            "git_status": {},
            "git_log": {},
            "git_branch": {},
            "git_create_branch": {
                "require": [
                    {
                        "conditions": [{"path": "args.branch_name", "op": "starts_with", "value": "agent/"}],
                        "on_deny": "Agents may only create branches below agent/.",
                    }
                ],
                "limits": [{"counter": "new_branches", "window": "hour", "sliding": True, "max": 2, "scope": "grant"}],
            },
        },
    }


@dataclass(frozen=True, slots=True)
class Effect:
    """What the repository must hold after a step."""

    branch: str | None = None
    exists: bool = True
    staged: bool = False
    """Whether the staged file must still be staged: it was neither reset nor committed."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One call of the agent, and what is promised of it."""

    what: str
    tool: str
    arguments: dict[str, str] = field(default_factory=dict)
    decision: str = "allow"
    code: str | None = None
    effect: Effect | None = None


SCENES: Final = (
    Scene("look at the working tree", "git_status"),
    Scene(
        "propose a branch",
        "git_create_branch",
        {"branch_name": "agent/fix-typo"},
        effect=Effect("agent/fix-typo"),
    ),
    Scene(
        "branch where agents may not",
        "git_create_branch",
        {"branch_name": "release/2.0"},
        "deny",
        "require_failed",
        Effect("release/2.0", exists=False),
    ),
    Scene("propose another branch", "git_create_branch", {"branch_name": "agent/tests"}, effect=Effect("agent/tests")),
    Scene(
        "and a third one within the hour",
        "git_create_branch",
        {"branch_name": "agent/more"},
        "deny",
        "limit_exceeded",
        Effect("agent/more", exists=False),
    ),
    Scene("commit what is staged", "git_commit", {"message": "oops"}, "deny", "not_listed", Effect(staged=True)),
    Scene("reset what is staged", HIDDEN_TOOL, {}, "deny", "hidden", Effect(staged=True)),
)
