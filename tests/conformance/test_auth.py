"""The official suite's scenarios of authorization, with the gateway as the OAuth client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.conformance.auth import REVISIONS, Stage, passes, running_stage
from tests.support.programs import require_program

pytestmark = [pytest.mark.xdist_group("conformance-auth"), pytest.mark.timeout(300)]

SCENARIOS: Final = {"2025-03-26": 2, "2025-06-18": 3, "2025-11-25": 14, "2026-07-28": 25, "extensions": 6}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    require_program("node")
    require_program("conformance")
    with running_stage(tmp_path_factory.mktemp("conformance-auth")) as running:
        yield running


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_gateway_is_the_client_that_the_suite_wants(stage: Stage, revision: str) -> None:
    outcomes = stage.run(revision)
    assert [name for name, found in outcomes.items() if not passes(found)] == []
    assert len(outcomes) == SCENARIOS[revision]
