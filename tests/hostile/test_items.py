"""The table of docs/assurance.md names a test for each item, and each test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.hostile.framing_defects import DEFECTS
from tests.hostile.raw_expectations import DIFFERENT
from tests.hostile.upstream_faults import FAULTS
from tests.support.programs import ROOT

ROWS = re.findall(
    r"^\| ([A-Z]{2}[0-9]+) \| .+ \| (.+) \|$", (ROOT / "docs/assurance.md").read_text(encoding="utf-8"), re.MULTILINE
)
ITEMS = Path(__file__).parents[3] / "shared/reference/security.md"


@pytest.mark.parametrize(("item", "where"), ROWS, ids=[item for item, _ in ROWS])
def test_each_item_has_its_tests_or_says_that_it_has_none(item: str, where: str) -> None:
    named = re.findall(r"`(tests/[^`]+)`", where)
    assert named or where.startswith("not tested:"), item
    for name in named:
        file, _, function = name.partition("::")
        assert f"def {function}" in (ROOT / file).read_text(encoding="utf-8"), name


@pytest.mark.skipif(not ITEMS.exists(), reason="reference/security.md is not beside the repository")
def test_no_item_of_protocol_edge_or_server_is_left_out() -> None:
    wanted = set(re.findall(r"^\| ((?:PD|HT|UP)[0-9]+) \|", ITEMS.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(wanted) >= 37
    assert wanted <= {item for item, _ in ROWS}


def test_the_counts_of_the_document_are_those_of_the_tables() -> None:
    text = (ROOT / "docs/assurance.md").read_text(encoding="utf-8")
    assert f"; {len(DIFFERENT)} differ from" in text
    assert f"| {len(DEFECTS)}, at once" in text
    assert f"| {len(FAULTS)} in two eras | one well-formed" in text
