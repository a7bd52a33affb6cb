"""Tells webhooks of changes: in the control plane's process, beside everything else.

Each is told in order, a part of the feed at a time, at least once: what is under way is noted before it is sent, so that a
delivery that is tried again has the same id and the same content.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Final

from yett.admin.checks import NS
from yett.admin.desk import Desk
from yett.admin.registry_cases import change_view
from yett.admin.registry_views import ServerChange
from yett.admin.webhook_signing import fields, pause_s
from yett.admin.webhooks import PURPOSE, vault_of
from yett.egress.fetch import Egress, FetchLimits, origin_of
from yett.errors import ClientFault, OperatorFault, StoreFault, UpstreamFault
from yett.sealing.box import Place
from yett.stores.control.registry_records import Webhook
from yett.stores.control.transaction import Whole

POLL_S: Final = 1.0
"""How often it is looked whether there is something to tell."""
BATCH_MAX: Final = 100
"""Changes in one delivery."""
AT_ONCE: Final = 8
LIMITS: Final = FetchLimits(within_s=10.0, body_bytes=64 * 1024)
GONE: Final = 410
"""What says that nobody wants to be told any more."""
TYPE: Final = "registry.changes"

_log: Final = logging.getLogger("yett.webhooks")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a webhook is to be told now."""

    organisation: str
    webhook: Webhook
    items: list[ServerChange]

    @property
    def message(self) -> str:
        """Its id: the same whenever it is tried."""
        return f"{self.webhook.id}.{self.webhook.cursor}.{self.webhook.batch_last}"

    def body(self) -> bytes:
        """What is sent. It says nothing of when, so that it is the same whenever it is tried."""
        data = {"cursor": str(self.webhook.batch_last), "items": [asdict(item) for item in self.items]}
        return json.dumps({"type": TYPE, "timestamp": self.items[-1].at, "data": data}).encode()


@dataclass(frozen=True, slots=True)
class WebhookRounds:
    """One for a control plane."""

    desk: Desk
    egress: Egress

    async def watch(self) -> None:
        """Tell what is to be told, without end. Cancel it to stop."""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                await self.round()
            except StoreFault as fault:
                _log.warning("webhooks were not told: %s", fault)

    async def round(self) -> None:
        """Make every delivery that is due, a few at once; each webhook gets one."""
        turns = asyncio.Semaphore(AT_ONCE)
        due = await asyncio.to_thread(self.desk.write, self._due)
        async with asyncio.TaskGroup() as deliveries:
            for one in due:
                deliveries.create_task(self._in_turn(turns, one), name="yett webhook")

    async def _in_turn(self, turns: asyncio.Semaphore, delivery: Delivery) -> None:
        async with turns:
            problem, gone = await self._deliver(delivery)
        await asyncio.to_thread(self._note, delivery, problem, gone)

    def _due(self, whole: Whole) -> list[Delivery]:
        """What is to be told, each noted as under way."""
        now_ns, found = self.desk.environment.clock.now_ns(), []
        for organisation in whole.organisations():
            there = whole.of(organisation.id)
            for webhook in there.webhooks.due(now_ns):
                changes = there.tool_changes.listed(
                    limit=BATCH_MAX, severity=webhook.severity, after=webhook.cursor, kinds=webhook.kinds
                )
                last = webhook.batch_last
                items = [change_view(*one) for one in changes if last is None or one[0].sequence <= last]
                if items:
                    begun = replace(webhook, batch_last=last if last is not None else items[-1].sequence)
                    there.webhooks.replace(begun)
                    found.append(Delivery(organisation.id, begun, items))
                elif last is not None:  # what was under way is gone, with its server
                    there.webhooks.replace(replace(webhook, cursor=last, batch_last=None))
        return found

    async def _deliver(self, delivery: Delivery) -> tuple[str | None, bool]:
        """Why it was not taken, None if it was; and whether nobody wants to be told any more."""
        url, body = delivery.webhook.url, delivery.body()
        try:
            secret = await asyncio.to_thread(self._secret, delivery)
            at_s = self.desk.environment.clock.now_ns() // NS
            sent = fields(secret, delivery.message, at_s, body)
            answer = await self.egress.fetch(url, method="POST", headers=sent, body=body, limits=LIMITS)
        except (ClientFault, UpstreamFault, OperatorFault) as fault:
            return str(fault), False
        if 200 <= answer.status < 300:
            return None, False
        return f"{origin_of(url)} answered with HTTP status {answer.status}", answer.status == GONE

    def _secret(self, delivery: Delivery) -> str:
        webhook_id = delivery.webhook.id
        sealed = self.desk.read(delivery.organisation, lambda read: read.secrets.get(webhook_id, PURPOSE))
        if sealed is None:
            raise OperatorFault("its secret is gone; remove it and add it anew")
        return vault_of(self.desk).open(Place(delivery.organisation, webhook_id, PURPOSE), sealed).decode()

    def _note(self, delivery: Delivery, problem: str | None, gone: bool) -> None:
        """Remember what came of a delivery; nothing, if the webhook was removed meanwhile."""
        now_ns = self.desk.environment.clock.now_ns()
        make = _taken(now_ns) if problem is None else _failed(now_ns, problem, gone)

        def work(whole: Whole) -> None:
            webhooks = whole.of(delivery.organisation).webhooks
            found = webhooks.find(delivery.webhook.id)
            if found is not None:
                webhooks.replace(make(found))

        try:
            self.desk.write(work)
        except StoreFault as fault:
            _log.warning("what came of a webhook was not kept: %s", fault)


def _taken(now_ns: int) -> Callable[[Webhook], Webhook]:
    def make(found: Webhook) -> Webhook:
        cursor = found.cursor if found.batch_last is None else found.batch_last
        return replace(found, cursor=cursor, batch_last=None, failures=0, problem=None, due_at_ns=None, delivered_at_ns=now_ns)

    return make


def _failed(now_ns: int, problem: str, gone: bool) -> Callable[[Webhook], Webhook]:
    def make(found: Webhook) -> Webhook:
        failures = found.failures + 1
        pause = None if gone else pause_s(failures)
        if pause is None:
            _log.warning("the webhook %s is dead after %d failures: %s", found.id, failures, problem)
            return replace(found, failures=failures, problem=problem, state="dead", due_at_ns=None)
        return replace(found, failures=failures, problem=problem, due_at_ns=now_ns + pause * NS)

    return make
