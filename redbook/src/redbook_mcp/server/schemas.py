"""What the tools take and give, as JSON Schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from redbook_mcp.generation.asking import MODES
from redbook_mcp.model import PAGES_MAX

Schema = dict[str, Any]

STATUSES: Final = ("draft", "generating", "partial", "completed", "error")
PAGE_TYPES: Final = ("cover", "content", "summary")
PAGE_MEMBERS: Final = ("pageNumber", "type", "content", "title", "subtitle", "imagePrompt")
IMAGE_CHOICES: Final = ("none", "thumbnail", "full")


def _text(about: str = "", **more: object) -> Schema:
    return {"type": "string", **({"description": about} if about else {}), **more}


def _whole(about: str = "", **more: object) -> Schema:
    return {"type": "integer", **({"description": about} if about else {}), **more}


def _object(members: dict[str, Schema], required: Sequence[str] = (), **more: object) -> Schema:
    return {"type": "object", "properties": members, **({"required": list(required)} if required else {}), **more}


def _closed(members: dict[str, Schema], required: Sequence[str] = (), about: str = "") -> Schema:
    return _object(members, required, additionalProperties=False, **({"description": about} if about else {}))


def _list(items: Schema, about: str = "", **more: object) -> Schema:
    return {"type": "array", "items": items, **({"description": about} if about else {}), **more}


def _by_page(value: Schema, about: str = "") -> Schema:
    """An object whose members are page numbers."""
    return {"type": "object", "additionalProperties": value, **({"description": about} if about else {})}


_PROJECT_ID: Final = _text("The id that generate_outline returned.")
_REFERENCE: Final = _text(
    "A picture whose look the note follows: a file within the server's allowed folders, or a data URI (PNG, JPEG, WebP)."
)
_NOTE: Final = _closed(
    {
        "title": _text("At most 20, as the platform counts: 2 letters of ASCII make one."),
        "body": _text("At most 1000 characters."),
        "tags": _list(_text(), "At most 10 hashtags, without #."),
    },
    about="The text to be published beside the pictures. It is checked by the platform's rules.",
)
_PAGE: Final = {
    "pageNumber": _whole("Pages are numbered anew from 1, in the given order.", minimum=1),
    "type": _text(enum=list(PAGE_TYPES)),
    "content": _text("What is to be read on the page."),
    "title": _text(),
    "subtitle": _text(),
    "imagePrompt": _text("Extra wishes for an image model."),
}
_INCLUDE: Final = _text(
    "Whether to show pictures here as well: small previews, or the whole files.", enum=list(IMAGE_CHOICES), default="none"
)


def _style(themes: Sequence[str], about: str) -> dict[str, Schema]:
    return {
        "style": _text(about, enum=list(themes)),
        "seed": _whole("Another number draws other decorations.", minimum=0, maximum=2**31 - 1),
    }


def generate_outline_input(themes: Sequence[str]) -> Schema:
    """The input of generate_outline; `themes` are the styles there are."""
    members = {
        "theme": _text("What the note is about."),
        "outline": _text(
            "The pages you wrote: each between <page> and </page>, its first line [封面] (cover), [内容] (content) or [总结] "
            "(summary), then the text to be set. 6 to 12 pages are usual, 18 the most. The prompt xiaohongshu-outline guides you."
        ),
        "referenceImage": _REFERENCE,
        **_style(themes, "The look of the local cards. Left out, it is chosen by the topic."),
        "watermark": _text("The author's own handle, set small in a corner."),
        "language": _text("Language of the note, such as zh or en."),
        "note": _NOTE,
    }
    return _closed(members, ["theme", "outline"])


def update_outline_input(themes: Sequence[str]) -> Schema:
    """The input of update_outline."""
    members = {
        "projectId": _PROJECT_ID,
        "outline": _list(_closed(_PAGE, ["content"]), "All pages, in order.", minItems=1, maxItems=PAGES_MAX),
        "expectedUpdatedAt": _text("Refuse the change if the project's `updatedAt` is another one."),
        "referenceImage": _REFERENCE,
        "note": _NOTE,
        "showVersions": _by_page(_whole(minimum=1), 'Show an earlier picture again: {"2": 1} is version 1 of page 2.'),
        **_style(themes, "Another look, for what is painted from now on; generate_images with mode all paints every page in it."),
    }
    return _closed(members, ["projectId", "outline"])


def generate_images_input(providers: Sequence[str]) -> Schema:
    """The input of generate_images; `providers` are the painters that are set up."""
    members = {
        "projectId": _PROJECT_ID,
        "pages": _list(
            _whole(minimum=1, maximum=PAGES_MAX),
            "Only these pages, painted anew. Left out: whatever is missing, failed or has a changed text.",
            minItems=1,
        ),
        "mode": _text("Of those pages: the missing ones, the failed ones, or all of them again.", enum=list(MODES)),
        "feedback": _text(
            "What to change, in a sentence; for image models. It is kept with each page; an empty text forgets it."
        ),
        "useCoverReference": {
            "type": "boolean",
            "default": True,
            "description": "Whether the other pages follow the painted cover.",
        },
        "provider": _text("Who paints; left out, the server's default.", enum=list(providers)),
        "maxPages": _whole("Paint at most so many now.", minimum=1, maximum=PAGES_MAX),
        "dryRun": {
            "type": "boolean",
            "default": False,
            "description": "Only say what would be painted, with the prompts and what it counts.",
        },
        "includeImages": _text("Whether to show small previews here.", enum=["none", "thumbnail"], default="none"),
    }
    return _closed(members, ["projectId"])


GET_PROJECT_INPUT: Final = _closed(
    {
        "projectId": _PROJECT_ID,
        "includeImages": _INCLUDE,
        "pages": _list(_whole(minimum=1, maximum=PAGES_MAX), "Of which pages to show pictures.", minItems=1),
    },
    ["projectId"],
)
LIST_PROJECTS_INPUT: Final = _closed(
    {
        "limit": _whole("At most so many.", minimum=1, maximum=1000),
        "cursor": _text("`nextCursor` of the list before."),
        "status": _text("Only projects of this status.", enum=list(STATUSES)),
        "query": _text("Only projects with this text in their topic."),
    }
)

_FINDING: Final = _object(
    {"level": _text(enum=["error", "warning"]), "code": _text(), "message": _text(), "place": _text()},
    ["level", "code", "message"],
)
_WARNINGS: Final = _list(_text())
_IMAGE: Final = _object(
    {
        "path": _text("Absolute path of the PNG."),
        "uri": _text("The same as a resource of this server."),
        "parts": _list(_text(), "All files of the page when its text needed continuation cards."),
        "width": _whole(),
        "height": _whole(),
        "mimeType": _text(),
        "bytes": _whole(),
        "sha256": _text(),
        "provider": _text(),
        "model": _text(),
        "attempts": _whole(),
        "ms": _whole(),
        "version": _whole(),
        "versions": _list(_whole(), "All that there are; `showVersions` of update_outline brings one back."),
        "createdAt": _text(),
        "painted": {"type": "boolean", "description": "Whether this call painted it."},
        "stale": {"type": "boolean", "description": "Whether the page's text has changed since."},
        "usedCover": {"type": "boolean"},
        "feedback": _text(),
    },
    ["path", "uri", "width", "height", "mimeType", "bytes", "sha256", "provider", "model", "attempts", "ms"],
)
_FAILURE: Final = _object(
    {"code": _text(), "message": _text(), "retryable": {"type": "boolean"}}, ["code", "message", "retryable"]
)
_OUT_PAGE: Final = _object(_PAGE, ["pageNumber", "type", "content"])

GENERATE_OUTLINE_OUTPUT: Final = _object(
    {
        "projectId": _text(),
        "outline": _list(_OUT_PAGE),
        "createdAt": _text(),
        "updatedAt": _text(),
        "status": _text(enum=list(STATUSES)),
        "checks": _list(_FINDING),
    },
    ["projectId", "outline", "createdAt"],
)
UPDATE_OUTLINE_OUTPUT: Final = _object(
    {
        "success": {"type": "boolean"},
        "message": _text(),
        "projectId": _text(),
        "updatedAt": _text(),
        "outline": _list(_OUT_PAGE),
        "stale": _list(_whole(), "Pages whose picture shows an earlier text."),
        "checks": _list(_FINDING),
    },
    ["success", "message"],
)
GENERATE_IMAGES_OUTPUT: Final = _object(
    {
        "status": _text(enum=["completed", "partial", "failed", "planned"]),
        "projectId": _text(),
        "images": _by_page(_IMAGE),
        "paths": _by_page(_text(), "Page number to file."),
        "errors": _by_page(_FAILURE),
        "usage": _by_page(_whole(), "What the provider counts; `images` counts against the day's budget."),
        "warnings": _WARNINGS,
        "plan": _object(
            {
                "provider": _text(),
                "model": _text(),
                "style": _text(),
                "pages": _list(_object({"pageNumber": _whole(), "prompt": _text(), "references": _whole()})),
                "billedImages": _whole(),
                "budgetLeft": _whole(),
            }
        ),
        "error": _object({"code": _text(), "message": _text()}),
    },
    ["status", "images", "errors"],
)
GET_PROJECT_OUTPUT: Final = _object(
    {
        "id": _text(),
        "theme": _text(),
        "referenceImage": _text(),
        "outline": _list(_OUT_PAGE),
        "images": _by_page(_IMAGE),
        "paths": _by_page(_text(), "Page number to file."),
        "errors": _by_page(_FAILURE),
        "status": _text(enum=list(STATUSES)),
        "createdAt": _text(),
        "updatedAt": _text(),
        "style": _object({"theme": _text(), "seed": _whole()}),
        "watermark": _text(),
        "language": _text(),
        "note": _object({"title": _text(), "body": _text(), "tags": _list(_text())}),
        "checks": _list(_FINDING, "The platform's rules on the note and its pages."),
        "exportUri": _text("A zip of the pages in order with note.json, as a resource of this server."),
        "warnings": _WARNINGS,
    },
    ["id", "theme", "outline", "images", "status", "createdAt", "updatedAt"],
)
LIST_PROJECTS_OUTPUT: Final = _object(
    {
        "projects": _list(
            _object(
                {
                    "id": _text(),
                    "theme": _text(),
                    "pageCount": _whole(),
                    "imageCount": _whole(),
                    "status": _text(enum=list(STATUSES)),
                    "createdAt": _text(),
                    "updatedAt": _text(),
                },
                ["id", "theme", "pageCount", "status", "createdAt"],
            )
        ),
        "total": _whole("All that match, not only those listed here."),
        "nextCursor": _text(),
    },
    ["projects", "total"],
)
