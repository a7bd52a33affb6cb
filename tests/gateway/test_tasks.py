"""The book of tasks: nobody finds another grant's, whatever servers and grants do, and what is kept is bounded."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.gateway.gate import STDIO_SERVER, Gate, grant
from tests.support.policies import ALLOW_ALL
from yett.gateway.route import Route
from yett.gateway.tasks import GRACE_S, GRANT_BYTES_MAX, GRANT_TASKS_MAX, KEYS_MAX, TASK_S, Origin, TaskBook
from yett.protocol.tasks import State

GRANTS = ("g1", "g2")
IDS = ("a", "b", "c")


class Book(RuleBasedStateMachine):
    """Servers that give out what ids they like, against a model that knows whose each is."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()
        self.gate.publish(ALLOW_ALL, grants=[grant(id) for id in GRANTS])
        self.book = TaskBook(self.gate.clock.monotonic)
        self.routes = {id: self.gate.route(grant_id=id) for id in GRANTS}
        self.owner: dict[str, tuple[str, str, float]] = {}
        """Id → grant, or nobody where it was given to two, tool, and until when."""

    def _now(self) -> float:
        return self.gate.clock.monotonic()

    @rule(
        grant_id=st.sampled_from(GRANTS),
        id=st.sampled_from(IDS),
        tool=st.sampled_from(("x", "y")),
        ttl=st.sampled_from((0.0, 60_000.0, None)),
    )
    def make(self, grant_id: str, id: str, tool: str, ttl: float | None) -> None:
        """A server answers a call of a grant with a task."""
        owner = self.owner.get(id)
        theirs = owner is not None and owner[0] != grant_id and owner[2] > self._now()
        made = self.book.make(self.routes[grant_id], State(id, "working", ttl), Origin(tool, b"{}"), None)
        assert made is not theirs
        if theirs and owner is not None:
            self.owner[id] = "nobody", *owner[1:]
        if made:
            self.owner[id] = grant_id, tool, self._now() + (TASK_S if ttl is None else ttl / 1_000 + GRACE_S)

    @rule(seconds=st.sampled_from((1.0, GRACE_S, TASK_S)))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.gate.clock.advance(seconds=seconds)

    @rule(grant_id=st.sampled_from(GRANTS))
    def ask_for_room(self, grant_id: str) -> None:
        """What nobody can ask for any more may go."""
        assert self.book.has_room(grant_id, 10)

    @invariant()
    def a_grant_finds_its_own_tasks_and_no_others(self) -> None:
        """And each of them with the tool of its last call."""
        for grant_id, route in self.routes.items():
            for id in IDS:
                found = self.book.find(route, id)
                own = self.owner.get(id)
                lives = own is not None and own[0] == grant_id and own[2] > self._now()
                assert (None if found is None else found.origin.tool) == (own[1] if own is not None and lives else None)

    @invariant()
    def what_is_counted_is_what_is_there(self) -> None:
        """The tables of the book agree."""
        kept = self.book._by_name
        assert {(task.place, task.id) for task in kept.values()} == self.book._grant_of.keys()
        assert sum(len(mine) for mine in self.book._of_grant.values()) == len(self.book)
        assert self.book._all_bytes == sum(self.book._bytes.values()) == sum(len(task.origin.arguments) for task in kept.values())


TestBook = Book.TestCase
TestBook.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)


def route(gate: Gate, isolation: str) -> Route:
    return gate.route(isolation=isolation)


def test_the_same_id_in_two_children_is_two_tasks() -> None:
    gate = Gate(server=STDIO_SERVER)
    book = TaskBook(gate.clock.monotonic)
    for isolation, tool in (("s1", "x"), ("s2", "y")):
        assert book.make(route(gate, isolation), State("t", "working", None), Origin(tool, b"{}"), None)
    found = [book.find(route(gate, isolation), "t") for isolation in ("s1", "s2", "s3")]
    assert [None if task is None else task.origin.tool for task in found] == ["x", "y", None]


def test_as_many_tasks_as_a_grant_may_have_and_one_more_when_a_result_was_collected() -> None:
    gate = Gate()
    book = TaskBook(gate.clock.monotonic)
    for number in range(GRANT_TASKS_MAX):
        assert book.has_room("g1", 2)
        assert book.make(gate.route(), State(f"t{number}", "working", None), Origin("x", b"{}"), None)
    assert not book.has_room("g1", 2)
    task = book.find(gate.route(), "t5")
    assert task is not None
    task.saw(State("t5", "completed", None))
    assert not book.has_room("g1", 2), "its result is still to be fetched"
    task.saw(State("t5", "completed", None), whole=True)
    assert book.has_room("g1", 2)
    assert book.find(gate.route(), "t5") is None


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sizes=st.lists(st.integers(min_value=1, max_value=GRANT_BYTES_MAX), max_size=8))
def test_the_arguments_that_are_kept_for_a_grant_stay_within_their_bound(sizes: list[int]) -> None:
    gate = Gate()
    book = TaskBook(gate.clock.monotonic)
    kept = 0
    for number, size in enumerate(sizes):
        fits = kept + size <= GRANT_BYTES_MAX
        assert book.has_room("g1", size) is fits
        if fits:
            assert book.make(gate.route(), State(f"t{number}", "working", None), Origin("x", b" " * size), None)
            kept += size
    assert not book.has_room("g1", GRANT_BYTES_MAX + 1)


def test_so_many_questions_of_one_task_may_be_answered() -> None:
    gate = Gate()
    book = TaskBook(gate.clock.monotonic)
    assert book.make(gate.route(), State("t", "working", None), Origin("x", b"{}"), None)
    task = book.find(gate.route(), "t")
    assert task is not None
    for number in range(KEYS_MAX + 1):
        task.saw(State("t", "input_required", None, {json.dumps(number): "roots"}))
    assert ("0" in task.asked, len(task.asked)) == (False, KEYS_MAX)
