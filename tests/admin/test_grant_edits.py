"""What stands around a grant's token, rotation with overlap, and seeing the token again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.service import KEY, Office, open_office
from yett.admin.errors import Conflict, Invalid
from yett.admin.grant_views import GrantEdit, GrantFilter, Rotation
from yett.admin.listing import Listing
from yett.admin.views import NewGrant, NewRevision
from yett.errors import OperatorFault
from yett.gateway.tokens import digest
from yett.sealing.keys import KEY_FILE
from yett.stores.control.grants import note_uses
from yett.stores.control.people_records import Member, User
from yett.stores.control.transaction import Transaction, Whole

DENY = NewRevision(document='{"version":"1","default":"deny"}')


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[Office]:
    """An installation that keeps tokens."""
    with open_office(tmp_path / "keeping", reveal=True) as opened:
        yield opened.with_server()


@pytest.fixture(autouse=True)
def directory(tmp_path: Path) -> None:
    (tmp_path / "keeping").mkdir()


def add_member(office: Office, email: str, role: str = "viewer", servers: tuple[str, ...] | None = None) -> str:
    """The id of a new member of the first organisation."""
    user, organisation = f"u-{email}", office.service.principal.organisation

    def work(whole: Whole) -> None:
        whole.people.add(User(id=user, email=email, created_at_ns=1))
        whole.of(organisation).members.add(Member(user_id=user, role=role, servers=servers, created_at_ns=1))

    office.service.desk.write(work)
    return user


# --- editing ------------------------------------------------------------------------------------------------------------------


def test_what_is_said_of_a_grant_changes_for_its_next_call_and_the_rest_stays(office: Office) -> None:
    office.with_server().service.mint_grant(NewGrant(server="files", label="ci", tags={"a": "b"}, expires="1d"))
    before = office.service.grant("ci")
    edited = office.service.edit_grant("ci", GrantEdit(label="cd", tags={"team": "ops"}, reason="deploys"))
    (entry,) = office.publication.last.grants
    assert (entry.label, entry.tags, entry.expires_at_ns is not None) == ("cd", {"team": "ops"}, True)
    assert (edited.grant.id, edited.grant.expires_at, edited.grant.reason) == (before.id, before.expires_at, "deploys")
    line = office.service.changes()[0]
    assert line.action == "grant.edited"
    assert line.before is not None and line.after is not None
    assert (line.before["label"], line.after["label"]) == ("ci", "cd")


def test_an_expiry_is_set_put_off_and_taken_away(office: Office) -> None:
    office.with_server().service.mint_grant(NewGrant(server="files", label="ci"))
    assert office.service.edit_grant("ci", GrantEdit(expires="1h")).grant.expires_at == "2026-01-01T01:00:00Z"
    office.clock.advance(3_600)
    assert office.service.grant("ci").status == "expired"
    assert office.service.edit_grant("ci", GrantEdit(expires="2h")).grant.status == "live"
    assert [entry.label for entry in office.publication.last.grants] == ["ci"]
    assert office.service.edit_grant("ci", GrantEdit(expires="never")).grant.expires_at is None
    with pytest.raises(Invalid, match="has passed"):
        office.service.edit_grant("ci", GrantEdit(expires="2025-01-01"))


def test_an_edit_that_changes_nothing_is_no_change_and_a_revoked_grant_has_none(office: Office) -> None:
    office.with_server().service.mint_grant(NewGrant(server="files", label="ci"))
    before = len(office.publication.snapshots)
    office.service.edit_grant("ci", GrantEdit(label="ci"))
    office.service.edit_grant("ci", GrantEdit())
    assert len(office.publication.snapshots) == before
    assert office.service.changes()[0].action == "grant.minted"
    office.service.revoke_grant("ci")
    with pytest.raises(Conflict, match="is revoked"):
        office.service.edit_grant("ci", GrantEdit(label="x"))


def test_an_owner_is_a_member_by_address_or_a_text(office: Office) -> None:
    user = add_member(office, "bob@example.com")
    minted = office.with_server().service.mint_grant(NewGrant(server="files", label="ci", owner="Bob@Example.com"))
    assert (minted.grant.owner, minted.grant.owner_id) == ("bob@example.com", user)
    text = office.service.edit_grant("ci", GrantEdit(owner="the deploy robot")).grant
    assert (text.owner, text.owner_id) == ("the deploy robot", None)
    assert office.service.edit_grant("ci", GrantEdit(owner=user)).grant.owner == "bob@example.com"
    assert office.service.edit_grant("ci", GrantEdit(owner="")).grant.owner is None


def test_grants_are_found_by_server_policy_owner_and_status(office: Office) -> None:
    office.with_server().with_server("shop").service.set_policy("p", DENY)
    add_member(office, "bob@example.com")
    for label, server, policy, owner, expires in (
        ("a", "files", "p", "bob@example.com", None),
        ("b", "files", None, "Robot", "1h"),
        ("c", "shop", "p", None, None),
        ("d", "shop", None, None, None),
    ):
        office.service.mint_grant(NewGrant(server=server, label=label, policy=policy, owner=owner, expires=expires))
        office.clock.advance(1)
    office.service.revoke_grant("d")
    office.clock.advance(3_600)

    def found(wanted: GrantFilter) -> str:
        page = office.service.grant_page(Listing(), wanted)
        assert page.items == office.service.grants(wanted=wanted)
        return "".join(view.label for view in page.items)

    assert found(GrantFilter()) == "abcd"
    assert found(GrantFilter(server="shop")) == "cd"
    assert found(GrantFilter(policy="p")) == "ac"
    assert found(GrantFilter(owner="BOB@example.com")) == found(GrantFilter(owner="u-bob@example.com")) == "a"
    assert found(GrantFilter(owner="robot")) == "b"
    assert found(GrantFilter(status="live")) == "ac"
    assert found(GrantFilter(status="expired")) == "b"
    assert found(GrantFilter(status="revoked")) == "d"
    assert found(GrantFilter(status="stopped")) == ""
    assert found(GrantFilter(server="shop", status="live")) == "c"


def test_when_a_grant_was_last_used_is_shown(office: Office) -> None:
    minted = office.with_server().service.mint_grant(NewGrant(server="files"))
    assert minted.grant.used_at is None
    used_ns = office.clock.now_ns()
    office.service.desk.write(lambda whole: note_uses(whole.connection, {minted.grant.id: used_ns}))
    assert office.service.grant(minted.grant.id).used_at == "2026-01-01T00:00:00Z"
    office.service.edit_grant(minted.grant.id, GrantEdit(label="x"))
    assert office.service.grants()[0].used_at == "2026-01-01T00:00:00Z"


# --- rotation -----------------------------------------------------------------------------------------------------------------


def test_the_old_token_stays_good_for_the_overlap(office: Office) -> None:
    first = office.with_server().service.mint_grant(NewGrant(server="files", label="ci"))
    second = office.service.rotate_grant("ci", Rotation(overlap="10m"))
    (entry,) = office.publication.last.grants
    assert (entry.digest, entry.previous_digest) == (digest(second.token, KEY), digest(first.token, KEY))
    assert entry.previous_until_ns == office.clock.now_ns() + 600 * 10**9
    assert second.grant.previous_until == "2026-01-01T00:10:00Z"
    office.clock.advance(600)
    assert office.service.grant("ci").previous_until is None


def test_a_second_rotation_ends_the_token_before_the_last(office: Office) -> None:
    office.with_server().service.mint_grant(NewGrant(server="files", label="ci"))
    second = office.service.rotate_grant("ci", Rotation(overlap="10m"))
    office.service.rotate_grant("ci", Rotation(overlap="10m"))
    assert office.publication.last.grants[0].previous_digest == digest(second.token, KEY)
    office.service.rotate_grant("ci")
    assert office.publication.last.grants[0].previous_digest is None


@pytest.mark.parametrize("overlap", ["", "10", "0m", "31d", "ten minutes", "2027-01-01"])
def test_an_overlap_is_a_duration_of_thirty_days_at_most(office: Office, overlap: str) -> None:
    first = office.with_server().service.mint_grant(NewGrant(server="files", label="ci"))
    with pytest.raises(Invalid) as error:
        office.service.rotate_grant("ci", Rotation(overlap=overlap))
    assert error.value.details[0]["pointer"] == "/overlap"
    assert office.publication.last.grants[0].digest == digest(first.token, KEY)


def test_revoking_ends_both_tokens(office: Office) -> None:
    office.with_server().service.mint_grant(NewGrant(server="files", label="ci"))
    office.service.rotate_grant("ci", Rotation(overlap="10m"))
    assert office.service.revoke_grant("ci").grant.previous_until is None
    assert office.publication.last.grants == []


# --- seeing a token again -----------------------------------------------------------------------------------------------------


def test_a_kept_token_is_shown_again_and_each_time_is_recorded(keeping: Office) -> None:
    minted = keeping.service.mint_grant(NewGrant(server="files", label="ci"))
    assert minted.grant.revealable
    for _ in range(2):
        shown = keeping.service.reveal_grant("ci")
        assert (shown.token, shown.grant.id) == (minted.token, minted.grant.id)
    assert minted.token not in repr(shown)
    lines = [line for line in keeping.service.changes() if line.action == "grant.revealed"]
    assert [(line.subject, line.actor, line.name) for line in lines] == [(minted.grant.id, "local:ada", "ci")] * 2
    assert minted.token not in repr(keeping.service.changes())


def test_a_token_is_kept_sealed_and_stands_nowhere_in_the_database(keeping: Office, tmp_path: Path) -> None:
    minted = keeping.service.mint_grant(NewGrant(server="files", label="ci"))
    keeping.service.desk.close()
    for path in (tmp_path / "keeping").iterdir():
        assert minted.token.encode() not in path.read_bytes()


def test_a_rotated_grant_shows_its_new_token_and_a_revoked_one_none(keeping: Office) -> None:
    keeping.service.mint_grant(NewGrant(server="files", label="ci"))
    rotated = keeping.service.rotate_grant("ci", Rotation(overlap="1h"))
    assert keeping.service.reveal_grant("ci").token == rotated.token
    revoked = keeping.service.revoke_grant("ci")
    assert not revoked.grant.revealable
    with pytest.raises(Conflict, match="is revoked"):
        keeping.service.reveal_grant("ci")
    kept = keeping.service.read(lambda read: read.secrets.get(rotated.grant.id, "token"))
    assert kept is None


def test_an_expired_grants_token_is_not_shown(keeping: Office) -> None:
    keeping.service.mint_grant(NewGrant(server="files", label="ci", expires="1h"))
    keeping.clock.advance(3_600)
    with pytest.raises(Conflict, match="has expired: its token opens nothing"):
        keeping.service.reveal_grant("ci")


def test_without_the_setting_no_token_is_kept_and_the_refusal_says_what_to_do(office: Office) -> None:
    minted = office.with_server().service.mint_grant(NewGrant(server="files", label="ci"))
    assert not minted.grant.revealable
    with pytest.raises(Conflict, match=r"keeps no tokens.*set `reveal = true` under `\[grants\]`"):
        office.service.reveal_grant("ci")
    assert [line.action for line in office.service.changes()] == ["grant.minted", "server.added"]


def test_a_token_of_before_the_setting_cannot_be_shown_and_one_of_after_it_is_kept_no_longer(tmp_path: Path) -> None:
    with open_office(tmp_path) as before:
        before.with_server().service.mint_grant(NewGrant(server="files", label="old"))
    with open_office(tmp_path, reveal=True) as keeping:
        keeping.service.desk.begin()
        with pytest.raises(Conflict, match="was made while tokens were not kept; rotate it for one that is"):
            keeping.service.reveal_grant("old")
        kept = keeping.service.mint_grant(NewGrant(server="files", label="new"))
    with open_office(tmp_path) as after:
        after.service.desk.begin()
        with pytest.raises(Conflict, match="keeps no tokens"):
            after.service.reveal_grant("new")
        assert not after.service.rotate_grant("new").grant.revealable
    with open_office(tmp_path, reveal=True) as again, pytest.raises(Conflict, match="was made while tokens were not kept"):
        again.service.reveal_grant(kept.grant.id)


def test_with_another_key_nothing_is_shown_and_nothing_minted_that_could_not_be_kept(tmp_path: Path) -> None:
    with open_office(tmp_path, reveal=True) as keeping:
        keeping.with_server().service.mint_grant(NewGrant(server="files", label="ci"))
    (tmp_path / KEY_FILE).write_text("1:" + "A" * 43 + "\n")
    with open_office(tmp_path, reveal=True) as keeping:
        for change in (
            lambda: keeping.service.reveal_grant("ci"),
            lambda: keeping.service.mint_grant(NewGrant(server="files", label="more")),
            lambda: keeping.service.rotate_grant("ci"),
        ):
            with pytest.raises(OperatorFault, match="master key"):
                change()
        assert [view.label for view in keeping.service.grants()] == ["ci"]


def test_another_organisation_does_not_get_a_token_by_its_id(keeping: Office) -> None:
    minted = keeping.service.mint_grant(NewGrant(server="files", label="ci"))

    def look(read: Transaction) -> object:
        return read.secrets.get(minted.grant.id, "token"), read.grants.find(minted.grant.id)

    assert keeping.service.desk.read("another", look) == (None, None)
