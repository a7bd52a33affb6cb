"""Reading limits, and the rule that one counter has one window, scope and `sliding`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from yett.policy import vocabulary as words
from yett.policy.errors import pointer_join
from yett.policy.json_value import JsonValue, Number
from yett.policy.model import Limit
from yett.policy.parse_conditions import read_plain_path
from yett.policy.reading import (
    Problems,
    Read,
    one_of,
    read_boolean,
    read_list,
    read_name,
    read_number,
    read_object,
    read_text,
    whole,
)
from yett.policy.vocabulary import Kind
from yett.quota.windows import Window

Unnamed: TypeAlias = Callable[[str], Limit]
"""A limit that waits for its counter's name."""


def read_limits(value: JsonValue, pointer: str, problems: Problems) -> tuple[Limit, ...]:
    """The limits of a rule."""
    return read_list(value, pointer, _read_limit, problems)


def read_rate_limit(value: JsonValue, pointer: str, problems: Problems) -> Unnamed | None:
    """The sugar `rate_limit`: a limit for each session, named after the rule."""
    members = read_object(value, pointer, words.RATE_LIMIT, _READERS, problems)
    if "max" not in members or "window" not in members:
        return None
    return lambda counter: Limit(counter, Window(members["window"]), members["max"], scope="session")


def _read_limit(value: JsonValue, pointer: str, problems: Problems) -> Limit | None:
    members = read_object(value, pointer, words.LIMIT, _READERS, problems)
    if isinstance(value, dict):
        _check_together(value, members, pointer, problems)
    if not {"counter", "window", "max"} <= members.keys():
        return None
    return Limit(
        counter=members["counter"],
        window=Window(members["window"], members.get("sliding", False)),
        maximum=members["max"],
        scope=members.get("scope", "grant"),
        increment_from=members.get("increment_from"),
        increment_size_of=members.get("increment_size_of"),
        increment_default=members.get("increment_default"),
        on_deny=members.get("on_deny"),
    )


def _check_together(value: Mapping[str, JsonValue], members: Mapping[str, Any], pointer: str, problems: Problems) -> None:
    dynamic = [name for name in ("increment_from", "increment_size_of") if name in value]
    if pointer.startswith("/all_tools/"):
        for name in dynamic:
            problems.add(
                pointer_join(pointer, name), f"`{name}` is not allowed under `all_tools`", "every tool has other arguments"
            )
    elif len(dynamic) == 2:
        problems.add(pointer_join(pointer, dynamic[1]), "a call adds one amount", f"remove `{dynamic[0]}` or `{dynamic[1]}`")
    if "increment_default" in value and not dynamic:
        hint = "it is what is added where the path of `increment_from` or `increment_size_of` is absent"
        problems.add(pointer_join(pointer, "increment_default"), "`increment_default` stands alone", hint)
    if members.get("sliding") and _seconds(members.get("window")) > words.SLIDING_SECONDS_MAX:
        problems.add(pointer_join(pointer, "sliding"), "a sliding window is at most a day long")


def _seconds(window: str | None) -> int:
    if window is None:
        return 0
    return words.WINDOW_SECONDS_MAX if window in {"week", "month"} else Window(window).seconds


def _read_window(value: JsonValue, pointer: str, problems: Problems) -> str | None:
    if isinstance(value, str) and value in words.WINDOWS:
        return value
    seconds = whole(value)
    if seconds is not None and 1 <= seconds <= words.WINDOW_SECONDS_MAX:
        return str(seconds)
    hint = "write `minute`, `hour`, `day`, `week`, `month`, or whole seconds from 1 to 31536000"
    problems.add(pointer, "not a window", hint)
    return None


def _read_amount(value: JsonValue, pointer: str, problems: Problems) -> Number | None:
    amount = read_number(value, pointer, problems)
    if amount is not None and amount < 0:
        problems.add(pointer, "must not be negative")
        return None
    return amount


_READERS: Final[Mapping[Kind, Read]] = MappingProxyType(
    {
        Kind.NAME: read_name,
        Kind.WINDOW: _read_window,
        Kind.AMOUNT: _read_amount,
        Kind.SCOPE: one_of(words.SCOPES),
        Kind.BOOLEAN: read_boolean,
        Kind.PLAIN_PATH: read_plain_path,
        Kind.TEXT: read_text,
    }
)


# --- one counter ------------------------------------------------------------------------------------------------------------


_TRAITS: Final = ("window", "scope", "sliding")


def check_counters(document: Mapping[str, JsonValue], problems: Problems) -> None:
    """Report each limit that declares a counter's name with another window, scope or `sliding` than an earlier one."""
    declared: dict[str, tuple[JsonValue, ...]] = {}
    for name, traits, places in _declarations(document):
        first = declared.setdefault(name, traits)
        for trait, mine, theirs, place in zip(_TRAITS, traits, first, places, strict=True):
            if mine != theirs:
                problems.add(place, f"counter `{name}` is declared elsewhere with another {trait}", "name it otherwise")


def _declarations(document: Mapping[str, JsonValue]) -> Iterator[tuple[str, tuple[JsonValue, ...], tuple[str, ...]]]:
    """Name, (window, scope, sliding) and their places, of every well-formed limit in document order."""
    for pointer, key, rule in _rules(document):
        limits = rule.get("limits")
        for index, limit in enumerate(limits if isinstance(limits, list) else []):
            if isinstance(limit, dict) and isinstance(name := limit.get("counter"), str):
                traits = (_written(limit.get("window")), limit.get("scope", "grant"), limit.get("sliding", False))
                place = pointer_join(pointer, "limits", index)
                yield name, traits, tuple(pointer_join(place, trait) for trait in _TRAITS)
        rate = rule.get("rate_limit")
        if isinstance(rate, dict):
            place = pointer_join(pointer, "rate_limit")
            places = (pointer_join(place, "window"), place, place)
            yield f"{key}_rate", (_written(rate.get("window")), "session", False), places


def _written(window: JsonValue) -> JsonValue:
    seconds = whole(window)
    return window if seconds is None else str(seconds)


def _rules(document: Mapping[str, JsonValue]) -> Iterator[tuple[str, str, Mapping[str, JsonValue]]]:
    for name, value in document.items():
        if name == "all_tools" and isinstance(value, dict):
            yield "/all_tools", "", value
        elif name in {"tools", "risk", "resources", "prompts"} and isinstance(value, dict):
            for key, rule in value.items():
                if isinstance(rule, dict):
                    yield pointer_join("", name, key), key, rule
