"""The fuzz targets, run over their seeds and some thousand deterministic mutations; `run.py` has a fuzzer look further."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.mutations import mutated
from tests.fuzz.targets import SEEDS, TARGETS
from tests.support.effort import NIGHTLY, times

MUTATIONS = 3_000


@pytest.mark.parametrize("name", TARGETS)
def test_each_seed_is_read_in_one_way(name: str) -> None:
    seeds = TARGETS[name].seeds()
    assert len(seeds) >= 8
    for seed in seeds:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_mutations_of_the_seeds_are_read_in_one_way(name: str) -> None:
    target = TARGETS[name]
    start = random.SystemRandom().randrange(1 << 32) if NIGHTLY else 20_261_122
    for data in mutated(target.seeds(), target.tokens, count=times(MUTATIONS), seed=start):
        try:
            target.run(data)
        except Exception as finding:
            raise AssertionError(f"start {start}, input {data!r}: {finding}") from finding


def test_every_folder_of_seeds_has_its_target() -> None:
    assert {folder.name for folder in SEEDS.iterdir()} == set(TARGETS)
