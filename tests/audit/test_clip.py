"""Text of strangers, cut to what a log can hold."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.support.effort import examples
from yett.audit.clip import KEY_MAX, KEYS_MAX, TEXT_MAX, clean, clip, clip_keys

ANY_TEXT = st.text(st.characters(), max_size=40)


def test_text_of_the_greatest_length_is_kept_and_one_more_is_cut() -> None:
    assert clip("x" * TEXT_MAX) == "x" * TEXT_MAX
    cut = clip("x" * (TEXT_MAX + 1))
    assert cut.startswith("x" * TEXT_MAX + "… (1025 characters, sha256 ")
    assert len(cut) < TEXT_MAX + 60


def test_texts_that_differ_only_behind_the_cut_stay_different() -> None:
    assert clip("x" * 2_000 + "a") != clip("x" * 2_000 + "b")


def test_lone_surrogates_can_be_cut_and_cleaned() -> None:
    assert clip("\ud800" * 2_000)
    assert clean("a\ud800b") == "a\\ud800b"


@examples(100)
@given(st.lists(ANY_TEXT, max_size=8))
def test_argument_names_come_back_as_they_were_whatever_they_hold(names: list[str]) -> None:
    assert json.loads(clip_keys(names)) == names


def test_too_many_names_are_counted_and_too_long_ones_cut() -> None:
    assert json.loads(clip_keys(["a"] * (KEYS_MAX + 5)))[-1] == "… 5 more"
    assert len(clip_keys(["k" * 10**6] * 10**3)) < (KEY_MAX + 60) * (KEYS_MAX + 1)
    assert json.loads(clip_keys(["k" * (KEY_MAX + 1)]))[0].startswith("k" * KEY_MAX + "…")


@examples(100)
@given(st.text(st.characters(codec="utf-8")))
def test_valid_text_is_clean_already(text: str) -> None:
    assert clean(text) == text
