"""How two texts of a policy differ: by the ids of rules, as they stand in the decision log, and line by line. Pure."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from yett.admin.policy_views import Difference
from yett.policy.errors import pointer_join
from yett.policy.layout import laid_out

SECTIONS: Final = frozenset({"tools", "risk", "resources", "prompts"})
LISTS: Final = frozenset({"require", "deny_if", "require_approval", "limits"})
CONTEXT_LINES: Final = 3
POPULAR_FROM: Final = 200
"""Lines from which on `difflib` leaves out of its search those that are more than a hundredth of the text."""
PAIRS_MAX: Final = 100_000
"""Pairs of equal lines up to which two texts are compared line by line; above, that might take minutes."""

Document = Mapping[str, Any]


def differences(before: Document | None, after: Document) -> list[Difference]:
    """What was added, removed and changed between two canonical documents; None is nothing at all."""
    return list(_document({} if before is None else before, after))


def unified(before: str | None, after: str, names: tuple[str, str]) -> str:
    """A unified diff of two canonical texts, laid out in lines; `names` stand in its head."""
    old = [] if before is None else laid_out(json.loads(before)).split("\n")
    new = laid_out(json.loads(after)).split("\n")
    if _pairs(old, new) > PAIRS_MAX:
        return "\n".join((f"--- {names[0]}", f"+++ {names[1]}", *_one_hunk(old, new)))
    return "\n".join(difflib.unified_diff(old, new, *names, n=CONTEXT_LINES, lineterm=""))


def _pairs(old: Sequence[str], new: Sequence[str]) -> int:
    """How many pairs of equal lines a comparison looks at, again and again; of lines that are very frequent it looks at none."""
    left, right = Counter(old), Counter(new)
    frequent = len(new) // 100 + 1 if len(new) >= POPULAR_FROM else len(new)
    return sum(count * right[line] for line, count in left.items() if right[line] <= frequent)


def _alike(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many lines the two have in common at their starts, and after those at their ends."""
    shorter = min(len(old), len(new))
    start = next((index for index in range(shorter) if old[index] != new[index]), shorter)
    end = next((index for index in range(shorter - start) if old[-1 - index] != new[-1 - index]), shorter - start)
    return start, end


def _one_hunk(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Everything between what is alike, as removed and added."""
    start, end = _alike(old, new)
    begin, before, after = max(0, start - CONTEXT_LINES), len(old) - end, len(new) - end
    tail = old[before : before + CONTEXT_LINES]
    yield f"@@ -{begin + 1},{before - begin + len(tail)} +{begin + 1},{after - begin + len(tail)} @@"
    yield from (f" {line}" for line in old[begin:start])
    yield from (f"-{line}" for line in old[start:before])
    yield from (f"+{line}" for line in new[start:after])
    yield from (f" {line}" for line in tail)


def _document(before: Document, after: Document) -> Iterator[Difference]:
    for key in dict.fromkeys((*before, *after)):
        place = pointer_join("", key)
        if key in SECTIONS and key in before and key in after:
            yield from _section(place, before[key], after[key])
        elif key in SECTIONS and (before.get(key) or after.get(key)):
            yield from _section(place, before.get(key, {}), after.get(key, {}))
        elif key == "all_tools" and key in before and key in after:
            yield from _rule(place, before[key], after[key])
        elif key == "server_requests":
            yield from _members(place, before.get(key, {}), after.get(key, {}))
        else:
            yield from _one(place, before, after, key)


def _section(place: str, before: Document, after: Document) -> Iterator[Difference]:
    for key in dict.fromkeys((*before, *after)):
        if key in before and key in after:
            yield from _rule(pointer_join(place, key), before[key], after[key])
        else:
            yield from _one(pointer_join(place, key), before, after, key)


def _rule(place: str, before: Document, after: Document) -> Iterator[Difference]:
    for key in dict.fromkeys((*before, *after)):
        inner = pointer_join(place, key)
        if key in LISTS:
            old, new = _by_id(before.get(key, ())), _by_id(after.get(key, ()))
            yield from _members(inner, old, new, escape=False)
            common = [id for id in old if id in new], [id for id in new if id in old]
            if common[0] != common[1]:  # the first denial in the list is the one that is told
                yield Difference(path=inner, kind="changed", before=common[0], after=common[1])
        else:
            yield from _one(inner, before, after, key)


def _members(place: str, before: Document, after: Document, *, escape: bool = True) -> Iterator[Difference]:
    for key in dict.fromkeys((*before, *after)):
        yield from _one(pointer_join(place, key) if escape else f"{place}/{key}", before, after, key)


def _one(place: str, before: Document, after: Document, key: str) -> Iterator[Difference]:
    """What became of one member."""
    if key in before and key in after and before[key] == after[key]:
        return
    kind: Literal["added", "removed", "changed"] = "changed"
    if key not in before:
        kind = "added"
    elif key not in after:
        kind = "removed"
    yield Difference(path=place, kind=kind, before=before.get(key), after=after.get(key))


def _by_id(entries: Sequence[Document]) -> dict[str, Document]:
    """The entries or limits of a list by the last part of their rule ids."""
    found: dict[str, Document] = {}
    seen: dict[str, int] = {}
    for entry in entries:
        name = entry["counter"] if "counter" in entry else "+".join(map(_id, entry["conditions"])) or "always"
        seen[name] = seen.get(name, 0) + 1
        found[name if seen[name] == 1 else f"{name}#{seen[name]}"] = entry
    return found


def _id(condition: Document) -> str:
    if "any" in condition:
        return f"any({','.join(map(_id, condition['any']))})"
    if "not" in condition:
        return f"not({_id(condition['not'])})"
    return f"{condition['path']}-{condition['op']}"
