"""How two scans differ, in lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from yett.scan.model import FoundServer, Scanned
from yett.scan.seen import key_of


def differences(
    before: Sequence[Scanned], after: Sequence[Scanned], unread_before: Iterable[Path] = (), unread: Iterable[Path] = ()
) -> list[str]:
    """What came, what went, and what is judged otherwise or says otherwise what it can do."""
    old = {key_of(one.server): one for one in before}
    new = {key_of(one.server): one for one in after}
    lines = [f"new: {_called(one)}: {one.judgement.advice.value}: {_first(one)}" for key, one in new.items() if key not in old]
    lines += [f"gone: {_called(one)}" for key, one in old.items() if key not in new]
    for key, one in new.items():
        if key in old:
            lines += _lines(old[key], one)
    known = set(unread_before)
    return lines + [f"cannot be read any more: {file}" for file in unread if file not in known]


def _lines(old: Scanned, new: Scanned) -> list[str]:
    lines = []
    if old.judgement.advice is not new.judgement.advice or old.judgement.severity is not new.judgement.severity:
        was, now = (f"{one.judgement.advice.value}, {one.judgement.severity.value}" for one in (old, new))
        lines.append(f"judged anew: {_called(new)}: {was} → {now}: {_first(new)}")
    said = set(old.judgement.reasons)
    fresh = [finding.text for finding in new.judgement.findings if finding.text not in said]
    if fresh and not lines:
        lines.append(f"changed: {_called(new)}: {'; '.join(fresh)}")
    return lines


def _first(one: Scanned) -> str:
    return one.judgement.reasons[0] if one.judgement.reasons else "nothing to say"


def _called(one: Scanned) -> str:
    return f"`{one.server.name}` in {_file(one.server)}"


def _file(server: FoundServer) -> str:
    return "the command line" if server.file is None else str(server.file)
