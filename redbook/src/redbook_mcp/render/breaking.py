"""Lines: where a paragraph is broken so that it reads well and looks even."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from redbook_mcp.render.atoms import Atom, split_to

_WEIGHED_MAX: Final = 1500
"""Atoms of a paragraph whose breaks are weighed against each other; a longer one is filled line by line."""
_HANGING: Final = frozenset("，。、；：！？")
_HANG: Final = 0.5
"""Ems of a closing mark's blank half that may stand beyond the line's end."""
_WIDOW: Final = 2.6
"""Ems: a last line that is shorter is a widow."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its atoms and its width in ems, without the blank half of a closing mark at its end."""

    atoms: tuple[Atom, ...]
    width: float

    @property
    def text(self) -> str:
        return "".join((" " if atom.gap > 0.2 and place else "") + atom.text for place, atom in enumerate(self.atoms))


def break_lines(atoms: Sequence[Atom], width: float, *, balance: bool = False) -> list[Line]:
    """The lines of one paragraph, none wider than `width` ems.

    With `balance`, as many lines as filling needs, all about as long as each other: for titles. Without, lines are filled, and
    only a widow or a break within a word moves a break back.
    """
    whole = split_to(atoms, width)
    if not whole:
        return []
    filled = _filled(whole, width)
    if len(filled) == 1 or len(whole) > _WEIGHED_MAX:
        return [_line(whole[first:last]) for first, last in filled]
    breaks = _weighed(whole, width, len(filled), balance=balance)
    return [_line(whole[first:last]) for first, last in breaks]


def _end_width(atom: Atom) -> float:
    last = atom.pieces[-1]
    hangs = last.source in _HANGING and last.drawn.width > 0.9 and len(atom.pieces) > 1
    return atom.width - _HANG if hangs else atom.width


def _line(atoms: Sequence[Atom]) -> Line:
    width = sum(atom.width for atom in atoms) + sum(atom.gap for atom in atoms[1:])
    return Line(tuple(atoms), width - atoms[-1].width + _end_width(atoms[-1]))


def _filled(atoms: Sequence[Atom], width: float) -> list[tuple[int, int]]:
    starts, used = [0], 0.0
    for place, atom in enumerate(atoms):
        gap = atom.gap if used else 0.0
        if used and used + gap + _end_width(atom) > width:
            starts.append(place)
            used = atom.width
        else:
            used += gap + atom.width
    return list(pairwise([*starts, len(atoms)]))


def _weighed(atoms: Sequence[Atom], width: float, lines: int, *, balance: bool) -> list[tuple[int, int]]:
    """Breaks of least cost, by dynamic programming over the place where each line begins."""
    total = sum(atom.width + atom.gap for atom in atoms)
    wanted = min(width, total / lines) if balance else width
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(atoms) + 1):
        is_last = end == len(atoms)
        following = 0.0 if is_last else atoms[end].cost
        found, used = (float("inf"), end - 1), 0.0
        for first in range(end - 1, -1, -1):
            used += atoms[first].width + (atoms[first + 1].gap if first + 1 < end else 0.0)
            line = used - atoms[end - 1].width + _end_width(atoms[end - 1])
            if line > width and first < end - 1:
                break
            cost = best[first][0] + _cost(line, wanted, following, balance=balance, is_last=is_last)
            if cost < found[0]:
                found = (cost, first)
        best.append(found)
    places = [len(atoms)]
    while places[-1]:
        places.append(best[places[-1]][1])
    return list(pairwise(reversed(places)))


def _cost(line: float, wanted: float, following: float, *, balance: bool, is_last: bool) -> float:
    """What a line costs: its distance from the length wanted, the break after it, and that it is there at all."""
    slack = (wanted - line) / max(wanted, 1.0)
    if balance:
        return 1.0 + 10.0 * slack * slack + 0.12 * following
    if is_last:
        return 3.0 + max(0.0, _WIDOW - line)
    return 3.0 + 12.0 * slack * slack + 0.012 * following
