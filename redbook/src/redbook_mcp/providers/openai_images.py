"""OpenAI's images API and the relays that speak it: generations, and edits when there are pictures to go by."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from redbook_mcp.providers.dialect import Reading, counts, data_uri, first, found_in, mapping, merged, objects
from redbook_mcp.providers.faults import bad_reply, blocked, fault_of
from redbook_mcp.providers.service import Service
from redbook_mcp.providers.transport import Part, Request
from redbook_mcp.secret import Secret

GENERATIONS: Final = "/v1/images/generations"
SIZE: Final = "1104x1472"
"""Exactly 3:4 with sides that 16 divides, and just above 1080×1440: what gpt-image-2 and later paint on demand."""
OLDER_SIZE: Final = "1024x1536"
"""The nearest that the models before it know."""
REFERENCES_MAX: Final = 16

_ANY_SIZE: Final = re.compile(r"gpt-image-(?:[2-9]|[1-9]\d)")
_USAGE: Final = {"input_tokens": "input_tokens", "output_tokens": "output_tokens", "total_tokens": "total_tokens"}


class OpenAIImages:
    """The images API. Sends no `response_format`: OpenAI's own models refuse it; relays may be given it by `extra`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._config = service.config

    @property
    def references_max(self) -> int:
        return 0 if self._config.references == "none" else REFERENCES_MAX

    def headers(self) -> Mapping[str, Secret]:
        return {"authorization": Secret(f"Bearer {self._config.key.reveal()}")}

    def model(self, *, with_references: bool) -> str:
        return self._config.reference_model or self._config.model if with_references else self._config.model

    def request(self, prompt: str, references: Sequence[bytes]) -> Request:
        model = self.model(with_references=bool(references))
        body = merged({"model": model, "prompt": prompt, "size": self._config.size or size_for(model)}, self._config.extra)
        path = self._config.endpoint or GENERATIONS
        if not references:
            return Request(path, body)
        if self._config.references == "inline":
            return Request(path, {**body, "image": [data_uri(reference) for reference in references]})
        name = "image" if len(references) == 1 else "image[]"
        files = tuple(
            Part(name, f"reference-{number}.jpg", reference, "image/jpeg") for number, reference in enumerate(references, 1)
        )
        return Request(re.sub(r"generations/?$", "edits", path), body, files)

    def read(self, reply: Mapping[str, object]) -> Reading:
        return read_images(self._service, reply, counts(reply.get("usage"), _USAGE))

    def warnings(self, prompt: str) -> tuple[str, ...]:
        return ()


def size_for(model: str) -> str:
    """What to ask of a model to come nearest to 3:4."""
    return SIZE if _ANY_SIZE.match(model.rpartition("/")[2]) else OLDER_SIZE


def read_images(service: Service, reply: Mapping[str, object], usage: Mapping[str, int]) -> Reading:
    """The first picture of `data[]`, as base64 or as an address."""
    images = objects(reply.get("data"))
    for image in images:
        for member in ("b64_json", "url"):
            text = image.get(member)
            if not isinstance(text, str) or not text:
                continue
            found = found_in(text)
            if found is None:
                raise bad_reply(service.name, f"the answer's `{member}` is no picture", text, service.secrets)
            return Reading(found, {"images": len(images), **usage})
    raise no_picture(service, reply)


def no_picture(service: Service, reply: Mapping[str, object]) -> Exception:
    """An answer of success that tells, at most, why there is no picture."""
    inner = mapping(reply.get("error")) or mapping(first(reply.get("data")).get("error"))
    if inner:
        fault = fault_of(dict(inner))
        if fault.is_moderation:
            return blocked(service.name, fault.message, service.secrets)
    quoted = json.dumps(dict(reply), ensure_ascii=False, default=str)
    return bad_reply(service.name, "the answer holds no picture", quoted, service.secrets)
