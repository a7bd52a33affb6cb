"""How servers stand as a whole, noted after each look and each admin's word on a tool, and told in the feed of changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, Final, cast

from yett import __version__
from yett.admin.desk import Desk
from yett.admin.identity import entry_of, identity_of
from yett.admin.posture import record_posture
from yett.admin.verdicts import Heard
from yett.catalog.grade import Letter, grade
from yett.catalog.record import NOBODY, ServerIdentity, ServerPosture, Verification
from yett.catalog.standing import Standing, StandingChange, standing_changes
from yett.stores.control.records import Look, Server, ToolChange
from yett.stores.control.registry_records import ServerStanding
from yett.stores.control.transaction import Transaction

Program = Callable[[str], Sequence[str]]
DIGEST_BYTES: Final = 16


def server_identity(server: Server, program: Program) -> ServerIdentity:
    """Who a configured server seems to be."""
    if server.url is not None:
        return identity_of(entry_of(server.name, url=server.url))
    argv = program(server.command) if server.command is not None else ()
    return identity_of(entry_of(server.name, argv=argv)) if argv else NOBODY


def note_standing(desk: Desk, organisation: str, server_id: str, *, patient: bool = True) -> None:
    """Compare how a server stands with how it stood, keep it, and tell what changed.

    Without patience, one whose tools take long to judge is left to the next look at it.

    INVARIANT: its tools are judged when no transaction is open: others would wait.
    """
    found = desk.read(organisation, lambda read: _read(read, server_id))
    if found is None or (not patient and desk.environment.verdicts.listed_at_once(found[0]) is None):
        return
    heard, before = found
    server, said = heard.server, json.loads(heard.said)
    look = Look(server_id=server_id, at_ns=0, problem=None if heard.text is None else heard.text.problem, said=said)
    identity, posture = server_identity(server, desk.environment.program), record_posture(server, look)
    basis = _basis(heard, identity)
    if before is not None and before.basis == basis:  # the usual case, in which nothing is judged
        letter: Letter | None = cast("Any", before.grade)
    else:
        letter = _letter(desk, heard, identity) if "tools" in said else None
    after = Standing(letter, posture.auth, identity.verification)
    changes = standing_changes(None if before is None else _standing(before), after)
    auth = after.auth or (None if before is None else before.auth)
    at_ns = desk.environment.clock.now_ns()
    kept = ServerStanding(
        server_id=server_id, grade=letter, auth=auth, verification=after.verification.value, basis=basis, at_ns=at_ns
    )
    if before is None or changes or before.basis != basis or before.auth != auth:
        noted = [_record(server_id, at_ns, one, identity, posture) for one in changes]
        desk.write(lambda whole: _write(whole.of(organisation), kept, noted))


def _read(read: Transaction, server_id: str) -> tuple[Heard, ServerStanding | None] | None:
    server, text = read.servers.find(server_id), read.servers.look_text(server_id)
    if server is None or text is None:
        return None
    return Heard(server, text, read.tool_classes.of(server_id)), read.standings.find(server_id)


def _write(write: Transaction, kept: ServerStanding, noted: list[ToolChange]) -> None:
    if write.servers.find(kept.server_id) is not None:
        write.tool_changes.add(kept.server_id, noted)
        write.standings.put(kept)


def _letter(desk: Desk, heard: Heard, identity: ServerIdentity) -> Letter:
    """The grade of its tools."""
    judged = desk.environment.verdicts.catalogued(heard)
    return grade([shown for _, shown in judged.tools], identity.impostor).letter


def _basis(heard: Heard, identity: ServerIdentity) -> str:
    """Digest of all that the grade depends on."""
    given = sorted((name, one.risk, one.severity) for name, one in heard.given.items())
    text = f"{__version__}\0{heard.digest.hex()}\0{identity.impostor}\0{given!r}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).hexdigest()


def _record(server_id: str, at_ns: int, one: StandingChange, identity: ServerIdentity, posture: ServerPosture) -> ToolChange:
    evidence = {"identity": identity.evidence, "posture": posture.evidence, "grade": ""}[one.kind]
    return ToolChange(
        server_id=server_id,
        at_ns=at_ns,
        tool="",
        kind=one.kind,
        severity=one.severity.rank,
        before=one.before,
        after=one.after,
        meanings=(one.meaning,),
        members=(),
        diff=f"{one.diff} ({evidence})" if evidence else one.diff,
    )


def _standing(row: ServerStanding) -> Standing:
    return Standing(cast("Any", row.grade), cast("Any", row.auth), Verification(row.verification))
