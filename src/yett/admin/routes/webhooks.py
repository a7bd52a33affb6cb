"""Routes to who is told of changes."""

from __future__ import annotations

from typing import Final

from yett.admin.routes.asked import Asked, router
from yett.admin.webhook_views import NewWebhook, WebhookMade, WebhookView

ROUTER: Final = router("registry")


@ROUTER.get("/webhooks")
def list_webhooks(service: Asked) -> list[WebhookView]:
    """Who is told of changes."""
    return service.webhooks()


@ROUTER.post("/webhooks", status_code=201)
def add_webhook(service: Asked, new: NewWebhook) -> WebhookMade:
    """Have an address told of changes. Its secret is shown this once."""
    return service.add_webhook(new)


@ROUTER.delete("/webhooks/{webhook}")
def remove_webhook(service: Asked, webhook: str) -> WebhookView:
    """Tell it nothing more."""
    return service.remove_webhook(webhook)


@ROUTER.post("/webhooks/{webhook}/resume")
def resume_webhook(service: Asked, webhook: str) -> WebhookView:
    """Try again now, from where it stopped."""
    return service.resume_webhook(webhook)
