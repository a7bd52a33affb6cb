"""The words of the policy language: every object's keys, every operator, every closed set.

The parser reads these tables, and the JSON Schema for editors is generated from them, so that neither can know a word that the
other does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

VERSION: Final = "1"
DOCUMENT_BYTES_MAX: Final = 256 * 1024
DOCUMENT_DEPTH_MAX: Final = 32
RULES_MAX: Final = 2_000
LEAVES_MAX: Final = 64

DEFAULTS: Final = ("allow", "deny")
MODES: Final = ("enforce", "shadow")
RISK_CLASSES: Final = ("Read", "Write", "Execute", "Destructive", "Financial", "Unknown")
SERVER_REQUESTS: Final = ("sampling", "elicitation", "roots")
ACTIONS: Final = ("allow", "deny", "hide", "require_approval")
WINDOWS: Final = ("minute", "hour", "day", "week", "month")
WINDOW_SECONDS_MAX: Final = 31_536_000
SLIDING_SECONDS_MAX: Final = 86_400
SCOPES: Final = ("grant", "session", "server", "organisation")
MATCHES: Final = ("every", "some")
JSON_TYPES: Final = ("boolean", "number", "string", "array", "object")
SQL_KINDS: Final = ("select", "insert", "update", "delete", "merge", "create", "alter", "drop", "truncate", "other")
TIMEOUT_UNITS: Final = MappingProxyType({"s": 1, "m": 60, "h": 3_600, "d": 86_400})
TIMEOUT_DEFAULT_S: Final = 1_800


class Kind(Enum):
    """What may stand as the value of a key. The parser has one reader for each, the schema one definition."""

    VERSION = "version"
    DEFAULT = "default"
    MODE = "mode"
    BOOLEAN = "boolean"
    TEXT = "text"
    TIMEZONE = "timezone"
    HIDE = "hide"
    RULE = "rule"
    RULES = "rules"
    """Map of tool pattern to rule, sugar accepted."""
    RISK_RULES = "risk_rules"
    PLAIN_RULES = "plain_rules"
    """Map of pattern to rule, without sugar."""
    SERVER_REQUESTS = "server_requests"
    RISK_CLASS = "risk_class"
    REQUIRE = "require"
    DENY_IF = "deny_if"
    REQUIRE_APPROVAL = "require_approval"
    LIMITS = "limits"
    ACTION = "action"
    RATE_LIMIT = "rate_limit"
    CONDITIONS = "conditions"
    PATH = "path"
    OPERATOR = "operator"
    LITERAL = "literal"
    MATCH = "match"
    ANY_OF = "any_of"
    CONDITION = "condition"
    TIMEOUT = "timeout"
    APPROVERS = "approvers"
    QUORUM = "quorum"
    NAME = "name"
    WINDOW = "window"
    AMOUNT = "amount"
    SCOPE = "scope"
    PLAIN_PATH = "plain_path"
    """A path without `[*]`."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an object: what its value is, whether it must be there, and what it means."""

    kind: Kind
    meaning: str
    required: bool = False


POLICY: Final = MappingProxyType(
    {
        "version": Key(Kind.VERSION, "schema version", required=True),
        "default": Key(Kind.DEFAULT, "what happens to everything that no key names", required=True),
        "hide": Key(Kind.HIDE, "removed from tools/list; a call is answered as a call to an unknown tool"),
        "hide_unpermitted": Key(Kind.BOOLEAN, "hide every tool that can never be allowed"),
        "validate_arguments": Key(Kind.BOOLEAN, "arguments must satisfy the tool's input schema"),
        "all_tools": Key(Kind.RULE, "applies to every tools/call, after the tool's own rule"),
        "tools": Key(Kind.RULES, "tool name or pattern with `*` → rule; an empty rule allows"),
        "risk": Key(Kind.RISK_RULES, "catalogue class → rule for tools that no `tools` key matches"),
        "resources": Key(Kind.PLAIN_RULES, "URI or pattern → rule"),
        "prompts": Key(Kind.PLAIN_RULES, "prompt name or pattern → rule"),
        "server_requests": Key(Kind.SERVER_REQUESTS, "what the server may ask of the client"),
        "mode": Key(Kind.MODE, "`shadow` decides and does not enforce"),
        "timezone": Key(Kind.TIMEZONE, "IANA time zone of `now.*` paths; limit windows are always UTC"),
        "description": Key(Kind.TEXT, "ignored by evaluation"),
        "$schema": Key(Kind.TEXT, "ignored by evaluation"),
    }
)
RULE: Final = MappingProxyType(
    {
        "require": Key(Kind.REQUIRE, "each entry must hold, else the call is denied"),
        "deny_if": Key(Kind.DENY_IF, "any entry that holds denies"),
        "require_approval": Key(Kind.REQUIRE_APPROVAL, "where an entry holds, people must approve this exact call first"),
        "limits": Key(Kind.LIMITS, "quota, reserved before the call is forwarded"),
        "validate_arguments": Key(Kind.BOOLEAN, "overrides the document's"),
        "mode": Key(Kind.MODE, "overrides the document's, for this rule"),
    }
)
SUGAR: Final = MappingProxyType(
    {
        "action": Key(Kind.ACTION, "short for one entry"),
        "reason": Key(Kind.TEXT, "what the client is told; only with `action`"),
        "rate_limit": Key(Kind.RATE_LIMIT, "short for one limit for each session"),
    }
)
HIDDEN_RISK: Final = MappingProxyType({"risk": Key(Kind.RISK_CLASS, "every tool of this class", required=True)})
ENTRY: Final = MappingProxyType(
    {
        "conditions": Key(Kind.CONDITIONS, "all must hold", required=True),
        "on_deny": Key(Kind.TEXT, "what the client is told"),
    }
)
APPROVAL: Final = MappingProxyType(
    {
        "timeout": Key(Kind.TIMEOUT, 'how long people have, as `"90s"`, `"30m"`, `"2h"` or `"7d"`'),
        "approvers": Key(Kind.APPROVERS, "member e-mails or roles"),
        "quorum": Key(Kind.QUORUM, "how many must approve"),
    }
)
LEAF: Final = MappingProxyType(
    {
        "path": Key(Kind.PATH, "what is judged", required=True),
        "op": Key(Kind.OPERATOR, "how", required=True),
        "value": Key(Kind.LITERAL, "against what", required=True),
        "match": Key(Kind.MATCH, "with `[*]` in the path: every element or some"),
    }
)
ANY: Final = MappingProxyType({"any": Key(Kind.ANY_OF, "at least one must hold", required=True)})
NOT: Final = MappingProxyType({"not": Key(Kind.CONDITION, "must not hold", required=True)})
LIMIT: Final = MappingProxyType(
    {
        "counter": Key(Kind.NAME, "limits that name the same counter share it", required=True),
        "window": Key(Kind.WINDOW, "calendar window (UTC) or whole seconds", required=True),
        "max": Key(Kind.AMOUNT, "the value after the call may equal it", required=True),
        "scope": Key(Kind.SCOPE, "whose count it is"),
        "sliding": Key(Kind.BOOLEAN, "no span of one window ever holds more than `max`"),
        "increment_from": Key(Kind.PLAIN_PATH, "the call adds this number"),
        "increment_size_of": Key(Kind.PLAIN_PATH, "the call adds this list's length"),
        "increment_default": Key(Kind.AMOUNT, "added where the path is absent"),
        "on_deny": Key(Kind.TEXT, "what the client is told"),
    }
)
RATE_LIMIT: Final = MappingProxyType(
    {
        "max": Key(Kind.AMOUNT, "calls a window", required=True),
        "window": Key(Kind.WINDOW, "calendar window (UTC) or whole seconds", required=True),
    }
)
CONTEXT_PATHS: Final = (
    "grant.id",
    "grant.label",
    "grant.owner",
    "session.id",
    "server.name",
    "tool.name",
    "tool.risk",
    "client.ip",
    "now.hour",
    "now.weekday",
    "now.date",
)


class Literal(Enum):
    """What kind of literal an operator takes."""

    ANY = "any JSON value"
    LIST = "a non-empty list"
    NUMBER = "a number"
    PATTERN = "an RE2 pattern"
    STRING = "a string"
    SIZE = "an integer of at least 0"
    TYPES = "a JSON type or a non-empty list of them"
    BOOLEAN = "true or false"
    HOSTS = "a non-empty list of hosts, `*.example.com` for any depth below it"
    DIRECTORIES = "a non-empty list of absolute directories"
    CIDRS = "a non-empty list of CIDR blocks"
    SQL = '{"dialect": …, "kinds": […]}'


OPERATORS: Final = MappingProxyType(
    {
        "eq": Literal.ANY,
        "neq": Literal.ANY,
        "in": Literal.LIST,
        "not_in": Literal.LIST,
        "lt": Literal.NUMBER,
        "lte": Literal.NUMBER,
        "gt": Literal.NUMBER,
        "gte": Literal.NUMBER,
        "regex": Literal.PATTERN,
        "contains": Literal.ANY,
        "starts_with": Literal.STRING,
        "ends_with": Literal.STRING,
        "size_lte": Literal.SIZE,
        "size_gte": Literal.SIZE,
        "type_is": Literal.TYPES,
        "exists": Literal.BOOLEAN,
        "host_in": Literal.HOSTS,
        "path_within": Literal.DIRECTORIES,
        "cidr_in": Literal.CIDRS,
        "sql_only": Literal.SQL,
        "sql_any": Literal.SQL,
    }
)
SQL_LITERAL_KEYS: Final = ("dialect", "kinds")
