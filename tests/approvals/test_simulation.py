"""Whatever the order in which things happen, an approval lets one call run, once, and only what people agreed to."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from tests.approvals.simulation import Broken, live
from yett.approvals import lifecycle
from yett.approvals.model import State

SEEDS = 100_000 if os.environ.get("YETT_NIGHTLY") else 2_000
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.timeout(3_600 if os.environ.get("YETT_NIGHTLY") else 120)
def test_no_order_of_events_lets_a_call_run_twice_or_unasked(part: int) -> None:
    told: Counter[str] = Counter()
    for seed in range(part, SEEDS, PARTS):
        told.update({"ran": sum(live(seed).ran.values()), "stories": 1})
    assert told["ran"] > told["stories"] / 4, "the stories must come to something"


def _until_broken(seeds: int = 1_000) -> str:
    for seed in range(seeds):
        try:
            live(seed)
        except Broken as broken:
            return str(broken)
    return ""


def test_without_the_check_of_the_single_use_it_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = lifecycle.spent

    def unchecked(approval: Any, *args: Any) -> Any:
        used = approval.state in {State.RUNNING, State.DONE}
        return checked(replace(approval, state=State.APPROVED) if used else approval, *args)

    monkeypatch.setattr(lifecycle, "spent", unchecked)
    assert "twice" in _until_broken()


def test_without_the_check_of_the_people_it_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.approvals.simulation.deciders", lambda approval, *_, **__: (tuple(approval.request.rules), None))
    assert "their own call" in _until_broken()
