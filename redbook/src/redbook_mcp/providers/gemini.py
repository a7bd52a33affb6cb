"""Google's Gemini image models: `generateContent` of the Developer API."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from redbook_mcp.providers.dialect import Found, Reading, counts, decoded, first, mapping, merged, objects
from redbook_mcp.providers.faults import bad_reply, blocked
from redbook_mcp.providers.secrets import scrub
from redbook_mcp.providers.service import Service
from redbook_mcp.providers.transport import Request
from redbook_mcp.secret import Secret

GENERATE: Final = "/v1beta/models/{model}:generateContent"
REFERENCES_MAX: Final = 14

BLOCKING_REASONS: Final = frozenset(
    {
        "SAFETY",
        "IMAGE_SAFETY",
        "PROHIBITED_CONTENT",
        "IMAGE_PROHIBITED_CONTENT",
        "RECITATION",
        "IMAGE_RECITATION",
        "BLOCKLIST",
        "SPII",
        "MODEL_ARMOR",
        "JAILBREAK",
    }
)
"""Reasons that stay the same however often one asks; after any other (`NO_IMAGE`, `IMAGE_OTHER` …) the next try may paint."""

_USAGE: Final = {
    "promptTokenCount": "input_tokens",
    "candidatesTokenCount": "output_tokens",
    "totalTokenCount": "total_tokens",
}


class Gemini:
    """The key travels in a header, never in the address."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._config = service.config

    @property
    def references_max(self) -> int:
        return 0 if self._config.references == "none" else REFERENCES_MAX

    def headers(self) -> Mapping[str, Secret]:
        return {"x-goog-api-key": self._config.key}

    def model(self, *, with_references: bool) -> str:
        return self._config.reference_model or self._config.model if with_references else self._config.model

    def request(self, prompt: str, references: Sequence[bytes]) -> Request:
        parts: list[dict[str, object]] = [
            {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(reference).decode("ascii")}}
            for reference in references
        ]
        image: dict[str, object] = {"aspectRatio": "3:4"}
        if self._config.size:
            image["imageSize"] = self._config.size
        body: dict[str, object] = {
            "contents": [{"role": "user", "parts": [*parts, {"text": prompt}]}],
            "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": image},
        }
        model = quote(self.model(with_references=bool(references)).removeprefix("models/"), safe="")
        path = self._config.endpoint or GENERATE
        return Request(path.replace("{model}", model), merged(body, self._config.extra))

    def read(self, reply: Mapping[str, object]) -> Reading:
        service = self._service
        refusal = str(mapping(reply.get("promptFeedback")).get("blockReason") or "")
        if refusal:
            raise blocked(service.name, refusal, service.secrets)
        candidate = first(reply.get("candidates"))
        parts = [part for part in objects(mapping(candidate.get("content")).get("parts")) if part.get("thought") is not True]
        # A model that thinks in pictures gives its drafts first: the last one is meant.
        for part in reversed(parts):
            inline = mapping(part.get("inlineData")) or mapping(part.get("inline_data"))
            text = inline.get("data")
            if isinstance(text, str):
                return Reading(self._picture(text), {"images": 1, **counts(reply.get("usageMetadata"), _USAGE)})
        raise self._no_picture(candidate, parts)

    def warnings(self, prompt: str) -> tuple[str, ...]:
        return ()

    def _picture(self, text: str) -> Found:
        data = decoded(text)
        if data is None:
            raise bad_reply(self._service.name, "the answer's inlineData is no picture", text, self._service.secrets)
        return Found(data=data)

    def _no_picture(self, candidate: Mapping[str, object], parts: Sequence[Mapping[str, object]]) -> Exception:
        service = self._service
        reason = str(candidate.get("finishReason") or "none given")
        words = " ".join(str(part.get("text")) for part in parts if isinstance(part.get("text"), str))
        said = words or str(candidate.get("finishMessage") or "") or json.dumps(dict(candidate), ensure_ascii=False, default=str)
        if reason in BLOCKING_REASONS:
            return blocked(service.name, f"{reason} {said}", service.secrets)
        return bad_reply(
            service.name,
            f"the answer holds no picture (finishReason {scrub(reason, service.secrets, limit=60)})",
            said,
            service.secrets,
        )
