"""Chat completions that answer with a picture: OpenRouter, gateways, and the relays of image models that only know chat."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from redbook_mcp.providers.dialect import Found, Reading, counts, data_uri, decoded, first, found_in, mapping, merged, objects
from redbook_mcp.providers.faults import bad_reply, blocked
from redbook_mcp.providers.openai_images import no_picture
from redbook_mcp.providers.service import Service
from redbook_mcp.providers.transport import Request
from redbook_mcp.secret import Secret

COMPLETIONS: Final = "/v1/chat/completions"
REFERENCES_MAX: Final = 14

_MARKDOWN_IMAGE: Final = re.compile(r"!\[[^\]]{0,500}\]\(\s*<?([^)\s>]+)")
_MARKDOWN_LINK: Final = re.compile(r"\[[^\]]{0,500}\]\(\s*<?(https?://[^)\s>]+)")
_DATA_URI: Final = re.compile(r"data:image/[\w.+-]{1,60};base64,[A-Za-z0-9+/=_-]+", re.IGNORECASE)
_PICTURE_URL: Final = re.compile(r"https?://[^\s\"'<>)\]]+\.(?:png|jpe?g|webp)(?:\?[^\s\"'<>)\]]*)?", re.IGNORECASE)
_USAGE: Final = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens", "total_tokens": "total_tokens"}


class Chat:
    """One user message in, one message with a picture out, in whichever of the known shapes."""

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
        pictures = [{"type": "image_url", "image_url": {"url": data_uri(reference)}} for reference in references]
        image: dict[str, object] = {"aspect_ratio": "3:4"}
        if self._config.size:
            image["image_size"] = self._config.size
        body: dict[str, object] = {
            "model": self.model(with_references=bool(references)),
            "messages": [{"role": "user", "content": [*pictures, {"type": "text", "text": prompt}] if pictures else prompt}],
            "modalities": ["image", "text"],
            "image_config": image,
            "stream": False,
        }
        return Request(self._config.endpoint or COMPLETIONS, merged(body, self._config.extra))

    def read(self, reply: Mapping[str, object]) -> Reading:
        service = self._service
        choice = first(reply.get("choices"))
        message = mapping(choice.get("message"))
        for text in _candidates(message):
            found = _found(text)
            if found is not None:
                return Reading(found, {"images": 1, **counts(reply.get("usage"), _USAGE)})
        refusal = message.get("refusal")
        if isinstance(refusal, str) and refusal:
            raise blocked(service.name, refusal, service.secrets)
        if choice.get("finish_reason") == "content_filter":
            raise blocked(service.name, "finish_reason content_filter", service.secrets)
        if not message:
            raise no_picture(service, reply)
        content = message.get("content")
        quoted = content if isinstance(content, str) else json.dumps(dict(message), ensure_ascii=False, default=str)
        raise bad_reply(service.name, "the answer holds no picture", quoted, service.secrets)

    def warnings(self, prompt: str) -> tuple[str, ...]:
        return ()


def _candidates(message: Mapping[str, object]) -> Iterator[str]:
    """The texts of a message in which a picture may be, the surest first."""
    for image in objects(message.get("images")):
        yield from _of_part(image)
    content = message.get("content")
    if isinstance(content, str):
        yield content
    for part in objects(content):
        yield from _of_part(part)


def _of_part(part: Mapping[str, object]) -> Iterator[str]:
    for member in ("image_url", "image", "url", "b64_json", "data", "text"):
        value = part.get(member)
        inner = mapping(value).get("url") or mapping(value).get("data")
        for text in (value, inner):
            if isinstance(text, str) and text:
                yield text
    inline = mapping(part.get("inline_data")) or mapping(part.get("inlineData")) or mapping(part.get("source"))
    data = inline.get("data")
    if isinstance(data, str):
        yield data


def _found(text: str) -> Found | None:
    """The picture in a text: the text itself, a Markdown image, a data URI or a link within prose."""
    whole = found_in(text)
    if whole is not None:
        return whole
    for pattern in (_MARKDOWN_IMAGE, _DATA_URI, _PICTURE_URL, _MARKDOWN_LINK):
        for match in pattern.finditer(text):
            found = found_in(match[1] if pattern.groups else match[0])
            if found is not None:
                return found
    fenced = text.strip().strip("`").strip()
    data = decoded(fenced)
    return None if data is None else Found(data=data)
