"""What a head settles is remembered for as long as it holds, and only for requests that may be plain calls."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.gateway.gate import STDIO_SERVER
from tests.gateway.listener import Listener, listening, token_grant
from tests.support.policies import ALLOW_ALL, DENY_ALL, entry
from tests.support.wire import call
from yett.edge.request import Request
from yett.gateway.http import HttpFront
from yett.gateway.lanes import CHANGES, Lanes
from yett.gateway.snapshot import SnapshotDelta

pytestmark = pytest.mark.anyio


class Way:
    """An upstream that could have a shortcut."""

    def shortcut(self, *, modern: bool) -> None:
        """None now."""


def lanes_of(listener: Listener) -> Lanes:
    listener.gate.upstream = Way()  # type: ignore[assignment]  # nothing else is asked of it
    return HttpFront(listener.parts()).plain_calls.lanes


def asking(listener: Listener, *more: tuple[bytes, bytes], **members: Any) -> Request:
    """A stateless call as the edge hands it on."""
    sent = call("echo", stateless=True)
    fields = {b"host": b"localhost", **dict(listener.fields(sent)), **dict(more)}
    kept = [(name, value) for name, value in fields.items() if value]
    known = {"method": b"POST", "target": b"", "path": "/mcp/files", "headers": kept, "body": sent.body, "client_ip": None}
    return Request(**{**known, **members})


async def test_a_lane_is_found_once_for_all_requests_of_one_head() -> None:
    async with listening() as listener:
        lanes, request = lanes_of(listener), asking(listener)
        lane = lanes.of(request)
        assert lane is not None
        assert lanes.of(request) is lane
        assert lane.bearer.grant.id == "g1"


async def test_a_new_snapshot_makes_a_new_lane() -> None:
    async with listening() as listener:
        lanes, request = lanes_of(listener), asking(listener)
        before = lanes.of(request)
        listener.gate.publish(ALLOW_ALL, grants=[token_grant(listener.token, owner="somebody else")])
        after = lanes.of(request)
        assert before is not None
        assert after is not None
        assert (before.bearer.grant.owner, after.bearer.grant.owner) == (None, "somebody else")


def change(listener: Listener, **members: Any) -> None:
    """Something else of the configuration is another thing now."""
    before = listener.gate.active.current()
    assert before is not None
    listener.gate.active.apply_delta(
        SnapshotDelta(origin=before.origin, revision=before.revision + 1, previous=before.revision, **members)
    )


async def test_a_lane_stays_over_changes_that_do_not_concern_its_grant() -> None:
    async with listening() as listener:
        lanes, request = lanes_of(listener), asking(listener)
        before = lanes.of(request)
        for number in range(CHANGES):
            change(listener, grants=[token_grant(f"t-{number}", f"other-{number}")])
        change(listener, policies=[entry(ALLOW_ALL, name="another")])
        assert lanes.of(request) is not before, "further behind than is remembered"
        again = lanes.of(request)
        for number in range(CHANGES):
            change(listener, grants_gone=[f"other-{number}"])
        assert again is not None
        assert lanes.of(request) is again


@pytest.mark.parametrize("what", ["grant", "grant gone", "server", "server gone", "policy", "policy gone", "stopped", "issuers"])
@pytest.mark.parametrize("others", [0, 3])
async def test_whatever_a_lane_was_made_of_makes_it_anew_also_behind_other_changes(what: str, others: int) -> None:
    async with listening() as listener:
        lanes, request = lanes_of(listener), asking(listener)
        before = lanes.of(request)
        assert before is not None
        server, grant = before.bearer.server, before.bearer.grant
        policy = grant.policy
        assert policy is not None
        changes: dict[str, dict[str, Any]] = {
            "grant": {"grants": [replace(grant, owner="x")]},
            "grant gone": {"grants_gone": [grant.id]},
            "server": {"servers": [replace(server, stopped=True)]},
            "server gone": {"servers_gone": [server.id]},
            "policy": {"policies": [entry(DENY_ALL, name=policy, revision="2-x")]},
            "policy gone": {"policies_gone": [policy]},
            "stopped": {"stopped": [grant.organisation]},
            "issuers": {"issuers": []},
        }
        change(listener, **changes[what])
        for number in range(others):
            stopped = [grant.organisation] if what == "stopped" else []
            change(listener, grants=[token_grant(f"t-{number}", f"o-{number}")], stopped=stopped)
        after = lanes.of(request)
        assert after is not before
        if after is not None:
            snapshot = listener.gate.active.current()
            assert snapshot is not None
            assert after.route.caller.policy is snapshot.policy_of(snapshot.grants_by_id[grant.id])


async def test_a_grant_that_is_taken_away_has_no_lane() -> None:
    async with listening() as listener:
        lanes, request = lanes_of(listener), asking(listener)
        assert lanes.of(request) is not None
        listener.gate.publish(ALLOW_ALL, grants=[])
        assert lanes.of(request) is None


@pytest.mark.parametrize(
    ("more", "members"),
    [
        ([], {"method": b"GET"}),
        ([], {"path": "/sse/files"}),
        ([], {"path": "/mcp/other"}),
        ([(b"host", b"evil.example")], {}),
        ([(b"origin", b"https://evil.example")], {}),
        ([(b"authorization", b"Bearer nobody")], {}),
        ([(b"authorization", b"")], {}),
        ([(b"accept", b"text/html")], {}),
        ([(b"mcp-name", b"")], {}),
        ([(b"mcp-protocol-version", b"2099-01-01")], {}),
        ([(b"mcp-param-region", b"eu")], {}),
        ([(b"mcp-protocol-version", b"2025-11-25"), (b"mcp-session-id", b"nobody's")], {}),
    ],
)
async def test_what_cannot_be_a_plain_call_has_no_lane(more: list[tuple[bytes, bytes]], members: dict[str, Any]) -> None:
    async with listening() as listener:
        lanes = lanes_of(listener)
        assert lanes.of(asking(listener)) is not None
        assert lanes.of(asking(listener, *more, **members)) is None


async def test_a_program_on_pipes_and_an_upstream_without_a_shortcut_have_no_lane() -> None:
    async with listening() as listener:
        front = HttpFront(listener.parts())
        assert front.plain_calls.lanes.of(asking(listener)) is None
        lanes = lanes_of(listener)
        listener.gate.publish(ALLOW_ALL, grants=[token_grant(listener.token, server=STDIO_SERVER)])
        assert lanes.of(asking(listener, path="/mcp/time")) is None
