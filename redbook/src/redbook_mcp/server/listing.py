"""The five tools as clients are told of them."""

from __future__ import annotations

from typing import Final

import mcp_types as types

from redbook_mcp.server import schemas
from redbook_mcp.server.tools import Desk

_READS: Final = types.ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


def tool_list(desk: Desk) -> list[types.Tool]:
    """The tools of a desk: its themes and painters are in their schemas."""
    return [_generate_outline(desk), _update_outline(desk), _generate_images(desk), _get_project(), _list_all_projects()]


def _generate_outline(desk: Desk) -> types.Tool:
    return types.Tool(
        name="generate_outline",
        title="Keep an outline",
        description="Make a project of an outline that you wrote. Paints nothing. Returns the projectId and the pages as read.",
        input_schema=schemas.generate_outline_input(desk.themes),
        output_schema=schemas.GENERATE_OUTLINE_OUTPUT,
        annotations=_writes(idempotent=False),
    )


def _update_outline(desk: Desk) -> types.Tool:
    return types.Tool(
        name="update_outline",
        title="Change an outline",
        description=(
            "Replace a project's pages. Pictures stay; those of changed texts are stale until generate_images repaints them."
        ),
        input_schema=schemas.update_outline_input(desk.themes),
        output_schema=schemas.UPDATE_OUTLINE_OUTPUT,
        annotations=_writes(idempotent=True),
    )


def _generate_images(desk: Desk) -> types.Tool:
    return types.Tool(
        name="generate_images",
        title="Paint pages",
        description=(
            "Paint a project's pages: the cover first, the others in its style. Without `pages`, whatever is missing or changed. "
            "Each page is kept as it comes; earlier versions stay. A repeat of a call is not painted, or billed, again."
        ),
        input_schema=schemas.generate_images_input(desk.painters.names),
        output_schema=schemas.GENERATE_IMAGES_OUTPUT,
        annotations=_writes(idempotent=False, open_world=desk.painters.is_remote),
    )


def _get_project() -> types.Tool:
    return types.Tool(
        name="get_project",
        title="Read a project",
        description="A project with its pages, pictures and what the platform's rules say of it.",
        input_schema=schemas.GET_PROJECT_INPUT,
        output_schema=schemas.GET_PROJECT_OUTPUT,
        annotations=_READS,
    )


def _list_all_projects() -> types.Tool:
    return types.Tool(
        name="list_all_projects",
        title="List projects",
        description="All projects, newest first.",
        input_schema=schemas.LIST_PROJECTS_INPUT,
        output_schema=schemas.LIST_PROJECTS_OUTPUT,
        annotations=_READS,
    )


def _writes(*, idempotent: bool, open_world: bool = False) -> types.ToolAnnotations:
    """Nothing is destroyed: earlier versions are kept."""
    return types.ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=idempotent, open_world_hint=open_world
    )
