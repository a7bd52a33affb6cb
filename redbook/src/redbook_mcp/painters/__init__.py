"""Who paints: cards set on this machine, image models, or both together."""

from __future__ import annotations

from redbook_mcp.painters.registry import HYBRID as HYBRID
from redbook_mcp.painters.registry import LOCAL as LOCAL
from redbook_mcp.painters.registry import Painters as Painters
from redbook_mcp.painters.registry import choose_theme as choose_theme
from redbook_mcp.painters.registry import open_painters as open_painters
from redbook_mcp.painters.registry import palette_of as palette_of
from redbook_mcp.painters.registry import theme_names as theme_names
from redbook_mcp.painters.registry import with_metadata as with_metadata
