"""What is large goes in parts, and comes out as it was."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from msgspec.structs import replace

from tests.support.snapshots import delta, grant, histories, policy, server
from yett.gateway import feed_frames
from yett.gateway.feed_frames import Change, Joined, encode_frame, parts_of, read_frame
from yett.gateway.frames import FrameFault
from yett.gateway.snapshot import SnapshotDelta


def joined(parts: list[Change]) -> list[SnapshotDelta]:
    """What comes of them, one after another."""
    joining = Joined()
    return [whole for part in parts if (whole := joining.add(part)) is not None]


@given(histories())
def test_changes_come_out_as_they_went_in(history: list[SnapshotDelta]) -> None:
    with pytest.MonkeyPatch.context() as small:
        small.setattr(feed_frames, "PART_BYTES", 1)
        parts = [part for change in history for part in parts_of(change)]
        assert joined(parts) == history
        entries = [sum(len(getattr(part.delta, name)) for name in feed_frames._LISTS) for part in parts]
        assert max(entries) <= 1


def test_a_small_change_is_one_part_and_one_that_changes_nothing_is_one_too() -> None:
    for change in (delta(2), delta(2, grants=[grant("a")], servers=[server("s")])):
        (part,) = parts_of(change)
        assert part == Change(change)


def test_a_policy_of_the_largest_size_fits_a_frame_however_it_is_written() -> None:
    worst = replace(policy("p"), document='"\\' * (256 * 1024))
    for part in parts_of(delta(1, None, policies=[worst] * 3)):
        encode_frame(part)


def test_more_than_anybody_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_frames, "WHOLE_BYTES_MAX", 4 * feed_frames.ENTRY_BYTES)
    monkeypatch.setattr(feed_frames, "PART_BYTES", 1)
    few, many = ([*parts_of(delta(1, None, grants=[grant(f"{n}") for n in range(count)]))] for count in (4, 5))
    assert len(joined(few)) == 1
    with pytest.raises(FrameFault, match="remove policies that no grant uses"):
        joined(many)


@pytest.mark.anyio
async def test_a_part_is_read_as_it_was_written() -> None:
    change = Change(delta(3, grants=[grant("a", tags={"team": "ä"})], stopped=["*"]), more=True)
    reader = asyncio.StreamReader()
    reader.feed_data(encode_frame(change))
    assert await read_frame(reader) == change
