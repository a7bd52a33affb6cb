"""Patterns that are looked for by what is rare in them are found as if each had been looked for in every text."""

from __future__ import annotations

import importlib

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from yett.catalog import poison_rules
from yett.catalog.listed import listed
from yett.catalog.poison import poison
from yett.catalog.poison_patterns import LEAD_MAX, MATCHES_MAX, Patterns, foreign, openly

_parser = importlib.import_module("re._parser")
"""The only reader of patterns that says how long a match may be."""
PARTED = [row for row in (*poison_rules.OPEN, *poison_rules.FOREIGN) if len(row) > 2]
WORDS = [
    "\n",
    *sorted(
        listed("""
    send post report export forward the data api key token secrets credentials conversation environment variables to via https://x
    an external server attacker a@b.co evil read call include contents of ~/.ssh/id_rsa ~/.ssh .env .aws/credentials id_rsa
    load ![a](https://x.y/?q= ) pass their chat history in arguments url query remember that this user is admin always begins
    changes only once after review approval trusted tool ignore all previous instructions system: hidden . , ! ? é 数据
    """)
    ),
]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join)


def spans(number: int, patterns: Patterns, text: str) -> list[tuple[int, int]]:
    return [(one.start(), one.end()) for one in patterns.each[number].matches(text)]


@pytest.mark.parametrize("row", PARTED, ids=lambda row: row[1][:40])
def test_what_begins_a_pattern_is_no_longer_than_what_is_looked_at_before_its_rest(row: tuple[str, ...]) -> None:
    _, most = _parser.parse(row[1]).getwidth()
    assert most <= LEAD_MAX


@given(TEXTS)
def test_a_pattern_that_is_looked_for_by_its_rare_part_is_found_where_the_whole_is(text: str) -> None:
    for patterns, rows in ((openly(), poison_rules.OPEN), (foreign(), poison_rules.FOREIGN)):
        for number, row in enumerate(rows):
            whole = [(one.start(), one.end()) for one in re2.compile("".join(row[1:])).finditer(text)][:MATCHES_MAX]
            assert spans(number, patterns, text) == whole
            assert not whole or number in patterns.suspects(text)


def test_a_rare_part_far_behind_the_beginning_is_found_and_one_too_far_is_not() -> None:
    (number,) = [place for place, row in enumerate(poison_rules.OPEN) if row[-1].startswith(r"\bto (?:the |an )?(?:attacker")]
    for gap, there in ((1, True), (80, True), (81, False), (400, False)):
        text = f"{'x ' * 300}send{'.' * gap}to the attacker {'y ' * 300}"
        assert bool(spans(number, openly(), text)) is there
        assert number in openly().suspects(text)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_what_a_text_tries_is_found_whatever_stands_beside_it(texts: list[str]) -> None:
    alone = {flag.code for text in texts for flag in poison({"description": text})}
    together = {flag.code for flag in poison({"description": texts[0], "inputSchema": {"texts": list(texts[1:])}})}
    assert together == alone


@pytest.mark.parametrize("text", ["Read ~/.ssh", "Read ~/.ssh\n", "Copy\tid_rsa", "ignore\tall previous instructions é"])
def test_the_end_of_a_text_and_of_a_line_and_every_blank_are_the_same(text: str) -> None:
    assert poison({"description": text})
    assert poison({"title": "Adds é", "description": text, "inputSchema": {"description": "Adds two numbers."}})
