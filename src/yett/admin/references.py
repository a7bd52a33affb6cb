"""Which references to credentials may be used: nobody reaches Yett's own secrets, and members only what the operator lists.

A reference names a variable or a file of the gateway's host, and its value is sent to a URL that the same person chose.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

OWN_VARIABLES: Final = "env:YETT_"


@dataclass(frozen=True, slots=True)
class References:
    """The rule of one installation."""

    state_dir: Path
    listed: tuple[str, ...] = ()
    """Of `servers.credentials`: whole references; `*` stands for any text."""

    def refusal(self, reference: str, *, operator: bool) -> str | None:
        """Why `reference`, which has the right form, may not be used; None if it may.

        `operator`: whether it is used by whoever runs the installation, who may read every file and variable anyway.
        """
        if reference.startswith(OWN_VARIABLES):
            return "variables that begin with `YETT_` are the gateway's own; no server gets one"
        if reference.startswith("file:") and self._is_own(reference.removeprefix("file:")):
            return "files in the state directory are the gateway's own; no server gets one"
        if operator or any(fnmatchcase(_plain(reference), pattern) for pattern in self.listed):
            return None
        return f"`{reference}` is not listed; whoever runs the gateway lists references for members under `servers.credentials`"

    def _is_own(self, path: str) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.state_dir))


def _plain(reference: str) -> str:
    """`reference` without `..` and the like, so that a pattern for a directory holds for nothing outside of it."""
    kind, _, rest = reference.partition(":")
    return f"{kind}:{os.path.normpath(rest)}" if kind == "file" else reference
