"""Whether servers ask for a credential, as they were last seen."""

from __future__ import annotations

import pytest

from tests.admin.service import Office
from yett.admin.outside import RATE_LIMITED, REFUSED, WANTS_CREDENTIAL
from yett.admin.posture import IN_WORDS, Posture, posture_of
from yett.stores.control.records import Look, Server

THERE = Server(id="1", name="shop", url="https://shop.example/mcp", created_at_ns=1)
HERE = Server(id="2", name="clock", command="time", created_at_ns=1)


@pytest.mark.parametrize(
    ("problem", "sent", "posture"),
    [
        (None, False, "open"),
        (None, True, "with_credential"),
        (f"{REFUSED} with HTTP status 401", None, "asks"),
        (f"{REFUSED} with HTTP status 403", False, "asks"),
        (f"{RATE_LIMITED}: it answered with HTTP status 429", True, "rate_limited"),
        ("it is away", False, "open"),
        ("it is away", None, None),
        (f"{WANTS_CREDENTIAL}: the one that it is to have is not there yet; connect it", None, None),
        (None, None, None),
        (None, "yes", None),
    ],
)
def test_a_posture_is_what_the_server_did_when_it_was_last_asked(
    problem: str | None, sent: object, posture: Posture | None
) -> None:
    look = Look(server_id="1", at_ns=1, problem=problem, said={} if sent is None else {"credential": sent})
    assert posture_of(THERE, look) == posture
    assert posture is None or IN_WORDS[posture]


def test_a_program_and_a_server_that_nobody_asked_have_none() -> None:
    assert posture_of(HERE, Look(server_id="2", at_ns=1, said={"credential": False})) is None
    assert posture_of(THERE, None) is None


def test_it_stands_beside_the_verdict_on_a_server(office: Office) -> None:
    office.lookout.said = {"tools": [], "credential": False}
    office.with_server("shop")
    assert office.service.catalogue("shop").posture == "open"
    assert office.service.catalogued_server("shop").posture == "it answered without a credential"
    office.lookout.problem = f"{REFUSED} with HTTP status 401"
    office.service.look_server("shop")
    assert office.service.catalogue("shop").posture == "asks"
