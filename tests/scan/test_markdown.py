"""The report as Markdown: the worst first, bounded, and nothing of a file is markup."""

from __future__ import annotations

import re
from pathlib import Path

from tests.scan.test_judging import scanned
from yett.scan.markdown import CHARS_MAX, scan_markdown


def test_the_worst_comes_first_with_what_to_do() -> None:
    clean, bad = scanned("get_note", name="clean"), scanned("get_note", name="bad", package="motes-mcp")
    text = scan_markdown([clean, bad], [(Path("a.json"), "it is no JSON (line 3)")])
    assert text.startswith("### MCP servers: 2\n\n**Not read:** `a.json`: it is no JSON (line 3)\n\n| advice |")
    assert text.index("`bad`") < text.index("`clean`")
    assert "| **ask-first** | Critical | A | `bad` | MCP client | `npx motes-mcp@1.0.0` | `mcp.json` |" in text
    assert "- Critical: possible impostor: its package resembles `notes-mcp` of Notes ([possible-impostor](https://" in text
    assert text.count("`clean`") == 1
    assert scan_markdown([], []) == "### MCP servers: 0\n\nNo MCP server is configured here.\n"


def test_what_does_not_fit_is_counted() -> None:
    found = [scanned("delete_note", name=f"server-{number}-{'x' * 150}") for number in range(400)]
    text = scan_markdown(found, [])
    assert len(text) < CHARS_MAX + 100
    assert text.count("\n\nAnd ") == 2


def test_names_stay_text() -> None:
    name = "<img src=x onerror=1> @everyone [a](https://b.example) `|\n## x"
    text = scan_markdown([scanned("get_note", name=name, hostile=True), scanned("delete_<i>", "remove_`<b>`", name="y")], [])
    assert "\n## x" not in text
    assert "`` <img src=x onerror=1> @everyone [a](https://b.example) `\\| ## x ``" in text
    outside = re.sub(r"(`+).*?(?<!`)\1(?!`)", "", text)
    assert not re.search(r"<|@|everyone", outside)
    text = scan_markdown([scanned("get_note", name="y")], [(Path("a"), "`it` WWW.evil.example `is` x\r\r1. y")])
    assert not re.search(r"WWW|\r", re.sub(r"(`+).*?(?<!`)\1(?!`)", "", text))
