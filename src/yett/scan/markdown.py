"""The report of a scan as Markdown, for comments and summaries. Whatever comes from a file stands in code spans, as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from yett.catalog.markdown import code
from yett.scan.findings import RULES, Code
from yett.scan.model import Advice, Finding, FoundServer, Scanned
from yett.scan.reporting import REMEDIES

CHARS_MAX: Final = 60_000
"""GitHub takes 65,536 characters for a comment."""
_SPANS: Final = re.compile("`([^`]*)`")
_WORST_FIRST: Final = (Advice.ASK, Advice.RULE, Advice.PROCEED)
_HEAD: Final = "| advice | severity | grade | server | client | command or origin | place |\n|---|---|---|---|---|---|---|"


def scan_markdown(scanned: Sequence[Scanned], not_read: Iterable[tuple[Path, str]]) -> str:
    """The worst first; what does not fit is counted."""
    ordered = sorted(scanned, key=lambda one: (_WORST_FIRST.index(one.judgement.advice), -one.judgement.severity.rank))
    parts = [f"### MCP servers: {len(ordered)}", *(_not_read(file, message) for file, message in not_read)]
    if not ordered:
        return "\n\n".join([*parts, "No MCP server is configured here."]) + "\n"
    rows = [_row(one) for one in ordered]
    kept = _fitting(rows, CHARS_MAX // 2)
    parts.append("\n".join([_HEAD, *kept]) + _more(len(rows) - len(kept)))
    about = [_about(one) for one in ordered if one.judgement.advice is not Advice.PROCEED]
    kept = _fitting(about, CHARS_MAX - sum(map(len, parts)))
    return "\n\n".join([*parts, *kept]) + _more(len(about) - len(kept)) + "\n"


def _fitting(texts: Sequence[str], chars: int) -> list[str]:
    kept: list[str] = []
    for text in texts:
        chars -= len(text) + 2
        if chars < 0:
            break
        kept.append(text)
    return kept


def _more(count: int) -> str:
    return f"\n\nAnd {count} more." if count else ""


def _not_read(file: Path, message: str) -> str:
    return f"**Not read:** {code(str(file))}: {_sentence(message)}"


def _row(one: Scanned) -> str:
    server, judgement = one.server, one.judgement
    cells = [
        f"**{judgement.advice.value}**" if judgement.advice is Advice.ASK else judgement.advice.value,
        judgement.severity.value,
        judgement.grade.letter if judgement.grade else "-",
        code(server.name),
        server.client.value,
        code(server.shown),
        code(_place(server)),
    ]
    return f"| {' | '.join(cells)} |"


def _place(server: FoundServer) -> str:
    if server.file is None:
        return "as given"
    return f"{server.file}:{server.line}" if server.line else str(server.file)


def _about(one: Scanned) -> str:
    said = [_finding(finding) for finding in one.judgement.findings if finding.code is not Code.REMARK]
    lines = [f"**{one.judgement.advice.value}** {code(one.server.name)}: {_sentence(REMEDIES[one.judgement.advice])}", *said]
    return "\n".join(lines)


def _finding(finding: Finding) -> str:
    rule = RULES[finding.code]
    return f"- {finding.severity.value}: {_sentence(finding.text)} ([{finding.code.value}]({rule.help_uri}))"


def _sentence(text: str) -> str:
    """Our words, with what they quote in code spans: outside of them nothing is markup, a mention or a link."""
    pieces = _SPANS.split(text)
    return "".join(code(piece) if at % 2 else _plain(piece) for at, piece in enumerate(pieces))


def _plain(text: str) -> str:
    if not re.search(r"[<>@\[\]*_#|!\\`&\r\n]|://|www\.", text, re.IGNORECASE):
        return text
    return code(text.replace("`", "'"))
