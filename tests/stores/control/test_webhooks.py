"""The statements about who is told of changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.stores.control.test_transaction import first, opened
from tests.support.clock import START_NS
from yett.stores.control.registry_records import Webhook

HOOK = Webhook(
    id="w", url="https://h.example/", severity=2, kinds=("grade", "added"), created_by="ada", created_at_ns=START_NS, cursor=7
)


def test_a_webhook_is_kept_as_it_is_and_changed_as_a_whole(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with first(store) as write:
        write.webhooks.add(HOOK)
        assert (write.webhooks.find("w"), write.webhooks.listed()) == (HOOK, [HOOK])
        after = replace(HOOK, cursor=9, batch_last=12, failures=3, state="dead", problem="x", due_at_ns=5, kinds=())
        write.webhooks.replace(after)
        assert write.webhooks.find("w") == after
        write.webhooks.remove("w")
        assert write.webhooks.listed() == []
    store.close()


def test_what_is_dead_and_what_waits_is_not_due(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with first(store) as write:
        for number, (state, due_at_ns) in enumerate([("active", None), ("active", 10), ("active", 11), ("dead", None)]):
            write.webhooks.add(replace(HOOK, id=str(number), state=state, due_at_ns=due_at_ns))
        assert [one.id for one in write.webhooks.due(10)] == ["0", "1"]
    store.close()


def test_those_of_another_organisation_are_not_there(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with first(store) as write:
        write.webhooks.add(HOOK)
    with store.whole() as whole:
        stranger = whole.of("another").webhooks
        assert (stranger.find("w"), stranger.listed(), stranger.due(START_NS)) == (None, [], [])
        with pytest.raises(AssertionError, match="0 rows changed"):
            stranger.replace(HOOK)
        with pytest.raises(AssertionError, match="0 rows changed"):
            stranger.remove("w")
    store.close()
