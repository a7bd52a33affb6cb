"""Commands that run another program or package than they name."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from yett.scan.packages import unwrapped

_DIVERTING: Final = re.compile(
    r"(npm_config_registry|(uv|pip)_(extra_|default_)?index(_url)?|uv_find_links|node_options|node_path|ld_preload|ld_library_path|"
    r"dyld_insert_libraries|python(path|startup|home)|path|docker_host|npm_config_userconfig)",
    re.IGNORECASE,
)
"""Variables that lead to another program or package than the command names."""
_DIVERTING_OPTIONS: Final = frozenset(
    {"--registry", "--index-url", "--extra-index-url", "--index", "--default-index", "--find-links", "--userconfig",
     "--entrypoint", "--node-options", "--with", "--call", "-c", "--overrides", "--env-file"}
)  # fmt: skip
_ABSOLUTE: Final = re.compile(r"/|[A-Za-z]:/")


def diverted(argv: Sequence[str], variables: Collection[str], word: str | None) -> str | None:
    """Why it may be another program than it seems; `word` names its package."""
    inner = unwrapped(argv) or tuple(argv)
    wrapping = argv[: len(argv) - len(inner)]
    if any(_DIVERTING.fullmatch(name) for name in (*variables, *(one.partition("=")[0] for one in wrapping))):
        return "its variables lead to another program or package than it names"
    options = inner[1 : inner.index(word)] if word is not None and word in inner else ()
    if any(option.partition("=")[0] in _DIVERTING_OPTIONS for option in options):
        return "its options lead to another program or package than it names"
    program = inner[0].replace("\\", "/")
    if "/" in program and not _ABSOLUTE.match(program):
        return "its program is a file of the repository, whatever it is called"
    return None
