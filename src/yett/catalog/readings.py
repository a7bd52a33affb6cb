"""What each part of one definition says, read once."""

from __future__ import annotations

from dataclasses import dataclass

from yett.catalog.act import Act
from yett.catalog.model import ToolDefinition
from yett.catalog.neighbours import Neighbours
from yett.catalog.schema_reading import Field


@dataclass(frozen=True, slots=True)
class Readings:
    """What each part of a definition says."""

    tool: ToolDefinition
    name: tuple[Act, ...]
    text: tuple[Act, ...]
    schema: tuple[Act, ...]
    fields: tuple[Field, ...]
    neighbours: Neighbours

    @property
    def lead(self) -> Act | None:
        """What the description is about."""
        return next((act for act in self.text if act.leads), None)
