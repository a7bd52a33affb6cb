"""Secrets show themselves only when asked by name."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from redbook_mcp.secret import Secret

KEY = "sk-not-for-anyone-0123456789"


def test_a_secret_shows_itself_only_when_it_is_revealed() -> None:
    secret = Secret(KEY)
    assert secret.reveal() == KEY
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        f"{secret:>20}",
        "{}".format(*[secret]),
        repr([secret]),
        repr({"k": secret}),
    ]
    assert not [text for text in shown if KEY in text or KEY[:6] in text]


def test_equal_keys_are_equal_and_others_are_not() -> None:
    assert Secret(KEY) == Secret(KEY)
    assert hash(Secret(KEY)) == hash(Secret(KEY))
    assert Secret(KEY) != Secret(KEY + "x")
    assert Secret(KEY) != KEY
    assert not Secret("")


def test_a_secret_cannot_be_changed() -> None:
    secret: Any = Secret(KEY)
    with pytest.raises(AttributeError):
        secret.value = "other"
    with pytest.raises(AttributeError):
        del secret.value
    assert secret.reveal() == KEY


@pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy, json.dumps])
def test_a_secret_is_not_written_anywhere(write: Callable[[object], object]) -> None:
    with pytest.raises(TypeError):
        write(Secret(KEY))
