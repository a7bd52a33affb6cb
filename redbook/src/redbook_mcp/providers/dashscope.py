"""Alibaba's DashScope: Qwen's image models through `multimodal-generation`, answered at once and with an address.

The call is synchronous: no `X-DashScope-Async`, which is for the older task interface.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from redbook_mcp.providers.dialect import Reading, counts, data_uri, first, found_in, mapping, merged, objects
from redbook_mcp.providers.faults import bad_reply, fault_of
from redbook_mcp.providers.openai_images import no_picture
from redbook_mcp.providers.service import Service
from redbook_mcp.providers.transport import Request
from redbook_mcp.secret import Secret

GENERATION: Final = "/api/v1/services/aigc/multimodal-generation/generation"
SIZE: Final = "1104*1472"
"""On every model's list; a size off the list garbles Chinese text."""
REFERENCES_MAX: Final = 3
PROMPT_CHARACTERS: Final = 800
"""What the first generations of Qwen-Image read of a prompt; they drop the rest without a word."""

_TEXT_ONLY: Final = re.compile(r"qwen-image(?:-plus|-max)?(?:-\d{4}-\d{2}-\d{2})?|qwen-image-2512")
_FIRST_GENERATION: Final = re.compile(r"qwen-image(?!-[2-9]\.)")
_FIXED_SIZE: Final = re.compile(r"qwen-image-edit(?:-\d{4}-\d{2}-\d{2})?")
_USAGE: Final = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "total_tokens": "total_tokens",
    "image_count": "images",
}


class DashScope:
    """Models that cannot see pictures get none, unless `reference_model` names one that can."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._config = service.config

    @property
    def references_max(self) -> int:
        sees = not _TEXT_ONLY.fullmatch(self.model(with_references=True))
        return REFERENCES_MAX if sees and self._config.references != "none" else 0

    def headers(self) -> Mapping[str, Secret]:
        return {"authorization": Secret(f"Bearer {self._config.key.reveal()}")}

    def model(self, *, with_references: bool) -> str:
        return self._config.reference_model or self._config.model if with_references else self._config.model

    def request(self, prompt: str, references: Sequence[bytes]) -> Request:
        model = self.model(with_references=bool(references))
        content: list[dict[str, str]] = [{"image": data_uri(reference)} for reference in references]
        parameters: dict[str, object] = {
            "size": None if _FIXED_SIZE.fullmatch(model) else self._config.size or SIZE,
            "n": 1,
            # Rewriting would change the very words that belong on the card.
            "prompt_extend": False,
            "watermark": False,
        }
        body: dict[str, object] = {
            "model": model,
            "input": {"messages": [{"role": "user", "content": [*content, {"text": prompt}]}]},
            "parameters": merged(parameters, mapping(self._config.extra.get("parameters"))),
        }
        others = {name: value for name, value in self._config.extra.items() if name != "parameters"}
        return Request(self._config.endpoint or GENERATION, merged(body, others))

    def read(self, reply: Mapping[str, object]) -> Reading:
        service = self._service
        choice = first(mapping(reply.get("output")).get("choices"))
        for part in objects(mapping(choice.get("message")).get("content")):
            text = part.get("image")
            if not isinstance(text, str):
                continue
            found = found_in(text)
            if found is None:
                raise bad_reply(service.name, "the answer's `image` is no picture", text, service.secrets)
            return Reading(found, {"images": 1, **counts(reply.get("usage"), _USAGE)})
        fault = fault_of(dict(reply))
        raise no_picture(service, {"error": dict(reply)} if fault.is_moderation else reply)

    def warnings(self, prompt: str) -> tuple[str, ...]:
        if not _FIRST_GENERATION.match(self._config.model) or len(prompt) <= PROMPT_CHARACTERS:
            return ()
        return (f"the prompt has {len(prompt)} characters; {self._config.model} reads about the first {PROMPT_CHARACTERS}",)
