"""Templates and completions: what is decided before the arguments are known."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.clock import START_NS
from tests.support.policies import ALLOW_ALL, compiled, facts, policy
from yett.policy.decision import Call, Code, Decision, Effect, Grant, Surface
from yett.policy.patterns import fits, overlap
from yett.policy.references import decide_completion, template_visible
from yett.policy.templates import parts_of, stands_for_uris

FILES = "file:///srv/{name}"
TAGGED = {"path": "grant.tags.team", "op": "eq", "value": "support"}
SECRET = {"path": "args.topic", "op": "eq", "value": "secret"}


def shown(document: Any, template: str) -> bool:
    return template_visible(compiled(document), template)


def complete(document: Any, name: str, arguments: Any = None, *, surface: Surface = Surface.PROMPT, **about: Any) -> Decision:
    call = Call(surface, name, {"uri": name} if surface is Surface.RESOURCE else arguments or {})
    return decide_completion(None if document is None else compiled(document), call, facts(**about), now_ns=START_NS)


# --- templates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "template"),
    [
        ("file:///srv/*", FILES),
        ("file:///srv/public/*", FILES),
        ("file:///srv/a", FILES),
        ("*.txt", FILES),
        ("file:///*", FILES),
        ("file:///srv/*/a/*", "file:///srv/{x}/b/{y}"),
        ("file:///srv/a", "file:///srv/a"),
        ("http://h:1/*", "http://h:{port}/"),
        ("x:*", "{+uri}"),
    ],
)
def test_a_template_is_shown_if_the_policy_lists_something_that_it_stands_for(key: str, template: str) -> None:
    assert shown(policy(resources={key: {}}), template)


@pytest.mark.parametrize(
    ("key", "template"),
    [
        ("file:///etc/*", FILES),
        ("file:///srv", FILES),
        ("*.txt", "file:///srv/{name}.json"),
        ("file:///srv/a", "file:///srv/b"),
    ],
)
def test_a_template_is_not_shown_if_no_key_fits_anything_of_it(key: str, template: str) -> None:
    assert not shown(policy(resources={key: {}}), template)


@pytest.mark.parametrize("template", ["HTTP://h/{x}", "file:///a/../{x}", "file:///{x", "{x}}", "no uri {x}", "file:///a b/{x}"])
def test_a_template_that_becomes_no_normal_uri_is_shown_only_where_nothing_is_enforced(template: str) -> None:
    assert not shown(ALLOW_ALL, template)
    assert shown({**ALLOW_ALL, "mode": "shadow"}, template)


@pytest.mark.parametrize(
    "template",
    [FILES, "http://h/a{?q,r}", "http://{host}:{port}/", "{scheme}://h/{x}", "{+uri}", "a:{x}{y}{z}", "http://h/{+path}#{part}"],
)
def test_templates_of_every_form_stand_for_something(template: str) -> None:
    assert shown(ALLOW_ALL, template)


def test_without_a_policy_no_template_is_shown() -> None:
    assert not template_visible(None, FILES)


def test_two_patterns_overlap_if_one_name_fits_both() -> None:
    alphabet = ["a*", "*a", "a*b", "*", "ab", "a*b*c", "*b*", "ba*", "a", ""]
    names = ["", "a", "b", "ab", "ba", "aab", "abc", "abbc", "bab", "aba", "abcb", "baab", "acb", "aabbc", "bac"]
    for left in alphabet:
        for right in alphabet:
            common = any(fits(left.split("*"), name) and fits(right.split("*"), name) for name in names)
            assert overlap(left.split("*"), right.split("*")) is common or not common, (left, right)
            if common:
                assert overlap(left.split("*"), right.split("*")), (left, right)
    assert not overlap(["a", ""], ["b", ""])
    assert not overlap(["", "a"], ["", "b"])
    assert parts_of("a{x}b{y}") == ["a", "b", ""]
    assert stands_for_uris(["a:b"])


# --- completions ----------------------------------------------------------------------------------------------------------


def test_a_completion_follows_the_prompt_that_it_refers_to() -> None:
    document = policy(prompts={"p": {}, "never": {"deny_if": [{"conditions": []}]}, "asked": {"require_approval": True}})
    assert complete(document, "p").effect is Effect.ALLOW
    assert complete(document, "q").code is Code.NOT_LISTED
    assert complete(document, "never").code is Code.DENY_IF_MATCHED
    assert complete(document, "asked").effect is Effect.APPROVAL
    assert complete(None, "p").code is Code.NO_POLICY


def test_a_completion_neither_looks_at_limits_nor_charges_them() -> None:
    limits = [
        {"counter": "n", "window": "day", "max": 0},
        {"counter": "m", "window": "day", "max": 9, "increment_from": "args.n"},
    ]
    decision = complete(policy(prompts={"p": {"limits": limits}}), "p")
    assert (decision.effect, decision.charges) == (Effect.ALLOW, ())


def test_conditions_on_arguments_that_are_not_settled_are_left_out() -> None:
    rule = {"require": [{"conditions": [{**SECRET, "op": "neq"}, TAGGED]}], "deny_if": [{"conditions": [SECRET, TAGGED]}]}
    document = policy(prompts={"p": rule})
    support = Grant("g1", tags={"team": "support"})
    assert complete(document, "p", grant=support).effect is Effect.ALLOW
    assert complete(document, "p").code is Code.REQUIRE_FAILED
    assert complete(document, "p", {"topic": "secret"}, grant=support).code is Code.REQUIRE_FAILED
    assert complete(document, "p", {"topic": "open"}, grant=support).effect is Effect.ALLOW


def test_a_condition_within_any_counts_only_if_all_of_it_is_settled() -> None:
    document = policy(prompts={"p": {"deny_if": [{"any": [SECRET, {"path": "args.other", "op": "eq", "value": 1}]}]}})
    assert complete(document, "p", {"topic": "secret"}).effect is Effect.ALLOW
    assert complete(document, "p", {"topic": "secret", "other": 2}).code is Code.DENY_IF_MATCHED


def test_a_template_is_completed_only_if_everything_that_it_stands_for_may_be_read() -> None:
    def effect(resources: dict[str, Any], template: str = FILES, **members: Any) -> Effect:
        return complete(policy(resources=resources, **members), template, surface=Surface.RESOURCE).effect

    never: dict[str, Any] = {"deny_if": [{"conditions": []}]}
    assert effect({"file:///srv/*": {}}) is Effect.ALLOW
    assert effect({"file:///srv/public*": {}}) is Effect.DENY
    assert effect({"file:///srv/*": {}, "file:///srv/secret*": never}) is Effect.DENY
    assert effect({"file:///srv/*": {}, "file:///srv/secret": never}) is Effect.DENY
    assert effect({"file:///*": never, "file:///srv/*": {}}) is Effect.ALLOW
    assert effect({"file:///etc/*": never}, default="allow") is Effect.ALLOW
    assert effect({"file:///srv/x*": never}, default="allow") is Effect.DENY
    assert effect({}, "HTTP://h/{x}", default="allow") is Effect.DENY


def test_a_plain_uri_is_completed_as_it_would_be_read() -> None:
    document = policy(resources={"file:///srv/*": {"deny_if": [{"path": "args.uri", "op": "ends_with", "value": ".key"}]}})
    assert complete(document, "file:///srv/a", surface=Surface.RESOURCE).effect is Effect.ALLOW
    assert complete(document, "file:///srv/a.key", surface=Surface.RESOURCE).code is Code.DENY_IF_MATCHED
    assert complete(document, FILES, surface=Surface.RESOURCE).effect is Effect.ALLOW
