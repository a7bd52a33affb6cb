"""The contract of the policy language: its scenario files pass as they stand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from yett.lab.scenario import Scenario, read_scenarios
from yett.lab.scenario_run import run_scenario

FOLDER = Path(os.environ.get("YETT_TEST_CONTRACT") or Path(__file__).parents[3] / "shared" / "contract" / "policy")
FILES = sorted(FOLDER.glob("*.json"))


def scenarios() -> list[object]:
    """Every scenario of every file, named so that a failure says where to look."""
    found: list[object] = [
        pytest.param(scenario, id=f"{path.stem}: {scenario.name}")
        for path in FILES
        for scenario in read_scenarios(path.read_bytes())
    ]
    absent = pytest.mark.skip(reason="the contract folder is not beside the checkout (YETT_TEST_CONTRACT names it)")
    return found or [pytest.param(None, id="contract", marks=absent)]


@pytest.mark.parametrize("scenario", scenarios())
def test_the_contract_holds(scenario: Scenario) -> None:
    assert run_scenario(scenario).failures == ()
