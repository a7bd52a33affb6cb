"""Projects on the disk: crash-safe, shared by processes, exported, taken over from the original server."""

from __future__ import annotations

from redbook_mcp.storage.legacy import Imported as Imported
from redbook_mcp.storage.legacy import import_legacy as import_legacy
from redbook_mcp.storage.projects import FileProjects as FileProjects
