"""Which painters there are, and what is said of those that are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.painters import HYBRID, LOCAL, choose_theme, open_painters, palette_of, theme_names, with_metadata
from redbook_mcp.settings import Settings, load_settings
from redbook_mcp.storage.xmp import aigc_of
from tests.redbook.fakes import FakeClock, png


def settings(folder: Path, **environ: str) -> Settings:
    return load_settings({"DATA_DIR": str(folder), **environ})


def test_without_settings_there_is_the_local_painter_alone(tmp_path: Path) -> None:
    painters = open_painters(settings(tmp_path), FakeClock())
    assert painters.names == (LOCAL,)
    assert not painters.is_remote
    assert painters.chosen(None).name == LOCAL
    assert painters.chosen(None) is painters.chosen(LOCAL)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["openai", "gemini", "chat", "seedream", "dashscope"])
async def test_an_image_model_comes_with_the_hybrid_of_both(tmp_path: Path, kind: str) -> None:
    painters = open_painters(settings(tmp_path, REDBOOK_PROVIDER=kind, REDBOOK_API_KEY="sk-0123456789abcdef"), FakeClock())
    assert set(painters.names) == {LOCAL, HYBRID, kind}
    assert painters.is_remote
    assert painters.default == kind
    for name in painters.names:
        painter = painters.chosen(name)
        assert painter.name == name
        assert painter.model
        assert painter.is_remote == (name != LOCAL)
    await painters.aclose()


def test_what_is_not_set_up_is_refused_with_what_is(tmp_path: Path) -> None:
    with pytest.raises(RedBookError, match="there is local") as caught:
        open_painters(settings(tmp_path), FakeClock()).chosen("openai")
    assert caught.value.code is Code.INVALID_INPUT


def test_a_model_without_a_key_says_what_to_set(tmp_path: Path) -> None:
    painters = open_painters(settings(tmp_path, REDBOOK_PROVIDER="openai"), FakeClock())
    with pytest.raises(RedBookError, match="REDBOOK_API_KEY") as caught:
        painters.chosen(None)
    assert (caught.value.code, caught.value.unbilled) == (Code.PROVIDER_AUTH, True)


def test_themes_are_chosen_by_the_topic_and_colours_by_a_picture() -> None:
    assert len(theme_names()) >= 6
    assert choose_theme("手冲咖啡", 3) in theme_names()
    assert choose_theme("手冲咖啡", 3) == choose_theme("手冲咖啡", 3)
    assert palette_of(png("#203050")) != palette_of(png("#f0d0c0"))


def test_each_card_of_a_page_gets_a_mark_of_its_own() -> None:
    marked = with_metadata((png("red"), png("blue")), "1", "某某科技", "project/2")
    marks = [aigc_of(card) for card in marked]
    assert [mark and mark.produce_id for mark in marks] == ["project/2/1", "project/2/2"]
