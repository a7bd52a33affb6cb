"""What was last seen of servers that somebody asked about: names, digests and standings, nothing else. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from yett.catalog.record import Auth, Verification
from yett.scan.model import Changes, FoundServer, Tools
from yett.scan.seen import Remembered, changes, remember

VERSION: Final = 1
KEPT_MAX: Final = 5_000
"""Servers; the one asked about longest ago gives way."""
LETTERS: Final = frozenset("ABCDF")


@dataclass(frozen=True, slots=True)
class LastSeen:
    """One server as it was."""

    at: str
    seen: Remembered
    grade: str | None
    verification: Verification
    auth: Auth | None


@dataclass(frozen=True, slots=True)
class SinceLastSeen:
    """What is different from last time."""

    last: str | None
    """When that was; None where it is the first time."""
    tools: Changes
    grade: tuple[str, str] | None = None
    """What it was and is, where it is another one."""
    identity: tuple[str, str] | None = None
    auth: tuple[str, str] | None = None


def key_of(text: str) -> str:
    """Under what a server is remembered: a digest, since an address may hold a secret."""
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16, person=b"yett precheck").hexdigest()


def since(before: LastSeen | None, server: FoundServer, tools: Tools, now: LastSeen) -> SinceLastSeen:
    """What is different; what is not known on either side is no difference."""
    if before is None:
        return SinceLastSeen(None, Changes(first=True))
    return SinceLastSeen(
        before.at,
        changes(server, tools, before.seen),
        _differ(before.grade, now.grade),
        _differ(before.verification.value, now.verification.value),
        _differ(before.auth, now.auth),
    )


def seen_now(
    before: LastSeen | None, server: FoundServer, tools: Tools, at: str, standing: tuple[str | None, Verification, Auth | None]
) -> LastSeen:
    """What is kept. What is not known this time is kept as it was."""
    grade, verification, auth = standing
    was = (None, None) if before is None else (before.grade, before.auth)
    return LastSeen(
        at, remember(server, tools, None if before is None else before.seen), grade or was[0], verification, auth or was[1]
    )


def written(memory: Mapping[str, LastSeen]) -> bytes:
    """The memory as the content of a file."""
    newest = sorted(memory.items(), key=lambda one: one[1].at, reverse=True)[:KEPT_MAX]
    servers = {
        key: {
            "at": one.at,
            "shown": one.seen.shown,
            "tools": None if one.seen.tools is None else dict(one.seen.tools),
            "grade": one.grade,
            "verification": one.verification.value,
            "auth": one.auth,
        }
        for key, one in sorted(newest)
    }
    return json.dumps({"version": VERSION, "servers": servers}, indent=1).encode()


def read_memory(content: bytes | None) -> dict[str, LastSeen] | None:
    """The memory of a file's content; None where it cannot be read as one."""
    if content is None:
        return {}
    try:
        value = json.loads(content)
        return {str(key): _last(one) for key, one in value["servers"].items()} if value["version"] == VERSION else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _last(one: Any) -> LastSeen:
    tools, grade, auth = one["tools"], one["grade"], one["auth"]
    if (grade is not None and grade not in LETTERS) or auth not in {None, "open", "gated", "asks"}:
        raise ValueError("no standing")
    digests = None if tools is None else {str(name): str(digest) for name, digest in tools.items()}
    return LastSeen(str(one["at"]), Remembered(str(one["shown"]), digests), grade, Verification(one["verification"]), auth)


def _differ(was: str | None, now: str | None) -> tuple[str, str] | None:
    return (was, now) if was is not None and now is not None and was != now else None
