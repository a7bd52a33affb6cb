"""The faces, what each can draw, and how wide it draws it.

Nothing here is shared safely between threads: FreeType faces are not. `render.card` lets one thread draw at a time.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, Literal

from PIL import ImageFont

Face = Literal["sans", "serif", "kai", "round", "italic", "emoji"]

FOLDER: Final = Path(__file__).parent.parent / "fonts"
SUBSTITUTE: Final = "〓"
"""What stands for a character that no face has: the printer's sign for a missing type, and no empty box."""
EMOJI_SCALE: Final = 0.84
"""Emoji are drawn smaller than the text, so that they are one em wide as a hanzi is."""
_REFERENCE: Final = 500
_FACES_OPEN_MAX: Final = 14
"""An open face takes up to two megabytes."""
_PRIVATE: Final = 0xF0000
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_SELECTORS: Final = (0xFE0E, 0xFE0F)


@dataclass(frozen=True, slots=True)
class Cut:
    """A face in one weight, 400 to 900. `sans` has them all; `kai` gets a broader pen from 600 on; the others have one."""

    face: Face
    weight: int = 400


@dataclass(frozen=True, slots=True)
class Drawn:
    """How one cluster is drawn: in which face, as which characters, and whether it only stands for the one asked for."""

    cut: Cut
    text: str
    width: float
    """In ems of the text around it."""
    is_substitute: bool = False


@cache
def _coverage() -> dict[str, tuple[list[int], list[int]]]:
    found = {}
    for line in (FOLDER / "coverage.txt").read_text("ascii").splitlines():
        name, *ranges = line.split(" ")
        pairs = [tuple(int(end, 16) for end in each.split("-")) for each in ranges]
        found[name] = ([pair[0] for pair in pairs], [pair[-1] for pair in pairs])
    return found


@cache
def _sequences() -> dict[tuple[int, ...], int]:
    lines = (FOLDER / "sequences.txt").read_text("ascii").splitlines()
    return {tuple(int(point, 16) for point in line.split("-")): _PRIVATE + place for place, line in enumerate(lines)}


def covers(face: Face, point: int) -> bool:
    """Whether the face can draw a code point. Private code points are never covered: ours are for emoji sequences."""
    if point >= _PRIVATE:
        return False
    firsts, lasts = _coverage()[face]
    place = bisect_right(firsts, point) - 1
    return place >= 0 and point <= lasts[place]


@lru_cache(maxsize=_FACES_OPEN_MAX)
def opened(cut: Cut, size: int) -> ImageFont.FreeTypeFont:
    """The face at a size in pixels. Basic layout: the order of characters is the text's, whatever it holds."""
    font = ImageFont.truetype(FOLDER / f"{cut.face}.ttf", size, layout_engine=ImageFont.Layout.BASIC)
    if cut.face == "sans":
        font.set_variation_by_axes([cut.weight])
    return font


@lru_cache(maxsize=16_384)
def drawn(cluster: str, cut: Cut) -> Drawn:
    """How a cluster (what a reader takes for one character) is drawn beside text of a cut."""
    points = tuple(point for point in map(ord, cluster) if point not in _SELECTORS)
    if _is_emoji(cluster, points):
        return _emoji(cluster, points, cut)
    for each in (cut, Cut("sans", cut.weight if cut.face == "sans" else 700)):
        if all(covers(each.face, point) for point in points):
            text = "".join(map(chr, points))
            return Drawn(each, text, _advance(each, text))
    if all(covers("emoji", point) for point in points):
        return _emoji(cluster, points, cut)
    return _substitute(cluster, points, cut)


def _is_emoji(cluster: str, points: tuple[int, ...]) -> bool:
    if not points:
        return False
    return "\ufe0f" in cluster or points[0] >= 0x1F000 or (len(points) > 1 and points in _sequences())


def _emoji(cluster: str, points: tuple[int, ...], cut: Cut) -> Drawn:
    plain = tuple(point for point in points if point not in _SKIN_TONES) or points
    face = Cut("emoji")
    if plain in _sequences():
        text = chr(_sequences()[plain])
    else:
        # A family that the face does not know as one picture is drawn as its members.
        members = tuple(point for point in plain if point != 0x200D)
        if not members or not all(covers("emoji", point) for point in members):
            return _substitute(cluster, points, cut)
        text = "".join(map(chr, members))
    return Drawn(face, text, _advance(face, text) * EMOJI_SCALE)


def _substitute(cluster: str, points: tuple[int, ...], cut: Cut) -> Drawn:
    """The first character alone where only a mark over it is missing; else the sign for a missing type."""
    if len(points) > 1 and covers("sans", points[0]):
        face = cut if covers(cut.face, points[0]) else Cut("sans", 700)
        return Drawn(face, cluster[0], _advance(face, cluster[0]), is_substitute=True)
    sans = Cut("sans", cut.weight if cut.face == "sans" else 700)
    return Drawn(sans, SUBSTITUTE, _advance(sans, SUBSTITUTE), is_substitute=True)


@lru_cache(maxsize=16_384)
def _advance(cut: Cut, text: str) -> float:
    return opened(cut, _REFERENCE).getlength(text) / _REFERENCE


def can_set(text: str, face: Face) -> bool:
    """Whether a face has every hanzi of a text, so that no two faces meet within a title."""
    return all(covers(face, point) for point in map(ord, text) if 0x3400 <= point < 0xA000)
