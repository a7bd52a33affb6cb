"""Answers that come as a stream of events although none was asked for: some relays know no other way. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from redbook_mcp.providers.dialect import first, mapping

_DATA = b"data:"


def is_event_stream(body: bytes) -> bool:
    """Whether a body is server-sent events and not JSON."""
    return body[:64].lstrip().startswith((_DATA, b"event:", b":"))


def folded(body: bytes) -> Mapping[str, object]:
    """The answer that the same service gives whole: the pieces of a chat put together, or the finished picture of a stream.

    Errors: ValueError for an event that is no JSON.
    """
    content: list[str] = []
    images: list[object] = []
    finished: list[object] = []
    rest: dict[str, object] = {}
    for event in _events(body):
        choice = first(event.get("choices"))
        piece = mapping(choice.get("delta")) or mapping(choice.get("message"))
        text, pictures = piece.get("content"), piece.get("images")
        if isinstance(text, str):
            content.append(text)
        if isinstance(pictures, list):
            images.extend(pictures)
        if str(event.get("type", "")).endswith(".completed"):
            finished.append(event)
        for name in ("usage", "error"):
            if event.get(name):
                rest[name] = event[name]
        if choice.get("finish_reason"):
            rest["finish_reason"] = choice["finish_reason"]
    if finished:
        return {"data": finished, **rest}
    message = {"content": "".join(content), "images": images}
    chosen = {"message": message, "finish_reason": rest.pop("finish_reason", None)}
    return {"choices": [chosen], **rest} if content or images else rest


def _events(body: bytes) -> Iterator[Mapping[str, object]]:
    for line in body.splitlines():
        text = line[len(_DATA) :].strip() if line.startswith(_DATA) else b""
        if text and text != b"[DONE]":
            yield mapping(json.loads(text))
