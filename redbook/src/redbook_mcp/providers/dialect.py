"""What the dialects share: what one is, and how a picture is found in a piece of an answer. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from redbook_mcp.pictures import format_of
from redbook_mcp.providers.transport import Request
from redbook_mcp.secret import Secret

_DATA_URI: Final = re.compile(r"data:[\w.+-]{1,40}/[\w.+-]{1,60}(?:;[\w=.+-]{1,80}){0,4};base64,", re.IGNORECASE)
_SPACE: Final = str.maketrans("", "", " \t\r\n")
_URL_SAFE: Final = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Found:
    """A picture in an answer: its bytes, or the address where it is; never neither."""

    data: bytes | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer holds."""

    found: Found
    usage: Mapping[str, int] = field(default_factory=dict)
    """`input_tokens`, `output_tokens`, `total_tokens`, `images`: those that the service counts."""


class Dialect(Protocol):
    """How one kind of service is spoken with. Pure: the painter does the sending."""

    @property
    def references_max(self) -> int:
        """Pictures that one request takes; 0 for none."""
        ...

    def headers(self) -> Mapping[str, Secret]:
        """Those that hold the key."""
        ...

    def model(self, *, with_references: bool) -> str:
        """The model that is asked."""
        ...

    def request(self, prompt: str, references: Sequence[bytes]) -> Request:
        """The request for one picture; `references` are JPEG files, the most telling one last."""
        ...

    def read(self, reply: Mapping[str, object]) -> Reading:
        """The picture in an answer of status 2xx. Errors: CONTENT_BLOCKED, PROVIDER_BAD_RESPONSE."""
        ...

    def warnings(self, prompt: str) -> tuple[str, ...]:
        """What the user should know of how this service will take this prompt."""
        ...


def data_uri(jpeg: bytes) -> str:
    """A reference as services take it inside JSON."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def found_in(text: str) -> Found | None:
    """The picture that a text is: a data URI, an address, or base64; None if it is something else."""
    text = text.strip()
    if text[:8].lower().startswith(("https://", "http://")):
        return None if re.search(r"\s", text) else Found(url=text)
    data = decoded(text)
    return None if data is None else Found(data=data)


def decoded(text: str) -> bytes | None:
    """The picture's bytes in base64, with or without a data URI's head; None if they are no picture's, or cut within a group."""
    head = _DATA_URI.match(text)
    body = (text[head.end() :] if head else text).translate(_SPACE).translate(_URL_SAFE).rstrip("=")
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if format_of(data) else None


def merged(body: Mapping[str, object], extra: Mapping[str, object]) -> dict[str, object]:
    """The body with the operator's members; None takes ours away."""
    return {name: value for name, value in {**body, **extra}.items() if value is not None}


def counts(usage: object, names: Mapping[str, str]) -> dict[str, int]:
    """The whole numbers of a usage object under our names; what is absent or strange is left out."""
    if not isinstance(usage, Mapping):
        return {}
    found: dict[str, int] = {}
    for theirs, ours in names.items():
        value = usage.get(theirs)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            found[ours] = value
    return found


def first(value: object) -> Mapping[str, object]:
    """The first member of a list, if that is an object; else an empty one."""
    item = value[0] if isinstance(value, list) and value else None
    return item if isinstance(item, Mapping) else {}


def mapping(value: object) -> Mapping[str, object]:
    """The value, if it is an object; else an empty one."""
    return value if isinstance(value, Mapping) else {}


def objects(value: object) -> tuple[Mapping[str, object], ...]:
    """The objects in a list; none if it is no list."""
    return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()
