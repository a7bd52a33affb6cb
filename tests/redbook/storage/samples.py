"""Projects, cards and a clock for the tests of the store."""

from __future__ import annotations

import dataclasses
import hashlib
import uuid
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import pytest
from PIL import Image

from redbook_mcp.errors import RedBookError
from redbook_mcp.model import Note, Page, PageFailure, Palette, Project, Style, Version
from redbook_mcp.outline import page_digest
from redbook_mcp.storage import FileProjects

START_NS = 1_774_000_000_123_000_000
STAMP = "2026-03-20T09:46:40.123Z"
OUTLINE = (
    Page(1, "cover", "从水温开始", "手冲咖啡入门", "三步就够", "晨光"),
    Page(2, "content", "水温 92℃\n粉水比 1:15"),
    Page(3, "summary", "收藏起来慢慢练 ☕"),
)


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.value = now_ns

    def now_ns(self) -> int:
        return self.value

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the store waits for nothing")


def a_project(**changes: object) -> Project:
    plain = Project(id=str(uuid.uuid4()), theme="手冲咖啡", outline=OUTLINE, created_at=STAMP, updated_at=STAMP)
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]  # each test names the members it changes


def a_card(colour: str = "#aa5500", size: tuple[int, int] = (30, 40)) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def a_version(number: int, files: tuple[str, ...], page: Page, card: bytes, **changes: object) -> Version:
    plain = Version(
        number=number, files=files, page_digest=page_digest(page), width=1080, height=1440, bytes=len(card),
        sha256=hashlib.sha256(card).hexdigest(), provider="local", model="cards-1", attempts=1, ms=120, created_at=STAMP,
    )  # fmt: skip
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]  # each test names the members it changes


def recorded(project: Project, page: int, version: Version) -> Project:
    """The project with one more version of a page, shown."""
    versions = {**project.versions, page: (*project.versions.get(page, ()), version)}
    return dataclasses.replace(
        project, versions=MappingProxyType(versions), current=MappingProxyType({**project.current, page: version.number})
    )


def a_full_project() -> Project:
    """A project with every member in use."""
    card = a_card()
    project = a_project(
        status="partial",
        style=Style("paper", -7, Palette("#FFffff", "#000000", "#ff8800")),
        reference_image="references/" + "a" * 64 + ".png",
        language="zh",
        watermark="@作者",
        failures=MappingProxyType({3: PageFailure("TIMEOUT", "太慢", retryable=True, at=STAMP)}),
        note=Note("标题", "正文\n第二行", ("咖啡",)),
    )
    project = recorded(
        project, 1, a_version(1, ("images/1/v1.png",), OUTLINE[0], card, feedback="亮一点", request="digest", place="1/3")
    )
    project = recorded(
        project,
        1,
        a_version(3, ("images/1/v3.png", "images/1/v3-2.png"), OUTLINE[0], card, used_cover=True, warnings=("裁过",)),
    )
    return recorded(project, 2, a_version(1, ("images/2/v1.png",), OUTLINE[1], card, provider="openai"))


def refusal(call: object, *args: object) -> RedBookError:
    with pytest.raises(RedBookError) as caught:
        call(*args)  # type: ignore[operator]  # methods of many types
    return caught.value


def everything(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def paint(store: FileProjects, project: Project, page: int, card: bytes | None = None) -> Project:
    card = card or a_card()
    number, files = store.keep_version(project.id, page, (card,), "prompt")
    return store.change(project.id, lambda now: recorded(now, page, a_version(number, files, OUTLINE[page - 1], card)))
