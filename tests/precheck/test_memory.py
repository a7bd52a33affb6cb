"""What was last seen is kept without secrets, compared, and read back with care."""

from __future__ import annotations

import json

import pytest

from yett.catalog.model import ToolDefinition
from yett.catalog.record import Verification
from yett.precheck.memory import KEPT_MAX, LastSeen, key_of, read_memory, seen_now, since, written
from yett.precheck.naming import named
from yett.scan.model import Tools
from yett.scan.seen import Remembered

SERVER = named("npm:a-server").candidates[0]
GET, DELETE = ToolDefinition("get_it"), ToolDefinition("delete_it")
OFFICIAL, UNKNOWN = Verification.OFFICIAL, Verification.UNKNOWN


def tools(*listed: ToolDefinition) -> Tools:
    return Tools(listed, "a test")


def first() -> LastSeen:
    return seen_now(None, SERVER, tools(GET), "2027-01-01T00:00:00Z", ("A", OFFICIAL, "asks"))


def test_the_first_time_nothing_is_different() -> None:
    found = since(None, SERVER, tools(GET), first())
    assert (found.last, found.tools.first, found.grade) == (None, True, None)


def test_tools_grade_identity_and_authentication_are_compared() -> None:
    now = seen_now(first(), SERVER, tools(GET, DELETE), "2027-01-02T00:00:00Z", ("D", UNKNOWN, "open"))
    found = since(first(), SERVER, tools(GET, DELETE), now)
    assert found.last == "2027-01-01T00:00:00Z"
    assert (found.tools.added, found.tools.removed, found.tools.changed) == (("delete_it",), (), ())
    assert (found.grade, found.identity, found.auth) == (("A", "D"), ("official", "unknown"), ("asks", "open"))
    reworded = ToolDefinition("get_it", description="Something else.")
    assert since(first(), SERVER, tools(reworded), now).tools.changed == ("get_it",)


def test_what_is_not_known_this_time_is_kept_and_no_difference() -> None:
    unseen = Tools(None, "not asked")
    now = seen_now(first(), SERVER, unseen, "2027-01-02T00:00:00Z", (None, OFFICIAL, None))
    assert (now.grade, now.auth, now.seen) == ("A", "asks", first().seen)
    found = since(first(), SERVER, unseen, now)
    assert not found.tools
    assert (found.grade, found.identity, found.auth) == (None, None, None)


def test_the_memory_is_read_as_it_was_written() -> None:
    memory = {key_of("npm:a-server"): first()}
    assert read_memory(written(memory)) == memory
    assert read_memory(None) == {}


def test_what_was_named_is_kept_as_a_digest_only() -> None:
    assert b"secret-value" not in written({key_of("https://h.example/?key=secret-value"): first()})


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"version": 2, "servers": {}}', b'{"version": 1, "servers": {"a": {}}}', b"[" * 100_000, b"\xff"],
)
def test_what_is_no_memory_is_said_to_be_none(content: bytes) -> None:
    assert read_memory(content) is None


@pytest.mark.parametrize("changed", [{"grade": "E"}, {"auth": "ajar"}, {"verification": "blessed"}])
def test_a_standing_that_nobody_has_makes_it_none(changed: dict[str, str]) -> None:
    value = json.loads(written({"a": first()}))
    value["servers"]["a"].update(changed)
    assert read_memory(json.dumps(value).encode()) is None


def test_the_oldest_are_forgotten_when_there_are_many() -> None:
    seen = Remembered("x", None)
    many = {f"{number:05}": LastSeen(f"{number:05}", seen, None, UNKNOWN, None) for number in range(KEPT_MAX + 1)}
    kept = read_memory(written(many))
    assert kept is not None
    assert len(kept) == KEPT_MAX
    assert "00000" not in kept
