"""Signing in with a password, and what strangers can and cannot do about it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from tests.admin.people.house import PASSWORD, House, open_house
from yett.admin.people.attempts import PACES
from yett.admin.people.rules import Rules


def fail(house: House, times: int, email: str = "ada@example.com") -> list[int]:
    browser = house.browser()
    return [browser.sign_in(email, "wrong").status_code for _ in range(times)]


def test_the_right_password_signs_in_and_leads_to_a_path_of_ours(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    browser = house.browser()
    page = browser.get("/sign-in?next=/invitation/x").text
    assert 'value="/invitation/x"' in page
    answer = browser.fill("/sign-in?next=/invitation/x", {"email": " ADA@example.com ", "password": PASSWORD}, "/sign-in")
    assert (answer.status_code, answer.headers["location"]) == (303, "/invitation/x")


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_no_next_leads_elsewhere(house: House, onward: str) -> None:
    house.with_member("ada@example.com", "admin")
    browser = house.browser()
    assert "evil" not in browser.client.get("/sign-in", params={"next": onward}).text
    answer = browser.fill("/sign-in", {"email": "ada@example.com", "password": PASSWORD, "next": onward}, "/sign-in")
    assert answer.headers["location"] == "/account"


def test_a_wrong_password_and_an_unknown_address_are_refused_in_the_same_words(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    known = house.browser().sign_in("ada@example.com", "wrong")
    unknown = house.browser().sign_in("eve@example.com", "wrong")
    assert known.status_code == unknown.status_code == 401
    assert "address or password are wrong" in known.text.lower()

    def plain(text: str) -> str:
        return text.split('name="csrf"')[0] + text.split("</form>")[-1].replace("eve@", "ada@")

    assert plain(known.text) == plain(unknown.text)
    assert not [name for name in known.cookies if name == "yett"]


def test_an_unknown_address_takes_as_long_as_a_known_one(tmp_path: Path) -> None:
    with open_house(tmp_path, hasher=PasswordHasher()) as house:
        house.with_member("ada@example.com", "admin")
        house.doors.entrance.passwords.warm_up()
        took: dict[str, list[float]] = {"ada@example.com": [], "eve@example.com": []}
        for _ in range(4):
            for email, times in took.items():
                began = time.perf_counter()
                assert house.browser().sign_in(email, "wrong").status_code == 401
                times.append(time.perf_counter() - began)
        known, unknown = (sorted(times)[1] for times in took.values())
        assert 0.4 < known / unknown < 2.5


def test_failures_make_the_next_try_wait_and_the_right_password_too(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    free = PACES["account"].free
    assert fail(house, free + 2) == [401] * (free + 1) + [429]
    stranger = house.browser()
    refused = stranger.sign_in("ada@example.com")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    house.clock.advance(1)
    assert stranger.sign_in("ada@example.com").status_code == 303


def test_an_unknown_address_is_made_to_wait_in_the_same_way(house: House) -> None:
    free = PACES["account"].free
    assert fail(house, free + 2, "eve@example.com") == [401] * (free + 1) + [429]


def test_strangers_who_fail_for_hours_keep_nobody_out_of_a_browser_that_was_used_before(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    ada.fill("/account", {}, "/sign-out")
    for _ in range(40):
        fail(house, 1)
        house.clock.advance(60)
    fail(house, 3)
    assert house.browser().sign_in("ada@example.com").status_code == 429
    assert ada.sign_in("ada@example.com").status_code == 303


def test_the_longest_wait_is_bounded_so_that_nobody_is_locked_out_for_good(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    for _ in range(60):
        fail(house, 1)
        house.clock.advance(PACES["account"].most_s)
    assert house.browser().sign_in("ada@example.com").status_code == 303


def test_one_address_that_tries_many_accounts_is_made_to_wait(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    browser = house.browser()
    answers = [browser.sign_in(f"p{number}@example.com", "wrong").status_code for number in range(PACES["address"].free + 3)]
    assert answers[-1] == 429
    assert house.browser().sign_in("ada@example.com").status_code == 429


def test_a_forged_device_gives_no_tries_of_its_own(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    fail(house, PACES["account"].free + 2)
    forger = house.browser()
    forger.client.cookies.set("yett-device", f"{'x' * 43}.{'0' * 64}", domain="127.0.0.1")
    assert forger.sign_in("ada@example.com").status_code == 429


def test_somebody_who_was_taken_out_everywhere_cannot_sign_in_any_more(house: House) -> None:
    bob = house.with_member("bob@example.com")
    house.people.remove_member("bob@example.com")
    assert bob.api("GET", "/me").status_code == 401
    refused = bob.sign_in("bob@example.com")
    assert refused.status_code == 401
    assert "nobody has invited this address" in refused.text.lower()


def test_where_passwords_are_off_none_opens(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        house.with_member("ada@example.com", "admin")
        off = Rules(base_url=house.url, passwords=False)
        object.__setattr__(house.doors.entrance, "rules", off)
        browser = house.browser()
        page = browser.get("/sign-in").text
        assert 'type="password"' not in page
        form = {"email": "ada@example.com", "password": PASSWORD}
        token = browser.get("/sign-in").text
        assert browser.post("/sign-in", form).status_code == 403
        assert "no way to sign in" in token


def test_a_password_and_a_session_stand_nowhere_in_the_log_or_the_database(house: House, tmp_path: Path) -> None:
    ada = house.with_member("ada@example.com", "admin")
    secrets = [PASSWORD, *ada.client.cookies.values()]
    assert len(secrets) >= 3
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    told = str(house.log())
    for secret in secrets:
        assert secret.encode() not in kept
        assert secret not in told
