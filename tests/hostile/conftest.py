"""One gateway and one recorder for all tests of this folder; each test begins with a recorder that has heard nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile.recorder import Recorder, recording
from tests.hostile.rig import Gate, call, data_plane


@pytest.fixture(scope="package")
def recorder_of_all() -> Iterator[Recorder]:
    with recording() as recorder:
        yield recorder


@pytest.fixture(scope="package")
def gate_of_all(tmp_path_factory: pytest.TempPathFactory, recorder_of_all: Recorder) -> Iterator[Gate]:
    with data_plane(tmp_path_factory.mktemp("hostile"), recorder_of_all) as gate:
        assert gate.ask(call()).status == 200
        yield gate


@pytest.fixture
def recorder(recorder_of_all: Recorder) -> Recorder:
    """The server behind the gateway."""
    recorder_of_all.forget()
    return recorder_of_all


@pytest.fixture
def gate(gate_of_all: Gate, recorder: Recorder) -> Iterator[Gate]:
    """The gateway; after each test it must still serve, and must have had no fault of its own."""
    yield gate_of_all
    recorder.forget()
    assert gate_of_all.ask(call()).status == 200
    assert not gate_of_all.faults()
