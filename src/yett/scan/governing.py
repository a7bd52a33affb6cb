"""Whether the calls to a server go through Yett."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from yett.scan.model import FoundServer

_PATH: Final = re.compile(r"/mcp/[^/]+/?")
_VERBS: Final = frozenset({"run", "connect"})
_NAME: Final = "yett"
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_governed(server: FoundServer, gateways: Collection[str], programs: Collection[str] = (_NAME,)) -> bool:
    """Whether it is one of the `gateways` (their base urls), or `yett run` or `yett connect` starts it.

    Only what `programs` names counts as Yett: a file of the repository may be called so too.
    """
    if server.disputed is not None:
        return False
    if server.launch.url is not None:
        return any(_is_of(server.launch.url, gateway) for gateway in gateways)
    argv = server.launch.argv
    if len(argv) < 2 or argv[0] not in programs or argv[1] not in _VERBS:
        return False
    urls = [argv[at + 1] if word == "--url" and at + 1 < len(argv) else word[6:] for at, word in enumerate(argv) if _is_url(word)]
    return argv[1] == "run" or all(_base(url) in [_base(gateway) for gateway in gateways] for url in urls)


def _is_url(word: str) -> bool:
    return word == "--url" or word.startswith("--url=")


def _is_of(url: str, gateway: str) -> bool:
    here, there = _base(url), _base(gateway)
    return here is not None and here == there and _PATH.fullmatch(urlsplit(url).path.removeprefix(_prefix(gateway))) is not None


def _prefix(gateway: str) -> str:
    return urlsplit(gateway).path.rstrip("/")


def _base(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    return parts.scheme, "localhost" if host in _LOCAL else host, port or (443 if parts.scheme == "https" else 80)
