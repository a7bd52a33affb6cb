"""The operators: how each judges a present value. No operator raises.

An operator compiles its literal to a test. A test takes a present value (never a missing one; `null` only where the literal is
`null`) and answers with one of the four outcomes, which are ordered so that AND is the minimum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import re2

from yett.policy.errors import LiteralError
from yett.policy.json_value import JsonValue, has_inexact_number, is_exact, json_equal, json_type
from yett.policy.locations import DirectorySet
from yett.policy.network import CidrSet, HostSet
from yett.policy.sql import SqlKinds

Outcome: TypeAlias = int
FALSE: Final = 0
ILL: Final = 1
ABSENT: Final = 2
TRUE: Final = 3
OUTCOME_NAMES: Final = ("FALSE", "ILL", "ABSENT", "TRUE")

Test: TypeAlias = Callable[[JsonValue], Outcome]

_ANY_ORDER: Final = (0, 2, 1, 3)  # any: TRUE, else ILL, else ABSENT, else FALSE


def both(left: Outcome, right: Outcome) -> Outcome:
    """AND: FALSE, else ILL, else ABSENT, else TRUE."""
    return left if left < right else right


def either(left: Outcome, right: Outcome) -> Outcome:
    """`any`: TRUE, else ILL, else ABSENT, else FALSE."""
    return left if _ANY_ORDER[left] > _ANY_ORDER[right] else right


def negated(outcome: Outcome) -> Outcome:
    """`not` swaps TRUE and FALSE and keeps the other two."""
    return (TRUE, ILL, ABSENT, FALSE)[outcome]


def compile_test(operator: str, literal: JsonValue) -> Test:
    """The test of one operator with one literal that the parser has accepted."""
    return _COMPILERS[operator](literal)


def _negate(test: Test) -> Test:
    return lambda value: (TRUE, ILL, ABSENT, FALSE)[test(value)]


def _verdict(answer: bool | None) -> Outcome:
    if answer is None:
        return ILL
    return TRUE if answer else FALSE


def _eq(literal: JsonValue) -> Test:
    if literal is None:
        return lambda value: TRUE if value is None else FALSE
    if isinstance(literal, str):
        return lambda value: (TRUE if value == literal else FALSE) if type(value) is str else ILL
    return _equal_to_one_of([literal])


def _in(literals: JsonValue) -> Test:
    assert isinstance(literals, list)
    judged: list[JsonValue] = [literal for literal in literals if literal is not None]
    if not judged:
        return lambda value: TRUE if value is None else FALSE
    nulls = len(judged) < len(literals)
    if all(isinstance(literal, str) for literal in judged):
        texts = frozenset(str(literal) for literal in judged)
        return lambda value: (
            (TRUE if value in texts else FALSE) if type(value) is str else TRUE if nulls and value is None else ILL
        )
    test = _equal_to_one_of(judged)
    return lambda value: TRUE if nulls and value is None else test(value)


def _equal_to_one_of(literals: list[JsonValue]) -> Test:
    kinds = frozenset(json_type(literal) for literal in literals)

    def test(value: JsonValue) -> Outcome:
        if json_type(value) not in kinds or has_inexact_number(value):
            return ILL
        return TRUE if any(json_equal(value, literal) for literal in literals) else FALSE

    return test


def _comparison(holds: Callable[[Any, Any], bool]) -> Callable[[JsonValue], Test]:
    def compile_with(literal: JsonValue) -> Test:
        def test(value: JsonValue) -> Outcome:
            kind = type(value)
            if (kind is int or kind is Decimal) and is_exact(value):  # type: ignore[arg-type]  # narrowed by the exact type
                return TRUE if holds(value, literal) else FALSE
            return ILL

        return test

    return compile_with


@lru_cache(maxsize=1_024)
def regex(pattern: str) -> Any:
    """The compiled RE2 pattern; `re2.error` if it is none."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _regex(literal: JsonValue) -> Test:
    search = regex(str(literal)).search

    def test(value: JsonValue) -> Outcome:
        if type(value) is not str:
            return ILL
        try:
            return TRUE if search(value) is not None else FALSE
        except UnicodeEncodeError:  # a lone surrogate: refused at the door, and not judged here either
            return ILL

    return test


def _contains(literal: JsonValue) -> Test:
    def test(value: JsonValue) -> Outcome:
        if isinstance(value, str):
            return (TRUE if literal in value else FALSE) if isinstance(literal, str) else ILL
        if not isinstance(value, list):
            return ILL
        if any(json_equal(element, literal) for element in value):
            return TRUE
        return ILL if has_inexact_number(value) else FALSE

    return test


def _text(holds: Callable[[str, str], bool]) -> Callable[[JsonValue], Test]:
    def compile_with(literal: JsonValue) -> Test:
        assert isinstance(literal, str)
        return lambda value: (TRUE if holds(value, literal) else FALSE) if isinstance(value, str) else ILL

    return compile_with


def _size(holds: Callable[[int, int], bool]) -> Callable[[JsonValue], Test]:
    def compile_with(literal: JsonValue) -> Test:
        assert isinstance(literal, int)
        return lambda value: (TRUE if holds(len(value), literal) else FALSE) if isinstance(value, str | list | dict) else ILL

    return compile_with


def _type_is(literal: JsonValue) -> Test:
    kinds = frozenset(str(kind) for kind in literal) if isinstance(literal, list) else frozenset({str(literal)})
    return lambda value: TRUE if json_type(value) in kinds else FALSE


def _exists(literal: JsonValue) -> Test:
    return lambda value: TRUE if (value is not None) is literal else FALSE


def _judged_text(judge: Callable[[str], bool | None]) -> Test:
    return lambda value: _verdict(judge(value)) if isinstance(value, str) else ILL


def _host_in(literal: JsonValue) -> Test:
    return _judged_text(HostSet.parse(_texts(literal)).judge)


def _path_within(literal: JsonValue) -> Test:
    return _judged_text(DirectorySet.parse(_texts(literal)).judge)


def _cidr_in(literal: JsonValue) -> Test:
    return _judged_text(CidrSet.parse(_texts(literal)).judge)


def _sql_only(literal: JsonValue) -> Test:
    assert isinstance(literal, dict)
    return _judged_text(SqlKinds.parse(literal).judge_only)


def _sql_any(literal: JsonValue) -> Test:
    assert isinstance(literal, dict)
    return _judged_text(SqlKinds.parse(literal).judge_any)


def _texts(literal: JsonValue) -> list[str]:
    assert isinstance(literal, list)
    return [str(element) for element in literal]


_COMPILERS: Final[Mapping[str, Callable[[JsonValue], Test]]] = MappingProxyType(
    {
        "eq": _eq,
        "neq": lambda literal: _negate(_eq(literal)),
        "in": _in,
        "not_in": lambda literal: _negate(_in(literal)),
        "lt": _comparison(lt),
        "lte": _comparison(le),
        "gt": _comparison(gt),
        "gte": _comparison(ge),
        "regex": _regex,
        "contains": _contains,
        "starts_with": _text(str.startswith),
        "ends_with": _text(str.endswith),
        "size_lte": _size(lambda size, literal: size <= literal),
        "size_gte": _size(lambda size, literal: size >= literal),
        "type_is": _type_is,
        "exists": _exists,
        "host_in": _host_in,
        "path_within": _path_within,
        "cidr_in": _cidr_in,
        "sql_only": _sql_only,
        "sql_any": _sql_any,
    }
)


def judges_null(operator: str, literal: JsonValue) -> bool:
    """Whether a present `null` is judged rather than ABSENT: where the literal is, or lists, `null`; and for `exists`."""
    if operator in {"in", "not_in"}:
        return isinstance(literal, list) and None in literal
    return operator == "exists" or (operator in {"eq", "neq"} and literal is None)


def missing_outcome(operator: str, literal: JsonValue) -> Outcome:
    """The outcome where the path leads to no member: ABSENT, but `exists` answers."""
    if operator == "exists":
        return FALSE if literal else TRUE
    return ABSENT


def wrong_kind_outcome(operator: str, literal: JsonValue) -> Outcome:
    """The outcome where a step meets a value of the wrong kind: ILL, but `exists: true` is FALSE."""
    return FALSE if operator == "exists" and literal is True else ILL


def check_literal_set(operator: str, literal: JsonValue) -> None:
    """Raise `LiteralError` if the literal of a set operator (`host_in`, `path_within`, `cidr_in`, `sql_*`) is not usable."""
    _COMPILERS[operator](literal)


def check_pattern(pattern: str) -> None:
    """Raise `LiteralError` if RE2 does not take the pattern."""
    try:
        regex(pattern)
    except re2.error as error:
        raise LiteralError(None, f"not an RE2 pattern: {_re2_reason(error)}") from error


def _re2_reason(error: Exception) -> str:
    reason = error.args[0] if error.args else str(error)
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
