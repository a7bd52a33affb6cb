"""Pictures from outside: what is refused, and what is made of the rest."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from random import Random
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from redbook_mcp import pictures
from redbook_mcp.errors import Code, RedBookError


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), Random(7).randbytes(width * height * 3))


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def png_header(width: int, height: int) -> bytes:
    """A PNG that announces a size and holds almost nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("kind", "name"), [("PNG", "png"), ("JPEG", "jpeg"), ("WEBP", "webp")])
def test_a_picture_is_known_by_its_bytes(kind: str, name: str) -> None:
    assert pictures.verify_picture(encoded(noise(30, 40), kind)) == (name, 30, 40)


REFUSED = {
    "prose": (b"Here is your picture!", "no PNG, JPEG or WebP"),
    "nothing": (b"", "no PNG, JPEG or WebP"),
    "the original's placeholder": (b"placeholder image data", "no PNG, JPEG or WebP"),
    "gif": (encoded(Image.new("RGB", (4, 4)), "GIF"), "no PNG, JPEG or WebP"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no PNG, JPEG or WebP"),
    "wave sound": (b"RIFF\x00\x00\x00\x00WAVEfmt ", "no PNG, JPEG or WebP"),
    "signature only": (b"\x89PNG\r\n\x1a\n", "damaged PNG"),
    "truncated PNG": (encoded(noise(60, 80))[:-4000], "damaged PNG"),
    "truncated JPEG": (encoded(noise(60, 80), "JPEG")[:-900], "damaged JPEG"),
    "truncated WebP": (encoded(noise(60, 80), "WEBP", lossless=True)[:-900], "damaged WEBP"),
    "damaged middle": (encoded(noise(60, 80)).replace(b"IDAT", b"IDAX"), "damaged PNG"),
    "bomb by a little": (png_header(8000, 5001), "8000×5001 pixels"),
    "bomb that Pillow warns of": (png_header(12_000, 12_000), "too many pixels"),
    "bomb that Pillow refuses": (png_header(60_000, 60_000), "too many pixels"),
    "animated WebP": (
        encoded(Image.new("RGB", (4, 4)), "WEBP", save_all=True, append_images=[Image.new("RGB", (4, 4), "red")]),
        "animated",
    ),
    "animated PNG": (
        encoded(Image.new("RGB", (4, 4)), "PNG", save_all=True, append_images=[Image.new("RGB", (4, 4), "red")]),
        "animated",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("code", [Code.PROVIDER_BAD_RESPONSE, Code.INVALID_INPUT])
def test_what_is_no_whole_still_picture_is_refused_with_the_callers_code(name: str, code: Code) -> None:
    data, words = REFUSED[name]
    with pytest.raises(RedBookError, match=words) as caught:
        pictures.verify_picture(data, code=code)
    assert caught.value.code is code
    assert caught.value.retryable is (code is Code.PROVIDER_BAD_RESPONSE)


def test_a_picture_of_one_byte_too_many_is_refused_unread() -> None:
    data = encoded(noise(30, 40))
    assert pictures.verify_picture(data, bytes_max=len(data)).width == 30
    with pytest.raises(RedBookError, match=f"has {len(data)} bytes; at most {len(data) - 1}"):
        pictures.verify_picture(data, bytes_max=len(data) - 1)


def test_every_truncation_is_refused_or_whole_and_never_a_crash() -> None:
    data = encoded(noise(20, 30), "WEBP")
    for length in range(0, len(data), 13):
        with pytest.raises(RedBookError):
            pictures.verify_picture(data[:length])


def test_flipped_bytes_never_raise_anything_but_our_error() -> None:
    random = Random(3)
    for kind in ("PNG", "JPEG", "WEBP"):
        whole = encoded(noise(24, 32), kind)
        for _ in range(200):
            data = bytearray(whole)
            for _ in range(random.randint(1, 12)):
                data[random.randrange(len(data))] = random.randrange(256)
            try:
                pictures.thumbnail(bytes(data))
            except RedBookError as fault:
                assert fault.code is Code.INVALID_INPUT


@pytest.mark.parametrize("size", [(1104, 1472), (1024, 1536), (896, 1152), (1728, 2304), (1024, 1024), (512, 640), (3, 5)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_card_is_always_1080_by_1440_png(size: tuple[int, int], kind: str) -> None:
    card, _ = pictures.to_card(encoded(Image.new("RGB", size, "#336699"), kind))
    assert pictures.verify_picture(card) == ("png", 1080, 1440)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((1104, 1472), []),
        ((1024, 1536), []),
        ((896, 1152), []),
        ((1024, 1024), ["far from 3:4"]),
        ((1536, 1024), ["far from 3:4"]),
        ((600, 800), ["only 600×800"]),
        ((512, 512), ["far from 3:4", "only 512×512"]),
    ],
)
def test_a_ratio_far_off_and_a_small_picture_are_said(size: tuple[int, int], words: list[str]) -> None:
    _, warnings = pictures.to_card(encoded(Image.new("RGB", size)))
    assert len(warnings) == len(words)
    assert all(word in warning for word, warning in zip(words, warnings, strict=True))


def test_the_cut_keeps_the_centre() -> None:
    wide = Image.new("RGB", (3000, 1440), "red")
    wide.paste("blue", (960, 0, 2040, 1440))
    card = opened(pictures.to_card(encoded(wide))[0])
    assert card.getpixel((5, 700)) == card.getpixel((1075, 700)) == (0, 0, 255)


def test_a_photograph_on_its_side_is_stood_up() -> None:
    sideways = Image.new("RGB", (1440, 1080), "red")
    sideways.paste("blue", (0, 0, 720, 1080))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it a quarter turn clockwise
    data = encoded(sideways, "JPEG", exif=exif, quality=95)
    assert pictures.verify_picture(data) == ("jpeg", 1080, 1440)
    card, warnings = pictures.to_card(data)
    assert warnings == ()
    top, bottom = opened(card).getpixel((500, 100)), opened(card).getpixel((500, 1300))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[2] > 200 > 60 > top[0]
    assert bottom[0] > 200 > 60 > bottom[2]


@pytest.mark.parametrize(
    ("image", "kind", "expected"),
    [
        (Image.new("CMYK", (90, 120), (0, 255, 255, 0)), "JPEG", (255, 0, 0)),
        (Image.new("RGBA", (90, 120), (0, 0, 0, 0)), "PNG", (255, 255, 255)),
        (Image.new("LA", (90, 120), (0, 0)), "PNG", (255, 255, 255)),
        (Image.new("I;16", (90, 120), 0x8000), "PNG", (128, 128, 128)),
        (Image.new("1", (90, 120), 1), "PNG", (255, 255, 255)),
        (Image.new("P", (90, 120), 0), "PNG", (0, 0, 0)),
    ],
)
def test_every_colour_mode_becomes_the_colour_one_sees(image: Image.Image, kind: str, expected: tuple[int, int, int]) -> None:
    seen = opened(pictures.to_card(encoded(image, kind))[0]).getpixel((500, 700))
    assert isinstance(seen, tuple)
    assert all(abs(a - b) <= 3 for a, b in zip(seen, expected, strict=True)), seen


def test_the_same_picture_makes_the_same_card() -> None:
    data = encoded(noise(300, 400))
    assert pictures.to_card(data) == pictures.to_card(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_mark_of_the_model_in_xmp_is_kept_and_other_metadata_is_not(kind: str) -> None:
    packet = "<x:xmpmeta xmlns:x='adobe:ns:meta/'>AIGC 标识</x:xmpmeta>"
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    options: dict[str, Any] = {"xmp": packet.encode()}
    if kind == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet)
        options = {"pnginfo": info}
    card = pictures.to_card(encoded(Image.new("RGB", (90, 120)), kind, exif=exif, **options))[0]
    assert opened(card).info["XML:com.adobe.xmp"] == packet
    assert b"where I live" not in card


@pytest.mark.parametrize("packet", [b"x" * (pictures.XMP_BYTES_MAX + 1), b"\xff\xfe bad"])
def test_xmp_that_is_huge_or_no_text_is_left_out(packet: bytes) -> None:
    card, _ = pictures.to_card(encoded(Image.new("RGB", (900, 1200)), "WEBP", xmp=packet))
    assert "xmp" not in opened(card).info


@pytest.mark.parametrize("size", [(1080, 1440), (3000, 1000), (40, 30)])
def test_a_reference_is_a_jpeg_within_its_limit(size: tuple[int, int]) -> None:
    reference = pictures.compressed_reference(encoded(noise(*size)))
    assert len(reference) <= pictures.REFERENCE_BYTES_MAX
    facts = pictures.verify_picture(reference)
    assert facts.format == "jpeg"
    assert abs(facts.width / facts.height - size[0] / size[1]) < 0.05 * size[0] / size[1]


def test_a_thumbnail_is_small() -> None:
    small = pictures.thumbnail(encoded(noise(1080, 1440)))
    assert len(small) <= pictures.THUMBNAIL_BYTES_MAX
    assert pictures.verify_picture(small).height <= 640


def test_an_impossible_limit_is_said_and_a_bad_reference_is_the_callers_fault() -> None:
    with pytest.raises(RedBookError, match="smaller than 10 bytes"):
        pictures.compressed_reference(encoded(noise(30, 40)), 10)
    with pytest.raises(RedBookError) as caught:
        pictures.compressed_reference(b"prose")
    assert caught.value.code is Code.INVALID_INPUT
