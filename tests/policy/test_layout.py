"""Policy documents as text for people."""

from __future__ import annotations

import json

from yett.policy.layout import LINE, laid_out


def test_what_fits_into_a_line_stands_on_one_and_the_document_never() -> None:
    assert laid_out({"a": {"b": [1, 2]}}) == '{\n  "a": {"b": [1, 2]}\n}'
    assert laid_out([]) == "[]"


def test_what_is_too_long_is_broken_at_each_level_and_means_the_same() -> None:
    document = {"tools": {"pay": {"deny_if": ["x" * 40, "y" * 40, "z" * 40]}}}
    text = laid_out(document)
    assert json.loads(text) == document
    assert all(len(line) <= LINE + len('"tools": ') for line in text.splitlines())
    assert text.count("\n") > 6
