"""Fixtures of the pages' tests."""

from __future__ import annotations

from tests.admin.people.conftest import house as house
