"""Who asks the control plane."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.admin.people.house import TOKEN, House, open_house
from yett.admin.authentication import REFUSED
from yett.admin.errors import NotFound
from yett.admin.organisation import organisation_named
from yett.gateway import tokens


def test_whatever_is_wrong_the_refusal_is_the_same(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        house.with_member("ada@example.com", "admin")
        over = house.with_token("view", expires="1h")
        revoked = house.with_token("view", label="gone")
        house.people.revoke_token("gone")
        house.clock.advance(3600)
        shown = [
            house.browser(),
            over,
            revoked,
            *(house.program(token) for token in ("x", "wrong", tokens.mint(), "yett_api_" + "0" * 49, TOKEN + "x", TOKEN[:-1])),
            *(house.browser(authorization=text) for text in (f"Basic {TOKEN}", TOKEN, "Bearer", f"Bearer  {TOKEN}")),
            *(house.browser(cookie=f"yett={text}") for text in ("x" * 43, "", "%00", "x" * 5_000)),
        ]
        answers = [one.api("GET", "/status") for one in shown]
        assert {answer.status_code for answer in answers} == {401}
        assert {answer.json()["detail"] for answer in answers} == {REFUSED}
        assert len({answer.content for answer in answers}) == 1


def test_a_session_opens_nothing_of_another_kind_and_a_grant_opens_nothing_here(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        ada = house.with_member("ada@example.com", "admin")
        cookie = ada.client.cookies["yett"]
        assert house.program(cookie).api("GET", "/me").status_code == 401
        assert house.browser(cookie=f"yett={TOKEN}").api("GET", "/me").status_code == 401
        assert house.browser().get(f"/mail/{cookie}").status_code == 404


def house_named(house: House, name: str | None) -> str:
    return organisation_named(house.desk, name)


def test_an_organisation_is_known_by_name_and_id_and_the_oldest_without(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        other = house.elsewhere("acme").principal.organisation
        assert house_named(house, "acme") == house_named(house, other) == other
        assert house_named(house, None) == house_named(house, "default") != other
        with pytest.raises(NotFound, match="there is no organisation `none`"):
            house_named(house, "none")
