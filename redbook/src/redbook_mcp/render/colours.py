"""Colours: mixing, contrast as WCAG 2 counts it, and a palette out of a picture."""

from __future__ import annotations

import colorsys
import io
from collections import Counter
from dataclasses import dataclass
from typing import Final

from PIL import Image

from redbook_mcp.model import Palette

Colour = tuple[int, int, int]

WHITE: Final[Colour] = (255, 255, 255)
BLACK: Final[Colour] = (0, 0, 0)
READABLE: Final = 4.5
"""Contrast of text that everybody can read."""
LARGE: Final = 3.0
"""Contrast of large bold text."""


@dataclass(frozen=True, slots=True)
class Colours:
    """What a theme is painted with. `ink` is readable on `ground`, `panel` and `soft`; `on_accent` is on `accent`."""

    ground: Colour
    panel: Colour
    ink: Colour
    muted: Colour
    """Readable on `ground` and `panel`, for what stands back."""
    accent: Colour
    on_accent: Colour
    deep: Colour
    """The accent, made readable on `ground` and `panel`."""
    soft: Colour
    """A breath of the accent."""
    second: Colour
    is_dark: bool


def parse(text: str) -> Colour:
    """`#rrggbb`."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def written(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one`, with a share of `other`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def luminance(colour: Colour) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def contrast(one: Colour, other: Colour) -> float:
    """1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def readable(ink: Colour, *grounds: Colour, wanted: float = READABLE) -> Colour:
    """The ink, moved towards black or white no further than it must be to be read on all the grounds."""
    best = max((BLACK, WHITE), key=lambda pole: min(contrast(pole, ground) for ground in grounds))
    for step in range(21):
        tried = mix(ink, best, step / 20)
        if all(contrast(tried, ground) >= wanted for ground in grounds):
            return tried
    return best


def sign_on(fill: Colour, ink: Colour) -> Colour:
    """What large bold text on a filled shape is written in: white where that can be read, else the ink."""
    if contrast(WHITE, fill) >= LARGE:
        return WHITE
    return ink if contrast(ink, fill) >= READABLE else readable(mix(fill, BLACK, 0.8), fill)


def colours(ground: Colour, ink: Colour, accent: Colour, second: Colour, panel: Colour | None = None) -> Colours:
    """All that a theme needs, from the few colours that make it; text is always readable."""
    is_dark = luminance(ground) < 0.2
    panel = panel or mix(ground, WHITE, 0.09 if is_dark else 0.72)
    soft = mix(ground, accent, 0.22 if is_dark else 0.16)
    ink = readable(ink, ground, panel, soft, wanted=7)
    return Colours(
        ground=ground,
        panel=panel,
        ink=ink,
        muted=readable(mix(ink, ground, 0.38), ground, panel),
        accent=accent,
        on_accent=sign_on(accent, ink),
        deep=readable(accent, ground, panel, soft),
        soft=soft,
        second=second,
        is_dark=is_dark,
    )


def from_palette(palette: Palette) -> Colours:
    """A theme's colours replaced by those of a reference picture."""
    ground, accent = parse(palette.background), parse(palette.accent)
    hue, light, saturation = colorsys.rgb_to_hls(*(part / 255 for part in accent))
    turned = colorsys.hls_to_rgb((hue + 0.12) % 1, min(0.8, light + 0.1), saturation)
    red, green, blue = (round(part * 255) for part in turned)
    return colours(ground, parse(palette.ink), accent, (red, green, blue))


def palette_of(picture: bytes) -> Palette:
    """The palette of a picture that is already known to be one: ground, ink and accent, the ink readable on the ground.

    The ground is the commonest light (or, in a dark picture, dark) colour, calmed so that text stands on it; the accent is the
    most colourful one that has a share of the picture.
    """
    with Image.open(io.BytesIO(picture)) as opened:
        opened.draft("RGB", (256, 256))
        small = opened.convert("RGB").resize((64, 64), Image.Resampling.BOX)
    flat = small.quantize(12, Image.Quantize.MEDIANCUT).convert("RGB").tobytes()
    shares = Counter(zip(flat[::3], flat[1::3], flat[2::3], strict=True))
    is_dark = sum(luminance(colour) * count for colour, count in shares.items()) / 4096 < 0.12
    pole = BLACK if is_dark else WHITE
    ground = max(sorted(shares), key=lambda colour: shares[colour] * (1 - abs(luminance(colour) - luminance(pole))))
    accent = max(sorted(shares), key=lambda colour: _colourful(colour) * shares[colour] ** 0.35)
    ground = mix(ground, pole, 0.55 if is_dark else 0.7)
    darkest = (min if not is_dark else max)(sorted(shares), key=luminance)
    ink = readable(mix(darkest, WHITE if is_dark else BLACK, 0.4), ground, wanted=8)
    if contrast(accent, ground) < 1.6:
        accent = readable(accent, ground, wanted=2.5)
    return Palette(written(ground), written(ink), written(accent))


def _colourful(colour: Colour) -> float:
    _, light, saturation = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    return 0.02 + saturation * (1 - abs(2 * light - 1))
