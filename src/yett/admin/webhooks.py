"""Use cases about who is told of changes: programs elsewhere, by a signed request for each part of the feed."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from typing import Any, Final, cast, get_args

from yett.admin.cases import Cases
from yett.admin.catalogue_views import Level
from yett.admin.checks import check_url, show_moment
from yett.admin.desk import Desk
from yett.admin.drift import place_in_feed, rank_of
from yett.admin.errors import Conflict, Invalid, NotFound
from yett.admin.permissions import Permission
from yett.admin.registry_cases import check_kinds
from yett.admin.showing import moment
from yett.admin.webhook_signing import SECRET_BYTES, secret_of
from yett.admin.webhook_views import NewWebhook, WebhookMade, WebhookView
from yett.egress.fetch import EgressRefused, target_of
from yett.sealing.box import Place
from yett.sealing.vault import Vault
from yett.stores.control.registry_records import Webhook
from yett.stores.control.transaction import Transaction

PURPOSE: Final = "webhook"
"""What the sealed secret of a webhook is kept under."""
WEBHOOKS_MAX: Final = 20
"""Of one organisation."""


class WebhookCases(Cases):
    """The webhooks' part of `yett.admin.control.Control`. They tell of all servers, so they are for who reaches all."""

    __slots__ = ()

    def webhooks(self) -> list[WebhookView]:
        """All, the oldest first."""
        self.principal.require_everywhere(Permission.MANAGE_ORGANISATION)
        return self.read(lambda read: [_view(one) for one in read.webhooks.listed()])

    def add_webhook(self, new: NewWebhook) -> WebhookMade:
        """Have an address told of changes from now on. Errors: `Invalid` for one that may not be asked, `Conflict`."""
        self.principal.require_everywhere(Permission.MANAGE_ORGANISATION)
        rank, place = rank_of(new.severity), place_in_feed(new.after)
        check_kinds(new.kinds)
        self._check_url(new.url)
        vault, secret = vault_of(self.desk), secret_of(os.urandom(SECRET_BYTES))

        def work(write: Transaction) -> WebhookView:
            if len(write.webhooks.listed()) >= WEBHOOKS_MAX:
                raise Conflict(f"an organisation has at most {WEBHOOKS_MAX} webhooks; remove one")
            webhook = Webhook(
                id=str(uuid.uuid4()),
                url=new.url,
                severity=rank,
                kinds=tuple(dict.fromkeys(new.kinds)),
                created_by=self.principal.name,
                created_at_ns=self.now_ns(),
                cursor=_newest(write) if place is None else place,
            )
            write.webhooks.add(webhook)
            sealed = vault.seal(Place(write.organisation, webhook.id, PURPOSE), secret.encode())
            write.secrets.put(webhook.id, PURPOSE, sealed, webhook.created_at_ns)
            view = _view(webhook)
            self.log(write, "webhook.added", (webhook.id, webhook.url), after=view)
            return view

        return WebhookMade(webhook=self.change(work)[0], secret=secret)

    def remove_webhook(self, webhook: str) -> WebhookView:
        """Tell it nothing more."""
        self.principal.require_everywhere(Permission.MANAGE_ORGANISATION)

        def work(write: Transaction) -> WebhookView:
            found = _find(write, webhook)
            write.webhooks.remove(found.id)
            write.secrets.drop(found.id)
            self.log(write, "webhook.removed", (found.id, found.url), before=_view(found))
            return _view(found)

        return self.change(work)[0]

    def resume_webhook(self, webhook: str) -> WebhookView:
        """Try again now, from where it stopped; also one that is dead."""
        self.principal.require_everywhere(Permission.MANAGE_ORGANISATION)

        def work(write: Transaction) -> WebhookView:
            found = _find(write, webhook)
            after = replace(found, state="active", failures=0, due_at_ns=None)
            write.webhooks.replace(after)
            self.log(write, "webhook.resumed", (found.id, found.url), before=_view(found), after=_view(after))
            return _view(after)

        return self.change(work)[0]

    def _check_url(self, url: str) -> None:
        check_url(url)
        try:
            target_of(url)
        except EgressRefused as error:
            raise Invalid(str(error), pointer="/url") from error
        refused = self.desk.environment.lookout.refusal(url)
        if refused is not None:
            raise Invalid(refused, pointer="/url")


def vault_of(desk: Desk) -> Vault:
    """What seals the secrets. Not to be called within a transaction. Errors: `OperatorFault` where the key is not there."""
    if desk.credentials is not None:
        return desk.credentials.vault
    vault = desk.environment.vault
    assert vault is not None, "whoever works on the store has a vault"
    vault.prepare(desk.sealed_secrets())
    return vault


def _find(read: Transaction, webhook: str) -> Webhook:
    found = read.webhooks.find(webhook)
    if found is None:
        raise NotFound(f"there is no webhook `{webhook}`; `yett webhook list` shows all")
    return found


def _newest(read: Transaction) -> int:
    newest = read.tool_changes.listed(limit=1)
    return newest[0][0].sequence if newest else 0


def _view(one: Webhook) -> WebhookView:
    return WebhookView(
        id=one.id,
        url=one.url,
        severity=get_args(Level)[one.severity],
        kinds=cast("Any", list(one.kinds)),
        state=cast("Any", one.state),
        cursor=str(one.cursor),
        failures=one.failures,
        problem=one.problem,
        created_by=one.created_by,
        created_at=show_moment(one.created_at_ns),
        delivered_at=moment(one.delivered_at_ns),
        due_at=moment(one.due_at_ns),
    )
