"""An image model's pictures with our marks, and its backgrounds with our text."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import HEIGHT, WIDTH, Marks, Page, Style
from redbook_mcp.painters.composed import HybridPainter, MarkedPainter
from redbook_mcp.ports import Order
from redbook_mcp.render.overlay import marked_card
from redbook_mcp.storage.xmp import Aigc, aigc_of, with_aigc
from tests.redbook.fakes import FakePainter, png, refusal

pytestmark = pytest.mark.anyio


def order(content: str = "准备三样东西\n1. 手冲壶\n2. 滤杯\n3. 磨豆机", **marks: str) -> Order:
    page = Page(2, "content", content)
    outline = (Page(1, "cover", "", "手冲咖啡"), page)
    return Order(page, outline, "手冲咖啡", Style("paper"), Marks(**marks))  # type: ignore[arg-type]  # the tests' own keywords


def changed(before: bytes, after: bytes) -> set[str]:
    """The corners, and the middle, in which two cards differ."""
    with Image.open(BytesIO(before)) as one, Image.open(BytesIO(after)) as two:
        a, b = one.convert("RGB"), two.convert("RGB")
    wide, high = WIDTH // 3, 130
    areas = {
        "top-left": (0, 0, wide, high),
        "top-right": (WIDTH - wide, 0, WIDTH, high),
        "bottom-left": (0, HEIGHT - high, wide, HEIGHT),
        "bottom-right": (WIDTH - wide, HEIGHT - high, WIDTH, HEIGHT),
        "middle": (0, high, WIDTH, HEIGHT - high),
    }
    return {name for name, area in areas.items() if a.crop(area).tobytes() != b.crop(area).tobytes()}


async def test_marks_are_set_over_what_the_model_painted() -> None:
    model = FakePainter()
    painted = await MarkedPainter(model).paint(order(watermark="@我", watermark_corner="top-right", ai_label="AI生成"))
    assert changed(png("#000001"), painted.cards[0]) == {"top-right", "bottom-left"}


async def test_without_marks_the_models_bytes_stay_as_they_are() -> None:
    painted = await MarkedPainter(FakePainter()).paint(order())
    assert painted.cards == (png("#000001"),)


@pytest.mark.parametrize(
    ("corner", "expected"),
    [
        ("bottom-left", {"bottom-left", "bottom-right"}),
        ("bottom-right", {"bottom-left", "bottom-right"}),
        ("top-left", {"top-left", "bottom-left"}),
    ],
)
async def test_the_notice_gives_way_to_the_handle(corner: str, expected: set[str]) -> None:
    marks = order(watermark="@我", watermark_corner=corner, ai_label="AI生成").marks
    assert changed(png(), marked_card(png(), marks)) == expected


async def test_a_mark_in_the_metadata_outlives_the_marks_on_the_picture() -> None:
    card = with_aigc(png(), Aigc("1", "from-the-service"))
    assert aigc_of(marked_card(card, Marks(ai_label="AI生成"))) == Aigc("1", "from-the-service")


async def test_a_handle_of_any_length_and_kind_does_no_harm() -> None:
    for handle in ("长" * 60, "\u202eevil", "👩‍👩‍👧‍👦" * 9, "\u0301", " "):
        assert marked_card(png(), Marks(watermark=handle, ai_label="AI生成")).startswith(b"\x89PNG")


async def test_text_is_set_over_the_models_background() -> None:
    model = FakePainter()
    painted = await HybridPainter(model).paint(order())
    assert model.pages == [2]
    assert "middle" in changed(png("#000001"), painted.cards[0])
    with Image.open(BytesIO(painted.cards[0])) as card:
        assert card.size == (WIDTH, HEIGHT)
        assert card.convert("RGB").getpixel((3, 3)) == (0, 0, 1), "the background is the model's"


async def test_text_that_does_not_fit_is_refused_before_the_model_is_asked() -> None:
    model = FakePainter()
    with pytest.raises(RedBookError) as caught:
        await HybridPainter(model).paint(order("很长的一段话，" * 700))
    assert (caught.value.code, caught.value.unbilled) == (Code.TEXT_OVERFLOW, True)
    assert model.orders == []


async def test_what_the_model_says_is_passed_on() -> None:
    model = FakePainter()
    model.fails[2] = refusal(Code.CONTENT_BLOCKED)
    for painter in (MarkedPainter(model), HybridPainter(model)):
        with pytest.raises(RedBookError) as caught:
            await painter.paint(order())
        assert caught.value.code is Code.CONTENT_BLOCKED
        assert painter.model == "fake-1"
        assert painter.is_remote
        assert painter.prompt(replace(order(), feedback="x"))
