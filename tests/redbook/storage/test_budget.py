"""Pictures counted by day: durably, never below nothing, never above the limit, and by nobody who cannot read the count."""

from __future__ import annotations

from pathlib import Path

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.storage.budget import DAYS_KEPT, Budget

DAY = "2026-03-20"


@pytest.fixture
def budget(tmp_path: Path) -> Budget:
    return Budget(tmp_path, 0.05)


def test_a_day_takes_what_its_limit_says_and_no_more(budget: Budget, tmp_path: Path) -> None:
    for _ in range(3):
        budget.spend(DAY, 3, 10)
    with pytest.raises(RedBookError) as caught:
        budget.spend(DAY, 2, 10)
    assert (caught.value.code, budget.spent(DAY)) == (Code.BUDGET_EXCEEDED, 9)
    budget.spend(DAY, 1, 10)
    assert Budget(tmp_path, 0.05).spent(DAY) == 10


def test_without_a_limit_it_is_counted_all_the_same(budget: Budget) -> None:
    budget.spend(DAY, 1000, None)
    assert budget.spent(DAY) == 1000
    with pytest.raises(RedBookError):
        budget.spend(DAY, 1, 1000)


def test_a_limit_of_nothing_lets_nothing_be_spent(budget: Budget, tmp_path: Path) -> None:
    with pytest.raises(RedBookError):
        budget.spend(DAY, 1, 0)
    assert not (tmp_path / "budget.json").exists()


def test_what_is_given_back_can_be_spent_again_and_never_makes_more(budget: Budget) -> None:
    budget.spend(DAY, 2, 2)
    budget.give_back(DAY, 1)
    budget.spend(DAY, 1, 2)
    budget.give_back(DAY, 5)
    assert budget.spent(DAY) == 0


def test_each_day_has_its_own_count_and_old_ones_are_forgotten(budget: Budget) -> None:
    for number in range(DAYS_KEPT + 1):
        budget.spend(f"2026-{number // 28 + 1:02d}-{number % 28 + 1:02d}", 1, 1)
    assert budget.spent("2026-01-01") == 0
    assert budget.spent("2026-01-02") == 1


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"schema": 2, "days": {}}', b'{"schema": 1, "days": {"2026-03-20": -5}}']
)
def test_a_count_that_cannot_be_read_lets_nothing_be_spent(budget: Budget, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "budget.json").write_bytes(content)
    for call in (lambda: budget.spend(DAY, 1, None), lambda: budget.give_back(DAY, 1), lambda: budget.spent(DAY)):
        with pytest.raises(RedBookError) as caught:
            call()
        assert "budget.json" in caught.value.message
    assert (tmp_path / "budget.json").read_bytes() == content


@pytest.mark.parametrize(("day", "images"), [("", 1), ("today", 1), ("2026-03-20T00", 1), (DAY, 0), (DAY, -1)])
def test_what_is_no_day_or_no_picture_is_refused(budget: Budget, day: str, images: int) -> None:
    with pytest.raises(RedBookError) as caught:
        budget.spend(day, images, None)
    assert caught.value.code is Code.INVALID_INPUT
