"""What the class rests on, what raises it, and how that is told."""

from __future__ import annotations

from yett.catalog.basis import basis_of
from yett.catalog.model import Evidence, Place, RiskClass, Severity, ToolDefinition
from yett.catalog.name_reading import read_name
from yett.catalog.neighbours import Neighbours
from yett.catalog.raising import contradicting_hint, mentioned, raises
from yett.catalog.rationale import rationale
from yett.catalog.readings import Readings
from yett.catalog.schema_reading import fields, read_schema
from yett.catalog.text_reading import read_text
from yett.policy.json_value import JsonValue

R, W, E, D, F = RiskClass


def readings(name: str, description: str = "", schema: JsonValue = None, **annotations: bool) -> Readings:
    tool = ToolDefinition(name, "", description, schema, annotations)
    found = fields(schema)
    return Readings(tool, read_name(name, frozenset()), read_text(description), read_schema(found), found, Neighbours())


def basis(name: str, description: str = "") -> RiskClass:
    return basis_of(readings(name, description)).risk


def raised(name: str, description: str = "", schema: JsonValue = None, **annotations: bool) -> list[RiskClass]:
    read = readings(name, description, schema, **annotations)
    found = basis_of(read)
    return [each.risk for each in raises(read, found.risk, found.acts)]


def test_a_vague_name_is_as_its_description_says() -> None:
    assert basis("process_thing", "Calculates a sum.") is R
    assert basis("process_thing") is E


def test_a_deed_keeps_its_class_against_a_description_that_says_less() -> None:
    assert basis("update_user", "Lists things.") is W
    assert basis("order_pizza", "Gets your pizza.") is F
    assert basis("comment_thread", "Get the comments of a thread.") is R


def test_a_verb_of_money_may_be_said_of_other_things_where_nothing_speaks_of_money() -> None:
    assert basis("transfer_batch", "Move a batch to another tank.") is W
    assert basis("transfer_batch", "Move a batch of payments.") is F


def test_without_a_verb_in_the_name_the_description_decides_and_silence_is_not_read() -> None:
    assert basis("zorp", "Deletes everything.") is D
    assert basis("zorp", "A purchase of things.") is F
    assert basis("zorp", "Frobnicates the cache.") is W
    assert basis("zorp") is W


def test_the_worst_of_what_a_text_mentions_is_the_last_resort() -> None:
    found = mentioned(ToolDefinition("zorp", description="For deletion and updates."))
    assert found is not None
    assert found.risk is D
    assert not found.certain
    assert mentioned(ToolDefinition("zorp", description="Weather.")) is None


def test_only_a_higher_class_raises_and_the_highest_comes_first() -> None:
    schema: JsonValue = {"properties": {"action": {"enum": ["list", "update", "delete"]}}}
    assert raised("list_things", "", schema) == [D, W]
    assert raised("delete_things", "", schema) == []


def test_how_a_reading_is_done_raises_nothing() -> None:
    assert raised("query_metrics", "Execute PromQL against a server.") == []
    assert raised("find", "Run a find query against a collection.") == []
    assert raised("query_numbers", "Execute SQL with macros.") == [E]


def test_a_tool_that_calls_other_tools_executes() -> None:
    assert raised("get_result", "", {"properties": {"tool_name": {"type": "string"}, "arguments": {"type": "object"}}}) == [E]


def test_where_a_file_is_written_counts_for_tools_that_make_something() -> None:
    schema: JsonValue = {"properties": {"output_path": {"type": "string"}}}
    assert raised("convert_document", "", schema) == [W]
    assert raised("get_document", "", schema) == []


def test_a_hint_that_says_less_than_the_verdict_is_named() -> None:
    assert (
        contradicting_hint(ToolDefinition("x", annotations={"readOnlyHint": True}), W)
        == "readOnlyHint: true, and the tool is Write"
    )
    assert contradicting_hint(ToolDefinition("x", annotations={"destructiveHint": False}), D) is not None
    assert contradicting_hint(ToolDefinition("x", annotations={"readOnlyHint": True}), R) is None


def test_the_rationale_says_what_speaks_for_it_against_it_and_what_is_missing() -> None:
    told = rationale(
        ToolDefinition("delete_it"),
        D,
        Severity.CRITICAL,
        [
            Evidence(Place.NAME, "delete_it", "`delete` removes or ends something", D),
            Evidence(Place.ANNOTATIONS, "readOnlyHint: true", "says that it only reads", R),
        ],
        None,
        unsure=True,
    )
    assert told.startswith("Destructive: `delete` removes or ends something, in the name (“delete_it”). Against it, ")
    assert "There is no description" in told
    assert "unsure" in told
