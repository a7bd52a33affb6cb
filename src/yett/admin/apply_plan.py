"""From documents and what there is to the steps in between. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final, Literal, TypeAlias, TypeVar

from yett.admin.apply_views import Document, GrantDocument, PolicyDocument, ServerDocument, Step
from yett.admin.errors import Conflict, Invalid, NotFound, PolicyRefused

DOCUMENTS_MAX: Final = 20_000
ORDER: Final = {"server": 0, "policy": 1, "grant": 2}
"""What others refer to comes first; it goes last."""
T = TypeVar("T")


Documents: TypeAlias = dict[tuple[str, str], Document]
"""By kind and name."""


def name_of(document: Document) -> str:
    """What a document is about, in its kind."""
    return f"{document.server}/{document.label}" if isinstance(document, GrantDocument) else document.name


def places_of(documents: Sequence[Document]) -> dict[tuple[str, str], int]:
    """Where each stands among those that were sent."""
    return {(document.kind, name_of(document)): index for index, document in enumerate(documents)}


@contextmanager
def naming(document: Document, place: int) -> Iterator[None]:
    """Have a refusal within the block tell which document it is about, and point into it."""
    try:
        yield
    except (Invalid, PolicyRefused, NotFound, Conflict) as fault:
        at = f"/documents/{place}{'/document' if isinstance(fault, PolicyRefused) else ''}"
        inside = fault.details or [{"pointer": "", "message": str(fault), "hint": None}]
        details = [{**one, "pointer": f"{at}{one.get('pointer') or ''}"} for one in inside]
        named = "" if isinstance(fault, PolicyRefused) else f"the {document.kind} `{name_of(document)}`: "
        raise type(fault)(f"{named}{fault}", details) from fault


def read_documents(documents: Sequence[Document]) -> Documents:
    """The documents by kind and name, in the order in which they are to be. Errors: `Invalid` for two about one thing."""
    if len(documents) > DOCUMENTS_MAX:
        raise Invalid(f"more than {DOCUMENTS_MAX:,} documents", pointer="/documents")
    found: Documents = {}
    for index, document in enumerate(documents):
        if isinstance(document, GrantDocument) and not document.label:
            raise Invalid("a grant in a document needs a label, which names it", pointer=f"/documents/{index}/label")
        key = (document.kind, name_of(document))
        if key in found:
            raise Invalid(f"two documents are about the {key[0]} `{key[1]}`", pointer=f"/documents/{index}")
        found[key] = document
    return dict(sorted(found.items(), key=lambda item: (ORDER[item[0][0]], item[0][1])))


def steps_between(
    wanted: Mapping[tuple[str, str], Document], present: Mapping[tuple[str, str], Document], *, prune: bool
) -> tuple[list[Step], int]:
    """What to do, in order, and how many documents say what is so already."""
    steps, unchanged = [], 0
    for key, document in wanted.items():
        before = present.get(key)
        if before is None:
            steps.append(_step("create", document, after=_said(document)))
        elif before != document:
            old, new = _said(before), _said(document)
            differs = [name for name in new if new[name] != old[name]]
            steps.append(_step("update", document, {name: old[name] for name in differs}, {name: new[name] for name in differs}))
        else:
            unchanged += 1
    left = [document for key, document in present.items() if key not in wanted]
    left.sort(key=lambda document: (-ORDER[document.kind], name_of(document)))
    steps += [_step("remove" if prune else "unmanaged", document, before=_said(document)) for document in left]
    return steps, unchanged


def plan_digest(steps: Iterable[Step]) -> str:
    """A short name for exactly these steps."""
    text = json.dumps([asdict(step) for step in steps if step.action != "unmanaged"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _said(document: Document) -> dict[str, Any]:
    """What a document says beyond its kind and name."""
    named = {"kind", "label", "server"} if isinstance(document, GrantDocument) else {"kind", "name"}
    said = {key: value for key, value in asdict(document).items() if key not in named}
    if isinstance(document, PolicyDocument):
        said["document"] = json.loads(document.document)
    return said


def _step(
    action: Literal["create", "update", "remove", "unmanaged"],
    document: ServerDocument | PolicyDocument | GrantDocument,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Step:
    return Step(action=action, kind=document.kind, name=name_of(document), before=before or {}, after=after or {})
