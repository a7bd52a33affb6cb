"""Runs, one for each project at a time: joined by who asks the same, stopped between two pages when nobody waits any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.generation.asking import Answer, Plan, PlannedPage, Request, request_digest
from redbook_mcp.generation.choosing import Choice, choose
from redbook_mcp.generation.orders import House, Series, follow_cover, open_series
from redbook_mcp.generation.painting import Run, answer_status
from redbook_mcp.generation.progress import Progress, Report
from redbook_mcp.generation.times import day, stamp
from redbook_mcp.model import Project
from redbook_mcp.painters import Painters
from redbook_mcp.ports import Painter

_LOG: Final = logging.getLogger(__name__)


class _Job:
    """A run in flight."""

    def __init__(self, key: str, began: str) -> None:
        self.key = key
        self.began = began
        self.progress = Progress()
        self.waiting = 0
        self.task: asyncio.Task[Answer] | None = None


class Generation:
    """Paints pages on request."""

    def __init__(self, house: House, painters: Painters) -> None:
        self._house = house
        self._painters = painters
        self._jobs: dict[str, _Job] = {}
        self._closing = False

    async def generate(self, request: Request, report: Report | None = None) -> Answer:
        """The pages that were asked for, painted now or stored.

        Cancellation of the task leaves the run; it ends after the page in flight when nobody else waits for it.
        Errors: INVALID_INPUT, PROJECT_NOT_FOUND, TOO_MANY_PAGES, CONFLICT (another run of the project), UNSAFE_PATH. What
        befalls single pages is in the answer.
        """
        painter = self._painters.chosen(request.provider)
        project = await asyncio.to_thread(self._house.projects.get, request.project_id)
        key = request_digest(request, project, painter.name)
        self._choice(request, project, key)  # what cannot be painted is refused before anything is touched
        job = self._job(request, key, painter)
        assert job.task is not None  # a job is handed out with its task
        job.waiting += 1
        try:
            if report is not None:
                await self._follow(job, report)
            await asyncio.wait({job.task})
            return job.task.result()
        finally:
            job.waiting -= 1

    async def plan(self, request: Request) -> Plan:
        """What `generate` would do; nothing is written and nothing is asked of a provider."""
        painter = self._painters.chosen(request.provider)
        project = await asyncio.to_thread(self._house.projects.get, request.project_id)
        choice = self._choice(request, project, request_digest(request, project, painter.name))
        series = await open_series(self._house, painter, request, project)
        follow = await follow_cover(self._house, series, project)
        return Plan(
            project=replace(project, style=series.style),
            provider=painter.name,
            model=painter.model,
            pages=tuple(_planned(project, number, series, follow) for number in choice.paint),
            billed_images=len(choice.paint) if painter.is_remote else 0,
            budget_left=await self._budget_left(),
            warnings=choice.warnings,
        )

    async def aclose(self) -> None:
        """Let each page in flight be finished and kept, for so long as a provider may take; then end."""
        self._closing = True
        tasks = {job.task for job in self._jobs.values() if job.task is not None}
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._house.rules.shutdown_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    def _job(self, request: Request, key: str, painter: Painter) -> _Job:
        """The run in flight if it answers the same request, else a new one."""
        running = self._jobs.get(request.project_id)
        if running is not None:
            if running.key == key:
                return running
            raise RedBookError(
                Code.CONFLICT,
                f"pages of this project are being painted since {running.began} for another request; ask again when it is done",
                retryable=True,
            )
        if self._closing:
            raise RedBookError(Code.CONFLICT, "the server is stopping", retryable=True)
        job = _Job(key, stamp(self._house.clock))
        job.task = asyncio.create_task(self._work(job, request, painter), name=f"paint {request.project_id}")
        self._jobs[request.project_id] = job
        job.task.add_done_callback(lambda _: self._done(request.project_id))
        return job

    def _done(self, project_id: str) -> None:
        job = self._jobs.pop(project_id)
        assert job.task is not None  # a job is handed out with its task
        error = None if job.task.cancelled() else job.task.exception()
        if error is not None and not job.waiting:
            _LOG.error("painting failed, and nobody waited for it", exc_info=error)

    async def _work(self, job: _Job, request: Request, painter: Painter) -> Answer:
        beat = asyncio.create_task(self._beat(job.progress), name="heartbeat")
        try:
            return await self._paint(job, request, painter)
        finally:
            beat.cancel()

    async def _paint(self, job: _Job, request: Request, painter: Painter) -> Answer:
        async with self._painting(request.project_id):
            project = await asyncio.to_thread(self._house.projects.get, request.project_id)
            choice = self._choice(request, project, job.key)
            if not choice.paint:
                return stored_answer(project, choice)
            series = await open_series(self._house, painter, request, project)
            run = Run(self._house, job.key, job.progress, may_go_on=lambda: job.waiting > 0 and not self._closing)
            return await run.paint(project, choice, series)

    @asynccontextmanager
    async def _painting(self, project_id: str) -> AsyncIterator[None]:
        """The project's painting lock, had in a thread, as the store may wait a moment for it."""
        lock = self._house.projects.painting(project_id)
        await asyncio.to_thread(lock.__enter__)
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    def _choice(self, request: Request, project: Project, key: str) -> Choice:
        rules = self._house.rules
        return choose(project, request, key=key, now_ns=self._house.clock.now_ns(), pages_per_run=rules.pages_per_run)

    async def _beat(self, progress: Progress) -> None:
        while True:
            await self._house.clock.sleep(self._house.rules.heartbeat_s)
            progress.beat()

    async def _follow(self, job: _Job, report: Report) -> None:
        """Pass each moment on until the run ends. A listener whose wire is slow gets the newest one next."""
        assert job.task is not None  # a job is handed out with its task
        step = 0
        while not job.task.done():
            change = asyncio.ensure_future(job.progress.after(step))
            try:
                await asyncio.wait({change, job.task}, return_when=asyncio.FIRST_COMPLETED)
                if change.done():
                    moment = change.result()
                    step = moment.step
                    await report(moment.done, moment.total, moment.words)
            finally:
                change.cancel()

    async def _budget_left(self) -> int | None:
        limit = self._house.rules.images_per_day
        if limit is None:
            return None
        return max(0, limit - await asyncio.to_thread(self._house.projects.spent, day(self._house.clock)))


def stored_answer(project: Project, choice: Choice) -> Answer:
    """The answer when there is nothing to paint."""
    return Answer(answer_status(project, choice.asked, {}), project, choice.asked, warnings=choice.warnings)


def _planned(project: Project, number: int, series: Series, follow: Series) -> PlannedPage:
    is_cover = number == project.cover().number
    used = series if is_cover else follow
    follows = not is_cover and series.request.use_cover
    return PlannedPage(
        number, series.painter.prompt(used.order(project, project.outline[number - 1])), len(used.references) + follows
    )
