"""Projects, pictures and answers as JSON for the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.generation.asking import Answer, Plan
from redbook_mcp.generation.choosing import page_state
from redbook_mcp.model import Note, Page, PageFailure, Project, Version
from redbook_mcp.platform_rules import check_note
from redbook_mcp.ports import Projects

Json = dict[str, Any]

PNG: Final = "image/png"


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool gives: one object, and the pages whose pictures go with it."""

    body: Json
    project: Project | None = None
    linked: tuple[int, ...] = ()
    """Pages to link as resources."""
    shown: tuple[int, ...] = ()
    """Pages to show here as pictures."""
    whole: bool = False
    """Show the files themselves, not previews."""
    is_error: bool = False


def page_json(page: Page) -> Json:
    """A page as the original writes it."""
    members = {
        "pageNumber": page.number,
        "type": page.type,
        "title": page.title,
        "subtitle": page.subtitle,
        "content": page.content,
        "imagePrompt": page.image_prompt,
    }
    return _present(members)


def outline_json(pages: Iterable[Page]) -> list[Json]:
    return [page_json(page) for page in pages]


def note_json(note: Note) -> Json:
    return _present({"title": note.title, "body": note.body, "tags": list(note.tags)})


def failures_json(failures: Mapping[int, PageFailure]) -> Json:
    return {
        str(number): {"code": failure.code, "message": failure.message, "retryable": failure.retryable}
        for number, failure in sorted(failures.items())
    }


def image_uri(project_id: str, number: int) -> str:
    return f"project://{project_id}/images/{number}"


def image_json(projects: Projects, project: Project, number: int, version: Version, *, painted: bool) -> Json:
    """One page's picture."""
    paths = [projects.path(project.id, file) for file in version.files]
    return _present(
        {
            "path": paths[0],
            "uri": image_uri(project.id, number),
            "parts": paths if len(paths) > 1 else None,
            "width": version.width,
            "height": version.height,
            "mimeType": PNG,
            "bytes": version.bytes,
            "sha256": version.sha256,
            "provider": version.provider,
            "model": version.model,
            "attempts": version.attempts,
            "ms": version.ms,
            "version": version.number,
            "versions": [one.number for one in project.versions.get(number, ())],
            "createdAt": version.created_at,
            "painted": painted,
            "stale": page_state(project, number) == "stale",
            "usedCover": version.used_cover,
            "feedback": version.feedback,
        }
    )


def images_json(projects: Projects, project: Project, numbers: Iterable[int], painted: tuple[int, ...] = ()) -> Json:
    """Page number → picture, of the pages that have one."""
    last = len(project.outline)
    shown = ((number, project.shown(number)) for number in sorted(numbers) if number <= last)
    return {
        str(number): image_json(projects, project, number, version, painted=number in painted)
        for number, version in shown
        if version is not None
    }


def checks_json(project: Project) -> list[Json]:
    """What the platform's rules say of the note and its pages."""
    shown = [version for page in project.outline if (version := project.shown(page.number))]
    images = sum(len(version.files) for version in shown) if shown else None
    return [
        _present({"level": found.level, "code": found.code, "message": found.message, "place": found.place})
        for found in check_note(project.note, project.outline, images=images)
    ]


def project_json(projects: Projects, project: Project) -> Json:
    """A whole project: the original's members, and more."""
    images = images_json(projects, project, range(1, len(project.outline) + 1))
    return _present(
        {
            "id": project.id,
            "theme": project.theme,
            "referenceImage": project.reference_image,
            "outline": outline_json(project.outline),
            "images": images,
            "paths": paths_of(images),
            "errors": failures_json(project.failures),
            "status": project.status,
            "createdAt": project.created_at,
            "updatedAt": project.updated_at,
            "style": {"theme": project.style.theme, "seed": project.style.seed} if project.style else None,
            "watermark": project.watermark,
            "language": project.language,
            "note": note_json(project.note) if project.note else None,
            "checks": checks_json(project),
            "exportUri": f"project://{project.id}/export" if images else None,
        }
    )


def summary_json(project: Project) -> Json:
    """A project in a list."""
    return {
        "id": project.id,
        "theme": project.theme,
        "pageCount": len(project.outline),
        "imageCount": sum(project.shown(page.number) is not None for page in project.outline),
        "status": project.status,
        "createdAt": project.created_at,
        "updatedAt": project.updated_at,
    }


def answer_json(projects: Projects, answer: Answer) -> Json:
    """What came of generate_images."""
    images = images_json(projects, answer.project, answer.pages, answer.painted)
    body: Json = {
        "status": answer.status,
        "projectId": answer.project.id,
        "images": images,
        "paths": paths_of(images),
        "errors": failures_json(answer.errors),
        "usage": dict(answer.usage),
        "warnings": list(answer.warnings),
    }
    if answer.status == "failed":
        body["error"] = _overall(answer)
    return body


def plan_json(plan: Plan) -> Json:
    """What generate_images would do."""
    planned = [{"pageNumber": page.number, "prompt": page.prompt, "references": page.references} for page in plan.pages]
    return {
        "status": "planned",
        "projectId": plan.project.id,
        "images": {},
        "errors": {},
        "warnings": list(plan.warnings),
        "plan": _present(
            {
                "provider": plan.provider,
                "model": plan.model,
                "style": plan.project.style.theme if plan.project.style else None,
                "pages": planned,
                "billedImages": plan.billed_images,
                "budgetLeft": plan.budget_left,
            }
        ),
    }


def error_json(error: RedBookError) -> Json:
    """A refusal, as the original writes it."""
    return {"error": {"code": str(error.code), "message": error.message}}


def paths_of(images: Json) -> Json:
    """Page number → file, as the original had it."""
    return {number: image["path"] for number, image in images.items()}


def _overall(answer: Answer) -> Json:
    """One error for a call of which nothing came: the cover's, or the first page's."""
    first = next(iter(answer.errors.values()), None)
    if first is None:
        return {"code": str(Code.GENERATION_FAILED), "message": "stopped before any page was painted"}
    return {"code": first.code, "message": f"no page was painted: {first.message}"}


def _present(members: Mapping[str, Any]) -> Json:
    return {name: value for name, value in members.items() if value is not None}
