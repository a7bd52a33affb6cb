"""Makes the fonts that are vendored in `redbook_mcp/fonts` from their originals, each cut to what cards need.

Not part of the package and not run by it. It needs `fonttools` (and `brotli`, to read WOFF2), in an environment of its own:

    python make_fonts.py SOURCES FONTS

SOURCES is a folder with the originals (see `FACES`), FONTS the folder to write: one TrueType file and one licence for each face,
and `coverage.txt`, one line for each face: its name, then the ranges of code points it can draw, in hexadecimal. Emoji of several
code points (families, flags, keycaps) get one private code point each, listed in `sequences.txt`, so that nothing has to be
shaped at run time; skin tones are left out of them, since a face of one colour has none.
TrueType and not WOFF2: a face is opened for every size that a card uses, in 1 ms from the one and in 50 ms from the other.
Every face is renamed, since some originals reserve their names for unmodified fonts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

from fontTools import subset
from fontTools.ttLib import TTFont, scaleUpem
from fontTools.varLib import instancer

SYMBOLS: Final = (
    range(0x20, 0x7F), range(0xA0, 0x180), range(0x1CD, 0x1DD), range(0x2C6, 0x2DE), range(0x370, 0x400), range(0x400, 0x460),
    range(0x2010, 0x205F), range(0x2070, 0x20A0), range(0x20A0, 0x20C0), range(0x2100, 0x2150), range(0x2150, 0x2190),
    range(0x2190, 0x2200), range(0x2200, 0x2270), range(0x2300, 0x2330), range(0x2460, 0x2500), range(0x2500, 0x2600),
    range(0x2600, 0x2700), range(0x2700, 0x27C0), range(0x2E3A, 0x2E3C), range(0x3000, 0x3040), range(0x3040, 0x3100),
    range(0x3100, 0x3130), range(0x3200, 0x3400), range(0xFE10, 0xFE50), range(0xFF01, 0xFFEF),
)  # fmt: skip
UNITS: Final = 500
"""Units of an em: 0.1 pixels of rounding for text of 100 pixels, and a fifth less to store than with the usual 1000."""
PRIVATE: Final = 0xF0000
"""Code point of the first emoji of several code points."""
DROPPED: Final = (0xFE0F, *range(0x1F3FB, 0x1F400))
"""What tells emoji apart in colour only: the variation selector and the skin tones."""
LATIN: Final = (range(0x20, 0x7F), range(0xA0, 0x180), range(0x2010, 0x2040))


@dataclass(frozen=True)
class Face:
    """One vendored face: where it comes from, how it is cut, what it is called here."""

    name: str
    family: str
    source: str
    licence: str
    wanted: str
    """`text`: every character of GB 2312 and the usual ones of Big5; `display`: the usual ones of GB 2312; `latin`; `all`."""
    weights: tuple[int, int] | int | None = None


FACES: Final = (
    Face("sans", "RedBook Sans", "NotoSansSC[wght].ttf", "NotoSansSC-OFL.txt", "text", (400, 900)),
    Face("serif", "RedBook Serif", "NotoSerifSC_900Black.ttf", "NotoSerifSC-OFL.txt", "display"),
    Face("kai", "RedBook Kai", "LXGWWenKai-Bold.ttf", "LXGWWenKai-OFL.txt", "display"),
    Face("round", "RedBook Round", "zcool-kuaile-chinese-simplified-400-normal.woff2", "ZCOOLKuaiLe-OFL.txt", "display"),
    Face("italic", "RedBook Italic", "PlayfairDisplay_900Black_Italic.ttf", "PlayfairDisplay-OFL.txt", "latin"),
    Face("emoji", "RedBook Emoji", "NotoEmoji[wght].ttf", "NotoEmoji-OFL.txt", "all", 600),
)


def decoded(codec: str, rows: range, cells: range) -> Iterator[int]:
    """The characters of some rows of a double-byte character set."""
    for row in rows:
        for cell in cells:
            yield from map(ord, bytes((row, cell)).decode(codec, "ignore"))


def hanzi(wanted: str) -> Iterator[int]:
    """The Chinese characters of a face."""
    yield from decoded("gb2312", range(0xB0, 0xD8), range(0xA1, 0xFF))
    if wanted == "display":
        # The second level is for names and learned words; these 900 are the ones that Chinese texts use most.
        yield from map(ord, (Path(__file__).parent / "characters.txt").read_text("utf-8").replace("\n", ""))
        return
    yield from decoded("gb2312", range(0xD8, 0xF8), range(0xA1, 0xFF))
    yield from decoded("big5", range(0xA4, 0xC7), range(0x40, 0xFF))


def code_points(wanted: str, font: TTFont) -> set[int]:
    """What is kept of a font."""
    everything = set(font.getBestCmap())
    if wanted == "all":
        return everything
    ranges: Iterable[Iterable[int]] = LATIN if wanted == "latin" else (*SYMBOLS, hanzi(wanted))
    return everything & set(chain.from_iterable(ranges))


def cut(face: Face, sources: Path) -> TTFont:
    """The face with only the characters, weights and features that cards use."""
    font = TTFont(sources / face.source)
    options = subset.Options(
        layout_features=[],
        hinting=False, desubroutinize=True, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], notdef_outline=True,
        drop_tables=["DSIG", "BASE", "vhea", "vmtx"],
    )  # fmt: skip
    cutter = subset.Subsetter(options)
    joined = sequences(font) if face.name == "emoji" else {}
    cutter.populate(unicodes=code_points(face.wanted, font), glyphs=list(joined.values()))
    cutter.subset(font)
    for table in font["cmap"].tables if joined else ():
        if table.format == 12:
            table.cmap.update(zip(range(PRIVATE, PRIVATE + len(joined)), joined.values(), strict=True))
    if face.weights is not None:
        font = instancer.instantiateVariableFont(font, {"wght": face.weights})
    if font["head"].unitsPerEm > UNITS:
        scaleUpem.scale_upem(font, UNITS)
    rename(font, face.family)
    return font


def sequences(font: TTFont) -> dict[tuple[int, ...], str]:
    """Emoji of several code points, without variation selectors and skin tones, and the glyph of each."""
    points: dict[str, int] = {glyph: point for point, glyph in font.getBestCmap().items()}
    found: dict[tuple[int, ...], str] = {}
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for ligatures in (table.ligatures for table in lookup.SubTable if lookup.LookupType == 4):
            for first, entries in ligatures.items():
                for entry in entries:
                    whole = tuple(points[glyph] for glyph in (first, *entry.Component) if glyph in points)
                    if len(whole) == len(entry.Component) + 1 and entry.LigGlyph != "unknownFlag":
                        found[tuple(point for point in whole if point not in DROPPED)] = entry.LigGlyph
    return {whole: glyph for whole, glyph in sorted(found.items()) if len(whole) > 1}


def rename(font: TTFont, family: str) -> None:
    """Give the font our family name, in every place where it says its own."""
    names: Any = font["name"]
    for record in list(names.names):
        if record.nameID in (1, 3, 4, 6):
            text = family.replace(" ", "") if record.nameID == 6 else family
            names.setName(text, record.nameID, record.platformID, record.platEncID, record.langID)


def ranges_of(points: Iterable[int]) -> str:
    """`41-5a 61 4e00-4e03`: sorted, whole runs joined."""
    runs: list[list[int]] = []
    for point in sorted(points):
        if runs and point == runs[-1][1] + 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return " ".join(f"{first:x}" if first == last else f"{first:x}-{last:x}" for first, last in runs)


def main(sources: Path, fonts: Path) -> None:
    lines = []
    for face in FACES:
        font = cut(face, sources)
        font.flavor = None
        font.save(fonts / f"{face.name}.ttf")
        (fonts / f"{face.name}-OFL.txt").write_text((sources / face.licence).read_text("utf-8").strip() + "\n", "utf-8")
        lines.append(f"{face.name} {ranges_of(font.getBestCmap())}\n")
        sys.stderr.write(f"{face.name}: {(fonts / f'{face.name}.ttf').stat().st_size} bytes\n")
    with TTFont(sources / FACES[-1].source) as emoji:
        joined = ["-".join(f"{point:x}" for point in whole) + "\n" for whole in sequences(emoji)]
    (fonts / "sequences.txt").write_text("".join(joined), "ascii")
    (fonts / "coverage.txt").write_text("".join(lines), "ascii")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
