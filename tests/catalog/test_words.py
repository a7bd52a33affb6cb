"""Names as words, verbs in their forms, and the tables of words."""

from __future__ import annotations

import re

import pytest

from yett.catalog import foreign, money_words, nouns, sense_rows, verb_lists
from yett.catalog.listed import listed
from yett.catalog.model import RiskClass
from yett.catalog.senses import meaning
from yett.catalog.verbs import BASE, FORMS, GERUND, THIRD, VERBS, affixed
from yett.catalog.words import common_prefix, fold, name_words, singular


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("get_user", "get user"),
        ("getHTTPServerList", "get http server list"),
        ("issues/delete.many-now", "issues delete many now"),
        ("deletemany", "delete many"),
        ("createorupdate", "create or update"),
        ("cart_check_out", "cart checkout"),
        ("r2_bucketsList", "r2 buckets list"),
        ("删除文件", "删除文件"),
        ("Ｄelete＿User", "delete user"),
        ("ELIMINAR_PEDIDO", "eliminar pedido"),
        ("listener", "listener"),
        ("", ""),
    ],
)
def test_a_name_is_split_at_every_seam(name: str, words: str) -> None:
    assert " ".join(name_words(name)) == words


def test_accents_and_full_width_letters_are_folded() -> None:
    assert fold("LÖSCHEN Véhicule ＡＢ") == "loschen vehicule ab"


def test_plurals_become_singular_well_enough() -> None:
    assert [singular(word) for word in ("users", "queries", "boxes", "address", "status", "news")] == [
        "user",
        "query",
        "box",
        "address",
        "status",
        "new",
    ]


def test_a_shared_prefix_is_no_whole_name() -> None:
    names = [name_words(name) for name in ("asana_get_task", "asana_list_tags", "asana_search")]
    assert common_prefix(names) == ("asana",)
    assert common_prefix(names[:2]) == ()
    assert common_prefix([("a",), ("a", "b"), ("a", "c")]) == ()


def test_verbs_are_known_in_their_forms() -> None:
    assert FORMS["deletes"] == (VERBS["delete"], THIRD)
    assert FORMS["deleting"] == (VERBS["delete"], GERUND)
    assert FORMS["running"][0] is VERBS["run"]
    assert FORMS["modifies"][0] is VERBS["modify"]
    assert FORMS["delete"] == (VERBS["delete"], BASE)
    assert "deleted" not in FORMS  # `list_deleted_items` deletes nothing


def test_a_verb_inside_a_longer_word_is_found() -> None:
    found = affixed("bulkdelete")
    assert found is not None
    assert found.risk is RiskClass.DESTRUCTIVE
    turned = affixed("unresolve")
    assert turned is not None
    assert turned.risk is RiskClass.WRITE
    assert affixed("release") is None


def test_no_verb_stands_in_two_lists() -> None:
    lists = {
        name: getattr(verb_lists, name).split() for name in dir(verb_lists) if name.isupper() and name not in {"VAGUE", "THINGS"}
    }
    words = [word for listed_words in lists.values() for word in listed_words]
    assert len(words) == len(set(words)) == len(VERBS)
    assert listed(verb_lists.VAGUE) <= VERBS.keys()


def test_every_row_of_meanings_reads_and_has_its_words() -> None:
    for block in re.split(r"\n(?=[A-Z])", f"{money_words.ROWS.strip()}\n{sense_rows.ROWS.strip()}"):
        head, *rest = block.split("\n")
        risk, _, shows = head.partition(": ")
        assert RiskClass(risk.rstrip("*"))
        assert shows
        assert rest[0].startswith("  verbs ")
    assert all(len(pair.split("-")) == 2 for pair in money_words.PAIRS.split())
    assert nouns.MEDIA <= nouns.COMMON


@pytest.mark.parametrize(
    ("phrase", "risk"),
    [
        ("close issue", RiskClass.WRITE),
        ("close account", RiskClass.DESTRUCTIVE),
        ("close position", RiskClass.FINANCIAL),
        ("send invoice", RiskClass.FINANCIAL),
        ("send invoice reminder", RiskClass.WRITE),
        ("create subscription", RiskClass.FINANCIAL),
        ("create invoice template", RiskClass.WRITE),
        ("add a credit card", RiskClass.FINANCIAL),
        ("run report", RiskClass.READ),
        ("run sql query", RiskClass.EXECUTE),
        ("merge cells", RiskClass.WRITE),
        ("merge branch", RiskClass.EXECUTE),
        ("clear the cache", RiskClass.WRITE),
        ("clear the logs", RiskClass.DESTRUCTIVE),
        ("generate a report", RiskClass.READ),
        ("generate a video", RiskClass.EXECUTE),
        ("transfer ownership", RiskClass.WRITE),
        ("transfer funds", RiskClass.FINANCIAL),
    ],
)
def test_the_object_decides_what_a_verb_means(phrase: str, risk: RiskClass) -> None:
    verb, *following = phrase.split()
    assert meaning(VERBS[verb], following).risk is risk


def test_words_of_other_languages_are_verbs_of_one_class() -> None:
    assert foreign.FOREIGN["loscht"].risk is RiskClass.DESTRUCTIVE
    assert foreign.ELSEWHERE["退款"] is RiskClass.FINANCIAL
    assert not foreign.FOREIGN.keys() & VERBS.keys()
