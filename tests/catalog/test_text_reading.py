"""What descriptions, names and schemas say, each by itself."""

from __future__ import annotations

import pytest

from yett.catalog.act import Act, worst
from yett.catalog.chinese import chinese_acts
from yett.catalog.model import Place, RiskClass
from yett.catalog.name_reading import read_name
from yett.catalog.neighbours import Neighbours, Trade
from yett.catalog.quoting import QUOTE_MAX, quoted
from yett.catalog.schema_reading import DEPTH_MAX, PROPERTIES_MAX, fields, read_schema, takes_money
from yett.catalog.text_reading import read_text
from yett.catalog.unknown_verbs import begins_with_unknown_verb
from yett.policy.json_value import JsonValue


def words(text: str) -> str:
    return " ".join(act.word for act in read_text(text))


@pytest.mark.parametrize(
    ("text", "verbs"),
    [
        ("Deletes a branch.", "deletes"),
        ("Use this tool to list and delete files", "list delete"),
        ("This tool allows you to transfer money", "transfer"),
        ("Creates, updates and deletes tasks", "creates updates deletes"),
        ("Create, run, and see load tests", "create run see"),
        ("Provides the ability to erase a disk", "erase"),
        ("Frees up space by deleting old files", "deleting"),
        ("Get the list of deleted items", "get"),
        ("Shows differences between branches or commits", "shows"),
        ("List builds with their status, commit information and updates", "list"),
        ("Search for issues. Use delete_issue to delete one.", "search"),
        ("Search issues (e.g. to delete them)", "search"),
        ("Invoices of a guest.", ""),
        ("Manage tasks. Operations: create, rename, remove", "manage remove"),
        ("Interact with it. This will permanently delete the data", "interact delete"),
        ("Find things without removing them", "find"),
        ("List things.\n\nArgs:\n  delete: whether to delete", "list"),
        ("", ""),
    ],
)
def test_a_description_is_read_for_what_the_tool_does(text: str, verbs: str) -> None:
    assert words(text) == verbs


def test_only_what_the_first_sentence_is_about_leads() -> None:
    assert [act.leads for act in read_text("List and delete files")] == [True, False]


def test_a_sentence_with_an_unknown_verb_is_told_from_a_noun() -> None:
    assert begins_with_unknown_verb("Frobnicates the cache")
    assert not begins_with_unknown_verb("Weather for a city")
    assert begins_with_unknown_verb("远程")


def test_chinese_verbs_before_nouns_describe_them() -> None:
    assert [act.word for act in chinese_acts("根据支付单号查询订单状态", Place.DESCRIPTION)] == ["查询"]
    assert [act.word for act in chinese_acts("创建、更新或删除任务", Place.DESCRIPTION)] == ["创建", "更新", "删除"]
    assert chinese_acts("no such script", Place.DESCRIPTION) == ()


@pytest.mark.parametrize(
    ("name", "verbs"),
    [
        ("create_or_update_file", "create update"),
        ("file_read_write", "read write"),
        ("get_delete_status", "get"),
        ("workers_get_worker", "get"),
        ("report_delete", "delete"),
        ("deploy_plan_get", "get"),
        ("set_spending_limit", "set"),
        ("refund_status", "status"),
        ("is_deleted", "is"),
        ("frobnicate", ""),
    ],
)
def test_a_name_is_read_for_its_verbs(name: str, verbs: str) -> None:
    assert " ".join(act.word for act in read_name(name, frozenset())) == verbs


def test_a_verb_in_the_servers_name_is_no_deed_of_its_tools() -> None:
    assert [act.word for act in read_name("exchange_get_rate", frozenset({"exchange"}))] == ["get"]


def test_choices_of_an_action_are_operations_and_http_methods_are_none() -> None:
    action: JsonValue = {"properties": {"action": {"enum": ["list_items", "delete_item", 7]}}}
    assert [(act.word, act.risk) for act in read_schema(fields(action))] == [
        ("list", RiskClass.READ),
        ("delete", RiskClass.DESTRUCTIVE),
    ]
    method: JsonValue = {"properties": {"method": {"enum": ["GET", "DELETE"]}}}
    assert read_schema(fields(method)) == ()
    told: JsonValue = {"properties": {"operation": {"description": "One of 'add', 'remove'."}}}
    assert [act.word for act in read_schema(fields(told))] == ["add", "remove"]


def test_a_schema_is_read_to_a_named_depth_and_width() -> None:
    deep: JsonValue = {}
    for _ in range(20):
        deep = {"properties": {"x": deep}}
    assert max(len(field.path) for field in fields(deep)) == DEPTH_MAX
    assert len(fields({"properties": {f"a{index}": {} for index in range(500)}})) == PROPERTIES_MAX


def test_an_amount_with_a_payee_is_money() -> None:
    assert takes_money(fields({"properties": {"amount": {}, "recipient": {}}})) is not None
    assert takes_money(fields({"properties": {"amount": {}, "unit": {}}})) is None


def test_the_worst_act_is_the_first_of_the_highest_class() -> None:
    acts = [
        Act(Place.NAME, risk, word, "q", "s")
        for risk, word in ((RiskClass.READ, "a"), (RiskClass.WRITE, "b"), (RiskClass.WRITE, "c"))
    ]
    found = worst(acts)
    assert found is not None
    assert found.word == "b"
    assert worst([]) is None


def test_neighbours_tell_the_trade() -> None:
    from yett.catalog.model import ToolDefinition

    tools = [ToolDefinition(name, server="x") for name in ("navigate", "click", "get_text")]
    assert Neighbours.of(tools).trades == {Trade.BROWSER}
    assert Neighbours.of([]).trades == frozenset()


def test_quotations_are_short_and_inert() -> None:
    assert quoted("a\n\tb\u200bc\x1b") == "a b\\u200bc\\x1b".replace("\\x1b", "\\u001b")
    assert len(quoted("x" * 10_000)) == QUOTE_MAX
