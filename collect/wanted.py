"""The list of servers to collect: `servers.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

FILE: Final = Path(__file__).with_name("servers.toml")
Ecosystem = Literal["pypi", "npm"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A server to install and to list."""

    slug: str
    name: str
    about: str
    ecosystem: Ecosystem
    package: str
    version: str | None = None
    """None: the newest, for an entry that is new."""
    program: str | None = None
    """Which of its programs; None where it has one, or one of its own name."""
    arguments: tuple[str, ...] = ()
    """`{home}` stands for the throw-away directory."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Made-up values without which it does not start. Never a secret."""
    beside: tuple[str, ...] = ()
    """Packages that it does not name and needs, with their versions."""


def wanted_servers(path: Path = FILE) -> list[Wanted]:
    """The entries of the list."""
    tables: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["server"]
    return [msgspec.convert(table, Wanted) for table in tables]
