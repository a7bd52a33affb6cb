"""What a text of SQL would do, as far as its verbs say: `sql_only` and `sql_any`. Pure; the parser is sqlglot.

The gate reads with sqlglot, the database with its own parser. Where the two are known to see different statements in one text,
the text is ILL (`None` here): see `_HIDDEN_CODE`, `_refuse_doubts` and `_is_next_statement`. Functions are not looked into.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from yett.policy.errors import LiteralError, nearest
from yett.policy.json_value import JsonValue
from yett.policy.vocabulary import SQL_KINDS

if TYPE_CHECKING:
    from sqlglot import Token
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.expressions import Expr

FRAMES_MAX: Final = 2_000
"""Frames that the parser may use, whoever calls: one text must not be judged in the gateway and ILL in a test, or the reverse."""
SQL_CHARS_MAX: Final = 65_536
"""Longest text that is parsed: the parser takes some microseconds for each character."""

DIALECTS: Final = (
    "athena", "bigquery", "clickhouse", "databricks", "dax", "doris", "dremio", "drill", "druid", "duckdb", "dune", "exasol",
    "fabric", "hive", "materialize", "mysql", "oracle", "postgres", "presto", "prql", "redshift", "risingwave", "singlestore",
    "snowflake", "solr", "spark", "spark2", "sqlite", "starrocks", "tableau", "teradata", "trino", "tsql",
)  # fmt: skip
"""The names of sqlglot's dialects, written down so that a policy can be read without loading it."""

_UNSPLIT: Final = frozenset({"tsql", "fabric"})
"""Dialects in which statements may follow each other without a semicolon."""
_REPLACES: Final = frozenset({"mysql", "doris", "starrocks", "singlestore", "sqlite"})
"""Dialects with a `REPLACE` statement."""

_STATEMENTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("Select", "Union", "Intersect", "Except", "Subquery", "Values", "Pivot", "Summarize"), "select"),
    **{"Insert": "insert", "Update": "update", "Delete": "delete", "Merge": "merge", "Create": "create", "Alter": "alter"},
    **{"Drop": "drop", "TruncateTable": "truncate"},
    **dict.fromkeys(
        (
            *("Analyze", "Attach", "Cache", "Comment", "Commit", "Copy", "Declare", "Describe", "Detach", "Export", "Get"),
            *("Grant", "Install", "Kill", "LoadData", "Pragma", "Put", "Refresh", "Revoke", "Rollback", "Set", "Show"),
            *("Transaction", "Uncache", "Undrop", "Use"),
        ),
        "other",
    ),
}
"""Class of a whole statement → the kind of its verb. A statement of any other class is not understood, so it is ILL."""
_PARTS: Final[Mapping[str, str]] = {
    **{name: kind for name, kind in _STATEMENTS.items() if kind not in {"select", "other"}},
    **dict.fromkeys(("Copy", "Into", "LoadData"), "other"),
    "DropPartition": "drop",
}
"""Class of a part, at any depth → the kind that it adds."""
_OPAQUE: Final = frozenset({"Command", "Execute", "IfBlock", "WhileBlock", "ForBlock", "Block"})
"""Classes whose content sqlglot does not read, or reads as something else than the database does."""
_ALIASES: Final = frozenset({"Alias", "TableAlias"})
_FIRST_WORDS: Final = frozenset({"EXPLAIN", "CALL", "DO", "EXEC", "EXECUTE", "PREPARE"})
"""Statements known only by their first word."""
_STATEMENT_WORD: Final = re.compile(
    "ADD|ALTER|BACKUP|BEGIN|BREAK|BULK|CHECKPOINT|CLOSE|COMMIT|CONTINUE|CREATE|DBCC|DEALLOCATE|DECLARE|DELETE|DENY|DISABLE|DROP|"
    "ELSE|ENABLE|END|EXEC|EXECUTE|FETCH|GET|GO|GOTO|GRANT|IF|INSERT|KILL|MERGE|MOVE|OPEN|PRINT|RAISERROR|READTEXT|RECEIVE|"
    "RECONFIGURE|RESTORE|RETURN|REVERT|REVOKE|ROLLBACK|SAVE|SELECT|SEND|SET|SETUSER|SHUTDOWN|THROW|TRUNCATE|UPDATE|UPDATETEXT|"
    "USE|WAITFOR|WHILE|WITH|WRITETEXT",
    re.IGNORECASE,
)
"""Words that begin a T-SQL statement: where sqlglot takes one for an alias, the server runs it."""

_HIDDEN_CODE: Final = re.compile(
    r"/\*[!+]|/\*M!"  # run by MySQL and MariaDB though they look like comments; hints
    r"|\{[#%{]"  # comments to sqlglot's template support, code to every database
    r"|--[^\n]*\\\r?\n"  # the comment goes on in the next line to Spark and Doris
    r"|\r(?!\n)"  # the end of a line comment to some, a part of it to others
    r"|[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f]"
)
_FAR_BLANK: Final = re.compile(r"[^\S \t\r\n]|[\u200b-\u200f\u2060-\u2064\ufeff]")
_STRINGS: Final = frozenset(
    {"STRING", "NATIONAL_STRING", "RAW_STRING", "HEREDOC_STRING", "UNICODE_STRING", "BYTE_STRING", "HEX_STRING", "BIT_STRING"}
)
_QUOTED: Final = _STRINGS | {"IDENTIFIER"}


@dataclass(frozen=True, slots=True)
class SqlKinds:
    """The literal of `sql_only` and `sql_any`."""

    dialect: str
    kinds: frozenset[str]

    @classmethod
    def parse(cls, literal: Mapping[str, JsonValue]) -> SqlKinds:
        """`{"dialect": …, "kinds": […]}`; `LiteralError` names an element of `kinds` by its index, all else by None."""
        dialect, kinds = literal.get("dialect"), literal.get("kinds")
        if not isinstance(dialect, str) or dialect not in DIALECTS:
            hint = nearest(str(dialect), DIALECTS) or "such as `postgres`, `mysql`, `sqlite`, `tsql`, `bigquery`, `snowflake`"
            raise LiteralError(None, f"`{dialect}` is not a dialect that can be read: {hint}")
        if not isinstance(kinds, list) or not kinds:
            raise LiteralError(None, "`kinds` must be a non-empty list of statement kinds")
        for index, kind in enumerate(kinds):
            if kind not in SQL_KINDS:
                raise LiteralError(index, f"`{kind}` is not a statement kind: {nearest(str(kind), SQL_KINDS)}")
        return cls(dialect, frozenset(str(kind) for kind in kinds))

    def judge_only(self, sql: str) -> bool | None:
        """Whether every kind found in the text is listed; None where the text cannot be judged."""
        found = kinds_of(sql, self.dialect)
        return None if found is None else found <= self.kinds

    def judge_any(self, sql: str) -> bool | None:
        """Whether a listed kind is found in the text; None where the text cannot be judged."""
        found = kinds_of(sql, self.dialect)
        return None if found is None else not found.isdisjoint(self.kinds)


def kinds_of(sql: str, dialect: str) -> frozenset[str] | None:
    """The kinds of all statements in the text and of their data-changing parts; None where the text cannot be judged."""
    if len(sql) > SQL_CHARS_MAX or _HIDDEN_CODE.search(sql) is not None:
        return None
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(_depth() + FRAMES_MAX)
        return _read(sql, dialect)
    except Exception:  # noqa: BLE001 - the one boundary around a large foreign parser: whatever it stumbles over is not judged
        return None
    finally:
        sys.setrecursionlimit(limit)


def _depth() -> int:
    """How many frames stand on the stack now."""
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


class _NotJudgedError(Exception):
    """The text may mean something else to the database than to us."""


def _read(sql: str, dialect: str) -> frozenset[str]:
    reader = _reader(dialect)
    tokens = reader.tokenize(sql)
    _refuse_doubts(sql, tokens)
    starts = [token for before, token in zip([None, *tokens], tokens, strict=False) if before is None or _ends(before)]
    if any(token.text.upper() in _FIRST_WORDS for token in starts):
        raise _NotJudgedError("a statement known only by its first word")
    kinds = set[str]()
    if dialect in _REPLACES and any(_is_replace(token) for token in starts):
        sql, tokens = _replace_as_insert(sql, starts), []
        kinds |= {"insert", "delete"}
    statements = reader.parser().parse(tokens or reader.tokenize(sql), sql)
    for statement in statements:
        if statement is not None and type(statement).__name__ != "Semicolon":
            kinds.update(_statement_kinds(statement, dialect))
    if not kinds:
        raise _NotJudgedError("no statement")
    return frozenset(kinds)


def _reader(dialect: str) -> Dialect:
    from sqlglot import parser  # noqa: PLC0415 - 0.1 s to load, and few policies judge SQL
    from sqlglot.dialects.dialect import Dialect  # noqa: PLC0415 - as above

    parser.logger.disabled = True  # it would print each text that it reads only in part
    return Dialect.get_or_raise(dialect)


def _ends(token: Token) -> bool:
    return token.token_type.name == "SEMICOLON"


def _is_replace(token: Token) -> bool:
    return token.text.upper() == "REPLACE"


def _replace_as_insert(sql: str, starts: Iterable[Token]) -> str:
    """sqlglot does not read `REPLACE`, whose grammar is that of `INSERT`; both words take seven places."""
    for token in starts:
        if _is_replace(token):
            sql = f"{sql[: token.start]}INSERT {sql[token.end + 1 :]}"
    return sql


def _refuse_doubts(sql: str, tokens: list[Token]) -> None:
    """Raise where databases are known to cut a text into other pieces than sqlglot does."""
    outside, position = [], 0
    for before, token in zip([None, *tokens], tokens, strict=False):
        if any("/*" in comment for comment in token.comments):
            raise _NotJudgedError("a comment inside a comment: dialects differ on where it ends")
        kind = token.token_type.name
        if kind in _STRINGS and before is not None:
            _refuse_joined_string(before, token)
        if kind in _QUOTED:
            outside.append(sql[position : token.start])
            position = token.end + 1
    if _FAR_BLANK.search("".join([*outside, sql[position:]])) is not None:
        raise _NotJudgedError("a blank outside ASCII: white space to some, a letter to others")


def _refuse_joined_string(before: Token, token: Token) -> None:
    if before.token_type.name in _STRINGS:
        raise _NotJudgedError("strings in a row: the first decides how PostgreSQL reads the next")
    if before.end + 1 == token.start and before.token_type.name in {"VAR", "INTRODUCER"}:
        raise _NotJudgedError("a string with a prefix that sqlglot does not know")


def _statement_kinds(statement: Expr, dialect: str) -> Iterator[str]:
    name = type(statement).__name__
    if name not in _STATEMENTS or (name == "Describe" and type(statement.this).__name__ != "Table"):
        raise _NotJudgedError(f"not a statement that is understood: {name}")
    yield _STATEMENTS[name]
    for node in statement.walk():
        name = type(node).__name__
        if name in _OPAQUE or (dialect in _UNSPLIT and _is_next_statement(name, node)):
            raise _NotJudgedError(f"not read: {name}")
        if name in _PARTS:
            yield _PARTS[name]
        yield from _branch_kinds(name, node)


def _branch_kinds(name: str, node: Expr) -> Iterator[str]:
    """What hides in the branches of a MERGE, of an upsert, and in statements that clear before they write."""
    if name == "When":
        branch = str(node.args.get("then")).lower()
        yield from (kind for kind in ("insert", "update", "delete") if branch.startswith(kind))
    elif name == "OnConflict":
        action = str(node.args.get("action")).upper()
        if node.args.get("duplicate") or action not in {"DO NOTHING", "NOTHING", "NONE"}:
            yield "update"
    elif name == "Returning" and node.args.get("into"):
        yield "insert"  # T-SQL's `OUTPUT … INTO` a table; into a variable elsewhere, which cannot be told apart by its name
    elif name == "Insert" and (_is_clearing(node)):
        yield "delete"
    elif name == "Create" and node.args.get("replace") and str(node.args.get("kind")).upper() in {"TABLE", "SCHEMA", "DATABASE"}:
        yield "drop"


def _is_clearing(insert: Expr) -> bool:
    arguments = insert.args
    return bool(arguments.get("overwrite") or arguments.get("where")) or str(arguments.get("alternative")).upper() == "REPLACE"


def _is_next_statement(name: str, node: Expr) -> bool:
    """Whether T-SQL reads the node as the start of the next statement: a bare alias, a cursor, a blank after `INTERVAL`."""
    if name == "Fetch":
        return type(node.args.get("count")).__name__ not in {"Literal", "Parameter", "Paren"}
    if name != "Identifier" or node.args.get("quoted") or type(node.parent).__name__ not in _ALIASES:
        return name == "Interval"
    return node.arg_key in {"alias", "this"} and _STATEMENT_WORD.fullmatch(str(node.this)) is not None
