"""What the client is told: the policy's own text, else one sentence that says what would make the call pass."""

from __future__ import annotations

from yett.policy.compile import CompiledEntry, CompiledLimit
from yett.policy.decision import Call, Code, Surface
from yett.policy.operators import ILL, Outcome

_NOUNS = {Surface.TOOL: "tool", Surface.RESOURCE: "resource", Surface.PROMPT: "prompt"}


def no_policy() -> str:
    """The grant has no policy."""
    return "this grant has no policy, so every call is denied; ask for one to be attached"


def unknown_tool(name: str) -> str:
    """Hidden tools and tools that do not exist read the same."""
    return f"Unknown tool: {name}"


def tool_changed(name: str) -> str:
    """The tool is not what was approved."""
    what = f"tool `{name}`, or the server that it is on, has changed since it was approved"
    return f"{what}; someone must look at it again before it may be called"


def not_listed(call: Call) -> str:
    """Nothing in the policy admits the name."""
    return f"{_NOUNS[call.surface]} `{call.name}` is not among those that this grant's policy allows"


def no_schema() -> str:
    """There is nothing to validate against."""
    return "the tool's input schema is not known or cannot be used, and the policy demands that arguments are checked against it"


def schema(problem: str) -> str:
    """The arguments do not satisfy the schema."""
    return problem


def require_failed(entry: CompiledEntry, outcome: Outcome) -> str:
    """A requirement does not hold."""
    if outcome == ILL or entry.on_deny is not None:
        return ill(entry)
    return f"the call passes only with {_conditions(entry)}"


def deny_if_matched(entry: CompiledEntry, outcome: Outcome) -> str:
    """A reason to deny holds."""
    if outcome == ILL or entry.on_deny is not None:
        return ill(entry)
    return f"calls with {_conditions(entry)} are denied" if entry.conditions else "the policy denies every call of this"


def ill(entry: CompiledEntry) -> str:
    """Something is there that a condition cannot judge."""
    if entry.on_deny is not None:
        return entry.on_deny
    return (
        f"an argument is not of a kind that can be judged by {_conditions(entry)}; send it in the form that the condition names"
    )


def approval_required(entry: CompiledEntry) -> str:
    """People must agree first."""
    if entry.on_deny is not None:
        return entry.on_deny
    if entry.conditions:
        return f"a person must approve calls with {_conditions(entry)} first"
    return "a person must approve this call first"


def bad_amount(limit: CompiledLimit, code: Code) -> str:
    """A limit cannot tell what the call adds."""
    if limit.limit.on_deny is not None:
        return limit.limit.on_deny
    path = limit.limit.increment_from or limit.limit.increment_size_of
    assert path is not None
    if code is Code.REQUIRE_FAILED:
        return f"`{path.text}` is missing, and limit `{limit.limit.counter}` counts it"
    wanted = "a list" if limit.limit.increment_size_of is not None else "a number of at least 0"
    return f"`{path.text}` must be {wanted}: limit `{limit.limit.counter}` counts it"


def _conditions(entry: CompiledEntry) -> str:
    """The conditions as a client may see them: what they compare its own arguments with, but not who else is let in."""
    return " and ".join(f"`{part.id if part.parts or part.private else part.text}`" for part in entry.conditions)
