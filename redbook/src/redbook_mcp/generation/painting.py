"""One run: the cover first, the other pages in its style, each kept as it comes, each failure listed with its page."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

from redbook_mcp.errors import RedBookError
from redbook_mcp.generation.asking import Answer
from redbook_mcp.generation.choosing import Choice, page_state, place_of, project_status
from redbook_mcp.generation.orders import House, Series, follow_cover, is_numbered, labels_of
from redbook_mcp.generation.progress import Progress
from redbook_mcp.generation.times import day, stamp
from redbook_mcp.model import HEIGHT, WIDTH, Page, PageFailure, Project, Version
from redbook_mcp.outline import page_digest
from redbook_mcp.painters import with_metadata
from redbook_mcp.ports import Order, Painted


class Run:
    """Paints the chosen pages of one project, once."""

    def __init__(self, house: House, key: str, progress: Progress, may_go_on: Callable[[], bool]) -> None:
        """`may_go_on` is asked before each page; a page that has begun is finished and kept, for it is billed."""
        self._house = house
        self._key = key
        self._progress = progress
        self._may_go_on = may_go_on
        self._errors: dict[int, PageFailure] = {}
        self._painted: list[int] = []
        self._usage: Counter[str] = Counter()
        self._warnings: list[str] = []

    async def paint(self, project: Project, choice: Choice, series: Series) -> Answer:
        """Paint `choice.paint`, which is not empty."""
        self._warnings.extend(choice.warnings)
        if series.request.feedback and not series.painter.is_remote:
            self._warnings.append("`feedback` is for image models; cards of the local painter change with their text or style")
        self._progress.begin(len(choice.paint))
        project = await self._change(project, lambda now: replace(now, status="generating", style=series.style))
        try:
            project = await self._cover_then_others(project, choice.paint, series)
        finally:
            project = await self._change(project, lambda now: replace(now, status=project_status(now)))
        return self._answer(project, choice)

    async def _cover_then_others(self, project: Project, numbers: tuple[int, ...], series: Series) -> Project:
        cover = project.cover()
        if numbers[0] == cover.number:
            numbers = numbers[1:]
            if self._may_go_on():
                project = await self._page(project, cover, series)
            if failure := self._errors.get(cover.number):
                self._give_up(numbers, failure)
                return project
        if numbers and self._may_go_on():
            await self._others(project, numbers, await follow_cover(self._house, series, project))
        return project

    async def _others(self, project: Project, numbers: tuple[int, ...], series: Series) -> None:
        left = iter(numbers)

        async def paint_on() -> None:
            for number in left:
                if not self._may_go_on():
                    return
                await self._page(project, project.outline[number - 1], series)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._house.rules.concurrency, len(numbers))):
                group.create_task(paint_on())

    async def _page(self, project: Project, page: Page, series: Series) -> Project:
        began = self._house.clock.now_ns()
        order = series.order(project, page)
        try:
            painted = await self._ask(order, series)
            version = await self._keep(project, order, painted, series)
        except RedBookError as error:
            return await self._fail(project, page.number, error)
        version = replace(version, ms=(self._house.clock.now_ns() - began) // 1_000_000)
        project = await self._change(project, lambda now: with_version(now, page.number, version))
        self._painted.append(page.number)
        self._progress.finished_page(f"page {page.number} painted")
        return project

    async def _ask(self, order: Order, series: Series) -> Painted:
        """Count the picture before it is asked for, so that a process which dies meanwhile has counted it; then ask."""
        paid_on = day(self._house.clock)
        remote = series.painter.is_remote
        if remote:
            await asyncio.to_thread(self._house.projects.spend, paid_on, 1, self._house.rules.images_per_day)
            self._usage["images"] += 1
        try:
            painted = await series.painter.paint(order)
        except RedBookError as error:
            if remote and error.unbilled:
                await asyncio.to_thread(self._house.projects.give_back, paid_on, 1)
                self._usage["images"] -= 1
            raise
        self._usage.update({name: count for name, count in painted.usage.items() if name != "images"})
        self._warnings.extend(f"page {order.page.number}: {warning}" for warning in painted.warnings)
        return painted

    async def _keep(self, project: Project, order: Order, painted: Painted, series: Series) -> Version:
        cards = await self._labelled(painted.cards, project, order, series)
        keep = self._house.projects.keep_version
        number, files = await asyncio.to_thread(keep, project.id, order.page.number, cards, painted.prompt)
        first = cards[0]
        return Version(
            number=number,
            files=files,
            page_digest=page_digest(order.page),
            width=WIDTH,
            height=HEIGHT,
            bytes=len(first),
            sha256=hashlib.sha256(first).hexdigest(),
            provider=series.painter.name,
            model=painted.model,
            attempts=painted.attempts,
            ms=0,
            created_at=stamp(self._house.clock),
            feedback=order.feedback,
            used_cover=order.cover is not None,
            warnings=painted.warnings,
            request=self._key,
            place=place_of(project, order.page.number) if is_numbered(order.page, series.painter) else None,
        )

    async def _labelled(self, cards: tuple[bytes, ...], project: Project, order: Order, series: Series) -> tuple[bytes, ...]:
        """The cards with the mark in their metadata that a model made them, where that is so."""
        label = labels_of(self._house.rules, series.painter).metadata
        if label is None:
            return cards
        produce_id = f"{project.id}/{order.page.number}/{self._house.clock.now_ns() // 1_000_000}"
        return await asyncio.to_thread(with_metadata, cards, label, self._house.rules.producer, produce_id)

    async def _fail(self, project: Project, number: int, error: RedBookError) -> Project:
        failure = PageFailure(error.code, error.message, error.retryable, stamp(self._house.clock))
        self._errors[number] = failure
        self._progress.finished_page(f"page {number} failed: {error.code}")
        return await self._change(project, lambda now: replace(now, failures=MappingProxyType({**now.failures, number: failure})))

    def _give_up(self, numbers: tuple[int, ...], cover: PageFailure) -> None:
        """The cover failed: what would follow it is not painted, and each page says so."""
        for number in numbers:
            message = f"not painted, for the cover failed: {cover.message}"
            self._errors[number] = PageFailure(cover.code, message, cover.retryable, cover.at)

    async def _change(self, project: Project, edit: Callable[[Project], Project]) -> Project:
        return await asyncio.to_thread(self._house.projects.change, project.id, edit)

    def _answer(self, project: Project, choice: Choice) -> Answer:
        return Answer(
            status=answer_status(project, choice.asked, self._errors),
            project=project,
            pages=choice.asked,
            painted=tuple(sorted(self._painted)),
            errors=dict(sorted(self._errors.items())),
            usage={name: count for name, count in self._usage.items() if count},
            warnings=tuple(self._warnings),
        )


def answer_status(
    project: Project, pages: tuple[int, ...], errors: dict[int, PageFailure]
) -> Literal["completed", "partial", "failed"]:
    """Failed when there is no picture at all of what was asked; completed when each page's picture is of its present text."""
    present = [number for number in pages if number <= len(project.outline)]
    if not any(project.shown(number) for number in present):
        return "failed"
    done = all(number not in errors and page_state(project, number) == "current" for number in present)
    return "completed" if done else "partial"


def with_version(project: Project, number: int, version: Version) -> Project:
    """The version as the newest and shown one of the page it was painted for, which may have moved meanwhile.

    Its number in the record never repeats, whatever its file is called.
    """
    texts = [page_digest(page) for page in project.outline]
    if version.page_digest in texts and texts[number - 1 : number] != [version.page_digest]:
        number = texts.index(version.page_digest) + 1
    earlier = project.versions.get(number, ())
    version = replace(version, number=max([version.number, *(one.number + 1 for one in earlier)]))
    return replace(
        project,
        versions=MappingProxyType({**project.versions, number: (*earlier, version)}),
        current=MappingProxyType({**project.current, number: version.number}),
        failures=MappingProxyType({page: failure for page, failure in project.failures.items() if page != number}),
    )
