"""From settings to a desk, and back to nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from redbook_mcp.generation.asking import Labels
from redbook_mcp.server.content import SHOWN_BYTES_MAX, tool_result
from redbook_mcp.server.results import Result
from redbook_mcp.server.running import MARGIN_S, longest_page_s, open_desk, rules_of
from redbook_mcp.settings import Settings, SettingsError, load_settings
from tests.redbook.generation.house import make_bench, request


def settings(folder: Path, **environ: str) -> Settings:
    return load_settings({"DATA_DIR": str(folder), **environ})


def test_every_rule_comes_from_its_setting(tmp_path: Path) -> None:
    rules = rules_of(
        settings(
            tmp_path,
            REDBOOK_CONCURRENCY="3",
            REDBOOK_PAGES_PER_RUN="7",
            REDBOOK_IMAGES_PER_DAY="20",
            REDBOOK_THEME="ink",
            REDBOOK_WATERMARK="@我",
            REDBOOK_WATERMARK_CORNER="top-left",
            REDBOOK_LANGUAGE="en",
            REDBOOK_AI_LABEL="always",
            REDBOOK_AI_LABEL_TEXT="AI合成",
            REDBOOK_CONTENT_PRODUCER="某某科技",
        )
    )
    assert (rules.concurrency, rules.pages_per_run, rules.images_per_day, rules.theme) == (3, 7, 20, "ink")
    assert (rules.watermark, rules.watermark_corner, rules.language, rules.producer) == ("@我", "top-left", "en", "某某科技")
    assert (rules.local_labels, rules.remote_labels) == (Labels("AI合成", "2"), Labels("AI合成", "1"))


def test_local_cards_bear_no_label_unless_all_are_to(tmp_path: Path) -> None:
    rules = rules_of(settings(tmp_path))
    assert rules.local_labels == Labels(None, None)
    assert rules.remote_labels == Labels("AI生成", "1")


def test_a_stop_waits_as_long_as_a_page_may_take(tmp_path: Path) -> None:
    assert longest_page_s(None) == MARGIN_S
    remote = settings(tmp_path, REDBOOK_PROVIDER="openai", REDBOOK_API_KEY="sk-0123456789abcdef", REDBOOK_READ_TIMEOUT_S="100")
    assert longest_page_s(remote.remote) == 10 + 100 + 60 + MARGIN_S


@pytest.mark.anyio
async def test_a_theme_that_there_is_not_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no theme papyrus; there is"):
        async with open_desk(settings(tmp_path, REDBOOK_THEME="papyrus")):
            pass


@pytest.mark.anyio
async def test_whole_pictures_are_shown_only_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = make_bench(tmp_path)
    project = bench.project()
    await bench.generation.generate(request(project))
    stored = bench.stored(project)
    size = stored.versions[1][0].bytes
    assert size < SHOWN_BYTES_MAX
    monkeypatch.setattr("redbook_mcp.server.content.SHOWN_BYTES_MAX", 2 * size + 10)
    result = await tool_result(bench.house.projects, Result({}, stored, shown=(1, 2, 3, 4), whole=True), "2025-06-18")
    assert [one.type for one in result.content] == ["text", "image", "image"]
    assert result.structured_content is not None
    assert "pages 3, 4 are not shown here" in result.structured_content["warnings"][0]
