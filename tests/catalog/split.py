"""Which labelled tools the classifier was tuned on, and which were kept unseen.

Fixed before any tuning. A server is in one part only, by a hash of its family; a tool of the training part whose name also occurs
in the test part is left out of both. So no test tool shares its server or its name with a training tool.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

CORPORA: Final = Path(__file__).parents[3] / "shared" / "corpora" / "tool-risk"
TEST_SHARE: Final = 45
"""Percent of the server families."""
_FAMILIES: Final = (
    "github", "gitlab", "azure", "grafana", "jira", "confluence", "notion", "slack", "postgres", "mysql", "mongodb", "sqlite",
    "redis", "stripe", "paypal", "playwright", "puppeteer", "filesystem", "brave", "gmail", "google", "linear", "asana",
    "sentry", "cloudflare", "kubernetes", "docker", "supabase", "neon", "airtable", "figma", "firecrawl", "exa", "tavily",
    "elasticsearch", "mapbox", "whatsapp", "obsidian", "todoist", "time", "memory", "fetch", "git", "aws", "datadog",
    "twilio", "shopify", "hubspot", "perplexity",
)  # fmt: skip
"""Products that several sources list under different names."""


@dataclass(frozen=True)
class Labelled:
    """One line of a corpus."""

    source: str
    server: str
    row: dict[str, Any]

    @property
    def id(self) -> str:
        """Stable: corpus, server and tool."""
        return f"{self.source}/{self.server}/{self.row['tool']}"

    @property
    def name(self) -> str:
        """The name as the split compares it: without case, separators and the server's prefix."""
        words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", self.row["tool"]).lower()
        parts = [part for part in re.split(r"[^a-z0-9]+", words) if part and part not in set(_words(self.server))]
        return " ".join(parts) or words


def _words(text: str) -> list[str]:
    return [part for part in re.split(r"[^a-z0-9]+", text.lower()) if part]


def family(server: str) -> str:
    """What the split hashes: the product where it is known, else the server's name."""
    words = _words(server)
    return next((product for product in _FAMILIES if product in words), " ".join(words))


def in_test(server: str) -> bool:
    """Whether a server is one of those that nobody looked at while tuning."""
    return int(sha256(family(server).encode()).hexdigest(), 16) % 100 < TEST_SHARE


def corpus(file: str) -> Iterator[Labelled]:
    """The lines of one file of the corpora."""
    for line in (CORPORA / f"{file}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Labelled(file, row.get("server") or file, row)


def divided(rows: Iterable[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """Training and test part."""
    rows = list(rows)
    test = [row for row in rows if in_test(row.server)]
    names = {row.name for row in test}
    return [row for row in rows if not in_test(row.server) and row.name not in names], test
