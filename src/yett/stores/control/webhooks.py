"""The statements about who is told of changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from yett.stores.control.registry_records import Webhook
from yett.stores.control.registry_tables import webhooks
from yett.stores.control.rows import Rows, columns_of


class Webhooks(Rows):
    """Webhooks of one organisation; few."""

    __slots__ = ()

    def listed(self) -> list[Webhook]:
        """The oldest first."""
        statement = select(*columns_of(webhooks)).where(webhooks.c.organisation_id == self.organisation)
        return [_webhook(row) for row in self.all(statement.order_by(webhooks.c.created_at_ns, webhooks.c.id))]

    def find(self, webhook_id: str) -> Webhook | None:
        """The one with this id."""
        ours = webhooks.c.organisation_id == self.organisation, webhooks.c.id == webhook_id
        row = self.first(select(*columns_of(webhooks)).where(*ours))
        return None if row is None else _webhook(row)

    def due(self, now_ns: int) -> list[Webhook]:
        """Those that may be told of something now."""
        ripe = or_(webhooks.c.due_at_ns.is_(None), webhooks.c.due_at_ns <= now_ns)
        ours = webhooks.c.organisation_id == self.organisation, webhooks.c.state == "active", ripe
        return [_webhook(row) for row in self.all(select(*columns_of(webhooks)).where(*ours).order_by(webhooks.c.id))]

    def add(self, webhook: Webhook) -> None:
        """Add one."""
        self.connection.execute(insert(webhooks).values(organisation_id=self.organisation, **_row(webhook)))

    def replace(self, webhook: Webhook) -> None:
        """Have the row of `webhook.id` say this."""
        values = {key: value for key, value in _row(webhook).items() if key != "id"}
        ours = webhooks.c.id == webhook.id, webhooks.c.organisation_id == self.organisation
        self.change_one(update(webhooks).where(*ours).values(**values))

    def remove(self, webhook_id: str) -> None:
        """Take it away."""
        self.change_one(delete(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.organisation_id == self.organisation))


def _row(webhook: Webhook) -> dict[str, Any]:
    return {**asdict(webhook), "kinds": json.dumps(list(webhook.kinds))}


def _webhook(row: Mapping[str, Any]) -> Webhook:
    return Webhook(**{**row, "kinds": tuple(json.loads(row["kinds"]))})
