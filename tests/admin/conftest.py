"""Fixtures of the control plane's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.listener import Listener, listen
from tests.admin.service import Office, open_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


@pytest.fixture
def listener(office: Office) -> Iterator[Listener]:
    with listen(office) as opened:
        yield opened
