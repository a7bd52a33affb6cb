"""`yett scan --watch`: what changes is told, in lines or on a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from tests.cli.test_scan import configure


def ticking(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], object], every: float = 2.0) -> None:
    """Each step happens before a look; then somebody presses Ctrl-C."""

    def ticks() -> Iterator[float]:
        for number, step in enumerate(steps):
            step()
            yield number * every
        raise KeyboardInterrupt

    monkeypatch.setattr("yett.cli.scan_watch._ticks", ticks)


def nothing() -> None:
    pass


WATCH = ("scan", "repository", "--repository-only", "--watch")


def test_what_changes_is_told_and_nothing_else(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(terminal, one={"command": "one"})
    broken = terminal.directory / "repository" / ".vscode" / "mcp.json"
    broken.parent.mkdir()
    ticking(
        monkeypatch,
        nothing,
        lambda: configure(terminal, one={"command": "one"}, two={"command": "npx", "args": ["two-mcp@1.0.0"]}),
        nothing,
        lambda: configure(terminal, one={"command": "another"}, two={"command": "npx", "args": ["two-mcp@1.0.0"]}),
        lambda: broken.write_text("{"),
        lambda: configure(terminal),
    )
    done = terminal.run(*WATCH)
    assert done.status == 130
    report, _, told = done.out.partition("→ ask whoever configured it before an agent uses it\n")
    assert "one" in report
    lines = told.splitlines()
    assert len(lines) == 5, lines
    assert lines[0].startswith("new: `two` in repository/.mcp.json: ask-first")
    assert "since last seen it is another one: it was `one`" in lines[1]
    assert lines[2] == "cannot be read any more: repository/.vscode/mcp.json"
    assert lines[3:] == ["gone: `one` in repository/.mcp.json", "gone: `two` in repository/.mcp.json"]


def test_servers_are_asked_again_now_and_then(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    path = terminal.directory / "tools.jsonl"
    path.write_text('{"name": "get_note"}\n')
    configure(terminal, notes={"command": "npx", "args": ["notes-mcp@1.0.0"]})
    ticking(monkeypatch, nothing, lambda: path.write_text('{"name": "delete_note"}\n'), nothing, nothing, every=6.0)
    done = terminal.run(*WATCH, "--tools", path, "--every", "10", "--json")
    told = [json.loads(line) for line in done.out.splitlines() if line.startswith('{"changed"')]
    assert [line["changed"].partition(":")[0] for line in told] == ["judged anew"]
    assert "delete_note" in json.dumps(told)


def test_a_page_is_written_anew_with_what_changed(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(terminal, one={"command": "one"})
    pages: list[str] = []
    page = Path("watch.html")
    ticking(
        monkeypatch,
        lambda: pages.append(page.read_text()),
        lambda: configure(terminal, one={"command": "one"}, two={"command": "two"}),
        lambda: pages.append(page.read_text()),
    )
    done = terminal.run(*WATCH, "--output", page)
    assert "written: watch.html" in done.err
    assert all('http-equiv="refresh"' in text for text in pages)
    assert ("1 MCP server<" in pages[0], "What changed" in pages[0]) == (True, False)
    assert ("2 MCP servers" in pages[1], "new: <code>two</code>" in pages[1]) == (True, True)


def test_a_page_needs_a_file(terminal: Terminal) -> None:
    configure(terminal)
    done = terminal.run(*WATCH, "--format", "html")
    assert (done.status, "--output FILE" in done.err) == (2, True)
