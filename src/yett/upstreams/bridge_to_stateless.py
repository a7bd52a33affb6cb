"""Handshake clients before a server that knows no handshake: their sessions are kept here, the server never sees one."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import msgspec
from msgspec.structs import replace

from yett.errors import UpstreamFault
from yett.ports import Answer, Outbound, Upstream
from yett.protocol.answers import MalformedAnswer, Members
from yett.protocol.bridge_to_stateless import (
    DISCOVER,
    LOG_LEVELS,
    ClientOf,
    Discovered,
    InputRequired,
    answered,
    client_of,
    discover_request,
    discovered,
    envelope,
    enveloped,
    input_of,
    welcome,
)
from yett.protocol.eras import STATELESS_REVISIONS
from yett.protocol.headers import encoded
from yett.protocol.lists import read_tools_list
from yett.protocol.methods import CALL, TO_SERVER
from yett.protocol.parameter_fields import ParameterFields, parameter_fields, repeated
from yett.protocol.rejection import INVALID_PARAMS, INVALID_REQUEST
from yett.protocol.replies import empty_result, error
from yett.protocol.strict_json import JsonValue, read
from yett.upstreams.bridge_hearing import Hearing
from yett.upstreams.bridge_reading import whole
from yett.upstreams.bridge_rounds import Rounds
from yett.upstreams.bridge_work import Questions, Work

SESSIONS_MAX: Final = 10_000
"""As many as the gateway keeps; the one idle longest gives way."""
CLIENT_BYTES_MAX: Final = 64 * 1024
"""Of what a client says of itself: it is kept for the session, and sent with each of its requests."""
SUBSCRIPTIONS_MAX: Final = 1_000
"""Resources that one session hears of."""
URIS_CHARS_MAX: Final = 256 * 1024
"""Characters of their addresses together."""
FIELDS_MAX: Final = 10_000
"""Tools of one session whose fields are remembered: as many as a server may list."""
_MIRRORS: Final = (b"mcp-", b"last-event-id")
"""Fields that say what the client's own body says, or belong to its session."""
_CREDENTIAL_REFUSED: Final = (401, 403)

Fields = Sequence[tuple[bytes, bytes]]


@dataclass(slots=True)
class Session:
    """What the server would know if it kept sessions."""

    id: str
    client: ClientOf
    version: str
    """The stateless revision that is spoken with the server."""
    log_level: str | None = None
    uris: frozenset[str] = frozenset()
    """Resources that the client subscribed to."""
    fields: dict[str, ParameterFields] = field(default_factory=dict)
    """By tool: the fields in which its arguments are repeated."""
    questions: Questions = field(default_factory=Questions)
    work: dict[bytes, Work] = field(default_factory=dict)
    hearing: Hearing | None = None
    rounds: int = 0

    @property
    def envelope(self) -> Members:
        return envelope(self.version, self.client, self.log_level)


class BridgeToStateless:
    """Sessions of handshake clients before one stateless server."""

    def __init__(self, inner: Upstream) -> None:
        self._inner = inner
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._sessions)

    def find(self, message: Outbound) -> bool:
        """Whether a message belongs to a session that was opened here."""
        return message.session in self._sessions

    async def discover(self, message: Outbound) -> Discovered | None:
        """What the server says of itself; None where it speaks no stateless revision. Errors: `UpstreamFault`."""
        version, id = STATELESS_REVISIONS[-1], b'"yett-discover"'
        asking = _stateless(message, DISCOVER, id, discover_request(id, version), version)
        answer = await self._inner.exchange(asking)
        if answer.status in _CREDENTIAL_REFUSED or answer.status >= 500:
            await answer.aclose()
            raise UpstreamFault(f"the server answered a request for what it can do with HTTP {answer.status}")
        return discovered((await whole(answer, id)).body)

    def open(self, message: Outbound, server: Discovered) -> Answer:
        """Answer an `initialize` for the server."""
        assert message.id is not None, "initialize is a request"
        client = client_of(message.body)
        if client is None:
            said = "`initialize` needs `protocolVersion`, `capabilities` and `clientInfo`"
            return Answer(body=error(message.id, INVALID_PARAMS, said))
        if len(client.capabilities) + len(client.info) > CLIENT_BYTES_MAX:
            said = f"`capabilities` and `clientInfo` together must not be longer than {CLIENT_BYTES_MAX} bytes"
            return Answer(body=error(message.id, INVALID_PARAMS, said))
        id = secrets.token_urlsafe(24)
        self._sessions[id] = Session(id, client, server.version)
        if len(self._sessions) > SESSIONS_MAX:
            self._end(next(iter(self._sessions)))
        return Answer(body=welcome(message.id, client, server), session=id)

    async def exchange(self, message: Outbound) -> Answer:
        """Answer for the server where only a session has the question, and ask it where it has the answer."""
        session = self._sessions[message.session or ""]
        self._sessions.move_to_end(session.id)
        if message.id is None:
            return self._told(session, message)
        match message.method:
            case "ping":
                return Answer(body=empty_result(message.id))
            case "logging/setLevel":
                return _set_level(session, message, message.id)
            case "resources/subscribe" | "resources/unsubscribe":
                return _subscribe(session, message, message.id)
        return await self._asked(session, message, message.id)

    def _told(self, session: Session, message: Outbound) -> Answer:
        """Answers go to who asked, a cancellation closes what it names; the server hears of neither."""
        if not message.method:
            session.questions.answered(_value(message.body).get("id"), message.body)
        elif message.method == "notifications/cancelled":
            named = _params(message.body).get("requestId")
            work = session.work.get(msgspec.json.encode(named)) if isinstance(named, str | int) else None
            if work is not None:
                work.cancel()
        return Answer(status=202)

    # --- requests -------------------------------------------------------------------------------------------------------

    async def _asked(self, session: Session, message: Outbound, id: bytes) -> Answer:
        work = session.work[id] = Work(lambda: _forget(session, id, work))
        rounds = Rounds(message, work, session.questions, partial(self._again, session, message))
        try:
            answer = await work.unless_cancelled(self._sent(session, message, id, {}))
            if message.method == "tools/list":
                answer = await work.unless_cancelled(whole(answer, id))
                _learn(session, answer)
            return rounds.take(answer)
        except BaseException:
            await rounds.aclose()
            raise

    async def _again(self, session: Session, message: Outbound, responses: dict[str, bytes], state: bytes | None) -> Answer:
        session.rounds += 1
        id = b'"yett-round-%d"' % session.rounds
        return await self._sent(session, message, id, input_of(responses, state))

    async def _sent(self, session: Session, message: Outbound, id: bytes, also: Members) -> Answer:
        """The server's answer, as a body or as events; an error status says nothing that a session would not say with 200."""
        fields = _mirrored(session, message)
        body = enveloped(message.body, id, session.envelope, also)
        answer = await self._inner.exchange(_stateless(message, message.method, id, body, session.version, fields))
        if answer.status >= 400:
            return await _refused(answer, message, id)
        return answer if answer.events is not None else await whole(answer, id)

    # --- what the server says of its own accord -------------------------------------------------------------------------

    async def listen(self, message: Outbound) -> Answer:
        """The server's own stream: one for each session, as the protocol wants nothing said twice."""
        session = self._sessions[message.session or ""]
        if session.hearing is not None:
            return Answer(status=409, body=error(None, INVALID_REQUEST, "the session has its stream open already"))
        hearing = session.hearing = Hearing(
            lambda id, body: self._inner.exchange(_stateless(message, "subscriptions/listen", id, body, session.version)),
            lambda: (session.envelope, session.uris),
            lambda: setattr(session, "hearing", None),
        )
        try:
            opened = await hearing.open()
        except BaseException:
            await hearing.aclose()
            raise
        if not opened:
            await hearing.aclose()
            return Answer(status=405)
        return Answer(content_type=b"text/event-stream", events=hearing)

    # --- the end --------------------------------------------------------------------------------------------------------

    def end(self, message: Outbound) -> None:
        """The session is over."""
        self._end(message.session or "")

    def _end(self, id: str) -> None:
        session = self._sessions.pop(id)
        session.questions.end()
        for work in tuple(session.work.values()):
            work.cancel()
        if session.hearing is not None:
            session.hearing.end()


def _stateless(message: Outbound, method: str, id: bytes, body: bytes, version: str, fields: Fields = ()) -> Outbound:
    """A message on its way to the stateless server."""
    kept = [field for field in message.headers if not field[0].startswith(_MIRRORS)]
    mirrors = [(b"mcp-protocol-version", version.encode()), (b"mcp-method", method.encode()), *fields]
    return replace(message, body=body, method=method, id=id, modern=True, headers=[*kept, *mirrors], session=None)


def _mirrored(session: Session, message: Outbound) -> Fields:
    """The fields that repeat what the body says, as every stateless request has them."""
    row = TO_SERVER.get(message.method)
    if row is None or row.name_key is None:
        return ()
    params = _params(message.body)
    name = params.get(row.name_key)
    if not isinstance(name, str):
        return ()
    arguments = params.get("arguments", {})
    fields = session.fields.get(name, {}) if message.method == CALL else {}
    return [(b"mcp-name", encoded(name)), *(repeated(fields, arguments) if isinstance(arguments, dict) else ())]


def _learn(session: Session, answer: Answer) -> None:
    """Take note of which arguments are repeated in fields; hardly any tool has such."""
    if answer.body is None or b"x-mcp-header" not in answer.body:
        return
    try:
        tools, _ = read_tools_list(answer.body)
    except UpstreamFault:
        return  # whoever reads the list says what is wrong with it
    if len(session.fields) + len(tools) > FIELDS_MAX:
        session.fields.clear()
    for tool in tools:
        if tool.input_schema is not None:
            session.fields[tool.name] = parameter_fields(tool.input_schema)


async def _refused(answer: Answer, message: Outbound, id: bytes) -> Answer:
    """An answer with an error status: what the server says in JSON-RPC is said with 200 in a session, where 404 would end it."""
    if answer.status in _CREDENTIAL_REFUSED:
        return answer
    body = answer.body
    await answer.aclose()
    try:
        said = None if body is None else answered(id, message.method, body)
    except MalformedAnswer:
        said = None
    if said is None or isinstance(said, InputRequired):
        raise UpstreamFault(f"the server answered with HTTP status {answer.status}")
    return Answer(body=body, headers=answer.headers)


def _set_level(session: Session, message: Outbound, id: bytes) -> Answer:
    level = _params(message.body).get("level")
    if level not in LOG_LEVELS:
        return Answer(body=error(id, INVALID_PARAMS, f"the level must be one of {', '.join(LOG_LEVELS)}"))
    session.log_level = str(level)
    return Answer(body=empty_result(id))


def _subscribe(session: Session, message: Outbound, id: bytes) -> Answer:
    uri = _params(message.body).get("uri")
    assert isinstance(uri, str), "the door let it through"
    if message.method == "resources/unsubscribe":
        session.uris -= {uri}
    elif len(session.uris) >= SUBSCRIPTIONS_MAX or sum(map(len, session.uris)) + len(uri) > URIS_CHARS_MAX:
        said = f"at most {SUBSCRIPTIONS_MAX} resources may be subscribed to, with addresses of {URIS_CHARS_MAX} characters"
        return Answer(body=error(id, INVALID_REQUEST, said))
    else:
        session.uris |= {uri}
    if session.hearing is not None:
        session.hearing.renew()
    return Answer(body=empty_result(id))


def _forget(session: Session, id: bytes, work: Work) -> None:
    if session.work.get(id) is work:
        del session.work[id]


def _value(body: bytes) -> dict[str, JsonValue]:
    value = read(body)
    assert isinstance(value, dict), "the door let it through"
    return value


def _params(body: bytes) -> dict[str, JsonValue]:
    params = _value(body).get("params", {})
    assert isinstance(params, dict), "the door let it through"
    return params
