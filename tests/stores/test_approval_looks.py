"""Lists of requests, earlier calls, and what limits leave, from a real file."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.admin.asking import asked, put, request
from tests.stores.ledger_cases import DENIED, OK, allow, call, key, limit, opened
from tests.support.clock import START_NS
from yett.approvals.model import Charged, State
from yett.quota.charge import Charge
from yett.stores.approval_looks import AT_ONCE, WantedPage, history, logged_call, one_of, open_of, page, rooms
from yett.stores.state_reader import StateReader

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def ids(path: Path, now_ns: int, limit: int = 100, **more: object) -> list[str]:
    wanted = WantedPage(**{"organisation": "o", "limit": limit, **more})  # type: ignore[arg-type]  # as the tests say
    with StateReader(path) as reader:
        return [one.id for one in page(reader, wanted, now_ns)]


def charged(charge: Charge) -> Charged:
    return Charged(charge.key.encode(), charge.rule, str(charge.amount), str(charge.maximum))


async def test_requests_of_one_moment_are_all_shown_page_by_page(path: Path) -> None:
    made = [asked(path, START_NS, request({"n": number})) for number in range(7)]
    asked(path, START_NS, request(organisation="other"))
    found: list[str] = []
    after: tuple[int, str] | None = None
    for _ in range(4):
        found += ids(path, START_NS, 2, after=after)
        after = START_NS, found[-1]
    assert found == sorted((one.id for one in made), reverse=True)


async def test_a_page_is_filled_also_where_most_requests_stand_otherwise_by_now(path: Path) -> None:
    lasting = [asked(path, START_NS + number, request({"n": number}, timeout_s=100)).id for number in range(2)]
    for number in range(AT_ONCE + 5):
        put(path, replace(asked(path, START_NS + 10 + number, request({"m": number}, timeout_s=1))))
    now_ns = START_NS + 5 * 10**9
    assert ids(path, now_ns, 2, state=State.PENDING) == lasting[::-1]
    assert len(ids(path, now_ns, 1_000, state=State.EXPIRED)) == AT_ONCE + 5


async def test_only_requests_of_the_servers_within_reach_are_listed(path: Path) -> None:
    mine = asked(path, START_NS, request(server_id="mine")).id
    asked(path, START_NS, request(server_id="others"))
    assert ids(path, START_NS, servers={"mine"}) == [mine]
    assert ids(path, START_NS, servers=frozenset()) == []


async def test_one_request_is_found_in_its_own_organisation_only(path: Path) -> None:
    id = asked(path, START_NS, request(timeout_s=1)).id
    with StateReader(path) as reader:
        found = one_of(reader, "o", id, START_NS + 10**9)
        assert found is not None and found.state is State.EXPIRED
        assert one_of(reader, "other", id, START_NS) is None
        assert one_of(reader, "o", "ap_x", START_NS) is None


async def test_open_requests_are_those_whose_call_may_still_come(path: Path) -> None:
    waiting = asked(path, START_NS, request())
    approved = asked(path, START_NS, request({"n": 1}))
    put(path, replace(approved, state=State.APPROVED))
    put(path, replace(asked(path, START_NS, request({"n": 2})), state=State.DENIED))
    asked(path, START_NS - 10**9, request({"n": 3}, timeout_s=1))
    with StateReader(path) as reader:
        assert {one.id for one in open_of(reader, "o", START_NS)} == {waiting.id, approved.id}
        assert open_of(reader, "other", START_NS) == []


async def test_history_is_that_of_this_grant_with_this_tool(path: Path) -> None:
    async with opened(path) as store:
        for grant, target in (("g1", "pay"), ("g2", "pay"), ("g1", "look"), ("g1", "pay")):
            store.note(call(DENIED, grant_id=grant, target=target))
        admitted = await store.admit(call(grant_id="g1"))
        assert admitted.receipt is not None
        store.settle(admitted.receipt, OK)
    with StateReader(path) as reader:
        found = history(reader, request(grant_id="g1", server_id="srv"), 2)
        assert [(one.decision, one.result) for one in found] == [("allow", "ok"), ("deny", None)]
        assert len(history(reader, request(grant_id="g1", server_id="srv"), 10)) == 3
        assert logged_call(reader, found[0].seq) == found[0]
        assert logged_call(reader, 10_000) is None


async def test_limits_show_what_is_used_and_what_would_be_left_after_the_call(path: Path) -> None:
    day, hour = key("euros"), key("calls", "hour")
    async with opened(path) as store:
        await store.admit(call(allow(limit(day, 1_000, 600), limit(hour, 2))))
    wanted = [limit(day, 1_000, 250), limit(hour, 2), limit(key("untouched"), 5), limit(day, 1_000, 200)]
    with StateReader(path) as reader:
        found = rooms(reader, [charged(one) for one in wanted], START_NS)
        later = rooms(reader, [charged(one) for one in wanted], START_NS + 2 * 86_400 * 10**9)
    assert [(one.used, one.remaining, one.fits) for one in found] == [
        (600, 0, False),  # both charges on this counter together are too much
        (1, 0, True),
        (0, 4, True),
        (600, 0, False),
    ]
    assert [one.used for one in later] == [0, 0, 0, 0]
