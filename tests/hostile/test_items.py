"""The table of docs/assurance.md names a test for each item, and each test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.hostile.framing_defects import DEFECTS
from tests.hostile.raw_expectations import DIFFERENT
from tests.hostile.upstream_faults import FAULTS
from tests.support.programs import ROOT

TEXT = (ROOT / "docs/assurance.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([A-Z]{2}[0-9]+) \| .+ \| (.+) \|$", TEXT, re.MULTILINE)
METHODS = [
    (method, where)
    for methods, where in re.findall(
        r"^\| (`.+`) \| .+ \| (.+) \|$", TEXT.partition("### Methods")[2].partition("\n## ")[0], re.MULTILINE
    )
    for method in re.findall(r"`([^`]+)`", methods)
]
REFERENCE = Path(__file__).parents[3] / "shared/reference"
ITEMS = REFERENCE / "security.md"
DUTIES = REFERENCE / "mcp.md"


def named_in(where: str) -> list[str]:
    """What the files say that a row names; the functions that it names must be in them."""
    found = []
    for name in re.findall(r"`(tests/[^`]+)`", where):
        file, _, function = name.partition("::")
        found.append((ROOT / file).read_text(encoding="utf-8"))
        assert f"def {function}" in found[-1], name
    return found


@pytest.mark.parametrize(("item", "where"), ROWS, ids=[item for item, _ in ROWS])
def test_each_item_has_its_tests_or_says_that_it_has_none(item: str, where: str) -> None:
    files = named_in(where)
    assert files or where.startswith("not tested:"), item
    if item[:2] in {"PD", "HT", "UP"}:
        assert any(re.search(rf"\b{item}\b", text) for text in files), f"no test of {item} names it"


@pytest.mark.skipif(not ITEMS.exists(), reason="reference/security.md is not beside the repository")
def test_no_item_of_protocol_edge_or_server_is_left_out() -> None:
    wanted = set(re.findall(r"^\| ((?:PD|HT|UP)[0-9]+) \|", ITEMS.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(wanted) >= 37
    assert wanted <= {item for item, _ in ROWS}


def test_the_counts_of_the_document_are_those_of_the_tables() -> None:
    assert f"; {len(DIFFERENT)} differ from" in TEXT
    assert f"| {len(DEFECTS)}, at once" in TEXT
    assert f"| {len(FAULTS)} in two eras | one well-formed" in TEXT


@pytest.mark.parametrize(("method", "where"), METHODS, ids=[method for method, _ in METHODS])
def test_each_method_is_named_by_a_test_of_what_it_is_owed(method: str, where: str) -> None:
    assert any(re.search(rf"[\"`]{method}[\"`]", text) for text in named_in(where)), f"no test of {method} names it"


@pytest.mark.skipif(not DUTIES.exists(), reason="reference/mcp.md is not beside the repository")
def test_no_method_is_left_out() -> None:
    section = DUTIES.read_text(encoding="utf-8").partition("### 3.3")[2].partition("###")[0]
    rows = re.findall(r"^\| ((?!method|---).+?) \|", section, re.MULTILINE)
    assert len(rows) == 10
    owed = {word.strip("*") for row in rows for word in re.findall(r"[a-z]+/[a-zA-Z_/*]+|initialize|ping", row)}
    assert len(owed) == 16
    assert not {word for word in owed if not any(word in method for method, _ in METHODS)}
