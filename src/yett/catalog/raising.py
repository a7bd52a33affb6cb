"""What raises a class above what the name says: choices in the schema, the rest of the description, the server's hints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from yett.catalog import schema_reading as schema
from yett.catalog.act import Act
from yett.catalog.listed import listed
from yett.catalog.model import Evidence, Place, RiskClass, ToolDefinition
from yett.catalog.neighbours import Trade
from yett.catalog.nouns import NOTIFYING
from yett.catalog.quoting import quoted
from yett.catalog.readings import Readings
from yett.catalog.verbs import FORMS
from yett.catalog.words import fold, name_words

R, W, E, D, F = RiskClass


@dataclass(frozen=True, slots=True)
class Raise:
    """A class that something speaks for, and how sure that is."""

    risk: RiskClass
    confidence: float
    evidence: Evidence


def raises(readings: Readings, base: RiskClass, acts: Sequence[Act]) -> tuple[Raise, ...]:
    """Everything that speaks for a higher class than `base`."""
    runner = _is_raw_runner(readings, base, acts)
    found = [*_by_schema(readings, base, acts), *_by_trade(readings, base)]
    if not runner:
        found += [*_by_text(readings, base), *_by_operations(readings)]
    found = [each for each in found if each.risk.rank > base.rank]
    highest = max((each.risk for each in found), key=lambda risk: risk.rank, default=base)
    found += _by_hints(readings, highest)
    return tuple(sorted((each for each in found if each.risk.rank > base.rank), key=lambda each: -each.risk.rank))


def _is_raw_runner(readings: Readings, base: RiskClass, acts: Sequence[Act]) -> bool:
    """Shells, code and raw SQL stay Execute, although they can delete and pay."""
    if base is not E:
        return False
    words = set(name_words(readings.tool.name))
    raw = words & {
        "sql",
        "shell",
        "bash",
        "command",
        "code",
        "script",
        "query",
        "cypher",
        "python",
        "javascript",
        "terminal",
        "powershell",
    }
    return (
        bool(raw)
        or any(act.shows.startswith(_RAW_SHOWS) for act in acts)
        or schema.raw_risk(readings.fields, _about(readings)) is not None
    )


# --- the description ------------------------------------------------------------------------------------------------------------

_LIGHT: Final = listed("""
    run runs execute executes perform performs call calls make makes send sends request requests use uses submit submits
    start starts
""")
_MAKING: Final = listed("""
    create creates make makes build builds produce produces generate generates compose composes design designs
""")
_RAW_SHOWS: Final = ("runs a query", "runs code", "sends any")


def _by_text(readings: Readings, base: RiskClass) -> Iterator[Raise]:
    plain = base is R and any(act.certain and act.risk is R for act in readings.name)
    for act in readings.text:
        if act.shows == REGULAR_PAYMENTS and is_of_events(readings):
            continue
        if act.risk.rank > base.rank and not _says_no_more(act, readings, plain_read=plain):
            yield Raise(act.risk, _text_confidence(act, base, plain_read=plain), act.evidence())


REGULAR_PAYMENTS: Final = "commits to regular payments"
"""What the rows of meanings say of subscriptions."""


def is_of_events(readings: Readings) -> bool:
    """Whether a subscription is one of events: the description says so, and nothing is to be paid."""
    said = set(fold(f"{readings.tool.title} {readings.tool.description[:600]}").replace("/", " ").replace(".", " ").split())
    return not said.isdisjoint(NOTIFYING) and schema.takes_money(readings.fields) is None


def _says_no_more(act: Act, readings: Readings, *, plain_read: bool) -> bool:
    """Whether a stronger word of the description is only how the thing that the name says is done."""
    if act.risk.rank > E.rank or act.shows.startswith(_RAW_SHOWS):
        return False
    if act.vague and not act.certain and any(name.certain for name in readings.name):
        return True  # `Initiate new incidents`, `Apply targeted changes`
    if act.word in _LIGHT and readings.name and not any(name.vague for name in readings.name):
        return True  # `Run a find query`, `Start a verification`
    if plain_read and act.word in _MAKING and any(name.noun_too or name.vague for name in readings.name):
        return True  # `generate_deeplinks`: `Create accurate URLs`
    return plain_read and (act.noun_too or not act.certain or act.vague)


def _text_confidence(act: Act, base: RiskClass, *, plain_read: bool) -> float:
    if act.noun_too:
        return 0.6
    if plain_read:
        return 0.62 if act.risk in {W, E} else 0.68
    return 0.8 if act.leads else 0.75


_STEMS: Final = tuple(
    (risk, re.compile(rf"\b(?:{stems})\w*", re.IGNORECASE))
    for risk, stems in (
        (D, "delet|eras|wipe|wiping|purg|destroy|destruct|uninstall|terminat|revok|revoc|truncat|removal|cancell"),
        (F, r"purchas|refund|payout|checkout|withdraw|buy\b|buys\b|buying|pay\b|pays\b|paying|payment of|transfer\w* money"),
        (F, "redempt|disburs|remittanc|donati|reimburs"),
        (E, "execut|deploy|invok|trigger|shell command|arbitrary|automat"),
        (W, r"creat|updat|modif|upload|send\b|sends\b|sending|write\b|writes\b|writing"),
    )
)


def mentioned(tool: ToolDefinition) -> Act | None:
    """For texts without a verb where one is expected: the worst that they mention at all."""
    text = f"{tool.title} {tool.description[:600]}"
    for risk, stem in _STEMS:
        match = stem.search(text)
        if match is not None:
            return Act(
                Place.DESCRIPTION,
                risk,
                match[0],
                text[max(0, match.start() - 40) : match.end() + 60],
                "is mentioned",
                certain=False,
            )
    return None


# --- the schema -----------------------------------------------------------------------------------------------------------------

_QUERYING: Final = frozenset(
    {"query", "queries", "sql", "cypher", "database", "db", "ask", "data", "analytics", "warehouse", "statement"}
)
_MAKING_FILES: Final = listed("""
    generate create make render convert download export save build compose produce plot draw merge split compress crop
    resize record capture extract transcode
""")
_SENDING: Final = listed("""
    send transfer move submit execute process deposit place make issue initiate create_payment pay give bridge confirm do
    open
""")
_TOOL_NAMES: Final = frozenset({"toolname", "tool", "functionname", "actionname", "methodname", "toolslug", "actionslug"})
_TOOL_ARGUMENTS: Final = frozenset(
    {"arguments", "args", "params", "parameters", "toolargs", "toolarguments", "input", "toolinput", "payload"}
)


def _by_operations(readings: Readings) -> Iterator[Raise]:
    for act in readings.schema:
        yield Raise(act.risk, 0.85, act.evidence())


def _by_schema(readings: Readings, base: RiskClass, acts: Sequence[Act]) -> Iterator[Raise]:
    yield from _raw(readings, base)
    for field in readings.fields:
        if schema.is_http_method(field):
            yield Raise(E, 0.8, _shown(field, "lets the caller choose the method of an HTTP request"))
    other = schema.field_named(readings.fields, _TOOL_NAMES)
    if other is not None and _is_meta(readings.fields):
        yield Raise(E, 0.8, _shown(other, "names another tool that is then called with any arguments"))
    words = {act.word for act in (*readings.name, *acts)}
    amount = schema.takes_money(readings.fields)
    if amount is not None and (
        words & _SENDING or not readings.name or any(act.vague and act.risk is not R for act in readings.name)
    ):
        yield Raise(F, 0.7, _shown(amount, "is an amount that goes to someone"))
    if words & _MAKING_FILES:
        output = next((each for each in readings.fields if "".join(each.words) in schema.OUTPUT_NAMES), None)
        if output is not None:
            yield Raise(W, 0.7, _shown(output, "is where a file is written"))


def _raw(readings: Readings, base: RiskClass) -> Iterator[Raise]:
    """A reading tool that takes a command, code or SQL and has no plain reading verb."""
    found = schema.raw_risk(readings.fields, _about(readings))
    if found is None or base.rank >= E.rank:
        return
    risk, field = found
    words = set(name_words(readings.tool.name))
    clear = any(act.certain and not act.noun_too for act in readings.name)
    shell = "".join(field.words) in schema.SHELL_NAMES
    if not clear and (not readings.name or words & _QUERYING or shell or any(act.vague for act in readings.name)):
        yield Raise(risk, 0.62, _shown(field, "takes what is then run"))


def _about(readings: Readings) -> str:
    return f"{' '.join(name_words(readings.tool.name))} {readings.tool.description[:600]}"


def _is_meta(found: Sequence[schema.Field]) -> bool:
    top = [field for field in found if len(field.path) == 1 and not field.choices]
    return schema.field_named(top, _TOOL_NAMES) is not None and any("".join(field.words) in _TOOL_ARGUMENTS for field in top)


def _shown(field: schema.Field, shows: str) -> Evidence:
    quote = ".".join(field.path) + (f": {field.description}" if field.description else "")
    return Evidence(Place.SCHEMA, quoted(quote), f"`{quoted(field.name, 40)}` {shows}")


# --- trade and hints ----------------------------------------------------------------------------------------------------------

_ON_PAGES: Final = listed("""
    click type fill press drag select upload close open back forward navigate goto evaluate handle scroll hover tap tab
    dialog check uncheck focus keypress keyboard mouse switch new reload refresh submit input clear key dblclick install
    connect launch start act
    """)
_LOOKING: Final = listed("""
    get list screenshot snapshot console network wait read find search extract text html title url content logs info status
""")
_PAYS_IN_TRADE: Final = listed("send transfer withdraw deposit swap submit_order place buy sell close trade order stake")


def _by_trade(readings: Readings, base: RiskClass) -> Iterator[Raise]:
    trades = readings.neighbours.trades_of(readings.tool.name)
    words = set(name_words(readings.tool.name))
    name = readings.tool.name
    if Trade.BROWSER in trades and base.rank < E.rank and words & _ON_PAGES and not words & _LOOKING:
        yield Raise(
            E,
            0.78,
            Evidence(Place.SIBLINGS, quoted(name), "acts on a page of a browser, where the effect depends on the page", E),
        )
    if Trade.MONEY in trades and base.rank in {W.rank, E.rank} and words & _PAYS_IN_TRADE and not words & _PASSIVE:
        yield Raise(F, 0.66, Evidence(Place.SIBLINGS, quoted(name), "stands beside tools that handle money or assets", F))


_PASSIVE: Final = listed("""
    message email notification alert webhook list watchlist note report template reminder file sms otp log event feedback
""")
_OVERWRITING: Final = listed("""
    update set edit replace write move rename put patch save modify upsert change configure overwrite upload merge push sync
    apply reset import archive
""")


def _by_hints(readings: Readings, reached: RiskClass) -> list[Raise]:
    """Hints only raise: `readOnlyHint: false` to Write; `destructiveHint: true` to Destructive where nothing else explains it.

    By the specification the second means *not purely additive*, so for a tool that changes things it says nothing new.
    """
    hints = readings.tool.annotations
    if hints.get("readOnlyHint") is True:
        return []
    found = []
    if hints.get("readOnlyHint") is False and reached is R:
        found.append(Raise(W, 0.6, Evidence(Place.ANNOTATIONS, "readOnlyHint: false", "says that the tool changes something", W)))
    if hints.get("destructiveHint") is True and (reached is R or (reached is W and _is_unexplained(readings))):
        shows = "says that the tool destroys or overwrites, and nothing else explains it"
        found.append(Raise(D, 0.55, Evidence(Place.ANNOTATIONS, "destructiveHint: true", shows, D)))
    return found


def _is_unexplained(readings: Readings) -> bool:
    """Whether no verb is known that would change something without removing it."""
    words = [FORMS[act.word][0].word if act.word in FORMS else act.word for act in (*readings.name, *readings.text)]
    return not any(act.risk is W and not act.vague for act in (*readings.name, *readings.text)) and not set(words) & _OVERWRITING


def contradicting_hint(tool: ToolDefinition, risk: RiskClass) -> str | None:
    """The hint that says less than the verdict; None where none does."""
    hints = tool.annotations
    if hints.get("readOnlyHint") is True and risk is not R:
        return f"readOnlyHint: true, and the tool is {risk}"
    if hints.get("destructiveHint") is False and risk is D:
        return "destructiveHint: false, and the tool removes or ends something"
    if hints.get("readOnlyHint") is True and hints.get("destructiveHint") is True:
        return "readOnlyHint and destructiveHint are both true"
    return None
