"""What classes the tools of `yett run` have: judged in this process, as there is no control plane that would have judged them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from yett.gateway.classes import fingerprint_of_text
from yett.gateway.snapshot import PolicyEntry, ToolClass
from yett.gateway.tools import TOOLS_MAX
from yett.protocol.lists import ToolDefinition


class LocalClasses:
    """Implements `yett.gateway.tools.Classify` for one server. A list is judged once, when it comes, and only if it matters."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._raw: dict[str, bytes] = {}
        self._classes: dict[str, ToolClass] = {}
        self._wanted = False

    def policy(self, entry: PolicyEntry) -> bool:
        """Say by which policy calls are judged; whether classes are wanted from now on that were not judged before.

        A policy that has to do with classes has the word in its canonical text, and so has one that asks people, who see them;
        one that has it elsewhere costs some time.
        """
        wanted, before = "risk" in entry.document or "require_approval" in entry.document, self._wanted
        self._wanted = wanted
        return wanted and not before

    def __call__(self, listed: Sequence[ToolDefinition]) -> Mapping[str, ToolClass]:
        """The classes of all tools that were listed so far: of a page, beside the pages before it."""
        if not self._wanted:
            return {}
        last = {tool.name: tool.raw for tool in listed}
        new = {name: raw for name, raw in last.items() if self._raw.get(name) != raw}
        if len(self._raw) + len(new) > TOOLS_MAX:
            self._raw, self._classes, new = {}, {}, last
        if new:
            self._raw.update(new)
            self._classes = {**self._classes, **self._judged(new)}
        return self._classes

    def _judged(self, new: Mapping[str, bytes]) -> dict[str, ToolClass]:
        from yett.catalog.classify import classify  # noqa: PLC0415 - its tables are not needed where no policy asks
        from yett.catalog.definition import DefinitionError, tool_definition  # noqa: PLC0415 - as above
        from yett.catalog.neighbours import Neighbours  # noqa: PLC0415 - as above

        definitions = {}
        for name, raw in self._raw.items():
            try:
                definitions[name] = tool_definition(msgspec.json.decode(raw), self._server)
            except (msgspec.DecodeError, DefinitionError):
                continue
        neighbours = Neighbours.of(list(definitions.values()))
        found = {}
        for name, raw in new.items():
            print = fingerprint_of_text(raw)
            if name in definitions and print is not None:
                found[name] = ToolClass(classify(definitions[name], neighbours).risk.value, print)
        return found
