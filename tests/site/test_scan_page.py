"""The report of a scan as one page."""

from __future__ import annotations

from pathlib import Path

from tests.scan.test_judging import scanned
from yett.scan.reporting import report
from yett.site.scan_page import scan_html


def test_one_page_holds_everything_and_needs_nothing_else() -> None:
    found = [scanned("get_note", "delete_note"), scanned("get_note", name="<script>alert(1)</script>\x1b", hostile=True)]
    page = scan_html(report(found, [(Path("a<b.json"), "it is no JSON (line 3)")]), at="2026-01-02 03:04 UTC")
    for expected in ("2 MCP servers", "connect-with-rule", "ask-first", "delete_note", "Destructive", "line 3", "a&lt;b.json"):
        assert expected in page
    assert "<script" not in page
    for outside in ("src=", "<link", "http://", "@import", "url("):
        assert outside not in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert 'http-equiv="refresh"' not in page


def test_a_page_that_is_watched_is_read_again_and_tells_the_news() -> None:
    page = scan_html(report([], []), at="x", refresh_s=5, news=["new: `a`"])
    assert '<meta http-equiv="refresh" content="5">' in page
    assert "new: <code>a</code>" in page
    assert "0 MCP servers" in page
