"""Deterministic mutations of seeds: what a fuzzer does, without one."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence


def mutated(seeds: Sequence[bytes], tokens: Sequence[bytes], *, count: int, seed: int) -> Iterator[bytes]:
    """`count` inputs, each a seed with a few changes; the same ones each time."""
    chance = random.Random(seed)
    for _ in range(count):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 3, 6))):
            _change(data, seeds, tokens, chance)
        yield bytes(data)


def _change(data: bytearray, seeds: Sequence[bytes], tokens: Sequence[bytes], chance: random.Random) -> None:
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((0, 1, 1, 2, 8, 32)))
    match chance.randrange(7):
        case 0:
            data[start:end] = b""
        case 1:
            data[start:start] = data[start:end] or b"\0"
        case 2:
            data[start:end] = chance.choice(tokens)
        case 3:
            data[start:start] = chance.choice(tokens)
        case 4:
            other = chance.choice(seeds)
            place = chance.randrange(len(other) + 1)
            data[start:end] = other[place : place + chance.choice((1, 8, 64))]
        case 5:
            data[start:end] = bytes(chance.randrange(256) for _ in range(end - start))
        case _:
            if start < len(data):
                data[start] ^= 1 << chance.randrange(8)
