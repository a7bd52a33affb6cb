"""Who is told of changes, asked of a running control plane."""

from __future__ import annotations

from dataclasses import asdict

from yett.admin.remote import Remote, step
from yett.admin.webhook_views import NewWebhook, WebhookMade, WebhookView


class RemoteWebhooks(Remote):
    """The webhooks' part of `yett.admin.control.Control`."""

    __slots__ = ()

    def webhooks(self) -> list[WebhookView]:
        return self.get("/webhooks", list[WebhookView])

    def add_webhook(self, new: NewWebhook) -> WebhookMade:
        return self.send("POST", "/webhooks", WebhookMade, asdict(new))

    def remove_webhook(self, webhook: str) -> WebhookView:
        return self.send("DELETE", f"/webhooks/{step(webhook)}", WebhookView)

    def resume_webhook(self, webhook: str) -> WebhookView:
        return self.send("POST", f"/webhooks/{step(webhook)}/resume", WebhookView)
