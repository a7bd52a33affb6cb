"""Places: POSIX paths (`path_within`) and resource URIs. Pure, lexical: no file system is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from yett.policy.errors import LiteralError


def resolve_path(text: str) -> str | None:
    """The absolute POSIX path with `.`, `..` and repeated slashes resolved, and a slash at its end; None if it is no such path.

    Links are not followed: a path names what its text says.
    """
    if not text.startswith("/") or "\0" in text:
        return None
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "".join(f"{part}/" for part in parts)


@dataclass(frozen=True, slots=True)
class DirectorySet:
    """The literal of `path_within`: directories, each as `resolve_path` writes it."""

    directories: tuple[str, ...]

    @classmethod
    def parse(cls, literals: Iterable[str]) -> DirectorySet:
        """The set of these directories; `LiteralError` names the first that is not an absolute path."""
        return cls(tuple(_parse_directory(index, literal) for index, literal in enumerate(literals)))

    def judge(self, text: str) -> bool | None:
        """Whether the path is one of the directories or below one; None if it is not an absolute path without NUL."""
        path = resolve_path(text)
        return None if path is None else path.startswith(self.directories)


def _parse_directory(index: int, literal: str) -> str:
    directory = resolve_path(literal)
    if directory is None:
        raise LiteralError(index, f"`{literal}` is not an absolute directory: it must start with `/` and hold no NUL")
    return directory


# RFC 3986, appendix A, with the normal form of section 6.2.2 built in: an octet is encoded in upper-case hex digits, and only
# if it is not an unreserved character. Encoded controls and `%5C` are left out: what they do depends on who decodes them.
_OCTET: Final = r"%(?:2[0-9A-CF]|3[A-F]|40|5[BDE]|60|7[BCD]|[89A-F][0-9A-F])"
_PCHAR: Final = rf"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|{_OCTET})"
_NAME_CHAR: Final = rf"(?:[A-Za-z0-9._~!$&'()*+,;=-]|{_OCTET})"
_AUTHORITY: Final = rf"(?:(?:{_NAME_CHAR}|:)*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|{_NAME_CHAR}*)(?::[0-9]*)?(?=[/?#]|\Z)"
_NORMAL: Final = re.compile(
    rf"(?P<scheme>[a-z][a-z0-9+.-]*):"
    rf"(?://{_AUTHORITY}|(?!//))"
    rf"(?P<path>(?:{_PCHAR}|/)*)"
    rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?",
)
_C1_CONTROL: Final = re.compile(r"%C2%[89]")
_TRIPLET: Final = re.compile(r"%..")
_SEGMENT_END: Final = re.compile(r"/|%2F")


def is_normal_uri(uri: str) -> bool:
    """Whether `uri` is an absolute URI in the normal form of RFC 3986 section 6.2.2, which has one text for one resource.

    Beyond the RFC, a dot segment counts as one also beside an encoded slash, and no control character or `\\` may be encoded:
    servers that decode before they resolve would leave the place that a pattern allows. The letter case of a host counts for
    http and https; other schemes may be case-sensitive there.
    """
    parts = _NORMAL.fullmatch(uri)
    if parts is None or _C1_CONTROL.search(uri) is not None:
        return False
    if parts["scheme"] in {"http", "https"} and not _is_normal_web_host(parts["host"]):
        return False
    return not any(segment in {".", ".."} for segment in _SEGMENT_END.split(parts["path"]))


def _is_normal_web_host(host: str | None) -> bool:
    """Whether there is a host, in lower case; without one, clients would look for it in the path."""
    if not host:
        return False
    letters = _TRIPLET.sub("", host)
    return letters == letters.lower()
