"""Outlines: from the text that language models write, from JSON, and back to text. Pure."""

from __future__ import annotations

from redbook_mcp.outline.elements import pages_from_json as pages_from_json
from redbook_mcp.outline.text import PAGE_CHARACTERS_MAX as PAGE_CHARACTERS_MAX
from redbook_mcp.outline.text import TEXT_CHARACTERS_MAX as TEXT_CHARACTERS_MAX
from redbook_mcp.outline.text import control_character as control_character
from redbook_mcp.outline.text import outline_text as outline_text
from redbook_mcp.outline.text import page_digest as page_digest
from redbook_mcp.outline.text import parse_outline as parse_outline
