"""Policy as code, asked of a running control plane."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec

from yett.admin.apply_views import BY_KIND, ApplyResult, ApplyWanted, Document, Exported
from yett.admin.remote import Remote


class RemoteApply(Remote):
    """The part of `yett.admin.control.Control` for policy as code."""

    __slots__ = ()

    def apply(self, wanted: ApplyWanted) -> ApplyResult:
        return self.send("POST", "/apply", ApplyResult, asdict(wanted))

    def export(self) -> Exported:
        found = self.get("/export", dict[str, Any])
        documents = [_document(value) for value in found["documents"]]
        return Exported(documents=documents, left_out=found["left_out"])


def _document(value: dict[str, Any]) -> Document:
    """The one of several dataclasses that `kind` names, which msgspec cannot tell apart."""
    return msgspec.convert(value, BY_KIND[value["kind"]])
