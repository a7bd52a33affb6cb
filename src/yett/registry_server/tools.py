"""What the tools do: arguments in, plain JSON out. Blocking; nothing here starts or contacts a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from yett.admin.control import Control
from yett.admin.errors import AdminFault, NotFound
from yett.app.prechecking import INDEXED, Asking, check_known, find, indexed, verdict_on
from yett.catalog.finding import Sought, words_of
from yett.catalog.model import RiskClass, Severity, ShownVerdict
from yett.catalog.pages import suggestion_of
from yett.catalog.record import record_tool
from yett.errors import ClientFault
from yett.precheck.naming import named
from yett.precheck.showing import as_json
from yett.precheck.verdict import Precheck
from yett.registry_server.denials import explained
from yett.scan.formats import Entry
from yett.scan.model import Advice, Client, ConfigFile
from yett.scan.servers import found_server
from yett.settings import Settings
from yett.site.known import search_known
from yett.stores.catalogue_index import FILE as INDEX_FILE
from yett.stores.catalogue_index import CatalogueIndex

TOOLS_MAX: Final = 50
"""Tools that a verdict on a server names; the riskiest."""
HITS: Final = 20
_ADVICE: Final = (Advice.PROCEED, Advice.RULE, Advice.ASK)


class ToolFault(ClientFault):
    """What was asked for cannot be told; the message is for the model."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Place:
    """What the tools work with, for one caller."""

    settings: Settings
    control: Callable[[], AbstractContextManager[Control | None]]
    """The use cases as the caller may have them; None where there is no installation."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


Arguments = Mapping[str, Any]
Answer = dict[str, Any]


def check_tool(place: Place, given: Arguments) -> Answer:
    """One tool of a server."""
    with place.control() as control:
        known = find(place.settings, named(given["server"]), control, Asking(), place.now())
    if known.tools.listed is None:
        raise ToolFault("tools_unknown", f"the tools of this server are not known here ({known.tools.source})")
    pairs = zip(known.tools.listed, known.judged, strict=True)
    found = next((one for one in pairs if one[0].name == given["tool"]), None)
    if found is None:
        raise ToolFault("unknown_tool", "the server has no tool of this name, as far as it is known here")
    if known.tools.source == INDEXED:  # which tells less of a server than of one tool
        whole = indexed(place.settings, known.slug or known.server.name, given["tool"])
        found = found if whole is None else next(one for one in whole.tools if one[0].name == given["tool"])
    definition, shown = found
    suggestion = suggestion_of(definition, shown)
    record = record_tool(definition.name, shown)
    return {
        "server": known.slug or known.server.name,
        "source": known.tools.source,
        "tool": _tool(shown),
        "owasp": list(record.owasp),
        "rationale": shown.verdict.rationale,
        "recommended": record.recommended,
        "policy": suggestion.policy,
    }


def check_mcp_server(place: Place, given: Arguments) -> Answer:
    """The verdict on a server."""
    with place.control() as control:
        known = find(place.settings, named(given["server"]), control, Asking(), place.now())
    found = check_known(place.settings, given["server"], known, Asking(remember=False), place.now())
    ranked = sorted(known.judged, key=lambda one: (-one.risk.rank, -one.severity.rank, one.verdict.name))
    shown = [_tool(one) for one in ranked[:TOOLS_MAX]]
    return {**as_json(found), "tools": shown, "more_tools": len(ranked) - len(shown)}


def search_registry(place: Place, given: Arguments) -> Answer:
    """Servers and tools by words."""
    limit, server = given.get("limit", HITS), given.get("server")
    with place.control() as control:
        if control is not None:
            hits = control.find_tools(given["query"], given.get("class"), given.get("severity"), server, limit)
            servers = [{"slug": one.slug, "name": one.name, "source": one.source, "grade": one.grade} for one in hits.servers]
            tools = [
                {"server": one.server, "source": one.source, "tool": one.tool, "class": one.risk, "severity": one.severity}
                for one in hits.tools
            ]
            return {"servers": servers, "tools": tools, "more": hits.more}
    return _searched(place.settings, given, limit)


def check_mcp_stack(place: Place, given: Arguments) -> Answer:
    """The verdict on each server of a configuration. What may be secret in it is neither kept nor told."""
    verdicts = []
    for name, value in given["servers"].items():
        found = found_server(ConfigFile(Client.ANY, Path()), Entry(str(name), dict(value)))
        verdicts.append((str(name), verdict_on(place.settings, found, place.now())))
    worst = max((one.action for _, one in verdicts), key=_ADVICE.index)
    return {"verdict": worst.value, "servers": [_of_stack(name, one) for name, one in verdicts]}


def explain_denial(place: Place, given: Arguments) -> Answer:
    """Why a call was denied. What is not there, and what is out of the caller's reach, is answered alike."""

    def may_see(server: str) -> bool:
        if control is None:
            return False
        try:
            control.server(server)
        except NotFound:
            return False
        return True

    at = given.get("at")
    with place.control() as control:
        answer = explained(place.settings.state_dir, given["request_id"], may_see, None if at is None else _nanoseconds(at))
    if answer.found is None:
        raise ToolFault("unknown_request", f"no request of this id, which is in `_meta` of a denial, is in {answer.searched}")
    return answer.found


def _nanoseconds(at: str) -> int:
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise ToolFault("invalid", "`at` is no moment; write it like 2027-01-31T12:00:00Z") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * 1_000_000_000


def get_change_events(place: Place, given: Arguments) -> Answer:
    """A part of the feed."""
    with place.control() as control:
        if control is None:
            raise ToolFault("no_installation", "there is no installation here, so nothing is looked at for changes")
        page = control.server_changes(
            given.get("server"), given.get("severity"), (), given.get("after"), given.get("limit", HITS)
        )
    items = [{key: value for key, value in asdict(one).items() if key in _CHANGE} for one in page.items]
    return {"items": items, "cursor": page.cursor, "more": page.more}


_CHANGE: Final = frozenset({"sequence", "at", "server", "kind", "tool", "severity", "what", "diff"})
CALLS: Final[Mapping[str, Callable[[Place, Arguments], Answer]]] = {
    one.__name__: one
    for one in (check_tool, check_mcp_server, search_registry, check_mcp_stack, explain_denial, get_change_events)
}
"""By name."""
REFUSALS: Final = (AdminFault, ToolFault, ClientFault)


def _searched(settings: Settings, given: Arguments, limit: int) -> Answer:
    """The same without an installation."""
    words = words_of(given["query"])
    if not words:
        raise ToolFault("invalid", "say what to search for: a word or the beginning of one")
    risk, severity = given.get("class"), given.get("severity")
    wanted = Sought(
        words,
        None if risk is None else RiskClass(risk),
        None if severity is None else Severity(severity),
        given.get("server"),
        limit + 1,
    )
    index = CatalogueIndex(settings.state_dir / INDEX_FILE)
    try:
        found = [(one, "catalogue") for one in search_known(wanted)]
        slugs = {one.slug for one, _ in found}
        found += [(one, "index") for one in index.search(wanted) if one.slug not in slugs]
    finally:
        index.close()
    ranked = sorted(found, key=lambda one: one[0].order)
    tools = [
        {"server": one.slug, "source": source, "tool": one.name, "class": one.risk.value, "severity": one.severity.value}
        for one, source in ranked[:limit]
    ]
    return {"servers": [], "tools": tools, "more": len(ranked) > limit}


def _tool(shown: ShownVerdict) -> Answer:
    return {
        "name": shown.verdict.name,
        "class": shown.risk.value,
        "severity": shown.severity.value,
        "confidence": shown.verdict.confidence,
        "signals": list(shown.verdict.codes),
    }


def _of_stack(name: str, one: Precheck) -> Answer:
    shown = as_json(one)
    return {
        "name": name,
        "shown": shown["shown"],
        "verdict": shown["verdict"],
        "severity": shown["severity"],
        "verification": shown["facts"]["identity"]["verification"],
        "grade": None if one.facts.grade is None else one.facts.grade.letter,
        "tools": one.facts.tools,
        "reasons": shown["reasons"],
    }
