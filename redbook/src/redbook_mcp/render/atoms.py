"""Text as atoms: pieces between which a line may break, each with what breaking before it costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from redbook_mcp.render import fonts, plain

CLOSING: Final = frozenset("、，。．：；！？!?,.:;）)】》〉」』〕〗］]}｝”’%％‰°℃…—～~·・ー々〻＞>｜|")
"""Never first in a line."""
OPENING: Final = frozenset("（(【《〈「『〔〖［[{｛“‘#＃@＠$¥￥€£＜<")
"""Never last in a line."""
PAUSES: Final = frozenset("、，。：；！？!?,:;）】》」』”…—～｜|")
"""A line reads well when it ends with one of these."""
PARTICLES: Final = frozenset("的了着过吗呢吧啊呀哦嘛们么地得")
"""Words that lean on what stands before them."""
UNITS: Final = frozenset("克度年月日天个分秒小时元块次种杯层步点件款家条份号岁米斤两倍字章页张人万亿千百角折路站期周款招")
COUNTS: Final = frozenset("一二三四五六七八九十百千万两几这那每第半")
_JOINERS: Final = frozenset("–‐‑’")
"""Dashes and the apostrophe, within words and between numbers."""
GAP: Final = 0.16
"""Ems between a hanzi and a Latin letter or digit."""
FREE, POOR, LEANING, BAD = 0.0, 1.0, 12.0, 30.0
"""What a break costs: after a pause, within a sentence, between words that lean on each other, within a word."""
LEANS_ON: Final = frozenset("不没很最太更别把被从到在和与或让给对向往比跟再又也都就还才只各每这那某几两一半第双多少大小新老超")
"""Words that lean on what stands after them."""
ENDINGS: Final = frozenset("餐店机感法师生员品器度率线表单书包帽鞋裤裙族党控款系风季节版课堂馆园站")
"""Words that mostly end a longer one."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One cluster as it is drawn."""

    source: str
    drawn: fonts.Drawn
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Atom:
    """Pieces that stay together."""

    pieces: tuple[Piece, ...]
    gap: float
    """Ems before it, unless it begins a line."""
    cost: float
    """Of breaking before it."""
    width: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", sum(piece.drawn.width for piece in self.pieces))

    @property
    def text(self) -> str:
        return "".join(piece.source for piece in self.pieces)


def atoms_of(text: str, cut: fonts.Cut, strong: fonts.Cut, words: frozenset[str] = frozenset()) -> list[Atom]:
    """The atoms of one paragraph. `words` are pairs of hanzi that should stay together.

    `text` is inert and holds no line end; `strong` draws what is emphasised.
    """
    found: list[Atom] = []
    run: list[Piece] = []
    gap = 0.0
    is_strong = False
    for cluster in plain.clusters(text):
        if cluster in (plain.STRONG_ON, plain.STRONG_OFF):
            is_strong = cluster == plain.STRONG_ON
            continue
        if cluster == " ":
            _close(found, run, gap, words)
            gap = 0.28
            continue
        piece = Piece(cluster, fonts.drawn(cluster, strong if is_strong else cut), is_strong)
        if run and not _stays(run, piece):
            _close(found, run, gap, words)
            gap = 0.0
        run.append(piece)
    _close(found, run, gap, words)
    return found


def _close(found: list[Atom], run: list[Piece], gap: float, words: frozenset[str]) -> None:
    if not run:
        return
    if found:
        before, first = found[-1].pieces[-1].source, run[0].source
        gap = max(gap, GAP if _is_latin(before) != _is_latin(first) and _spaced(before) and _spaced(first) else 0.0)
        cost = _cost(before, run, words)
        if gap and plain.is_emoji(first) and not plain.is_emoji(before):
            cost = BAD
    else:
        gap = cost = 0.0
    found.append(Atom(tuple(run), gap, cost))
    run.clear()


def _stays(run: list[Piece], piece: Piece) -> bool:
    """Whether a cluster belongs to the run before it."""
    last, char = run[-1].source, piece.source
    if last in OPENING or char in CLOSING:
        return True
    if plain.is_emoji(char):
        return not plain.is_emoji(last) or len(run) < 4
    if _is_latin(last):
        return _is_latin(char) or (last.isdigit() and char in UNITS)
    return False


def _is_latin(cluster: str) -> bool:
    """Letters, digits and signs of words that are written with spaces between them."""
    return (cluster[0] < "\u2000" or cluster in _JOINERS) and not plain.is_emoji(cluster)


def _spaced(cluster: str) -> bool:
    return cluster[0].isalnum()


def _cost(before: str, run: list[Piece], words: frozenset[str]) -> float:
    first = run[0].source
    if before in PAUSES or plain.is_emoji(before):
        return FREE
    if first in PARTICLES or before + first in words:
        return BAD
    if first in UNITS and (before in COUNTS or before[-1].isdigit()):
        return BAD
    if before in LEANS_ON or first in ENDINGS:
        return LEANING
    return POOR


def split_to(atoms: Iterable[Atom], width: float) -> list[Atom]:
    """The atoms, with every one that is wider than a line divided: no word is so long that it leaves the card."""
    found: list[Atom] = []
    for atom in atoms:
        if atom.width <= width:
            found.append(atom)
            continue
        part: list[Piece] = []
        room, gap, cost = width, atom.gap, atom.cost
        for piece in atom.pieces:
            if part and piece.drawn.width > room:
                found.append(Atom(tuple(part), gap, cost))
                part, room, gap, cost = [], width, 0.0, POOR
            part.append(piece)
            room -= piece.drawn.width
        found.append(Atom(tuple(part), gap, cost))
    return found
