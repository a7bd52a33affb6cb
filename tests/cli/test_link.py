"""`yett link`."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.cli.terminal import Terminal


def test_the_link_of_the_first_admin_is_printed_alone(terminal: Terminal) -> None:
    done = terminal.ok("link")
    assert urlsplit(done.out.strip()).path.startswith("/first/")
    assert "works once" in done.err
    assert "there is no member" in terminal.run("link", "ada@example.com").err
