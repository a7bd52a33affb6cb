"""The filter of a subscription: cut without touching the rest, and the gateway's own words about it."""

from __future__ import annotations

import json

from tests.support.wire import request
from yett.protocol.eras import META_SUBSCRIPTION_ID
from yett.protocol.server_messages import read_said
from yett.protocol.subscription_filter import acknowledged, cut, list_changed, subscription_ended, subscription_of


def test_a_filter_that_needs_no_cut_keeps_its_bytes() -> None:
    sent = request("subscriptions/listen", {"notifications": {"toolsListChanged": True}}, stateless=True)
    assert cut(sent.message, lambda *_: False) is sent.message.body


def test_resources_that_are_not_shown_go_and_the_rest_stays() -> None:
    wanted = {"notifications": {"resourceSubscriptions": ["a:b", "c:d"], "vendor": 1}}
    sent = request("subscriptions/listen", wanted, stateless=True)
    edited = json.loads(cut(sent.message, lambda _, uri: uri == "c:d"))
    original = json.loads(sent.body)
    assert edited["params"].pop("notifications") == {"resourceSubscriptions": ["c:d"]}
    original["params"].pop("notifications")
    assert edited == original


def test_the_gateways_own_words_are_messages_of_the_protocol() -> None:
    said = read_said(list_changed("tools", subscription=b'"q"'))
    assert said is not None
    assert (said.method, subscription_of(said), acknowledged(said)) == ("notifications/tools/list_changed", "q", frozenset())
    plain = read_said(list_changed("resources"))
    assert plain is not None
    assert (plain.method, subscription_of(plain)) == ("notifications/resources/list_changed", None)
    ended = json.loads(subscription_ended(b"7"))
    assert ended == {"jsonrpc": "2.0", "id": 7, "result": {"resultType": "complete", "_meta": {META_SUBSCRIPTION_ID: 7}}}
