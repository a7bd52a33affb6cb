"""A decoded document becomes a `Policy`, or every defect of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from yett.policy import vocabulary as words
from yett.policy.errors import PolicyErrors, nearest, pointer_join
from yett.policy.json_value import JsonValue
from yett.policy.model import ApprovalEntry, Entry, HiddenClass, Mode, Policy, Rule
from yett.policy.parse_conditions import count_leaves, read_deny_if, read_require, read_require_approval
from yett.policy.parse_limits import check_counters, read_limits, read_rate_limit
from yett.policy.reading import (
    Problems,
    Read,
    article,
    depth_of,
    one_of,
    read_boolean,
    read_list,
    read_name,
    read_object,
    read_text,
)
from yett.policy.vocabulary import Kind


def parse_policy(document: JsonValue) -> Policy:
    """The policy a document means, sugar rewritten; raises `PolicyErrors` with all defects."""
    problems = Problems()
    if depth_of(document) > words.DOCUMENT_DEPTH_MAX:
        problems.add("", f"deeper than {words.DOCUMENT_DEPTH_MAX} levels")
        raise PolicyErrors(problems.found)
    members = read_object(document, "", words.POLICY, _READERS, problems)
    if isinstance(document, dict):
        _check_counts(members, problems)
        check_counters(document, problems)
    if problems.found:
        raise PolicyErrors(problems.found)
    return _policy(members)


def _policy(members: Mapping[str, Any]) -> Policy:
    tools: Mapping[str, _Written] = members.get("tools", {})
    risk: Mapping[str, _Written] | None = members.get("risk")
    hide: list[str | HiddenClass] = list(members.get("hide", ()))
    hide.extend(key for key, written in tools.items() if written.hides and key not in hide)
    classes = (HiddenClass(name) for name, written in (risk or {}).items() if written.hides)
    hide.extend(hidden for hidden in classes if hidden not in hide)
    return Policy(
        default_allows=members["default"] == "allow",
        hide=tuple(hide),
        hide_unpermitted=members.get("hide_unpermitted", False),
        validate_arguments=members.get("validate_arguments", False),
        all_tools=members["all_tools"].rule if "all_tools" in members else None,
        tools=_rules(tools),
        risk=None if risk is None else _rules(risk),
        resources=_rules(members.get("resources", {})),
        prompts=_rules(members.get("prompts", {})),
        server_requests=members.get("server_requests", {}),
        mode=members.get("mode", Mode.ENFORCE),
        timezone=members.get("timezone", "UTC"),
        description=members.get("description"),
        schema=members.get("$schema"),
    )


def _rules(written: Mapping[str, _Written]) -> Mapping[str, Rule]:
    return MappingProxyType({key: element.rule for key, element in written.items()})


# --- rules ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Written:
    """A rule as read, with what its sugar says beside it."""

    rule: Rule
    hides: bool = False


_BESIDE_ACTION: Final = ("require", "deny_if", "require_approval", "limits")


def _read_plain_rule(value: JsonValue, pointer: str, problems: Problems) -> _Written:
    return _Written(_rule(read_object(value, pointer, words.RULE, _READERS, problems)))


def _read_sugared_rule(value: JsonValue, pointer: str, problems: Problems, key: str) -> _Written:
    members = read_object(value, pointer, {**words.RULE, **words.SUGAR}, _READERS, problems)
    present = value.keys() if isinstance(value, dict) else set()
    if "action" in present and present & set(_BESIDE_ACTION):
        other = next(name for name in _BESIDE_ACTION if name in present)
        problems.add(pointer_join(pointer, "action"), f"`action` and `{other}` do not stand together", "keep one of them")
    if "rate_limit" in present and "limits" in present:
        problems.add(pointer_join(pointer, "rate_limit"), "`rate_limit` and `limits` do not stand together", "keep one of them")
    if "reason" in present and "action" not in present:
        problems.add(pointer_join(pointer, "reason"), "`reason` stands only beside `action`", "use `on_deny` in an entry")
    return _Written(_desugared(members, key), hides=members.get("action") == "hide")


def _desugared(members: dict[str, Any], key: str) -> Rule:
    reason = members.get("reason")
    if members.get("action") == "deny":
        members["deny_if"] = (Entry((), reason),)
    elif members.get("action") == "require_approval":
        members["require_approval"] = (ApprovalEntry((), reason),)
    if "rate_limit" in members:
        members.setdefault("limits", (members["rate_limit"](f"{key}_rate"),))
    return _rule(members)


def _rule(members: Mapping[str, Any]) -> Rule:
    return Rule(
        require=members.get("require", ()),
        deny_if=members.get("deny_if", ()),
        require_approval=members.get("require_approval", ()),
        limits=members.get("limits", ()),
        validate_arguments=members.get("validate_arguments"),
        mode=members.get("mode"),
    )


def _read_rules(value: JsonValue, pointer: str, problems: Problems) -> dict[str, _Written]:
    if not isinstance(value, dict):
        problems.add(pointer, f"expected an object, not {article(value)}")
        return {}
    if "" in value:
        problems.add(pointer_join(pointer, ""), "a pattern must not be empty")
    return {key: _read_sugared_rule(rule, pointer_join(pointer, key), problems, key) for key, rule in value.items()}


def _read_risk_rules(value: JsonValue, pointer: str, problems: Problems) -> dict[str, _Written]:
    if isinstance(value, dict):
        for key in [key for key in value if key not in words.RISK_CLASSES]:
            hint = nearest(key, words.RISK_CLASSES)
            problems.add(pointer_join(pointer, key), f"`{key}` is no risk class", hint)
        value = {key: rule for key, rule in value.items() if key in words.RISK_CLASSES}
    return _read_rules(value, pointer, problems)


def _read_plain_rules(value: JsonValue, pointer: str, problems: Problems) -> dict[str, _Written]:
    if not isinstance(value, dict):
        problems.add(pointer, f"expected an object, not {article(value)}")
        return {}
    if "" in value:
        problems.add(pointer_join(pointer, ""), "a pattern must not be empty")
    return {key: _read_plain_rule(rule, pointer_join(pointer, key), problems) for key, rule in value.items()}


# --- other members ----------------------------------------------------------------------------------------------------------


def _read_hide(value: JsonValue, pointer: str, problems: Problems) -> tuple[str | HiddenClass, ...]:
    def read(element: JsonValue, place: str, found: Problems) -> str | HiddenClass | None:
        if not isinstance(element, dict):
            return read_name(element, place, found)
        risk = read_object(element, place, words.HIDDEN_RISK, _READERS, found).get("risk")
        return None if risk is None else HiddenClass(risk)

    return read_list(value, pointer, read, problems)


def _read_server_requests(value: JsonValue, pointer: str, problems: Problems) -> dict[str, bool]:
    if not isinstance(value, dict):
        problems.add(pointer, f"expected an object, not {article(value)}")
        return {}
    answer: dict[str, bool] = {}
    for name, word in value.items():
        place = pointer_join(pointer, name)
        if name not in words.SERVER_REQUESTS:
            problems.add(place, f"unknown key `{name}`", nearest(name, words.SERVER_REQUESTS))
        elif (read := one_of(words.DEFAULTS)(word, place, problems)) is not None:
            answer[name] = read == "allow"
    return answer


def _read_version(value: JsonValue, pointer: str, problems: Problems) -> str | None:
    if value == words.VERSION:
        return words.VERSION
    problems.add(pointer, "unknown version of the policy language", f'write `"{words.VERSION}"`')
    return None


def _read_mode(value: JsonValue, pointer: str, problems: Problems) -> Mode | None:
    word = one_of(words.MODES)(value, pointer, problems)
    return None if word is None else Mode(word)


def _read_timezone(value: JsonValue, pointer: str, problems: Problems) -> str | None:
    name = read_name(value, pointer, problems)
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, not a name at all, or a folder of the database
        problems.add(pointer, f"`{name}` is no IANA time zone", "write a name such as `Europe/Berlin`")
        return None
    return name


def _check_counts(members: Mapping[str, Any], problems: Problems) -> None:
    maps = [members.get(name) or {} for name in ("tools", "risk", "resources", "prompts")]
    if sum(len(rules) for rules in maps) > words.RULES_MAX:
        problems.add("", f"more than {words.RULES_MAX} rules")
    written = [rule for rules in maps for rule in rules.values()]
    written.extend(members[name] for name in ("all_tools",) if name in members)
    if any(_leaves(element.rule) > words.LEAVES_MAX for element in written):
        problems.add("", f"a rule has more than {words.LEAVES_MAX} conditions")


def _leaves(rule: Rule) -> int:
    entries = [*rule.require, *rule.deny_if, *rule.require_approval]
    return sum(count_leaves(condition) for entry in entries for condition in entry.conditions)


_READERS: Final[Mapping[Kind, Read]] = MappingProxyType(
    {
        Kind.VERSION: _read_version,
        Kind.DEFAULT: one_of(words.DEFAULTS),
        Kind.MODE: _read_mode,
        Kind.BOOLEAN: read_boolean,
        Kind.TEXT: read_text,
        Kind.TIMEZONE: _read_timezone,
        Kind.HIDE: _read_hide,
        Kind.RULE: _read_plain_rule,
        Kind.RULES: _read_rules,
        Kind.RISK_RULES: _read_risk_rules,
        Kind.PLAIN_RULES: _read_plain_rules,
        Kind.SERVER_REQUESTS: _read_server_requests,
        Kind.RISK_CLASS: one_of(words.RISK_CLASSES),
        Kind.REQUIRE: read_require,
        Kind.DENY_IF: read_deny_if,
        Kind.REQUIRE_APPROVAL: read_require_approval,
        Kind.LIMITS: read_limits,
        Kind.ACTION: one_of(words.ACTIONS),
        Kind.RATE_LIMIT: read_rate_limit,
    }
)
