"""The statements about API tokens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.stores.control.people import ADA, two_organisations
from tests.support.clock import START_NS
from yett.stores.control.api_tokens import token_with
from yett.stores.control.people_records import ApiToken

TOKEN = ApiToken(
    id="t-1", label="ci", digest="d-1", scopes=("policies:edit", "view"), servers=("s-1",), maker_id=ADA.id,
    created_by=ADA.email, created_at_ns=START_NS, expires_at_ns=START_NS + 10,
)  # fmt: skip


def test_a_token_is_found_by_its_digest_with_its_organisation(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, _, second), store.whole() as whole:
        whole.of(second).api_tokens.add(TOKEN)
        assert token_with(whole.connection, "d-1") == (second, TOKEN)
        assert token_with(whole.connection, "d-2") is None


def test_tokens_are_used_revoked_and_listed_by_who_made_them(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, first, _), store.transaction(first) as write:
        write.api_tokens.add(TOKEN)
        write.api_tokens.add(replace(TOKEN, id="t-2", digest="d-2", maker_id=None, created_at_ns=START_NS + 1))
        write.api_tokens.touch("t-1", START_NS + 2)
        write.api_tokens.revoke("t-1", START_NS + 3)
        gone = replace(TOKEN, used_at_ns=START_NS + 2, revoked_at_ns=START_NS + 3)
        assert write.api_tokens.find("t-1") == gone
        assert write.api_tokens.listed(ADA.id) == [gone]
        assert [one.id for one in write.api_tokens.labelled("ci")] == ["t-1", "t-2"]
        assert [one.is_live(START_NS) for one in write.api_tokens.listed()] == [False, True]
        assert not TOKEN.is_live(START_NS + 10)


def test_the_tokens_of_another_organisation_cannot_be_seen_or_changed(tmp_path: Path) -> None:
    with two_organisations(tmp_path) as (store, first, second):
        with store.transaction(first) as write:
            write.api_tokens.add(TOKEN)
        with store.transaction(second) as write:
            assert write.api_tokens.find("t-1") is None
            assert write.api_tokens.listed() == write.api_tokens.labelled("ci") == []
            with pytest.raises(AssertionError):
                write.api_tokens.revoke("t-1", START_NS)
            with pytest.raises(AssertionError):
                write.api_tokens.touch("t-1", START_NS)
