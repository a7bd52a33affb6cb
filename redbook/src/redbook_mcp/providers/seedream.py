"""Volcengine Ark's Seedream: the images API with references as data URIs in the body and sizes of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from redbook_mcp.providers.dialect import Reading, counts, data_uri, merged
from redbook_mcp.providers.openai_images import read_images
from redbook_mcp.providers.service import Service
from redbook_mcp.providers.transport import Request
from redbook_mcp.secret import Secret

GENERATIONS: Final = "/api/v3/images/generations"
SIZE: Final = "1728x2304"
REFERENCES_MAX: Final = 14

_USAGE: Final = {"output_tokens": "output_tokens", "total_tokens": "total_tokens", "generated_images": "images"}


class Seedream:
    """Asks for base64, which needs no second connection and does not expire."""

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
        body: dict[str, object] = {
            "model": self.model(with_references=bool(references)),
            "prompt": prompt,
            "size": self._config.size or SIZE,
            "response_format": "b64_json",
            "sequential_image_generation": "disabled",
            # Our own label says in words that a model painted it; the service's would cover the text.
            "watermark": False,
        }
        if references:
            uris = [data_uri(reference) for reference in references]
            body["image"] = uris[0] if len(uris) == 1 else uris
        return Request(self._config.endpoint or GENERATIONS, merged(body, self._config.extra))

    def read(self, reply: Mapping[str, object]) -> Reading:
        return read_images(self._service, reply, counts(reply.get("usage"), _USAGE))

    def warnings(self, prompt: str) -> tuple[str, ...]:
        return ()
