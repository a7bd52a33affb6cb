"""A client or a server cannot tell that the gateway is there: the official suite comes to the same with it and without it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from tests.conformance.known import judge, read_known
from tests.conformance.stage import LEGS, Stage, running_stage
from tests.conformance.suite import REVISIONS, Outcomes, differences
from tests.support.programs import require_program

pytestmark = [pytest.mark.xdist_group("conformance"), pytest.mark.timeout(300)]

CHECKS_DIRECT: Final = {"2025-06-18": (27, 56), "2025-11-25": (33, 84), "2026-07-28": (49, 196)}
"""Scenarios and checks of each revision that the fixture passes alone: all there are, and of the extensions those of tasks."""
SCENARIOS_OF_DENIED: Final = {"tools-call-mixed-content", "tools-call-image"}
"""Those that call a tool of `stage.DENIED`."""


class Runs:
    """The suite's runs, each made once: `direct` is compared with more than one leg."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._made: dict[tuple[str, str], Outcomes] = {}

    def server(self, revision: str, *legs: str) -> list[Outcomes]:
        """The outcomes of each leg; what has not run yet runs side by side."""
        missing = [leg for leg in legs if (leg, revision) not in self._made]
        with ThreadPoolExecutor(len(legs)) as pool:
            for leg, outcomes in zip(missing, pool.map(lambda leg: self._stage.server(leg, revision), missing), strict=True):
                self._made[leg, revision] = outcomes
        return [self._made[leg, revision] for leg in legs]

    def client(self, revision: str) -> list[Outcomes]:
        """The client leg, directly and through the gateway; of both only what passes directly."""
        whole, gated = (self._stage.client(revision, gated=gated) for gated in (False, True))
        passing = {name for name, outcome in whole.items() if outcome.passed}
        return [{name: outcome for name, outcome in outcomes.items() if name in passing} for outcomes in (whole, gated)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    require_program("node")
    require_program("conformance")
    with running_stage(tmp_path_factory.mktemp("conformance")) as stage:
        yield Runs(stage)


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_fixture_alone_passes_every_scenario(runs: Runs, revision: str) -> None:
    (direct,) = runs.server(revision, "direct")
    assert [name for name, outcome in direct.items() if not outcome.passed or outcome.warned] == []
    assert (len(direct), sum(outcome.count("SUCCESS") for outcome in direct.values())) == CHECKS_DIRECT[revision]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("leg", LEGS)
def test_a_server_behind_the_gateway_differs_only_as_written_down(runs: Runs, leg: str, revision: str) -> None:
    direct, through = runs.server(revision, "direct", leg)
    verdict = judge(leg, revision, direct, through)
    assert verdict.holds, str(verdict)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_client_behind_the_gateway_differs_only_as_written_down(runs: Runs, revision: str) -> None:
    direct, through = runs.client(revision)
    assert direct
    verdict = judge("client", revision, direct, through)
    assert verdict.holds, str(verdict)


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_with_one_tool_denied_and_one_hidden_only_their_scenarios_change(runs: Runs, revision: str) -> None:
    allowed, denied = runs.server(revision, "http", "denied")
    assert set(differences(allowed, denied)) == SCENARIOS_OF_DENIED
    assert not any(denied[name].passed for name in SCENARIOS_OF_DENIED)


def test_each_known_difference_is_written_once() -> None:
    places = [(leg, revision, entry.scenario) for entry in read_known() for leg in entry.legs for revision in entry.revisions]
    assert len(places) == len(set(places))
