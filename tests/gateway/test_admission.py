"""Who may speak: the listener's names, pages, grants and how many requests at once."""

from __future__ import annotations

import pytest

from tests.gateway.gate import STDIO_SERVER, Gate, grant
from tests.support.clock import ManualClock
from tests.support.policies import ALLOW_ALL
from yett.gateway.access_tokens import AccessTokens
from yett.gateway.admission import SHORT_BYTES, Bearer, Crowded, Guard, InFlight, Lifetimes, NoBearer, Tokens, authenticate
from yett.gateway.snapshot import ServerEntry

GUARD = Guard.of("192.0.2.7", ["Gate.Example", "other.example:8443"], ["https://console.example"])


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        (b"192.0.2.7", True),
        (b"192.0.2.7:8700", True),
        (b"gate.example", True),
        (b"GATE.EXAMPLE:443", True),
        (b"other.example:8443", True),
        (b"other.example", False),
        (b"other.example:1", False),
        (b"localhost:8700", True),
        (b"[::1]", True),
        (b"[::1]:8700", True),
        (b"::1", False),
        (b"gate.example.", False),
        (b"gate.example:", False),
        (b"gate.example:80:80", False),
        (b"gate.example:8o", False),
        (b"192.0.2.8", False),
        (b"", False),
        (b"\xe9", False),
        (None, False),
    ],
)
def test_a_listener_answers_to_its_own_names(host: bytes | None, allowed: bool) -> None:
    assert GUARD.host_allowed(host) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        (b"https://console.example", True),
        (b"https://console.example:444", False),
        (b"http://console.example", False),
        (b"http://localhost", True),
        (b"https://localhost:5173", True),
        (b"http://127.0.0.1:1", True),
        (b"http://[::1]:1", True),
        (b"http://gate.example", False),
        (b"localhost", False),
        (b"null", False),
        (b"chrome-extension://localhost", False),
        (b"http://localhost:80@evil.example", False),
        (b"http://localhost:80/", False),
        (b"\xff", False),
    ],
)
def test_a_page_may_ask_if_it_is_of_this_machine_or_configured(origin: bytes | None, allowed: bool) -> None:
    assert GUARD.origin_allowed(origin) is allowed


def asked(reference: str, authorization: bytes | None, *, now_ns: int = 0) -> Bearer | NoBearer:
    gate = Gate()
    grants = [
        grant("mine", digest="D-mine"),
        grant("old", digest="D-old", expires_at_ns=100),
        grant("other", digest="D-other", server=STDIO_SERVER),
        grant("orphan", digest="D-orphan", server=ServerEntry(organisation="o", id="gone", name="gone")),
    ]
    gate.publish(ALLOW_ALL, grants=grants)
    snapshot = gate.active.current()
    assert snapshot is not None
    access = AccessTokens("http://gate", lambda _: None)
    return authenticate(snapshot, reference, authorization, Tokens(lambda token: f"D-{token}", lambda: now_ns, access))


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER"])
def test_the_scheme_is_read_without_regard_to_case(scheme: bytes) -> None:
    assert isinstance(asked("files", scheme + b" mine"), Bearer)


@pytest.mark.parametrize(
    ("reference", "authorization", "reason", "server", "grant_id"),
    [
        ("files", None, "no token", "files", None),
        ("files", b"", "not a bearer token", "files", None),
        ("files", b"mine", "not a bearer token", "files", None),
        ("files", b"Basic mine", "not a bearer token", "files", None),
        ("files", b"Bearer \xff", "not a bearer token", "files", None),
        ("files", b"Bearer other", "the grant is for another server", "files", "other"),
        ("nothing", b"Bearer mine", "the grant is for another server", None, "mine"),
        ("gone", b"Bearer orphan", "the grant is for another server", None, "orphan"),
        ("files", b"Bearer stranger", "unknown or revoked token", "files", None),
        ("files", b"Bearer mine ", "unknown or revoked token", "files", None),
    ],
)
def test_why_a_token_was_refused_is_for_the_log(
    reference: str, authorization: bytes | None, reason: str, server: str | None, grant_id: str | None
) -> None:
    assert asked(reference, authorization) == NoBearer(reason, server, grant_id)


def test_a_grant_is_over_at_the_instant_of_its_expiry() -> None:
    assert isinstance(asked("files", b"Bearer old", now_ns=99), Bearer)
    assert asked("files", b"Bearer old", now_ns=100) == NoBearer("the grant has expired", "files", "old")


def test_requests_are_counted_for_each_grant_and_forgotten_when_none_is_left() -> None:
    flight = InFlight(maximum=2)
    assert [flight.enter(grant_id) for grant_id in "aaab"] == [None, None, Crowded.GRANT, None]
    flight.leave("a")
    assert flight.enter("a") is None
    for grant_id in ("a", "a", "b"):
        flight.leave(grant_id)
    assert not flight._open
    assert flight.total == 0


def test_requests_of_all_grants_together_are_bounded_and_one_that_is_refused_counts_for_nothing() -> None:
    flight = InFlight(maximum=2, total_maximum=3)
    assert [flight.enter(grant_id) for grant_id in "aabcd"] == [None, None, None, Crowded.LISTENER, Crowded.LISTENER]
    flight.leave("a")
    assert flight.enter("c") is None
    assert flight.total == 3


def test_a_listener_on_an_ipv6_address_answers_to_it() -> None:
    guard = Guard.of("2001:db8::7", [], [])
    assert guard.host_allowed(b"[2001:db8::7]:8700")
    assert not guard.host_allowed(b"[2001:db8::8]:8700")


class SteppedClock(ManualClock):
    """A wall clock that can be set, beside time that passes."""

    stepped_ns = 0

    def now_ns(self) -> int:
        return super().now_ns() + self.stepped_ns


def test_a_clock_that_is_set_back_brings_no_expired_grant_back_to_life() -> None:
    clock = SteppedClock()
    lifetimes = Lifetimes(clock)
    clock.advance(100)
    seen = lifetimes.now_ns()
    clock.stepped_ns = -2 * 86_400 * 10**9
    assert lifetimes.now_ns() >= seen
    clock.advance(10)
    assert lifetimes.now_ns() >= seen + 10 * 10**9 - 1_000
    clock.stepped_ns = 2 * 86_400 * 10**9
    assert lifetimes.now_ns() == clock.now_ns()
    clock.stepped_ns = 0
    assert lifetimes.now_ns() - clock.now_ns() < 1_000


def test_long_requests_of_a_grant_share_a_bound_and_short_ones_are_only_counted() -> None:
    flight = InFlight(held_maximum=3 * SHORT_BYTES)
    long = SHORT_BYTES + 1
    assert [flight.enter("a", size=long) for _ in range(3)] == [None, None, Crowded.GRANT]
    assert [flight.enter("a", size=SHORT_BYTES), flight.enter("b", size=long)] == [None, None]
    flight.leave("a", size=long)
    assert flight.enter("a", size=long) is None
    for grant_id, size in (("a", long), ("a", long), ("a", SHORT_BYTES), ("b", long)):
        flight.leave(grant_id, size=size)
    assert not flight._held
    assert not flight._open
