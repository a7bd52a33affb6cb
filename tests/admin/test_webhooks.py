"""Who is told of changes: how webhooks are made, listed, resumed and removed, here and over HTTP."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.admin.listener import TOKEN, Listener
from tests.admin.service import Office
from tests.admin.test_drift import DELETE, GET, says
from yett.admin.client_webhooks import RemoteWebhooks
from yett.admin.control import WebhookControl
from yett.admin.errors import Conflict, Forbidden, Invalid, NotFound
from yett.admin.permissions import ALLOWED, Role
from yett.admin.service import Service
from yett.admin.webhook_views import NewWebhook
from yett.admin.webhooks import WEBHOOKS_MAX

URL = "https://hooks.example/yett"


@pytest.fixture(params=["here", "over HTTP"])
def control(request: pytest.FixtureRequest, office: Office) -> WebhookControl:
    if request.param == "here":
        return office.service
    listener: Listener = request.getfixturevalue("listener")
    return RemoteWebhooks("127.0.0.1", listener.port, TOKEN, "ada")


def test_a_webhook_is_made_with_a_secret_that_is_shown_once(control: WebhookControl, office: Office, tmp_path: Path) -> None:
    made = control.add_webhook(NewWebhook(url=URL, severity="High", kinds=["grade", "grade", "identity"]))
    assert made.secret.startswith("whsec_")
    assert (made.webhook.severity, made.webhook.kinds, made.webhook.state) == ("High", ["grade", "identity"], "active")
    assert control.webhooks() == [made.webhook]
    told = [str(line) for line in office.service.changes()]
    assert any("webhook.added" in line for line in told)
    assert not any(made.secret in line for line in told)
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("control.db*"))
    assert made.webhook.id.encode() in kept
    assert made.secret.encode() not in kept
    assert made.secret.removeprefix("whsec_").encode() not in kept


def test_it_begins_with_what_comes_next_or_where_it_is_told_to(control: WebhookControl, office: Office) -> None:
    office.lookout.said = {"tools": [GET]}
    office.with_server("shop")
    says(office, GET, DELETE)
    newest = office.service.server_changes().items[0].sequence
    assert control.add_webhook(NewWebhook(url=URL)).webhook.cursor == str(newest)
    assert control.add_webhook(NewWebhook(url=URL, after="0")).webhook.cursor == "0"


def test_a_removed_one_is_gone_with_its_secret(control: WebhookControl, office: Office) -> None:
    made = control.add_webhook(NewWebhook(url=URL))
    assert control.remove_webhook(made.webhook.id) == made.webhook
    assert control.webhooks() == []
    assert office.service.desk.sealed_secrets() == []
    for lost in (control.remove_webhook, control.resume_webhook):
        with pytest.raises(NotFound, match="yett webhook list"):
            lost(made.webhook.id)


@pytest.mark.parametrize(
    "url", ["hooks.example", "ftp://hooks.example/", "https://a:b@hooks.example/", "https://x/#a", "https://ö.example/"]
)
def test_what_is_no_address_is_refused(control: WebhookControl, url: str) -> None:
    with pytest.raises(Invalid):
        control.add_webhook(NewWebhook(url=url))


def test_an_address_that_may_not_be_asked_is_refused(control: WebhookControl, office: Office) -> None:
    office.lookout.refused[URL] = "the host `hooks.example` has a private address"
    with pytest.raises(Invalid, match="private address"):
        control.add_webhook(NewWebhook(url=URL))


@pytest.mark.parametrize("wrong", [{"severity": "Deadly"}, {"kinds": ["moved"]}, {"after": "x"}])
def test_what_no_feed_has_is_refused(control: WebhookControl, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        control.add_webhook(NewWebhook(url=URL, **wrong))  # type: ignore[arg-type]  # wrong on purpose


def test_there_are_only_so_many(office: Office) -> None:
    for _ in range(WEBHOOKS_MAX):
        office.service.add_webhook(NewWebhook(url=URL))
    with pytest.raises(Conflict, match="at most 20"):
        office.service.add_webhook(NewWebhook(url=URL))


def test_only_who_manages_the_whole_organisation_has_any(office: Office) -> None:
    principal = office.service.principal
    for less in (replace(principal, permissions=ALLOWED[Role.POLICY_MANAGER]), replace(principal, servers=frozenset({"a"}))):
        service = Service(office.service.desk, less)
        for ask in (service.webhooks, lambda: service.add_webhook(NewWebhook(url=URL))):  # noqa: B023 - asked at once
            with pytest.raises(Forbidden):
                ask()
