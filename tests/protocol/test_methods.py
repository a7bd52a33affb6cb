"""The method table against the SDK's own tables."""

from __future__ import annotations

import pytest
from mcp_types import methods as sdk

from yett.protocol.eras import HANDSHAKE_REVISIONS, REVISIONS, STATELESS_REVISIONS, Era, era_of, era_of_header
from yett.protocol.methods import ROWS, Direction, Handling, MethodKind, handling_to_client

FORWARDED = (Handling.JUDGED, Handling.FILTERED, Handling.RELAYED, Handling.OF_TASK)
TASKS_OF_2025_11 = {"tasks/get", "tasks/result", "tasks/list", "tasks/cancel", "notifications/tasks/status"}
TASKS_EXTENSION = {"tasks/get", "tasks/update", "tasks/cancel", "notifications/tasks"}


def _ours(direction: Direction, kind: MethodKind) -> set[tuple[str, str]]:
    """Method and revision, without the tasks that the SDK leaves out on purpose."""
    return {
        (row.name, revision)
        for row in ROWS
        if row.direction is direction and row.kind is kind
        for revision in row.revisions
        if not (revision == "2025-11-25" and row.name in TASKS_OF_2025_11)
        and not (revision in STATELESS_REVISIONS and row.name in TASKS_EXTENSION)
    }


def test_client_requests_are_those_of_the_sdk() -> None:
    assert _ours(Direction.TO_SERVER, MethodKind.REQUEST) == set(sdk.CLIENT_REQUESTS)


def test_client_notifications_are_those_of_the_sdk() -> None:
    assert _ours(Direction.TO_SERVER, MethodKind.NOTIFICATION) == set(sdk.CLIENT_NOTIFICATIONS)


def test_server_requests_are_those_of_the_sdk() -> None:
    assert _ours(Direction.TO_CLIENT, MethodKind.REQUEST) == set(sdk.SERVER_REQUESTS)


def test_server_notifications_are_those_of_the_sdk() -> None:
    assert _ours(Direction.TO_CLIENT, MethodKind.NOTIFICATION) == set(sdk.SERVER_NOTIFICATIONS)


def test_each_method_has_one_row_in_each_direction() -> None:
    assert len({(row.name, row.direction) for row in ROWS}) == len(ROWS)


def test_only_what_is_mediated_is_forwarded() -> None:
    forwarded = {row.name for row in ROWS if row.direction is Direction.TO_SERVER and row.handling in FORWARDED}
    assert forwarded == {
        "initialize",
        "notifications/initialized",
        "ping",
        "server/discover",
        "tools/list",
        "tools/call",
        "notifications/cancelled",
        "logging/setLevel",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
        "prompts/list",
        "prompts/get",
        "completion/complete",
        "notifications/progress",
        "notifications/roots/list_changed",
        "tasks/get",
        "tasks/result",
        "tasks/list",
        "tasks/cancel",
        "tasks/update",
        "notifications/tasks/status",
    }


@pytest.mark.parametrize(
    ("method", "is_request", "handling"),
    [
        ("notifications/progress", False, Handling.RELAYED),
        ("notifications/message", False, Handling.RELAYED),
        ("notifications/tools/list_changed", False, Handling.RELAYED),
        ("notifications/resources/list_changed", False, Handling.RELAYED),
        ("notifications/vendor", False, Handling.DROPPED),
        ("ping", True, Handling.RELAYED),
        ("sampling/createMessage", True, Handling.ASKED),
        ("elicitation/create", True, Handling.ASKED),
        ("roots/list", True, Handling.ASKED),
        ("vendor/ask", True, Handling.REFUSED),
        ("sampling/createMessage", False, Handling.DROPPED),
        ("notifications/progress", True, Handling.REFUSED),
        ("ping", False, Handling.DROPPED),
    ],
)
def test_what_a_server_sends_of_its_own_accord(method: str, is_request: bool, handling: Handling) -> None:
    assert handling_to_client(method, is_request=is_request) is handling


def test_every_revision_has_its_era() -> None:
    assert {era_of(revision) for revision in HANDSHAKE_REVISIONS} == {Era.HANDSHAKE}
    assert {era_of(revision) for revision in STATELESS_REVISIONS} == {Era.STATELESS}
    assert era_of("2099-01-01") is None
    assert list(REVISIONS) == sorted(REVISIONS)


@pytest.mark.parametrize("version", [None, *HANDSHAKE_REVISIONS])
def test_no_header_or_a_handshake_revision_is_the_handshake_era(version: str | None) -> None:
    assert era_of_header(version) is Era.HANDSHAKE


@pytest.mark.parametrize("version", ["2026-07-28", "2099-01-01", "", "2025-11-25 ", "DRAFT"])
def test_every_other_header_is_the_stateless_era(version: str) -> None:
    assert era_of_header(version) is Era.STATELESS
