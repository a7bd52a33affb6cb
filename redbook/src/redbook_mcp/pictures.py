"""Pictures that come from outside: checked by a whole decode, then cut to a card, a reference or a thumbnail.

Everything here is synchronous, keeps no state and may run in any thread. A decode of a large picture takes tenths of a second.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Final, Literal, NamedTuple, cast

from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import HEIGHT, WIDTH

Format = Literal["png", "jpeg", "webp"]

PICTURE_BYTES_MAX: Final = 32 * 1024 * 1024
"""A 4K PNG of noise is about 25 MB; more is no picture of a card."""
PIXELS_MAX: Final = 40_000_000
"""Pixels that are decoded at most: 160 MB as RGBA. 4096×5461, the largest 3:4 picture that a model makes, is 22 million."""
REFERENCE_BYTES_MAX: Final = 200_000
"""What image services take as a reference without a fuss, even with several in one request."""
THUMBNAIL_BYTES_MAX: Final = 50_000
RATIO_TOLERANCE: Final = 0.12
"""2:3, which older models paint for want of 3:4, is 11 % off and loses a strip that holds no text; more deserves a word."""
ENLARGED_BELOW: Final = 768
"""Pixels of width; a narrower picture looks soft at 1080."""
XMP_BYTES_MAX: Final = 64 * 1024

_SIGNATURES: Final[tuple[tuple[bytes, int, bytes, Format], ...]] = (
    (b"\x89PNG\r\n\x1a\n", 0, b"", "png"),
    (b"\xff\xd8\xff", 0, b"", "jpeg"),
    (b"RIFF", 8, b"WEBP", "webp"),
)
_UNREADABLE: Final = (
    OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, AttributeError, OverflowError, struct.error,
    zlib.error, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
"""What Pillow's readers raise on hostile files."""
_SIDES: Final = (1440, 1200, 1024, 896, 768, 640, 512, 384, 256, 128, 64)
_QUALITIES: Final = (88, 78, 66)


class Facts(NamedTuple):
    """What a checked picture is; the size is as it is seen, that is after its EXIF rotation."""

    format: Format
    width: int
    height: int


def verify_picture(
    data: bytes, *, bytes_max: int = PICTURE_BYTES_MAX, code: Code = Code.PROVIDER_BAD_RESPONSE, what: str = "the picture"
) -> Facts:
    """Decode a picture from its first to its last byte; returns its format and size.

    PNG, JPEG and WebP, one frame. `what` begins the message. Errors: RedBookError of `code`, retryable if the code says that
    a provider sent it, since the next picture may be whole.
    """
    with _opened(data, bytes_max=bytes_max, code=code, what=what) as (kind, image):
        width, height = _seen_size(image)
        return Facts(kind, width, height)


def to_card(data: bytes, *, bytes_max: int = PICTURE_BYTES_MAX) -> tuple[bytes, tuple[str, ...]]:
    """Cut a picture around its centre and resize it to a PNG of 1080×1440; returns it with warnings in words.

    XMP is carried over, because it may hold the mark that a model made the picture; all other metadata goes.
    Errors: PROVIDER_BAD_RESPONSE.
    """
    with _opened(data, bytes_max=bytes_max, code=Code.PROVIDER_BAD_RESPONSE, what="the picture") as (_, image):
        xmp = _xmp(image)
        upright = _flat(ImageOps.exif_transpose(image))
    warnings = _warnings(upright.width, upright.height)
    card = ImageOps.fit(upright, (WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    metadata = PngInfo()
    if xmp is not None:
        metadata.add_itxt("XML:com.adobe.xmp", xmp)
    out = BytesIO()
    card.save(out, "PNG", pnginfo=metadata, compress_level=6)
    return out.getvalue(), warnings


def compressed_reference(
    data: bytes, bytes_max: int = REFERENCE_BYTES_MAX, *, code: Code = Code.INVALID_INPUT, what: str = "the reference picture"
) -> bytes:
    """A JPEG of a picture in at most `bytes_max` bytes, as large and as good as that allows; upright, without metadata."""
    return _jpeg_within(data, bytes_max, side_max=1440, code=code, what=what)


def thumbnail(data: bytes, bytes_max: int = THUMBNAIL_BYTES_MAX) -> bytes:
    """A small JPEG, at most 640 pixels high, for who only wants to see what came out. Errors: INVALID_INPUT."""
    return _jpeg_within(data, bytes_max, side_max=640, code=Code.INVALID_INPUT, what="the picture")


def format_of(data: bytes) -> Format | None:
    """The format that the first bytes announce; None for any but PNG, JPEG and WebP."""
    for start, offset, middle, kind in _SIGNATURES:
        if data.startswith(start) and data[offset : offset + len(middle)] == middle:
            return kind
    return None


def _jpeg_within(data: bytes, bytes_max: int, *, side_max: int, code: Code, what: str) -> bytes:
    with _opened(data, bytes_max=PICTURE_BYTES_MAX, code=code, what=what) as (_, image):
        upright = _flat(ImageOps.exif_transpose(image))
    for side in _SIDES:
        if side > side_max:
            continue
        smaller = upright.copy()
        smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in _QUALITIES:
            out = BytesIO()
            smaller.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= bytes_max:
                return out.getvalue()
    raise RedBookError(code, f"{what} cannot be made smaller than {bytes_max} bytes")


@contextmanager
def _opened(data: bytes, *, bytes_max: int, code: Code, what: str) -> Iterator[tuple[Format, Image.Image]]:
    """A picture whose every pixel has been decoded; what goes wrong within the block is told as the picture's fault too."""
    retryable = code is Code.PROVIDER_BAD_RESPONSE
    if len(data) > bytes_max:
        raise RedBookError(code, f"{what} has {len(data)} bytes; at most {bytes_max} are taken", retryable=retryable)
    kind = format_of(data)
    if kind is None:
        raise RedBookError(code, f"{what} is no PNG, JPEG or WebP file", retryable=retryable)
    try:
        with Image.open(BytesIO(data), formats=[kind.upper()]) as image:
            _refuse_unfit(image, code, what)
            image.load()
            yield kind, image
    except _UNREADABLE as fault:
        reason = "too many pixels" if isinstance(fault, _UNREADABLE[-2:]) else "it cannot be decoded to its end"
        raise RedBookError(code, f"{what} is a damaged {kind.upper()} file: {reason}", retryable=retryable) from None


def _refuse_unfit(image: Image.Image, code: Code, what: str) -> None:
    """From the header alone, before a pixel is decoded."""
    retryable = code is Code.PROVIDER_BAD_RESPONSE
    if image.width * image.height > PIXELS_MAX:
        size = f"{image.width}×{image.height}"
        raise RedBookError(code, f"{what} has {size} pixels; at most {PIXELS_MAX} are decoded", retryable=retryable)
    # MPO, a JPEG with several views, comes from cameras: its first view is the photograph.
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise RedBookError(code, f"{what} is animated; give a still one", retryable=retryable)


def _seen_size(image: Image.Image) -> tuple[int, int]:
    turned = image.getexif().get(0x0112, 1) in {5, 6, 7, 8}
    return (image.height, image.width) if turned else image.size


def _flat(image: Image.Image) -> Image.Image:
    """As RGB, what is transparent on white."""
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(ground, layer).convert("RGB")
    if image.mode.startswith("I"):
        # Grey of 16 bits: Pillow's own conversion takes 256 and all above for white.
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L").convert("RGB")
    return image.convert("RGB")


def _warnings(width: int, height: int) -> tuple[str, ...]:
    found: list[str] = []
    if abs(width / height / (WIDTH / HEIGHT) - 1) > RATIO_TOLERANCE:
        found.append(f"the model's picture was {width}×{height}, far from 3:4: its edges were cut off")
    if width < ENLARGED_BELOW:
        found.append(f"the model's picture was only {width}×{height}: it was enlarged to {WIDTH}×{HEIGHT} and may look soft")
    return tuple(found)


def _xmp(image: Image.Image) -> str | None:
    packet = cast("object", image.info.get("xmp"))
    if not isinstance(packet, bytes) or len(packet) > XMP_BYTES_MAX:
        return None
    try:
        return packet.decode("utf-8").rstrip("\0")
    except UnicodeDecodeError:
        return None
