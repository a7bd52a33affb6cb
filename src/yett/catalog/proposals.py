"""Conditions that an operator may want on a tool's arguments, proposed from its schema. Their literals are examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from yett.catalog.listed import listed
from yett.catalog.model import Proposal, RiskClass, ToolDefinition
from yett.catalog.schema_reading import (
    PATH_NAMES,
    SHELL_NAMES,
    SQL_NAMES,
    URL_NAMES,
    Field,
    fields,
    is_action,
    read_schema,
)
from yett.catalog.words import name_words
from yett.policy.json_value import JsonObject, JsonValue
from yett.policy.lint import lint_document
from yett.policy.lint_tools import ToolShape

PROPOSALS_MAX: Final = 12
AMOUNT_NAMES: Final = listed("amount price total budget value quantity qty cost sum cents notional")
BRANCH_NAMES: Final = listed("branch ref basebranch targetbranch branchname headbranch")
RECIPIENT_NAMES: Final = listed("to recipient recipients cc bcc email toemail emails receiver")
_BARE: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*\Z")
_DIALECTS: Final = (
    "mysql",
    "sqlite",
    "bigquery",
    "snowflake",
    "clickhouse",
    "duckdb",
    "redshift",
    "oracle",
    "tsql",
    "databricks",
    "presto",
    "trino",
    "hive",
)
_MSSQL: Final = frozenset({"mssql", "sqlserver"})


def proposals(tool: ToolDefinition) -> tuple[Proposal, ...]:
    """Conditions worth having, at most one an argument, in the order of the schema. They fit the schema's types."""
    found = [field for field in fields(tool.input_schema) if len(field.path) <= 2]
    proposed = [proposal for field in found if (proposal := _proposal(tool, field)) is not None]
    return tuple(proposal for proposal in proposed[:PROPOSALS_MAX] if _fits(tool, proposal))


def _fits(tool: ToolDefinition, proposal: Proposal) -> bool:
    """Whether the linter has nothing to say against the condition: schemas may be stranger than types tell."""
    rule: JsonObject = {"require": [{"conditions": [proposal.condition]}]}
    policy: JsonObject = {"version": "1", "default": "deny", "tools": {"tool": rule}}
    return lint_document(policy, [ToolShape("tool", tool.input_schema)]) == ()


def _proposal(tool: ToolDefinition, field: Field) -> Proposal | None:
    for kind, literal in _tests(tool, field):
        operator, value, why = literal
        path, many = _path(field)
        if path is None:
            return None
        leaf: JsonObject = {"path": path, "op": operator, "value": value}
        if many:
            leaf["match"] = "every"
        return Proposal(path, kind, _optional(leaf, path, field, many=many), why)
    return None


def _optional(leaf: JsonObject, path: str, field: Field, *, many: bool) -> JsonObject:
    """The condition, or one that also holds where an argument that may be left out is left out."""
    if field.required and len(field.path) == 1:
        return leaf
    absent: JsonObject = {"path": path.partition("[")[0] if many else path, "op": "exists", "value": False}
    return {"any": [absent, leaf]}


_Literal = tuple[str, JsonValue, str]


def _tests(tool: ToolDefinition, field: Field) -> Iterator[tuple[str, _Literal]]:
    words, kinds = field.words, field.types
    whole, last = "".join(words), words[-1] if words else ""
    texts = not kinds or "string" in kinds or _of_texts(field)
    numbers = bool(kinds & {"number", "integer"})
    if is_action(field) and field.choices:
        yield from _operation(field)
    elif field.choices:
        return
    elif whole in SQL_NAMES and texts and "cypher" not in whole:
        dialect: JsonValue = {"dialect": _dialect(tool), "kinds": ["select"]}
        yield "sql", ("sql_only", dialect, "it is run as SQL: allow only what reads")
    elif whole in SHELL_NAMES and "string" in kinds:
        yield "command", ("in", ["git status", "ls"], "it is run as a command: list the ones that are meant")
    elif (whole in URL_NAMES or last in {"url", "uri"}) and texts:
        yield "url", ("host_in", ["example.com", "*.example.com"], "it is an address that is asked or sent to: name the hosts")
    elif (whole in PATH_NAMES or last in {"path", "file", "directory", "dir"}) and texts:
        yield "path", ("path_within", ["/srv/data"], "it is a path: name the directories")
    elif (whole in BRANCH_NAMES or last == "branch") and texts and not _of_texts(field):
        yield "branch", ("not_in", ["main", "master"], "it is a branch: keep to those that are not protected")
    elif (whole in AMOUNT_NAMES or last == "amount") and numbers:
        yield "amount", ("lte", 100, "it is an amount: say how much one call may be about")
    elif whole in RECIPIENT_NAMES and texts:
        yield "recipient", ("ends_with", "@example.com", "it says who gets it: name your own domain")


def _operation(field: Field) -> Iterator[tuple[str, _Literal]]:
    """For an argument that chooses among operations: the ones that remove nothing and move no money."""
    worse = {act.quote.partition(": ")[2] for act in read_schema([field]) if act.risk.rank > RiskClass.EXECUTE.rank}
    harmless: list[JsonValue] = [choice for choice in field.choices if choice not in worse]
    if worse and harmless:
        yield "operation", ("in", harmless, "it chooses what is done: these choices remove nothing and move no money")


def _of_texts(field: Field) -> bool:
    items = field.schema.get("items")
    return "array" in field.types and isinstance(items, dict) and items.get("type") == "string"


def _path(field: Field) -> tuple[str | None, bool]:
    """The path in the policy language, and whether it is each element of a list. None for a path through a list."""
    text = "args" + "".join(_step(name) for name in field.path)
    if _of_texts(field):
        return f"{text}[*]", True
    return (None, False) if "array" in field.types else (text, False)


def _step(name: str) -> str:
    if _BARE.match(name):
        return f".{name}"
    return f"[{json.dumps(name, ensure_ascii=False)}]"


def _dialect(tool: ToolDefinition) -> str:
    words: Sequence[str] = (*name_words(tool.name), *name_words(tool.server or ""))
    if _MSSQL & set(words):
        return "tsql"
    return next((dialect for dialect in _DIALECTS if dialect in words), "postgres")
