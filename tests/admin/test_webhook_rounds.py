"""Webhooks are told of changes: a real receiver on loopback checks every signature."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.admin.service import Office
from tests.admin.test_drift import DELETE, GET, says
from yett.admin.webhook_rounds import BATCH_MAX, WebhookRounds
from yett.admin.webhook_signing import PAUSES_S, signature
from yett.admin.webhook_views import NewWebhook, WebhookView
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress


@dataclass
class Receiver:
    """What came, and what is answered."""

    url: str = ""
    status: int = 204
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def checked(self, secret: str) -> list[Any]:
        """The bodies, once every signature fits."""
        for fields, body in self.came:
            expected = signature(secret, fields["webhook-id"], int(fields["webhook-timestamp"]), body)
            assert fields["webhook-signature"] == expected
        return [json.loads(body) for _, body in self.came]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    served = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            served.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(served.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture
def shop(office: Office) -> Office:
    office.lookout.said = {"tools": [GET]}
    return office.with_server("shop")


def go_round(office: Office, allow: str = "127.0.0.1") -> None:
    asyncio.run(WebhookRounds(office.service.desk, Egress(EgressRules.parse([allow]))).round())


def only(office: Office) -> WebhookView:
    (found,) = office.service.webhooks()
    return found


def test_changes_are_told_signed_in_order_and_once(shop: Office, receiver: Receiver) -> None:
    made = shop.service.add_webhook(NewWebhook(url=receiver.url))
    go_round(shop)
    assert receiver.came == [], "nothing changed yet"
    says(shop, GET, DELETE)
    go_round(shop)
    go_round(shop)
    (body,) = receiver.checked(made.secret)
    assert body["type"] == "registry.changes"
    assert [(item["kind"], item["server"], item["tool"]) for item in body["data"]["items"]] == [
        ("added", "shop", "delete_order"),
        ("grade", "shop", None),
    ]
    feed = shop.service.server_changes(after="0")
    assert body["data"]["cursor"] == feed.cursor == only(shop).cursor
    assert only(shop).delivered_at is not None
    says(shop, GET)
    go_round(shop)
    assert [item["kind"] for item in receiver.checked(made.secret)[1]["data"]["items"]] == ["removed", "grade"]
    assert receiver.came[0][0]["webhook-id"] != receiver.came[1][0]["webhook-id"]


def test_severity_and_kinds_choose(shop: Office, receiver: Receiver) -> None:
    made = shop.service.add_webhook(NewWebhook(url=receiver.url, severity="High", kinds=["grade"]))
    says(shop, GET, DELETE)
    says(shop, GET)
    go_round(shop)
    (body,) = receiver.checked(made.secret)
    assert [(item["kind"], item["after"]) for item in body["data"]["items"]] == [("grade", "D")]


def test_what_failed_is_repeated_as_it_was_after_a_pause(shop: Office, receiver: Receiver) -> None:
    made = shop.service.add_webhook(NewWebhook(url=receiver.url))
    receiver.status = 500
    says(shop, GET, DELETE)
    go_round(shop)
    found = only(shop)
    assert (found.failures, found.state) == (1, "active")
    assert found.problem is not None
    assert found.problem.endswith("answered with HTTP status 500")
    go_round(shop)
    assert len(receiver.came) == 1, "its time has not come"
    says(shop, GET)  # more to tell meanwhile
    shop.clock.advance(PAUSES_S[0])
    receiver.status = 200
    go_round(shop)
    go_round(shop)
    first, again, then = receiver.checked(made.secret)
    assert again == first
    assert receiver.came[0][0]["webhook-id"] == receiver.came[1][0]["webhook-id"]
    assert [item["kind"] for item in then["data"]["items"]] == ["removed", "grade"]
    assert (only(shop).failures, only(shop).problem) == (0, None)


def test_after_so_many_failures_it_is_dead_until_it_is_resumed(shop: Office, receiver: Receiver) -> None:
    shop.service.add_webhook(NewWebhook(url=receiver.url))
    receiver.status = 503
    says(shop, GET, DELETE)
    for pause in (*PAUSES_S, 0):
        go_round(shop)
        shop.clock.advance(pause)
    assert (only(shop).state, only(shop).failures) == ("dead", len(PAUSES_S) + 1)
    go_round(shop)
    assert len(receiver.came) == len(PAUSES_S) + 1
    receiver.status = 200
    assert shop.service.resume_webhook(only(shop).id).state == "active"
    go_round(shop)
    assert (only(shop).state, only(shop).failures) == ("active", 0)
    assert len(receiver.came) == len(PAUSES_S) + 2


def test_who_says_to_be_gone_is_told_nothing_more(shop: Office, receiver: Receiver) -> None:
    shop.service.add_webhook(NewWebhook(url=receiver.url))
    receiver.status = 410
    says(shop, GET, DELETE)
    go_round(shop)
    assert only(shop).state == "dead"


def test_a_redirect_is_not_followed(shop: Office, receiver: Receiver) -> None:
    shop.service.add_webhook(NewWebhook(url=receiver.url))
    receiver.status = 307
    says(shop, GET, DELETE)
    go_round(shop)
    assert (len(receiver.came), only(shop).failures) == (1, 1)


def test_an_address_that_may_not_be_asked_gets_nothing(shop: Office, receiver: Receiver) -> None:
    shop.service.add_webhook(NewWebhook(url=receiver.url))
    says(shop, GET, DELETE)
    go_round(shop, "hooks.example")
    assert receiver.came == []
    assert "egress.allow" in (only(shop).problem or "")


def test_one_that_fails_keeps_no_other_waiting(shop: Office, receiver: Receiver) -> None:
    shop.service.add_webhook(NewWebhook(url="http://127.0.0.1:9/hook"))
    made = shop.service.add_webhook(NewWebhook(url=receiver.url))
    says(shop, GET, DELETE)
    go_round(shop)
    assert len(receiver.checked(made.secret)) == 1
    assert {one.url: one.failures for one in shop.service.webhooks()} == {"http://127.0.0.1:9/hook": 1, receiver.url: 0}


def test_many_changes_come_in_several_deliveries(shop: Office, receiver: Receiver) -> None:
    made = shop.service.add_webhook(NewWebhook(url=receiver.url, kinds=["added"]))
    says(shop, GET, *({**GET, "name": f"get_order_{number}"} for number in range(BATCH_MAX + 1)))
    go_round(shop)
    go_round(shop)
    assert [len(body["data"]["items"]) for body in receiver.checked(made.secret)] == [BATCH_MAX, 1]


def test_what_was_under_way_and_went_with_its_server_is_passed_over(shop: Office, receiver: Receiver) -> None:
    made = shop.service.add_webhook(NewWebhook(url=receiver.url))
    receiver.status = 500
    says(shop, GET, DELETE)
    go_round(shop)
    shop.service.remove_server("shop")
    shop.clock.advance(PAUSES_S[0])
    receiver.status = 200
    go_round(shop)
    shop.lookout.said = {"tools": [GET]}
    shop.with_server("other")
    says(shop, GET, DELETE, server="other")
    go_round(shop)
    bodies = receiver.checked(made.secret)
    assert [body["data"]["items"][0]["server"] for body in bodies] == ["shop", "other"]


def test_a_key_that_does_not_open_the_secret_is_a_failure_and_no_end(shop: Office, receiver: Receiver) -> None:
    shop.service.add_webhook(NewWebhook(url=receiver.url))
    says(shop, GET, DELETE)
    (webhook,) = shop.service.webhooks()
    desk, organisation = shop.service.desk, shop.service.principal.organisation
    desk.write(lambda whole: whole.of(organisation).secrets.drop(webhook.id))
    go_round(shop)
    assert receiver.came == []
    assert "its secret is gone" in (only(shop).problem or "")
