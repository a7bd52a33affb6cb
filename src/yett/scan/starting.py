"""A policy to begin with, for each server whose tools are known."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

from yett.catalog.suggest import Classified, TooManyToolsError, suggest_server
from yett.policy.canonical import canonical_document, json_ready
from yett.policy.layout import laid_out
from yett.policy.parse import parse_policy
from yett.scan.model import Scanned

_UNFIT: Final = re.compile(r"[^a-z0-9-]+")


def starting_policy(scanned: Scanned) -> str | None:
    """The recommended policy, canonical JSON text; None where the tools are not known, or are too many."""
    if not scanned.tools.listed:
        return None
    classified = [Classified.of(tool, shown) for tool, shown in zip(scanned.tools.listed, scanned.judged, strict=True)]
    try:
        suggestion = suggest_server(classified)
    except TooManyToolsError:
        return None
    return laid_out(json_ready(canonical_document(parse_policy(suggestion.policy))))


def file_name(name: str) -> str:
    """A file for a server of this name, whatever the name is."""
    fit = _UNFIT.sub("-", name.lower()).strip("-")[:60]
    if fit and fit == name:
        return f"{fit}.json"
    digest = blake2b(name.encode("utf-8", "backslashreplace"), digest_size=3).hexdigest()
    return f"{fit or 'server'}-{digest}.json"
