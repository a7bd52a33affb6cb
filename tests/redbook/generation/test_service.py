"""Runs: the cover first, failures page by page, repeats that cost nothing, budget, cancellation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.generation.outlines import Update, update
from redbook_mcp.generation.times import day
from tests.redbook.fakes import refusal
from tests.redbook.generation.house import Bench, make_bench, request, rewritten

pytestmark = pytest.mark.anyio


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def spent(bench: Bench) -> int:
    return bench.house.projects.spent(day(bench.clock))


async def test_the_cover_is_painted_first_and_its_bytes_are_the_reference_of_every_other_page(bench: Bench) -> None:
    project = bench.project()
    answer = await bench.generation.generate(request(project))
    assert answer.status == "completed"
    assert bench.painter.pages == [1, 2, 3, 4]
    cover = bench.house.projects.read(project.id, "images/1/v1.png")
    assert [order.cover for order in bench.painter.orders] == [None, cover, cover, cover]
    assert len({order.style for order in bench.painter.orders}) == 1
    stored = bench.stored(project)
    assert stored.status == "completed"
    assert [stored.versions[page][0].used_cover for page in (1, 2, 3, 4)] == [False, True, True, True]


async def test_one_page_again_keeps_the_others_and_uses_the_stored_cover(bench: Bench) -> None:
    project = bench.project()
    await bench.generation.generate(request(project))
    before = bench.stored(project)
    answer = await bench.generation.generate(request(project, 2, feedback="暖一点"))
    after = bench.stored(project)
    assert answer.pages == answer.painted == (2,)
    assert [len(after.versions[page]) for page in (1, 2, 3, 4)] == [1, 2, 1, 1]
    assert after.versions[2][0] == before.versions[2][0]
    assert bench.painter.orders[-1].cover == bench.house.projects.read(project.id, "images/1/v1.png")
    assert bench.painter.orders[-1].feedback == "暖一点"


async def test_a_failed_page_keeps_its_previous_picture_and_is_listed(bench: Bench) -> None:
    project = bench.project()
    await bench.generation.generate(request(project))
    bench.painter.fails[2] = refusal()
    answer = await bench.generation.generate(request(project, 2, 3))
    assert answer.status == "partial"
    assert {page: failure.code for page, failure in answer.errors.items()} == {2: "PROVIDER_BAD_RESPONSE"}
    stored = bench.stored(project)
    assert stored.status == "partial"
    assert stored.current == {1: 1, 2: 1, 3: 2, 4: 1}
    bench.painter.fails.clear()
    answer = await bench.generation.generate(request(project))
    assert answer.painted == (2,)
    assert answer.status == bench.stored(project).status == "completed"


async def test_when_the_cover_fails_the_others_are_not_painted_and_say_so(bench: Bench) -> None:
    project = bench.project()
    bench.painter.fails[1] = refusal(Code.PROVIDER_AUTH, retryable=False, unbilled=True)
    answer = await bench.generation.generate(request(project))
    assert bench.painter.pages == [1]
    assert answer.status == "failed"
    assert list(answer.errors) == [1, 2, 3, 4]
    assert "the cover failed" in answer.errors[3].message
    assert answer.errors[3].code == "PROVIDER_AUTH"
    assert bench.stored(project).status == "error"
    assert spent(bench) == 0


async def test_nothing_is_painted_or_counted_when_every_page_is_there(bench: Bench) -> None:
    project = bench.project()
    await bench.generation.generate(request(project))
    answer = await bench.generation.generate(request(project))
    assert (answer.status, answer.painted, answer.usage) == ("completed", (), {})
    assert len(bench.painter.orders) == spent(bench) == 4


async def test_an_identical_request_in_flight_is_joined_and_another_one_refused(bench: Bench) -> None:
    project = bench.project()
    bench.painter.held = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(bench.generation.generate(request(project)))
        await bench.painter.asked(1)
        second = group.create_task(bench.generation.generate(request(project)))
        with pytest.raises(RedBookError, match="are being painted since 2026-09-21T") as caught:
            await bench.generation.generate(request(project, 2))
        assert (caught.value.code, caught.value.retryable) == (Code.CONFLICT, True)
        bench.painter.held.set()
    assert first.result() is second.result()
    assert bench.painter.pages == [1, 2, 3, 4]


async def test_another_process_is_refused_while_pages_are_painted(bench: Bench) -> None:
    project = bench.project()
    bench.painter.held = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(bench.generation.generate(request(project)))
        await bench.painter.asked(1)
        with pytest.raises(RedBookError) as caught:
            await bench.again().generate(request(project))
        assert (caught.value.code, caught.value.retryable) == (Code.CONFLICT, True)
        bench.painter.held.set()
    assert len(bench.painter.orders) == 4


async def test_a_repeat_within_two_minutes_pays_nothing_even_after_a_restart(bench: Bench) -> None:
    project = bench.project()
    await bench.generation.generate(request(project))
    await bench.generation.generate(request(project, 2))
    bench.clock.advance(119)
    answer = await bench.again().generate(request(project, 2))
    assert answer.painted == ()
    assert answer.status == "completed"
    assert 'mode "all"' in answer.warnings[0]
    assert spent(bench) == 5
    forced = await bench.generation.generate(request(project, 2, mode="all"))
    assert forced.painted == (2,)


async def test_the_budget_of_the_day_is_kept_across_a_restart(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, images_per_day=3)
    project = bench.project()
    answer = await bench.generation.generate(request(project))
    assert answer.painted == (1, 2, 3)
    assert answer.errors[4].code == "BUDGET_EXCEEDED"
    assert answer.usage["images"] == 3
    answer = await bench.again().generate(request(project))
    assert answer.errors[4].code == "BUDGET_EXCEEDED"
    assert len(bench.painter.orders) == 3
    bench.clock.advance(24 * 3600)
    answer = await bench.again().generate(request(project))
    assert answer.status == "completed"


async def test_local_pages_cost_no_budget(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, images_per_day=0)
    answer = await bench.generation.generate(request(bench.project(), provider="local"))
    assert answer.status == "completed"
    assert "images" not in answer.usage


async def test_only_what_surely_was_not_billed_is_given_back(bench: Bench) -> None:
    project = bench.project()
    await bench.generation.generate(request(project, 1))
    bench.painter.fails = {2: refusal(Code.TIMEOUT), 3: refusal(Code.PROVIDER_UNAVAILABLE, unbilled=True)}
    answer = await bench.generation.generate(request(project, 2, 3))
    assert spent(bench) == 2
    assert answer.usage["images"] == 1


async def test_what_was_asked_of_a_page_is_kept_until_it_is_taken_back(bench: Bench) -> None:
    project = bench.project()
    await bench.generation.generate(request(project))
    await bench.generation.generate(request(project, 2, feedback="更蓝"))
    await bench.generation.generate(request(project, 2))
    await bench.generation.generate(request(project, 2, feedback=""))
    await bench.generation.generate(request(project, 2, mode="all"))
    assert [order.feedback for order in bench.painter.orders[4:]] == ["更蓝", "更蓝", None, None]


async def test_a_cancelled_request_stops_after_the_page_in_flight_and_keeps_it(bench: Bench) -> None:
    project = bench.project()
    bench.painter.held = asyncio.Event()
    task = asyncio.create_task(bench.generation.generate(request(project)))
    await bench.painter.asked(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    bench.painter.held.set()
    await bench.generation.aclose()
    stored = bench.stored(project)
    assert bench.painter.pages == [1]
    assert (stored.status, list(stored.current)) == ("partial", [1])
    assert spent(bench) == 1


async def test_who_comes_back_in_time_takes_over_the_run_that_was_left(bench: Bench) -> None:
    project = bench.project()
    bench.painter.held = asyncio.Event()
    task = asyncio.create_task(bench.generation.generate(request(project)))
    await bench.painter.asked(1)
    task.cancel()
    again = asyncio.create_task(bench.generation.generate(request(project)))
    await asyncio.sleep(0.05)
    bench.painter.held.set()
    assert (await again).status == "completed"
    assert bench.painter.pages == [1, 2, 3, 4]


async def test_stopping_lets_the_page_in_flight_be_kept_and_begins_no_other(bench: Bench) -> None:
    project = bench.project()
    bench.painter.held = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        run = group.create_task(bench.generation.generate(request(project)))
        await bench.painter.asked(1)
        closing = group.create_task(bench.generation.aclose())
        await asyncio.sleep(0)
        bench.painter.held.set()
        await closing
    assert run.result().status == "partial"
    assert bench.painter.pages == [1]
    with pytest.raises(RedBookError, match="stopping"):
        await bench.generation.generate(request(project))


async def test_progress_grows_with_each_page_and_with_each_sign_of_life(bench: Bench) -> None:
    project = bench.project()
    bench.painter.held = asyncio.Event()
    told: list[tuple[float, float, str]] = []
    heard = asyncio.Event()

    async def report(done: float, total: float, words: str) -> None:
        told.append((done, total, words))
        heard.set()

    task = asyncio.create_task(bench.generation.generate(request(project), report))
    await bench.painter.asked(1)
    for _ in range(3):
        await bench.clock.slept_on()
        heard.clear()
        bench.clock.advance(10)
        await heard.wait()
    assert [done for done, _, _ in told] == [0.0, 0.5, pytest.approx(2 / 3), 0.75]
    assert told[-1][2] == "0 of 4 pages done, still painting"
    bench.painter.held.set()
    await task
    done = [one for one, _, _ in told]
    assert done == sorted(set(done))
    assert all(total == 4 for _, total, _ in told)
    assert done[-1] >= 3


async def test_pages_after_the_cover_are_painted_side_by_side_up_to_the_cap(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, concurrency=2)
    project = bench.project()
    gate = asyncio.Event()
    bench.painter.on_paint = lambda order: setattr(bench.painter, "held", None if order.page.number == 1 else gate)
    task = asyncio.create_task(bench.generation.generate(request(project)))
    await bench.painter.asked(3)
    assert bench.painter.under_way == 2
    gate.set()
    await task
    assert bench.painter.most_under_way == 2
    assert bench.stored(project).status == "completed"


async def test_a_dry_run_writes_nothing_and_asks_nobody(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, images_per_day=10)
    project = bench.project()
    before = {path: path.read_bytes() for path in bench.folder.rglob("*") if path.is_file()}
    plan = await bench.generation.plan(request(project))
    assert {path: path.read_bytes() for path in bench.folder.rglob("*") if path.is_file()} == before
    assert bench.painter.orders == []
    assert (plan.billed_images, plan.budget_left, plan.provider) == (4, 10, "openai")
    assert [page.number for page in plan.pages] == [1, 2, 3, 4]
    assert [page.references for page in plan.pages] == [0, 1, 1, 1]
    assert plan.pages[0].prompt.startswith("paint")


async def test_a_fault_of_the_painter_itself_reaches_the_caller_and_leaves_no_lock(bench: Bench) -> None:
    project = bench.project()

    def break_down(order: object) -> None:
        raise ZeroDivisionError

    bench.painter.on_paint = break_down
    with pytest.raises(ZeroDivisionError):
        await bench.generation.generate(request(project))
    assert bench.stored(project).status == "draft"
    bench.painter.on_paint = lambda order: None
    assert (await bench.generation.generate(request(project))).status == "completed"


async def test_a_page_that_moves_while_it_is_painted_keeps_its_picture(bench: Bench) -> None:
    project = bench.project()
    bench.painter.held = asyncio.Event()
    task = asyncio.create_task(bench.generation.generate(request(project, 3, use_cover=False)))
    await bench.painter.asked(1)
    moved = [project.outline[2], *project.outline[:2], project.outline[3]]
    renumbered = tuple(replace(page, number=number) for number, page in enumerate(moved, 1))
    update(bench.house, Update(project.id, renumbered))
    bench.painter.held.set()
    await task
    stored = bench.stored(project)
    assert list(stored.current) == [1]


async def test_an_unknown_provider_is_refused_with_what_there_is(bench: Bench) -> None:
    with pytest.raises(RedBookError, match="there is openai, local") as caught:
        await bench.generation.generate(request(bench.project(), provider="gemini"))
    assert caught.value.code is Code.INVALID_INPUT


async def test_a_changed_text_makes_its_picture_stale_and_only_that_is_painted_again(bench: Bench) -> None:
    project = bench.project()
    await bench.generation.generate(request(project))
    outline = (*project.outline[:2], rewritten(project.outline[2]), project.outline[3])
    update(bench.house, Update(project.id, outline))
    assert bench.stored(project).status == "partial"
    answer = await bench.generation.generate(request(project))
    assert answer.painted == (3,)
    assert bench.stored(project).status == "completed"
