"""Who may speak to the data plane, through its real edge: tokens, paths, hosts, pages, and how much at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.gateway.feeds import opened, response
from tests.gateway.gate import STDIO_SERVER
from tests.gateway.listener import PUBLIC_URL, listening, token_grant
from tests.support.clock import START_NS
from tests.support.fake_upstream import content, encode, result
from tests.support.policies import ALLOW_ALL
from tests.support.wire import call
from yett.audit.record import Refused
from yett.gateway.admission import Crowded, InFlight
from yett.gateway.tokens import mint
from yett.ports import Answer, Event, Outbound

pytestmark = pytest.mark.anyio

PROGRESS = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}'
DONE = result(b"1", content("done"))
ERAS = pytest.mark.parametrize("stateless", [False, True], ids=["handshake", "stateless"])


# --- who may speak --------------------------------------------------------------------------------------------------------


def bad_bearers(token: bytes, expired: bytes, foreign: bytes) -> list[bytes | None]:
    """Values of `Authorization` that are none, garbage, spoiled, of another scheme, expired, or of another server."""
    return [
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer garbage",
        b"Bearer " + mint().encode(),
        b"Bearer " + expired,
        b"Bearer " + foreign,
        b"Bearer  " + token,
        b"Bearer " + token + b" x",
        b"Bearer " + token[:-1],
        b"Bearer " + token.upper(),
        b"Basic " + token,
        b"Bearer, Bearer " + token,
        b"Bearer " + b"x" * 20_000,
        b"Bearer ' OR 1=1--",
        b"Bearer \xc3\xa4",
        b"Bearer eyJhbGciOiJub25lIn0.e30.",
    ]


async def test_every_bad_token_is_answered_alike_and_recorded_without_any_of_it() -> None:
    async with listening() as gateway:
        expired, foreign = mint(), mint()
        grants = [
            token_grant(gateway.token),
            token_grant(expired, "g2", expires_at_ns=START_NS),
            token_grant(foreign, "g3", server=STDIO_SERVER),
        ]
        gateway.gate.publish(ALLOW_ALL, grants=grants)
        sent = call("echo")
        bearers = bad_bearers(gateway.token.encode(), expired.encode(), foreign.encode())
        answers = set()
        for bearer in bearers:
            fields = sent.fields + ([] if bearer is None else [(b"authorization", bearer)])
            reply = await (await gateway.client()).ask("POST", "/mcp/files", fields, sent.body)
            answers.add((reply.status, reply.body, reply.fields[b"www-authenticate"]))
        assert answers == {
            (
                401,
                b'{"error":"a valid grant for this server is needed"}',
                b'Bearer resource_metadata="%b/.well-known/oauth-protected-resource/mcp/files"' % PUBLIC_URL.encode(),
            )
        }
        assert not gateway.gate.upstream.sent
        security = gateway.gate.ledger.security
        assert [record.kind for record in security] == [Refused.TOKEN] * len(bearers)
        assert not any(text in repr(security) for text in (gateway.token, expired, foreign, "garbage", "yett_"))
        assert {record.server for record in security} == {"files"}


async def test_a_server_that_does_not_exist_reads_like_a_foreign_one() -> None:
    async with listening() as gateway:
        foreign = mint()
        gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token), token_grant(foreign, "g2", server=STDIO_SERVER)])
        replies = [
            await gateway.post(call("echo"), path="/mcp/files", token=foreign),
            await gateway.post(call("echo"), path="/mcp/nothing"),
            await gateway.post(call("echo"), path="/mcp/"),
            await gateway.post(call("echo"), path="/mcp/files/x"),
            await gateway.post(call("echo"), path="/mcp/FILES"),
            await gateway.post(call("echo"), path="/mcp/*"),
        ]
        assert {(reply.status, reply.body) for reply in replies} == {(401, replies[0].body)}
        assert [record.server for record in gateway.gate.ledger.security] == ["files", None, None, None, None, None]


@pytest.mark.parametrize("path", ["/mcp/files", "/mcp/files/", "/mcp/srv-1", "/mcp/srv-1/", "/mcp/files?x=1"])
async def test_a_server_is_reached_by_name_and_by_id_with_and_without_a_slash(path: str) -> None:
    async with listening() as gateway:
        assert (await gateway.post(call("echo"), path=path)).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/mcp",
        "/",
        "/MCP/files",
        "//mcp/files",
        "/%6dcp/files",
        "/mcp;a/files",
        "/mcp/../mcp/files",
        "/mcp/./files",
        "/sse",
        "/api/v1",
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "PUT", "OPTIONS"])
async def test_no_other_spelling_of_the_path_leads_anywhere(path: str, method: str) -> None:
    async with listening() as gateway:
        body = call("echo").body if method in {"POST", "PUT"} else None
        reply = await (await gateway.client()).ask(method, path, gateway.fields(call("echo")), body)
        assert reply.status in {400, 404, 405}
        assert not gateway.gate.upstream.sent


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "HEAD", "DELETE"])
async def test_the_endpoint_takes_post_and_says_so(method: str) -> None:
    async with listening() as gateway:
        body = b"{}" if method in {"PUT", "PATCH"} else None
        client = await gateway.client()
        await client.send(method, "/mcp/files", gateway.fields(), body)
        reply = await client.head()
        assert (reply.status, reply.fields[b"allow"]) == (405, b"POST, DELETE")
        assert not gateway.gate.upstream.sent


async def test_a_token_in_the_address_or_in_a_cookie_opens_nothing() -> None:
    async with listening() as gateway:
        sent = call("echo")
        fields = [*sent.fields, (b"cookie", f"token={gateway.token}".encode())]
        reply = await (await gateway.client()).ask("POST", f"/mcp/files?token={gateway.token}", fields, sent.body)
        assert reply.status == 401
        assert gateway.token not in repr(gateway.gate.ledger.security)


async def test_two_tokens_are_refused_whatever_their_order() -> None:
    async with listening() as gateway:
        sent, bad = call("echo"), (b"authorization", b"Bearer nonsense")
        for fields in ([*gateway.fields(sent), bad], [bad, *gateway.fields(sent)]):
            assert (await (await gateway.client()).ask("POST", "/mcp/files", fields, sent.body)).status == 400
        assert not gateway.gate.upstream.sent


async def test_a_revoked_grant_is_refused_from_the_next_call_on() -> None:
    async with listening() as gateway:
        client = await gateway.client()
        sent = call("echo")
        assert (await client.ask("POST", "/mcp/files", gateway.fields(sent), sent.body)).status == 200
        gateway.gate.publish(ALLOW_ALL, grants=[])
        assert (await client.ask("POST", "/mcp/files", gateway.fields(sent), sent.body)).status == 401


async def test_a_grant_ends_at_its_expiry() -> None:
    async with listening() as gateway:
        grants = [token_grant(gateway.token, expires_at_ns=gateway.gate.clock.now_ns() + 1_000_000_000)]
        gateway.gate.publish(ALLOW_ALL, grants=grants)
        assert (await gateway.post(call("echo"))).status == 200
        gateway.gate.clock.advance(1)
        assert (await gateway.post(call("echo"))).status == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"localhost", 200),
        (b"LOCALHOST:1", 200),
        (b"127.0.0.1:8700", 200),
        (b"[::1]:8700", 200),
        (b"gate.example", 200),
        (b"evil.example", 421),
        (b"localhost.evil.example", 421),
        (b"evil-localhost", 421),
        (b"127.0.0.1.nip.io", 421),
        (b"localhost:1@evil", 400),
        (b"127.0.0.1/health?x=", 400),
        (b"", 400),
    ],
)
async def test_only_names_of_ours_are_served(host: bytes, status: int) -> None:
    async with listening() as gateway:
        assert (await gateway.post(call("echo"), (b"host", host))).status == status
        assert bool(gateway.gate.upstream.sent) is (status == 200)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (b"http://localhost:3000", 200),
        (b"https://127.0.0.1", 200),
        (b"https://console.example", 200),
        (b"https://evil.example", 403),
        (b"null", 403),
        (b"", 403),
        (b"file://", 403),
        (b"http://localhost.evil.example", 403),
        (b"http://localhost@evil.example", 403),
        (b"https://console.example.evil", 403),
        (b"ftp://localhost", 403),
    ],
)
async def test_only_pages_of_this_machine_and_configured_ones_may_ask(origin: bytes, status: int) -> None:
    async with listening() as gateway:
        assert (await gateway.post(call("echo"), (b"origin", origin))).status == status
        kinds = [record.kind for record in gateway.gate.ledger.security]
        assert kinds == ([] if status == 200 else [Refused.ORIGIN])


async def test_too_many_requests_of_one_grant_at_once_are_refused_and_others_are_served() -> None:
    async with listening(in_flight=InFlight(maximum=1)) as gateway:
        other, reached, proceed = mint(), asyncio.Event(), asyncio.Event()

        async def slow(message: Outbound) -> Answer:
            reached.set()
            await proceed.wait()
            return Answer(body=result(message.id, content("done")))

        gateway.gate.upstream.replies["tools/call"] = slow
        gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token), token_grant(other, "g2")])
        first = asyncio.create_task(gateway.post(call("echo")))
        await reached.wait()
        refused = await gateway.post(call("echo"))
        assert (refused.status, refused.fields[b"retry-after"]) == (429, b"1")
        second = asyncio.create_task(gateway.post(call("echo"), token=other))
        proceed.set()
        assert [(await first).status, (await second).status] == [200, 200]
        assert (await gateway.post(call("echo"))).status == 200
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.HTTP]


async def test_more_requests_than_the_listener_takes_are_refused_until_one_is_answered() -> None:
    async with listening(in_flight=InFlight(total_maximum=1)) as gateway:
        other, reached, proceed = mint(), asyncio.Event(), asyncio.Event()

        async def slow(message: Outbound) -> Answer:
            reached.set()
            await proceed.wait()
            return Answer(body=result(message.id, content("done")))

        gateway.gate.upstream.replies["tools/call"] = slow
        gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token), token_grant(other, "g2")])
        first = asyncio.create_task(gateway.post(call("echo")))
        await reached.wait()
        refused = await gateway.post(call("echo"), token=other)
        assert (refused.status, refused.fields[b"retry-after"]) == (503, b"1")
        stranger = await gateway.post(call("echo"), token="unknown")
        assert stranger.status == 401, "a stranger learns nothing of how busy it is"
        proceed.set()
        assert (await first).status == 200
        assert (await gateway.post(call("echo"), token=other)).status == 200


# --- health ---------------------------------------------------------------------------------------------------------------


async def test_health_and_readiness_need_no_token() -> None:
    async with listening() as gateway:
        assert (await gateway.get("/healthz")).json == {"status": "ok"}
        ready = await gateway.get("/readyz")
        assert (ready.status, ready.json["status"]) == (200, "ready")


async def test_a_gate_without_configuration_is_alive_and_not_ready_and_serves_nobody() -> None:
    async with listening() as gateway:
        gateway.gate.active._current = None
        assert (await gateway.get("/healthz")).status == 200
        assert (await gateway.get("/readyz")).status == 503
        assert (await gateway.post(call("echo"))).status == 503
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.NOT_READY]


async def test_readiness_names_a_revision_that_could_not_be_taken_and_stays_ready_with_the_last_good_one() -> None:
    async with listening() as gateway:
        gateway.gate.publish({"version": "2"})
        reply = await gateway.get("/readyz")
        assert (reply.status, reply.json["status"]) == (200, "ready")
        assert "cannot be read, revision 2-000000000002 stays" in reply.json["problems"][0]


async def test_with_no_good_revision_at_all_the_gate_is_not_ready() -> None:
    async with listening(document={"version": "2"}) as gateway:
        gateway.gate.active._current = None
        gateway.gate.publish({"version": "2"})
        assert (await gateway.get("/readyz")).status == 503


async def test_a_log_that_cannot_be_written_is_no_readiness() -> None:
    async with listening(fault="the disk is full") as gateway:
        reply = await gateway.get("/readyz")
        assert (reply.status, reply.json["problems"]) == (503, ["the disk is full"])


async def test_the_metadata_names_the_resource() -> None:
    async with listening() as gateway:
        reply = await gateway.get("/.well-known/oauth-protected-resource/mcp/files")
        assert reply.json == {"resource": f"{PUBLIC_URL}/mcp/files", "bearer_methods_supported": ["header"]}
        assert (await gateway.get("/.well-known/oauth-protected-resource")).status == 404


@pytest.mark.parametrize("full", [InFlight(maximum=1), InFlight(total_maximum=1)], ids=["of a grant", "of all"])
async def test_a_client_may_answer_its_server_where_its_waiting_calls_take_all_the_room(full: InFlight) -> None:
    async with listening(in_flight=full) as gateway:
        answered = asyncio.Event()
        session = await opened(gateway, "roots")
        idle = await opened(gateway, "roots")
        ask = encode({"jsonrpc": "2.0", "id": "q", "method": "roots/list"})

        async def answer(_: Outbound) -> Answer:
            answered.set()
            return Answer(status=202)

        async def events() -> AsyncIterator[Event]:
            yield Event(ask)
            await answered.wait()
            yield Event(result(b"1", content("done")))

        gateway.gate.upstream.replies["tools/call"] = Answer(content_type=b"text/event-stream", events=events())
        gateway.gate.upstream.replies[""] = answer
        client = await gateway.client()
        sent = call("echo")
        await client.send("POST", "/mcp/files", [*gateway.fields(None, session), *sent.fields], sent.body)
        await client.head()
        assert ask in await client.chunk()
        refused = {(await gateway.post(sent, session)).status, (await gateway.post(response("q"), idle)).status}
        assert refused <= {429, 503}
        assert not answered.is_set()
        assert (await gateway.post(response("q"), session)).status == 202
        assert b"done" in await client.chunk()
        assert full.total <= 1


def test_answers_have_as_many_places_as_there_may_be_questions_and_no_more() -> None:
    places = InFlight(maximum=1)
    assert places.enter("g") is None
    assert [places.enter("g", beside=2) for _ in range(3)] == [None, None, Crowded.GRANT]
