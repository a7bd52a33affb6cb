"""From a server and its judged tools to the pages about them. Pure; what they look like is decided elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from yett.catalog import schema_reading
from yett.catalog.attack_arguments import ALL_ATTACKS
from yett.catalog.attacks import concerning
from yett.catalog.grade import Grade
from yett.catalog.model import Brief, RiskClass, ShownVerdict, Suggestion, ToolDefinition
from yett.catalog.page_model import (
    CataloguedServer,
    ChangeRow,
    Quoted,
    ServerPage,
    ServerPart,
    ToolPage,
    ToolRow,
    part_of,
    quoted,
)
from yett.catalog.questions import server_questions, tool_questions
from yett.catalog.quoting import json_text
from yett.catalog.record import (
    LISTED,
    NOBODY,
    UNSEEN,
    Described,
    RecordChange,
    ServerRecord,
    briefs_of,
    riskiest_first,
    server_record,
)
from yett.catalog.record import RULE as RULE
from yett.catalog.signals import SIGNALS
from yett.catalog.suggest import Classified, recommended_for, suggest

RELATED_MAX: Final = 6
DESCRIPTION_MAX: Final = 2_000
DOES: Final = {
    RiskClass.READ: "observes or computes, and changes nothing outside",
    RiskClass.WRITE: "changes something in a way that can be undone",
    RiskClass.EXECUTE: "has an effect that depends on what it is given, or sets something going outside",
    RiskClass.DESTRUCTIVE: "removes or ends something",
    RiskClass.FINANCIAL: "moves or commits money or assets",
}
WHY: Final = {
    RiskClass.READ: "What an agent reads decides what it does next, and another tool may carry it out: say who reads it.",
    RiskClass.WRITE: "An agent writes faster than people read. A limit keeps a mistake small enough to be undone by hand.",
    RiskClass.EXECUTE: "Its effect is in its arguments, which a model writes. A policy says how often, and with which ones.",
    RiskClass.DESTRUCTIVE: "What it removes does not come back. Few agents need it; what they do not see they do not try.",
    RiskClass.FINANCIAL: "Money that has moved is asked for, not taken back. A person decides on each call, or above a sum.",
}


def tool_page(server: CataloguedServer, name: str) -> ToolPage | None:
    """The page of the tool of this name; None where the server has none."""
    found = next((one for one in server.tools if one[0].name == name), None)
    if found is None:
        return None
    tool, shown = found
    suggestion = suggest(Classified.of(tool, shown))
    policy = json_text(suggestion.policy)
    codes = shown.verdict.codes
    return ToolPage(
        server=server.name,
        slug=server.slug,
        name=tool.name,
        title=tool.title,
        description=tool.description[:DESCRIPTION_MAX],
        shown=shown,
        does=f"`{tool.name}` {DOES[shown.risk]}.",
        why=WHY[shown.risk],
        evidence=tuple(quoted(piece) for piece in shown.verdict.evidence),
        signals=(
            *(Quoted(SIGNALS[one.code], one.evidence.quote, one.evidence.place.value) for one in shown.verdict.signals),
            *across_of(server, tool.name),
        ),
        attacks=concerning(ALL_ATTACKS, shown.risk, codes),
        policy=policy,
        policy_why=suggestion.why,
        proposals=tuple((proposal.why, json_text(proposal.condition)) for proposal in suggestion.proposals),
        steps=_steps(server, tool.name),
        related=_related(server, tool, shown),
        questions=tool_questions(server, tool, shown, policy),
        counts=_counts(server, tool, shown),
    )


def record_of(
    server: CataloguedServer,
    changes: tuple[RecordChange, ...] = (),
    briefs: Sequence[Brief] | None = None,
) -> ServerRecord:
    """The record of a server; `briefs` are of all its tools, where it holds only some."""
    described = Described(
        slug=server.slug,
        name=server.name,
        about=server.about,
        source="index" if server.indexed else "catalogue" if server.known else "installation",
        tools=server.tools,
        identity=server.identity or (LISTED if server.known and not server.indexed else NOBODY),
        posture=server.stands or UNSEEN,
        seen_at=server.seen_at,
        briefs=briefs,
    )
    return server_record(described, changes)


def server_page(
    server: CataloguedServer,
    changed: tuple[ChangeRow, ...] = (),
    changes: tuple[RecordChange, ...] = (),
    page: int | None = None,
) -> ServerPage:
    """The page of a server; `changed` are its tools that did lately, `changes` is its whole history.

    With `page`, a number from 1 that is brought within bounds, it holds `TOOLS_A_PAGE` of its tools; without, all.
    """
    ranked = riskiest_first(server.tools)
    number, pages, span = (1, 1, slice(None)) if page is None else part_of(len(ranked), page)
    part = ServerPart(replace(server, tools=tuple(ranked[span])), briefs_of(server.tools), number, pages)
    return part_page(part, changed, changes)


def part_page(part: ServerPart, changed: tuple[ChangeRow, ...] = (), changes: tuple[RecordChange, ...] = ()) -> ServerPage:
    """The page of a server of which only the tools that are on it are at hand."""
    server, briefs = part.server, part.briefs
    codes = sorted({code for codes in {tool.codes for tool in briefs} for code in codes})
    record = record_of(server, changes, briefs)
    policy = json_text(recommended_for((tool.name, tool.risk) for tool in briefs))
    worst = max({tool.risk for tool in briefs}, key=lambda risk: risk.rank, default=RiskClass.READ)
    return ServerPage(
        slug=server.slug,
        name=server.name,
        about=server.about,
        grade=Grade(record.grade.letter, record.grade.why, record.grade.terms),
        tools=tuple(_row(tool, shown) for tool, shown in server.tools),
        by_class=tuple(record.by_class.items()),
        by_severity=tuple(record.by_severity.items()),
        policy=policy,
        attacks=concerning(ALL_ATTACKS, worst, codes),
        steps=_steps(server, None),
        questions=server_questions(server, briefs, policy),
        posture=server.posture,
        package=server.package,
        changed=changed,
        across=tuple((name, one) for name in sorted(server.across) for one in across_of(server, name)),
        record=record,
        page=part.page,
        pages=part.pages,
    )


def across_of(server: CataloguedServer, tool: str) -> tuple[Quoted, ...]:
    """What the texts of a tool try on tools of other servers, as it is shown."""
    return tuple(Quoted(flag.what, flag.quote, flag.place) for flag in server.across.get(tool, ()))


def suggestion_of(tool: ToolDefinition, shown: ShownVerdict) -> Suggestion:
    """What is recommended for one tool."""
    return suggest(Classified.of(tool, shown))


def _steps(server: CataloguedServer, tool: str | None) -> tuple[str, ...]:
    name = (
        "recommended" if tool is None else "".join(char if char.isalnum() else "-" for char in tool.lower()).strip("-") or "tool"
    )
    add = f"`yett server add {server.slug} --url https://…`, or with `-- COMMAND` for a program"
    if server.package is not None:
        given = "".join(f" --env {name}=env:{name}" for name in server.package.environment)
        add = f"`yett server add {server.slug}{given} -- {' '.join(server.package.command)}`"
    ours = server.identity is not None and not server.known
    behind = "The server is behind the gate already" if ours else f"Put the server behind the gate: {add}"
    return (
        f"{behind}.",
        f"Copy the policy into `policy.json`, look at it with `yett policy check policy.json`, and publish it: "
        f"`yett policy set {name} policy.json`.",
        f"Give the agent a grant with it: `yett grant mint --server {server.slug} --policy {name}`, and paste what it prints.",
    )


def _row(tool: ToolDefinition, shown: ShownVerdict) -> ToolRow:
    return ToolRow(tool.name, tool.title, shown.risk, shown.severity, RULE[shown.risk])


def _related(server: CataloguedServer, tool: ToolDefinition, shown: ShownVerdict) -> tuple[ToolRow, ...]:
    """Tools of the server that are nearest: those that share a word of the name, then those of the class."""
    words = _words(tool.name)
    others = [(other, seen) for other, seen in server.tools if other.name != tool.name]
    ranked = sorted(others, key=lambda one: (-len(words & _words(one[0].name)), one[1].risk is not shown.risk, one[0].name))
    return tuple(_row(other, seen) for other, seen in ranked[:RELATED_MAX])


def _words(name: str) -> frozenset[str]:
    return frozenset(name.translate(_APART).lower().split())


class _Apart(dict[int, str]):
    """Each character as it stands between words: a capital begins one, and what is no letter and no digit ends one."""

    def __missing__(self, number: int) -> str:
        char = chr(number)
        return f" {char}" if char.isupper() else char if char.isalnum() else " "


_APART: Final = _Apart((number, _Apart()[number]) for number in range(128))


def _counts(server: CataloguedServer, tool: ToolDefinition, shown: ShownVerdict) -> tuple[tuple[str, int], ...]:
    alike: Sequence[object] = [one for _, one in server.tools if one.risk is shown.risk]
    return (
        ("arguments", len(schema_reading.fields(tool.input_schema))),
        ("tools of the server", len(server.tools)),
        (f"of them {shown.risk.value}", len(alike)),
        ("signals", len(shown.verdict.codes)),
    )
