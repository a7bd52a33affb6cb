"""Projects made and changed: what is checked before anything is written, and what becomes of pictures when texts change."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.generation.choosing import page_state, project_status
from redbook_mcp.generation.orders import House
from redbook_mcp.generation.times import stamp
from redbook_mcp.model import Note, Page, PageFailure, Project, Style, Version
from redbook_mcp.outline import page_digest


@dataclass(frozen=True, slots=True)
class Draft:
    """A project to be made, its texts already read."""

    theme: str
    outline: tuple[Page, ...]
    reference_image: str | None = None
    style: Style | None = None
    watermark: str | None = None
    language: str | None = None
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """A change of a project."""

    project_id: str
    outline: tuple[Page, ...]
    expected_updated_at: str | None = None
    """The change is refused if the project was changed since."""
    reference_image: str | None = None
    note: Note | None = None
    show_versions: Mapping[int, int] = field(default_factory=dict)
    """Page number → earlier version that is to be shown again."""
    theme_name: str | None = None
    """Another theme for the pages that are painted from now on."""
    seed: int | None = None


def create(house: House, draft: Draft) -> Project:
    """A new project, stored. Errors: UNSAFE_PATH, INVALID_INPUT of the reference picture; nothing is stored then."""
    project_id = str(uuid.uuid4())
    reference = _reference(house, project_id, draft.reference_image)
    now = stamp(house.clock)
    project = Project(
        id=project_id,
        theme=draft.theme,
        outline=draft.outline,
        created_at=now,
        updated_at=now,
        style=draft.style,
        reference_image=reference,
        language=draft.language or house.rules.language,
        watermark=draft.watermark if draft.watermark is not None else house.rules.watermark,
        note=draft.note,
    )
    house.projects.create(project)
    return project


def update(house: House, change: Update) -> Project:
    """The changed project. Errors: PROJECT_NOT_FOUND, CONFLICT, UNSAFE_PATH, INVALID_INPUT; nothing is changed then."""
    house.projects.get(change.project_id)
    reference = _reference(house, change.project_id, change.reference_image)
    return house.projects.change(change.project_id, lambda project: _updated(project, change, reference))


def stale_pages(project: Project) -> tuple[int, ...]:
    """Pages whose picture shows an earlier text."""
    return tuple(page.number for page in project.outline if page_state(project, page.number) == "stale")


def _reference(house: House, project_id: str, given: str | None) -> str | None:
    """What the record is to hold of a reference picture; one that came with the call is kept below the project's folder."""
    if given is None:
        return None
    path, picture = house.references.check(given)
    return path if picture is None else house.projects.keep_reference(project_id, picture)


def _updated(project: Project, change: Update, reference: str | None) -> Project:
    if change.expected_updated_at is not None and change.expected_updated_at != project.updated_at:
        raise RedBookError(
            Code.CONFLICT,
            f"the project was changed at {project.updated_at}, after {change.expected_updated_at}: "
            "read it with get_project and update that",
        )
    project = with_outline(project, change.outline)
    if reference is not None and reference != project.reference_image:
        # The colours of the former picture go with it; a theme that was asked for stays.
        style = replace(project.style, palette=None) if project.style else None
        project = replace(project, reference_image=reference, style=style)
    if change.note is not None:
        project = replace(project, note=change.note)
    project = _restyled(project, change)
    project = _showing(project, change.show_versions)
    return project if project.status == "generating" else replace(project, status=project_status(project))


def _restyled(project: Project, change: Update) -> Project:
    """Another theme comes with its own colours; another seed changes the decorations alone."""
    style = project.style
    if change.theme_name is not None:
        style = Style(change.theme_name, change.seed or 0)
    elif change.seed is not None and style is not None:
        style = replace(style, seed=change.seed)
    return replace(project, style=style)


def with_outline(project: Project, outline: tuple[Page, ...]) -> Project:
    """The project with another outline. A page that only moved takes its pictures along; one that changed keeps its own."""
    sources = _sources(project.outline, outline)
    versions: dict[int, tuple[Version, ...]] = {}
    current: dict[int, int] = {}
    failures: dict[int, PageFailure] = {}
    for number, source in sources.items():
        if source in project.versions:
            versions[number] = project.versions[source]
        if source in project.current:
            current[number] = project.current[source]
        if source in project.failures:
            failures[number] = project.failures[source]
    # Of pages that are gone the versions stay, for the day a page is there again; none of them is shown.
    taken = set(sources.values())
    gone = {page: kept for page, kept in project.versions.items() if page not in taken and page not in versions}
    return replace(
        project,
        outline=outline,
        versions=MappingProxyType(gone | versions),
        current=MappingProxyType(current),
        failures=MappingProxyType(failures),
    )


def _sources(old: tuple[Page, ...], new: tuple[Page, ...]) -> dict[int, int]:
    """New page number → the old page whose pictures it takes: the same text where there is one, else what stood there."""
    digests = {page.number: page_digest(page) for page in old}
    wanted = {page.number: page_digest(page) for page in new}
    sources = {number: number for number, digest in wanted.items() if digests.get(number) == digest}
    free = [number for number in digests if number not in sources]
    for number, digest in wanted.items():
        found = next((source for source in free if digests[source] == digest), None)
        if number not in sources and found is not None:
            sources[number] = found
            free.remove(found)
    for number in [*free]:
        if number in wanted and number not in sources:
            sources[number] = number
            free.remove(number)
    return sources


def _showing(project: Project, versions: Mapping[int, int]) -> Project:
    for page, wanted in versions.items():
        known = [version.number for version in project.versions.get(page, ())]
        if wanted not in known:
            has = f"its versions are {', '.join(str(number) for number in known)}" if known else "it has none"
            raise RedBookError(Code.INVALID_INPUT, f"`showVersions`: page {page} has no version {wanted}; {has}")
    failures = {page: failure for page, failure in project.failures.items() if page not in versions}
    return replace(project, current=MappingProxyType({**project.current, **versions}), failures=MappingProxyType(failures))
