"""What a remote painter is told once, and where its addresses come from."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from httpx2 import URL, InvalidURL

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.pictures import PICTURE_BYTES_MAX
from redbook_mcp.secret import Secret

Kind = Literal["openai", "gemini", "chat", "seedream", "dashscope"]
References = Literal["edits", "inline", "none"]

CONCURRENCY_MAX: Final = 8
RETRIES_MAX: Final = 10

DEFAULT_BASES: Final[Mapping[Kind, str]] = {
    "openai": "https://api.openai.com",
    "gemini": "https://generativelanguage.googleapis.com",
    "chat": "https://openrouter.ai/api",
    "seedream": "https://ark.cn-beijing.volces.com",
    "dashscope": "https://dashscope.aliyuncs.com",
}
DEFAULT_MODELS: Final[Mapping[Kind, str]] = {
    "openai": "gpt-image-2",
    "gemini": "gemini-3.1-flash-image",
    "chat": "google/gemini-3.1-flash-image",
    "seedream": "doubao-seedream-4-5-251128",
    "dashscope": "qwen-image-2.0-pro",
}

_VERSION: Final = re.compile(r"v\d+[a-z0-9]*")
_TAILS: Final = (("images", "generations"), ("images", "edits"), ("chat", "completions"))
_KEY: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_LOCAL_SUFFIXES: Final = (".local", ".lan", ".internal", ".localhost")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds of real time."""

    connect: float = 10.0
    read: float = 300.0
    """For a whole answer, from the request's last byte to the answer's last. Models take minutes."""
    download: float = 60.0
    """For one hop of a download, whole."""


@dataclass(frozen=True, slots=True)
class RemoteConfig:
    """How to reach one image service. `check()` says what cannot work."""

    key: Secret
    model: str
    base_url: str | None = None
    """None for the service's own. With or without its version: `https://host` and `https://host/v1` mean the same."""
    endpoint: str | None = None
    """The path below the base, as the original's `ENDPOINTS` has it; None for the dialect's own."""
    size: str | None = None
    """In the service's own words (`1104x1472`, `2K`); None for the best for 1080×1440."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """More members of the request's body, for relays and new parameters; they win over ours. None removes ours."""
    references: References = "edits"
    """openai only. How pictures are sent: as a multipart edit, as data URIs in a generation (relays), or not at all."""
    reference_model: str | None = None
    """The model for pages that have pictures to go by, where a service has another one for that (DashScope)."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    retries: int = 2
    """More attempts after the first."""
    retry_unanswered: bool = False
    """Whether to ask again when a connection broke after the whole request had been sent. It may be billed twice then."""
    concurrency: int = 1
    """Requests under way at once, 1 to 8."""
    bytes_max: int = PICTURE_BYTES_MAX

    def check(self) -> None:
        """Errors: INVALID_INPUT, naming every member that cannot work."""
        wrong = [
            sentence
            for bad, sentence in (
                (not _KEY.fullmatch(self.key.reveal()), "the key must be printable characters without spaces"),
                (not self.model.strip(), "a model must be named"),
                (not 1 <= self.concurrency <= CONCURRENCY_MAX, f"concurrency must be 1 to {CONCURRENCY_MAX}"),
                (not 0 <= self.retries <= RETRIES_MAX, f"retries must be 0 to {RETRIES_MAX}"),
                (min(self.timeouts.connect, self.timeouts.read, self.timeouts.download) <= 0, "time-outs must be above 0"),
                (self.bytes_max < 1, "bytes_max must be above 0"),
            )
            if bad
        ]
        if wrong:
            raise RedBookError(Code.INVALID_INPUT, "image provider: " + "; ".join(wrong))


def kind_of_endpoint(endpoint: str) -> Kind:
    """The dialect that the original's `ENDPOINTS` names. Errors: INVALID_INPUT."""
    path = endpoint.strip().rstrip("/")
    if path.endswith("images/generations"):
        return "openai"
    if path.endswith("chat/completions"):
        return "chat"
    raise RedBookError(
        Code.INVALID_INPUT, "ENDPOINTS must end in `/images/generations` or `/chat/completions`, such as /v1/images/generations"
    )


def base_of(kind: Kind, base_url: str | None) -> URL:
    """The checked base address. Errors: INVALID_INPUT for what is no address, and for http that leaves the local network."""
    text = (base_url or DEFAULT_BASES[kind]).strip()
    try:
        base = URL(text)
    except InvalidURL:
        raise RedBookError(Code.INVALID_INPUT, "the image provider's base URL is no URL") from None
    if base.scheme not in {"http", "https"} or not base.host or base.userinfo or base.query or base.fragment:
        raise RedBookError(
            Code.INVALID_INPUT, "the image provider's base URL must be https://host[/path], without user, query and fragment"
        )
    if base.scheme == "http" and not is_local_name(base.host):
        raise RedBookError(Code.INVALID_INPUT, f"use https for {base.host}: the key would travel in clear text")
    return base


def address(base: URL, path: str) -> URL:
    """The request's address: the base and the path, with what both say said once.

    A version at the base's end replaces the path's; an endpoint at the base's end is the path's and goes.
    """
    have = [part for part in base.path.split("/") if part]
    want = [part for part in path.split("/") if part]
    for tail in _TAILS:
        if tuple(have[-2:]) == tail:
            have = have[:-2]
    version = next((at for at, part in enumerate(want) if _VERSION.fullmatch(part)), None)
    if have and _VERSION.fullmatch(have[-1]) and version is not None:
        want = want[version + 1 :]
    return base.copy_with(path="/" + "/".join([*have, *want]))


def is_local_name(host: str) -> bool:
    """Whether a host is this machine or its network by its very name: `localhost`, `relay.lan`, `one-api`, 192.168.1.5."""
    try:
        ip = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return "." not in host or host.endswith(_LOCAL_SUFFIXES)
    return ip.is_loopback or ip.is_private
