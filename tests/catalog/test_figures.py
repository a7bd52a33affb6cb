"""What the classifier reaches on tools that it was not tuned on. The tables: `python -m tests.catalog.evaluate`."""

from __future__ import annotations

import json

import pytest

from tests.catalog.figures import HERE, HINTED, MAIN, OWN, hinted, main_figures, own_figures, reviewed
from tests.catalog.split import CORPORA, corpus, divided, family
from yett.catalog.model import RiskClass

needs_corpora = pytest.mark.skipif(not CORPORA.exists(), reason=f"the public corpora are not at {CORPORA}")
AGREEMENT_MIN = 0.92
"""A tool, on a machine that does other things; quiet, it is under 1 ms."""


@needs_corpora
def test_no_test_tool_shares_its_server_or_its_name_with_a_training_tool() -> None:
    train, test = divided(corpus(MAIN))
    assert len(train) > 400
    assert len(test) > 400
    assert not {family(row.server) for row in train} & {family(row.server) for row in test}
    assert not {row.name for row in train} & {row.name for row in test}


@needs_corpora
def test_every_reviewed_label_changes_one_tool_of_the_corpus_and_says_why() -> None:
    labels = {row.id: row.row["label"] for row in corpus(MAIN)}
    lines = [json.loads(line) for line in (HERE / "reviewed.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len({line["id"] for line in lines}) == len(lines)
    for line in lines:
        assert labels[line["id"]] == line["old"] != line["new"]
        assert line["why"]
    assert {id for id, label in labels.items() if label == "Other"} <= reviewed().keys()


@needs_corpora
def test_unseen_tools_get_the_reviewed_class_and_no_dangerous_one_is_called_read() -> None:
    found = main_figures()["test reviewed"]
    assert found.called_read() == []
    assert found.called_read([RiskClass.EXECUTE]) == []
    assert found.agreement >= AGREEMENT_MIN


@needs_corpora
def test_the_raw_labels_are_met_too_but_for_what_the_review_corrects() -> None:
    assert main_figures()["test raw"].agreement >= 0.85


@needs_corpora
@pytest.mark.parametrize("file", HINTED)
def test_no_tool_that_its_vendor_says_changes_things_is_surely_read(file: str) -> None:
    found = hinted(file, hints=True)
    assert found.read_surely == ()
    assert found.destructive_found >= 0.98


@pytest.mark.parametrize("name", OWN)
def test_our_own_sets_are_met_and_no_dangerous_tool_of_theirs_is_called_read(name: str) -> None:
    found = own_figures(name)
    assert found.called_read() == []
    assert found.agreement >= AGREEMENT_MIN
