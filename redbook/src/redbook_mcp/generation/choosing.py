"""Which pages to paint, in which order; and what a project's pages add up to. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.generation.asking import Request
from redbook_mcp.model import Project, Status
from redbook_mcp.outline import page_digest

REPEAT_S: Final = 120
"""Within this time after the last page of a request, the same request is a client that lost patience, not a wish for a redo."""

PageState = Literal["missing", "failed", "stale", "current"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The pages of one run."""

    asked: tuple[int, ...]
    """What the answer is about, ascending."""
    paint: tuple[int, ...]
    """To be painted, the cover first."""
    left: tuple[int, ...] = ()
    """What the caller's own limit leaves for another call."""
    warnings: tuple[str, ...] = ()


def page_state(project: Project, number: int) -> PageState:
    """How a page stands: `failed` after a failure with nothing since, `stale` when its text, or the number on it, has changed."""
    if number in project.failures:
        return "failed"
    version = project.shown(number)
    if version is None:
        return "missing"
    is_of_this_text = version.page_digest == page_digest(project.outline[number - 1])
    return "current" if is_of_this_text and version.place in {None, place_of(project, number)} else "stale"


def place_of(project: Project, number: int) -> str:
    """A page's place as readers are told it."""
    return f"{number}/{len(project.outline)}"


def project_status(project: Project) -> Status:
    """What the pages add up to, with no painting going on."""
    states = [page_state(project, page.number) for page in project.outline]
    if all(state == "current" for state in states):
        return "completed"
    if any(project.shown(page.number) for page in project.outline):
        return "partial"
    return "error" if "failed" in states else "draft"


def choose(project: Project, request: Request, *, key: str, now_ns: int, pages_per_run: int) -> Choice:
    """The pages to paint now. Errors: INVALID_INPUT, TOO_MANY_PAGES."""
    asked = _asked(project, request)
    repeated = _repeated(project, request, asked, key, now_ns)
    wanted = [number for number in asked if _is_wanted(project, request, number) and number not in repeated]
    warnings = []
    if repeated:
        warnings.append(
            f"{_pages(repeated)}: the same request was answered less than {REPEAT_S} s ago and is not painted again; "
            'name the pages with mode "all" to paint them again'
        )
    cover = project.cover().number
    if wanted and request.use_cover and cover not in wanted and project.shown(cover) is None:
        wanted.append(cover)
        warnings.append(f"page {cover}: the cover had no picture and is painted first, the others follow it")
    order = sorted(wanted, key=lambda number: (number != cover, number))
    if len(order) > pages_per_run and request.max_pages is None:
        raise RedBookError(
            Code.TOO_MANY_PAGES,
            f"{len(order)} pages to paint, at most {pages_per_run} in one call here: name fewer in `pages`, or set `maxPages`",
        )
    most = min(request.max_pages or len(order), pages_per_run)
    paint, left = tuple(order[:most]), tuple(order[most:])
    if left:
        warnings.append(f"{_pages(left)}: left for another call")
    warnings.extend(_about_the_cover(project, paint, cover))
    return Choice(tuple(sorted({*asked, *paint})), paint, left, tuple(warnings))


def _asked(project: Project, request: Request) -> tuple[int, ...]:
    last = len(project.outline)
    if request.pages is None:
        return tuple(range(1, last + 1))
    outside = sorted({number for number in request.pages if not 1 <= number <= last})
    if outside or not request.pages:
        named = f"has no {_pages(outside)}" if outside else "cannot be painted by an empty list of `pages`"
        raise RedBookError(Code.INVALID_INPUT, f"the project {named}; its pages are 1 to {last}")
    return tuple(sorted(set(request.pages)))


def _is_wanted(project: Project, request: Request, number: int) -> bool:
    state = page_state(project, number)
    if request.mode == "all" or (request.mode is None and request.pages is not None):
        return True
    if request.mode == "failed":
        return state == "failed"
    if request.mode == "missing":
        return state in {"missing", "stale"} or project.shown(number) is None
    return state != "current"


def _repeated(project: Project, request: Request, asked: tuple[int, ...], key: str, now_ns: int) -> tuple[int, ...]:
    """The asked pages that this very request has painted a moment ago; none when they are asked for by name with mode all."""
    if request.mode == "all" and request.pages is not None:
        return ()
    done = {number: version.created_at for number in asked if (version := project.shown(number)) and version.request == key}
    done = {number: made for number, made in done.items() if page_state(project, number) == "current"}
    last = max(done.values(), default=None)
    if last is None or now_ns - _ns(last) >= REPEAT_S * 1_000_000_000:
        return ()
    # What needs no painting anyway is no news.
    return tuple(number for number in done if _is_wanted(project, request, number))


def _about_the_cover(project: Project, paint: tuple[int, ...], cover: int) -> list[str]:
    others = tuple(number for number in range(1, len(project.outline) + 1) if number != cover and number not in paint)
    older = tuple(number for number in others if project.shown(number))
    if cover in paint:
        if older and project.shown(cover):
            return [f'{_pages(older)}: painted after an earlier cover; mode "all" paints every page after the new one']
        return []
    if paint and page_state(project, cover) == "stale":
        return [f"page {cover}: the cover's text has changed since it was painted; the others follow the older picture"]
    return []


def _pages(numbers: tuple[int, ...] | list[int]) -> str:
    shown = ", ".join(str(number) for number in sorted(numbers)[:20])
    return f"page{'s' if len(numbers) > 1 else ''} {shown}{', …' if len(numbers) > 20 else ''}"


def _ns(text: str) -> int:
    """Nanoseconds since the epoch of a record's time."""
    return round(datetime.fromisoformat(text).timestamp() * 1000) * 1_000_000
