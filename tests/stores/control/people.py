"""A control store of two organisations, and people to put into it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.support.clock import START_NS, ManualClock
from yett.stores.control.people_records import Invitation, Member, User
from yett.stores.control.records import Organisation
from yett.stores.control.store import ControlStore, open_control

ADA = User(id="u-ada", email="ada@example.com", name="Ada", created_at_ns=START_NS)
BOB = User(id="u-bob", email="bob@example.com", name="Bob", created_at_ns=START_NS)
ADMIN = Member(user_id=ADA.id, role="admin", created_at_ns=START_NS)
VIEWER = Member(user_id=BOB.id, role="viewer", servers=("s-2", "s-1"), created_at_ns=START_NS)
INVITATION = Invitation(
    id="i-1",
    email="eve@example.com",
    role="viewer",
    digest="d-1",
    invited_by=ADA.email,
    created_at_ns=START_NS,
    expires_at_ns=START_NS + 10,
)


def other(invitation: Invitation, number: int) -> Invitation:
    return replace(invitation, id=f"i-{number}", digest=f"d-{number}")


@contextmanager
def two_organisations(directory: Path) -> Iterator[tuple[ControlStore, str, str]]:
    """The store, and the ids of `default` and `other`; Ada and Bob are nowhere yet."""
    store = open_control(directory, ManualClock())
    try:
        with store.whole() as whole:
            whole.add_organisation(Organisation(id="o-2", name="other", created_at_ns=START_NS + 1))
            first = whole.organisations()[0].id
            whole.people.add(ADA)
            whole.people.add(BOB)
        yield store, first, "o-2"
    finally:
        store.close()
