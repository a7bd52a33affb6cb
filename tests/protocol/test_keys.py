"""Which keys may be taken for the protocol's own."""

from __future__ import annotations

import pytest

from yett.protocol.keys import RESERVED, fold, has_look_alike, has_meta_look_alike

LOOK_ALIKES = [
    "Name",
    "NAME",
    "name ",
    " name",
    "na me",
    "name\x00",
    "name\u200b",
    "na\u00adme",
    "\ufeffname",
    "\uff4eame",
    "param\u017f",
    "tas\u212a",
    "\u24dcethod",
    "\U0001d5f6\U0001d5f1",
    "reque\ufb06Id",
    "_META",
    "inputresponses",
]
OTHERS = ["names", "n", "", "nаme (with a Cyrillic a)", "vendor", "x-name", "name.x", "naïve", "\u0440arams"]


@pytest.mark.parametrize("key", LOOK_ALIKES)
def test_a_key_that_a_lax_reader_takes_for_a_reserved_one_is_found(key: str) -> None:
    assert has_look_alike({key: 1}.keys())
    assert has_look_alike({"name": 1, key: 1}.keys())


@pytest.mark.parametrize("key", OTHERS)
def test_other_keys_are_let_be(key: str) -> None:
    assert not has_look_alike({key: 1}.keys())


def test_reserved_keys_themselves_are_no_look_alikes() -> None:
    assert not has_look_alike(RESERVED)
    assert {fold(key) for key in RESERVED} == {key.lower() for key in RESERVED}


@pytest.mark.parametrize(
    "key", ["ProgressToken", "io.modelcontextprotocol/protocolversion", "IO.modelcontextprotocol/clientInfo", "progressToken\x00"]
)
def test_members_of_meta_have_their_own_look_alikes(key: str) -> None:
    assert has_meta_look_alike({key: 1}.keys())


@pytest.mark.parametrize("key", ["progressToken", "io.modelcontextprotocol/clientInfo", "traceparent", "Name", "vendor/x"])
def test_other_members_of_meta_are_let_be(key: str) -> None:
    assert not has_meta_look_alike({key: 1}.keys())
