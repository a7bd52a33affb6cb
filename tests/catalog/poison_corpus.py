"""Labelled texts, poisoned and not, and which of them the detector was tuned on.

The split was fixed before any tuning: half by a hash of each row's own id. Rows of one generator share templates, and may stand
on both sides; what that flatters is seen by kind. Of the part that was held out, figures were looked at five times, rows never.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from yett.catalog.poison import NOTHING, Around
from yett.policy.json_value import JsonObject

CORPORA: Final = Path(__file__).parents[3] / "shared" / "corpora"
POISONING: Final = CORPORA / "mcp-poisoning"


@dataclass(frozen=True)
class Row:
    """One labelled tool."""

    source: str
    id: str
    kind: str
    """What is wrong with it, or why it might be thought so."""
    poisoned: bool
    tool: JsonObject
    around: Around = NOTHING

    @property
    def held_out(self) -> bool:
        """Whether it was kept unseen."""
        return sha256(f"{self.source}/{self.id}".encode()).digest()[0] % 2 == 0


def rows() -> Iterator[Row]:
    """All of them."""
    yield from _detect()
    yield from _security()
    yield from _injections()


def _detect() -> Iterator[Row]:
    name = "mcpproxy_detect_corpus_v1.json"
    for entry in _entries(name):
        others = {peer["tool"]["name"]: peer["tool"]["description"] for peer in entry.get("peers", ())}
        yield Row("detect", entry["id"], entry["category"], _poisoned(entry["label"]), entry["tool"], Around(others=others))


def _security() -> Iterator[Row]:
    for entry in _entries("mcpproxy_security_corpus_v1.json"):
        tool: JsonObject = {"name": "tool", "description": entry["description"]}
        yield Row("security", entry["id"], entry["category"], _poisoned(entry["label"]), tool)


def _injections() -> Iterator[Row]:
    for line in (POISONING / "agt_injection_smoke.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        benign = entry["attack_class"] == "benign"
        kind = entry["benign_subclass"] if benign else f"{entry['attack_class']} ({entry['bypass_class']})"
        yield Row("injections", entry["id"], kind, not benign, {"name": "tool", "description": entry["text"]})


def _entries(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((POISONING / name).read_text(encoding="utf-8"))["entries"]
    return found


def _poisoned(label: str) -> bool:
    return label not in {"benign", "safe", "clean"}
