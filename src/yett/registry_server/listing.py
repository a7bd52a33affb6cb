"""The tools of the server as it lists them: what each takes and gives, as JSON Schemas. All only read."""

from __future__ import annotations

from typing import Any, Final

import mcp_types as types

from yett.precheck.naming import NAMED_MAX

QUERY_MAX: Final = 200
LIMIT_MAX: Final = 100
STACK_MAX: Final = 100
"""Servers of a stack."""
REQUEST_ID_MAX: Final = 200

Schema = dict[str, Any]
CLASSES: Final = ["Read", "Write", "Execute", "Destructive", "Financial"]
LEVELS: Final = ["Low", "Medium", "High", "Critical"]
VERDICTS: Final = ["proceed", "connect-with-rule", "ask-first"]
SOURCES: Final = ["installation", "catalogue", "index"]


def _object(properties: Schema, *, required: list[str] | None = None, closed: bool = False) -> Schema:
    made: Schema = {"type": "object", "properties": properties, "required": list(properties) if required is None else required}
    return {**made, "additionalProperties": False} if closed else made


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "integer"}
LEVEL: Final[Schema] = {"enum": LEVELS}
CLASS: Final[Schema] = {"enum": CLASSES}
SERVER: Final[Schema] = {
    "type": "string",
    "minLength": 1,
    "maxLength": NAMED_MAX,
    "description": "A package (npm:NAME, pypi:NAME, docker:IMAGE), a url, or a name in this installation or the catalogue.",
}
TOOL: Final[Schema] = _object(
    {"name": TEXT, "class": CLASS, "severity": LEVEL, "confidence": {"type": "number"}, "signals": _list(TEXT)}
)
REASON: Final[Schema] = _object({"code": TEXT, "action": {"enum": VERDICTS}, "severity": LEVEL, "text": TEXT})
VERDICT: Final[Schema] = {
    "server": TEXT,
    "shown": TEXT,
    "slug": _or_null(TEXT),
    "verdict": {"enum": VERDICTS},
    "severity": LEVEL,
    "reasons": _list(REASON),
    "facts": _object(
        {
            name: {"type": ["object", "null"] if name == "grade" else "object"}
            for name in ("identity", "grade", "capabilities", "authentication", "freshness", "changes")
        }
    ),
    "rules": _object({"claude_code": {"type": "object"}, "codex": TEXT}),
}
LIMIT: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX}


def _tool(name: str, title: str, description: str, takes: Schema, gives: Schema) -> types.Tool:
    return types.Tool(
        name=name,
        title=title,
        description=description,
        input_schema=takes,
        output_schema=gives,
        annotations=types.ToolAnnotations(
            title=title, read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        ),
    )


TOOLS: Final = (
    _tool(
        "check_tool",
        "Check a tool",
        "What one tool of a server can do at worst, why, and which policy is recommended for it. Nothing is contacted.",
        _object(
            {"server": SERVER, "tool": {"type": "string", "minLength": 1, "maxLength": 1024}},
            closed=True,
        ),
        _object(
            {
                "server": TEXT,
                "source": TEXT,
                "tool": TOOL,
                "owasp": _list(TEXT),
                "rationale": TEXT,
                "recommended": TEXT,
                "policy": {"type": "object"},
            }
        ),
    ),
    _tool(
        "check_mcp_server",
        "Check an MCP server",
        "Whether to connect a server: proceed, connect-with-rule or ask-first, with identity, grade, capabilities,"
        " authentication, freshness, changes, its riskiest tools, and deny rules for clients. Nothing is contacted.",
        _object({"server": SERVER}, closed=True),
        _object({**VERDICT, "tools": _list(TOOL), "more_tools": NUMBER}),
    ),
    _tool(
        "search_registry",
        "Search the registry",
        "Finds servers and tools by words: of this installation, of the catalogue that comes with Yett, and of its index.",
        _object(
            {
                "query": {"type": "string", "minLength": 1, "maxLength": QUERY_MAX},
                "class": CLASS,
                "severity": LEVEL,
                "server": {"type": "string", "minLength": 1, "maxLength": 200, "description": "Tools of this server only."},
                "limit": LIMIT,
            },
            required=["query"],
            closed=True,
        ),
        _object(
            {
                "servers": _list(_object({"slug": TEXT, "name": TEXT, "source": {"enum": SOURCES}, "grade": TEXT})),
                "tools": _list(
                    _object({"server": TEXT, "source": {"enum": SOURCES}, "tool": TEXT, "class": CLASS, "severity": LEVEL})
                ),
                "more": {"type": "boolean"},
            }
        ),
    ),
    _tool(
        "check_mcp_stack",
        "Check a stack of servers",
        "The same verdict for each server of a client's configuration. Leave out secrets: what looks like one is neither kept nor"
        " given back, and variables, headers and arguments are never shown. Nothing is started or contacted.",
        _object(
            {
                "servers": {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": STACK_MAX,
                    "additionalProperties": {"type": "object"},
                    "description": "What stands under `mcpServers`: by name, each with `command` and `args`, or `url`.",
                }
            },
            closed=True,
        ),
        _object(
            {
                "verdict": {"enum": VERDICTS},
                "servers": _list(
                    _object(
                        {
                            "name": TEXT,
                            "shown": TEXT,
                            "verdict": {"enum": VERDICTS},
                            "severity": LEVEL,
                            "verification": TEXT,
                            "grade": _or_null(TEXT),
                            "tools": _or_null(NUMBER),
                            "reasons": _list(REASON),
                        }
                    )
                ),
            }
        ),
    ),
    _tool(
        "explain_denial",
        "Explain a denial",
        "Why a call was denied, and what would make it pass. Takes the request id that the denial's `_meta` carries, and for one"
        " that is long ago about when it was.",
        _object(
            {
                "request_id": {"type": "string", "minLength": 1, "maxLength": REQUEST_ID_MAX},
                "at": {
                    "type": "string",
                    "maxLength": 40,
                    "description": "Like 2027-01-31T12:00:00Z; where it is not among the newest.",
                },
            },
            required=["request_id"],
            closed=True,
        ),
        _object(
            {
                "request_id": TEXT,
                "at": TEXT,
                "server": TEXT,
                "method": TEXT,
                "target": TEXT,
                "decision": TEXT,
                "code": _or_null(TEXT),
                "rule": _or_null(TEXT),
                "message": _or_null(TEXT),
                "retry_after_s": _or_null(NUMBER),
                "policy_revision": _or_null(TEXT),
                "explanation": TEXT,
                "would_pass": TEXT,
            }
        ),
    ),
    _tool(
        "get_change_events",
        "Get changes",
        "How the servers of this installation changed: tools, grades, whom they let in, who they seem to be. A feed.",
        _object(
            {
                "after": {"type": "string", "maxLength": 32, "description": "`cursor` of an answer; `0` for the beginning."},
                "severity": {**LEVEL, "description": "Of this severity, or a graver one."},
                "server": {"type": "string", "minLength": 1, "maxLength": 200},
                "limit": LIMIT,
            },
            required=[],
            closed=True,
        ),
        _object(
            {
                "items": _list(
                    _object(
                        {
                            "sequence": NUMBER,
                            "at": TEXT,
                            "server": TEXT,
                            "kind": TEXT,
                            "tool": _or_null(TEXT),
                            "severity": LEVEL,
                            "what": TEXT,
                            "diff": TEXT,
                        }
                    )
                ),
                "cursor": TEXT,
                "more": {"type": "boolean"},
            }
        ),
    ),
)
"""In the order in which they are listed."""
