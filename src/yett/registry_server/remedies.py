"""What each reason of a denial means, and what would make the call pass. Pure.

It says nothing of whose call it was, nor of any other grant, policy or counter.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from yett.policy.decision import Code


class Remedy(NamedTuple):
    """Both in a sentence."""

    means: str
    passes: str


REMEDIES: Final[Mapping[Code, Remedy]] = MappingProxyType(
    {
        Code.NO_POLICY: Remedy(
            "the grant has no policy, so nothing is allowed", "an administrator attaches a policy to the grant"
        ),
        Code.HIDDEN: Remedy("the policy hides it, and the client is told that it does not exist", "another policy"),
        Code.UNKNOWN_TOOL: Remedy("the server lists no tool of this name", "a name from the server's list"),
        Code.TOOL_CHANGED: Remedy(
            "the tool is not as it was when it was accepted", "a person looks at the change and accepts it (`yett server drift`)"
        ),
        Code.NOT_LISTED: Remedy("no rule names it, and what is not named is denied", "a rule for it in the policy"),
        Code.ARGUMENT_SCHEMA: Remedy("the arguments do not fit the tool's input schema", "arguments that fit the schema"),
        Code.ARGUMENT_TYPE: Remedy(
            "an argument has a type that a rule cannot judge", "a value of the type that the schema names"
        ),
        Code.REQUIRE_FAILED: Remedy("something that the policy requires does not hold", "arguments for which it holds"),
        Code.DENY_IF_MATCHED: Remedy("a condition holds under which the policy denies", "arguments for which it does not hold"),
        Code.LIMIT_EXCEEDED: Remedy("a limit is full", "the same call later, or a higher limit"),
        Code.APPROVAL_REQUIRED: Remedy("people must approve this call", "an approval, and then the very same call"),
        Code.APPROVAL_DENIED: Remedy(
            "people were asked about this very call, and said no", "another call, or asking them again later"
        ),
        Code.APPROVALS_FULL: Remedy("too many calls wait for people already", "waiting until people have decided some of them"),
        Code.COUNTER_UNAVAILABLE: Remedy("the counters cannot be read", "the operator repairs the store; try again later"),
        Code.AUDIT_UNAVAILABLE: Remedy("the decision cannot be recorded", "the operator repairs the store; try again later"),
        Code.CREDENTIAL_UNAVAILABLE: Remedy("the gateway's credential for the server cannot be read", "the operator provides it"),
        Code.STOPPED: Remedy("people have stopped this", "they let it go on"),
        Code.TOOLS_UNAVAILABLE: Remedy("the server's list of tools cannot be read", "the server answers again; try again later"),
    }
)
REFUSED: Final = Remedy("the request was refused before it became a call", "a request of the form that the message asks for")
ALLOWED: Final = Remedy("it was not denied by the policy; the call was forwarded", "nothing: it passed the policy")
SHADOW: Final = Remedy("the call was forwarded; a rule in shadow mode would have denied it", "nothing: the rule only watches")
APPROVAL: Final = Remedy("people must approve this call", "an approval, and then the very same call")


def remedy(decision: str, code: str | None) -> Remedy:
    """What is said of a decision with this code; a code that is not known says only that it denied."""
    if decision == "refused":
        return REFUSED
    if decision in {"would_deny", "would_ask"}:
        return SHADOW
    if decision == "allow":
        return ALLOWED
    known = next((REMEDIES[one] for one in REMEDIES if one.value == code), None)
    return known or (APPROVAL if decision == "approval" else Remedy("the policy denies it", "another policy"))


def condition(rule: str | None) -> str | None:
    """Which argument a rule looks at, where its name tells: `/tools/pay/deny_if/args.amount-gt`."""
    if rule is None or ("/deny_if/" not in rule and "/require/" not in rule):
        return None
    path, dash, operator = rule.rpartition("/")[2].partition("#")[0].rpartition("-")
    return f"`{path}`, by `{operator}`" if dash and path else None
