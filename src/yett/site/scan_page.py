"""The report of a scan as one page that needs no other file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from yett.site.render import STYLE, page_of


def scan_html(report: Mapping[str, Any], *, at: str, refresh_s: int | None = None, news: Sequence[str] = ()) -> str:
    """The page of a report as `yett scan --json` prints it. `at`: when it was made. With `refresh_s` a browser reads it again."""
    servers = report["servers"]
    counts = Counter(server["advice"] for server in servers)
    return page_of(
        "scan",
        servers=servers,
        not_read=report["not_read"],
        counts=[(advice, counts[advice]) for advice in ("ask-first", "connect-with-rule", "proceed") if counts[advice]],
        style=Markup(STYLE.read_text("utf-8")),  # noqa: S704 - our own file
        at=at,
        refresh_s=refresh_s,
        news=news,
    )
