"""Projects on the disk: crash-safe, shared by processes, exported, taken over from the original server."""

from __future__ import annotations

from redbook_mcp.storage.projects import FileProjects as FileProjects
