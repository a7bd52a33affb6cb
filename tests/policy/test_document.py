"""Bytes become a policy, by strict JSON or by YAML; whatever is doubtful is refused."""

from __future__ import annotations

import json

import pytest

from tests.support.policies import ALLOW_ALL, DENY_ALL
from yett.policy.document import looks_like_yaml, read_json, read_policy
from yett.policy.errors import PolicyErrors

TEXT = json.dumps(DENY_ALL).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"nul",
        TEXT[:-1],
        TEXT + TEXT,
        TEXT + b",",
        b"\xef\xbb\xbf" + TEXT,
        TEXT.decode().encode("utf-16"),
        b"\xff",
        b'{"version":"1","default":"deny","default":"allow"}',
        b'{"version":"1","default":"deny","tools":{"a":{},"\\u0061":{}}}',
        b'{"version":"1","default":"deny","description":"\\ud800"}',
        b'{"version":"1","default":"deny","description":NaN}',
        b'{"version":"1","default":"deny","description":Infinity}',
        b'{"version":"1","default":"deny",}',
        b"{'version':'1'}",
        b'{"version":"1"} // c',
        b'{"a":1e999999999999999999999}',
        b'{"a":' + b"9" * 5_000 + b"}",
        b"[" * 100_000,
    ],
)
def test_doubtful_json_is_refused_at_the_root(data: bytes) -> None:
    with pytest.raises(PolicyErrors) as refused:
        read_policy(data)
    assert [error.pointer for error in refused.value.errors] == [""]
    assert "InvalidOperation" not in str(refused.value)


def test_a_document_may_be_as_large_as_the_language_says_and_no_larger() -> None:
    room = 256 * 1024 - len(json.dumps({**ALLOW_ALL, "description": ""}))
    assert read_policy(json.dumps({**ALLOW_ALL, "description": "x" * room}).encode()).default_allows
    with pytest.raises(PolicyErrors, match="larger than 262144 bytes"):
        read_policy(json.dumps({**ALLOW_ALL, "description": "x" * (room + 1)}).encode())


def test_numbers_keep_their_exact_value() -> None:
    assert str(read_json(b'{"a":0.1000000000000000055511151231257827}')) == (
        "{'a': Decimal('0.1000000000000000055511151231257827')}"
    )


def test_yaml_and_json_mean_the_same() -> None:
    yaml = b"""
version: "1"
default: deny
tools:
  pay:
    deny_if:
      - {path: args.amount, op: gt, value: 99.50, on_deny: too much}
    limits:
      - counter: n
        window: 60
        max: 5
"""
    condition = {"path": "args.amount", "op": "gt", "value": 99.5, "on_deny": "too much"}
    limits = [{"counter": "n", "window": 60, "max": 5}]
    text = json.dumps({**DENY_ALL, "tools": {"pay": {"deny_if": [condition], "limits": limits}}})
    assert read_policy(yaml, yaml=True) == read_policy(text.encode())


def test_yaml_is_not_read_where_json_is_expected() -> None:
    with pytest.raises(PolicyErrors, match="not readable as JSON"):
        read_policy(b"version: '1'\ndefault: deny\n")


def test_unreadable_yaml_is_a_refused_policy() -> None:
    with pytest.raises(PolicyErrors, match="not readable as YAML: line 2, column 1"):
        read_policy(b"version: '1\n", yaml=True)


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (b"version: 1\ndefault: deny\n", "/version"),
        (b"version: '1'\ndefault: deny\non: yes\n", "/on"),
        (b"version: '1'\ndefault: deny\nhide_unpermitted: yes\n", "/hide_unpermitted"),
        (b"version: '1'\ndefault: deny\nall_tools: {limits: [{counter: n, window: day, max: 010}]}\n", "/all_tools/limits/0/max"),
    ],
)
def test_traps_of_yaml_end_in_an_error_and_not_in_another_policy(text: bytes, pointer: str) -> None:
    with pytest.raises(PolicyErrors) as refused:
        read_policy(text, yaml=True)
    assert [error.pointer for error in refused.value.errors] == [pointer]


@pytest.mark.parametrize(("name", "yaml"), [("p.yaml", True), ("P.YML", True), ("p.json", False), ("yaml", False), ("", False)])
def test_a_files_name_tells_its_encoding(name: str, yaml: bool) -> None:
    assert looks_like_yaml(name) is yaml
