"""Pages of the catalogue as Markdown. Words of servers stand in code spans and blocks, where they are text and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from yett.catalog.attacks import Attack
from yett.catalog.owasp import owasp_named
from yett.catalog.page_model import ChangeRow, Package, Question, Quoted, ServerPage, ToolPage, ToolRow
from yett.catalog.quoting import visible
from yett.catalog.record import ServerRecord

_RUNS: Final = re.compile("`+")
_LINES: Final = re.compile(r"[\n\r\v\f]")
_BEGINS: Final = re.compile(r"^([0-9]*)([-#>+=|.)]|~~~|```)")
"""What makes a heading, a list, a quotation, a table or a block of a text that a paragraph begins with."""


def tool_markdown(page: ToolPage) -> str:
    """The page of a tool."""
    parts = [
        f"# {code(page.name)}",
        f"**{page.shown.risk.value}** · {page.shown.severity.value} · server {code(page.server)}",
        page.does.replace(f"`{page.name}`", code(page.name), 1),
        block(page.description, "text") if page.description else "",
        "## Why it needs a policy",
        f"{page.why} {prose(page.shown.verdict.rationale)}",
        _quotes(page.evidence),
        "## Signals" if page.signals else "",
        _quotes(page.signals),
        "## Attacks that abuse this kind of access" if page.attacks else "",
        _attacks(page.attacks),
        "## How to control it",
        f"Recommended: {page.policy_why}.",
        block(page.policy, "json"),
        _numbered(page.steps),
        "## Conditions worth having" if page.proposals else "",
        *(f"{why}\n\n{block(text, 'json')}" for why, text in page.proposals),
        "## Related tools" if page.related else "",
        _rows(page.related) if page.related else "",
        "## Questions",
        *(_question(one) for one in page.questions),
        "## Counts",
        "\n".join(f"- {what}: {number}" for what, number in page.counts),
    ]
    return _joined(parts)


def server_markdown(page: ServerPage, onward: str | None = None) -> str:
    """The page of a server; `onward` is where the next of its tools are."""
    parts = [
        f"# {code(page.name)}",
        f"Grade **{page.grade.letter}**: {page.grade.why}.",
        prose(page.about),
        _package(page.package) if page.package else "",
        *_record(page.record),
        "## What it says of other servers' tools" if page.across else "",
        "\n".join(f"- {code(tool)}: {one.meaning}: {code(one.quote)} ({code(one.place)})" for tool, one in page.across),
        "## Changed lately" if page.changed else "",
        _changes(page.changed),
        "## Tools",
        ", ".join(f"{number} {risk.value}" for risk, number in page.by_class if number) or "none",
        _rows(page.tools),
        f"{page.span}, the riskiest first.{f' The next: <{onward}>' if onward else ''}" if page.pages > 1 else "",
        "## Recommended policy",
        block(page.policy, "json"),
        _numbered(page.steps),
        "## Attacks that abuse this kind of access" if page.attacks else "",
        _attacks(page.attacks),
        "## Questions",
        *(_question(one) for one in page.questions),
    ]
    return _joined(parts)


def attack_markdown(attack: Attack) -> str:
    """The page of an attack."""
    counters = [f"- **{counter.reach}**: {counter.what}" for counter in attack.counters]
    parts = [
        f"# {attack.name}",
        attack.summary,
        "OWASP: " + ", ".join(owasp_named(code) for code in attack.owasp),
        "## How it works",
        _numbered(attack.works),
        "## What stops it",
        "\n".join(counters),
        "## What no gateway does",
        attack.beyond,
        "## Sources",
        "\n".join(f"- [{source.title}]({source.url})" for source in attack.sources),
    ]
    return _joined(parts)


def code(text: str) -> str:
    """`text` as a code span, whatever is in it."""
    plain = _LINES.sub(" ", visible(text)).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in _RUNS.findall(plain)), default=0) + 1)
    blank = " " if len(fence) > 1 or not plain.strip() else ""
    return f"{fence}{blank}{plain}{blank}{fence}"


def prose(text: str) -> str:
    """`text` between our own words: no markup of the server's counts."""
    plain = _LINES.sub(" ", visible(text)).strip()
    inline = plain.replace("&", "&amp;").replace("<", "&lt;").replace("[", "\\[").replace("*", "\\*")
    return _BEGINS.sub(r"\g<1>\\\g<2>", inline)


def block(text: str, language: str) -> str:
    """`text` as a code block, whatever is in it."""
    fence = "`" * max(3, max((len(run) for run in _RUNS.findall(text)), default=0) + 1)
    return f"{fence}{language}\n{visible(text)}\n{fence}"


def _package(package: Package) -> str:
    return (
        f"{code(f'{package.name} {package.version}')} from {package.registry}, {prose(package.licence)},"
        f" was started as {code(' '.join(package.command))} and asked for its tools on {package.listed}."
    )


def _quotes(pieces: Sequence[Quoted]) -> str:
    return "\n".join(f"- {piece.meaning}: {code(piece.quote)} ({piece.place})" for piece in pieces)


def _attacks(attacks: Sequence[Attack]) -> str:
    return "\n".join(f"- **{attack.name}**: {attack.summary} ({', '.join(attack.owasp)})" for attack in attacks)


def _changes(changes: Sequence[ChangeRow]) -> str:
    return "\n".join(f"- {row.at}: {code(row.tool)} {row.kind}, {row.severity}: {row.what}" for row in changes)


def _record(record: ServerRecord | None) -> list[str]:
    """The grade's formula, the identity, the posture, and how they changed."""
    if record is None:
        return []
    grade, identity, posture = record.grade, record.identity, record.posture
    who = f"{identity.verification.value} ({identity.confidence.value})"
    auth = f"{posture.auth or 'not known'}{', rate limited' if posture.rate_limited else ''}"
    changes = [f"- {one.at}: {one.severity.value}: {one.what} ({prose(one.diff)})" for one in record.changes if one.tool is None]
    return [
        f"Formula: `{grade.formula}`. Here: `{grade.terms.shown}`.",
        f"Identity: {who}: {prose(identity.evidence)}.",
        f"Authentication: {auth}: {prose(posture.evidence)}.",
        "## How it stood" if changes else "",
        "\n".join(changes),
    ]


def _rows(rows: Iterable[ToolRow]) -> str:
    lines = ["| tool | class | severity | recommended |", "|---|---|---|---|"]
    return "\n".join(lines + [f"| {code(row.name)} | {row.risk.value} | {row.severity.value} | {row.rule} |" for row in rows])


def _numbered(steps: Sequence[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _question(one: Question) -> str:
    return f"### {prose(one.question)}\n\n{prose(one.answer)}" + (f"\n\n{block(one.policy, 'json')}" if one.policy else "")


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
