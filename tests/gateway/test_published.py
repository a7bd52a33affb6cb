"""A revision is compiled once, when it is first used; one that cannot be read gives way to the one before."""

from __future__ import annotations

from msgspec.structs import replace

from tests.support.policies import ALLOW_ALL, DENY_ALL
from tests.support.snapshots import policy
from yett.gateway.published import Published
from yett.gateway.snapshot import PolicyEntry


class Told:
    """What was reported."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def published(self, entry: PolicyEntry, before: Published | None = None) -> Published:
        return Published(entry, before, lambda _, told: self.faults.append(told))


def broken(revision: str) -> PolicyEntry:
    return replace(policy("p", revision), document="{}")


def test_a_revision_is_compiled_once() -> None:
    published = Told().published(policy("p"))
    assert not published.done
    first = published.use()
    assert first is not None
    assert published.use() is first


def test_the_revision_before_stays_though_nobody_had_used_it() -> None:
    told = Told()
    unused = told.published(policy("p", "1-a", DENY_ALL))
    active = told.published(broken("2-b"), unused).use()
    assert active is not None
    assert active.revision == "1-a"
    assert [fault.split(":")[0] for fault in told.faults] == ["policy `name-p` revision 2-b cannot be read, revision 1-a stays"]


def test_what_is_fallen_back_on_is_one_revision_and_not_a_chain_that_grows() -> None:
    told = Told()
    first = told.published(policy("p", "1-a", ALLOW_ALL))
    second = told.published(broken("2-b"), first)
    third = told.published(broken("3-c"), second)
    assert third.use() is None
    assert not first.done


def test_a_revision_in_force_stays_over_any_number_of_unreadable_ones() -> None:
    told = Told()
    published = told.published(policy("p", "1-a"))
    published.use()
    for number in range(2, 5):
        published = told.published(broken(f"{number}-x"), published)
        active = published.use()
        assert active is not None
        assert active.revision == "1-a"
    assert len(told.faults) == 3


def test_it_is_usable_until_it_is_known_not_to_be() -> None:
    published = Told().published(broken("1-a"))
    assert published.usable
    assert published.use() is None
    assert not published.usable
