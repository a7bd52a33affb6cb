"""Lists of every kind: one filter for `tools/list`, `resources/list`, `resources/templates/list` and `prompts/list`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.protocol.wire import encode
from yett.protocol.answers import MalformedAnswer
from yett.protocol.lists import LISTS, ListKind, filter_list, labelled_private
from yett.protocol.methods import TO_SERVER, Handling

KINDS = list(LISTS.values())
IDS = [kind.member for kind in KINDS]

pytestmark = pytest.mark.parametrize("kind", KINDS, ids=IDS)


def item(kind: ListKind, name: str, rest: bytes = b"") -> bytes:
    """An item with blanks and escapes of its own."""
    return b'{ "title":"caf\\u00e9","%b" : "%b"%b}' % (kind.key.encode(), name.encode(), rest)


def answer(kind: ListKind, *items: bytes, rest: bytes = b"") -> bytes:
    return b'{"jsonrpc": "2.0","id":1,"result":{"%b":[%b]%b}}' % (kind.member.encode(), b" , ".join(items), rest)


def test_what_is_hidden_is_taken_out_and_the_rest_keeps_its_bytes_and_its_order(kind: ListKind) -> None:
    stay = [item(kind, "z", b',"x-vendor":{"b":1.50,"a":[1e2]}'), item(kind, "a")]
    page = answer(kind, stay[0], item(kind, "secret"), stay[1], rest=b',"nextCursor":"","ttlMs":5')
    data = filter_list(kind, page, lambda name: name != "secret", stateless=False)
    assert b"secret" not in data
    assert data.index(stay[0]) < data.index(stay[1])
    assert json.loads(data)["result"] == {kind.member: [json.loads(part) for part in stay], "nextCursor": "", "ttlMs": 5}


def test_a_page_may_become_empty_and_keeps_its_cursor(kind: ListKind) -> None:
    data = filter_list(kind, answer(kind, item(kind, "a"), rest=b',"nextCursor":"2"'), lambda _: False, stateless=False)
    assert json.loads(data)["result"] == {kind.member: [], "nextCursor": "2"}


def test_with_nothing_to_take_out_the_bytes_stay(kind: ListKind) -> None:
    page = answer(kind, item(kind, "a"))
    assert filter_list(kind, page, lambda _: True, stateless=False) is page
    private = answer(kind, rest=b',"cacheScope":"private"')
    assert filter_list(kind, private, lambda _: True, stateless=True) is private
    error = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}'
    assert filter_list(kind, error, lambda _: False, stateless=True) is error


@pytest.mark.parametrize("scope", [b"", b',"cacheScope":"public"'])
def test_in_the_stateless_era_every_page_is_labelled_private(kind: ListKind, scope: bytes) -> None:
    page = answer(kind, item(kind, "a"), rest=scope)
    assert json.loads(filter_list(kind, page, lambda _: True, stateless=True))["result"]["cacheScope"] == "private"


def test_a_list_that_is_not_clear_never_passes(kind: ListKind) -> None:
    other = kind.member[0].upper() + kind.member[1:]
    malformed: list[Any] = [
        {},
        {kind.member: {}},
        {kind.member: None},
        {kind.member: ["a"]},
        {kind.member: [{"title": "a"}]},
        {kind.member: [{kind.key: 1}]},
        {kind.member: [{kind.key: "a", kind.key.upper(): "b"}]},
        {kind.member: [], other: [{kind.key: "a"}]},
        {kind.member: [], "cachescope": "public"},
    ]
    pages = [encode({"jsonrpc": "2.0", "id": 1, "result": result}) for result in malformed]
    pages += [
        b"",
        b"<html>",
        b"\xef\xbb\xbf" + answer(kind),
        answer(kind, item(kind, "a"), rest=b',"%b":[]' % kind.member.encode()),
    ]
    pages.append(answer(kind, b'{"%b":"a","%b":"b"}' % (kind.key.encode(), kind.key.encode())))
    for page in pages:
        with pytest.raises(MalformedAnswer):
            filter_list(kind, page, lambda _: True, stateless=False)


def test_every_list_of_the_method_table_is_filtered(kind: ListKind) -> None:
    methods = {name for name, row in TO_SERVER.items() if name.endswith("/list") and row.handling is not Handling.REFUSED}
    assert methods == {*LISTS, "tasks/list"}, "the last one by the tasks, whose grant is remembered"
    assert kind in LISTS.values()


def test_a_result_for_one_grant_says_so(kind: ListKind) -> None:
    page = b'{"jsonrpc":"2.0","id":1,"result":{"contents":[ {"uri":"a:b"} ],"ttlMs":5%b}}'
    for scope in (b"", b',"cacheScope":"public"'):
        data = labelled_private(page % scope)
        assert b'{"uri":"a:b"}' in data
        assert json.loads(data)["result"] == {"contents": [{"uri": "a:b"}], "ttlMs": 5, "cacheScope": "private"}
    private = page % b',"cacheScope":"private"'
    assert labelled_private(private) is private
    error = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}}'
    assert labelled_private(error) is error
    with pytest.raises(MalformedAnswer):
        labelled_private(page % b',"cacheScope":"private","CacheScope":"public"')
