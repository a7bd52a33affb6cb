"""The differential has eyes: each of these mistakes, on either side, makes some of the first pairs differ."""

from __future__ import annotations

from typing import Final

import pytest

from tests.oracle.engine_side import comparable, oracle_says
from tests.oracle.generate import Pair, pair
from tests.oracle.mutants import ENGINE, ORACLE
from tests.oracle.mutated import Mutant, running
from yett.policy.decision import Decision

SEED: Final = 20260101
PAIRS: Final = 5_000


@pytest.fixture(scope="module")
def answered() -> list[tuple[Pair, Decision]]:
    """The first pairs with what the oracle says to them."""
    return [(asked, oracle_says(asked)) for asked in (pair(SEED, index) for index in range(PAIRS))]


@pytest.mark.parametrize("mutant", ENGINE, ids=lambda mutant: mutant.name)
def test_a_mistake_in_the_engine_is_seen(mutant: Mutant, answered: list[tuple[Pair, Decision]]) -> None:
    with running(mutant, "tests.oracle.engine_side") as side:
        assert any(comparable(side.engine_says(asked), oracle) != oracle for asked, oracle in answered), "nobody would notice"


@pytest.mark.parametrize("mutant", ORACLE, ids=lambda mutant: mutant.name)
def test_a_mistake_in_the_oracle_is_seen(mutant: Mutant, answered: list[tuple[Pair, Decision]]) -> None:
    with running(mutant, "tests.oracle.engine_side") as side:
        assert any(comparable(side.oracle_says(asked), oracle) != oracle for asked, oracle in answered), "nobody would notice"


@pytest.mark.parametrize("module", sorted({mutant.module for mutant in ENGINE + ORACLE}))
def test_a_side_without_a_mistake_is_not_accused(module: str, answered: list[tuple[Pair, Decision]]) -> None:
    line = "from __future__ import annotations\n"
    with running(Mutant("none", module, line, line), "tests.oracle.engine_side") as side:
        for asked, oracle in answered[:200]:
            assert comparable(side.engine_says(asked), oracle) == side.oracle_says(asked) == oracle
