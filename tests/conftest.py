"""Fixtures that every test may use."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.support.effort import examples

settings.register_profile("yett", examples(100))
settings.load_profile("yett")


@pytest.fixture
def anyio_backend() -> str:
    """The product runs on asyncio; so do its tests."""
    return "asyncio"
