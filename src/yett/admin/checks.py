"""The form of what people write: names, addresses, references to credentials, tags, expiry. Pure; raises `Invalid`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlsplit

from yett.admin.errors import Invalid

TAGS_MAX: Final = 32
TAG_KEY_MAX: Final = 64
NOTES_MAX: Final = 4_000
TEXT_MAX: Final = 256
"""Characters of a label, an owner, a tag's value, a message."""
NS: Final = 1_000_000_000
NS_MAX: Final = 2**63 - 1
"""What a database holds; in the year 2262."""
UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", re.ASCII)
_SCHEME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{0,32}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]")
"""Also what turns the reading direction, and tags, which nobody sees: a name must not look like another one."""
_DURATION: Final = re.compile(r"([1-9][0-9]{0,5})([smhdw])", re.ASCII)
_FRAMING: Final = frozenset(
    {"host", "connection", "content-length", "content-type", "transfer-encoding", "upgrade", "te", "trailer", "accept"}
)
"""Fields that the gateway writes itself; a credential under such a name would break or redirect the request."""


def check_name(kind: str, name: str) -> str:
    """`name`, if it can stand in a URL as it is and cannot be taken for an id."""
    if _NAME.fullmatch(name) is None:
        raise Invalid(
            f"`{name}` is no name for a {kind}: lower-case letters, digits, `.`, `_` and `-`, at most 63, not first `.` or `-`",
            pointer="/name",
        )
    if _UUID.fullmatch(name):
        raise Invalid(f"`{name}` is no name for a {kind}: it looks like an id", pointer="/name")
    return name


def check_text(what: str, text: str, pointer: str | None = None) -> str:
    """`text`, if it is one short line."""
    if len(text) > TEXT_MAX:
        raise Invalid(f"{what} is longer than {TEXT_MAX} characters", pointer=pointer)
    if _CONTROL.search(text):
        raise Invalid(f"{what} holds a control character or a line break", pointer=pointer)
    return text


def check_notes(text: str) -> str:
    """`text`, if it is of a sane length and of printable characters and line breaks."""
    if len(text) > NOTES_MAX:
        raise Invalid(f"the notes are longer than {NOTES_MAX:,} characters", pointer="/notes")
    if _CONTROL.search(text.replace("\n", "").replace("\t", "")):
        raise Invalid("the notes hold a control character", pointer="/notes")
    return text


def check_url(url: str) -> str:
    """`url`, if it is an absolute http(s) address without credentials or fragment."""
    if _CONTROL.search(url) or " " in url or "\\" in url:
        raise Invalid("the url holds white space, a backslash or a control character", pointer="/url")
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port != 0
    except ValueError as error:
        raise Invalid(f"`{url}` is no url: {error}", pointer="/url") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_fine:
        raise Invalid(f"`{url}` is no address of a server: write it as `https://host/path`", pointer="/url")
    if parts.username is not None or parts.password is not None:
        raise Invalid("the url holds a user or password; use `--credential env:NAME` or `--credential file:PATH`", pointer="/url")
    if parts.fragment:
        raise Invalid(f"`{url}` has a fragment, which no server sees; leave it out", pointer="/url")
    return url


def check_credential(reference: str) -> str:
    """`reference`, if it is `env:NAME` or `file:/ABSOLUTE/PATH`. An error does not repeat it: it may be the secret itself."""
    kind, _, rest = reference.partition(":")
    if kind == "env" and _VARIABLE.fullmatch(rest):
        return reference
    if kind == "file" and rest.startswith("/") and not _CONTROL.search(rest):
        return reference
    raise Invalid(
        "the credential is no reference: write `env:NAME` or `file:/absolute/path`, never the secret itself",
        pointer="/credential",
    )


def check_header(name: str, scheme: str) -> tuple[str, str]:
    """The field that carries the credential, in lower case, and the word before it."""
    header = name.lower()
    if _HEADER.fullmatch(name) is None:
        raise Invalid(f"`{name}` is no name of a header field", pointer="/credential_header")
    if header in _FRAMING or header.startswith("mcp-"):
        raise Invalid(
            f"the header field `{header}` is written by the gateway; a credential cannot go there", pointer="/credential_header"
        )
    if _SCHEME.fullmatch(scheme) is None:
        raise Invalid(f"`{scheme}` is no scheme: one word, or empty for none", pointer="/credential_header")
    return header, scheme


def check_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """`tags`, if they are few and short."""
    if len(tags) > TAGS_MAX:
        raise Invalid(f"a grant has at most {TAGS_MAX} tags", pointer="/tags")
    for key, value in tags.items():
        if not key or len(key) > TAG_KEY_MAX:
            raise Invalid(f"the tag key `{key[:TAG_KEY_MAX]}` must have 1 to {TAG_KEY_MAX} characters", pointer="/tags")
        check_text("a tag key", key, "/tags")
        check_text(f"the tag `{key}`", value, "/tags")
    return dict(tags)


def expiry_ns(text: str, now_ns: int) -> int:
    """When `text` is over, in ns since the epoch.

    It is a duration from now (`90m`, `12h`, `30d`), the end of a day in UTC (`2027-01-31`), or a moment (`2027-01-31T12:00:00Z`),
    and must lie ahead.
    """
    moment = _moment(text, now_ns)
    if moment is None:
        raise Invalid(
            f"`{text}` is no expiry: write `90m`, `12h`, `30d`, `2027-01-31` or `2027-01-31T12:00:00Z`", pointer="/expires"
        )
    if moment <= now_ns:
        raise Invalid(f"the expiry `{text}` has passed", pointer="/expires")
    if moment > NS_MAX:
        raise Invalid(f"the expiry `{text}` is too far ahead; leave it out for none", pointer="/expires")
    return moment


def duration_ns(what: str, text: str, longest_ns: int) -> int:
    """How long `text` (`90m`, `12h`, `30d`) is, in ns; `what` is the key it stands at."""
    duration = _DURATION.fullmatch(text)
    if duration is None:
        raise Invalid(f"`{text}` is no duration: write `90s`, `10m`, `12h` or `2d`", pointer=f"/{what}")
    length_ns = int(duration[1]) * UNITS[duration[2]] * NS
    if length_ns > longest_ns:
        raise Invalid(f"`{text}` is longer than {longest_ns // (86_400 * NS)} days, which is the longest", pointer=f"/{what}")
    return length_ns


def _moment(text: str, now_ns: int) -> int | None:
    duration = _DURATION.fullmatch(text)
    if duration:
        return now_ns + int(duration[1]) * UNITS[duration[2]] * NS
    try:
        if len(text) == len("2027-01-31"):
            day = date.fromisoformat(text) + timedelta(days=1)
            return int(datetime.combine(day, time(), UTC).timestamp()) * NS
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return int(moment.timestamp()) * NS if moment.tzinfo is not None else None


def show_moment(ns: int) -> str:
    """`ns` as RFC 3339, to the second."""
    return datetime.fromtimestamp(ns // NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
