"""The server: what it offers, and each request passed to who answers it. All revisions of the protocol."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from redbook_mcp import VERSION
from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.generation.progress import Report
from redbook_mcp.server import guides, resources, tools
from redbook_mcp.server.content import error_result, tool_result
from redbook_mcp.server.listing import tool_list
from redbook_mcp.server.results import Result
from redbook_mcp.server.tools import Desk

_LOG: Final = logging.getLogger(__name__)
Context = ServerRequestContext[dict[str, Any], Any]
Tool = Callable[[Desk, Mapping[str, object], Report | None], Awaitable[Result]]

INSTRUCTIONS: Final = """\
Makes Xiaohongshu (RedBook) image notes: 1080×1440 cards, a cover first and the others in its style.
1. Write the outline yourself (the prompt xiaohongshu-outline guides you) and give it to generate_outline.
2. generate_images paints the pages. A page that fails is listed in `errors`; ask again and only what is missing is painted.
3. update_outline changes texts; generate_images then repaints what changed, or the `pages` you name, with `feedback`.
4. project://{id}/export is a zip that is ready to publish; get_project tells what the platform's rules say of it."""

_FAILED: Final = {
    "generate_outline": Code.PARSE_ERROR,
    "update_outline": Code.UPDATE_FAILED,
    "generate_images": Code.GENERATION_FAILED,
    "get_project": Code.RETRIEVAL_FAILED,
    "list_all_projects": Code.RETRIEVAL_FAILED,
}
"""What a tool says when it failed by no fault of the caller."""

_CALLS: Final[dict[str, Tool]] = {
    "generate_outline": tools.generate_outline,
    "update_outline": tools.update_outline,
    "generate_images": tools.generate_images,
    "get_project": tools.get_project,
    "list_all_projects": tools.list_all_projects,
}


def build_server(desk: Desk) -> Server[dict[str, Any]]:
    """The server at a desk."""
    listed = tool_list(desk)

    async def list_tools(_: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=listed)

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        return await call(desk, context, params.name, params.arguments or {})

    async def list_resources(_: Context, params: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        return await resources.list_resources(desk.house.projects, params.cursor if params else None)

    async def read_resource(context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        return await resources.read_resource(desk.house.projects, str(params.uri), context.protocol_version)

    return Server(
        "redbook-mcp",
        version=VERSION,
        title="RedBook: Xiaohongshu image notes",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=_list_templates,
        on_read_resource=read_resource,
        on_list_prompts=_list_prompts,
        on_get_prompt=_get_prompt,
    )


async def call(desk: Desk, context: Context, name: str, arguments: Mapping[str, object]) -> types.CallToolResult:
    """One tool call. What the caller did wrong, and what went wrong, are results the model can read."""
    tool = _CALLS.get(name)
    if tool is None:
        raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {name[:100]}")
    try:
        result = await tool(desk, arguments, _report(context))
        return await tool_result(desk.house.projects, result, context.protocol_version)
    except RedBookError as error:
        return error_result(error)
    except Exception:  # noqa: BLE001 - the boundary to the wire: nothing of the inside is told, all of it is logged
        _LOG.exception("%s failed", name)
        return error_result(RedBookError(_FAILED[name], "the server failed; its log (standard error) says more"))


async def _list_templates(_: Context, __: types.PaginatedRequestParams | None) -> types.ListResourceTemplatesResult:
    return types.ListResourceTemplatesResult(resource_templates=resources.TEMPLATES)


async def _list_prompts(_: Context, __: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
    return types.ListPromptsResult(prompts=guides.PROMPTS)


async def _get_prompt(_: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
    return guides.get_prompt(params.name, params.arguments)


def _report(context: Context) -> Report | None:
    """Passes progress on to who asked for it with a token."""
    if not context.meta or context.meta.get("progress_token") is None:
        return None
    return context.session.report_progress
