"""The active snapshot is swapped whole, and a revision that cannot be read never replaces one that can."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace

from tests.gateway.gate import HTTP_SERVER, grant
from tests.support.policies import ALLOW_ALL, DENY_ALL, entry
from tests.support.snapshots import delta, histories, server
from tests.support.snapshots import grant as make_grant
from tests.support.snapshots import policy as make_policy
from yett.gateway.active import ActiveSnapshot, OutOfStep, Snapshot, Touched
from yett.gateway.snapshot import GrantEntry, PolicyEntry, SnapshotData, SnapshotDelta
from yett.gateway.whole import Whole


def data(*policies: PolicyEntry, grants: list[GrantEntry] | None = None, revision: int = 1, **members: Any) -> SnapshotData:
    return SnapshotData(
        revision=revision,
        origin="org",
        servers=[HTTP_SERVER],
        grants=grants or [grant()],
        policies=list(policies),
        **members,
    )


def current(active: ActiveSnapshot) -> Snapshot:
    snapshot = active.current()
    assert snapshot is not None
    return snapshot


def revision_of(active: ActiveSnapshot, name: str = "p") -> str | None:
    policy = current(active).policies[name].use()
    return None if policy is None else policy.revision


def test_before_the_first_snapshot_there_is_none() -> None:
    assert ActiveSnapshot().current() is None


def test_a_snapshot_finds_servers_by_id_and_grants_by_digest_and_knows_which_names_there_are() -> None:
    active = ActiveSnapshot()
    assert active.apply(data(entry(ALLOW_ALL))) == []
    snapshot = current(active)
    assert snapshot.servers["srv-1"] == HTTP_SERVER
    assert [snapshot.name_of(reference) for reference in ("srv-1", "files", "other")] == ["files", "files", None]
    assert snapshot.grants["g1"].id == "g1"
    assert (snapshot.revision, snapshot.origin, snapshot.problems) == (1, "org", ())


def test_a_revision_is_compiled_once_for_all_grants_and_snapshots() -> None:
    active = ActiveSnapshot()
    active.apply(data(entry(ALLOW_ALL), grants=[grant("g1"), grant("g2")]))
    first = current(active)
    active.apply(data(entry(ALLOW_ALL), revision=2))
    assert first.policy_of(first.grants["g1"]) is first.policy_of(first.grants["g2"])
    assert current(active).policies["p"] is first.policies["p"]


def test_a_snapshot_in_use_does_not_change() -> None:
    active = ActiveSnapshot()
    active.apply(data(entry(ALLOW_ALL)))
    before = current(active)
    active.apply(data(entry(DENY_ALL, revision="2-x"), grants=[grant("g9")], revision=2))
    assert (before.revision, list(before.grants), before.policies["p"].revision) == (1, ["g1"], "1-000000000000")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "null",
        "[]",
        "{",
        '"text"',
        '{"version":"1"}',
        json.dumps({**ALLOW_ALL, "version": "2"}),
        json.dumps({**ALLOW_ALL, "tolls": {}}),
        '{"version":"1","default":"allow","default":"deny"}',
        json.dumps({**ALLOW_ALL, "tools": {"a": {"deny_if": [{"path": "args.x", "op": "regex", "value": "("}]}}}),
        json.dumps(ALLOW_ALL)[:-1],
        "\ufeff" + json.dumps(ALLOW_ALL),
    ],
)
def test_a_revision_that_cannot_be_read_leaves_the_last_good_one_and_is_named(document: str) -> None:
    active = ActiveSnapshot()
    active.apply(data(entry(DENY_ALL)))
    (problem,) = active.apply(
        data(PolicyEntry(id="p", organisation="org", name="p", revision="2-bad", document=document), revision=2)
    )
    assert revision_of(active) == "1-000000000000"
    assert problem.startswith("policy `p` revision 2-bad cannot be read, revision 1-000000000000 stays: ")
    assert active.problems() == [problem]
    assert current(active).revision == 2


def test_without_a_last_good_revision_the_policy_is_absent_and_its_grants_have_none() -> None:
    active = ActiveSnapshot()
    (problem,) = active.apply(data(PolicyEntry(id="p", organisation="org", name="p", revision="1-bad", document="{}")))
    snapshot = current(active)
    assert snapshot.policy_of(snapshot.grants["g1"]) is None
    assert "there is no earlier one" in problem


def test_one_bad_policy_harms_no_other() -> None:
    active = ActiveSnapshot()
    active.apply(
        data(
            PolicyEntry(id="bad", organisation="org", name="bad", revision="1-bad", document="{}"), entry(ALLOW_ALL, name="good")
        )
    )
    assert (revision_of(active, "bad"), revision_of(active, "good")) == (None, "1-000000000000")


def test_a_policy_that_is_no_longer_published_is_gone_though_it_was_good() -> None:
    active = ActiveSnapshot()
    active.apply(data(entry(ALLOW_ALL)))
    active.apply(data(revision=2))
    snapshot = current(active)
    assert snapshot.policy_of(snapshot.grants["g1"]) is None


def test_a_repaired_revision_takes_the_place_of_the_last_good_one() -> None:
    active = ActiveSnapshot()
    active.apply(data(entry(DENY_ALL)))
    active.apply(data(PolicyEntry(id="p", organisation="org", name="p", revision="2-bad", document="{}"), revision=2))
    assert active.apply(data(entry(ALLOW_ALL, revision="3-good"), revision=3)) == []
    assert revision_of(active) == "3-good"


def test_a_grant_without_a_policy_has_none() -> None:
    active = ActiveSnapshot()
    active.apply(data(entry(ALLOW_ALL), grants=[grant(policy=None)]))
    assert current(active).policy_of(grant(policy=None)) is None


def test_problems_of_the_control_plane_are_kept() -> None:
    active = ActiveSnapshot()
    assert active.apply(data(entry(ALLOW_ALL), problems=["the policy file is unreadable"])) == ["the policy file is unreadable"]


# --- changes ----------------------------------------------------------------------------------------------------------------


def shape_of(snapshot: Snapshot) -> object:
    """All that a snapshot says, with policies by what they are."""
    policies = {id: (policy.name, policy.revision, policy.use()) for id, policy in snapshot.policies.items()}
    tables: list[Mapping[Any, Any]] = [snapshot.servers, snapshot.named, snapshot.grants, snapshot.grants_by_id, snapshot.facts]
    tables += [snapshot.classes, snapshot.pins]
    told = snapshot.origin, snapshot.revision, snapshot.stopped, snapshot.problems
    return [dict(table) for table in tables], policies, told


@given(histories())
def test_changes_add_up_to_what_the_whole_would_be(changes: list[SnapshotDelta]) -> None:
    by_changes, kept = ActiveSnapshot(), Whole()
    for change in changes:
        seen: list[Touched] = []
        before = by_changes.current()
        frozen = None if before is None else shape_of(before)
        by_changes.follow(lambda _, touched, seen=seen: seen.append(touched))  # type: ignore[misc]  # a default, to bind it
        by_changes.apply_delta(change)
        kept.apply(change)
        at_once = ActiveSnapshot()
        at_once.apply(kept.data())
        assert shape_of(current(by_changes)) == shape_of(current(at_once))
        if before is not None:
            assert shape_of(before) == frozen
            assert_told(before, current(by_changes), seen[0])


def assert_told(before: Snapshot, after: Snapshot, touched: Touched) -> None:
    """Whoever may be concerned was told so, and of classes and pins those whose are others and nobody else."""
    ids = {*before.classes, *after.classes}
    assert touched.classes == {id for id in ids if before.classes.get(id) != after.classes.get(id)}
    ids = {*before.pins, *after.pins}
    assert touched.pins == {id for id in ids if before.pins.get(id) != after.pins.get(id)}
    for grant_id, old in before.grants_by_id.items():
        new = after.grants_by_id.get(grant_id)
        server = before.servers.get(old.server)
        same = new == old and after.servers.get(old.server) == server and after.stopped == before.stopped
        if not (same and before.policy_of(old) == after.policy_of(old)):
            assert touched.concerns(old)


def test_a_change_of_another_state_than_the_active_one_is_refused_and_changes_nothing() -> None:
    active = ActiveSnapshot()
    with pytest.raises(OutOfStep):
        active.apply_delta(delta(2))
    active.apply_delta(delta(2, None, grants=[make_grant("a")]))
    before = active.current()
    for wrong in (delta(2), delta(4), delta(3, origin="another"), delta(3, 1)):
        with pytest.raises(OutOfStep, match="which is not active"):
            active.apply_delta(wrong)
    assert active.current() is before


def test_a_change_leaves_the_tables_alone_that_it_does_not_touch() -> None:
    active = ActiveSnapshot()
    active.apply_delta(delta(1, None, servers=[server("s1")], grants=[make_grant("a")], policies=[make_policy("p")]))
    before = current(active)
    active.apply_delta(delta(2, stopped=["o"]))
    after = current(active)
    assert (after.servers, after.grants, after.policies) == (before.servers, before.grants, before.policies)
    assert after.servers is before.servers
    assert after.grants is before.grants
    assert after.policies is before.policies


def test_a_name_is_known_until_its_last_server_is_gone() -> None:
    active = ActiveSnapshot()
    active.apply_delta(delta(1, None, servers=[server("a", "o", "files"), server("b", "p", "files")]))
    active.apply_delta(delta(2, servers_gone=["a"]))
    assert current(active).name_of("files") == "files"
    active.apply_delta(delta(3, servers=[server("b", "p", "other")]))
    assert [current(active).name_of(name) for name in ("files", "other", "b")] == [None, "other", "other"]


def test_a_digest_belongs_to_the_grant_that_has_it_now() -> None:
    active = ActiveSnapshot()
    active.apply_delta(delta(1, None, grants=[make_grant("a", "x")]))
    active.apply_delta(delta(2, grants=[make_grant("a", "y", previous_digest="x", previous_until_ns=9), make_grant("b", "z")]))
    assert {digest: grant.id for digest, grant in current(active).grants.items()} == {"x": "a", "y": "a", "z": "b"}
    active.apply_delta(delta(3, grants=[make_grant("a", "y")], grants_gone=["b"]))
    assert {digest: grant.id for digest, grant in current(active).grants.items()} == {"y": "a"}


def test_a_token_that_another_grant_took_over_stays_when_the_grant_before_goes() -> None:
    active = ActiveSnapshot()
    active.apply_delta(delta(1, None, grants=[make_grant("a", "x")]))
    active.apply_delta(delta(2, grants=[make_grant("b", "x")]))
    active.apply_delta(delta(3, grants_gone=["a"]))
    assert {digest: grant.id for digest, grant in current(active).grants.items()} == {"x": "b"}


# --- when policies are compiled ----------------------------------------------------------------------------------------------


def test_what_comes_in_great_number_is_compiled_when_it_is_used() -> None:
    active = ActiveSnapshot()
    documents = [make_policy(f"p{number}", document=large(8_000)) for number in range(3)]
    active.apply_delta(delta(1, None, policies=documents, grants=[make_grant("a", policy="p1")]))
    snapshot = current(active)
    assert [snapshot.policies[f"p{number}"].done for number in range(3)] == [False] * 3
    policy = snapshot.policy_of(snapshot.grants_by_id["a"])
    assert policy is not None
    assert policy is snapshot.policy_of(snapshot.grants_by_id["a"])
    assert [snapshot.policies[f"p{number}"].done for number in range(3)] == [False, True, False]


def test_a_policy_that_turns_out_to_be_unreadable_denies_and_is_named() -> None:
    active = ActiveSnapshot()
    entries = [make_policy("p", document=large(20_000)), replace(make_policy("q"), document="{}")]
    assert active.apply_delta(delta(1, None, policies=entries, grants=[make_grant("a", policy="q")])) == []
    snapshot = current(active)
    assert snapshot.policy_of(snapshot.grants_by_id["a"]) is None
    (problem,) = active.problems()
    assert problem.startswith("policy `name-q` revision 1-a cannot be read, there is no earlier one: ")
    assert active.apply_delta(delta(2)) == [problem]
    assert active.apply_delta(delta(3, policies=[make_policy("q", "2-b")])) == []


def large(size: int) -> dict[str, Any]:
    return {**ALLOW_ALL, "description": "x" * size}


def test_the_first_snapshot_is_active_before_the_loop_goes_on() -> None:
    active = ActiveSnapshot()
    first = active.take(delta(1, None, policies=[make_policy("p")]))
    with pytest.raises(StopIteration):  # it waits for nothing: whoever connects to a listener that has just begun is judged
        first.send(None)
    assert active.current() is not None
