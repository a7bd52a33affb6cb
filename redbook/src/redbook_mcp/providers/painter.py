"""A painter that asks an image service: one request a page, its picture checked and cut to a card."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from redbook_mcp.errors import RedBookError
from redbook_mcp.pictures import compressed_reference, to_card
from redbook_mcp.ports import Order, Painted
from redbook_mcp.providers.config import Kind, address
from redbook_mcp.providers.dialect import Dialect, Found, Reading
from redbook_mcp.providers.downloads import Downloads
from redbook_mcp.providers.events import folded, is_event_stream
from redbook_mcp.providers.faults import bad_reply, error_of, read_fault
from redbook_mcp.providers.service import Service
from redbook_mcp.providers.transport import Answer, Request, Transport

DROPPED_MAX: Final = 3
"""Parameters that are given up for one page; a service that knows fewer of ours wants another dialect."""

_NEEDED: Final = frozenset({"model", "prompt", "messages", "contents", "input", "image"})
_NESTED: Final = ("parameters", "generationConfig")


class RemotePainter:
    """Implements `ports.Painter` for one service; made by `remote_painter`."""

    def __init__(
        self, service: Service, dialect: Dialect, transport: Transport, downloads: Downloads, prompt: Callable[[Order], str]
    ) -> None:
        self._service = service
        self._dialect = dialect
        self._transport = transport
        self._downloads = downloads
        self._prompt = prompt
        self._slots = asyncio.Semaphore(service.config.concurrency)
        self._dropped: set[str] = set()

    @property
    def name(self) -> Kind:
        return self._service.name

    @property
    def model(self) -> str:
        return self._service.config.model

    @property
    def is_remote(self) -> bool:
        return True

    def prompt(self, order: Order) -> str:
        """What would be asked."""
        return self._prompt(order)

    async def paint(self, order: Order) -> Painted:
        """Ask for one picture. Errors: RedBookError; `unbilled` where it surely cost nothing."""
        prompt = self._prompt(order)
        async with self._slots:
            references, warnings = await asyncio.to_thread(self._references, order)
            answer, dropped = await self._ask(prompt, references)
            reading = await asyncio.to_thread(self._reading, answer)
            data = await self._data(reading.found)
            card, remarks = await asyncio.to_thread(to_card, data, bytes_max=self._service.config.bytes_max)
        without = tuple(f"the service does not know the parameter `{name}`; it was left out" for name in dropped)
        return Painted(
            cards=(card,),
            model=self._dialect.model(with_references=bool(references)),
            prompt=prompt,
            attempts=answer.attempts,
            warnings=(*warnings, *self._dialect.warnings(prompt), *without, *remarks),
            usage=dict(reading.usage),
        )

    async def aclose(self) -> None:
        """Close every connection."""
        try:
            await self._transport.aclose()
        finally:
            await self._downloads.aclose()

    def _references(self, order: Order) -> tuple[list[bytes], tuple[str, ...]]:
        """The user's pictures, then the cover, compressed; the cover is the last to be left out."""
        wanted = [*order.references, *([] if order.cover is None else [order.cover])]
        limit = self._dialect.references_max
        sent = wanted[len(wanted) - limit :] if len(wanted) > limit else wanted
        left_out = len(wanted) - len(sent)
        if not left_out:
            warnings: tuple[str, ...] = ()
        elif sent:
            warnings = (f"{left_out} reference pictures were left out: the service takes {limit}, the cover included",)
        else:
            warnings = (f"the model {self._service.config.model} takes no pictures: it painted without cover and references",)
        try:
            return [compressed_reference(picture) for picture in sent], warnings
        except RedBookError as fault:
            raise RedBookError(fault.code, fault.message, unbilled=True) from None

    async def _ask(self, prompt: str, references: Sequence[bytes]) -> tuple[Answer, tuple[str, ...]]:
        """The answer of status 2xx, after leaving out what the service does not know; and what was left out just now."""
        request = self._dialect.request(prompt, references)
        body = without(request.body, self._dropped)
        url = address(self._service.base, request.path)
        attempts = 0
        dropped: list[str] = []
        while True:
            answer = await self._transport.send(url, Request(request.path, body, request.files))
            attempts += answer.attempts
            if 200 <= answer.status < 300:
                return Answer(answer.status, answer.headers, answer.body, attempts), tuple(dropped)
            name = read_fault(answer.body).unknown_parameter(optional(body)) if answer.status in {400, 422} else None
            if name is None or len(dropped) >= DROPPED_MAX:
                raise error_of(self._service.name, answer.status, answer.body, self._service.secrets)
            dropped.append(name)
            self._dropped.add(name)
            body = without(body, {name})

    def _reading(self, answer: Answer) -> Reading:
        """Errors: those of the dialect; PROVIDER_BAD_RESPONSE for what is no JSON object."""
        service = self._service
        try:
            reply: object = folded(answer.body) if is_event_stream(answer.body) else json.loads(answer.body)
        except (ValueError, RecursionError):
            raise self._unreadable("the answer is no JSON", answer) from None
        if not isinstance(reply, dict):
            raise self._unreadable("the answer is no JSON object", answer)
        try:
            return self._dialect.read(reply)
        except RecursionError:
            raise bad_reply(service.name, "the answer is nested too deeply") from None

    def _unreadable(self, why: str, answer: Answer) -> RedBookError:
        quoted = answer.body[: 64 * 1024].decode("utf-8", "replace")
        return bad_reply(self._service.name, why, quoted, self._service.secrets)

    async def _data(self, found: Found) -> bytes:
        if found.data is not None:
            return found.data
        return await self._downloads.fetch(found.url or "")


def optional(body: Mapping[str, object]) -> tuple[str, ...]:
    """The members of a request that it can do without, also those one level down."""
    names = [name for name in body if name not in _NEEDED and name not in _NESTED]
    for outer in _NESTED:
        inner = body.get(outer)
        if isinstance(inner, Mapping):
            names.extend(inner)
    return tuple(names)


def without(body: Mapping[str, object], names: set[str]) -> dict[str, object]:
    """A request without some of its optional members."""
    kept = {name: value for name, value in body.items() if name not in names or name in _NEEDED}
    for outer in _NESTED:
        inner = kept.get(outer)
        if isinstance(inner, Mapping):
            kept[outer] = {name: value for name, value in inner.items() if name not in names}
    return kept
