"""The pages where people decide: as a browser sees them, and what they take."""

from __future__ import annotations

import html
import re

import pytest

from tests.admin.approving import Bank, asks, bank_in
from tests.admin.people.house import Browser, House
from yett.admin.pages.approvals import NAMES_MAX, RECENT_MAX
from yett.admin.pages.approvals_markup import arguments_of, isolated, moment_of, span_of
from yett.admin.pages.forms import FIELDS_MAX
from yett.approvals.model import State


@pytest.fixture
def bank(house: House) -> Bank:
    return bank_in(house)


@pytest.fixture
def ann(bank: Bank) -> Browser:
    return bank.house.with_member("ann@example.com", "admin")


def decide(who: Browser, id: str, act: str, **said: str) -> tuple[int, str]:
    """Fill in the form of the page; status, and where the browser is sent or what it is shown."""
    answer = who.fill(f"/approvals/{id}", said, f"/approvals/{id}/{act}")
    return answer.status_code, answer.headers.get("location", answer.text)


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def test_who_is_not_signed_in_signs_in_first_and_comes_back(bank: Bank, ann: Browser) -> None:
    id, stranger = bank.asked(), bank.house.browser()
    for path in ("/approvals", f"/approvals/{id}"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path.replace('/', '%2F')}")
    answer = stranger.fill(
        answer.headers["location"], {"email": "ann@example.com", "password": "correct horse battery"}, "/sign-in"
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"/approvals/{id}")
    assert bank.house.browser().post(f"/approvals/{id}/deny", {"reason": "x"}).status_code == 303
    assert bank.standing(id).state is State.PENDING


def test_a_yes_by_the_form_is_taken_and_the_page_says_what_happens_next(bank: Bank, ann: Browser) -> None:
    id = bank.asked()
    assert decide(ann, id, "approve", reason="the rent") == (303, f"/approvals/{id}")
    shown = text_of(ann.get(f"/approvals/{id}").text)
    assert "The same call passes once" in shown
    assert "ann@example.com : the rent" in shown
    assert bank.standing(id).votes[0].via == "page"


def test_a_no_needs_a_reason_and_what_was_written_is_not_lost(bank: Bank, ann: Browser) -> None:
    id = bank.asked()
    status, shown = decide(ann, id, "deny", reason="   ")
    assert (status, "A denial needs a reason" in shown) == (422, True)
    status, shown = decide(ann, id, "approve", reason="keep me", exempt_for="1h", **{"free:nothing": "on"})
    assert (status, 'value="keep me"' in shown, 'value="1h" selected' in shown) == (422, True, True)
    assert decide(ann, id, "deny", reason="too much")[0] == 303
    assert bank.standing(id).state is State.DENIED


def test_an_exemption_frees_what_is_ticked_and_is_ended_on_the_page(bank: Bank, ann: Browser) -> None:
    id = bank.asked()
    decide(ann, id, "approve", exempt_for="1h", **{"free:amount": "on"})
    page = ann.get(f"/approvals/{id}").text
    assert "whatever amount is" in text_of(page)
    held = ann.api("GET", "/exemptions").json()
    assert (held[0]["free"], held[0]["bound"]) == (["amount"], ["to"])
    assert decide(ann, id, "ask-again") == (303, f"/approvals/{id}")
    assert ann.api("GET", "/exemptions").json() == []


def test_no_link_decides(bank: Bank, ann: Browser) -> None:
    id = bank.asked()
    for act in ("approve", "deny", "withdraw", "ask-again"):
        assert ann.get(f"/approvals/{id}/{act}").status_code == 405
    assert bank.standing(id).state is State.PENDING


def test_a_form_of_another_page_decides_nothing(bank: Bank, ann: Browser) -> None:
    id, bob = bank.asked(), bank.house.with_member("bob@example.com", "admin")
    others = re.search(r'name="csrf" value="([^"]+)"', bob.get(f"/approvals/{id}").text)
    assert others is not None, bob.get(f"/approvals/{id}").text
    for csrf in ("", "x", others[1]):
        assert ann.post(f"/approvals/{id}/approve", {"csrf": csrf, "reason": ""}).status_code == 403
    own = re.search(r'name="csrf" value="([^"]+)"', ann.get(f"/approvals/{id}").text)
    assert own is not None
    for fields in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert ann.post(f"/approvals/{id}/approve", {"csrf": own[1]}, **fields).status_code == 403
    assert bank.standing(id).state is State.PENDING


def test_nothing_that_a_caller_writes_acts_on_the_page(bank: Bank, ann: Browser) -> None:
    hostile = "</pre><script>alert(1)</script>\u202e\x1b[31m<form action=/x><button>"
    id = bank.asked({"to": hostile, hostile: 1}, target=hostile, grant_label=hostile, asks=(asks(message=hostile),))
    answer = ann.get(f"/approvals/{id}")
    inbox = ann.get("/approvals").text
    for page in (answer.text, inbox):
        assert "<script" not in page and "<form action=/x" not in page
        assert "\u202e" not in page and "\x1b" not in page
    assert "\\u202e\\u001b[31m" in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_letters_that_are_taken_for_others_are_marked_and_explained(bank: Bank, ann: Browser) -> None:
    id = bank.asked({"to": "p\u0430ypal", "zero": "a\u200bb"}, target="p\u0430y")
    page = ann.get(f"/approvals/{id}").text
    assert "p\\u0430ypal" in page and "<bdi>p\\u0430y</bdi>" in page and "a\\u200bb" in page
    assert "\u0430" not in page and "\u200b" not in page
    assert "<code>\\u0430 is CYRILLIC SMALL LETTER A</code>" in page
    assert "Beware" not in ann.get(f"/approvals/{bank.asked({'to': 'Zürich'})}").text


def test_arguments_are_there_in_full_however_long_they_are(bank: Bank, ann: Browser) -> None:
    id = bank.asked({"first": "a" * 200_000, "last": "seen"})
    page = ann.get(f"/approvals/{id}").text
    assert "a" * 200_000 in page
    assert "200,002 characters" in page
    assert page.index("seen") > page.index("a" * 100)


def test_a_request_of_ones_own_grant_can_be_withdrawn_and_not_decided(bank: Bank, ann: Browser) -> None:
    bank.house.with_member("bob@example.com", "admin")
    id = bank.asked(owner="ann@example.com")
    page = ann.get(f"/approvals/{id}").text
    assert "It is your own grant that asks; somebody else must decide." in text_of(page)
    assert f"/approvals/{id}/approve" not in page
    assert decide(ann, id, "withdraw") == (303, f"/approvals/{id}")
    assert bank.standing(id).state is State.WITHDRAWN


def test_another_organisations_request_looks_like_one_that_is_not_there(bank: Bank) -> None:
    sam = bank.house.with_member("sam@other.example", "admin", people=bank.house.elsewhere())
    foreign, forged = bank.asked(), "ap_" + "a" * 16
    csrf = re.search(r'name="csrf" value="([^"]+)"', sam.get("/account").text)
    assert csrf is not None
    answers = []
    for id in (foreign, forged):
        asked = [sam.get(f"/approvals/{id}")]
        asked += [
            sam.post(f"/approvals/{id}/{act}", {"csrf": token, "reason": "x"})
            for act in ("approve", "deny", "withdraw")
            for token in (csrf[1], "x")
        ]
        answers.append([(one.status_code, one.text.replace(id, "ID")) for one in asked])
    assert answers[0] == answers[1]
    assert {status for status, _ in answers[0]} == {404}
    assert "ap_" not in sam.get("/approvals").text


def test_the_inbox_shows_what_waits_for_whoever_looks_first(bank: Bank, ann: Browser) -> None:
    assert "Nothing waits for you" in ann.get("/approvals").text
    vic = bank.house.with_member("vic@example.com")
    mine, others = bank.asked(target="mine", owner="x"), bank.asked(target="others", owner="x", asks=(asks("vic@example.com"),))
    done = bank.asked(target="finished")
    ann.api("POST", f"/approvals/{done}/deny", {"reason": "no"})
    page = ann.get("/approvals").text
    places = [page.index(one) for one in ("Waiting for you", mine, "Waiting for others", others, "Lately", done)]
    assert places == sorted(places)
    assert vic.get("/approvals").text.index(others) < vic.get("/approvals").text.index("Waiting for others")


def test_older_requests_are_a_page_further(bank: Bank, ann: Browser) -> None:
    ids = [bank.asked({"n": number}) for number in range(RECENT_MAX + 1)]
    further = re.search(r'href="(/approvals\?after=[^"]+)"', ann.get("/approvals").text)
    assert further is not None
    page = ann.get(further[1]).text
    assert ids[0] in page and ids[1] not in page
    assert ann.get("/approvals?after=x").status_code == 422


def test_a_form_offers_so_many_arguments_to_free_and_takes_all_that_it_offers(bank: Bank, ann: Browser) -> None:
    id = bank.asked({f"n{number:03}": number for number in range(NAMES_MAX + 1)})
    page = ann.get(f"/approvals/{id}").text
    offered = re.findall(r'name="(free:[^"]+)"', page)
    assert (len(offered), "1 more can be freed" in text_of(page), NAMES_MAX + 10 < FIELDS_MAX) == (NAMES_MAX, True, True)
    assert decide(ann, id, "approve", exempt_for="1h", **dict.fromkeys(offered, "on"))[0] == 303
    assert len(ann.api("GET", "/exemptions").json()[0]["free"]) == NAMES_MAX


def test_the_reading_direction_of_one_string_ends_with_it() -> None:
    assert isolated('{"א": ["<b>", 1]}') == "{<bdi>&#34;א&#34;</bdi>: [<bdi>&#34;&lt;b&gt;&#34;</bdi>, 1]}"
    assert [(one.name, one.value) for one in arguments_of('{"a":"\\"","b":{}}')] == [
        ("a", "<bdi>&#34;\\&#34;&#34;</bdi>"),
        ("b", "{}"),
    ]


def test_times_and_spans_read_as_people_write_them() -> None:
    assert (moment_of("2026-01-02T03:04:05Z"), moment_of(None)) == ("2026-01-02 03:04:05 UTC", "")
    assert [span_of(seconds) for seconds in (None, 1, 90, 3_600, 7 * 86_400)] == [
        "",
        "1 second",
        "90 seconds",
        "1 hour",
        "7 days",
    ]
