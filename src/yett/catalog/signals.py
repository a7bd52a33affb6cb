"""What is worth knowing of a tool beside its class: what it takes, how much it reaches, and what its texts try."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from yett.catalog import schema_reading as schema
from yett.catalog.listed import listed
from yett.catalog.model import Evidence, Place, Signal, ToolDefinition
from yett.catalog.poison import ORDERS, poison
from yett.catalog.quoting import quoted
from yett.catalog.schema_reading import Field
from yett.catalog.signal_texts import CODES, searched
from yett.policy.json_value import JsonObject

MANY_PARAMETERS: Final = 10
SIGNALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "shell": "takes a command line",
        "code": "takes code to be run or read",
        "sql": "takes a query in a language that may change data",
        "http": "takes the method of an HTTP request",
        "url": "takes an address that it may fetch or send to",
        "path": "takes a path of the file system",
        "headers": "takes header fields",
        "html": "takes HTML or a template",
        "action_choice": "one argument chooses among operations",
        "open_arguments": "takes arguments that the schema does not describe",
        "bulk": "works on many things at once",
        "force": "has a switch that goes further: force, recursive, all",
        "dry_run": "has a switch to try first",
        "many_parameters": f"takes {MANY_PARAMETERS} arguments or more",
        "money": "is about money or assets",
        "secrets": "is about passwords, keys or tokens",
        "personal_data": "is about data of people",
        "messaging": "sends messages to people",
        "irreversible": "says that it cannot be undone",
        "destructive_hint": "the server itself calls it destructive",
        "hint_contradiction": "the server's hints contradict what the tool is",
        "assurance": "the description assures that it is harmless, which counts for nothing",
        "instructions": "its texts give orders to the model",
        "hidden_text": "holds characters that are not shown",
        "lookalike_name": "the name looks like another one",
        "no_description": "says nothing of itself, or only its name",
        "no_schema": "does not say what it takes",
    }
)
"""Every code, and what it means. Verdicts give them in this order."""
_ORDER: Final = tuple(SIGNALS)

_HTML_NAMES: Final = listed("html template htmlbody bodyhtml markup jinja handlebars htmlcontent")
_HEADER_NAMES: Final = listed("headers header httpheaders customheaders requestheaders")
_FORCE_NAMES: Final = listed("""
    force recursive all cascade overwrite permanent skipconfirmation noconfirm yes deleteall hard purge
""")
_DRY_NAMES: Final = listed("dryrun preview simulate whatif validateonly testmode confirm")
_OPEN_NAMES: Final = listed("arguments args params parameters payload body input kwargs options extra data")

_SCAN_MAX: Final = 65_536
"""Characters of a description that are searched for words; for hidden ones, all of it is."""
_NAME_MAX: Final = 300


def find_signals(tool: ToolDefinition, found: Sequence[Field]) -> tuple[Signal, ...]:
    """Every signal of the tool that can be told without its class, in the order of the table."""
    signals = [*_arguments(tool, found), *_words(tool), *_tried(tool), *_gaps(tool, found), *_hints(tool)]
    return in_order(signals)


def in_order(signals: Sequence[Signal]) -> tuple[Signal, ...]:
    """The signals in the order of the table, one of each code and place."""
    unique = {(signal.code, signal.evidence.place, signal.evidence.quote): signal for signal in signals}
    return tuple(sorted(unique.values(), key=lambda signal: _ORDER.index(signal.code)))


def _signal(code: str, place: Place, quote: str) -> Signal:
    return Signal(code, Evidence(place, quoted(quote), SIGNALS[code]))


_NAMED: Final = (
    ("shell", schema.SHELL_NAMES, True),
    ("code", schema.CODE_NAMES, True),
    ("sql", schema.SQL_NAMES, True),
    ("url", schema.URL_NAMES, False),
    ("path", schema.PATH_NAMES, False),
    ("headers", _HEADER_NAMES, False),
    ("html", _HTML_NAMES, False),
    ("force", _FORCE_NAMES, False),
    ("dry_run", _DRY_NAMES, False),
)


def _arguments(tool: ToolDefinition, found: Sequence[Field]) -> Iterator[Signal]:
    about = f"{tool.name.replace('_', ' ')} {tool.description[:600]}"
    for field in found:
        words = field.words
        whole, last = "".join(words), words[-1] if words else ""
        for code, names, free in _NAMED:
            if code == "code" and not schema.is_code(field, about):
                continue
            if (whole in names or last in names) and not (free and field.choices):
                yield _signal(code, Place.SCHEMA, ".".join(field.path))
        if schema.is_http_method(field):
            yield _signal("http", Place.SCHEMA, ".".join(field.path))
        elif schema.is_action(field) and (not field.choices or schema.read_schema([field])):
            yield _signal(
                "action_choice", Place.SCHEMA, f"{field.name}: {', '.join(field.choices[:8]) or field.description or 'any'}"
            )
        if whole in _OPEN_NAMES and _is_open(field):
            yield _signal("open_arguments", Place.SCHEMA, ".".join(field.path))
        if whole == "query" and re.search(r"\b(sql|cypher)\b", field.description, re.IGNORECASE):
            yield _signal("sql", Place.SCHEMA, f"{field.name}: {field.description}")
    if sum(len(field.path) == 1 for field in found) >= MANY_PARAMETERS:
        yield _signal("many_parameters", Place.SCHEMA, f"{sum(len(field.path) == 1 for field in found)} properties")


def _is_open(field: Field) -> bool:
    return "object" in field.types and not field.schema.get("properties")


def _words(tool: ToolDefinition) -> Iterator[Signal]:
    name = tool.name[:_NAME_MAX].replace("_", " ").replace("-", " ")
    name = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    places = ((Place.NAME, name), (Place.TITLE, tool.title[:_SCAN_MAX]), (Place.DESCRIPTION, tool.description[:_SCAN_MAX]))
    ready = [(place, text, searched(text)) for place, text in places if text]
    for code in CODES:
        for place, text, one in ready:
            found = one.find(code)
            if found is not None:
                quote = tool.name if place is Place.NAME else text[max(0, found[0] - 30) : found[1] + 50]
                yield _signal(code, place, quote)
                break


def speaks_of_money(text: str) -> bool:
    """Whether a text mentions payments, prices, assets or the like."""
    return searched(text[:_SCAN_MAX]).find("money") is not None


def _tried(tool: ToolDefinition) -> Iterator[Signal]:
    """What its texts try, in the words of the detector that compares lists too."""
    value: JsonObject = {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.input_schema,
    }
    for flag in poison(value):
        if flag.code in _OWN:
            yield _signal(flag.code, _place(flag.place), flag.quote)
        elif flag.code in ORDERS:
            yield Signal("instructions", Evidence(_place(flag.place), quoted(flag.quote), flag.what))


_OWN: Final = frozenset({"hidden_text", "lookalike_name"})
_PLACES: Final = {"/name": Place.NAME, "/title": Place.TITLE, "/description": Place.DESCRIPTION}


def _place(pointer: str) -> Place:
    return _PLACES.get(pointer, Place.SCHEMA)


def _gaps(tool: ToolDefinition, found: Sequence[Field]) -> Iterator[Signal]:
    said = re.sub(r"\W+|_", "", tool.description[:_NAME_MAX]).lower()
    if not said or said == re.sub(r"\W+|_", "", tool.name[:_NAME_MAX]).lower():
        yield _signal("no_description", Place.DESCRIPTION, tool.description)
    if not found and not isinstance(tool.input_schema, dict):
        yield _signal("no_schema", Place.SCHEMA, "")


def _hints(tool: ToolDefinition) -> Iterator[Signal]:
    if tool.annotations.get("destructiveHint") is True and tool.annotations.get("readOnlyHint") is not True:
        yield _signal("destructive_hint", Place.ANNOTATIONS, "destructiveHint: true")


def contradiction(quote: str) -> Signal:
    """The signal that a hint of the server contradicts the verdict."""
    return _signal("hint_contradiction", Place.ANNOTATIONS, quote)
