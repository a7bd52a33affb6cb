"""Webhooks over HTTP."""

from __future__ import annotations

from tests.admin.listener import Listener
from yett.admin.routes.webhooks import ROUTER

URL = "https://hooks.example/yett"


def test_a_webhook_is_made_listed_resumed_and_removed(listener: Listener) -> None:
    assert len(ROUTER.routes) == 4
    status, made = listener.ask("POST", "/api/v1/webhooks", {"url": URL})
    assert (status, made["secret"][:6], made["webhook"]["url"]) == (201, "whsec_", URL)
    assert listener.ask("GET", "/api/v1/webhooks") == (200, [made["webhook"]])
    place = f"/api/v1/webhooks/{made['webhook']['id']}"
    assert listener.ask("POST", f"{place}/resume")[0] == 200
    assert listener.ask("DELETE", place)[0] == 200
    assert listener.ask("DELETE", place)[0] == 404


def test_what_is_no_webhook_is_told_with_its_place(listener: Listener) -> None:
    for body, pointer in (({"url": "x"}, "/url"), ({"url": URL, "kinds": ["moved"]}, "/kinds/0"), ({}, "/url")):
        status, answer = listener.ask("POST", "/api/v1/webhooks", body)
        assert (status, answer["errors"][0]["pointer"]) == (422, pointer)
