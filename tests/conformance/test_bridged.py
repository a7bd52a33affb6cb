"""Across the bridge between eras, the official suite comes to the same but for what is written down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.bridged import Bridged, known, running_bridged
from tests.conformance.suite import REVISIONS, differences
from tests.support.programs import require_program

pytestmark = [pytest.mark.xdist_group("conformance"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridged]:
    require_program("node")
    require_program("conformance")
    with running_bridged(tmp_path_factory.mktemp("bridged")) as running:
        yield running


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_server_of_the_other_era_differs_only_as_written_down(stage: Bridged, revision: str) -> None:
    direct, across = stage.run(revision)
    assert differences(direct, across) == known(revision)
