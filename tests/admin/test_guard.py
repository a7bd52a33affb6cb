"""What passes before anything is routed."""

from __future__ import annotations

import pytest

from yett.admin.errors import Misdirected, TooLarge
from yett.admin.guard import BODY_BYTES_MAX, Guard, Message, Receive, Scope, Send, check_host

pytestmark = pytest.mark.anyio


async def swallow(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads its body and says so."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"read"})


async def status_of(parts: list[bytes], app: Guard) -> int:
    """The status of a request without a declared length, whose body comes in `parts`."""
    pending = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    sent: list[Message] = []

    async def receive() -> Message:
        return pending.pop(0) if pending else {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "headers": [(b"host", b"localhost")]}, receive, send)
    status: int = sent[0]["status"]
    return status


async def test_a_body_that_grows_one_byte_too_long_is_broken_off() -> None:
    half = b"x" * (BODY_BYTES_MAX // 2)
    assert await status_of([half, half], Guard(swallow, "gate")) == 200
    assert await status_of([half, half, b"x"], Guard(swallow, "gate")) == 413


async def test_a_framework_that_makes_another_error_of_the_break_is_not_heard() -> None:
    async def mistaken(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await swallow(scope, receive, send)
        except TooLarge:
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"unreadable"})

    assert await status_of([b"x" * (BODY_BYTES_MAX + 1)], Guard(mistaken, "gate")) == 413


async def test_an_answer_that_has_begun_is_not_answered_twice() -> None:
    async def hasty(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await swallow(scope, receive, send)

    with pytest.raises(TooLarge):
        await status_of([b"x" * (BODY_BYTES_MAX + 1)], Guard(hasty, "gate"))


async def test_other_kinds_of_connection_pass() -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> Message:
        raise AssertionError

    async def send(_: Message) -> None:
        raise AssertionError

    await Guard(app, "gate")({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"]


async def test_a_name_is_refused_and_cut_short_in_the_answer() -> None:
    with pytest.raises(Misdirected) as error:
        check_host("e" * 5_000, "gate")
    assert len(str(error.value)) < 250
