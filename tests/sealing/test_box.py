"""One secret sealed: bound to its place, and to nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.errors import OperatorFault
from yett.sealing.box import PLAIN_BYTES_MAX, Place, Unsealable, seal, unseal, version_of
from yett.sealing.keys import new_ring

RING = new_ring()
PLACE = Place("organisation", "server", "headers")
SECRET = b"a secret of the server"

texts = st.text(max_size=12)


def test_what_was_sealed_opens_at_its_place_and_shows_nothing_before() -> None:
    blob = seal(RING, PLACE, SECRET)
    assert unseal(RING, PLACE, blob) == SECRET
    assert SECRET not in blob
    assert version_of(blob) == 1


def test_the_same_secret_is_never_sealed_to_the_same_bytes() -> None:
    assert len({seal(RING, PLACE, SECRET) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "other",
    [
        Place("other", "server", "headers"),
        Place("organisation", "other", "headers"),
        Place("organisation", "server", "tokens"),
        Place("organisations", "erver", "headers"),
        Place("organisation", "serverh", "eaders"),
    ],
)
def test_a_row_in_another_rows_place_does_not_open(other: Place) -> None:
    with pytest.raises(Unsealable):
        unseal(RING, other, seal(RING, PLACE, SECRET))


def test_no_changed_bit_and_no_shorter_row_opens() -> None:
    blob = seal(RING, PLACE, SECRET)
    for bit in range(8 * len(blob)):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unsealable):
            unseal(RING, PLACE, bytes(changed))
    for length in range(len(blob)):
        with pytest.raises(Unsealable):
            unseal(RING, PLACE, blob[:length])


def test_another_key_of_the_same_version_does_not_open_and_the_message_shows_nothing() -> None:
    with pytest.raises(Unsealable) as refused:
        unseal(new_ring(), PLACE, seal(RING, PLACE, SECRET))
    assert "headers of `server`" in str(refused.value)
    assert "a secret" not in str(refused.value)


def test_an_old_version_opens_and_the_highest_one_seals() -> None:
    old = seal(RING, PLACE, SECRET)
    ring = RING.with_next()
    assert unseal(ring, PLACE, old) == SECRET
    assert version_of(seal(ring, PLACE, SECRET)) == 2
    with pytest.raises(Unsealable, match="version 1"):
        unseal(ring.without([1]), PLACE, old)


def test_a_secret_has_a_largest_size() -> None:
    assert unseal(RING, PLACE, seal(RING, PLACE, b"x" * PLAIN_BYTES_MAX))
    with pytest.raises(OperatorFault):
        seal(RING, PLACE, b"x" * (PLAIN_BYTES_MAX + 1))


@given(texts, texts, texts, st.integers(0, 3), texts, texts, texts, st.integers(0, 3))
def test_no_two_places_have_the_same_associated_data(a: str, b: str, c: str, n: int, d: str, e: str, f: str, m: int) -> None:
    one, other = Place(a, b, c), Place(d, e, f)
    assert (one.associated_data(n) == other.associated_data(m)) == ((one, n) == (other, m))
