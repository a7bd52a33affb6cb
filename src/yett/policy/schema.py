"""The JSON Schema of policies for editors, generated from the parser's own tables. Draft-07, which editors know best.

It accepts every policy that the parser accepts. It is not the judge: what a schema cannot say (RE2 patterns, IANA zones, one
counter with one window, numbers that readers see differently) only the parser says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from yett.policy import vocabulary as words
from yett.policy.json_value import JsonValue
from yett.policy.sql import DIALECTS
from yett.policy.vocabulary import Key, Kind, Literal

Schema: TypeAlias = dict[str, JsonValue]

DRAFT: Final = "http://json-schema.org/draft-07/schema#"

MEANINGS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "default": {"allow": "what no key names is allowed", "deny": "what no key names is denied"},
        "mode": {"enforce": "denials stop calls", "shadow": "denials are recorded and let through"},
        "risk class": {
            "Read": "the tool only reads",
            "Write": "the tool creates or changes things",
            "Execute": "the tool runs code or commands",
            "Destructive": "the tool deletes or overwrites",
            "Financial": "the tool moves money",
            "Unknown": "the tool has no class",
        },
        "action": {
            "allow": "every call is allowed",
            "deny": "every call is denied",
            "hide": "the tool is removed from lists, and a call is answered as one to an unknown tool",
            "require_approval": "people must approve every call first",
        },
        "window": {
            "minute": "a calendar minute, UTC",
            "hour": "a calendar hour, UTC",
            "day": "a calendar day, UTC",
            "week": "an ISO week from Monday, UTC",
            "month": "a calendar month, UTC",
        },
        "scope": {
            "grant": "each grant has its own count",
            "session": "each session of a grant has its own count",
            "server": "all grants of the server share one count",
            "organisation": "all servers of the organisation share one count",
        },
        "match": {"every": "every element must hold", "some": "at least one element must hold"},
        "operator": {
            "eq": "equal, by JSON type and exact value",
            "neq": "not equal",
            "in": "equal to one of the list",
            "not_in": "equal to none of the list",
            "lt": "less than",
            "lte": "less than or equal",
            "gt": "greater than",
            "gte": "greater than or equal",
            "regex": "the text matches the RE2 pattern somewhere; anchor it with ^ and $",
            "contains": "the text has this part, or the list has this element",
            "starts_with": "the text starts with this",
            "ends_with": "the text ends with this",
            "size_lte": "at most so many code points, elements or members",
            "size_gte": "at least so many code points, elements or members",
            "type_is": "of this JSON type",
            "exists": "present and not null",
            "host_in": "the host of the URL is listed",
            "path_within": "the POSIX path is in one of the directories",
            "cidr_in": "the IP address is in one of the blocks",
            "sql_only": "every kind of statement in the SQL is listed",
            "sql_any": "a listed kind of statement is in the SQL",
        },
    }
)
"""What the words of closed sets mean; editors show it beside each."""


def policy_schema() -> Schema:
    """The schema of a policy document."""
    return {
        "$schema": DRAFT,
        "title": "Yett policy",
        "description": f'The policy language of Yett, version "{words.VERSION}"',
        **_object(words.POLICY, _POLICY_KINDS),
        "definitions": _definitions(),
    }


# --- building blocks --------------------------------------------------------------------------------------------------------


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _words(meanings: str, allowed: Iterable[str]) -> Schema:
    """A closed set as editors like it: each word with its meaning."""
    told = MEANINGS[meanings]
    return {"oneOf": [{"const": word, "description": told[word]} for word in allowed]}


def _plain_words(allowed: Iterable[str]) -> Schema:
    return {"enum": list(allowed)}


def _list(items: Schema, *, filled: bool = False) -> Schema:
    return {"type": "array", "items": items, **({"minItems": 1} if filled else {})}


def _object(keys: Mapping[str, Key], kinds: Mapping[Kind, Schema]) -> Schema:
    """A closed object with the keys of one of the vocabulary's tables."""
    properties: Schema = {name: _described(kinds[key.kind], key.meaning) for name, key in keys.items()}
    required: list[JsonValue] = [name for name, key in keys.items() if key.required]
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"required": required} if required else {})


def _described(schema: Schema, meaning: str) -> Schema:
    """In draft-07 nothing beside a `$ref` counts, so a described one is wrapped."""
    return {"description": meaning, **({"allOf": [schema]} if "$ref" in schema else schema)}


def _map_of(schema: Schema) -> Schema:
    named: Schema = {"minLength": 1}
    return {"type": "object", "propertyNames": named, "additionalProperties": schema, "maxProperties": words.RULES_MAX}


_NAME: Final[Schema] = {"type": "string", "minLength": 1}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_BARE_KEY: Final = r"[A-Za-z_$][A-Za-z0-9_$-]*"
_QUOTED_KEY: Final = r'\["(?:[^"\\]|\\.)*"\]'
_STEP: Final = rf"(?:\.{_BARE_KEY}|\[(?:0|[1-9][0-9]*)\]|{_QUOTED_KEY})"
_CONTEXT: Final = "|".join(
    [*(path.replace(".", r"\.") for path in words.CONTEXT_PATHS), rf"grant\.tags(?:\.{_BARE_KEY}|{_QUOTED_KEY})"]
)
_PATH: Final = rf"^(?:args(?:{_STEP}|\[\*\])+|{_CONTEXT})$"
_PLAIN_PATH: Final = rf"^(?:args{_STEP}+|{_CONTEXT})$"
_EACH_PATH: Final = rf"^args{_STEP}*\[\*\]"


# --- definitions ------------------------------------------------------------------------------------------------------------


def _definitions() -> Schema:
    return {
        "condition": {"anyOf": [_ref("leaf"), _ref("any"), _ref("not")]},
        "leaf": _leaf({}),
        "any": _object(words.ANY, _CONDITION_KINDS),
        "not": _object(words.NOT, _CONDITION_KINDS),
        "requirement": _entry({"on_deny": words.ENTRY["on_deny"]}, filled=True),
        "entry": _entry({"on_deny": words.ENTRY["on_deny"]}),
        "approval": _entry({"on_deny": words.ENTRY["on_deny"], **words.APPROVAL}),
        "limit": _limit(words.LIMIT),
        "fixed_limit": _limit({name: key for name, key in words.LIMIT.items() if not name.startswith("increment_")}),
        "rate_limit": _object(words.RATE_LIMIT, _LIMIT_KINDS),
        "rule": _object(words.RULE, _RULE_KINDS),
        "tools_rule": _object(words.RULE, {**_RULE_KINDS, Kind.LIMITS: _list(_ref("fixed_limit"))}),
        "sugared_rule": _sugared_rule(),
    }


def _sugared_rule() -> Schema:
    beside_action: list[JsonValue] = [{"required": [name]} for name in ("require", "deny_if", "require_approval", "limits")]
    return _object({**words.RULE, **words.SUGAR}, _RULE_KINDS) | {
        "dependencies": {
            "reason": ["action"],
            "action": {"not": {"anyOf": beside_action}},
            "rate_limit": {"not": {"required": ["limits"]}},
        }
    }


def _entry(beside: Mapping[str, Key], *, filled: bool = False) -> Schema:
    """Conditions in a list, or a bare condition with the entry's other keys beside its own."""
    kinds = _CONDITION_KINDS | {Kind.CONDITIONS: _list(_ref("condition"), filled=filled)}
    return {
        "anyOf": [
            _object({"conditions": words.ENTRY["conditions"], **beside}, kinds),
            _leaf(beside),
            _object({**words.ANY, **beside}, kinds),
            _object({**words.NOT, **beside}, kinds),
        ]
    }


def _leaf(beside: Mapping[str, Key]) -> Schema:
    """A test of a path: the literal fits the operator, and `match` stands just where the path has a `[*]`."""
    literals: list[JsonValue] = [
        {
            "if": {"properties": {"op": {"enum": [*_operators_with(kind)]}}, "required": ["op"]},
            "then": {"properties": {"value": literal}},
        }
        for kind, literal in _LITERALS.items()
        if literal
    ]
    each: Schema = {
        "if": {"properties": {"path": {"pattern": _EACH_PATH}}, "required": ["path"]},
        "then": {"required": ["match"]},
        "else": {"properties": {"match": False}},
    }
    return _object({**words.LEAF, **beside}, _CONDITION_KINDS) | {"allOf": [*literals, each]}


def _operators_with(kind: Literal) -> list[str]:
    return [operator for operator, literal in words.OPERATORS.items() if literal is kind]


def _limit(keys: Mapping[str, Key]) -> Schema:
    schema = _object(keys, _LIMIT_KINDS)
    short: list[JsonValue] = [{"enum": ["minute", "hour", "day"]}, {"type": "integer", "maximum": words.SLIDING_SECONDS_MAX}]
    schema["if"] = {"properties": {"sliding": {"const": True}}, "required": ["sliding"]}
    schema["then"] = {"properties": {"window": {"anyOf": short}}}
    if "increment_from" in keys:
        one_source: list[JsonValue] = [{"required": ["increment_from"]}, {"required": ["increment_size_of"]}]
        schema["dependencies"] = {"increment_default": {"anyOf": one_source}}
        schema["not"] = {"required": ["increment_from", "increment_size_of"]}
    return schema


# --- kinds of values: one definition for each of the vocabulary's ------------------------------------------------------------

_LITERALS: Final[Mapping[Literal, Schema]] = MappingProxyType(
    {
        Literal.ANY: {},
        Literal.LIST: {"type": "array", "minItems": 1},
        Literal.NUMBER: {"type": "number"},
        Literal.PATTERN: {"type": "string"},
        Literal.STRING: {"type": "string"},
        Literal.SIZE: _COUNT,
        Literal.TYPES: {"anyOf": [_plain_words(words.JSON_TYPES), _list(_plain_words(words.JSON_TYPES), filled=True)]},
        Literal.BOOLEAN: {"type": "boolean"},
        Literal.HOSTS: _list(_NAME, filled=True),
        Literal.DIRECTORIES: _list({"type": "string", "pattern": "^/"}, filled=True),
        Literal.CIDRS: _list({"type": "string", "pattern": "/[0-9]+$"}, filled=True),
        Literal.SQL: {
            "type": "object",
            "properties": {"dialect": _plain_words(DIALECTS), "kinds": _list(_plain_words(words.SQL_KINDS), filled=True)},
            "required": [*words.SQL_LITERAL_KEYS],
            "additionalProperties": False,
        },
    }
)
_COMMON_KINDS: Final[Mapping[Kind, Schema]] = MappingProxyType(
    {
        Kind.BOOLEAN: {"type": "boolean"},
        Kind.TEXT: {"type": "string"},
        Kind.NAME: _NAME,
        Kind.MODE: _words("mode", words.MODES),
    }
)
_CONDITION_KINDS: Final[dict[Kind, Schema]] = {
    **_COMMON_KINDS,
    Kind.PATH: {"type": "string", "pattern": _PATH},
    Kind.OPERATOR: _words("operator", words.OPERATORS),
    Kind.LITERAL: {},
    Kind.MATCH: _words("match", words.MATCHES),
    Kind.ANY_OF: _list(_ref("condition"), filled=True),
    Kind.CONDITION: _ref("condition"),
    Kind.TIMEOUT: {"type": "string", "pattern": f"^[1-9][0-9]{{0,8}}[{''.join(words.TIMEOUT_UNITS)}]$"},
    Kind.APPROVERS: _list(_NAME, filled=True),
    Kind.QUORUM: {"type": "integer", "minimum": 1},
}
_LIMIT_KINDS: Final[dict[Kind, Schema]] = {
    **_COMMON_KINDS,
    Kind.WINDOW: {
        "anyOf": [
            _words("window", words.WINDOWS),
            {"type": "integer", "minimum": 1, "maximum": words.WINDOW_SECONDS_MAX, "description": "whole seconds"},
        ]
    },
    Kind.AMOUNT: {"type": "number", "minimum": 0},
    Kind.SCOPE: _words("scope", words.SCOPES),
    Kind.PLAIN_PATH: {"type": "string", "pattern": _PLAIN_PATH},
}
_RULE_KINDS: Final[dict[Kind, Schema]] = {
    **_COMMON_KINDS,
    Kind.REQUIRE: _list(_ref("requirement")),
    Kind.DENY_IF: _list(_ref("entry")),
    Kind.REQUIRE_APPROVAL: {"anyOf": [{"const": True}, _list(_ref("approval"))]},
    Kind.LIMITS: _list(_ref("limit")),
    Kind.ACTION: _words("action", words.ACTIONS),
    Kind.RATE_LIMIT: _ref("rate_limit"),
}
_RISK_CLASS: Final = _words("risk class", words.RISK_CLASSES)
_POLICY_KINDS: Final[dict[Kind, Schema]] = {
    **_COMMON_KINDS,
    Kind.VERSION: {"const": words.VERSION},
    Kind.DEFAULT: _words("default", words.DEFAULTS),
    Kind.TIMEZONE: _NAME,
    Kind.HIDE: _list({"anyOf": [_NAME, _object(words.HIDDEN_RISK, {Kind.RISK_CLASS: _RISK_CLASS})]}),
    Kind.RULE: _ref("tools_rule"),
    Kind.RULES: _map_of(_ref("sugared_rule")),
    Kind.RISK_RULES: {
        "type": "object",
        "properties": {word: _described(_ref("sugared_rule"), MEANINGS["risk class"][word]) for word in words.RISK_CLASSES},
        "additionalProperties": False,
    },
    Kind.PLAIN_RULES: _map_of(_ref("rule")),
    Kind.SERVER_REQUESTS: {
        "type": "object",
        "properties": {word: _words("default", words.DEFAULTS) for word in words.SERVER_REQUESTS},
        "additionalProperties": False,
    },
}
