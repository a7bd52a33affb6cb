"""Names with `*`: any run of characters. Compared code point by code point, in linear time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def matches(pattern: str, name: str) -> bool:
    """Whether `name` fits `pattern`; a pattern without `*` fits only itself."""
    return fits(pattern.split("*"), name)


def fits(parts: Sequence[str], name: str) -> bool:
    """Whether `name` is these parts in their order, with any run of characters between each two."""
    first, *rest = parts
    if not rest:
        return first == name
    *middle, last = rest
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    position, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True


def overlap(left: Sequence[str], right: Sequence[str]) -> bool:
    """Whether some name fits both. Where both have gaps, only their ends can contradict each other: a gap holds anything else."""
    if len(left) == 1:
        return fits(right, left[0])
    if len(right) == 1:
        return fits(left, right[0])
    first, last = (left[0], right[0]), (left[-1], right[-1])
    begins = first[0].startswith(first[1]) or first[1].startswith(first[0])
    return begins and (last[0].endswith(last[1]) or last[1].endswith(last[0]))


def literal_characters(pattern: str) -> int:
    """How specific a pattern is."""
    return len(pattern) - pattern.count("*")


def by_precedence(keys: Iterable[str]) -> Sequence[str]:
    """The keys with a `*`, the one that wins first: most literal characters, then lexicographic order."""
    return sorted((key for key in keys if "*" in key), key=lambda key: (-literal_characters(key), key))


def best_key(name: str, keys: Iterable[str], ordered_patterns: Sequence[str]) -> str | None:
    """The key that rules `name`: the exact one, else the first matching pattern of `ordered_patterns`, else None."""
    if "*" not in name and name in keys:
        return name
    return next((pattern for pattern in ordered_patterns if matches(pattern, name)), None)
