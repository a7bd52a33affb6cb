"""What every command is handed: the settings, read when first asked for, and how to print."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from rich.console import Console

    from yett.settings import Settings

WIDTH_WITHOUT_TERMINAL: Final = 10_000
"""Columns of a table that goes into a pipe or file: nothing is cut off there."""


@dataclass
class CliContext:
    """One run of the command line. `click` hands it to commands that are decorated with `pass_context`."""

    config: Path | None = None
    json: bool = False
    """Whether data and errors are printed as JSON."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    local: bool = True
    """Whether `./yett.toml` counts. Not for what clients start: they are in folders that others made."""

    @cached_property
    def settings(self) -> Settings:
        """The configuration, read once.

        Errors: `OperatorFault`.
        """
        from yett.settings import load_settings

        return load_settings(self.config, self.environment, local=self.local)

    def color(self, *, stderr: bool = False) -> bool:
        """Whether to colour: NO_COLOR and TERM=dumb forbid, FORCE_COLOR asks for it, else only on a terminal."""
        if self.environment.get("NO_COLOR") or self.environment.get("TERM") == "dumb":
            return False
        stream = sys.stderr if stderr else sys.stdout
        return bool(self.environment.get("FORCE_COLOR")) or stream.isatty()

    def console(self, *, stderr: bool = False) -> Console:
        """A rich console for stdout (data) or stderr (talk). Print only `Text` or markup-free values to it."""
        from rich.console import Console

        stream = sys.stderr if stderr else sys.stdout
        color = self.color(stderr=stderr)
        return Console(
            file=stream,
            force_terminal=color,
            no_color=not color,
            markup=False,
            emoji=False,
            highlight=False,
            soft_wrap=False,
            width=None if stream.isatty() else self._columns(),
        )

    def _columns(self) -> int:
        """How wide a file or pipe is."""
        said = self.environment.get("COLUMNS", "")
        return int(said) if said.isdecimal() and int(said) > 0 else WIDTH_WITHOUT_TERMINAL


pass_context = click.make_pass_decorator(CliContext, ensure=True)
"""Decorator: the command's first argument is the `CliContext`."""
