"""Routes to what tools can do."""

from __future__ import annotations

from typing import Final

from yett.admin.catalogue_views import NewToolClass, ServerVerdict, ToolClassChanged
from yett.admin.routes.asked import Asked, router

ROUTER: Final = router("catalogue")


@ROUTER.get("/servers/{server}/catalogue")
def show_catalogue(service: Asked, server: str) -> ServerVerdict:
    """What a server's tools can do, the riskiest first, and the policy that is recommended for them."""
    return service.catalogue(server)


@ROUTER.put("/servers/{server}/classes/{tool:path}")
def set_tool_class(service: Asked, server: str, tool: str, new: NewToolClass) -> ToolClassChanged:
    """Say what class a tool has. It is kept when the server is asked again."""
    return service.set_tool_class(server, tool, new)


@ROUTER.delete("/servers/{server}/classes/{tool:path}")
def clear_tool_class(service: Asked, server: str, tool: str) -> ToolClassChanged:
    """Let the classifier's class count again."""
    return service.clear_tool_class(server, tool)
