"""The active snapshot is swapped whole, and a revision that cannot be read never replaces one that can."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.gate import HTTP_SERVER, grant
from tests.support.policies import ALLOW_ALL, DENY_ALL, entry
from yett.gateway.active import ActiveSnapshot, Snapshot
from yett.gateway.snapshot import GrantEntry, PolicyEntry, SnapshotData


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
