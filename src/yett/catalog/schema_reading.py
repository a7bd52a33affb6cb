"""What the input schema says a tool does: choices of operations, and arguments that only some kinds of tools take."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from yett.catalog.act import Act
from yett.catalog.listed import listed
from yett.catalog.model import Place, RiskClass
from yett.catalog.senses import meaning
from yett.catalog.verbs import FORMS
from yett.catalog.words import name_words
from yett.policy.json_value import JsonObject, JsonValue

PROPERTIES_MAX: Final = 200
"""Properties that are looked at, nested ones included."""
DEPTH_MAX: Final = 4
CHOICES_MAX: Final = 60
_TEXT_MAX: Final = 400

ACTION_NAMES: Final = listed("""
    action operation op method command cmd verb task subcommand mode activity operationtype actiontype requesttype intent
""")
_HTTP: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace", "connect"})
_LISTED: Final = re.compile(
    r"['\"`]([A-Za-z_ -]{2,40})['\"`]|(?<=[:(,|/])\s*([a-z_]{3,30})(?=\s*[,|/).;]|$)|\b(?:or|and)\s+([a-z_]{3,30})\b"
)


@dataclass(frozen=True, slots=True)
class Field:
    """One argument, wherever it stands in the schema."""

    path: tuple[str, ...]
    schema: JsonObject
    required: bool

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path[-1]

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its name."""
        return name_words(self.name)

    @property
    def description(self) -> str:
        """What the schema says of it; empty where it says nothing."""
        text = self.schema.get("description")
        return text[:_TEXT_MAX] if isinstance(text, str) else ""

    @property
    def types(self) -> frozenset[str]:
        """The JSON types that it may have, in the words of JSON Schema; empty: not said."""
        declared = self.schema.get("type")
        if isinstance(declared, str):
            return frozenset({declared})
        found = {kind for kind in declared if isinstance(kind, str)} if isinstance(declared, list) else set[str]()
        for part in _alternatives(self.schema):
            kind = part.get("type")
            found |= {kind} if isinstance(kind, str) else set()
        return frozenset(found)

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts that it may be, where the schema lists them."""
        return tuple(islice(_choices(self.schema), CHOICES_MAX))


def fields(schema: JsonValue) -> tuple[Field, ...]:
    """The arguments that a schema describes, nested ones too: the outer first. Never fails, whatever is in it."""
    found: list[Field] = []
    pending: list[tuple[tuple[str, ...], JsonObject]] = [((), schema)] if isinstance(schema, dict) else []
    while pending and len(found) < PROPERTIES_MAX:
        path, node = pending.pop(0)
        for part in (node, *_alternatives(node)):
            for field in _own(path, part):
                if len(found) >= PROPERTIES_MAX:
                    break
                found.append(field)
                if len(field.path) < DEPTH_MAX:
                    pending.append((field.path, field.schema))
                    items = field.schema.get("items")
                    if isinstance(items, dict):
                        pending.append((field.path, items))
    return tuple(found)


def _own(path: tuple[str, ...], node: JsonObject) -> Iterator[Field]:
    properties, required = node.get("properties"), node.get("required")
    needed = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set[str]()
    if isinstance(properties, dict):
        for name, schema in properties.items():
            yield Field((*path, name[:120]), schema if isinstance(schema, dict) else {}, name in needed)


def _alternatives(node: JsonObject) -> Iterator[JsonObject]:
    for key in ("anyOf", "oneOf", "allOf"):
        parts = node.get(key)
        for part in parts[:20] if isinstance(parts, list) else ():
            if isinstance(part, dict):
                yield part


def _choices(schema: JsonObject) -> Iterator[str]:
    for part in (schema, *_alternatives(schema)):
        values = part.get("enum")
        for value in values if isinstance(values, list) else ():
            if isinstance(value, str):
                yield value
        if isinstance(part.get("const"), str):
            yield str(part["const"])
    items = schema.get("items")
    listed = items.get("enum") if isinstance(items, dict) else None
    yield from (value for value in (listed if isinstance(listed, list) else ()) if isinstance(value, str))


def read_schema(found: Sequence[Field]) -> tuple[Act, ...]:
    """The operations that an `action` (or the like) chooses from. Empty where the schema offers no such choice."""
    acts: list[Act] = []
    for field in found:
        if is_action(field):
            acts.extend(_operations(field))
    return tuple(acts)


def is_action(field: Field) -> bool:
    """Whether this argument chooses what is done."""
    words = field.words
    return (
        len(field.path) <= 2
        and bool(words)
        and (words[-1] in ACTION_NAMES or "".join(words) in ACTION_NAMES or words[0] == "action")
    )


def is_http_method(field: Field) -> bool:
    """Whether this argument is the method of an HTTP request."""
    if field.words[-1:] != ("method",):
        return False
    choices = {choice.lower() for choice in field.choices}
    return len(choices & _HTTP) > 1 or "HTTP" in field.description


def _operations(field: Field) -> Iterator[Act]:
    if is_http_method(field):
        return
    choices = field.choices or tuple(_described(field.description))
    for choice in choices:
        words = name_words(choice)
        for index, word in enumerate(words):
            known = FORMS.get(word)
            if known is None or (known[0].noun_too and len(words) > 1 and index > 0):
                continue
            sense = meaning(known[0], words[index + 1 :])
            quote = f"{field.name}: {choice}"
            yield Act(Place.SCHEMA, sense.risk, word, quote, f"is a choice of `{field.name}`, which {sense.shows}", leads=False)
            break


def _described(text: str) -> Iterator[str]:
    """Choices that stand only in the description: `one of "create", "delete"`."""
    for found in _LISTED.finditer(text):
        yield next(part for part in found.groups() if part)


def field_named(found: Sequence[Field], names: frozenset[str]) -> Field | None:
    """The first argument whose name, or last word, is one of `names`."""
    return next(_named(found, names), None)


def _named(found: Sequence[Field], names: frozenset[str]) -> Iterator[Field]:
    for field in found:
        words = field.words
        if words and ("".join(words) in names or words[-1] in names):
            yield field


SQL_NAMES: Final = frozenset(
    {"sql", "sqlquery", "querysql", "sqlstatement", "cypher", "statement", "statements", "sqltext", "cypherquery"}
)
CODE_NAMES: Final = frozenset(
    {
        "code",
        "script",
        "javascript",
        "js",
        "python",
        "snippet",
        "program",
        "pythoncode",
        "jscode",
        "macro",
        "sourcecode",
    }
)
SHELL_NAMES: Final = frozenset(
    {"command", "cmd", "shell", "commandline", "bash", "shellcommand", "cli", "argv", "commands", "powershell"}
)
URL_NAMES: Final = frozenset(
    {"url", "uri", "urls", "link", "endpoint", "href", "webhook", "website", "webpage", "baseurl", "callback"}
)
PATH_NAMES: Final = listed("""
    path paths file filepath filename directory dir folder filepaths destination outputpath inputpath root cwd workdir
    filedirectory
""")
OUTPUT_NAMES: Final = listed("""
    outputpath outputfile outputdir output outputdirectory savepath saveto savedir destinationpath outfile targetpath
    outputfilename outputfilepath savefile downloadpath
""")
AMOUNT_NAMES: Final = listed("amount price quantity qty total value sum budget cents amountin amountout notional")
PAYEE_NAMES: Final = listed("""
    recipient currency to toaddress wallet walletaddress paymentmethod card cardnumber iban payee beneficiary account
    accountid customer customerid tokenaddress privatekey receiver destinationaddress toaccount fromaccount mint symbol side
    leverage
""")


def takes_money(found: Sequence[Field]) -> Field | None:
    """The amount of a tool that also takes whom to pay, in what, or with what; None where it takes no such pair."""
    amount = next(
        (field for field in found if field.words and (field.words[-1] == "amount" or "".join(field.words) in AMOUNT_NAMES)), None
    )
    payee = next((field for field in found if "".join(field.words) in PAYEE_NAMES and field is not amount), None)
    return amount if payee is not None else None


def mapping_of(value: JsonValue) -> Mapping[str, JsonValue]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


_ABOUT_CODE: Final = re.compile(
    r"\b(?:code|scripts?|javascript|python|programs?|snippets?|typescript|sandbox|interpreter|source|exec\w*)\b|代码|脚本",
    re.IGNORECASE,
)


def is_code(field: Field, about: str) -> bool:
    """Whether an argument named `code` is a program: a country, a stock, a coupon and a door have codes too."""
    words = field.words
    if "".join(words) not in CODE_NAMES and (not words or words[-1] not in CODE_NAMES):
        return False
    return "".join(words) != "code" or bool(_ABOUT_CODE.search(f"{about} {field.description}"))


def raw_risk(found: Sequence[Field], about: str = "") -> tuple[RiskClass, Field] | None:
    """Execute and the argument, where one is a command line, code or SQL; None else."""
    for names in (SHELL_NAMES, SQL_NAMES, CODE_NAMES):
        field = next((each for each in _named(found, names) if not each.choices), None)
        if field is not None and (names is not CODE_NAMES or is_code(field, about)):
            return RiskClass.EXECUTE, field
    return None
