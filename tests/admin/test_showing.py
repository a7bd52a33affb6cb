"""From rows to views, and from what a person wrote to the row that is meant."""

from __future__ import annotations

import pytest

from tests.admin.service import Office
from tests.support.clock import START_NS
from yett.admin.errors import Conflict, NotFound
from yett.admin.showing import grant_view
from yett.stores.control.records import Grant, NamedGrant, Server
from yett.stores.control.transaction import Transaction


def seeded(office: Office) -> Office:
    """One server; grants a and b share a label with the revoked c; d has none."""

    def work(write: Transaction) -> None:
        write.servers.add(
            Server(id="00000000-0000-4000-8000-000000000001", name="files", url="http://x/", created_at_ns=START_NS)
        )
        for number, (name, label) in enumerate((("a", "twin"), ("b", "twin"), ("c", "old"), ("d", ""))):
            write.grants.add(
                Grant(
                    id=f"g-{name}",
                    server_id="00000000-0000-4000-8000-000000000001",
                    digest=name,
                    label=label,
                    created_at_ns=START_NS + number,
                    revoked_at_ns=START_NS if name == "c" else None,
                )
            )

    office.service.change(work)
    return office


def test_an_id_always_means_its_grant(office: Office) -> None:
    for reference in ("g-a", "g-b", "g-c", "g-d"):
        assert seeded_find(office, reference) == reference


def seeded_find(office: Office, reference: str) -> str:
    if not office.service.servers():
        seeded(office)
    return office.service.grant(reference).id


def test_a_label_means_a_revoked_grant_only_if_no_live_one_has_it(office: Office) -> None:
    assert seeded_find(office, "old") == "g-c"
    with pytest.raises(Conflict, match="2 grants are labelled `twin`; name one by its id: g-a, g-b"):
        seeded_find(office, "twin")


def test_nothing_is_meant_by_nothing(office: Office) -> None:
    with pytest.raises(NotFound):
        seeded_find(office, "")


def test_a_revoked_grant_is_found_but_not_changed(office: Office) -> None:
    seeded(office)
    with pytest.raises(Conflict, match="the grant `old` is revoked"):
        office.service.rotate_grant("old")


@pytest.mark.parametrize("find", ["server", "grant", "policy"])
def test_what_is_not_there_is_told_with_the_command_that_helps(office: Office, find: str) -> None:
    with pytest.raises(NotFound, match=r"there is no \w+ `none`; .*`yett "):
        getattr(office.service, find)("none")


@pytest.mark.parametrize(
    ("expires_at_ns", "revoked_at_ns", "status"),
    [(None, None, "live"), (10, None, "live"), (9, None, "expired"), (9, 5, "revoked"), (None, 5, "revoked")],
)
def test_revoked_beats_expired(expires_at_ns: int | None, revoked_at_ns: int | None, status: str) -> None:
    grant = Grant(id="g", server_id="s", digest="d", created_at_ns=0, expires_at_ns=expires_at_ns, revoked_at_ns=revoked_at_ns)
    assert grant_view(NamedGrant(grant, "files", None), 9, lambda name: f"http://gate/{name}").status == status
