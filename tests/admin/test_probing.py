"""A server that has a credential is also asked without, once, and whenever a person looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests.admin.service import Office
from tests.admin.test_drift import GET
from yett.admin.outside import REFUSED, Seen
from yett.admin.probing import BARE, asked_bare
from yett.admin.server_looks import look_and_note
from yett.admin.views import NewServer
from yett.gateway.snapshot import ServerEntry
from yett.stores.control.records import Look

ENTRY = ServerEntry(id="s", organisation="o", name="shop", url="https://shop.example/mcp", credential="env:SHOP_KEY")
SENT = Seen({"tools": [], "credential": True}, None)


@dataclass
class Bare:
    """Answers who shows nothing, and remembers who asked."""

    answer: Seen
    asked: list[tuple[ServerEntry, Mapping[str, str] | None]] = field(default_factory=list)

    def refusal(self, url: str) -> str | None:
        return None

    def look(self, server: ServerEntry, fields: Mapping[str, str] | None = None, *, patient: bool = False) -> Seen:
        self.asked.append((server, fields))
        return self.answer

    def close(self) -> None:
        pass


ANSWERED, TURNED_AWAY, AWAY = Seen({"tools": []}, None), Seen(None, f"{REFUSED} with HTTP status 401"), Seen(None, "it is away")


@pytest.mark.parametrize(("answer", "known"), [(ANSWERED, "answered"), (TURNED_AWAY, "refused"), (AWAY, None)])
def test_it_is_asked_without_any_credential(answer: Seen, known: str | None) -> None:
    lookout = Bare(answer)
    found = asked_bare(lookout, ENTRY, SENT, None, patient=False)
    assert found.said is not None
    assert found.said.get(BARE) == known
    ((entry, fields),) = lookout.asked
    assert (entry.credential, entry.sealed, fields, entry.url) == (None, None, None, ENTRY.url)


@pytest.mark.parametrize("seen", [Seen({"tools": [], "credential": False}, None), Seen({"tools": []}, None), AWAY])
def test_one_that_was_sent_none_is_not_asked_again(seen: Seen) -> None:
    lookout = Bare(ANSWERED)
    assert asked_bare(lookout, ENTRY, seen, None, patient=True) == seen
    assert lookout.asked == []


def test_what_is_known_is_kept_until_a_person_looks() -> None:
    last = Look(server_id="s", at_ns=1, said={"credential": True, BARE: "refused"})
    lookout = Bare(ANSWERED)
    kept = asked_bare(lookout, ENTRY, SENT, last, patient=False)
    assert (kept.said or {})[BARE] == "refused"
    assert lookout.asked == []
    assert (asked_bare(lookout, ENTRY, SENT, last, patient=True).said or {})[BARE] == "answered"
    assert (asked_bare(Bare(AWAY), ENTRY, SENT, last, patient=True).said or {})[BARE] == "refused"


def test_a_server_that_lets_anybody_in_is_open_whatever_it_was_sent(office: Office) -> None:
    office.lookout.said = {"tools": [GET], "credential": True}
    office.service.add_server(NewServer(name="shop", url="https://shop.example/mcp", credential="env:SHOP_KEY"))
    posture = office.service.record("shop").posture
    assert (posture.auth, posture.evidence) == ("open", "it answered with its credential, and without one just as well")
    asked = len(office.lookout.asked)
    look_and_note(office.service.desk, office.service.principal.organisation, office.service.server("shop").id)
    assert len(office.lookout.asked) == asked + 1, "it is known by now"
    assert office.service.record("shop").posture == posture
