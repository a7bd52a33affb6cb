"""A message of very many values: text of a few megabytes that would be a hundred as values, and seconds of work for everybody."""

from __future__ import annotations

from typing import Final

import pytest

from tests.hostile.recorder import Recorder
from tests.hostile.rig import Gate

CPU_S_MAX: Final = 0.75
"""For one such body, received and refused; to make its values takes several times as long."""
MEMORY_KIB_MAX: Final = 32 * 1024


@pytest.mark.parametrize("unit", ["[],", "{},", "1.5,", '"a",'])
def test_a_body_of_very_many_values_is_refused_and_costs_hardly_anything(gate: Gate, recorder: Recorder, unit: str) -> None:
    values = (unit * (4_000_000 // len(unit))).removesuffix(",")
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"a":[%b]}}}' % values.encode()
    memory, started_s = gate.rss_kib(), gate.cpu_s()
    for _ in range(4):
        assert gate.ask(body).status == 400
    assert gate.cpu_s() - started_s < 4 * CPU_S_MAX
    assert gate.rss_kib() - memory < MEMORY_KIB_MAX
    assert not recorder.calls
