"""The oracle holds for the contract's own scenarios."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracle.scenario_driver import Player, answer, contract_files, scenarios


@pytest.mark.parametrize("path", contract_files() or [None], ids=lambda path: path.stem if path else "absent")
def test_the_oracle_says_what_the_contract_says(path: Path | None) -> None:
    if path is None:
        pytest.skip("the shared contract files are not beside this repository")
    for scenario in scenarios(path):
        for number, expect, decision in Player(scenario).play():
            found = answer(decision)
            assert {key: found[key] for key in expect} == expect, f"{path.name}: {scenario['name']}: step {number}"
