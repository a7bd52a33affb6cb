"""The statements about how people come in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.stores.control.people import ADA, BOB, two_organisations
from tests.support.clock import START_NS
from yett.stores.control import sign_ins
from yett.stores.control.people_records import Link, Session, SignInFlow, SignInWait

SESSION = Session(
    digest="c-1", user_id=ADA.id, csrf="x", method="password", address="127.0.0.1", agent="a browser",
    created_at_ns=START_NS, seen_at_ns=START_NS, expires_at_ns=START_NS + 100,
)  # fmt: skip
LINK = Link(digest="l-1", purpose="first", created_at_ns=START_NS, expires_at_ns=START_NS + 100)
FLOW = SignInFlow(digest="f-1", provider="corp", browser="b", next="/a", created_at_ns=START_NS, expires_at_ns=START_NS + 100)


def test_a_session_is_used_moved_and_ended(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, _, second), store.whole() as whole:
        sign_ins = whole.sign_ins
        sign_ins.add_session(SESSION)
        sign_ins.touch_session("c-1", seen_at_ns=START_NS + 5)
        sign_ins.move_session("c-1", second)
        assert sign_ins.session("c-1") == replace(SESSION, seen_at_ns=START_NS + 5, organisation_id=second)
        sign_ins.end_session("c-1")
        assert sign_ins.session("c-1") is None


def test_signing_out_everywhere_ends_the_sessions_of_one_person(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, *_), store.whole() as whole:
        sign_ins = whole.sign_ins
        for number in (1, 2, 3):
            sign_ins.add_session(replace(SESSION, digest=f"c-{number}", seen_at_ns=START_NS + number))
        sign_ins.add_session(replace(SESSION, digest="c-4", user_id=BOB.id))
        assert [one.digest for one in sign_ins.sessions_of(ADA.id)] == ["c-3", "c-2", "c-1"]
        assert sign_ins.end_sessions(ADA.id, but="c-2") == 2
        assert [one.digest for one in sign_ins.sessions_of(ADA.id)] == ["c-2"]
        assert sign_ins.end_sessions(ADA.id) == 1
        assert len(sign_ins.sessions_of(BOB.id)) == 1


def test_a_link_is_good_once_and_not_after_its_time(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, *_), store.whole() as whole:
        sign_ins = whole.sign_ins
        sign_ins.add_link(LINK)
        sign_ins.add_link(replace(LINK, digest="l-2"))
        assert [sign_ins.use_link("l-1", START_NS + 1) for _ in range(3)] == [True, False, False]
        assert not sign_ins.use_link("l-2", START_NS + 100)
        assert not sign_ins.use_link("l-3", START_NS)
        used = sign_ins.link("l-1")
        assert used is not None
        assert used.used_at_ns == START_NS + 1


def test_links_are_dropped_by_purpose_and_person(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, *_), store.whole() as whole:
        sign_ins = whole.sign_ins
        sign_ins.add_link(LINK)
        sign_ins.add_link(replace(LINK, digest="l-2", purpose="password", user_id=ADA.id))
        sign_ins.add_link(replace(LINK, digest="l-3", purpose="password", user_id=BOB.id))
        sign_ins.drop_links("password", user_id=ADA.id)
        assert [sign_ins.link(digest) is None for digest in ("l-1", "l-2", "l-3")] == [False, True, False]
        sign_ins.drop_links("first")
        assert sign_ins.link("l-1") is None


def test_a_round_trip_comes_back_once(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, *_), store.whole() as whole:
        whole.sign_ins.add_flow(FLOW)
        assert whole.sign_ins.take_flow("f-1") == FLOW
        assert whole.sign_ins.take_flow("f-1") is None


def test_what_is_over_is_forgotten(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, *_), store.whole() as whole:
        sign_ins = whole.sign_ins
        sign_ins.add_session(SESSION)
        sign_ins.add_link(LINK)
        sign_ins.add_flow(FLOW)
        sign_ins.drop_old(START_NS + 99)
        assert sign_ins.session("c-1") is not None
        sign_ins.drop_old(START_NS + 100)
        assert sign_ins.session("c-1") is None
        assert sign_ins.link("l-1") is None
        assert sign_ins.take_flow("f-1") is None


def test_waits_are_kept_one_for_each_the_oldest_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_ins, "WAITS_MAX", 2)
    one, two, three = (SignInWait(digest=f"d{number}", failures=6, at_ns=number, until_ns=9) for number in (1, 2, 3))
    with two_organisations(tmp_path) as (store, *_), store.whole() as whole:
        whole.sign_ins.put_waits([])
        whole.sign_ins.put_waits([one, two, replace(one, failures=7)])
        assert {wait.digest: wait.failures for wait in whole.sign_ins.waits()} == {"d1": 7, "d2": 6}
        whole.sign_ins.put_waits([three])
        assert sorted(wait.digest for wait in whole.sign_ins.waits()) == ["d2", "d3"]
        whole.sign_ins.drop_wait("d2")
        whole.sign_ins.drop_old(3 + sign_ins.WAIT_KEPT_NS)
        assert whole.sign_ins.waits() == []
