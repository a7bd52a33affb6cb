"""How the classifier does against labels that it was not tuned on: the counting, without the printing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.catalog.split import Labelled, corpus, divided
from yett.catalog.classify import classify_tools
from yett.catalog.model import RiskClass, ToolDefinition, Verdict

HERE: Final = Path(__file__).parent
MAIN: Final = "policylayer_intercept_labels"
HINTED: Final = (
    "azure_mcp_vendor_hints",
    "github_mcp_toolsnaps",
    "grafana_mcp_hints",
    "mcp_atlassian_hints",
    "livemcpbench_tools",
    "docker_registry_tools",
)
OWN: Final = ("held_out", "held_out_second", "held_out_third", "held_out_fourth", "held_out_fifth")
DANGEROUS: Final = (RiskClass.DESTRUCTIVE, RiskClass.FINANCIAL)
HINT_NAMES: Final = {"readOnly": "readOnlyHint", "destructive": "destructiveHint"}


@dataclass
class Figures:
    """Labels beside verdicts."""

    pairs: list[tuple[RiskClass, Verdict, str]] = field(default_factory=list)
    """The label, the verdict, and the tool's id."""

    @property
    def agreement(self) -> float:
        """The share of tools on whose class both agree."""
        return sum(label is verdict.risk for label, verdict, _ in self.pairs) / max(1, len(self.pairs))

    @property
    def confusion(self) -> Counter[tuple[RiskClass, RiskClass]]:
        """How often which label met which verdict."""
        return Counter((label, verdict.risk) for label, verdict, _ in self.pairs)

    def called_read(self, labels: Sequence[RiskClass] = DANGEROUS) -> list[str]:
        """The error that matters most: dangerous tools that were called Read."""
        return [id for label, verdict, id in self.pairs if label in labels and verdict.risk is RiskClass.READ]

    def missed(self, label: RiskClass) -> float:
        """The share of tools of this label that got another class."""
        of = [verdict for each, verdict, _ in self.pairs if each is label]
        return sum(verdict.risk is not label for verdict in of) / max(1, len(of))


def definition(row: Labelled, *, hints: bool = False) -> ToolDefinition:
    """A line of a corpus as a tool; the vendor's hints are withheld unless asked for."""
    told = row.row.get("hints") or {}
    annotations = {HINT_NAMES[name]: told[name] for name in HINT_NAMES if name in told} if hints else {}
    text = row.row.get("description") or ""
    return ToolDefinition(row.row["tool"], row.row.get("title") or "", text, row.row.get("inputSchema"), annotations, row.server)


def reviewed() -> dict[str, RiskClass]:
    """The labels that the review changed, by id."""
    lines = (HERE / "reviewed.jsonl").read_text(encoding="utf-8").splitlines()
    return {line["id"]: RiskClass(line["new"]) for line in map(json.loads, lines)}


def main_figures() -> dict[str, Figures]:
    """`test` and `train`, each by the reviewed labels and by the raw ones (`Other` is no class, and left out of these)."""
    rows = list(corpus(MAIN))
    verdicts = _verdicts(rows)
    new = reviewed()
    found = {f"{part} {labels}": Figures() for part in ("test", "train") for labels in ("reviewed", "raw")}
    for part, chosen in zip(("train", "test"), divided(rows), strict=True):
        for row in chosen:
            raw = row.row["label"]
            if raw != "Other":
                found[f"{part} raw"].pairs.append((RiskClass(raw), verdicts[row.id], row.id))
            label = new.get(row.id) or RiskClass(raw)
            found[f"{part} reviewed"].pairs.append((label, verdicts[row.id], row.id))
    return found


def _verdicts(rows: Iterable[Labelled], *, hints: bool = False) -> Mapping[str, Verdict]:
    rows = list(rows)
    verdicts = classify_tools([definition(row, hints=hints) for row in rows])
    return {row.id: verdict for row, verdict in zip(rows, verdicts, strict=True)}


@dataclass(frozen=True)
class Hinted:
    """A vendor's hints beside our verdicts, by section 2.3 of the notes on security."""

    file: str
    tools: int
    read_agreed: float
    """Of the vendor's read-only tools, the share called Read."""
    changing: int
    read_surely: tuple[str, ...]
    """Changing tools called Read without a flag that this is unsure."""
    destructive: int
    destructive_found: float
    """Of the vendor's destructive tools, the share not called Read."""


def hinted(file: str, *, hints: bool) -> Hinted:
    """One set with hints; `hints`: whether the classifier sees them."""
    rows = [row for row in corpus(file) if row.row.get("hints")]
    pairs = list(zip(rows, classify_tools([definition(row, hints=hints) for row in rows]), strict=True))
    told: list[tuple[dict[str, Any], Verdict]] = [(row.row["hints"], verdict) for row, verdict in pairs]
    reads = [verdict.risk is RiskClass.READ for hint, verdict in told if hint.get("readOnly") is True]
    changing = [verdict for hint, verdict in told if hint.get("readOnly") is False]
    destructive = [
        v.risk is not RiskClass.READ for h, v in told if h.get("destructive") is True and h.get("readOnly") is not True
    ]
    surely = tuple(verdict.name for verdict in changing if verdict.risk is RiskClass.READ and not verdict.unsure)
    return Hinted(file, len(rows), _share(reads), len(changing), surely, len(destructive), _share(destructive))


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found) if found else 1.0


def own_figures(name: str) -> Figures:
    """One of our own test sets."""
    rows = [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    tools = [ToolDefinition(row["name"], "", row["description"], row["inputSchema"], {}, row["server"]) for row in rows]
    ids = [f"{row['server']}/{row['name']}" for row in rows]
    labels = [RiskClass(row["class"]) for row in rows]
    return Figures(list(zip(labels, classify_tools(tools), ids, strict=True)))
