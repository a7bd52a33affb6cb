"""The guides for writers and painters, as prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import mcp_types as types
from mcp.shared.exceptions import MCPError

from redbook_mcp.errors import RedBookError
from redbook_mcp.model import PAGES_MAX
from redbook_mcp.prompts import image_guide, outline_guide
from redbook_mcp.server.arguments import Arguments

TOPIC_CHARACTERS_MAX: Final = 2000

PROMPTS: Final = [
    types.Prompt(
        name="xiaohongshu-outline",
        title="Write the outline of a note",
        description="Guides you to an outline that generate_outline takes.",
        arguments=[
            types.PromptArgument(name="topic", description="What the note is about.", required=False),
            types.PromptArgument(name="pages", description=f"How many pages, 2 to {PAGES_MAX}.", required=False),
            types.PromptArgument(name="language", description="Language of the note, such as zh or en.", required=False),
        ],
    ),
    types.Prompt(
        name="xiaohongshu-image",
        title="What makes a card",
        description="What each picture of a note has to hold to, for who paints it elsewhere.",
        arguments=[],
    ),
]


def get_prompt(name: str, given: Mapping[str, str] | None) -> types.GetPromptResult:
    """A guide, filled in. Errors: invalid parameters."""
    try:
        if name == "xiaohongshu-outline":
            return _result(PROMPTS[0], _outline(given or {}))
        if name == "xiaohongshu-image":
            Arguments(given or {}, ()).done()
            return _result(PROMPTS[1], image_guide())
    except RedBookError as error:
        raise MCPError(types.INVALID_PARAMS, error.message) from None
    raise MCPError(types.INVALID_PARAMS, f"there is no prompt {name[:100]}; there are xiaohongshu-outline and xiaohongshu-image")


def _outline(given: Mapping[str, str]) -> str:
    """Arguments of prompts are texts, also the number."""
    numbers: dict[str, object] = dict(given)
    if (pages := given.get("pages")) is not None and pages.isascii() and pages.isdigit() and len(pages) < 4:
        numbers["pages"] = int(pages)
    arguments = Arguments(numbers, ("topic", "pages", "language"))
    topic = arguments.text("topic", characters_max=TOPIC_CHARACTERS_MAX, empty=True, lines=True)
    count = arguments.integer("pages", 2, PAGES_MAX)
    language = arguments.text("language", characters_max=35, empty=True)
    arguments.done()
    return outline_guide(topic or None, count, language or None)


def _result(prompt: types.Prompt, text: str) -> types.GetPromptResult:
    message = types.PromptMessage(role="user", content=types.TextContent(type="text", text=text))
    return types.GetPromptResult(description=prompt.description, messages=[message])
